// SPDX-License-Identifier: Apache-2.0
/*
 * git_return_test.c - a linked work tree is made again for the guest, and what
 * it commits there arrives; with repositories of the git program.
 */
#include "infra/git/git_return.h"

#include "support/git_world.h"

static void test_git_directory_is_made_again(void **state unused)
{
	auto_free char *head = NULL, *config = NULL, *index = NULL,
		       *alternates = NULL, *exclude = NULL, *packed = NULL;
	struct overlay_node *node;
	struct world w;

	world_init(&w, false);
	git_do(&w, "main", "pack-refs", "--all");
	tree_write(w.dir, "main/.git/info/exclude", "*.o\n");
	git_do(&w, "main", "update-ref", "refs/tags/loose", "HEAD");
	guest_begin(&w);
	head = guest_read(&w, ".git/HEAD");
	assert_string_equal(head, "ref: refs/heads/feature\n");
	alternates = guest_read(&w, ".git/objects/info/alternates");
	assert_string_equal(alternates, "/mnt/git-objects\n");
	config = guest_read(&w, ".git/config");
	assert_null(strstr(config, SECRET));
	assert_non_null(strstr(config, "bare = false"));
	index = guest_read(&w, ".git/index");
	assert_memory_equal(index, "DIRC", 4);
	exclude = guest_read(&w, ".git/info/exclude");
	assert_string_equal(exclude, "*.o\n");
	packed = guest_read(&w, ".git/packed-refs");
	assert_non_null(strstr(packed, "refs/heads/feature"));
	node = guest_node(&w, ".git/objects/pack", OVERLAY_DIR);
	assert_int_equal(node->kind, OVERLAY_DIR);
	node = guest_node(&w, ".git/refs/tags/loose", OVERLAY_FILE);
	assert_true(node->own);
	world_release(&w);
}

static void test_commits_arrive(void **state unused)
{
	auto_free char *oid = NULL;
	struct err err = ERR_INIT;
	struct world w;

	for (int packed = 0; packed < 2; packed++) {
		world_init(&w, false);
		guest_begin(&w);
		free(commit(&w, "scratch", "second"));
		free(oid);
		oid = commit(&w, "scratch", "third");
		if (packed)
			git_do(&w, "scratch", "repack", "-adq");
		guest_take_objects(&w);
		guest_say(&w, ".git/refs/heads/feature", oid);
		guest_say(&w, ".git/refs/heads/new/one", oid);
		CHECK_OK(finish(&w, &err), &err);
		check_ref(&w, "refs/heads/feature", oid);
		check_ref(&w, "refs/heads/new/one", oid);
		check_ref(&w, PARKED, "");
		check_sound(&w);
		assert_true(tree_progress_says(&w.progress,
					       "commits are in "
					       "'refs/heads/feature'"));
		world_release(&w);
	}
}

static void test_references_in_one_file_arrive(void **state unused)
{
	auto_free char *oid = NULL, *line = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	guest_begin(&w);
	oid = commit(&w, "scratch", "second");
	guest_take_objects(&w);
	line = xasprintf("%s refs/heads/packed", oid);
	guest_say(&w, ".git/packed-refs", line);
	CHECK_OK(finish(&w, &err), &err);
	check_ref(&w, "refs/heads/packed", oid);
	world_release(&w);
}

static void test_branch_that_both_moved_is_parked(void **state unused)
{
	auto_free char *theirs = NULL, *ours = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	guest_begin(&w);
	theirs = commit(&w, "scratch", "theirs");
	guest_take_objects(&w);
	guest_say(&w, ".git/refs/heads/feature", theirs);
	ours = commit(&w, "ws", "ours");
	CHECK_OK(finish(&w, &err), &err);
	check_ref(&w, "refs/heads/feature", ours);
	check_ref(&w, PARKED "heads/feature", theirs);
	assert_true(tree_progress_says(&w.progress, PARKED "heads/feature"));
	/* A second time, as a recovery does it. */
	CHECK_OK(finish(&w, &err), &err);
	check_ref(&w, PARKED "heads/feature", theirs);
	check_sound(&w);
	world_release(&w);
}

static void test_what_is_checked_out_elsewhere_is_parked(void **state unused)
{
	auto_free char *before = NULL, *oid = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	git_do(&w, "main", "worktree", "add", "-q", "-b", "other", "../third");
	before = git(&w, "main", "rev-parse", "main");
	guest_begin(&w);
	oid = commit(&w, "scratch", "second");
	guest_take_objects(&w);
	guest_say(&w, ".git/refs/heads/main", oid);
	guest_say(&w, ".git/refs/heads/other", oid);
	CHECK_OK(finish(&w, &err), &err);
	check_ref(&w, "refs/heads/main", before);
	check_ref(&w, "refs/heads/other", before);
	check_ref(&w, PARKED "heads/main", oid);
	check_ref(&w, PARKED "heads/other", oid);
	world_release(&w);
}

