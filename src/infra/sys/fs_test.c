// SPDX-License-Identifier: Apache-2.0
/*
 * fs_test.c - tests of infra/sys/fs.
 */
#include "infra/sys/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "support/check.h"

#define TREE_DEPTH 1000 /* far more than the walk keeps open */

static char *root; /* a fresh directory for each test */

static int setup(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_make_temp_dir("/tmp", "fs_test-", &root, &err), &err);
	return 0;
}

static int teardown(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_remove_tree(root, &err), &err);
	CHECK(access(root, F_OK) < 0, "'%s' is still there", root);
	free(root);
	return 0;
}

static char *in_root(const char *name)
{
	return xasprintf("%s/%s", root, name);
}

static bool exists(const char *name)
{
	auto_free char *path = in_root(name);
	struct stat st;

	return !lstat(path, &st);
}

static void put(const char *name, const char *text)
{
	auto_free char *path = in_root(name);
	struct err err = ERR_INIT;
	auto_close int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0, "create '%s'", path);
	CHECK_OK(fd_write_all(fd, text, strlen(text), &err), &err);
}

static void put_dir(const char *name)
{
	auto_free char *path = in_root(name);

	CHECK(!mkdir(path, 0700), "mkdir '%s'", path);
}

static void put_link(const char *target, const char *name)
{
	auto_free char *path = in_root(name);

	CHECK(!symlink(target, path), "symlink '%s'", path);
}

static void expect_contents(const char *name, const char *want)
{
	auto_buf struct buf b = BUF_INIT(10000);
	auto_free char *path = in_root(name);
	struct err err = ERR_INIT;

	CHECK_OK(fs_read_file(path, &b, &err), &err);
	CHECK(!strcmp(b.data, want), "'%s' holds '%s'", name, b.data);
}

static void test_mkdir_all_creates_parents(void **state unused)
{
	static const char *const paths[] = { "a", "a/b/c", "a//b///d/", "a/b",
					     "x/../y" };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_free char *path = in_root(paths[i]);
		struct stat st;

		CHECK_OK(fs_mkdir_all(path, 0700, &err), &err);
		CHECK(!stat(path, &st) && S_ISDIR(st.st_mode), "%s", path);
		CHECK((st.st_mode & 0777) == 0700, "%s: mode", path);
	}
	CHECK_OK(fs_mkdir_all("/", 0700, &err), &err);
}

static void test_mkdir_all_does_not_replace_files(void **state unused)
{
	auto_free char *path = in_root("file"), *below = in_root("file/dir");
	struct err err;

	put("file", "x");
	CHECK_FAILS(fs_mkdir_all(path, 0700, &err), &err, ERR_SYSTEM,
		    "Not a directory");
	CHECK_FAILS(fs_mkdir_all(below, 0700, &err), &err, ERR_SYSTEM,
		    "create directory");
	CHECK_FAILS(fs_mkdir_all("", 0700, &err), &err, ERR_INVALID, "empty");
	expect_contents("file", "x");
}

/* clang-format off */
static const struct mkdir_at_case {
	const char *path;
	bool ok;
	const char *made; /* exists afterwards exactly if @ok */
} mkdir_at_cases[] = {
	{ "a/b/c",       true,  "in/a/b/c"     },
	{ "a//b/./d/",   true,  "in/a/b/d"     },
	{ ".",           true,  "in"           },
	{ "../up",       false, "up"           },
	{ "a/../../up",  false, "up"           },
	{ "/abs",        false, "in/abs"       },
	{ "link/new",    false, "outside/new"  },
	{ "link",        false, "in/link/none" },
	{ "file/new",    false, "in/file/new"  },
};
/* clang-format on */

static void test_mkdir_all_at_stays_beneath(void **state unused)
{
	auto_free char *in = in_root("in");
	auto_close int dirfd = -1;
	struct err err = ERR_INIT;

	put_dir("in");
	put_dir("outside");
	put("in/file", "x");
	put_link("../outside", "in/link");
	dirfd = fd_open_dir(in, &err);
	for (size_t i = 0; i < ARRAY_SIZE(mkdir_at_cases); i++) {
		const struct mkdir_at_case *c = &mkdir_at_cases[i];
		int r = fs_mkdir_all_at(dirfd, c->path, 0700, &err);

		CHECK((r == 0) == c->ok, "'%s': %s", c->path, err.msg);
		CHECK(exists(c->made) == c->ok, "'%s': '%s'", c->path, c->made);
	}
}

