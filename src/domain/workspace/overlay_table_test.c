// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/overlay_table.h"

#include "support/check.h"

#include <string.h>

static const struct hash_case {
	size_t len; /* bytes 0, 1, 2, ... */
	uint64_t want;
} hash_cases[] = {
	/* The first ones and the last of those of the reference. */
	{ 0, UINT64_C(0x726fdb47dd0e0e31) },
	{ 1, UINT64_C(0x74f839c593dc67fd) },
	{ 8, UINT64_C(0x93f5f5799a932462) },
	{ 15, UINT64_C(0xa129ca6149be45e5) },
};

static void test_hash_is_siphash(void **state unused)
{
	const uint64_t key[2] = { UINT64_C(0x0706050403020100),
				  UINT64_C(0x0f0e0d0c0b0a0908) };
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_SIZE(hash_cases); i++) {
		const struct hash_case *c = &hash_cases[i];
		uint64_t got = overlay_hash(
			key, (struct span){ .p = bytes, .len = c->len });

		CHECK(got == c->want, "%zu bytes: %016llx", c->len,
		      (unsigned long long)got);
	}
}

static bool match_number(const void *item, const void *key)
{
	const int *a = item, *b = key;

	return *a == *b;
}

/* Collisions on purpose: only a few homes. */
static uint64_t bad_hash(int number)
{
	return (uint64_t)(number % 7) * 3;
}

static void test_random_numbers_come_and_go(void **state unused)
{
	static int numbers[300];
	struct overlay_table t = { .slots = NULL };
	bool there[ARRAY_SIZE(numbers)] = { false };
	uint32_t seed = 1;
	size_t n = 0;

	for (int i = 0; i < (int)ARRAY_SIZE(numbers); i++)
		numbers[i] = i;
	for (int step = 0; step < 20000; step++) {
		int *p;

		seed = seed * 1664525 + 1013904223;
		p = &numbers[(seed >> 8) % ARRAY_SIZE(numbers)];
		if (there[*p])
			overlay_table_remove(&t, bad_hash(*p), p);
		else
			overlay_table_add(&t, bad_hash(*p), p);
		there[*p] = !there[*p];
		n = there[*p] ? n + 1 : n - 1;
		assert_int_equal(t.n, n);
		if (step % 100)
			continue;
		for (int i = 0; i < (int)ARRAY_SIZE(numbers); i++) {
			const void *got = overlay_table_find(&t, bad_hash(i),
							     match_number, &i);

			CHECK(got == (there[i] ? &numbers[i] : NULL),
			      "step %d: number %d", step, i);
		}
	}
	overlay_table_release(&t);
}

static void test_each_item_comes_once(void **state unused)
{
	static int numbers[50];
	struct overlay_table t = { .slots = NULL };
	size_t at = 0, n = 0;
	const int *p;

	for (int i = 0; i < (int)ARRAY_SIZE(numbers); i++)
		overlay_table_add(&t, bad_hash(i), &numbers[i]);
	while ((p = overlay_table_next(&t, &at)))
		n += (size_t)++numbers[p - numbers];
	assert_int_equal(n, ARRAY_SIZE(numbers));
	overlay_table_release(&t);
}

static void test_removing_gives_memory_back(void **state unused)
{
	static int numbers[1000];
	struct overlay_table t = { .slots = NULL };

	for (int i = 0; i < (int)ARRAY_SIZE(numbers); i++)
		overlay_table_add(&t, (uint64_t)i, &numbers[i]);
	for (int i = 0; i < (int)ARRAY_SIZE(numbers) - 1; i++)
		overlay_table_remove(&t, (uint64_t)i, &numbers[i]);
	assert_true(t.capacity <= 8);
	overlay_table_remove(&t, ARRAY_SIZE(numbers) - 1,
			     &numbers[ARRAY_SIZE(numbers) - 1]);
	assert_null(t.slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_is_siphash),
		cmocka_unit_test(test_random_numbers_come_and_go),
		cmocka_unit_test(test_each_item_comes_once),
		cmocka_unit_test(test_removing_gives_memory_back),
	};

	return RUN_TESTS(tests);
}
