// SPDX-License-Identifier: Apache-2.0
#include "domain/git/pointer.h"

#include "support/check.h"

#include <string.h>

#include "base/mem.h"

/* clang-format off */
static const struct pointer_case {
	const char *text, *want; /* NULL: malformed */
} pointer_cases[] = {
	{ "gitdir: /r/.git/worktrees/w\n", "/r/.git/worktrees/w" },
	{ "gitdir: ../x",                  "../x" },
	{ "gitdir: a b\r\n",               "a b" },
	{ " \n gitdir:  x \n\n",           "x" },
	{ "",                              NULL },
	{ "garbage\n",                     NULL },
	{ "gitdir:\n",                     NULL },
	{ "gitdir: \n",                    NULL },
	{ "gitdir:/x\n",                   NULL },
	{ "GITDIR: /x\n",                  NULL },
};
/* clang-format on */

static void test_pointers_name_a_path(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(pointer_cases); i++) {
		const struct pointer_case *c = &pointer_cases[i];
		struct err err = ERR_INIT;
		auto_free char *got = NULL;
		int r = git_pointer_parse(SPAN_STR(c->text), &got, &err);

		CHECK((r == 0) == !!c->want, "'%s': %d", c->text, r);
		if (c->want)
			assert_string_equal(got, c->want);
		else
			assert_string_equal(err.msg, "malformed .git file");
	}
}

static void test_hostile_pointers_are_refused(void **state unused)
{
	static const char nul[] = "gitdir: /a\0/b";
	auto_free char *text = xcalloc(1, GIT_POINTER_SIZE_MAX + 2);
	char *got = NULL;
	struct err err;

	CHECK_FAILS(git_pointer_parse(
			    (struct span){ .p = nul, .len = sizeof(nul) - 1 },
			    &got, &err),
		    &err, ERR_INVALID, "malformed .git file");
	memset(text, ' ', GIT_POINTER_SIZE_MAX + 1);
	CHECK_FAILS(git_pointer_parse(SPAN_STR(text), &got, &err), &err,
		    ERR_LIMIT, ".git file has more than 8192 bytes");
	CHECK_FAILS(
		git_path_file_parse(SPAN_STR(text), "commondir", &got, &err),
		&err, ERR_LIMIT, "commondir has more than 8192 bytes");
	CHECK_FAILS(
		git_path_file_parse(SPAN_STR(" \n"), "commondir", &got, &err),
		&err, ERR_INVALID, "malformed commondir");
	assert_null(got);
}

static void test_path_files_hold_a_path(void **state unused)
{
	auto_free char *with = NULL, *without = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(git_path_file_parse(SPAN_STR("../..\n"), "commondir", &with,
				     &err),
		 &err);
	CHECK_OK(git_path_file_parse(SPAN_STR("../.."), "commondir", &without,
				     &err),
		 &err);
	assert_string_equal(with, "../..");
	assert_string_equal(without, "../..");
}

/* clang-format off */
static const struct main_case {
	const char *gitdir, *commondir, *want; /* NULL: crafted */
} main_cases[] = {
	{ "/r/.git/worktrees/w", "../..",       "/r/.git" },
	{ "/r/.git/worktrees/w", "/r/.git",     "/r/.git" },
	{ "/r/.git/worktrees/w", "/r/.git/x/..", "/r/.git" },
	{ "/r/.git/worktrees/w", ".",           "/r/.git/worktrees/w" },
	{ "/r/.git/worktrees/w", NULL,          "/r/.git/worktrees/w" },
	{ "/r/.git/worktrees/w", "../../..",    "/r" },
	{ "/r/.git/worktrees/w", "/other/.git", NULL },
	{ "/r/.git/worktrees/w", "../x",        NULL },
	{ "/r/.git/worktrees/w", "x",           NULL },
	{ "/r/.git/worktrees/w", "/r/.gi",      NULL },
	{ "/r/.git/worktrees/w", "/r/.git/worktrees/ww", NULL },
	{ "/r/.git/worktrees/w", "../../../../../home/u/.git", NULL },
};
/* clang-format on */

static void test_main_directory_is_above_the_work_tree(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(main_cases); i++) {
		const struct main_case *c = &main_cases[i];
		struct err err = ERR_INIT;
		auto_free char *got = NULL;
		int r = git_main_dir(c->gitdir, c->commondir, &got, &err);

		CHECK((r == 0) == !!c->want, "'%s': %d", c->commondir, r);
		if (c->want)
			assert_string_equal(got, c->want);
		else
			assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void test_work_trees_are_told_by_their_place(void **state unused)
{
	auto_free char *relative =
		git_path_resolve("/w", "../r/.git/worktrees/w/");
	auto_free char *crafted = git_path_resolve("/w", ".git/worktrees/../x");

	assert_string_equal(relative, "/r/.git/worktrees/w");
	assert_true(git_gitdir_is_worktree(relative));
	assert_false(git_gitdir_is_worktree(crafted));
	assert_false(git_gitdir_is_worktree("/r/.git/worktrees"));
	assert_false(git_gitdir_is_worktree("/r/.git-main/worktrees/w"));
	assert_false(git_gitdir_is_worktree("/r/.git/modules/w"));
}

static void test_backlink_leads_to_the_workspace(void **state unused)
{
	static const char gitdir[] = "/r/.git/worktrees/w";

	assert_true(git_backlink_matches(gitdir, "/w/.git", "/w"));
	assert_true(git_backlink_matches(gitdir, "../../../../w/.git", "/w"));
	assert_true(git_backlink_matches(gitdir, "/.git", "/"));
	assert_false(git_backlink_matches(gitdir, "/v/.git", "/w"));
	assert_false(git_backlink_matches(gitdir, "/w/x/.git", "/w"));
	assert_false(git_backlink_matches(gitdir, "/w", "/w"));
}

/* clang-format off */
static const struct inside_case {
	const char *dir, *path, *want; /* NULL: leads out */
} inside_cases[] = {
	/* SZ18 */
	{ "",                      "/ws/.git-main/worktrees/wt1", ".git-main/worktrees/wt1" },
	{ ".git-main/worktrees/wt1", "../..",    ".git-main" },
	{ "",                      ".gm/x",      ".gm/x" },
	{ "a",                     "../b",       "b" },
	{ "a/b",                   ".",          "a/b" },
	{ "a",                     "..",         "" },
	{ "",                      "/ws",        "" },
	{ "",                      "..",         NULL },
	{ "a",                     "../../ws2",  NULL },
	{ "a",                     "../../ws/b", "b" },
	{ "",                      "/ws/../etc", NULL },
	{ "",                      "/wsx/.git",  NULL },
	{ "",                      "/r/.git",    NULL },
};
/* clang-format on */

static void test_paths_stay_inside_the_workspace(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(inside_cases); i++) {
		const struct inside_case *c = &inside_cases[i];
		auto_free char *got = git_path_inside("/ws", c->dir, c->path);

		CHECK(c->want ? got && !strcmp(got, c->want) : !got,
		      "'%s' in '%s': got '%s'", c->path, c->dir,
		      got ? got : "(none)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointers_name_a_path),
		cmocka_unit_test(test_hostile_pointers_are_refused),
		cmocka_unit_test(test_path_files_hold_a_path),
		cmocka_unit_test(test_main_directory_is_above_the_work_tree),
		cmocka_unit_test(test_work_trees_are_told_by_their_place),
		cmocka_unit_test(test_backlink_leads_to_the_workspace),
		cmocka_unit_test(test_paths_stay_inside_the_workspace),
	};

	return RUN_TESTS(tests);
}
