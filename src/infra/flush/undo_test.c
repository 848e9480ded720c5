// SPDX-License-Identifier: Apache-2.0
/*
 * undo_test.c - what a flush replaced comes back, and nothing that the user
 * wrote since is touched.
 */
#include "support/flush.h"

#include <signal.h>
#include <sys/wait.h>

#include "infra/flush/settle.h"
#include "infra/flush/undo_dir.h"
#include "infra/flush/undo_writer.h"

struct undo_fixture {
	struct fixture f;
	char *dir; /* owned; of all flushes */
	struct undo_store *store;
};

static void setup_undo(struct undo_fixture *u)
{
	setup(&u->f);
	flusher_free(u->f.flusher);
	u->dir = tree_path(u->f.v.dir, "undo");
	u->f.flusher = flusher_new(&(struct flusher_config){
		.log = &u->f.v.log,
		.progress = &u->f.v.progress.base,
		.undo_dir = u->dir,
	});
	u->store = undo_dir_new(u->dir, &u->f.v.log);
}

static void teardown_undo(struct undo_fixture *u)
{
	undo_dir_free(u->store);
	teardown(&u->f);
	free(u->dir);
}

static char *last_id(struct undo_fixture *u)
{
	auto_undo_list struct undo_list list = UNDO_LIST_INIT;

	CHECK_OK(undo_store_list(u->store, &list, &u->f.err), &u->f.err);
	return list.n ? xstrdup(list.v[0].id) : NULL;
}

/* As the application does it. */
static int undo(struct undo_fixture *u, const char *id,
		struct flush_report *report)
{
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	auto_strv struct strv lost = STRV_INIT;
	auto_free char *path = NULL;
	struct workspace_snapshot s = { .restores = true };
	int r;

	u->f.err = ERR_INIT;
	CHECK_OK(undo_store_load(u->store, id, &path, &m, &u->f.err),
		 &u->f.err);
	s.original = m.head.workspace;
	s.path = path;
	undo_changes(&m, &changes, &lost);
	assert_int_equal(lost.n, 0);
	r = workspace_flusher_flush(u->f.flusher, &s, &changes, report,
				    &u->f.err);
	assert_true(tree_is_clean(u->f.w));
	return r;
}

/* A workspace of all sorts, and a guest that changes each. */
static void change_everything(struct fixture *f)
{
	view_file(&f->v, "modified", "old", 0640);
	view_file(&f->v, "deleted", "was here", 0600);
	view_file(&f->v, "script", "#!", 0644);
	view_file(&f->v, "becomes-dir", "file", 0644);
	view_file(&f->v, "becomes-link", "file", 0644);
	view_link(&f->v, "link", "modified");
	view_link(&f->v, "outside", "../../elsewhere");
	view_dir(&f->v, "gone");
	view_dir(&f->v, "becomes-file");
	view_seal(&f->v);
	tree_write(f->g, "modified", "new");
	tree_write(f->g, "added/deep/file", "added");
	tree_chmod(f->g, "script", 0755);
	tree_delete(f->g, "becomes-dir");
	tree_write(f->g, "becomes-dir/below", "x");
	tree_delete(f->g, "becomes-link");
	tree_link(f->g, "becomes-link", "modified");
	tree_delete(f->g, "link");
	tree_link(f->g, "link", "script");
	tree_delete(f->g, "outside");
	tree_write(f->g, "outside", "now a file");
	tree_delete(f->g, "becomes-file");
	tree_write(f->g, "becomes-file", "file");
	add(f, CHANGE_MODIFIED, "modified");
	add(f, CHANGE_ADDED, "added/deep/file");
	add(f, CHANGE_DELETED, "deleted");
	add(f, CHANGE_MODIFIED, "script");
	add(f, CHANGE_MODIFIED, "becomes-dir");
	add(f, CHANGE_ADDED, "becomes-dir/below");
	add(f, CHANGE_MODIFIED, "becomes-link");
	add(f, CHANGE_MODIFIED, "link");
	add(f, CHANGE_MODIFIED, "outside");
	add(f, CHANGE_DELETED, "gone");
	add(f, CHANGE_MODIFIED, "becomes-file");
	change_list_sort(&f->changes);
}

