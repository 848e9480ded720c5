// SPDX-License-Identifier: Apache-2.0
/*
 * attack_random_test.c - spoilt requests by the ten thousands, memory that
 * changes while it is read, rings full of garbage: the file server goes on, and
 * nothing outside of what it serves is read or written.
 */
#include <sched.h>
#include <stdio.h>

#include "vfs/attack_client.h"

#define MUTATIONS 40000
#define RECONNECT 2500 /* requests of one connection */
#define FLIPPED	  4000
#define GARBAGE	  150
#define SHORT_MS  100

static void overwrite(struct buf *b, size_t at, const void *p, size_t len)
{
	if (at + len <= b->len)
		memcpy(b->data + at, p, len);
}

static uint64_t any_node(struct attack *a)
{
	switch (attack_random(a, 4)) {
	case 0:
		return a->pool[attack_random(a, ATTACK_POOL)];
	case 1:
		return a->known[attack_random(a, ATTACK_SYMBOLS)];
	case 2:
		return attack_random(a, 400);
	default:
		return attack_numbers[attack_random(a, attack_number_count)];
	}
}

static void mutate_once(struct attack *a, struct buf *b)
{
	const uint32_t len = (uint32_t)b->len;
	const uint64_t number =
		attack_numbers[attack_random(a, attack_number_count)];
	const uint64_t node = any_node(a);
	const uint32_t opcode = attack_random(a, 60);
	const size_t name = attack_random(a, attack_name_count);
	const char byte = (char)attack_random(a, 256);

	switch (attack_random(a, 9)) {
	case 0:
		overwrite(b, attack_random(a, len), &byte, 1);
		break;
	case 1:
		overwrite(b, attack_random(a, len) & ~3U, &number, 4);
		break;
	case 2:
		overwrite(b, attack_random(a, len) & ~7U, &number, 8);
		break;
	case 3:
		if (len > HEADER)
			b->len = HEADER +
				 attack_random(a, len - (uint32_t)HEADER);
		break;
	case 4:
		for (uint32_t n = attack_random(a, 40); n; n--)
			discard(buf_addc(b, (char)attack_random(a, 256),
					 ERR_IGNORE));
		break;
	case 5:
		overwrite(b, offsetof(struct fuse_in_header, nodeid), &node, 8);
		break;
	case 6:
		overwrite(b, HEADER, &node, 8);
		break;
	case 7:
		overwrite(b, offsetof(struct fuse_in_header, opcode), &opcode,
			  4);
		break;
	default:
		discard(buf_add(b, attack_names[name].name,
				attack_names[name].len, ERR_IGNORE));
	}
}

static void note_node(struct attack *a)
{
	uint64_t node;

	if (a->header.error || a->len < ANSWER + sizeof(struct fuse_entry_out))
		return;
	/* Of an answer that is none of these, a number like any other. */
	memcpy(&node, a->body, sizeof(node));
	a->pool[a->pool_at++ % ATTACK_POOL] = node;
}

/* Builds a valid request and spoils it, a bit or a lot, or not at all. */
static void build_mutation(struct attack *a, struct buf *bytes)
{
	uint32_t i = attack_random(a, attack_request_count);
	uint32_t len;

	/* One in many ends the session. */
	if (attack_is_about_session(attack_requests[i].m.opcode) &&
	    attack_random(a, 20))
		i = 0;
	attack_build(a, &attack_requests[i].m, bytes);
	for (uint32_t n = attack_random(a, 4); n; n--)
		mutate_once(a, bytes);
	len = (uint32_t)bytes->len;
	if (attack_random(a, 10))
		memcpy(bytes->data, &len, sizeof(len));
}

static void attack_at_random(struct attack *a, unsigned int requests)
{
	auto_buf struct buf bytes = BUF_INIT(ATTACK_IN_SIZE);

	for (unsigned int n = 1; n <= requests; n++) {
		size_t room = attack_random(a, 10)
				      ? ATTACK_ROOM
				      : attack_random(a, ATTACK_ROOM);

		build_mutation(a, &bytes);
		CHECK(attack_say(a, bytes.data, bytes.len, room),
		      "request %u: no answer", n);
		attack_check_answer(a, "mutation", room);
		note_node(a);
		if (a->header.error == -EIO)
			attack_learn(a);
		if (n % RECONNECT)
			continue;
		attack_disconnect(a);
		attack_connect(a);
		attack_learn(a);
	}
}

static void test_spoilt_requests(void **state unused)
{
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	attack_at_random(&a, MUTATIONS);
	attack_release(&a);
}

static void test_spoilt_requests_to_a_direct_share(void **state unused)
{
	struct attack a;

	attack_init(&a, ATTACK_DIRECT);
	attack_at_random(&a, MUTATIONS);
	attack_release(&a);
}

