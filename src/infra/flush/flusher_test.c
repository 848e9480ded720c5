// SPDX-License-Identifier: Apache-2.0
#include "infra/flush/flusher.h"

#include "support/flush.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

static void test_each_kind_of_change_is_written(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "gone", "1", 0644);
	view_file(&f.v, "mod", "a longer original", 0640);
	view_seal(&f.v);
	tree_write(f.g, "a/b/deep.go", "deep");
	tree_write(f.g, "mod", "guest");
	tree_write(f.g, "script", "#!/bin/sh\n");
	tree_write(f.g, "suid", "x");
	tree_chmod(f.g, "script", 0755);
	tree_chmod(f.g, "suid", 06777);
	tree_delete(f.g, "gone");
	add(&f, CHANGE_ADDED, "a/b/deep.go");
	add(&f, CHANGE_DELETED, "gone");
	add(&f, CHANGE_MODIFIED, "mod");
	add(&f, CHANGE_ADDED, "script");
	add(&f, CHANGE_ADDED, "suid");
	CHECK_OK(flush(&f), &f.err);
	check_report(&f, 5, 0);
	assert_true(tree_is(f.w, "a/b/deep.go", "deep"));
	assert_int_equal(tree_mode(f.w, "a/b"), 0755);
	assert_true(tree_is(f.w, "mod", "guest"));
	assert_int_equal(tree_mode(f.w, "mod"), 0640);
	assert_false(tree_has(f.w, "gone"));
	assert_int_equal(tree_mode(f.w, "script"), 0755);
	assert_int_equal(tree_mode(f.w, "suid"), 0755);
	teardown(&f);
}

static void test_rejected_changes_are_not_written(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.g, "a", "x");
	add(&f, CHANGE_ADDED, "a")->decision = CHANGE_REJECTED;
	CHECK_OK(flush(&f), &f.err);
	check_report(&f, 0, 0);
	assert_false(tree_has(f.w, "a"));
	CHECK_OK(workspace_flusher_flush(f.flusher, NULL, &f.changes, &f.report,
					 &f.err),
		 &f.err);
	teardown(&f);
}

/* clang-format off */
static const struct mode_case {
	const char *name;
	mode_t original, guest, want;
} mode_cases[] = {
	{ "made executable",         0644, 0755, 0755 },
	{ "for who may read it",     0600, 0777, 0700 },
	{ "no longer executable",    0755, 0644, 0644 },
	{ "other bits are ignored",  0644, 0600, 0644 },
	{ "set-id is never given",   0644, 06755, 0755 },
};
/* clang-format on */

/* Alone, and together with other content. */
static void test_executable_bit_comes_back(void **state unused)
{
	for (size_t i = 0; i < 2 * ARRAY_SIZE(mode_cases); i++) {
		const struct mode_case *c = &mode_cases[i / 2];
		struct fixture f;

		setup(&f);
		view_file(&f.v, "f", "1", c->original);
		view_seal(&f.v);
		if (i % 2)
			tree_write(f.g, "f", "guest");
		tree_chmod(f.g, "f", c->guest);
		add(&f, CHANGE_MODIFIED, "f");
		CHECK_OK(flush(&f), &f.err);
		CHECK(tree_mode(f.w, "f") == c->want, "%s: %o", c->name,
		      (unsigned int)tree_mode(f.w, "f"));
		assert_true(tree_is(f.w, "f", i % 2 ? "guest" : "1"));
		teardown(&f);
	}
}

static void test_users_edits_are_conflicts(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "both-edited", "1", 0644);
	view_file(&f.v, "deleted-by-guest", "1", 0644);
	view_file(&f.v, "deleted-by-user", "1", 0644);
	view_file(&f.v, "touched-only", "1", 0644);
	view_seal(&f.v);
	tree_write(f.w, "added-by-both", "user's");
	tree_write(f.w, "both-edited", "user's");
	tree_write(f.w, "deleted-by-guest", "user's");
	tree_delete(f.w, "deleted-by-user");
	tree_write(f.g, "added-by-both", "guest");
	tree_write(f.g, "both-edited", "guest");
	tree_delete(f.g, "deleted-by-guest");
	tree_write(f.g, "deleted-by-user", "guest");
	tree_write(f.g, "touched-only", "guest");
	add(&f, CHANGE_ADDED, "added-by-both");
	add(&f, CHANGE_MODIFIED, "both-edited");
	add(&f, CHANGE_DELETED, "deleted-by-guest");
	add(&f, CHANGE_MODIFIED, "deleted-by-user");
	hash_sha256("1", 1,
		    add(&f, CHANGE_MODIFIED, "touched-only")->base_hash);
	/* Saved again with the old content: nothing of the user's is lost. */
	tree_write(f.w, "new", "1");
	tree_rename(f.w, "new", "touched-only");
	assert_int_equal(flush(&f), -1);
	assert_int_equal(f.err.kind, ERR_CONFLICT);
	assert_true(strstr(f.err.msg, "'added-by-both' was changed"));
	check_report(&f, 1, 4);
	assert_true(tree_is(f.w, "added-by-both", "user's"));
	assert_true(tree_is(f.w, "both-edited", "user's"));
	assert_true(tree_is(f.w, "deleted-by-guest", "user's"));
	assert_false(tree_has(f.w, "deleted-by-user"));
	assert_true(tree_is(f.w, "touched-only", "guest"));
	assert_true(tree_progress_says(&f.v.progress, "Not written: "
						      "'deleted-by-user'"));
	teardown(&f);
}

