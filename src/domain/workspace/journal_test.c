// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/journal.h"

#include "support/check.h"

#include <string.h>

/* clang-format off */
static const struct temp_case {
	const char *path;
	bool want;
} temp_cases[] = {
	{ ".bbox-0123456789abcdef.tmp",       true },
	{ "a/b/.bbox-0123456789abcdef.tmp",   true },
	{ "a\n/.bbox-0123456789abcdef.tmp",   true },
	{ "/a/.bbox-0123456789abcdef.tmp",    false },
	{ "../.bbox-0123456789abcdef.tmp",    false },
	{ ".bbox-0123456789ABCDEF.tmp",       false },
	{ ".bbox-0123456789abcde.tmp",        false },
	{ ".bbox-0123456789abcdef.tmp/",      false },
	{ ".bbox-0123456789abcdef.tmp/x",     false },
	{ ".bbox-0123456789abcdefg.tmp",      false },
	{ "main.c",                           false },
	{ "",                                 false },
};
/* clang-format on */

static void test_only_own_names_are_temporary(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(temp_cases); i++)
		CHECK(journal_is_temp(temp_cases[i].path) == temp_cases[i].want,
		      "'%s'", temp_cases[i].path);
}

static void test_made_name_is_recognised(void **state unused)
{
	char name[JOURNAL_TEMP_SIZE];

	journal_temp_name(UINT64_C(0xab), name);
	assert_string_equal(name, ".bbox-00000000000000ab.tmp");
	assert_true(journal_is_temp(name));
}

static void test_records_end_at_a_cut_one(void **state unused)
{
	static const char text[] = "/w\0a\nb\0\0cut";
	struct span s = { .p = text, .len = sizeof(text) - 1 };
	const char *record;

	assert_true(journal_next(&s, &record));
	assert_string_equal(record, "/w");
	assert_true(journal_next(&s, &record));
	assert_string_equal(record, "a\nb");
	assert_true(journal_next(&s, &record));
	assert_string_equal(record, "");
	assert_false(journal_next(&s, &record));
	assert_int_equal(s.len, strlen("cut"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_own_names_are_temporary),
		cmocka_unit_test(test_made_name_is_recognised),
		cmocka_unit_test(test_records_end_at_a_cut_one),
	};

	return RUN_TESTS(tests);
}