static bool leads_to(const char *dir, const char *path, const char *want)
{
	auto_free char *full = tree_path(dir, path);
	char text[256] = "";

	return readlink(full, text, sizeof(text) - 1) > 0 &&
	       !strcmp(text, want);
}

static void check_old(const struct fixture *f)
{
	assert_true(tree_is(f->w, "modified", "old"));
	assert_int_equal(tree_mode(f->w, "modified"), 0640);
	assert_true(tree_is(f->w, "deleted", "was here"));
	assert_int_equal(tree_mode(f->w, "deleted"), 0600);
	assert_int_equal(tree_mode(f->w, "script"), 0644);
	assert_true(tree_is(f->w, "becomes-dir", "file"));
	assert_true(tree_is(f->w, "becomes-link", "file"));
	assert_true(leads_to(f->w, "link", "modified"));
	assert_true(leads_to(f->w, "outside", "../../elsewhere"));
	assert_true(tree_has(f->w, "gone/."));
	assert_true(tree_has(f->w, "becomes-file/."));
	assert_false(tree_has(f->w, "added"));
}

static void check_new(const struct fixture *f)
{
	assert_true(tree_is(f->w, "modified", "new"));
	assert_false(tree_has(f->w, "deleted"));
	assert_int_equal(tree_mode(f->w, "script"), 0755);
	assert_true(tree_is(f->w, "becomes-dir/below", "x"));
	assert_true(leads_to(f->w, "becomes-link", "modified"));
	assert_true(leads_to(f->w, "link", "script"));
	assert_true(tree_is(f->w, "outside", "now a file"));
	assert_false(tree_has(f->w, "gone"));
	assert_true(tree_is(f->w, "becomes-file", "file"));
	assert_true(tree_is(f->w, "added/deep/file", "added"));
}

static void test_everything_comes_back_and_again(void **state unused)
{
	auto_free char *id = NULL, *redo = NULL;
	struct flush_report report;
	struct undo_fixture u;

	setup_undo(&u);
	change_everything(&u.f);
	CHECK_OK(flush(&u.f), &u.f.err);
	check_new(&u.f);
	id = last_id(&u);
	CHECK_OK(undo(&u, id, &report), &u.f.err);
	check_old(&u.f);
	redo = last_id(&u);
	assert_string_not_equal(id, redo);
	/* Repeated, it finds everything done. */
	CHECK_OK(undo(&u, id, &report), &u.f.err);
	check_old(&u.f);
	/* And an undo is undone likewise. */
	CHECK_OK(undo(&u, redo, &report), &u.f.err);
	check_new(&u.f);
	teardown_undo(&u);
}

static void test_later_edit_is_refused_and_the_rest_goes_on(void **state unused)
{
	auto_free char *id = NULL;
	struct flush_report report;
	struct undo_fixture u;

	setup_undo(&u);
	view_file(&u.f.v, "a", "old a", 0644);
	view_file(&u.f.v, "b", "old b", 0644);
	view_file(&u.f.v, "c", "old c", 0644);
	view_seal(&u.f.v);
	tree_write(u.f.g, "a", "new a");
	tree_write(u.f.g, "b", "new b");
	tree_write(u.f.g, "n", "new");
	add(&u.f, CHANGE_MODIFIED, "a");
	add(&u.f, CHANGE_MODIFIED, "b");
	add(&u.f, CHANGE_DELETED, "c");
	add(&u.f, CHANGE_ADDED, "n");
	CHECK_OK(flush(&u.f), &u.f.err);
	tree_write(u.f.w, "a", "mine");
	tree_write(u.f.w, "c", "mine too");
	tree_write(u.f.w, "n", "also mine");
	id = last_id(&u);
	assert_true(undo(&u, id, &report) < 0);
	assert_int_equal(u.f.err.kind, ERR_CONFLICT);
	assert_int_equal(report.failed, 3);
	assert_int_equal(report.written, 1);
	assert_true(tree_is(u.f.w, "a", "mine"));
	assert_true(tree_is(u.f.w, "b", "old b"));
	assert_true(tree_is(u.f.w, "c", "mine too"));
	assert_true(tree_is(u.f.w, "n", "also mine"));
	teardown_undo(&u);
}