static void test_same_change_by_both_is_done(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "both-deleted", "1", 0644);
	view_file(&f.v, "both-edited", "1", 0644);
	view_seal(&f.v);
	tree_write(f.w, "both-added", "same");
	tree_write(f.g, "both-added", "same");
	tree_delete(f.w, "both-deleted");
	tree_delete(f.g, "both-deleted");
	tree_write(f.w, "both-edited", "same");
	tree_write(f.g, "both-edited", "same");
	tree_chmod(f.g, "both-edited", 0755);
	add(&f, CHANGE_ADDED, "both-added");
	add(&f, CHANGE_DELETED, "both-deleted");
	add(&f, CHANGE_MODIFIED, "both-edited");
	CHECK_OK(flush(&f), &f.err);
	check_report(&f, 3, 0);
	assert_int_equal(tree_mode(f.w, "both-edited"), 0755);
	teardown(&f);
}

static void test_what_was_not_reviewed_is_not_written(void **state unused)
{
	struct fixture f;
	struct change *c;

	setup(&f);
	view_file(&f.v, "f", "1", 0644);
	view_seal(&f.v);
	tree_write(f.g, "f", "guest");
	c = add(&f, CHANGE_MODIFIED, "f");
	snprintf(c->hash, sizeof(c->hash), "wrong-hash");
	CHECK_FAILS(flush(&f), &f.err, ERR_INTEGRITY, "hash mismatch");
	assert_true(tree_is(f.w, "f", "1"));
	hash_sha256("guest", 5, c->hash);
	tree_write(f.g, "f", "guest, longer");
	CHECK_FAILS(flush(&f), &f.err, ERR_INTEGRITY, "hash mismatch");
	assert_true(tree_is(f.w, "f", "1"));
	teardown(&f);
}

/* After the diff something else stands where the reviewed file was. */
static void test_swapped_source_is_refused(void **state unused)
{
	auto_free char *fifo = NULL;
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.v.dir, "secret/x", "host secret");
	tree_write(f.g, "d/x", "guest");
	tree_write(f.g, "fifo", "guest");
	tree_write(f.g, "link", "guest");
	add(&f, CHANGE_ADDED, "d/x");
	add(&f, CHANGE_ADDED, "fifo");
	add(&f, CHANGE_ADDED, "link");
	tree_rename(f.g, "d", "e");
	tree_link(f.g, "d", "../secret");
	tree_delete(f.g, "fifo");
	fifo = tree_path(f.g, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	tree_delete(f.g, "link");
	tree_link(f.g, "link", "../secret/x");
	CHECK_FAILS(flush(&f), &f.err, ERR_INVALID, "path traversal rejected");
	check_report(&f, 0, 3);
	assert_true(
		tree_progress_says(&f.v.progress, "'fifo' is no regular file"));
	assert_false(tree_has(f.w, "d"));
	assert_false(tree_has(f.w, "fifo"));
	assert_false(tree_has(f.w, "link"));
	teardown(&f);
}

static void test_swapped_destination_is_refused(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_dir(&f.v, "d");
	view_file(&f.v, "d/x", "1", 0644);
	view_file(&f.v, "f", "1", 0644);
	view_file(&f.v, "g", "1", 0644);
	view_seal(&f.v);
	tree_write(f.v.dir, "outside/x", "1");
	tree_write(f.g, "d/x", "guest");
	tree_delete(f.g, "g");
	tree_write(f.g, "f", "guest");
	add(&f, CHANGE_MODIFIED, "d/x");
	add(&f, CHANGE_MODIFIED, "f");
	add(&f, CHANGE_DELETED, "g");
	tree_rename(f.w, "d", "d.old");
	tree_link(f.w, "d", "../outside");
	tree_delete(f.w, "f");
	tree_link(f.w, "f", "../outside/x");
	tree_delete(f.w, "g");
	tree_link(f.w, "g", "../outside/x");
	assert_int_equal(flush(&f), -1);
	check_report(&f, 0, 3);
	assert_true(tree_is(f.v.dir, "outside/x", "1"));
	assert_true(tree_has(f.w, "g"));
	assert_true(tree_progress_says(&f.v.progress, "path traversal"));
	assert_true(tree_progress_says(&f.v.progress, ".broodboxignore"));
	teardown(&f);
}

