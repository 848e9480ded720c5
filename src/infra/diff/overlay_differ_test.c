// SPDX-License-Identifier: Apache-2.0
#include "infra/diff/overlay_differ.h"

#include "support/guest.h"

struct fixture {
	struct view v; /* its baseline and view are not used */
	const char *w;
	struct guest g;
	struct workspace_differ *differ;
	struct change_list changes;
	struct err err;
};

/* A workspace of a few files. */
static void setup(struct fixture *f)
{
	*f = (struct fixture){ .err = ERR_INIT };
	view_new(&f->v);
	f->w = f->v.snapshot.original;
	tree_write(f->w, "a", "1");
	tree_write(f->w, "b", "2");
	tree_write(f->w, "run", "#!/bin/sh\n");
	tree_chmod(f->w, "run", 0755);
	tree_write(f->w, "d/x", "dx");
	tree_write(f->w, "d/sub/y", "dy");
	tree_link(f->w, "d/l", "x");
	tree_write(f->w, "e/x", "ex");
	tree_link(f->w, "link", "a");
	tree_link(f->w, "out", "/etc/passwd");
	guest_new(&f->g, &f->v);
	CHECK_OK(overlay_differ_new(
			 &(struct differ_config){
				 .log = &f->v.log,
				 .progress = &f->v.progress.base,
			 },
			 &f->differ, &f->err),
		 &f->err);
}

static void teardown(struct fixture *f)
{
	overlay_differ_free(f->differ);
	change_list_release(&f->changes);
	guest_free(&f->g);
	view_free(&f->v);
}

static void compute(struct fixture *f, const struct exclude *exclude)
{
	change_list_release(&f->changes);
	CHECK_OK(workspace_differ_compute(f->differ, &f->v.snapshot, exclude,
					  &f->changes, &f->err),
		 &f->err);
}

/* All changes as "A path M path@ D path/ ", links and directories marked. */
static void check_changes(const struct fixture *f, const char *want)
{
	auto_free char *got = xstrdup("");

	for (size_t i = 0; i < f->changes.n; i++) {
		const struct change *c = &f->changes.v[i];
		static const char *const marks[] = { "", "@", "/" };
		char *text = xasprintf("%s%c %s%s ", got, "AMD"[c->kind],
				       c -> path, marks[c->type]);

		assert_int_equal(c->decision, CHANGE_REJECTED);
		assert_int_equal(c->base_known, c->kind != CHANGE_ADDED);
		if (c->kind != CHANGE_DELETED && c->type == CHANGE_FILE)
			assert_int_equal(strlen(c->hash), 64);
		free(got);
		got = text;
	}
	CHECK(!strcmp(got, want), "got '%s', want '%s'", got, want);
}

static const struct change *find(const struct fixture *f, const char *path)
{
	const struct change *c = change_list_find(&f->changes, path);

	CHECK(c, "no change of '%s'", path);
	return c;
}

static void write_new(struct fixture *f)
{
	guest_mkdir(&f->g, "n");
	guest_write(&f->g, "n/f", "new");
	guest_mkdir(&f->g, "empty");
	guest_symlink(&f->g, "n/l", "../a");
}

static void write_again(struct fixture *f)
{
	guest_write(&f->g, "a", "guest");
	guest_write(&f->g, "b", "2");
	guest_write(&f->g, "d/sub/y", "guest");
}

static void change_modes(struct fixture *f)
{
	guest_chmod(&f->g, "a", 0600);
	guest_chmod(&f->g, "b", 0755);
	guest_chmod(&f->g, "run", 0644);
	guest_chmod(&f->g, "d", 0700);
}

static void remove_tree(struct fixture *f)
{
	guest_remove(&f->g, "d/sub/y");
	guest_remove(&f->g, "d/sub");
	guest_remove(&f->g, "d/x");
	guest_remove(&f->g, "d/l");
	guest_remove(&f->g, "d");
	guest_remove(&f->g, "link");
	guest_remove(&f->g, "a");
}

