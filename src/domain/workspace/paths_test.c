// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/paths.h"

#include "support/check.h"

#include <string.h>

#include "base/mem.h"

/* clang-format off */
static const struct clean_case {
	const char *path, *want;
} clean_cases[] = {
	{ "/a/b",              "/a/b" },
	{ "/a//b/./c/",        "/a/b/c" },
	{ "/a/../b",           "/b" },
	{ "/../../etc/passwd", "/etc/passwd" },
	{ "/",                 "/" },
	{ "",                  "." },
	{ ".",                 "." },
	{ "a/..",              "." },
	{ "../a",              "../a" },
	{ "../a/../b",         "../b" },
	{ "../../a/..",        "../.." },
	{ "a/b/../../c",       "c" },
	{ "a/../../b",         "../b" },
	{ "...",               "..." },
	{ "a/..b/c..",         "a/..b/c.." },
};
/* clang-format on */

static void test_cleaning_resolves_dots_by_text(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(clean_cases); i++) {
		const struct clean_case *c = &clean_cases[i];
		auto_free char *got = path_clean(c->path);

		CHECK(!strcmp(got, c->want), "'%s': got '%s', want '%s'",
		      c->path, got, c->want);
	}
}

/* clang-format off */
static const struct plain_case {
	const char *path;
	bool want;
} plain_cases[] = {
	{ "a",             true },
	{ "a/b/c",         true },
	{ "..a/b..",       true },
	{ "a\nb",          true },
	{ "",              false },
	{ "/a",            false },
	{ "a/",            false },
	{ "a//b",          false },
	{ ".",             false },
	{ "a/./b",         false },
	{ "..",            false },
	{ "../a",          false },
	{ "a/../b",        false },
	{ "a/..",          false },
};
/* clang-format on */

static void test_plain_paths_have_names_only(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain_cases); i++)
		CHECK(path_is_plain(plain_cases[i].path) == plain_cases[i].want,
		      "'%s'", plain_cases[i].path);
}

/* clang-format off */
static const struct below_case {
	const char *base, *path, *want; /* NULL: not below */
} below_cases[] = {
	{ "/w",  "/w/a/b", "a/b" },
	{ "/w",  "/w",     "" },
	{ "/w",  "/wx",    NULL },
	{ "/w",  "/",      NULL },
	{ "/",   "/a",     "a" },
	{ "/w/", "/v",     NULL },
};
/* clang-format on */

static void test_below_compares_whole_components(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(below_cases); i++) {
		const struct below_case *c = &below_cases[i];
		const char *got = path_below(c->base, c->path);

		CHECK(c->want ? got && !strcmp(got, c->want) : !got,
		      "'%s' below '%s': got '%s'", c->path, c->base,
		      got ? got : "(none)");
	}
}

/* clang-format off */
static const struct relative_case {
	const char *from, *to, *want;
} relative_cases[] = {
	{ "",      "a/b",   "a/b" },
	{ "a",     "a/b",   "b" },
	{ "a",     "b",     "../b" },
	{ "a/b",   "a/c/d", "../c/d" },
	{ "a/b",   "a/bc",  "../bc" },
	{ "a/b",   "a/b",   "." },
	{ "a/b",   "",      "../.." },
	{ "a",     "",      ".." },
	{ "",      "",      "." },
	{ "a/b/c", "a/b/d", "../d" },
};
/* clang-format on */

static void test_relative_leads_from_directory(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(relative_cases); i++) {
		const struct relative_case *c = &relative_cases[i];
		auto_free char *got = path_relative(c->from, c->to);

		CHECK(!strcmp(got, c->want),
		      "'%s' to '%s': got '%s', want '%s'", c->from, c->to, got,
		      c->want);
	}
}

static void test_dir_and_name_split_at_last_slash(void **state unused)
{
	auto_free char *deep = path_dir("a/b/c");
	auto_free char *flat = path_dir("a");

	assert_string_equal(deep, "a/b");
	assert_string_equal(flat, "");
	assert_string_equal(path_name("a/b/c"), "c");
	assert_string_equal(path_name("a"), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cleaning_resolves_dots_by_text),
		cmocka_unit_test(test_plain_paths_have_names_only),
		cmocka_unit_test(test_below_compares_whole_components),
		cmocka_unit_test(test_relative_leads_from_directory),
		cmocka_unit_test(test_dir_and_name_split_at_last_slash),
	};

	return RUN_TESTS(tests);
}