static void test_hostile_names_are_written_or_refused(void **state unused)
{
	static const char *const names[] = {
		"a\nb", "\033[2J", " ", "-rf", "..x", "x..", "...", "\xff\xfe",
	};
	char longest[256];
	struct fixture f;

	memset(longest, 'n', 255);
	longest[255] = '\0';
	setup(&f);
	view_seal(&f.v);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		tree_write(f.g, names[i], "guest");
		add(&f, CHANGE_ADDED, names[i]);
	}
	tree_write(f.g, longest, "guest");
	add(&f, CHANGE_ADDED, longest);
	change_list_sort(&f.changes);
	CHECK_OK(flush(&f), &f.err);
	for (size_t i = 0; i < f.changes.n; i++)
		CHECK(tree_is(f.w, f.changes.v[i].path, "guest"), "%s",
		      f.changes.v[i].path);
	change_list_release(&f.changes);
	add(&f, CHANGE_ADDED, "../x\n\033[2J");
	CHECK_FAILS(flush(&f), &f.err, ERR_INVALID,
		    "path traversal rejected: '../x\\n\\x1b[2J'");
	teardown(&f);
}

static void test_failure_does_not_stop_the_rest(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.g, "a", "guest");
	tree_write(f.g, "b", "guest");
	tree_write(f.g, "c", "guest");
	add(&f, CHANGE_ADDED, "a");
	add(&f, CHANGE_ADDED, "b");
	add(&f, CHANGE_ADDED, "c");
	tree_delete(f.g, "b");
	CHECK_FAILS(flush(&f), &f.err, ERR_NOT_FOUND, "'b'");
	check_report(&f, 2, 1);
	assert_true(tree_is(f.w, "a", "guest"));
	assert_true(tree_is(f.w, "c", "guest"));
	teardown(&f);
}

static void test_directories_emptied_by_the_guest_go(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_dir(&f.v, "both");
	view_dir(&f.v, "both/deep");
	view_file(&f.v, "both/deep/x", "1", 0644);
	view_dir(&f.v, "guest-keeps");
	view_file(&f.v, "guest-keeps/x", "1", 0644);
	view_dir(&f.v, "user-has");
	view_file(&f.v, "user-has/x", "1", 0644);
	view_seal(&f.v);
	tree_write(f.w, "user-has/mine", "user's");
	tree_delete(f.g, "both/deep/x");
	tree_delete(f.g, "both/deep");
	tree_delete(f.g, "both");
	tree_delete(f.g, "guest-keeps/x");
	tree_delete(f.g, "user-has/x");
	tree_delete(f.g, "user-has");
	add(&f, CHANGE_DELETED, "both");
	add(&f, CHANGE_DELETED, "both/deep");
	add(&f, CHANGE_DELETED, "both/deep/x");
	add(&f, CHANGE_DELETED, "guest-keeps/x");
	add(&f, CHANGE_DELETED, "user-has");
	add(&f, CHANGE_DELETED, "user-has/x");
	CHECK_OK(flush(&f), &f.err);
	assert_false(tree_has(f.w, "both"));
	assert_true(tree_has(f.w, "guest-keeps"));
	assert_true(tree_is(f.w, "user-has/mine", "user's"));
	teardown(&f);
}

static void test_file_and_directory_change_places(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_dir(&f.v, "d");
	view_file(&f.v, "d/x", "1", 0644);
	view_file(&f.v, "f", "1", 0644);
	view_seal(&f.v);
	tree_delete(f.g, "d/x");
	tree_delete(f.g, "d");
	tree_write(f.g, "d", "file now");
	tree_delete(f.g, "f");
	tree_write(f.g, "f/y", "dir now");
	add(&f, CHANGE_MODIFIED, "d");
	add(&f, CHANGE_DELETED, "d/x");
	add(&f, CHANGE_MODIFIED, "f");
	add(&f, CHANGE_ADDED, "f/y");
	CHECK_OK(flush(&f), &f.err);
	assert_true(tree_is(f.w, "d", "file now"));
	assert_true(tree_is(f.w, "f/y", "dir now"));
	teardown(&f);
}

