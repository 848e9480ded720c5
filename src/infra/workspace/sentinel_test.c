// SPDX-License-Identifier: Apache-2.0
#include "infra/workspace/sentinel.h"

#include "support/tree.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "domain/workspace/journal.h"

#define NAME   "snapshots/" SNAPSHOT_PREFIX "x"
#define MARKER NAME SENTINEL_SUFFIX
#define NOBODY "2147483647" /* above any pid_max */

static struct log quiet = LOG_DISCARD;
static char *settled; /* owned; the last journal */

static void settle(const char *journal, struct progress *progress unused,
		   struct log *log unused)
{
	free(settled);
	settled = xstrdup(journal);
}

static size_t sweep(const char *dir)
{
	const struct sweep_config c = { .cache_dir = dir,
					.log = &quiet,
					.settle = settle };

	return workspace_sweep(&c);
}

/* clang-format off */
static const struct sweep_case {
	const char *name;
	const char *marker; /* NULL: none; "" is an empty file; "$": own pid */
	bool kept;
} sweep_cases[] = {
	{ "dead pid",             NOBODY,           false },
	{ "dead pid, newline",    NOBODY "\n",      false },
	{ "own pid",              "$",              true },
	{ "no marker",            NULL,             true },
	{ "empty marker",         "",               false },
	{ "garbage",              "hello",          false },
	{ "zero",                 "0",              false },
	{ "negative",             "-1",             false },
	/* A second line promises a lock, which nobody holds here. */
	{ "unlocked, pid reused", "1\n/usr/bin/x",  false },
};
/* clang-format on */

static void test_sweep_removes_what_is_nobodys(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(sweep_cases); i++) {
		const struct sweep_case *c = &sweep_cases[i];
		auto_free char *dir = tree_new();
		auto_free char *own = xasprintf("%ld", (long)getpid());

		tree_write(dir, NAME "/a/b", "x");
		tree_chmod(dir, NAME "/a", 0500);
		if (c->marker)
			tree_write(dir, MARKER,
				   strcmp(c->marker, "$") ? c->marker : own);
		sweep(dir);
		CHECK(tree_has(dir, NAME "/a/b") == c->kept, "%s", c->name);
		CHECK(tree_has(dir, MARKER) == (c->kept && c->marker),
		      "%s: marker", c->name);
		tree_remove(dir);
	}
}

static void test_sweep_leaves_what_is_not_a_snapshot(void **state unused)
{
	auto_free char *dir = tree_new();

	sweep(dir);
	tree_write(dir, "snapshots/other/x", "x");
	tree_write(dir, "snapshots/other" SENTINEL_SUFFIX, NOBODY);
	tree_write(dir, "snapshots/" SNAPSHOT_PREFIX "file", "x");
	tree_write(dir, "snapshots/" SNAPSHOT_PREFIX "file" SENTINEL_SUFFIX,
		   NOBODY);
	tree_mkdir(dir, "target");
	tree_link(dir, "snapshots/" SNAPSHOT_PREFIX "link", "../target");
	tree_write(dir, "snapshots/" SNAPSHOT_PREFIX "link" SENTINEL_SUFFIX,
		   NOBODY);
	sweep(dir);
	assert_true(tree_has(dir, "snapshots/other/x"));
	assert_true(tree_has(dir, "snapshots/" SNAPSHOT_PREFIX "file"));
	assert_true(tree_has(dir, "snapshots/" SNAPSHOT_PREFIX "link"));
	assert_true(tree_has(dir, "target"));
	tree_remove(dir);
}

static void test_marker_without_snapshot_is_removed(void **state unused)
{
	auto_free char *dir = tree_new();

	tree_write(dir, MARKER, NOBODY "\n/usr/bin/x\n");
	sweep(dir);
	assert_false(tree_has(dir, MARKER));
	tree_remove(dir);
}

static void
test_symlinks_in_a_stale_snapshot_are_not_followed(void **state unused)
{
	auto_free char *dir = tree_new();

	tree_write(dir, "precious/x", "x");
	tree_mkdir(dir, NAME);
	tree_link(dir, NAME "/l", "../../precious");
	tree_write(dir, MARKER, NOBODY);
	sweep(dir);
	assert_false(tree_has(dir, NAME));
	assert_true(tree_has(dir, "precious/x"));
	tree_remove(dir);
}

