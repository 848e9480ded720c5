// SPDX-License-Identifier: Apache-2.0
#include "infra/workspace/cloner.h"

#include "support/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "infra/sys/fd.h"
#include "infra/workspace/sentinel.h"
#include "infra/workspace/snapshot_dir.h"

/* A workspace "w" and a cache "c" in one temporary directory. */
struct fixture {
	char *dir, *workspace, *cache; /* owned */
	struct tree_progress progress;
	struct log log;
	struct workspace_cloner *cloner;
	struct workspace_snapshot *snapshot; /* NULL until taken */
	struct err err;
};

static void setup(struct fixture *f, struct loop *loop)
{
	*f = (struct fixture){
		.progress = { .base = { &tree_progress_ops } },
		.log = LOG_DISCARD,
		.err = ERR_INIT,
	};
	f->dir = tree_new();
	tree_mkdir(f->dir, "w");
	f->workspace = tree_path(f->dir, "w");
	f->cache = tree_path(f->dir, "c");
	f->cloner = cloner_new(&(struct cloner_config){
		.cache_dir = f->cache,
		.log = &f->log,
		.progress = &f->progress.base,
		.loop = loop,
	});
}

static void teardown(struct fixture *f)
{
	if (f->snapshot)
		CHECK_OK(workspace_cloner_discard(f->cloner, f->snapshot,
						  &f->err),
			 &f->err);
	cloner_free(f->cloner);
	tree_progress_reset(&f->progress);
	tree_remove(f->dir);
	free(f->dir);
	free(f->workspace);
	free(f->cache);
}

/* Whatever the file system here can do. */
static void test_reflink_or_nothing(void **state unused)
{
	auto_free char *from = NULL, *to = NULL;
	auto_close int src = -1, dst = -1;
	struct cloner_config config;
	struct fixture f;
	bool can = false;

	setup(&f, /* loop */ NULL);
	tree_write(f.workspace, "empty", "");
	tree_write(f.workspace, "sub/f", "text");
	from = tree_path(f.workspace, "sub/f");
	to = tree_path(f.dir, "to");
	src = open(from, O_RDONLY | O_CLOEXEC);
	dst = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_OK(fs_copy_fd(src, dst, &can, &f.err), &f.err);
	config = (struct cloner_config){ .cache_dir = f.cache,
					 .log = &f.log,
					 .progress = &f.progress.base,
					 .reflink_only = true };
	cloner_free(f.cloner);
	f.cloner = cloner_new(&config);
	if (can) {
		CHECK_OK(workspace_cloner_create(f.cloner, f.workspace, NULL,
						 &f.snapshot, &f.err),
			 &f.err);
		assert_true(tree_is(f.snapshot->path, "sub/f", "text"));
	} else {
		CHECK_FAILS(workspace_cloner_create(f.cloner, f.workspace, NULL,
						    &f.snapshot, &f.err),
			    &f.err, ERR_UNSUPPORTED, "'sub/f'");
		assert_non_null(strstr(f.err.msg, "--workspace-snapshot lazy"));
	}
	teardown(&f);
}

static void take(struct fixture *f, const struct exclude *exclude)
{
	CHECK_OK(workspace_cloner_create(f->cloner, f->workspace, exclude,
					 &f->snapshot, &f->err),
		 &f->err);
}

static struct exclude *excluding(const char *const *patterns, size_t n)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n; i++)
		CHECK_OK(exclude_add_pattern(x, patterns[i], &err), &err);
	return x;
}

/* How many names the directory of snapshots holds. */
static size_t count_base(const struct fixture *f)
{
	auto_free char *base = tree_path(f->cache, SNAPSHOT_DIR_BASE);
	size_t n = 0;
	DIR *dir = opendir(base);

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n ? n - 2 : 0;
}