static void test_read_file_takes_regular_files_only(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(5);
	auto_free char *fifo = in_root("fifo"), *none = in_root("none"),
		       *sock = in_root("sock"), *file = in_root("file");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct err err;

	/* Nobody writes: opening it the plain way would hang here. */
	CHECK(!mkfifo(fifo, 0600), "mkfifo");
	CHECK_FAILS(fs_read_file(fifo, &b, &err), &err, ERR_INVALID,
		    "is not a regular file");
	CHECK_FAILS(fs_read_file("/dev/zero", &b, &err), &err, ERR_INVALID,
		    "'/dev/zero' is not a regular file");
	CHECK_FAILS(fs_read_file(root, &b, &err), &err, ERR_INVALID,
		    "is not a regular file");
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", sock);
	CHECK(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)), "bind");
	CHECK_FAILS(fs_read_file(sock, &b, &err), &err, ERR_INVALID,
		    "is not a regular file");
	CHECK_FAILS(fs_read_file(none, &b, &err), &err, ERR_NOT_FOUND, "none");
	put("file", "123456");
	CHECK_FAILS(fs_read_file(file, &b, &err), &err, ERR_LIMIT,
		    "more than 5 bytes");
	put("file", "12345");
	buf_reset(&b);
	CHECK_OK(fs_read_file(file, &b, &err), &err);
	assert_string_equal(b.data, "12345");
}