/* The owner dies by SIGKILL; only then is its snapshot swept. */
static void test_lock_protects_as_long_as_the_owner_lives(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *base = tree_path(dir, "snapshots");
	auto_free char *path = NULL;
	struct err err = ERR_INIT;
	int ready[2], fd;
	char text[4096] = "";
	pid_t child;

	tree_mkdir(dir, "snapshots");
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		if (sentinel_create(base, &path, &fd, &err) < 0)
			_exit(1);
		if (write(ready[1], path, strlen(path)) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_true(read(ready[0], text, sizeof(text) - 1) > 0);
	close(ready[0]);
	sweep(dir);
	assert_true(tree_has(text, "."));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	sweep(dir);
	assert_false(tree_has(text, "."));
	tree_remove(dir);
}

static void test_journal_of_the_dead_is_settled(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *want = tree_path(dir, NAME JOURNAL_SUFFIX);

	tree_mkdir(dir, NAME);
	tree_write(dir, MARKER, NOBODY);
	tree_write(dir, NAME JOURNAL_SUFFIX, "steps");
	sweep(dir);
	assert_string_equal(settled, want);
	assert_false(tree_has(dir, NAME));
	assert_false(tree_has(dir, NAME JOURNAL_SUFFIX));
	free(settled);
	settled = NULL;
	tree_remove(dir);
}

/* clang-format off */
static const struct view_case {
	const char *name;
	const char *file, *text; /* in the view */
	const char *marker;	 /* NULL: none */
	bool kept, counted;
} view_cases[] = {
	{ "records of a dead one", "records", "garbage garbage", NOBODY, true,  true },
	{ "empty records",         "records", "",                NOBODY, false, false },
	{ "no records",            "session", "note",            NOBODY, false, false },
	{ "kept by its session",   "session", "note",            NULL,   true,  true },
	{ "a copy that was kept",  "main.c",  "",                NULL,   true,  false },
};
/* clang-format on */

static void test_views_with_changes_stay_and_are_counted(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(view_cases); i++) {
		const struct view_case *c = &view_cases[i];
		auto_free char *dir = tree_new();
		auto_free char *file = xasprintf(NAME "/%s", c->file);

		tree_write(dir, file, c->text);
		if (c->marker)
			tree_write(dir, MARKER, c->marker);
		CHECK(sweep(dir) == c->counted, "%s: count", c->name);
		CHECK(tree_has(dir, file) == c->kept, "%s", c->name);
		/* And again at the next start. */
		CHECK(sweep(dir) == c->counted, "%s: second count", c->name);
		tree_remove(dir);
	}
	free(settled);
	settled = NULL;
}

static void test_living_owner_is_not_followed(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *base = tree_path(dir, "snapshots");
	auto_free char *path = NULL;
	struct err err = ERR_INIT;
	int fd, second = -1;

	tree_mkdir(dir, "snapshots");
	CHECK_OK(sentinel_create(base, &path, &fd, &err), &err);
	assert_true(sentinel_is_live(path));
	CHECK_FAILS(sentinel_adopt(path, &second, &err), &err, ERR_CONFLICT,
		    "in use");
	close(fd);
	assert_false(sentinel_is_live(path));
	err = ERR_INIT;
	CHECK_OK(sentinel_adopt(path, &fd, &err), &err);
	assert_true(sentinel_is_live(path));
	sweep(dir);
	assert_true(tree_has(path, "."));
	close(fd);
	/* One without a marker can be had, too. */
	CHECK_OK(sentinel_forget(path, &err), &err);
	CHECK_OK(sentinel_adopt(path, &fd, &err), &err);
	assert_true(sentinel_is_live(path));
	close(fd);
	tree_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweep_removes_what_is_nobodys),
		cmocka_unit_test(test_sweep_leaves_what_is_not_a_snapshot),
		cmocka_unit_test(test_marker_without_snapshot_is_removed),
		cmocka_unit_test(
			test_symlinks_in_a_stale_snapshot_are_not_followed),
		cmocka_unit_test(test_lock_protects_as_long_as_the_owner_lives),
		cmocka_unit_test(test_journal_of_the_dead_is_settled),
		cmocka_unit_test(test_views_with_changes_stay_and_are_counted),
		cmocka_unit_test(test_living_owner_is_not_followed),
	};

	return RUN_TESTS(tests);
}