static void test_files_modes_and_times_are_copied(void **state unused)
{
	const struct timespec times[2] = {
		{ .tv_sec = 1 }, { .tv_sec = 1000000000, .tv_nsec = 5 }
	};
	auto_free char *script = NULL;
	struct fixture f;
	struct stat st;

	setup(&f, NULL);
	tree_write(f.workspace, "main.go", "package main\n");
	tree_write(f.workspace, "sub/lib.go", "package lib\n");
	tree_write(f.workspace, "run.sh", "#!/bin/sh\n");
	tree_write(f.workspace, "suid", "x");
	tree_write(f.workspace, "locked", "y");
	tree_mkdir(f.workspace, "empty/deep");
	tree_chmod(f.workspace, "run.sh", 0755);
	tree_chmod(f.workspace, "suid", 06755);
	tree_chmod(f.workspace, "locked", 0444);
	tree_chmod(f.workspace, "empty", 0555);
	script = tree_path(f.workspace, "run.sh");
	assert_int_equal(utimensat(AT_FDCWD, script, times, 0), 0);
	take(&f, NULL);
	assert_true(tree_is(f.snapshot->path, "main.go", "package main\n"));
	assert_true(tree_is(f.snapshot->path, "sub/lib.go", "package lib\n"));
	assert_int_equal(tree_mode(f.snapshot->path, "run.sh"), 0755);
	assert_int_equal(tree_mode(f.snapshot->path, "suid"), 0755);
	assert_int_equal(tree_mode(f.snapshot->path, "locked"), 0444);
	assert_int_equal(tree_mode(f.snapshot->path, "empty"), 0555);
	assert_true(tree_has(f.snapshot->path, "empty/deep"));
	assert_true(tree_stat(f.snapshot->path, "run.sh", &st));
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	teardown(&f);
}

static void test_snapshot_is_private_and_marked(void **state unused)
{
	auto_free char *base = NULL;
	auto_free char *marker = NULL;
	auto_free char *text = NULL;
	auto_free char *pid = xasprintf("%ld\n", (long)getpid());
	struct fixture f;
	struct stat st;

	setup(&f, NULL);
	take(&f, NULL);
	assert_true(tree_stat(f.snapshot->path, ".", &st));
	assert_int_equal(st.st_mode & 07777, 0700);
	base = tree_path(f.cache, SNAPSHOT_DIR_BASE);
	assert_int_equal(tree_mode(base, "."), 0700);
	assert_true(strstr(f.snapshot->path, "/" SNAPSHOT_PREFIX));
	marker = xasprintf("%s" SENTINEL_SUFFIX, f.snapshot->path);
	assert_int_equal(tree_mode("/", marker + 1), 0600);
	text = tree_read("/", marker + 1);
	assert_true(!strncmp(text, pid, strlen(pid)));
	/* The sweep of another session must not touch it. */
	workspace_sweep(
		&(struct sweep_config){ .cache_dir = f.cache, .log = &f.log });
	assert_true(tree_has(f.snapshot->path, "."));
	CHECK_OK(workspace_cloner_discard(f.cloner, f.snapshot, &f.err),
		 &f.err);
	f.snapshot = NULL;
	assert_int_equal(count_base(&f), 0);
	teardown(&f);
}

static void test_excluded_paths_are_left_out(void **state unused)
{
	static const char *const patterns[] = { "*.log", "gen/" };
	struct exclude *x = excluding(patterns, ARRAY_SIZE(patterns));
	struct fixture f;

	setup(&f, NULL);
	tree_write(f.workspace, "main.go", "");
	tree_write(f.workspace, ".env", "secret");
	tree_write(f.workspace, "a/b.log", "");
	tree_write(f.workspace, "gen/x/y", "");
	tree_write(f.workspace, "node_modules/pkg/index.js", "");
	take(&f, x);
	assert_true(tree_has(f.snapshot->path, "main.go"));
	assert_false(tree_has(f.snapshot->path, ".env"));
	assert_false(tree_has(f.snapshot->path, "a/b.log"));
	assert_false(tree_has(f.snapshot->path, "gen"));
	assert_false(tree_has(f.snapshot->path, "node_modules"));
	exclude_free(x);
	teardown(&f);
}

/* clang-format off */
static const struct link_case {
	const char *name, *text;
	bool absolute;	  /* @text is put behind the workspace's path */
	const char *want; /* NULL: left out */
} link_cases[] = {
	{ "l-same",      "target.txt",        false, "target.txt" },
	{ "l-dangling",  "nowhere/x",         false, "nowhere/x" },
	{ "l-root",      "..",                false, NULL },
	{ "sub/l-up",    "../target.txt",     false, "../target.txt" },
	{ "sub/l-top",   "..",                false, ".." },
	{ "l-etc",       "/etc/passwd",       false, NULL },
	{ "l-climb",     "../../../etc",      false, NULL },
	{ "l-by-link",   "out/passwd",        false, NULL },
	{ "l-abs",       "/target.txt",       true,  "target.txt" },
	{ "sub/l-abs",   "/target.txt",       true,  "../target.txt" },
	{ "sub/l-self",  "/sub",              true,  "." },
	{ "l-abs-out",   "/../elsewhere",     true,  NULL },
	{ "l-abs-gone",  "/nowhere/x",        true,  "nowhere/x" },
};
/* clang-format on */