static void remove_and_make_again(struct fixture *f)
{
	guest_remove(&f->g, "a");
	guest_write(&f->g, "a", "1");
	guest_remove(&f->g, "b");
	guest_write(&f->g, "b", "other");
	guest_remove(&f->g, "e/x");
	guest_remove(&f->g, "e");
	guest_mkdir(&f->g, "e");
	guest_remove(&f->g, "link");
	guest_symlink(&f->g, "link", "a");
}

static void save_atomically(struct fixture *f)
{
	guest_write(&f->g, "a.tmp", "guest");
	guest_rename(&f->g, "a.tmp", "a");
}

static void rename_file(struct fixture *f)
{
	guest_rename(&f->g, "a", "new");
	guest_rename(&f->g, "b", "d/b");
	guest_write(&f->g, "d/b", "guest");
}

static void rename_there_and_back(struct fixture *f)
{
	guest_rename(&f->g, "a", "new");
	guest_rename(&f->g, "new", "a");
	guest_rename(&f->g, "d", "new");
	guest_rename(&f->g, "new", "d");
}

static void rename_dir(struct fixture *f)
{
	guest_rename(&f->g, "d", "new");
	guest_write(&f->g, "new/x", "guest");
	guest_write(&f->g, "new/z", "guest");
}

static void rename_dir_and_empty_it(struct fixture *f)
{
	guest_rename(&f->g, "e", "new");
	guest_remove(&f->g, "new/x");
	guest_remove(&f->g, "new");
}

static void rename_out_of_dir(struct fixture *f)
{
	guest_rename(&f->g, "d", "new");
	guest_rename(&f->g, "new/sub", "sub");
}

static void swap_dirs(struct fixture *f)
{
	guest_move(&f->g, "d", "e", /* exchange */ true);
}

static void swap_files(struct fixture *f)
{
	guest_move(&f->g, "a", "b", /* exchange */ true);
}

static void change_types(struct fixture *f)
{
	guest_remove(&f->g, "a");
	guest_mkdir(&f->g, "a");
	guest_write(&f->g, "a/f", "in a");
	guest_remove(&f->g, "b");
	guest_symlink(&f->g, "b", "run");
	guest_remove(&f->g, "e/x");
	guest_remove(&f->g, "e");
	guest_write(&f->g, "e", "file");
	guest_remove(&f->g, "link");
	guest_write(&f->g, "link", "file");
}

static void link_file(struct fixture *f)
{
	guest_link(&f->g, "a", "hard");
	guest_write(&f->g, "n", "new");
	guest_link(&f->g, "n", "n2");
}

static void link_and_write(struct fixture *f)
{
	guest_link(&f->g, "a", "hard");
	guest_write(&f->g, "hard", "both");
}

static void do_nothing(struct fixture *f unused)
{
}

static const struct work_case {
	const char *name;
	void (*work)(struct fixture *f);
	const char *want;
} work_cases[] = {
	/* clang-format off */
	{ "nothing", do_nothing, "" },
	{ "new", write_new, "A empty/ A n/f A n/l@ " },
	{ "other content", write_again, "M a M d/sub/y " },
	{ "modes", change_modes, "M b M run " },
	{ "removed", remove_tree,
	  "D a D d/ D d/l@ D d/sub/ D d/sub/y D d/x D link@ " },
	{ "made again", remove_and_make_again, "M b D e/x " },
	{ "saved by rename", save_atomically, "M a " },
	{ "renamed", rename_file, "D a D b A d/b A new " },
	{ "there and back", rename_there_and_back, "" },
	{ "renamed directory", rename_dir,
	  "D d/ D d/l@ D d/sub/ D d/sub/y D d/x A new/l@ A new/sub/y A new/x "
	  "A new/z " },
	{ "renamed and emptied", rename_dir_and_empty_it, "D e/ D e/x " },
	{ "renamed out of renamed", rename_out_of_dir,
	  "D d/ D d/l@ D d/sub/ D d/sub/y D d/x A new/l@ A new/x A sub/y " },
	{ "swapped directories", swap_dirs,
	  "D d/l@ D d/sub/ D d/sub/y M d/x A e/l@ A e/sub/y M e/x " },
	{ "swapped files", swap_files, "M a M b " },
	{ "types", change_types,
	  "M a/ A a/f M b@ M e D e/x M link " },
	{ "hard links", link_file, "A hard A n A n2 " },
	{ "hard link written", link_and_write, "M a A hard " },
	/* clang-format on */
};

