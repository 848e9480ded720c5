// SPDX-License-Identifier: Apache-2.0
/*
 * review_back_test.c - what a review can choose besides yes and no, brought
 * back: some hunks of a file, and each way out of a conflict.
 */
#include "support/guest.h"

#include <git2.h>

#include "infra/diff/differ.h"
#include "infra/diff/overlay_differ.h"
#include "infra/flush/flusher.h"

#define BASE "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"

struct fixture {
	struct view v;
	const char *w;
	struct guest g;
	struct workspace_differ *differ;
	struct workspace_flusher *flusher;
	struct change_list changes;
	struct err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .err = ERR_INIT };
	view_new(&f->v);
	f->v.snapshot.view = WORKSPACE_VIEW_LAZY;
	f->w = f->v.snapshot.original;
	tree_write(f->w, "f", BASE);
	guest_new(&f->g, &f->v);
	CHECK_OK(overlay_differ_new(
			 &(struct differ_config){
				 .log = &f->v.log,
				 .progress = &f->v.progress.base,
			 },
			 &f->differ, &f->err),
		 &f->err);
	f->flusher = flusher_new(&(struct flusher_config){
		.log = &f->v.log,
		.progress = &f->v.progress.base,
	});
	umask(022);
}

static void teardown(struct fixture *f)
{
	overlay_differ_free(f->differ);
	flusher_free(f->flusher);
	change_list_release(&f->changes);
	guest_free(&f->g);
	view_free(&f->v);
}

static struct change *compute(struct fixture *f, const char *path)
{
	struct change *change;

	change_list_release(&f->changes);
	CHECK_OK(workspace_differ_compute(f->differ, &f->v.snapshot, NULL,
					  &f->changes, &f->err),
		 &f->err);
	change = change_list_find(&f->changes, path);
	CHECK(change, "no change of '%s'", path);
	return change;
}

static int flush(struct fixture *f, struct change *change)
{
	struct flush_report report;

	change->decision = CHANGE_ACCEPTED;
	return workspace_flusher_flush(f->flusher, &f->v.snapshot, &f->changes,
				       &report, &f->err);
}

/* Stages the file with the hunks whose bits are set, as a review does. */
static void accept_hunks(struct fixture *f, struct change *change,
			 unsigned int bits)
{
	auto_hunk_list struct hunk_list hunks = HUNK_LIST_INIT;
	auto_buf struct buf text = BUF_INIT(65536);

	CHECK_OK(workspace_differ_split(f->differ, &f->v.snapshot, change,
					&hunks, &f->err),
		 &f->err);
	for (size_t i = 0; i < hunks.n; i++)
		hunks.v[i].accepted = bits >> i & 1;
	CHECK_OK(hunk_list_compose(&hunks, &text, &f->err), &f->err);
	CHECK_OK(workspace_differ_stage(f->differ, &f->v.snapshot, change,
					buf_span(&text), &f->err),
		 &f->err);
}

/* clang-format off */
static const struct hunk_case {
	const char *name, *before, *after;
	unsigned int bits;
	const char *want;
} hunk_cases[] = {
	{ "none", BASE, "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntwelve\n", 0,
	  BASE },
	{ "first", BASE, "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntwelve\n", 1,
	  "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n" },
	{ "second", BASE, "one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntwelve\n", 2,
	  "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntwelve\n" },
	{ "carriage returns",
	  "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n",
	  "x\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\n", 2,
	  "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\n" },
	{ "end of the last line", "1\n2\n3\n4\n5\n6\n7\n8\n9", "x\n2\n3\n4\n5\n"
	  "6\n7\n8\n9\n", 1, "x\n2\n3\n4\n5\n6\n7\n8\n9" },
	{ "to nothing", "1\n2\n", "", 1, "" },
	{ "from nothing", "", "1\n2", 1, "1\n2" },
};
/* clang-format on */

