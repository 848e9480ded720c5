// SPDX-License-Identifier: Apache-2.0
#include "infra/diff/differ.h"

#include "support/view.h"

#include <sys/stat.h>

#include "infra/diff/patch.h"

struct fixture {
	struct view v;
	const char *w, *g; /* borrowed; the user's and the guest's tree */
	struct workspace_differ *differ;
	struct change_list changes;
	struct err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .err = ERR_INIT };
	view_new(&f->v);
	f->w = f->v.snapshot.original;
	f->g = f->v.snapshot.path;
	CHECK_OK(differ_new(
			 &(struct differ_config){
				 .log = &f->v.log,
				 .progress = &f->v.progress.base,
			 },
			 &f->differ, &f->err),
		 &f->err);
}

static void teardown(struct fixture *f)
{
	differ_free(f->differ);
	change_list_release(&f->changes);
	view_free(&f->v);
}

static void compute(struct fixture *f, const struct exclude *exclude)
{
	change_list_release(&f->changes);
	CHECK_OK(workspace_differ_compute(f->differ, &f->v.snapshot, exclude,
					  &f->changes, &f->err),
		 &f->err);
}

/* All changes as "A path M path D path ". */
static void check_changes(const struct fixture *f, const char *want)
{
	auto_free char *got = xstrdup("");

	for (size_t i = 0; i < f->changes.n; i++) {
		const struct change *c = &f->changes.v[i];
		char *text =
			xasprintf("%s%c %s ", got, "AMD"[c->kind], c -> path);

		assert_int_equal(c->decision, CHANGE_REJECTED);
		assert_int_equal(strlen(c->hash),
				 c->kind != CHANGE_DELETED &&
						 c->type == CHANGE_FILE
					 ? 64
					 : 0);
		assert_int_equal(c->base_known, c->kind != CHANGE_ADDED);
		if (c->hash[0])
			assert_string_equal(c->source, c->path);
		free(got);
		got = text;
	}
	CHECK(!strcmp(got, want), "got '%s', want '%s'", got, want);
}

static void check_text(struct fixture *f, size_t i, const char *want)
{
	auto_buf struct buf text = BUF_INIT(64 * 1024 * 1024);

	CHECK_OK(workspace_differ_text(f->differ, &f->v.snapshot,
				       &f->changes.v[i], &text, &f->err),
		 &f->err);
	CHECK(!strcmp(text.data, want), "got '%s'", text.data);
}

static void test_each_kind_of_change_is_found_in_order(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "same.go", "same", 0644);
	view_file(&f.v, "file.go", "original", 0644);
	view_file(&f.v, "gone.go", "gone", 0644);
	view_file(&f.v, "a/b/deep.go", "1", 0644);
	view_seal(&f.v);
	tree_write(f.g, "z.go", "z");
	tree_write(f.g, "m/m.go", "m");
	tree_write(f.g, "file.go", "modified");
	tree_write(f.g, "a/b/deep.go", "22");
	tree_delete(f.g, "gone.go");
	compute(&f, NULL);
	check_changes(&f, "M a/b/deep.go M file.go D gone.go A m/m.go A z.go ");
	teardown(&f);
}

/* The hash is wrong on purpose: comparing contents would find a change. */
static void test_untouched_files_are_not_read(void **state unused)
{
	struct baseline_entry entry = {
		.path = xstrdup("a"),
		.kind = BASELINE_FILE,
		.mode = 0644,
		.hash = xstrdup("00000000000000000000000000000000"
				"00000000000000000000000000000000"),
	};
	struct fixture f;
	struct stat st;

	setup(&f);
	tree_write(f.w, "a", "1");
	tree_write(f.g, "a", "1");
	assert_true(tree_stat(f.g, "a", &st));
	entry.view = file_identity_of(&st);
	baseline_add(f.v.snapshot.baseline, &entry);
	baseline_seal(f.v.snapshot.baseline, INT64_MAX);
	compute(&f, NULL);
	check_changes(&f, "");
	tree_write(f.g, "a", "22");
	compute(&f, NULL);
	check_changes(&f, "M a ");
	teardown(&f);
}