static void test_work_of_the_guest_is_found(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(work_cases); i++) {
		const struct work_case *c = &work_cases[i];
		struct fixture f;

		setup(&f);
		c->work(&f);
		compute(&f, NULL);
		CHECK(true, "%s", c->name);
		check_changes(&f, c->want);
		/* Once more: it leaves nothing that changes the result. */
		compute(&f, NULL);
		check_changes(&f, c->want);
		teardown(&f);
	}
}

static void check_text(struct fixture *f, const char *path, const char *want)
{
	auto_buf struct buf text = BUF_INIT(65536);

	CHECK_OK(workspace_differ_text(f->differ, &f->v.snapshot, find(f, path),
				       &text, &f->err),
		 &f->err);
	CHECK(strstr(text.data, want), "'%s': got '%s'", path, text.data);
}

static void test_changes_say_all_there_is_to_know(void **state unused)
{
	const struct change *c;
	struct fixture f;
	struct stat st;

	setup(&f);
	write_again(&f);
	rename_dir(&f);
	guest_chmod(&f.g, "b", 0755);
	assert_true(tree_stat(f.w, "a", &st));
	compute(&f, NULL);
	c = find(&f, "a");
	assert_string_equal(c->base_hash, "6b86b273ff34fce19d6b804eff5a3f57"
					  "47ada4eaa22f1d49c01e52ddb7875b4b");
	assert_int_equal(c->base_mode, 0644);
	assert_int_equal(c->base_identity.ino, st.st_ino);
	assert_int_equal(c->size, 5);
	assert_int_equal(c->source_root, CHANGE_FROM_SESSION);
	assert_true(tree_is(f.v.snapshot.path, c->source, "guest"));
	check_text(&f, "a", "-1\n");
	c = find(&f, "new/l");
	assert_string_equal(c->target, "x");
	c = find(&f, "new/x");
	assert_string_equal(c->renamed_from, "d/x");
	assert_int_equal(c->source_root, CHANGE_FROM_SESSION);
	assert_true(change_is_mode_only(find(&f, "b")));
	check_text(&f, "b", "old mode 100644\nnew mode 100755\n");
	teardown(&f);
}

static void test_moved_files_are_the_users_own(void **state unused)
{
	const struct change *c;
	struct fixture f;

	setup(&f);
	guest_rename(&f.g, "d", "new");
	compute(&f, NULL);
	c = find(&f, "new/sub/y");
	assert_int_equal(c->source_root, CHANGE_FROM_ORIGINAL);
	assert_string_equal(c->source, "d/sub/y");
	assert_string_equal(c->renamed_from, "d/sub/y");
	assert_string_equal(find(&f, "d/sub/y")->base_hash, c->hash);
	check_text(&f, "new/sub/y", "+dy\n");
	teardown(&f);
}

static void test_swapped_files_are_written_from_copies(void **state unused)
{
	const struct change *a, *b;
	struct fixture f;

	setup(&f);
	swap_files(&f);
	compute(&f, NULL);
	a = find(&f, "a");
	b = find(&f, "b");
	assert_int_equal(a->source_root, CHANGE_FROM_SESSION);
	assert_true(tree_is(f.v.snapshot.path, a->source, "2"));
	assert_true(tree_is(f.v.snapshot.path, b->source, "1"));
	teardown(&f);
}

static void test_users_edits_are_not_the_guests(void **state unused)
{
	struct fixture f;

	setup(&f);
	guest_write(&f.g, "a", "same");
	guest_write(&f.g, "b", "guest");
	guest_remove(&f.g, "run");
	guest_remove(&f.g, "e/x");
	guest_remove(&f.g, "e");
	guest_write(&f.g, "new", "same");
	tree_write(f.w, "a", "same");
	tree_write(f.w, "b", "user's");
	tree_delete(f.w, "run");
	tree_write(f.w, "e/mine", "user's");
	tree_write(f.w, "d/mine", "user's");
	tree_write(f.w, "new", "same");
	compute(&f, NULL);
	check_changes(&f, "M b D e/ D e/x ");
	/* printf 2 | sha256sum */
	assert_string_equal(find(&f, "b")->base_hash,
			    "d4735e3a265e16eee03f59718b9b5d03"
			    "019c07d8b6c51f90da3a666eec13ab35");
	teardown(&f);
}