static void test_commits_on_no_branch_are_parked(void **state unused)
{
	auto_free char *oid = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	guest_begin(&w);
	oid = commit(&w, "scratch", "second");
	guest_take_objects(&w);
	guest_say(&w, ".git/HEAD", oid);
	CHECK_OK(finish(&w, &err), &err);
	check_ref(&w, PARKED "HEAD", oid);
	world_release(&w);
}

static void test_reviewing_user_moves_branches_himself(void **state unused)
{
	auto_free char *before = NULL, *oid = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, true);
	before = git(&w, "main", "rev-parse", "feature");
	guest_begin(&w);
	oid = commit(&w, "scratch", "second");
	guest_take_objects(&w);
	guest_say(&w, ".git/refs/heads/feature", oid);
	CHECK_OK(finish(&w, &err), &err);
	check_ref(&w, "refs/heads/feature", before);
	check_ref(&w, PARKED "heads/feature", oid);
	world_release(&w);
}

static void test_index_follows_its_branch(void **state unused)
{
	auto_free char *oid = NULL, *status = NULL;
	struct err err = ERR_INIT;
	auto_buf struct buf data = BUF_INIT(OUTPUT_MAX);
	struct world w;
	int fd;

	for (int touched = 0; touched < 2; touched++) {
		world_init(&w, false);
		guest_begin(&w);
		free(oid);
		oid = commit(&w, "scratch", "second");
		guest_take_objects(&w);
		guest_say(&w, ".git/refs/heads/feature", oid);
		fd = open(w.dir, O_PATH | O_CLOEXEC);
		buf_reset(&data);
		CHECK_OK(git_read_file(fd, "scratch/.git/index", &data, &err),
			 &err);
		close(fd);
		guest_put(&w, ".git/index", data.data, data.len);
		tree_write(w.dir, "ws/second", "second");
		if (touched) {
			tree_write(w.dir, "ws/own", "own");
			git_do(&w, "ws", "add", "own");
		}
		CHECK_OK(finish(&w, &err), &err);
		free(status);
		status = git(&w, "ws", "status", "--porcelain");
		CHECK(touched ? strstr(status, "A  own") != NULL : !*status,
		      "status: '%s'", status);
		world_release(&w);
	}
}

static void test_powerful_references_do_not_arrive(void **state unused)
{
	static const char *const refs[] = { "refs/replace/x", "refs/bbox/x/y",
					    "refs/bisect/bad" };
	auto_free char *oid = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	guest_begin(&w);
	oid = commit(&w, "scratch", "second");
	guest_take_objects(&w);
	for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
		auto_free char *path = xasprintf(".git/%s", refs[i]);

		guest_say(&w, path, oid);
	}
	CHECK_OK(finish(&w, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
		check_ref(&w, refs[i], "");
	world_release(&w);
}

static void test_nothing_done_changes_nothing(void **state unused)
{
	auto_free char *before = NULL, *after = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	before = git(&w, "main", "for-each-ref");
	guest_begin(&w);
	CHECK_OK(finish(&w, &err), &err);
	after = git(&w, "main", "for-each-ref");
	assert_string_equal(after, before);
	assert_null(w.progress.text);
	world_release(&w);
}

static void test_changes_of_git_directory_are_dropped(void **state unused)
{
	static const char *const paths[] = { ".git", ".git/HEAD", ".gitignore",
					     "a" };
	struct change_list changes = CHANGE_LIST_INIT;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	guest_begin(&w);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		change_list_add(&changes,
				&(struct change){ .path = xstrdup(paths[i]) });
	CHECK_OK(git_view_judge(w.git, &w.snapshot, &changes, &err), &err);
	assert_int_equal(changes.n, 2);
	assert_string_equal(changes.v[0].path, ".gitignore");
	change_list_release(&changes);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_directory_is_made_again),
		cmocka_unit_test(test_commits_arrive),
		cmocka_unit_test(test_references_in_one_file_arrive),
		cmocka_unit_test(test_branch_that_both_moved_is_parked),
		cmocka_unit_test(test_what_is_checked_out_elsewhere_is_parked),
		cmocka_unit_test(test_commits_on_no_branch_are_parked),
		cmocka_unit_test(test_reviewing_user_moves_branches_himself),
		cmocka_unit_test(test_index_follows_its_branch),
		cmocka_unit_test(test_powerful_references_do_not_arrive),
		cmocka_unit_test(test_nothing_done_changes_nothing),
		cmocka_unit_test(test_changes_of_git_directory_are_dropped),
	};

	if (access(GIT, X_OK) < 0)
		return 77; /* skipped */
	return RUN_TESTS(tests);
}