static void test_symlinks_stay_inside_or_are_left_out(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	tree_write(f.workspace, "target.txt", "t");
	tree_mkdir(f.workspace, "sub");
	tree_link(f.workspace, "out", "/etc");
	for (size_t i = 0; i < ARRAY_SIZE(link_cases); i++) {
		const struct link_case *c = &link_cases[i];
		auto_free char *text = xasprintf(
			"%s%s", c->absolute ? f.workspace : "", c->text);

		tree_link(f.workspace, c->name, text);
	}
	take(&f, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(link_cases); i++) {
		const struct link_case *c = &link_cases[i];
		auto_free char *path = tree_path(f.snapshot->path, c->name);
		char text[512] = "";
		ssize_t n = readlink(path, text, sizeof(text) - 1);

		CHECK(c->want ? n > 0 && !strcmp(text, c->want) : n < 0,
		      "%s: got '%s', want '%s'", c->name, text,
		      c->want ? c->want : "(none)");
	}
	assert_true(tree_progress_says(&f.progress, "'l-etc' is a symlink out "
						    "of the workspace"));
	teardown(&f);
}

static void test_special_files_are_skipped_and_named(void **state unused)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_free char *fifo = NULL;
	struct fixture f;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setup(&f, NULL);
	tree_write(f.workspace, "file", "x");
	fifo = tree_path(f.workspace, "fi\nfo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", f.workspace);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)),
			 0);
	take(&f, NULL);
	assert_true(tree_has(f.snapshot->path, "file"));
	assert_false(tree_has(f.snapshot->path, "fi\nfo"));
	assert_false(tree_has(f.snapshot->path, "sock"));
	assert_true(tree_progress_says(&f.progress, "'fi\\nfo' is no regular"));
	assert_true(tree_progress_says(&f.progress, "'sock' is no regular"));
	close(fd);
	teardown(&f);
}

static void test_workspace_behind_a_symlink_is_copied(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	tree_write(f.workspace, "file", "x");
	tree_link(f.dir, "w2", "w");
	free(f.workspace);
	f.workspace = tree_path(f.dir, "w2");
	take(&f, NULL);
	assert_true(tree_is(f.snapshot->path, "file", "x"));
	assert_true(strstr(f.snapshot->original, "/w") &&
		    !strstr(f.snapshot->original, "/w2"));
	teardown(&f);
}

static void test_cache_inside_the_workspace_is_not_copied(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	free(f.workspace);
	f.workspace = xstrdup(f.dir);
	tree_write(f.workspace, "file", "x");
	take(&f, NULL);
	assert_true(tree_is(f.snapshot->path, "file", "x"));
	assert_true(tree_has(f.snapshot->path, "c"));
	assert_false(tree_has(f.snapshot->path, "c/" SNAPSHOT_DIR_BASE));
	teardown(&f);
}

static void test_workspace_inside_the_cache_is_refused(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	tree_mkdir(f.dir, "c/" SNAPSHOT_DIR_BASE "/mine");
	free(f.workspace);
	f.workspace = tree_path(f.cache, SNAPSHOT_DIR_BASE "/mine");
	CHECK_FAILS(workspace_cloner_create(f.cloner, f.workspace, NULL,
					    &f.snapshot, &f.err),
		    &f.err, ERR_INVALID, "directory of snapshots");
	teardown(&f);
}

static void test_missing_workspace_is_an_error(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	tree_delete(f.dir, "w");
	CHECK_FAILS(workspace_cloner_create(f.cloner, f.workspace, NULL,
					    &f.snapshot, &f.err),
		    &f.err, ERR_NOT_FOUND, "/w'");
	assert_int_equal(count_base(&f), 0);
	teardown(&f);
}