static void test_excluded_work_is_named(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_DIFF);
	struct fixture f;

	setup(&f);
	CHECK_OK(exclude_add_pattern(x, "/e/", &f.err), &f.err);
	guest_mkdir(&f.g, "node_modules");
	guest_write(&f.g, "node_modules/m", "1");
	guest_write(&f.g, ".env", "1");
	guest_remove(&f.g, "e/x");
	guest_symlink(&f.g, ".ssh", "d");
	guest_get(&f.g, "a");
	guest_write(&f.g, "a", "guest");
	compute(&f, x);
	check_changes(&f, "M a ");
	assert_true(tree_progress_says(&f.v.progress, "'node_modules' is ex"));
	assert_false(tree_progress_says(&f.v.progress, "node_modules/m"));
	assert_true(tree_progress_says(&f.v.progress, "'.env' is excluded"));
	assert_true(tree_progress_says(&f.v.progress, "'e' is excluded"));
	assert_true(tree_progress_says(&f.v.progress, "'.ssh' is excluded"));
	exclude_free(x);
	teardown(&f);
}

static void test_what_is_moved_to_an_excluded_place_stays(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_DIFF);
	struct fixture f;

	setup(&f);
	guest_write(&f.g, "d/x", "guest");
	guest_rename(&f.g, "d", "build");
	guest_rename(&f.g, "a", "a.key");
	compute(&f, x);
	check_changes(&f, "");
	assert_true(tree_progress_says(&f.v.progress, "'build' is excluded"));
	assert_true(tree_progress_says(&f.v.progress, "'a.key' is excluded"));
	exclude_free(x);
	teardown(&f);
}

/* What the guest never saw does not come into view by a rename. */
static void test_excluded_files_do_not_move(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_DIFF);
	struct fixture f;

	setup(&f);
	CHECK_OK(exclude_add_pattern(x, "d/sub/secret", &f.err), &f.err);
	tree_write(f.w, "d/sub/secret", "s");
	tree_write(f.w, "d/.env", "s");
	guest_rename(&f.g, "d", "new");
	compute(&f, x);
	check_changes(&f, "D d/ D d/l@ D d/sub/ D d/sub/y D d/x A new/l@ "
			  "A new/sub/y A new/x ");
	exclude_free(x);
	teardown(&f);
}

static void test_special_files_and_links_out_are_named(void **state unused)
{
	struct fixture f;

	setup(&f);
	discard(guest_create(&f.g, "fifo", OVERLAY_FIFO, 0644, NULL));
	discard(guest_create(&f.g, "sock", OVERLAY_SOCKET, 0644, NULL));
	guest_symlink(&f.g, "away", "../../x");
	guest_remove(&f.g, "a");
	discard(guest_create(&f.g, "a", OVERLAY_FIFO, 0644, NULL));
	guest_rename(&f.g, "out", "out2");
	compute(&f, NULL);
	check_changes(&f, "");
	assert_true(tree_progress_says(&f.v.progress, "'fifo' is neither"));
	assert_true(tree_progress_says(&f.v.progress, "'sock' is neither"));
	assert_true(tree_progress_says(&f.v.progress, "'a' is neither"));
	assert_true(tree_progress_says(&f.v.progress, "'away' is a symlink"));
	assert_true(tree_progress_says(&f.v.progress, "'out2' is a symlink"));
	teardown(&f);
}

