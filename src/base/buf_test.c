// SPDX-License-Identifier: Apache-2.0
/*
 * buf_test.c - tests of base/buf.
 */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static void test_empty_buffer_is_an_empty_string(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(10);

	assert_non_null(b.data);
	assert_string_equal(b.data, "");
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_span(&b).len, 0);
}

static void test_contents_stay_terminated(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(1000);
	struct err err = ERR_INIT;

	CHECK_OK(buf_adds(&b, "one", &err), &err);
	CHECK_OK(buf_addc(&b, ' ', &err), &err);
	CHECK_OK(buf_add(&b, "twofold", 3, &err), &err);
	CHECK_OK(buf_addf(&b, &err, " %d %s", 3, "four"), &err);
	assert_string_equal(b.data, "one two 3 four");
	assert_int_equal(b.len, strlen("one two 3 four"));
}

static void test_embedded_nul_counts(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(10);
	struct err err = ERR_INIT;

	CHECK_OK(buf_add(&b, "a\0b", 3, &err), &err);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "a\0b", 4);
}

/* clang-format off */
static const struct limit_case {
	const char *name;
	size_t max, have, add;
	bool fits;
} limit_cases[] = {
	{ "nothing into nothing", 0,    0,    0,        true  },
	{ "one into nothing",     0,    0,    1,        false },
	{ "exactly full",         100,  60,   40,       true  },
	{ "one too many",         100,  60,   41,       false },
	{ "nothing into full",    100,  100,  0,        true  },
	{ "across a doubling",    1000, 63,   66,       true  },
	{ "overflow",             100,  60,   SIZE_MAX, false },
	{ "overflow to zero",     100,  1,    SIZE_MAX, false },
};
/* clang-format on */

static void test_limit_is_exact(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_cases); i++) {
		const struct limit_case *c = &limit_cases[i];
		auto_buf struct buf b = BUF_INIT(c->max);
		struct err err = ERR_INIT;
		char *room;

		CHECK_OK(buf_room(&b, c->have, &room, &err), &err);
		memset(room, 'x', c->have);
		buf_grew(&b, c->have);
		CHECK((buf_room(&b, c->add, &room, &err) == 0) == c->fits,
		      "%s: %zu + %zu of %zu", c->name, c->have, c->add, c->max);
		CHECK(b.len == c->have, "%s: length changed", c->name);
		CHECK(c->fits || err.kind == ERR_LIMIT, "%s: kind %s", c->name,
		      err_kind_name(err.kind));
	}
}

static void test_refusal_leaves_contents_alone(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(4);
	struct err err = ERR_INIT;

	CHECK_OK(buf_adds(&b, "abc", &err), &err);
	CHECK_FAILS(buf_adds(&b, "de", &err), &err, ERR_LIMIT,
		    "more than 4 bytes");
	CHECK_FAILS(buf_addf(&b, &err, "%d", 12345), &err, ERR_LIMIT, "4");
	assert_string_equal(b.data, "abc");
	CHECK_OK(buf_addc(&b, 'd', &err), &err);
	CHECK_FAILS(buf_addc(&b, 'e', &err), &err, ERR_LIMIT, "4");
	assert_string_equal(b.data, "abcd");
}

static void test_consume_moves_the_rest_to_the_front(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;

	CHECK_OK(buf_adds(&b, "hello world", &err), &err);
	buf_consume(&b, 0);
	assert_string_equal(b.data, "hello world");
	buf_consume(&b, 6);
	assert_string_equal(b.data, "world");
	buf_consume(&b, 5);
	assert_string_equal(b.data, "");
}

static void test_take_gives_up_the_contents(void **state unused)
{
	struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;
	size_t len;
	char *taken;

	CHECK_OK(buf_adds(&b, "mine", &err), &err);
	taken = buf_take(&b, &len);
	assert_string_equal(taken, "mine");
	assert_int_equal(len, 4);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.max, 100);
	free(taken);
	/* What was never filled can be taken, and freed, as well. */
	taken = buf_take(&b, /* len */ NULL);
	assert_string_equal(taken, "");
	free(taken);
}

static void test_reset_and_release_leave_a_usable_buffer(void **state unused)
{
	struct buf b = BUF_INIT(5);
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		CHECK_OK(buf_adds(&b, "abcde", &err), &err);
		buf_reset(&b);
		assert_string_equal(b.data, "");
		CHECK_OK(buf_adds(&b, "fghij", &err), &err);
		assert_string_equal(b.data, "fghij");
		buf_release(&b);
		buf_release(&b);
		assert_int_equal(b.max, 5);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_buffer_is_an_empty_string),
		cmocka_unit_test(test_contents_stay_terminated),
		cmocka_unit_test(test_embedded_nul_counts),
		cmocka_unit_test(test_limit_is_exact),
		cmocka_unit_test(test_refusal_leaves_contents_alone),
		cmocka_unit_test(test_consume_moves_the_rest_to_the_front),
		cmocka_unit_test(test_take_gives_up_the_contents),
		cmocka_unit_test(test_reset_and_release_leave_a_usable_buffer),
	};

	return RUN_TESTS(tests);
}
