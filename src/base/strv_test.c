// SPDX-License-Identifier: Apache-2.0
/*
 * strv_test.c - tests of base/strv.
 */
#include "base/strv.h"

#include <string.h>

#include "support/check.h"

static void test_empty_vector_is_an_empty_list(void **state unused)
{
	struct strv s = STRV_INIT;

	assert_non_null(strv_list(&s));
	assert_null(strv_list(&s)[0]);
	assert_false(strv_contains(&s, ""));
	strv_sort(&s);
	strv_release(&s);
}

static void test_vector_stays_terminated_and_owns_copies(void **state unused)
{
	auto_strv struct strv s = STRV_INIT;
	char text[] = "first";

	strv_add(&s, text);
	text[0] = 'X';
	strv_addf(&s, "%s=%d", "second", 2);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.v[0], "first");
	assert_string_equal(s.v[1], "second=2");
	assert_null(s.v[2]);
	assert_ptr_equal(strv_list(&s), s.v);
}

static void test_add_all_copies(void **state unused)
{
	auto_strv struct strv a = STRV_INIT;
	struct strv b = STRV_INIT;

	strv_add(&a, "one");
	strv_add(&b, "two");
	strv_add(&b, "three");
	strv_add_all(&a, &b);
	strv_release(&b);
	assert_int_equal(a.n, 3);
	assert_string_equal(a.v[2], "three");
	assert_int_equal(b.n, 0);
}

static void test_contains_compares_whole_strings(void **state unused)
{
	auto_strv struct strv s = STRV_INIT;

	strv_add(&s, "alpha");
	strv_add(&s, "");
	assert_true(strv_contains(&s, "alpha"));
	assert_true(strv_contains(&s, ""));
	assert_false(strv_contains(&s, "alph"));
	assert_false(strv_contains(&s, "ALPHA"));
}

static void test_sort_is_bytewise(void **state unused)
{
	static const char *const in[] = { "b", "\xff", "a", "B", "", "ab" };
	static const char *const want[] = { "", "B", "a", "ab", "b", "\xff" };
	auto_strv struct strv s = STRV_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		strv_add(&s, in[i]);
	strv_sort(&s);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		CHECK(!strcmp(s.v[i], want[i]), "%zu: '%s'", i, s.v[i]);
	assert_null(s.v[s.n]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_vector_is_an_empty_list),
		cmocka_unit_test(test_vector_stays_terminated_and_owns_copies),
		cmocka_unit_test(test_add_all_copies),
		cmocka_unit_test(test_contains_compares_whole_strings),
		cmocka_unit_test(test_sort_is_bytewise),
	};

	return RUN_TESTS(tests);
}