static void test_bare_repository_is_not_brought_back(void **state unused)
{
	struct fixture f;

	setup(&f);
	guest_mkdir(&f.g, "r");
	guest_write(&f.g, "r/HEAD", "ref: refs/heads/main\n");
	guest_write(&f.g, "r/config", "[core]\n\tfsmonitor = evil\n");
	guest_mkdir(&f.g, "r/objects");
	guest_mkdir(&f.g, "r/refs");
	guest_write(&f.g, "a", "guest");
	compute(&f, NULL);
	check_changes(&f, "M a ");
	assert_true(tree_progress_says(&f.v.progress, "'r' looks like"));
	teardown(&f);
}

/* A part of it was taken, or all, or nothing; the rest was put off. */
static void test_what_was_decided_is_not_shown_again(void **state unused)
{
	struct fixture f;

	setup(&f);
	guest_write(&f.g, "a", "guest");
	guest_write(&f.g, "new", "guest");
	guest_remove(&f.g, "b");
	compute(&f, NULL);
	check_changes(&f, "M a D b A new ");
	f.changes.v[0].is_asked = true;
	f.changes.v[1].is_asked = true;
	CHECK_OK(workspace_differ_settle(f.differ, &f.v.snapshot, &f.changes,
					 &f.err),
		 &f.err);
	tree_write(f.g.w, "a", "part");
	compute(&f, NULL);
	check_changes(&f, "A new ");
	teardown(&f);
}

static void test_lost_content_is_named(void **state unused)
{
	struct fixture f;
	auto_free char *object = NULL;

	setup(&f);
	guest_write(&f.g, "a", "guest");
	object = guest_object(guest_get(&f.g, "a"));
	guest_lose(&f.g, guest_get(&f.g, "a"));
	/* Whoever can write there may try this. */
	tree_link(f.g.s, object, "/etc/passwd");
	compute(&f, NULL);
	check_changes(&f, "");
	assert_true(tree_progress_says(&f.v.progress, "'a' cannot be read"));
	teardown(&f);
}

static void append(struct fixture *f, const void *p, size_t len)
{
	CHECK(fwrite(p, 1, len, f->g.records) == len, "append");
	CHECK(!fflush(f->g.records), "append");
}

static void test_damaged_records_are_an_error(void **state unused)
{
	unsigned char junk[64];
	struct fixture f;

	memset(junk, 0xff, sizeof(junk));
	setup(&f);
	guest_write(&f.g, "a", "guest");
	append(&f, junk, sizeof(junk));
	f.err = ERR_INIT;
	if (workspace_differ_compute(f.differ, &f.v.snapshot, NULL, &f.changes,
				     &f.err) < 0)
		assert_int_equal(f.err.kind, ERR_INTEGRITY);
	else
		check_changes(&f, "M a ");
	teardown(&f);
}

static void test_record_cut_short_is_the_end(void **state unused)
{
	struct fixture f;
	struct stat st;
	auto_free char *path = NULL;

	setup(&f);
	path = tree_path(f.g.s, "records");
	guest_write(&f.g, "a", "guest");
	assert_true(tree_stat(f.g.s, "records", &st));
	guest_remove(&f.g, "b");
	assert_int_equal(truncate(path, st.st_size + 3), 0);
	compute(&f, NULL);
	check_changes(&f, "M a ");
	assert_int_equal(unlink(path), 0);
	compute(&f, NULL);
	check_changes(&f, "");
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_of_the_guest_is_found),
		cmocka_unit_test(test_changes_say_all_there_is_to_know),
		cmocka_unit_test(test_moved_files_are_the_users_own),
		cmocka_unit_test(test_swapped_files_are_written_from_copies),
		cmocka_unit_test(test_users_edits_are_not_the_guests),
		cmocka_unit_test(test_excluded_work_is_named),
		cmocka_unit_test(test_what_is_moved_to_an_excluded_place_stays),
		cmocka_unit_test(test_excluded_files_do_not_move),
		cmocka_unit_test(test_special_files_and_links_out_are_named),
		cmocka_unit_test(test_bare_repository_is_not_brought_back),
		cmocka_unit_test(test_what_was_decided_is_not_shown_again),
		cmocka_unit_test(test_lost_content_is_named),
		cmocka_unit_test(test_damaged_records_are_an_error),
		cmocka_unit_test(test_record_cut_short_is_the_end),
	};

	return RUN_TESTS(tests);
}