static void test_cancelled_copy_leaves_nothing(void **state unused)
{
	struct err err = ERR_INIT;
	struct loop *loop;
	struct fixture f;

	CHECK_OK(loop_new(&loop, &err), &err);
	CHECK_OK(loop_catch_signals(loop, &err), &err);
	setup(&f, loop);
	tree_write(f.workspace, "file", "x");
	take(&f, NULL);
	raise(SIGINT);
	CHECK_OK(workspace_cloner_discard(f.cloner, f.snapshot, &err), &err);
	CHECK_FAILS(workspace_cloner_create(f.cloner, f.workspace, NULL,
					    &f.snapshot, &f.err),
		    &f.err, ERR_CANCELLED, "interrupted");
	f.snapshot = NULL;
	assert_int_equal(count_base(&f), 0);
	teardown(&f);
	loop_free(loop);
}

/* Root reads everything; only an ordinary user can be refused. */
static void test_unreadable_entries_are_skipped_and_named(void **state unused)
{
	struct fixture f;

	if (!geteuid())
		skip();
	setup(&f, NULL);
	tree_write(f.workspace, "file", "x");
	tree_write(f.workspace, "secret", "x");
	tree_write(f.workspace, "dir/x", "x");
	tree_chmod(f.workspace, "secret", 0);
	tree_chmod(f.workspace, "dir", 0);
	take(&f, NULL);
	assert_true(tree_has(f.snapshot->path, "file"));
	assert_false(tree_has(f.snapshot->path, "secret"));
	assert_true(tree_progress_says(&f.progress, "'secret' cannot be read"));
	assert_true(tree_progress_says(&f.progress, "'dir' cannot be read"));
	teardown(&f);
}

static void test_unreadable_workspace_is_an_error(void **state unused)
{
	struct fixture f;

	if (!geteuid())
		skip();
	setup(&f, NULL);
	tree_chmod(f.dir, "w", 0);
	CHECK_FAILS(workspace_cloner_create(f.cloner, f.workspace, NULL,
					    &f.snapshot, &f.err),
		    &f.err, ERR_PERMISSION, "/w'");
	assert_int_equal(count_base(&f), 0);
	teardown(&f);
}

static void test_kept_snapshot_survives_the_sweep(void **state unused)
{
	auto_free char *path = NULL;
	struct fixture f;

	setup(&f, NULL);
	tree_write(f.workspace, "file", "x");
	take(&f, NULL);
	path = xstrdup(f.snapshot->path);
	workspace_cloner_keep(f.cloner, f.snapshot);
	f.snapshot = NULL;
	workspace_sweep(
		&(struct sweep_config){ .cache_dir = f.cache, .log = &f.log });
	assert_true(tree_is(path, "file", "x"));
	teardown(&f);
}

static void test_many_files_are_copied_and_remembered(void **state unused)
{
	struct fixture f;

	setup(&f, NULL);
	for (int i = 0; i < 2000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "d%d/f%d", i % 50, i);
		tree_write(f.workspace, path, path);
	}
	take(&f, NULL);
	assert_int_equal(baseline_count(f.snapshot->baseline), 2050);
	for (int i = 0; i < 2000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "d%d/f%d", i % 50, i);
		CHECK(tree_is(f.snapshot->path, path, path), "%s", path);
	}
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_modes_and_times_are_copied),
		cmocka_unit_test(test_snapshot_is_private_and_marked),
		cmocka_unit_test(test_excluded_paths_are_left_out),
		cmocka_unit_test(test_symlinks_stay_inside_or_are_left_out),
		cmocka_unit_test(test_special_files_are_skipped_and_named),
		cmocka_unit_test(test_workspace_behind_a_symlink_is_copied),
		cmocka_unit_test(test_cache_inside_the_workspace_is_not_copied),
		cmocka_unit_test(test_workspace_inside_the_cache_is_refused),
		cmocka_unit_test(test_missing_workspace_is_an_error),
		cmocka_unit_test(test_cancelled_copy_leaves_nothing),
		cmocka_unit_test(test_unreadable_entries_are_skipped_and_named),
		cmocka_unit_test(test_unreadable_workspace_is_an_error),
		cmocka_unit_test(test_kept_snapshot_survives_the_sweep),
		cmocka_unit_test(test_reflink_or_nothing),
		cmocka_unit_test(test_many_files_are_copied_and_remembered),
	};

	return RUN_TESTS(tests);
}
