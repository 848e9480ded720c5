// SPDX-License-Identifier: Apache-2.0
/*
 * glob_test.c - shell patterns against names.
 */
#include "domain/snapshot/glob.h"

#include "base/mem.h"
#include "support/check.h"

static const struct match_case {
	const char *pattern, *text;
	bool want;
} match_cases[] = {
	/* clang-format off */
	{ "abc", "abc", true },		{ "abc", "abd", false },
	{ "abc", "ab", false },		{ "ab", "abc", false },
	{ "", "", true },		{ "", "a", false },
	{ "*", "", true },		{ "*", "abc", true },
	{ "*.log", ".log", true },	{ "*.log", "a.log", true },
	{ "*.log", "a.logs", false },	{ "a*", "a", true },
	{ "a*c", "abbc", true },	{ "a*c", "abcd", false },
	{ "*a*b*", "xaxbx", true },	{ "*a*b*", "xbxax", false },
	{ "**", "abc", true },		{ "a**b", "axxb", true },
	{ "*ab", "aab", true },		{ "*abab", "ababab", true },
	{ "a?c", "abc", true },		{ "a?c", "ac", false },
	{ "?", "", false },		{ "??", "a", false },
	{ "[abc]", "b", true },		{ "[abc]", "d", false },
	{ "[a-c]x", "bx", true },	{ "[a-c]", "d", false },
	{ "[!a-c]", "d", true },	{ "[!a-c]", "b", false },
	{ "[^a-c]", "d", true },	{ "[]]", "]", true },
	{ "[]a]", "a", true },		{ "[!]]", "]", false },
	{ "[!]]", "a", true },		{ "[a-]", "-", true },
	{ "[a-]", "b", false },		{ "[-a]", "-", true },
	{ "[\\]]", "]", true },		{ "[a\\-c]", "b", false },
	{ "[a\\-c]", "-", true },	{ "[[]", "[", true },
	{ "[*]", "*", true },		{ "[*]", "a", false },
	{ "[[:digit:]]x", "7x", true },	{ "[[:digit:]]", "a", false },
	{ "[![:digit:]]", "a", true },	{ "[[:upper:][:digit:]_]", "_", true },
	{ "[[:space:]]", " ", true },	{ "[[:punct:]]", "!", true },
	{ "[[:alnum:]]", "\xc3", false },
	{ "[[:nosuch:]]", ":]", true },	/* a set of characters, then ']' */
	{ "[c-a]", "b", false },	{ "\\*", "*", true },
	{ "\\*", "a", false },		{ "\\a", "a", true },
	{ "\\\\", "\\", true },		{ "\\[a]", "[a]", true },
	{ "\xff*", "\xff\xfe", true },	{ "?", "\xff", true },
	{ "[\x80-\xff]", "\xc3", true }, { "ABC", "abc", false },
	/* not valid: match nothing */
	{ "[abc", "a", false },		{ "[abc", "[abc", false },
	{ "[", "[", false },		{ "[]", "]", false },
	{ "a\\", "a\\", false },	{ "a\\", "a", false },
	{ "[a\\", "a", false },		{ "[a-", "a", false },
	/* clang-format on */
};

static void test_patterns_match_names(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(match_cases); i++) {
		const struct match_case *c = &match_cases[i];

		CHECK(glob_match(SPAN_STR(c->pattern), SPAN_STR(c->text),
				 false) == c->want,
		      "'%s' against '%s'", c->text, c->pattern);
	}
}

static const struct match_case fold_cases[] = {
	{ ".git", ".GIT", true },     { ".GIT", ".git", true },
	{ "*.PEM", "a.pem", true },   { "[a-c]", "B", true },
	{ "[A-C]", "b", true },	      { "[!a-c]", "B", false },
	{ "[@-_]", "x", true },	      { "\xc3\xa9", "\xc3\x89", false },
	{ "[[:lower:]]", "A", true },
};

static void test_case_can_be_ignored(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(fold_cases); i++) {
		const struct match_case *c = &fold_cases[i];

		CHECK(glob_match(SPAN_STR(c->pattern), SPAN_STR(c->text),
				 true) == c->want,
		      "'%s' against '%s'", c->text, c->pattern);
	}
}

static void test_validity_is_told(void **state unused)
{
	static const char *const good[] = { "",	    "a",   "*",		 "[a]",
					    "[!]]", "\\[", "[[:alpha:]]" };
	static const char *const bad[] = { "[",	  "[a",	  "[]",	 "a\\",
					   "[!]", "x[\\", "a[b-" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(glob_is_valid(SPAN_STR(good[i])), "'%s'", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!glob_is_valid(SPAN_STR(bad[i])), "'%s'", bad[i]);
}

static void test_many_stars_do_not_explode(void **state unused)
{
	auto_free char *pattern = xcalloc(1, 1025);
	auto_free char *text = xcalloc(1, 4097);

	for (size_t i = 0; i < 1022; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[1022] = 'b';
	memset(text, 'a', 4096);
	CHECK(!glob_match(SPAN_STR(pattern), SPAN_STR(text), false), "matched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns_match_names),
		cmocka_unit_test(test_case_can_be_ignored),
		cmocka_unit_test(test_validity_is_told),
		cmocka_unit_test(test_many_stars_do_not_explode),
	};

	return RUN_TESTS(tests);
}