static void test_what_was_not_written_is_not_undone(void **state unused)
{
	auto_undo_list struct undo_list list = UNDO_LIST_INIT;
	struct undo_fixture u;

	setup_undo(&u);
	view_file(&u.f.v, "a", "old", 0644);
	view_seal(&u.f.v);
	tree_write(u.f.g, "a", "new");
	add(&u.f, CHANGE_MODIFIED, "a");
	tree_write(u.f.w, "a", "mine");
	CHECK_FAILS(flush(&u.f), &u.f.err, ERR_CONFLICT, "'a' was changed");
	CHECK_OK(undo_store_list(u.store, &list, &u.f.err), &u.f.err);
	assert_int_equal(list.n, 0);
	teardown_undo(&u);
}

static void test_only_the_last_ones_are_kept(void **state unused)
{
	static const char others[] = "bbox-undo 1\0/other\0"
				     "1\0flush";
	auto_undo_list struct undo_list list = UNDO_LIST_INIT;
	struct undo_fixture u;
	char text[32];

	setup_undo(&u);
	view_seal(&u.f.v);
	/* Another workspace's is nobody's business. */
	tree_write_bytes(u.dir, "00000000000000aa/manifest", others,
			 sizeof(others));
	tree_write(u.dir, "00000000000000bb/manifest", "garbage");
	for (int i = 0; i < UNDO_SESSIONS_MAX + 3; i++) {
		snprintf(text, sizeof(text), "f%d", i);
		tree_write(u.f.g, text, "x");
		add(&u.f, CHANGE_ADDED, text);
		CHECK_OK(flush(&u.f), &u.f.err);
		change_list_release(&u.f.changes);
	}
	CHECK_OK(undo_store_list(u.store, &list, &u.f.err), &u.f.err);
	assert_int_equal(list.n, UNDO_SESSIONS_MAX + 1);
	assert_string_equal(list.v[list.n - 1].head.workspace, "/other");
	assert_false(tree_has(u.dir, "00000000000000bb"));
	for (size_t i = 1; i + 1 < list.n; i++)
		assert_true(list.v[i - 1].head.time_ns >=
			    list.v[i].head.time_ns);
	teardown_undo(&u);
}

static void test_too_big_is_said_and_written_all_the_same(void **state unused)
{
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	auto_free char *big = NULL, *id = NULL, *path = NULL;
	struct undo_fixture u;

	setup_undo(&u);
	view_file(&u.f.v, "big", "", 0644);
	big = tree_path(u.f.w, "big");
	CHECK(!truncate(big, (off_t)UNDO_FILE_MAX + 1), "truncate");
	view_seal(&u.f.v);
	tree_write(u.f.g, "big", "small");
	add(&u.f, CHANGE_MODIFIED, "big")->base_known = false;
	{
		struct change *c = &u.f.changes.v[0];
		struct stat st;

		CHECK(tree_stat(u.f.w, "big", &st), "big");
		c->base_known = true;
		c->base_type = CHANGE_FILE;
		c->base_identity = file_identity_of(&st);
	}
	CHECK_OK(flush(&u.f), &u.f.err);
	assert_true(tree_is(u.f.w, "big", "small"));
	id = last_id(&u);
	CHECK_OK(undo_store_load(u.store, id, &path, &m, &u.f.err), &u.f.err);
	assert_int_equal(m.n, 1);
	/* Where blocks can be shared it is kept for nothing. */
	assert_true(!!m.v[0].object !=
		    tree_progress_says(&u.f.v.progress, "too big to be kept"));
	teardown_undo(&u);
}

static void test_unsaved_is_unwritten(void **state unused)
{
	struct undo_fixture u;

	setup_undo(&u);
	view_file(&u.f.v, "a", "old", 0644);
	view_seal(&u.f.v);
	tree_write(u.f.g, "a", "new");
	add(&u.f, CHANGE_MODIFIED, "a");
	/* No place for what is to be kept. */
	tree_write(u.f.v.dir, "undo", "a file");
	CHECK_FAILS(flush(&u.f), &u.f.err, ERR_SYSTEM, "keep old versions");
	assert_true(tree_is(u.f.w, "a", "old"));
	assert_int_equal(u.f.report.failed, 1);
	teardown_undo(&u);
}