static void test_replace_file_sets_content_and_mode(void **state unused)
{
	auto_free char *path = in_root("file");
	struct err err = ERR_INIT;
	struct stat st;
	mode_t old = umask(077);

	CHECK_OK(fs_replace_file(path, "one", 3, 0644, &err), &err);
	umask(old);
	expect_contents("file", "one");
	CHECK(!stat(path, &st), "stat");
	assert_int_equal(st.st_mode & 07777, 0644);
	CHECK_OK(fs_replace_file(path, "", 0, 0600, &err), &err);
	expect_contents("file", "");
	CHECK(!stat(path, &st), "stat");
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_replace_file_is_atomic(void **state unused)
{
	auto_free char *path = in_root("file");
	struct err err = ERR_INIT;
	auto_close int before = -1;
	char text[4] = "";

	put("file", "old");
	before = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_OK(fs_replace_file(path, "new", 3, 0600, &err), &err);
	/* Who has the old file open still sees all of it. */
	assert_int_equal(read(before, text, 3), 3);
	assert_string_equal(text, "old");
	expect_contents("file", "new");
}

static void
test_replace_file_replaces_a_link_not_its_target(void **state unused)
{
	auto_free char *path = in_root("link");
	struct err err = ERR_INIT;
	struct stat st;

	put("target", "kept");
	put_link("target", "link");
	CHECK_OK(fs_replace_file(path, "new", 3, 0600, &err), &err);
	expect_contents("target", "kept");
	CHECK(!lstat(path, &st) && S_ISREG(st.st_mode), "still a link");
}

static void test_failed_replace_leaves_nothing_behind(void **state unused)
{
	auto_free char *dir = in_root("dir"), *none = in_root("none/file"),
		       *slash = in_root("dir/");
	struct err err;

	put_dir("dir");
	CHECK_FAILS(fs_replace_file(dir, "x", 1, 0600, &err), &err, ERR_SYSTEM,
		    "replace '");
	CHECK_FAILS(fs_replace_file(none, "x", 1, 0600, &err), &err,
		    ERR_NOT_FOUND, "replace '");
	CHECK_FAILS(fs_replace_file(slash, "x", 1, 0600, &err), &err,
		    ERR_INVALID, "names no file");
	/* With a temporary file left in it, this would fail. */
	CHECK(!rmdir(dir), "dir is not empty");
	CHECK(!rmdir(root), "root is not empty");
	CHECK(!mkdir(root, 0700), "mkdir");
}

static void check_copy(const char *text, size_t len)
{
	auto_free char *a = in_root("a"), *b = in_root("b");
	auto_buf struct buf got = BUF_INIT(10 << 20);
	struct err err = ERR_INIT;
	bool reflinked = true;
	auto_close int src =
		open(a, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	auto_close int dst =
		open(b, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	/* The offset of @src is at its end now: the copy is whole anyway. */
	CHECK_OK(fd_write_all(src, text, len, &err), &err);
	CHECK_OK(fs_copy_fd(src, dst, &reflinked, &err), &err);
	CHECK_OK(fs_read_file(b, &got, &err), &err);
	CHECK(got.len == len && !memcmp(got.data, text, len), "%zu bytes", len);
}

static void test_copy_is_the_same(void **state unused)
{
	auto_free char *text = xcalloc(5 << 20, 1);

	for (size_t i = 0; i < 5 << 20; i++)
		text[i] = (char)(i * 7 + (i >> 12));
	check_copy(text, 0);
	check_copy(text, 1);
	check_copy(text, 5 << 20);
}

static void test_copy_works_where_nothing_clever_does(void **state unused)
{
	auto_free char *b = in_root("b");
	struct err err = ERR_INIT;
	bool reflinked = true;
	auto_close int src = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
	auto_close int dst =
		open(b, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct stat st;

	CHECK_OK(fs_copy_fd(src, dst, &reflinked, &err), &err);
	assert_false(reflinked);
	CHECK(!fstat(dst, &st) && st.st_size > 0, "nothing was copied");
}

static void test_copy_tells_errors(void **state unused)
{
	auto_free char *a = in_root("a");
	struct err err;
	auto_close int src = -1;

	put("a", "x");
	src = open(a, O_RDONLY | O_CLOEXEC);
	CHECK_FAILS(fs_copy_fd(src, src, NULL, &err), &err, ERR_SYSTEM,
		    "write: Bad file descriptor");
}

static void test_remove_tree_takes_everything(void **state unused)
{
	auto_free char *tree = in_root("tree"), *fifo = in_root("tree/fifo");
	struct err err = ERR_INIT;

	put_dir("tree");
	put_dir("tree/a");
	put_dir("tree/a/b");
	put_dir("tree/empty");
	put("tree/a/b/file", "x");
	put("tree/.hidden", "x");
	put_link("nowhere", "tree/dangling");
	CHECK(!mkfifo(fifo, 0600), "mkfifo");
	CHECK_OK(fs_remove_tree(tree, &err), &err);
	assert_false(exists("tree"));
	/* Gone already, and so is its parent: both fine. */
	CHECK_OK(fs_remove_tree(tree, &err), &err);
	CHECK_OK(fs_remove_tree(fifo, &err), &err);
}

static void test_remove_tree_does_not_follow_links(void **state unused)
{
	auto_free char *tree = in_root("tree"), *link = in_root("link");
	struct err err = ERR_INIT;

	put_dir("outside");
	put("outside/file", "kept");
	put_dir("tree");
	put_link("../outside", "tree/link");
	put_link("outside", "link");
	CHECK_OK(fs_remove_tree(tree, &err), &err);
	CHECK_OK(fs_remove_tree(link, &err), &err);
	assert_false(exists("tree"));
	assert_false(exists("link"));
	expect_contents("outside/file", "kept");
}

static const char *const bad_names[] = { "", ".", "..", "a/b", "/" };

static void test_remove_tree_at_takes_plain_names_only(void **state unused)
{
	struct err err = ERR_INIT;
	auto_close int dirfd = fd_open_dir(root, &err);

	put_dir("a");
	put("a/b", "x");
	for (size_t i = 0; i < ARRAY_SIZE(bad_names); i++)
		CHECK_FAILS(fs_remove_tree_at(dirfd, bad_names[i], &err), &err,
			    ERR_INVALID, "not a plain name");
	CHECK_FAILS(fs_remove_tree("/", &err), &err, ERR_INVALID, "plain");
	expect_contents("a/b", "x");
}

static void make_deep_tree(void)
{
	struct err err = ERR_INIT;
	auto_close int at = fd_open_dir(root, &err);

	for (int i = 0; i < TREE_DEPTH; i++) {
		int next;

		CHECK(!mkdirat(at, "d", 0700), "mkdir");
		CHECK(!mkdirat(at, "sibling", 0700), "mkdir");
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(next >= 0, "open");
		fd_close(&at);
		at = next;
	}
}

static void test_remove_tree_is_not_beaten_by_depth(void **state unused)
{
	struct rlimit old, few;
	auto_free char *tree = in_root("d");
	struct err err = ERR_INIT;

	make_deep_tree();
	CHECK(!getrlimit(RLIMIT_NOFILE, &old), "getrlimit");
	few = old;
	few.rlim_cur = 100;
	CHECK(!setrlimit(RLIMIT_NOFILE, &few), "setrlimit");
	CHECK_OK(fs_remove_tree(tree, &err), &err);
	CHECK(!setrlimit(RLIMIT_NOFILE, &old), "setrlimit");
	assert_false(exists("d"));
}

/* Root may do anything anyway, so the work is done by somebody else. */
static int remove_as_nobody(const char *path)
{
	struct err err = ERR_INIT;

	if (!geteuid() && (setgid(65534) < 0 || setuid(65534) < 0))
		return 1;
	if (fs_mkdir_all(path, 0700, &err) < 0)
		return 2;
	for (int i = 0; i < 2; i++) {
		auto_free char *dir = xasprintf("%s/locked%d", path, i);
		auto_free char *file = xasprintf("%s/in/file", dir);
		auto_free char *in = xasprintf("%s/in", dir);

		if (fs_mkdir_all(in, 0700, &err) < 0 ||
		    fs_replace_file(file, "x", 1, 0400, &err) < 0)
			return 3;
		if (chmod(in, i ? 0500 : 0) < 0 || chmod(dir, 0) < 0)
			return 4;
	}
	if (fs_remove_tree(path, &err) < 0)
		return 5;
	return access(path, F_OK) < 0 ? 0 : 6;
}

static void test_remove_tree_opens_locked_directories(void **state unused)
{
	auto_free char *path = in_root("tree");
	int status;
	pid_t pid;

	CHECK(!chmod(root, 0777), "chmod");
	pid = fork();
	if (!pid)
		_exit(remove_as_nobody(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_temp_dirs_are_new_and_private(void **state unused)
{
	auto_free char *a = NULL, *b = NULL;
	struct err err = ERR_INIT;
	struct stat st;

	CHECK_OK(fs_make_temp_dir(root, "x-", &a, &err), &err);
	CHECK_OK(fs_make_temp_dir(root, "x-", &b, &err), &err);
	CHECK(strcmp(a, b), "the same twice: '%s'", a);
	assert_int_equal(strlen(a), strlen(root) + strlen("/x-") + 8);
	CHECK(!stat(a, &st), "stat");
	assert_int_equal(st.st_mode & 07777, 0700);
	CHECK_FAILS(fs_make_temp_dir("/nonexistent", "x-", &a, &err), &err,
		    ERR_NOT_FOUND, "in '/nonexistent'");
}

static void test_lock_excludes_others(void **state unused)
{
	auto_free char *path = in_root("lock"), *none = in_root("none/lock");
	struct err err = ERR_INIT;
	int fd = fs_lock(path, 0, &err), again;
	struct stat st;

	CHECK_OK(fd, &err);
	CHECK(!stat(path, &st), "stat");
	assert_int_equal(st.st_mode & 07777, 0600);
	CHECK_FAILS(fs_lock(path, 0, &err), &err, ERR_TIMEOUT,
		    "somebody else holds the lock");
	CHECK_FAILS(fs_lock(path, 50, &err), &err, ERR_TIMEOUT, "lock '");
	fd_close(&fd);
	again = fs_lock(path, -1, &err);
	CHECK_OK(again, &err);
	fd_close(&again);
	CHECK_FAILS(fs_lock(none, 0, &err), &err, ERR_NOT_FOUND, "lock '");
}

static void test_lock_waits_for_the_holder(void **state unused)
{
	auto_free char *path = in_root("lock");
	struct err err = ERR_INIT;
	int fd = fs_lock(path, 0, &err), status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		int mine;

		fd_close(&fd);
		mine = fs_lock(path, 5000, &err);
		_exit(mine < 0);
	}
	usleep(50000);
	fd_close(&fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_lock_does_not_follow_links(void **state unused)
{
	auto_free char *path = in_root("lock");
	struct err err;

	put_link("target", "lock");
	CHECK_FAILS(fs_lock(path, 0, &err), &err, ERR_SYSTEM, "lock '");
	assert_false(exists("target"));
}

static void test_real_path_resolves_links(void **state unused)
{
	auto_free char *link = in_root("link"), *none = in_root("none");
	auto_free char *want = in_root("dir"), *got = NULL;
	struct err err = ERR_INIT;

	put_dir("dir");
	put_link("dir", "link");
	CHECK_OK(fs_real_path(link, &got, &err), &err);
	assert_string_equal(got, want);
	CHECK_FAILS(fs_real_path(none, &got, &err), &err, ERR_NOT_FOUND,
		    "resolve '");
}

static void test_available_space_is_told(void **state unused)
{
	struct err err = ERR_INIT;
	uint64_t n = 0;

	CHECK_OK(fs_available(root, &n, &err), &err);
	CHECK(n > 0, "no space");
	CHECK_FAILS(fs_available("/nonexistent", &n, &err), &err, ERR_NOT_FOUND,
		    "'/nonexistent'");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_mkdir_all_creates_parents),
		TEST(test_mkdir_all_does_not_replace_files),
		TEST(test_mkdir_all_at_stays_beneath),
		TEST(test_read_file_takes_regular_files_only),
		TEST(test_replace_file_sets_content_and_mode),
		TEST(test_replace_file_is_atomic),
		TEST(test_replace_file_replaces_a_link_not_its_target),
		TEST(test_failed_replace_leaves_nothing_behind),
		TEST(test_copy_is_the_same),
		TEST(test_copy_works_where_nothing_clever_does),
		TEST(test_copy_tells_errors),
		TEST(test_remove_tree_takes_everything),
		TEST(test_remove_tree_does_not_follow_links),
		TEST(test_remove_tree_at_takes_plain_names_only),
		TEST(test_remove_tree_is_not_beaten_by_depth),
		TEST(test_remove_tree_opens_locked_directories),
		TEST(test_temp_dirs_are_new_and_private),
		TEST(test_lock_excludes_others),
		TEST(test_lock_waits_for_the_holder),
		TEST(test_lock_does_not_follow_links),
		TEST(test_real_path_resolves_links),
		TEST(test_available_space_is_told),
	};

	return RUN_TESTS(tests);
}