static void test_accepted_hunks_are_written(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(hunk_cases); i++) {
		const struct hunk_case *c = &hunk_cases[i];
		struct change *change;
		struct fixture f;

		setup(&f);
		tree_write(f.w, "f", c->before);
		guest_write(&f.g, "f", c->after);
		change = compute(&f, "f");
		assert_false(change->is_conflict);
		accept_hunks(&f, change, c->bits);
		CHECK_OK(flush(&f, change), &f.err);
		CHECK(tree_is(f.w, "f", c->want), "%s", c->name);
		assert_true(tree_is_clean(f.w));
		teardown(&f);
	}
}

/* The guest's own content is still there for another review. */
static void test_rejected_hunks_stay_in_the_session(void **state unused)
{
	const char *after = "x\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ny\n";
	auto_buf struct buf text = BUF_INIT(65536);
	struct change *change;
	struct fixture f;

	setup(&f);
	guest_write(&f.g, "f", after);
	accept_hunks(&f, compute(&f, "f"), 1);
	change = compute(&f, "f");
	CHECK_OK(workspace_differ_text(f.differ, &f.v.snapshot, change, &text,
				       &f.err),
		 &f.err);
	assert_non_null(strstr(text.data, "+x\n"));
	assert_non_null(strstr(text.data, "+y\n"));
	CHECK_OK(flush(&f, change), &f.err);
	assert_true(tree_is(f.w, "f", after));
	teardown(&f);
}

static void test_only_modified_text_has_hunks(void **state unused)
{
	auto_hunk_list struct hunk_list hunks = HUNK_LIST_INIT;
	struct fixture f;

	setup(&f);
	tree_write_bytes(f.w, "bin", "a\0b", 3);
	guest_write(&f.g, "bin", "text");
	guest_write(&f.g, "new", "text");
	guest_write(&f.g, "f", "text");
	CHECK_FAILS(workspace_differ_split(f.differ, &f.v.snapshot,
					   compute(&f, "new"), &hunks, &f.err),
		    &f.err, ERR_UNSUPPORTED, "only a modified file");
	tree_write(f.w, "f", "mine");
	CHECK_FAILS(workspace_differ_split(f.differ, &f.v.snapshot,
					   change_list_find(&f.changes, "f"),
					   &hunks, &f.err),
		    &f.err, ERR_CONFLICT, "meanwhile");
	CHECK_FAILS(workspace_differ_split(f.differ, &f.v.snapshot,
					   compute(&f, "f"), &hunks, &f.err),
		    &f.err, ERR_UNSUPPORTED, "only a modified file");
	assert_int_equal(hunks.n, 0);
	teardown(&f);
}

static void edit_both(struct fixture *f)
{
	guest_write(&f->g, "f", "agent\n");
	tree_write(f->w, "f", "mine\n");
}

static void delete_mine(struct fixture *f)
{
	guest_write(&f->g, "f", "agent\n");
	tree_delete(f->w, "f");
}

static void delete_theirs(struct fixture *f)
{
	guest_remove(&f->g, "f");
	tree_write(f->w, "f", "mine\n");
}

static void add_both(struct fixture *f)
{
	guest_remove(&f->g, "f");
	guest_write(&f->g, "f", "agent\n");
	tree_delete(f->w, "f");
	tree_link(f->w, "f", "elsewhere");
	tree_write(f->w, "elsewhere", "untouched\n");
}

static void link_theirs(struct fixture *f)
{
	guest_remove(&f->g, "f");
	guest_symlink(&f->g, "f", "elsewhere");
	tree_write(f->w, "f", "mine\n");
}

static void fill_dir(struct fixture *f)
{
	guest_write(&f->g, "n", "agent\n");
	tree_mkdir(f->w, "n");
}