static void test_users_other_hard_link_keeps_its_content(void **state unused)
{
	auto_free char *from = NULL;
	auto_free char *to = NULL;
	struct fixture f;

	setup(&f);
	view_file(&f.v, "f", "1", 0644);
	view_seal(&f.v);
	from = tree_path(f.w, "f");
	to = tree_path(f.v.dir, "elsewhere");
	tree_write(f.g, "f", "guest");
	add(&f, CHANGE_MODIFIED, "f");
	hash_sha256("1", 1, f.changes.v[0].base_hash);
	assert_int_equal(link(from, to), 0);
	CHECK_OK(flush(&f), &f.err);
	assert_true(tree_is(f.w, "f", "guest"));
	assert_true(tree_is(f.v.dir, "elsewhere", "1"));
	teardown(&f);
}

static void test_submodules_are_mentioned(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.g, "sub/.gitmodules", "x");
	add(&f, CHANGE_ADDED, "sub/.gitmodules");
	CHECK_OK(flush(&f), &f.err);
	assert_true(tree_progress_says(&f.v.progress,
				       "git submodule update --init"));
	teardown(&f);
}

/* A workspace of 64 KiB, which needs the right to mount. */
static void test_full_disk_loses_nothing(void **state unused)
{
	static char big[40000];
	struct fixture f;

	setup(&f);
	if (mount("none", f.w, "tmpfs", 0, "size=64k") < 0) {
		teardown(&f);
		skip();
		return; /* cmocka does not declare that skip() never does */
	}
	memset(big, 'x', sizeof(big) - 1);
	view_file(&f.v, "a", "1", 0644);
	view_seal(&f.v);
	tree_write(f.g, "a", "guest");
	tree_write(f.g, "b", big);
	tree_write(f.g, "c", big);
	tree_write(f.g, "d", "small");
	add(&f, CHANGE_MODIFIED, "a");
	add(&f, CHANGE_ADDED, "b");
	add(&f, CHANGE_ADDED, "c");
	add(&f, CHANGE_ADDED, "d");
	assert_int_equal(flush(&f), -1);
	check_report(&f, 3, 1);
	assert_int_equal(f.err.sys, ENOSPC);
	assert_true(tree_is(f.w, "a", "guest"));
	assert_true(tree_is(f.w, "b", big));
	assert_false(tree_has(f.w, "c"));
	assert_true(tree_is(f.w, "d", "small"));
	assert_int_equal(umount(f.w), 0);
	teardown(&f);
}

/*
 * Killed at any moment, each file is old or new; what lies around beside them
 * is in the journal.
 */
static void test_killed_flush_leaves_whole_files(void **state unused)
{
	for (unsigned int delay_us = 0; delay_us < 6000; delay_us += 300) {
		struct fixture f;
		pid_t child;

		setup(&f);
		for (int i = 0; i < 40; i++) {
			char path[16];

			snprintf(path, sizeof(path), "f%02d", i);
			view_file(&f.v, path, "old content", 0644);
		}
		view_seal(&f.v);
		for (int i = 0; i < 40; i++) {
			char path[16];

			snprintf(path, sizeof(path), "f%02d", i);
			tree_write(f.g, path, "new");
			add(&f, CHANGE_MODIFIED, path);
		}
		child = fork();
		if (!child) {
			discard(workspace_flusher_flush(
				f.flusher, &f.v.snapshot, &f.changes, &f.report,
				&f.err));
			_exit(0);
		}
		usleep(delay_us);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		for (size_t i = 0; i < f.changes.n; i++)
			CHECK(tree_is(f.w, f.changes.v[i].path, "new") ||
				      tree_is(f.w, f.changes.v[i].path,
					      "old content"),
			      "%s after %u us", f.changes.v[i].path, delay_us);
		if (!tree_is_clean(f.w))
			assert_true(tree_has(f.v.dir, "v" JOURNAL_SUFFIX));
		teardown(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_change_is_written),
		cmocka_unit_test(test_rejected_changes_are_not_written),
		cmocka_unit_test(test_executable_bit_comes_back),
		cmocka_unit_test(test_users_edits_are_conflicts),
		cmocka_unit_test(test_same_change_by_both_is_done),
		cmocka_unit_test(test_what_was_not_reviewed_is_not_written),
		cmocka_unit_test(test_swapped_source_is_refused),
		cmocka_unit_test(test_swapped_destination_is_refused),
		cmocka_unit_test(test_hostile_names_are_written_or_refused),
		cmocka_unit_test(test_failure_does_not_stop_the_rest),
		cmocka_unit_test(test_directories_emptied_by_the_guest_go),
		cmocka_unit_test(test_file_and_directory_change_places),
		cmocka_unit_test(test_users_other_hard_link_keeps_its_content),
		cmocka_unit_test(test_submodules_are_mentioned),
		cmocka_unit_test(test_full_disk_loses_nothing),
		cmocka_unit_test(test_killed_flush_leaves_whole_files),
	};

	return RUN_TESTS(tests);
}