static void test_rewritten_with_same_content_is_no_change(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "a", "same", 0644);
	view_file(&f.v, "b", "same", 0644);
	view_seal(&f.v);
	tree_write(f.g, "new", "same");
	tree_rename(f.g, "new", "a");
	tree_chmod(f.g, "b", 0600);
	compute(&f, NULL);
	check_changes(&f, "");
	teardown(&f);
}

static void test_users_edits_are_not_the_guests(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "edited", "1", 0644);
	view_file(&f.v, "deleted", "1", 0644);
	view_file(&f.v, "both-deleted", "1", 0644);
	view_file(&f.v, "both-same", "1", 0644);
	baseline_seal(f.v.snapshot.baseline, INT64_MAX);
	tree_write(f.w, "edited", "user");
	tree_write(f.w, "created", "user");
	tree_delete(f.w, "deleted");
	tree_delete(f.w, "both-deleted");
	tree_delete(f.g, "both-deleted");
	tree_write(f.w, "both-same", "new");
	tree_write(f.g, "both-same", "new");
	compute(&f, NULL);
	check_changes(&f, "");
	teardown(&f);
}

static void
test_base_hash_is_known_while_original_is_untouched(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "clean", "1", 0644);
	view_file(&f.v, "edited", "1", 0644);
	view_file(&f.v, "gone", "1", 0644);
	view_seal(&f.v);
	tree_write(f.g, "clean", "guest");
	tree_write(f.g, "edited", "guest");
	tree_write(f.w, "edited", "user!");
	tree_delete(f.g, "gone");
	compute(&f, NULL);
	check_changes(&f, "M clean M edited D gone ");
	/* printf 1 | sha256sum */
	assert_string_equal(f.changes.v[0].base_hash,
			    "6b86b273ff34fce19d6b804eff5a3f57"
			    "47ada4eaa22f1d49c01e52ddb7875b4b");
	assert_string_equal(f.changes.v[1].base_hash, "");
	assert_string_equal(f.changes.v[2].base_hash, f.changes.v[0].base_hash);
	assert_int_equal(f.changes.v[0].size, 5);
	teardown(&f);
}

static void test_executable_bit_is_a_modification(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "script", "#!/bin/sh\n", 0644);
	view_seal(&f.v);
	tree_chmod(f.g, "script", 0755);
	compute(&f, NULL);
	check_changes(&f, "M script ");
	assert_int_equal(f.changes.v[0].mode, 0755);
	check_text(&f, 0,
		   "diff --git a/script b/script\n"
		   "old mode 100644\nnew mode 100755\n");
	teardown(&f);
}

static void
test_excluded_paths_are_neither_visited_nor_deleted(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_DIFF);
	struct fixture f;

	setup(&f);
	CHECK_OK(exclude_add_pattern(x, "gen/", &f.err), &f.err);
	CHECK_OK(exclude_add_pattern(x, "!gen/kept", &f.err), &f.err);
	view_file(&f.v, "gen/kept", "1", 0644);
	view_file(&f.v, "gen/x", "1", 0644);
	view_file(&f.v, ".git/config", "1", 0644);
	view_seal(&f.v);
	tree_delete(f.g, "gen/kept");
	tree_delete(f.g, "gen/x");
	tree_delete(f.g, "gen");
	tree_write(f.g, ".git/config", "sanitised");
	tree_write(f.g, ".git/hooks/pre-commit", "evil");
	tree_write(f.g, "sub/gen/y", "1");
	compute(&f, x);
	/* The directory itself is not excluded, and is empty without them. */
	check_changes(&f, "A sub ");
	exclude_free(x);
	teardown(&f);
}

