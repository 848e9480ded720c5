// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_table.c - hash tables with linear probing, and SipHash.
 */
#include "domain/workspace/overlay_table.h"

#include <stdlib.h>

#include "base/mem.h"

#define CAPACITY_MIN ((size_t)4)

/* The state of SipHash, named as in its paper. */
struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32) + s->v3;
	s->v2 += s->v1;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static uint64_t load_le(const uint8_t *p, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

uint64_t overlay_hash(const uint64_t key[2], struct span bytes)
{
	struct sip s = {
		.v0 = key[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = key[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = key[1] ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *p = bytes.p;
	size_t whole = bytes.len / 8 * 8;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(&s, load_le(p + i, 8));
	sip_word(&s, load_le(whole == bytes.len ? NULL : p + whole,
			     bytes.len - whole) |
			     (uint64_t)bytes.len << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void overlay_table_release(struct overlay_table *t)
{
	free(t->slots);
	*t = (struct overlay_table){ .slots = NULL };
}

void *overlay_table_find(const struct overlay_table *t, uint64_t hash,
			 overlay_match_fn *match, const void *key)
{
	size_t mask = t->capacity - 1;

	if (!t->n)
		return NULL;
	for (size_t i = hash & mask; t->slots[i].item; i = (i + 1) & mask) {
		if (t->slots[i].hash == hash && match(t->slots[i].item, key))
			return t->slots[i].item;
	}
	return NULL;
}

static void put(struct overlay_table *t, struct overlay_table_slot slot)
{
	size_t mask = t->capacity - 1, i = slot.hash & mask;

	while (t->slots[i].item)
		i = (i + 1) & mask;
	t->slots[i] = slot;
}

static void resize(struct overlay_table *t, size_t capacity)
{
	struct overlay_table old = *t;

	t->slots = xcalloc(capacity, sizeof(*t->slots));
	t->capacity = capacity;
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.slots[i].item)
			put(t, old.slots[i]);
	}
	overlay_table_release(&old);
}

void overlay_table_add(struct overlay_table *t, uint64_t hash, void *item)
{
	if (!t->capacity)
		resize(t, CAPACITY_MIN);
	else if (t->n >= t->capacity / 4 * 3)
		resize(t, t->capacity * 2);
	put(t, (struct overlay_table_slot){ .hash = hash, .item = item });
	t->n++;
}

/* Closes the gap at @hole with the items behind it that may move there. */
static void close_gap(struct overlay_table *t, size_t hole)
{
	size_t mask = t->capacity - 1;

	for (size_t i = (hole + 1) & mask; t->slots[i].item;
	     i = (i + 1) & mask) {
		size_t home = t->slots[i].hash & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole] = (struct overlay_table_slot){ .item = NULL };
}

void overlay_table_remove(struct overlay_table *t, uint64_t hash,
			  const void *item)
{
	size_t mask = t->capacity - 1, i = hash & mask;

	assert(t->n);
	while (t->slots[i].item != item) {
		assert(t->slots[i].item);
		i = (i + 1) & mask;
	}
	close_gap(t, i);
	t->n--;
	if (!t->n)
		overlay_table_release(t);
	else if (t->capacity > CAPACITY_MIN && t->n < t->capacity / 8)
		resize(t, t->capacity / 2);
}

void *overlay_table_next(const struct overlay_table *t, size_t *at)
{
	while (*at < t->capacity) {
		void *item = t->slots[(*at)++].item;

		if (item)
			return item;
	}
	return NULL;
}
