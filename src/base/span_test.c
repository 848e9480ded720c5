// SPDX-License-Identifier: Apache-2.0
/*
 * span_test.c - tests of base/span.
 */
#include "base/span.h"

#include "support/check.h"

static const uint8_t bytes[] = { 0x01, 0x82, 0x03, 0x84, 0x05 };

static void test_integers_are_taken_in_their_order(void **state unused)
{
	struct span s = { .p = bytes, .len = sizeof(bytes) };
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;

	assert_true(span_take_u8(&s, &u8));
	assert_int_equal(u8, 0x01);
	assert_true(span_take_be16(&s, &u16));
	assert_int_equal(u16, 0x8203);
	assert_int_equal(s.len, 2);
	s = (struct span){ .p = bytes, .len = sizeof(bytes) };
	assert_true(span_take_be32(&s, &u32));
	assert_int_equal(u32, 0x01820384);
	s = (struct span){ .p = bytes + 1, .len = sizeof(bytes) - 1 };
	assert_true(span_take_le32(&s, &u32));
	assert_int_equal(u32, 0x05840382);
	assert_int_equal(s.len, 0);
}

static void test_short_span_is_not_touched(void **state unused)
{
	for (size_t len = 0; len < 4; len++) {
		struct span s = { .p = bytes, .len = len };
		uint32_t u32 = 7;
		uint16_t u16 = 7;
		uint8_t u8 = 7, buf[8] = { 7 };

		CHECK(!span_take_be32(&s, &u32) && !span_take_le32(&s, &u32),
		      "u32 of %zu bytes", len);
		CHECK(len >= 2 || !span_take_be16(&s, &u16), "u16 of %zu", len);
		CHECK(len >= 1 || !span_take_u8(&s, &u8), "u8 of %zu", len);
		CHECK(!span_take(&s, buf, sizeof(buf)), "bytes of %zu", len);
		CHECK(!span_skip(&s, len + 1), "skip in %zu", len);
		CHECK(!span_skip(&s, SIZE_MAX), "skip all in %zu", len);
		CHECK(s.p == bytes && s.len == len, "%zu: moved", len);
		CHECK(u32 == 7 && u16 == 7 && u8 == 7 && buf[0] == 7,
		      "%zu: output touched", len);
	}
}

static void test_skip_may_take_everything(void **state unused)
{
	struct span s = { .p = bytes, .len = sizeof(bytes) };

	assert_true(span_skip(&s, 0));
	assert_true(span_skip(&s, sizeof(bytes)));
	assert_int_equal(s.len, 0);
	assert_true(span_skip(&s, 0));
}

/* clang-format off */
static const struct until_case {
	const char *text;
	const char *parts[4];
	size_t n;
} until_cases[] = {
	{ "",      { NULL },               0 },
	{ "a",     { "a" },                1 },
	{ "a:b",   { "a", "b" },           2 },
	{ "a:",    { "a" },                1 },
	{ ":",     { "" },                 1 },
	{ ":a",    { "", "a" },            2 },
	{ "a::b:", { "a", "", "b" },       3 },
	{ "::::",  { "", "", "", "" },     4 },
};
/* clang-format on */

static void test_until_splits_at_the_separator(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(until_cases); i++) {
		const struct until_case *c = &until_cases[i];
		struct span s = SPAN_STR(c->text), part;
		size_t n = 0;

		for (; span_take_until(&s, ':', &part); n++)
			CHECK(n < c->n && span_equals(part, c->parts[n]),
			      "'%s': part %zu is '%.*s'", c->text, n,
			      (int)part.len, (const char *)part.p);
		CHECK(n == c->n, "'%s': %zu parts", c->text, n);
	}
}

static void test_equals_compares_the_whole(void **state unused)
{
	assert_true(span_equals(SPAN_STR("abc"), "abc"));
	assert_true(span_equals(SPAN_STR(""), ""));
	assert_false(span_equals(SPAN_STR("abc"), "ab"));
	assert_false(span_equals(SPAN_STR("ab"), "abc"));
	assert_false(span_equals((struct span){ .p = "a\0b", .len = 3 }, "a"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_are_taken_in_their_order),
		cmocka_unit_test(test_short_span_is_not_touched),
		cmocka_unit_test(test_skip_may_take_everything),
		cmocka_unit_test(test_until_splits_at_the_separator),
		cmocka_unit_test(test_equals_compares_the_whole),
	};

	return RUN_TESTS(tests);
}
