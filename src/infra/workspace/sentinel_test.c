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
		workspace_sweep(dir, &quiet);
		CHECK(tree_has(dir, NAME "/a/b") == c->kept, "%s", c->name);
		CHECK(tree_has(dir, MARKER) == (c->kept && c->marker),
		      "%s: marker", c->name);
		tree_remove(dir);
	}
}

static void test_sweep_leaves_what_is_not_a_snapshot(void **state unused)
{
	auto_free char *dir = tree_new();

	workspace_sweep(dir, &quiet);
	tree_write(dir, "snapshots/other/x", "x");
	tree_write(dir, "snapshots/other" SENTINEL_SUFFIX, NOBODY);
	tree_write(dir, "snapshots/" SNAPSHOT_PREFIX "file", "x");
	tree_write(dir, "snapshots/" SNAPSHOT_PREFIX "file" SENTINEL_SUFFIX,
		   NOBODY);
	tree_mkdir(dir, "target");
	tree_link(dir, "snapshots/" SNAPSHOT_PREFIX "link", "../target");
	tree_write(dir, "snapshots/" SNAPSHOT_PREFIX "link" SENTINEL_SUFFIX,
		   NOBODY);
	workspace_sweep(dir, &quiet);
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
	workspace_sweep(dir, &quiet);
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
	workspace_sweep(dir, &quiet);
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
	workspace_sweep(dir, &quiet);
	assert_true(tree_has(text, "."));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	workspace_sweep(dir, &quiet);
	assert_false(tree_has(text, "."));
	tree_remove(dir);
}

static void test_temporary_files_of_a_killed_flush_go(void **state unused)
{
	static const char temp[] = ".bbox-0123456789abcdef.tmp";
	auto_free char *dir = tree_new();
	auto_free char *journal = NULL;
	size_t len;

	tree_write(dir, "w/.bbox-0123456789abcdef.tmp", "half");
	tree_write(dir, "w/a/.bbox-0123456789abcdef.tmp", "half");
	tree_write(dir, "w/mine.c", "user");
	tree_write(dir, "w/.bbox-fedcba9876543210.tmp", "not listed");
	tree_write(dir, "out/.bbox-0123456789abcdef.tmp", "elsewhere");
	tree_link(dir, "w/link", "../out");
	tree_mkdir(dir, NAME);
	tree_write(dir, MARKER, NOBODY);
	journal =
		xasprintf("%s/w%c%s%ca/%s%cmine.c%clink/%s%c"
			  "../out/%s%cgone/%s",
			  dir, 0, temp, 0, temp, 0, 0, temp, 0, temp, 0, temp);
	len = strlen(dir) + 2 + 1 + strlen(temp) + 1 + 2 + strlen(temp) + 1 +
	      strlen("mine.c") + 1 + strlen("link/") + strlen(temp) + 1 +
	      strlen("../out/") + strlen(temp) + 1 + strlen("gone/") +
	      strlen(temp);
	tree_write_bytes(dir, NAME JOURNAL_SUFFIX, journal, len);
	workspace_sweep(dir, &quiet);
	assert_false(tree_has(dir, "w/.bbox-0123456789abcdef.tmp"));
	assert_false(tree_has(dir, "w/a/.bbox-0123456789abcdef.tmp"));
	assert_true(tree_has(dir, "w/mine.c"));
	assert_true(tree_has(dir, "w/.bbox-fedcba9876543210.tmp"));
	assert_true(tree_has(dir, "out/.bbox-0123456789abcdef.tmp"));
	assert_false(tree_has(dir, NAME));
	assert_false(tree_has(dir, NAME JOURNAL_SUFFIX));
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
		cmocka_unit_test(test_temporary_files_of_a_killed_flush_go),
	};

	return RUN_TESTS(tests);
}
