// SPDX-License-Identifier: Apache-2.0
/*
 * options_test.c - command lines are taken apart as documented.
 */
#include "cmd/bbox/options.h"

#include <string.h>

#include "base/text.h"
#include "support/check.h"

struct target {
	bool flag;
	uint64_t number;
	struct strv list;
};

static int set_flag(void *target, const char *value, struct err *err)
{
	return options_bool(value, &((struct target *)target)->flag, err);
}

static int set_number(void *target, const char *value, struct err *err)
{
	if (!text_parse_u64(value, 100, &((struct target *)target)->number))
		return err_set(err, ERR_USAGE, "'%s' is not a number", value);
	return 0;
}

static int add_list(void *target, const char *value, struct err *err)
{
	return options_split_csv(value, &((struct target *)target)->list, err);
}

static const struct option table[] = {
	{ "flag", NULL, "a switch", set_flag },
	{ "number", "N", "a number", set_number },
	{ "list", "A,B", "a list", add_list },
	{ NULL, NULL, NULL, NULL },
};

static void test_words_and_options_mix(void **state unused)
{
	const char *const argv[] = { "one", "--flag", "--number", "7",
				     "two", "--list", "a,b",	  "--list=c",
				     "--",  "--flag", NULL };
	auto_option_words struct option_words words = OPTION_WORDS_INIT;
	struct target t = { .flag = false };
	struct err err = ERR_INIT;

	CHECK_OK(options_parse(table, &t, argv, &words, &err), &err);
	assert_true(t.flag);
	assert_int_equal(t.number, 7);
	assert_int_equal(t.list.n, 3);
	assert_int_equal(words.before.n, 2);
	assert_true(words.has_dashes);
	assert_int_equal(words.after.n, 1);
	assert_string_equal(words.after.v[0], "--flag");
	strv_release(&t.list);
}

static void test_bad_lines_are_refused(void **state unused)
{
	/* clang-format off */
	static const struct {
		const char *name, *a, *b, *text;
	} cases[] = {
		{ "unknown flag",   "--x",       NULL, "unknown flag: --x" },
		{ "unknown value",  "--x=y",     NULL, "unknown flag: --x (" },
		{ "shorthand",      "-x",        NULL, "unknown shorthand flag" },
		{ "missing value",  "--number",  NULL, "flag needs an argument: --number" },
		{ "bad value",      "--number",  "q",  "--number: 'q' is not a number" },
		{ "bad boolean",    "--flag=so", NULL, "--flag: 'so' is not true or false" },
		{ "open quote",     "--list",    "\"a,b", "quote without its end" },
		{ "escape in name", "--\033[2J", NULL, "\\x1b" },
	};
	/* clang-format on */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const argv[] = { cases[i].a, cases[i].b, NULL };
		auto_option_words struct option_words words = OPTION_WORDS_INIT;
		struct target t = { .flag = false };
		struct err err = ERR_INIT;

		CHECK(options_parse(table, &t, argv, &words, &err) < 0 &&
			      err.kind == ERR_USAGE &&
			      strstr(err.msg, cases[i].text),
		      "%s: '%s'", cases[i].name, err.msg);
		strv_release(&t.list);
	}
}

static void test_boolean_can_be_switched_off(void **state unused)
{
	const char *const argv[] = { "--flag", "--flag=false", NULL };
	auto_option_words struct option_words words = OPTION_WORDS_INIT;
	struct target t = { .flag = false };
	struct err err = ERR_INIT;

	CHECK_OK(options_parse(table, &t, argv, &words, &err), &err);
	assert_false(t.flag);
}

static void test_csv_fields(void **state unused)
{
	/* clang-format off */
	static const struct {
		const char *text;
		size_t n;
		const char *first, *last;
	} cases[] = {
		{ "a",             1, "a",     "a" },
		{ "a,b,c",         3, "a",     "c" },
		{ "\"a,b\",c",     2, "a,b",   "c" },
		{ "\"a\"\"b\"",    1, "a\"b",  "a\"b" },
		{ "",              1, "",      "" },
		{ "a,",            2, "a",     "" },
	};
	/* clang-format on */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strv struct strv v = STRV_INIT;
		struct err err = ERR_INIT;

		CHECK_OK(options_split_csv(cases[i].text, &v, &err), &err);
		CHECK(v.n == cases[i].n && !strcmp(v.v[0], cases[i].first) &&
			      !strcmp(v.v[v.n - 1], cases[i].last),
		      "'%s': %zu fields", cases[i].text, v.n);
	}
}

static void test_help_has_a_line_for_each_option(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct err err = ERR_INIT;

	CHECK_OK(options_help(table, &text, &err), &err);
	assert_non_null(strstr(text.data, "  --number N                   a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_options_mix),
		cmocka_unit_test(test_bad_lines_are_refused),
		cmocka_unit_test(test_boolean_can_be_switched_off),
		cmocka_unit_test(test_csv_fields),
		cmocka_unit_test(test_help_has_a_line_for_each_option),
	};

	return RUN_TESTS(tests);
}