static void test_special_files_are_named_and_left_alone(void **state unused)
{
	auto_free char *fifo = NULL;
	struct fixture f;

	setup(&f);
	view_file(&f.v, "file-to-fifo", "1", 0644);
	view_seal(&f.v);
	tree_delete(f.g, "file-to-fifo");
	fifo = tree_path(f.g, "file-to-fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	compute(&f, NULL);
	check_changes(&f, "");
	assert_true(tree_progress_says(&f.v.progress, "'file-to-fifo'"));
	teardown(&f);
}

static void test_symlinks_are_changes(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "file-to-link", "1", 0644);
	view_dir(&f.v, "dir-to-link");
	view_file(&f.v, "dir-to-link/x", "1", 0644);
	view_link(&f.v, "link-same", "x");
	view_link(&f.v, "link-changed", "x");
	view_link(&f.v, "link-gone", "x");
	view_link(&f.v, "link-to-dir", "x");
	view_link(&f.v, "link-to-file", "x");
	view_seal(&f.v);
	tree_delete(f.g, "file-to-link");
	tree_link(f.g, "file-to-link", "link-same");
	tree_delete(f.g, "dir-to-link/x");
	tree_delete(f.g, "dir-to-link");
	tree_link(f.g, "dir-to-link", "link-same");
	tree_delete(f.g, "link-changed");
	tree_link(f.g, "link-changed", "y");
	tree_delete(f.g, "link-gone");
	tree_delete(f.g, "link-to-file");
	tree_write(f.g, "link-to-file", "1");
	tree_delete(f.g, "link-to-dir");
	tree_write(f.g, "link-to-dir/x", "1");
	tree_link(f.g, "new", "a/b");
	compute(&f, NULL);
	check_changes(&f, "M dir-to-link D dir-to-link/x M file-to-link "
			  "M link-changed D link-gone M link-to-dir "
			  "A link-to-dir/x M link-to-file A new ");
	assert_int_equal(f.changes.v[0].base_type, CHANGE_DIR);
	assert_string_equal(f.changes.v[3].target, "y");
	assert_string_equal(f.changes.v[3].base_target, "x");
	assert_int_equal(f.changes.v[4].type, CHANGE_SYMLINK);
	assert_int_equal(f.changes.v[5].type, CHANGE_DIR);
	check_text(&f, 2,
		   "diff --git a/file-to-link b/file-to-link\n"
		   "deleted file mode 100644\n"
		   "--- a/file-to-link\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
		   "\\ No newline at end of file\n"
		   "diff --git a/file-to-link b/file-to-link\n"
		   "new file mode 120000\n"
		   "--- /dev/null\n+++ b/file-to-link\n@@ -0,0 +1 @@\n"
		   "+link-same\n\\ No newline at end of file\n");
	check_text(&f, 3,
		   "diff --git a/link-changed b/link-changed\n"
		   "--- a/link-changed\n+++ b/link-changed\n@@ -1 +1 @@\n-x\n"
		   "\\ No newline at end of file\n+y\n"
		   "\\ No newline at end of file\n");
	check_text(&f, 5, "");
	teardown(&f);
}

static void test_symlinks_that_lead_out_are_named(void **state unused)
{
	static const char *const names[] = {
		"'abs'", "'out'", "'d/out'", "'winding'", "'file'", "'a\\nb'",
	};
	struct fixture f;

	setup(&f);
	view_file(&f.v, "file", "1", 0644);
	view_seal(&f.v);
	tree_link(f.g, "abs", "/etc/passwd");
	tree_link(f.g, "out", "../x");
	tree_mkdir(f.g, "d");
	tree_link(f.g, "d/out", "../../x");
	tree_link(f.g, "d/in", "../x");
	tree_link(f.g, "winding", "d/../../x");
	tree_link(f.g, "a\nb", "/");
	tree_delete(f.g, "file");
	tree_link(f.g, "file", "/etc/passwd");
	compute(&f, NULL);
	check_changes(&f, "A d/in ");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(tree_progress_says(&f.v.progress, names[i]), "%s",
		      names[i]);
	teardown(&f);
}

