// SPDX-License-Identifier: Apache-2.0
/*
 * lazy_view_test.c - a view that starts empty, whatever the workspace holds,
 * and is removed, kept or swept like any other.
 */
#include "infra/workspace/lazy_view.h"

#include "support/tree.h"

#include <dirent.h>

#include "infra/workspace/sentinel.h"
#include "infra/workspace/snapshot_dir.h"

/* A workspace "w" and a cache "c" in one temporary directory. */
struct fixture {
	char *dir, *workspace, *cache; /* owned */
	struct log log;
	struct workspace_cloner *cloner;
	struct workspace_snapshot *snapshot; /* NULL until taken */
	struct err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .log = LOG_DISCARD, .err = ERR_INIT };
	f->dir = tree_new();
	tree_mkdir(f->dir, "w");
	f->workspace = tree_path(f->dir, "w");
	f->cache = tree_path(f->dir, "c");
	f->cloner = lazy_view_new(&(struct lazy_view_config){
		.cache_dir = f->cache,
		.log = &f->log,
	});
}

static void teardown(struct fixture *f)
{
	if (f->snapshot)
		CHECK_OK(workspace_cloner_discard(f->cloner, f->snapshot,
						  &f->err),
			 &f->err);
	lazy_view_free(f->cloner);
	tree_remove(f->dir);
	free(f->dir);
	free(f->workspace);
	free(f->cache);
}

static void take(struct fixture *f)
{
	CHECK_OK(workspace_cloner_create(f->cloner, f->workspace, NULL,
					 &f->snapshot, &f->err),
		 &f->err);
}

static size_t sweep(struct fixture *f)
{
	return workspace_sweep(&(struct sweep_config){ .cache_dir = f->cache,
						       .log = &f->log });
}

static size_t count(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n ? n - 2 : 0;
}

static size_t count_snapshots(const struct fixture *f)
{
	auto_free char *base = tree_path(f->cache, SNAPSHOT_DIR_BASE);

	return count(base);
}

static void test_view_starts_empty_and_private(void **state unused)
{
	auto_free char *real = NULL;
	const struct workspace_snapshot *s;
	struct fixture f;

	setup(&f);
	/* Not even readable: nothing of the content is looked at. */
	tree_write(f.workspace, "sub/file", "content");
	tree_chmod(f.workspace, "sub/file", 0);
	take(&f);
	s = f.snapshot;
	assert_int_equal(s->view, WORKSPACE_VIEW_LAZY);
	assert_null(s->baseline);
	CHECK_OK(fs_real_path(f.workspace, &real, &f.err), &f.err);
	assert_string_equal(s->original, real);
	assert_int_equal(tree_mode(s->path, "."), 0700);
	assert_int_equal(count(s->path), 0);
	teardown(&f);
}

static void test_workspace_is_named_by_its_real_path(void **state unused)
{
	auto_free char *real = NULL;
	struct fixture f;

	setup(&f);
	CHECK_OK(fs_real_path(f.workspace, &real, &f.err), &f.err);
	tree_link(f.dir, "link", "w");
	free(f.workspace);
	f.workspace = tree_path(f.dir, "link/../link/.");
	take(&f);
	assert_string_equal(f.snapshot->original, real);
	teardown(&f);
}

static void test_discarded_view_is_gone(void **state unused)
{
	struct fixture f;

	setup(&f);
	take(&f);
	tree_write(f.snapshot->path, "objects/0000000000000002", "new");
	/* Another session's sweep leaves the living alone. */
	sweep(&f);
	assert_true(tree_has(f.snapshot->path, "objects/0000000000000002"));
	CHECK_OK(workspace_cloner_discard(f.cloner, f.snapshot, &f.err),
		 &f.err);
	f.snapshot = NULL;
	assert_int_equal(count_snapshots(&f), 0);
	teardown(&f);
}

static void test_kept_view_survives_the_sweep(void **state unused)
{
	auto_free char *path = NULL;
	struct fixture f;

	setup(&f);
	take(&f);
	tree_write(f.snapshot->path, "records", "r");
	path = xstrdup(f.snapshot->path);
	workspace_cloner_keep(f.cloner, take_ptr(f.snapshot));
	sweep(&f);
	assert_true(tree_has(path, "records"));
	assert_int_equal(count_snapshots(&f), 1);
	teardown(&f);
}

static void test_bad_workspaces_are_refused(void **state unused)
{
	/* clang-format off */
	static const struct {
		const char *path;
		enum err_kind kind;
		const char *text;
	} cases[] = {
		{ "nothing", ERR_NOT_FOUND, "nothing" },
		{ "file", ERR_SYSTEM, "Not a directory" },
		{ "c/" SNAPSHOT_DIR_BASE, ERR_INVALID, "directory of snapshots" },
		{ "c/" SNAPSHOT_DIR_BASE "/mine", ERR_INVALID,
		  "directory of snapshots" },
	};
	/* clang-format on */
	struct fixture f;

	setup(&f);
	tree_write(f.dir, "file", "");
	tree_mkdir(f.dir, "c/" SNAPSHOT_DIR_BASE "/mine");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *path = tree_path(f.dir, cases[i].path);

		CHECK_FAILS(workspace_cloner_create(f.cloner, path, NULL,
						    &f.snapshot, &f.err),
			    &f.err, cases[i].kind, cases[i].text);
		assert_null(f.snapshot);
	}
	/* Nothing but what the test has put there. */
	assert_int_equal(count_snapshots(&f), 1);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view_starts_empty_and_private),
		cmocka_unit_test(test_workspace_is_named_by_its_real_path),
		cmocka_unit_test(test_discarded_view_is_gone),
		cmocka_unit_test(test_kept_view_survives_the_sweep),
		cmocka_unit_test(test_bad_workspaces_are_refused),
	};

	return RUN_TESTS(tests);
}