/* clang-format off */
static const struct theirs_case {
	const char *name;
	void (*make)(struct fixture *f);
	const char *path, *want; /* NULL: nothing is there afterwards */
} theirs_cases[] = {
	{ "both edited", edit_both, "f", "agent\n" },
	{ "deleted by the user", delete_mine, "f", "agent\n" },
	{ "deleted by the agent", delete_theirs, "f", NULL },
	{ "file for the user's symlink", add_both, "f", "agent\n" },
	{ "symlink for the user's edit", link_theirs, "elsewhere", NULL },
	{ "file for the user's directory", fill_dir, "n", "agent\n" },
};
/* clang-format on */

static void test_theirs_replaces_what_is_there_now(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(theirs_cases); i++) {
		const struct theirs_case *c = &theirs_cases[i];
		struct change *change;
		struct fixture f;

		setup(&f);
		c->make(&f);
		change = compute(&f, c->make == fill_dir ? "n" : "f");
		CHECK(change->is_conflict, "%s", c->name);
		CHECK_OK(workspace_differ_take_theirs(f.differ, &f.v.snapshot,
						      change, &f.err),
			 &f.err);
		assert_false(change->is_conflict);
		CHECK_OK(flush(&f, change), &f.err);
		CHECK(c->want ? tree_is(f.w, c->path, c->want)
			      : !tree_has(f.w, c->path),
		      "%s", c->name);
		CHECK(c->make != link_theirs || !tree_is(f.w, "f", "mine\n"),
		      "%s: not written", c->name);
		CHECK(c->make != add_both ||
			      tree_is(f.w, "elsewhere", "untouched\n"),
		      "%s: followed", c->name);
		assert_true(tree_is_clean(f.w));
		teardown(&f);
	}
}

static void test_conflict_is_not_written_undecided(void **state unused)
{
	struct change *change;
	struct fixture f;

	setup(&f);
	edit_both(&f);
	change = compute(&f, "f");
	CHECK_FAILS(flush(&f, change), &f.err, ERR_CONFLICT, "is kept");
	assert_true(tree_is(f.w, "f", "mine\n"));
	teardown(&f);
}

/* Nobody has seen the third version. */
static void test_version_after_the_diff_is_never_replaced(void **state unused)
{
	struct change *change;
	struct fixture f;
	bool clean;

	setup(&f);
	edit_both(&f);
	change = compute(&f, "f");
	tree_write(f.w, "f", "mine again\n");
	CHECK_FAILS(workspace_differ_take_theirs(f.differ, &f.v.snapshot,
						 change, &f.err),
		    &f.err, ERR_CONFLICT, "again");
	CHECK_FAILS(workspace_differ_merge(f.differ, &f.v.snapshot, change,
					   &clean, &f.err),
		    &f.err, ERR_CONFLICT, "again");
	assert_true(change->is_conflict);
	change = compute(&f, "f");
	CHECK_OK(workspace_differ_take_theirs(f.differ, &f.v.snapshot, change,
					      &f.err),
		 &f.err);
	tree_write(f.w, "f", "and again\n");
	CHECK_FAILS(flush(&f, change), &f.err, ERR_CONFLICT, "is kept");
	assert_true(tree_is(f.w, "f", "and again\n"));
	teardown(&f);
}

/* The file is in the index, as after "git add". */
static void add_to_git(struct fixture *f)
{
	git_repository *repo = NULL;
	git_index *index = NULL;

	assert_int_equal(git_repository_init(&repo, f->w, 0), 0);
	assert_int_equal(git_repository_index(&index, repo), 0);
	assert_int_equal(git_index_add_bypath(index, "f"), 0);
	assert_int_equal(git_index_write(index), 0);
	git_index_free(index);
	git_repository_free(repo);
}

static void check_merge(bool with_git, const char *mine, const char *agent,
			bool want_clean, const char *want)
{
	auto_free char *got = NULL;
	bool clean = !want_clean;
	struct change *change;
	struct fixture f;

	setup(&f);
	if (with_git)
		add_to_git(&f);
	guest_write(&f.g, "f", agent);
	tree_write(f.w, "f", mine);
	change = compute(&f, "f");
	CHECK_OK(workspace_differ_merge(f.differ, &f.v.snapshot, change, &clean,
					&f.err),
		 &f.err);
	assert_int_equal(clean, want_clean);
	CHECK_OK(flush(&f, change), &f.err);
	got = tree_read(f.w, "f");
	CHECK(got && !strcmp(got, want), "got '%s'", got);
	teardown(&f);
}