static void test_symlink_cannot_stand_for_git_hooks(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_DIFF);
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.g, "evil/post-checkout", "#!/bin/sh\n");
	tree_mkdir(f.g, ".git");
	tree_link(f.g, ".git/hooks", "../evil");
	tree_mkdir(f.g, "sub");
	tree_link(f.g, "sub/.git", "../evil");
	compute(&f, x);
	check_changes(&f, "A .git A evil/post-checkout A sub ");
	exclude_free(x);
	teardown(&f);
}

static void test_empty_directories_are_changes(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_dir(&f.v, "gone");
	view_dir(&f.v, "gone/deep");
	view_dir(&f.v, "same");
	view_seal(&f.v);
	tree_delete(f.g, "gone/deep");
	tree_delete(f.g, "gone");
	tree_mkdir(f.g, "new/deep");
	tree_write(f.g, "full/x", "1");
	compute(&f, NULL);
	check_changes(&f, "A full/x D gone D gone/deep A new/deep ");
	assert_int_equal(f.changes.v[3].type, CHANGE_DIR);
	teardown(&f);
}

static void test_renames_are_shown(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "empty", "", 0644);
	view_file(&f.v, "old", "content", 0644);
	view_file(&f.v, "stays", "other", 0644);
	view_seal(&f.v);
	tree_rename(f.g, "old", "new");
	tree_rename(f.g, "empty", "empty2");
	tree_write(f.g, "copy", "other");
	compute(&f, NULL);
	check_changes(&f, "A copy D empty A empty2 A new D old ");
	assert_null(f.changes.v[0].renamed_from);
	assert_null(f.changes.v[2].renamed_from);
	assert_string_equal(f.changes.v[3].renamed_from, "old");
	teardown(&f);
}

static void test_hooks_are_where_the_users_git_says(void **state unused)
{
	struct fixture f;

	setup(&f);
	tree_write(f.w, ".git/config", "[core]\n\thooksPath = dev/Hooks/\n");
	view_seal(&f.v);
	tree_write(f.g, "dev/hooks/pre-push", "1");
	tree_write(f.g, "dev/hooks2/x", "1");
	tree_write(f.g, "dev/x", "1");
	compute(&f, NULL);
	check_changes(&f, "A dev/hooks/pre-push A dev/hooks2/x A dev/x ");
	assert_true(f.changes.v[0].is_hook);
	assert_false(f.changes.v[1].is_hook);
	assert_false(f.changes.v[2].is_hook);
	teardown(&f);
}

static void test_file_and_directory_change_places(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "f", "1", 0644);
	view_dir(&f.v, "d");
	view_file(&f.v, "d/x", "1", 0644);
	view_seal(&f.v);
	tree_delete(f.g, "f");
	tree_write(f.g, "f/y", "2");
	tree_delete(f.g, "d/x");
	tree_delete(f.g, "d");
	tree_write(f.g, "d", "3");
	compute(&f, NULL);
	check_changes(&f, "M d D d/x M f A f/y ");
	assert_true(change_is_type_change(&f.changes.v[0]));
	assert_int_equal(f.changes.v[2].type, CHANGE_DIR);
	assert_int_equal(f.changes.v[2].base_type, CHANGE_FILE);
	teardown(&f);
}

static void test_guest_cannot_hide_files_by_their_mode(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_dir(&f.v, "d");
	view_file(&f.v, "d/x", "1", 0644);
	view_file(&f.v, "y", "1", 0644);
	view_seal(&f.v);
	tree_write(f.g, "d/x", "changed");
	tree_chmod(f.g, "d", 0);
	tree_write(f.g, "y", "changed");
	tree_chmod(f.g, "y", 0);
	compute(&f, NULL);
	check_changes(&f, "M d/x M y ");
	assert_int_equal(f.changes.v[1].mode, 0);
	teardown(&f);
}

static void test_monster_file_is_named(void **state unused)
{
	auto_free char *path = NULL;
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.g, "monster", "");
	path = tree_path(f.g, "monster");
	if (truncate(path, (off_t)DIFF_FILE_MAX + 1) < 0) {
		teardown(&f);
		skip();
	}
	compute(&f, NULL);
	check_changes(&f, "");
	assert_true(tree_progress_says(&f.v.progress, "larger than 16 GiB"));
	teardown(&f);
}