/* --- memory that changes --- */

struct flipper {
	struct attack *attack;
	pthread_t thread;
	size_t from, size; /* where in the front's memory */
	bool stop;
};

/* For a moment each: most of the memory is what it should be. */
static void *flip(void *data)
{
	struct flipper *f = data;
	volatile unsigned char *memory = f->attack->front.memory;
	uint32_t x = 12345;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		const uint32_t at = x >> 3, bit = x & 7;

		x = x * 1664525 + 1013904223;
		memory[f->from + at % f->size] ^= (unsigned char)(1U << bit);
		sched_yield();
		memory[f->from + at % f->size] ^= (unsigned char)(1U << bit);
	}
	return NULL;
}

static void flip_start(struct flipper *f, struct attack *a, size_t from,
		       size_t size)
{
	*f = (struct flipper){ .attack = a, .from = from, .size = size };
	CHECK(!pthread_create(&f->thread, NULL, flip, f), "thread");
}

static void flip_stop(struct flipper *f)
{
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	CHECK(!pthread_join(f->thread, NULL), "join");
}

/* Another connection, and with it new rings, when one was broken. */
static void say_or_reconnect(struct attack *a, const struct buf *bytes,
			     size_t room)
{
	if (attack_say(a, bytes->data, bytes->len, room))
		return;
	attack_disconnect(a);
	attack_connect(a);
}

static void test_requests_that_change_while_they_are_read(void **state unused)
{
	auto_buf struct buf bytes = BUF_INIT(ATTACK_IN_SIZE);
	const size_t few = 160; /* so that each changes often */
	struct flipper f;
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	flip_start(&f, &a, ATTACK_IN, few);
	for (int n = 0; n < FLIPPED; n++) {
		build_mutation(&a, &bytes);
		CHECK(attack_say(&a, bytes.data, bytes.len, ATTACK_ROOM),
		      "request %d: no answer", n);
		attack_check_answer(&a, "flipped", ATTACK_ROOM);
		note_node(&a);
		if (a.header.error != -EIO)
			continue;
		/* The session has ended. */
		flip_stop(&f);
		attack_learn(&a);
		flip_start(&f, &a, ATTACK_IN, few);
	}
	flip_stop(&f);
	attack_release(&a);
}

static void test_rings_that_change_while_they_are_read(void **state unused)
{
	auto_buf struct buf bytes = BUF_INIT(ATTACK_IN_SIZE);
	struct flipper f;
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	a.wait_ms = SHORT_MS;
	for (int round = 0; round < 20; round++) {
		/* Of queue 1: descriptors, then what is available. */
		flip_start(&f, &a, FRONT_RINGS + (round % 2 ? FRONT_AVAIL : 0),
			   round % 2 ? 36 : 96);
		for (int n = 0; n < 20; n++) {
			build_mutation(&a, &bytes);
			if (!attack_say(&a, bytes.data, bytes.len, ATTACK_ROOM))
				break;
		}
		flip_stop(&f);
		attack_disconnect(&a);
		attack_connect(&a);
	}
	a.wait_ms = FRONT_WAIT_MS;
	attack_release(&a);
}

static void test_rings_full_of_garbage(void **state unused)
{
	auto_buf struct buf bytes = BUF_INIT(ATTACK_IN_SIZE);
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	a.wait_ms = SHORT_MS;
	build_mutation(&a, &bytes);
	for (int round = 0; round < GARBAGE; round++) {
		struct front_queue *q = &a.front.queues[1];

		for (size_t i = 0; i < FRONT_QUEUE_SIZE; i++)
			q->desc[i] = (struct vring_desc){
				.addr = FRONT_GUEST +
					attack_random(&a, 3 * FRONT_REGION),
				.len = attack_random(&a, 0x20000),
				.flags = (uint16_t)attack_random(&a, 8),
				.next = (uint16_t)attack_random(
					&a, FRONT_QUEUE_SIZE + 2),
			};
		front_push(q, (uint16_t)attack_random(&a, 20),
			   /* kick */ true);
		/* It is answered, or the queue is broken and says so. */
		if (front_event(q->call, 2))
			q->next_used = q->used->idx;
		if (!front_event(q->err, 2))
			continue;
		attack_disconnect(&a);
		attack_connect(&a);
	}
	a.wait_ms = FRONT_WAIT_MS;
	say_or_reconnect(&a, &bytes, ATTACK_ROOM);
	attack_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spoilt_requests),
		cmocka_unit_test(test_spoilt_requests_to_a_direct_share),
		cmocka_unit_test(test_requests_that_change_while_they_are_read),
		cmocka_unit_test(test_rings_that_change_while_they_are_read),
		cmocka_unit_test(test_rings_full_of_garbage),
	};

	return RUN_TESTS(tests);
}