static void test_both_are_merged(void **state unused)
{
	check_merge(/* with_git */ true,
		    "mine\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n",
		    "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\nagent\n",
		    /* want_clean */ true,
		    "mine\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\nagent\n");
	check_merge(/* with_git */ true,
		    "mine\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n",
		    "agent\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n",
		    /* want_clean */ false,
		    "<<<<<<< mine\nmine\n=======\nagent\n>>>>>>> agent\n"
		    "2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n");
	check_merge(/* with_git */ false, "same\nmine\n", "same\nagent\n",
		    /* want_clean */ false,
		    "same\n<<<<<<< mine\nmine\n=======\nagent\n"
		    ">>>>>>> agent\n");
}

static void test_what_is_no_text_is_not_merged(void **state unused)
{
	struct fixture f;
	bool clean;

	setup(&f);
	guest_write(&f.g, "f", "agent\n");
	tree_write_bytes(f.w, "f", "a\0b", 3);
	CHECK_FAILS(workspace_differ_merge(f.differ, &f.v.snapshot,
					   compute(&f, "f"), &clean, &f.err),
		    &f.err, ERR_UNSUPPORTED, "text files");
	tree_delete(f.w, "f");
	CHECK_FAILS(workspace_differ_merge(f.differ, &f.v.snapshot,
					   compute(&f, "f"), &clean, &f.err),
		    &f.err, ERR_UNSUPPORTED, "text files");
	tree_mkdir(f.w, "f");
	CHECK_FAILS(workspace_differ_merge(f.differ, &f.v.snapshot,
					   compute(&f, "f"), &clean, &f.err),
		    &f.err, ERR_UNSUPPORTED, "text files");
	teardown(&f);
}

/* The view of a copy is a directory that the guest had for itself. */
static void test_copy_stages_beside_the_guest(void **state unused)
{
	struct workspace_differ *differ, *lazy;
	struct change *change;
	struct fixture f;

	setup(&f);
	lazy = f.differ;
	f.v.snapshot.view = WORKSPACE_VIEW_COPY;
	view_file(&f.v, "c", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", 0644);
	view_seal(&f.v);
	tree_write(f.v.snapshot.path, "c", "x\n2\n3\n4\n5\n6\n7\n8\ny\n");
	CHECK_OK(differ_new(
			 &(struct differ_config){
				 .log = &f.v.log,
				 .progress = &f.v.progress.base,
			 },
			 &differ, &f.err),
		 &f.err);
	f.differ = differ;
	change = compute(&f, "c");
	accept_hunks(&f, change, 2);
	CHECK_OK(flush(&f, change), &f.err);
	assert_true(tree_is(f.w, "c", "1\n2\n3\n4\n5\n6\n7\n8\ny\n"));
	compute(&f, "c");
	for (size_t i = 0; i < f.changes.n; i++)
		CHECK(f.changes.v[i].path[0] != '.', "'%s' is a change",
		      f.changes.v[i].path);
	differ_free(differ);
	f.differ = lazy;
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted_hunks_are_written),
		cmocka_unit_test(test_rejected_hunks_stay_in_the_session),
		cmocka_unit_test(test_only_modified_text_has_hunks),
		cmocka_unit_test(test_theirs_replaces_what_is_there_now),
		cmocka_unit_test(test_conflict_is_not_written_undecided),
		cmocka_unit_test(test_version_after_the_diff_is_never_replaced),
		cmocka_unit_test(test_both_are_merged),
		cmocka_unit_test(test_what_is_no_text_is_not_merged),
		cmocka_unit_test(test_copy_stages_beside_the_guest),
	};

	return RUN_TESTS(tests);
}