static void test_texts_say_what_changed(void **state unused)
{
	static char binary[100];
	struct fixture f;

	setup(&f);
	view_file(&f.v, "binary", "some text", 0644);
	view_file(&f.v, "deleted", "x\n", 0644);
	view_file(&f.v, "text", "original\n", 0644);
	view_seal(&f.v);
	tree_write_bytes(f.g, "binary", binary, sizeof(binary));
	tree_delete(f.g, "deleted");
	tree_write(f.g, "text", "modified\n");
	tree_write(f.g, "added", "added\n");
	compute(&f, NULL);
	check_changes(&f, "A added M binary D deleted M text ");
	check_text(&f, 0,
		   "diff --git a/added b/added\nnew file mode 100644\n"
		   "--- /dev/null\n+++ b/added\n@@ -0,0 +1 @@\n+added\n");
	check_text(&f, 1, "Binary file differs");
	check_text(&f, 2, "");
	check_text(&f, 3,
		   "diff --git a/text b/text\n--- a/text\n+++ b/text\n"
		   "@@ -1 +1 @@\n-original\n+modified\n");
	teardown(&f);
}

static void test_only_larger_files_have_no_text(void **state unused)
{
	auto_free char *big = xmalloc(PATCH_FILE_MAX + 1);
	auto_buf struct buf text = BUF_INIT(64 * 1024 * 1024);
	struct fixture f;

	memset(big, 'x', PATCH_FILE_MAX + 1);
	setup(&f);
	view_seal(&f.v);
	tree_write_bytes(f.g, "a", big, PATCH_FILE_MAX);
	tree_write_bytes(f.g, "b", big, PATCH_FILE_MAX + 1);
	compute(&f, NULL);
	check_changes(&f, "A a A b ");
	check_text(&f, 1, "File too large for diff (10485761 bytes)");
	CHECK_OK(workspace_differ_text(f.differ, &f.v.snapshot, &f.changes.v[0],
				       &text, &f.err),
		 &f.err);
	assert_true(text.len > PATCH_FILE_MAX);
	teardown(&f);
}

static void test_text_follows_no_symlink(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(1024);
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.g, "a", "x");
	compute(&f, NULL);
	tree_delete(f.g, "a");
	tree_link(f.g, "a", "/etc/passwd");
	*(&f.err) = ERR_INIT;
	assert_int_equal(workspace_differ_text(f.differ, &f.v.snapshot,
					       &f.changes.v[0], &text, &f.err),
			 -1);
	assert_int_equal(text.len, 0);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_change_is_found_in_order),
		cmocka_unit_test(test_untouched_files_are_not_read),
		cmocka_unit_test(test_rewritten_with_same_content_is_no_change),
		cmocka_unit_test(test_users_edits_are_not_the_guests),
		cmocka_unit_test(
			test_base_hash_is_known_while_original_is_untouched),
		cmocka_unit_test(test_executable_bit_is_a_modification),
		cmocka_unit_test(
			test_excluded_paths_are_neither_visited_nor_deleted),
		cmocka_unit_test(test_special_files_are_named_and_left_alone),
		cmocka_unit_test(test_symlinks_are_changes),
		cmocka_unit_test(test_symlinks_that_lead_out_are_named),
		cmocka_unit_test(test_symlink_cannot_stand_for_git_hooks),
		cmocka_unit_test(test_empty_directories_are_changes),
		cmocka_unit_test(test_renames_are_shown),
		cmocka_unit_test(test_hooks_are_where_the_users_git_says),
		cmocka_unit_test(test_file_and_directory_change_places),
		cmocka_unit_test(test_guest_cannot_hide_files_by_their_mode),
		cmocka_unit_test(test_monster_file_is_named),
		cmocka_unit_test(test_texts_say_what_changed),
		cmocka_unit_test(test_only_larger_files_have_no_text),
		cmocka_unit_test(test_text_follows_no_symlink),
	};

	return RUN_TESTS(tests);
}
