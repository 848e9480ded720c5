// SPDX-License-Identifier: Apache-2.0
/*
 * flusher_race_test.c - directories and files become symlinks, and are
 * themselves again, all the time while a flush runs. Whatever it writes, it
 * writes in the workspace, and what it takes, it takes from the session.
 */
#include "infra/flush/flusher.h"

#include "support/flush.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/wait.h>

#include "infra/sys/fd.h"

#define ROUNDS 60

/* Each is exchanged with what stands beside it with this at its end. */
#define OTHER ".other"

static const char *const swapped[] = {
	"w/d", "w/d/e", "w/f", "v/d", "v/f", "w/gone", "w/d/gone",
};

static _Noreturn void swap_for_ever(const char *dir)
{
	auto_close int fd = fd_open_dir(dir, ERR_IGNORE);

	for (size_t i = 0;; i = (i + 1) % ARRAY_SIZE(swapped)) {
		auto_free char *other = xasprintf("%s" OTHER, swapped[i]);

		/* What is not there now comes again. */
		discard(renameat2(fd, swapped[i], fd, other, RENAME_EXCHANGE));
	}
}

static pid_t start_swapping(const char *dir)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		swap_for_ever(dir);
	return pid;
}

static void stop_swapping(pid_t pid)
{
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void set_up_race(struct fixture *f)
{
	static const char *const files[] = { "d/x", "d/e/x", "f", "gone",
					     "d/gone" };

	setup(f);
	view_dir(&f->v, "d");
	view_dir(&f->v, "d/e");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		view_file(&f->v, files[i], "1", 0644);
	view_seal(&f->v);
	tree_write(f->v.dir, "outside/x", "1");
	tree_write(f->v.dir, "outside/e/x", "1");
	tree_write(f->v.dir, "outside/gone", "1");
	tree_write(f->g, "d/x", "guest");
	tree_write(f->g, "d/e/x", "guest");
	tree_write(f->g, "d/e/new", "guest");
	tree_write(f->g, "d/new/deep", "guest");
	tree_write(f->g, "f", "guest");
	tree_delete(f->g, "gone");
	tree_delete(f->g, "d/gone");
	add(f, CHANGE_MODIFIED, "d/x");
	add(f, CHANGE_MODIFIED, "d/e/x");
	add(f, CHANGE_ADDED, "d/e/new");
	add(f, CHANGE_ADDED, "d/new/deep");
	add(f, CHANGE_MODIFIED, "f");
	add(f, CHANGE_DELETED, "gone");
	add(f, CHANGE_DELETED, "d/gone");
	tree_link(f->v.dir, "w/d" OTHER, "../outside");
	tree_link(f->v.dir, "w/d/e" OTHER, "../../outside/e");
	tree_link(f->v.dir, "w/f" OTHER, "../outside/x");
	tree_link(f->v.dir, "v/d" OTHER, "../outside");
	tree_link(f->v.dir, "v/f" OTHER, "../outside/x");
	tree_link(f->v.dir, "w/gone" OTHER, "../outside/gone");
	tree_link(f->v.dir, "w/d/gone" OTHER, "../../outside/gone");
}

static int names;

static int count_name(const char *path unused, const struct stat *st unused,
		      int type unused, struct FTW *ftw unused)
{
	names++;
	return 0;
}

static void check_outside(struct fixture *f)
{
	auto_free char *outside = tree_path(f->v.dir, "outside");

	assert_true(tree_is(f->v.dir, "outside/x", "1"));
	assert_true(tree_is(f->v.dir, "outside/e/x", "1"));
	assert_true(tree_is(f->v.dir, "outside/gone", "1"));
	names = 0;
	assert_int_equal(nftw(outside, count_name, 8, FTW_PHYS), 0);
	assert_int_equal(names, 5);
	assert_int_equal(tree_mode(f->v.dir, "outside"), 0755);
}

/* Whichever of the two names the file has now. */
static void check_content(struct fixture *f, const char *path)
{
	auto_free char *other = xasprintf("%s" OTHER, path);

	CHECK(tree_is(f->w, path, "1") || tree_is(f->w, path, "guest") ||
		      tree_is(f->w, other, "1") ||
		      tree_is(f->w, other, "guest"),
	      "'%s' is lost", path);
}

static void test_nothing_outside_is_touched(void **state unused)
{
	size_t written = 0, failed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct fixture f;
		pid_t pid;

		set_up_race(&f);
		pid = start_swapping(f.v.dir);
		discard(workspace_flusher_flush(f.flusher, &f.v.snapshot,
						&f.changes, &f.report, &f.err));
		stop_swapping(pid);
		written += f.report.written;
		failed += f.report.failed;
		check_outside(&f);
		check_content(&f, "f");
		teardown(&f);
	}
	/* Or nothing was swapped while it ran, or nothing written. */
	CHECK(written && failed, "%zu written, %zu failed", written, failed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_outside_is_touched),
	};

	return RUN_TESTS(tests);
}