static void test_undone_is_marked(void **state unused)
{
	auto_undo_list struct undo_list list = UNDO_LIST_INIT;
	auto_free char *id = NULL;
	struct undo_fixture u;

	setup_undo(&u);
	view_seal(&u.f.v);
	tree_write(u.f.g, "a", "new");
	add(&u.f, CHANGE_ADDED, "a");
	CHECK_OK(flush(&u.f), &u.f.err);
	id = last_id(&u);
	CHECK_OK(undo_store_finish(u.store, id, &u.f.err), &u.f.err);
	CHECK_OK(undo_store_list(u.store, &list, &u.f.err), &u.f.err);
	assert_true(list.v[0].undone);
	CHECK_FAILS(undo_store_finish(u.store, "0000000000000001", &u.f.err),
		    &u.f.err, ERR_NOT_FOUND, "manifest");
	teardown_undo(&u);
}

static void test_ids_lead_nowhere(void **state unused)
{
	static const char *const ids[] = { "", "..", "../w", "/", "x", "a/b" };
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	struct undo_fixture u;
	char *path = NULL;

	setup_undo(&u);
	tree_mkdir(u.f.v.dir, "undo");
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		CHECK_FAILS(
			undo_store_load(u.store, ids[i], &path, &m, &u.f.err),
			&u.f.err, ERR_NOT_FOUND, "no flush");
	teardown_undo(&u);
}

#define KILLED_FILES 40

/* A flush, or an undo, that is killed: each file is old or new, no third. */
static void kill_one(unsigned int delay_us)
{
	auto_free char *id = NULL, *journal = NULL;
	struct undo_fixture u;
	struct flush_report report;
	char path[32];
	pid_t child;

	setup_undo(&u);
	for (int i = 0; i < KILLED_FILES; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		view_file(&u.f.v, path, "old", 0644);
	}
	view_seal(&u.f.v);
	for (int i = 0; i < KILLED_FILES; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		if (i % 3 == 1) {
			add(&u.f, CHANGE_DELETED, path);
			continue;
		}
		tree_write(u.f.g, path, "new");
		add(&u.f, CHANGE_MODIFIED, path);
	}
	child = fork();
	if (!child)
		_exit(flush(&u.f) < 0);
	usleep(delay_us);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	journal = tree_path(u.f.v.dir, "v" JOURNAL_SUFFIX);
	settle_journal(journal, &u.f.v.progress.base, &u.f.v.log);
	CHECK(tree_is_clean(u.f.w), "after %u us", delay_us);
	for (int i = 0; i < KILLED_FILES; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		CHECK(tree_is(u.f.w, path, "old") ||
			      (i % 3 == 1 ? !tree_has(u.f.w, path)
					  : tree_is(u.f.w, path, "new")),
		      "'%s' after %u us", path, delay_us);
	}
	id = last_id(&u);
	if (id)
		CHECK_OK(undo(&u, id, &report), &u.f.err);
	for (int i = 0; i < KILLED_FILES; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		CHECK(tree_is(u.f.w, path, "old"), "'%s' after %u us and undo",
		      path, delay_us);
	}
	teardown_undo(&u);
}

static void test_killed_flush_is_settled_and_undone(void **state unused)
{
	for (unsigned int delay_us = 0; delay_us < 60000; delay_us += 3000)
		kill_one(delay_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_comes_back_and_again),
		cmocka_unit_test(
			test_later_edit_is_refused_and_the_rest_goes_on),
		cmocka_unit_test(test_what_was_not_written_is_not_undone),
		cmocka_unit_test(test_only_the_last_ones_are_kept),
		cmocka_unit_test(test_too_big_is_said_and_written_all_the_same),
		cmocka_unit_test(test_unsaved_is_unwritten),
		cmocka_unit_test(test_undone_is_marked),
		cmocka_unit_test(test_ids_lead_nowhere),
		cmocka_unit_test(test_killed_flush_is_settled_and_undone),
	};

	return RUN_TESTS(tests);
}
