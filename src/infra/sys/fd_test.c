// SPDX-License-Identifier: Apache-2.0
/*
 * fd_test.c - tests of infra/sys/fd.
 */
#include "infra/sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fs.h"
#include "support/check.h"

static char *root; /* of the tree that the tests look paths up in */

static void put(int dirfd, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	auto_close int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0, "create '%s'", name);
	CHECK_OK(fd_write_all(fd, text, strlen(text), &err), &err);
}

/*
 * root/secret, and below root/in: file, dir/file, and links that stay inside,
 * leave by "..", and leave by an absolute path.
 */
static int setup(void **state unused)
{
	struct err err = ERR_INIT;
	auto_close int fd = -1, in = -1;

	CHECK_OK(fs_make_temp_dir("/tmp", "fd_test-", &root, &err), &err);
	fd = fd_open_dir(root, &err);
	CHECK_OK(fd, &err);
	put(fd, "secret", "secret");
	CHECK(!mkdirat(fd, "in", 0700), "mkdir");
	in = openat(fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(in, "file", "inside");
	CHECK(!mkdirat(in, "dir", 0700), "mkdir");
	put(in, "dir/file", "deeper");
	CHECK(!symlinkat("dir/file", in, "link"), "symlink");
	CHECK(!symlinkat("dir", in, "dirlink"), "symlink");
	CHECK(!symlinkat("../secret", in, "up"), "symlink");
	CHECK(!symlinkat("/etc/passwd", in, "absolute"), "symlink");
	CHECK(!symlinkat("..", in, "updir"), "symlink");
	CHECK(!symlinkat("/proc/self/root", in, "magic"), "symlink");
	CHECK(!symlinkat("loop", in, "loop"), "symlink");
	return 0;
}

static int teardown(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_remove_tree(root, &err), &err);
	free(root);
	return 0;
}

static int open_in(void)
{
	auto_free char *path = xasprintf("%s/in", root);
	struct err err = ERR_INIT;
	int fd = fd_open_dir(path, &err);

	CHECK_OK(fd, &err);
	return fd;
}

/* clang-format off */
static const struct lookup_case {
	const char *path;
	bool beneath, no_symlinks;
} lookup_cases[] = {
	{ "file",                 true,  true  },
	{ "dir/file",             true,  true  },
	{ "dir/../file",          true,  true  },
	{ "link",                 true,  false },
	{ "dirlink/file",         true,  false },
	{ "missing",              false, false },
	{ "../secret",            false, false },
	{ "dir/../../secret",     false, false },
	{ "up",                   false, false },
	{ "updir/secret",         false, false },
	{ "updir/in/file",        false, false },
	{ "absolute",             false, false },
	{ "/etc/passwd",          false, false },
	{ "magic/etc/passwd",     false, false },
	{ "loop",                 false, false },
	{ "",                     false, false },
};
/* clang-format on */

static void test_paths_stay_beneath(void **state unused)
{
	auto_close int in = open_in();

	for (size_t i = 0; i < ARRAY_SIZE(lookup_cases); i++) {
		const struct lookup_case *c = &lookup_cases[i];
		struct err err = ERR_INIT;
		auto_close int a =
			fd_open_beneath(in, c->path, O_RDONLY, 0, &err);
		auto_close int b =
			fd_open_no_symlinks(in, c->path, O_RDONLY, 0, &err);

		CHECK((a >= 0) == c->beneath, "beneath '%s'", c->path);
		CHECK((b >= 0) == c->no_symlinks, "no symlinks '%s'", c->path);
	}
}

static void test_refusals_name_the_path(void **state unused)
{
	auto_close int in = open_in();
	struct err err;

	CHECK_FAILS(fd_open_beneath(in, "missing", O_RDONLY, 0, &err), &err,
		    ERR_NOT_FOUND, "open 'missing': No such file or directory");
	CHECK_FAILS(fd_open_beneath(in, "../secret", O_RDONLY, 0, &err), &err,
		    ERR_SYSTEM, "open '../secret'");
	assert_int_equal(err.sys, EXDEV);
	CHECK_FAILS(fd_open_no_symlinks(in, "link", O_RDONLY, 0, &err), &err,
		    ERR_SYSTEM, "open 'link'");
	assert_int_equal(err.sys, ELOOP);
	CHECK_FAILS(fd_open_dir("/etc/passwd", &err), &err, ERR_SYSTEM,
		    "open directory '/etc/passwd': Not a directory");
}

static void test_new_files_cannot_be_put_outside(void **state unused)
{
	const int flags = O_WRONLY | O_CREAT;
	auto_close int in = open_in();
	auto_close int made = -1;
	struct err err = ERR_INIT;
	struct stat st;

	CHECK_FAILS(fd_open_beneath(in, "updir/new", flags, 0600, &err), &err,
		    ERR_SYSTEM, "updir/new");
	CHECK(faccessat(in, "../new", F_OK, 0) < 0, "file made outside");
	made = fd_open_beneath(in, "dir/new", flags, 0640, &err);
	CHECK_OK(made, &err);
	CHECK(!fstat(made, &st), "fstat");
	assert_int_equal(st.st_mode & 0777 & ~0640U, 0);
}

static void test_everything_is_close_on_exec(void **state unused)
{
	struct err err = ERR_INIT;
	auto_close int in = open_in();
	int fds[7], pair[2];

	fds[0] = in;
	fds[1] = fd_open_beneath(in, "file", O_RDONLY, 0, &err);
	CHECK_OK(fd_socketpair(pair, &err), &err);
	fds[2] = pair[0];
	fds[3] = pair[1];
	CHECK_OK(fd_pipe(pair, &err), &err);
	fds[4] = pair[0];
	fds[5] = pair[1];
	fds[6] = fd_memfd("test", &err);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		CHECK(fcntl(fds[i], F_GETFD) == FD_CLOEXEC, "%zu", i);
		if (i)
			fd_close(&fds[i]);
	}
}

static void test_close_and_take(void **state unused)
{
	struct err err = ERR_INIT;
	int fd = fd_memfd("test", &err), other;

	CHECK_OK(fd, &err);
	other = fd_take(&fd);
	assert_int_equal(fd, -1);
	assert_true(other >= 0);
	errno = EXDEV;
	fd_close(&fd);
	fd = other;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fcntl(other, F_GETFD), -1);
}

/* clang-format off */
static const struct read_case {
	const char *name;
	size_t len, max;
	bool ok;
} read_cases[] = {
	{ "empty",                     0,      0,      true  },
	{ "empty, some room",          0,      10,     true  },
	{ "exactly the limit",         10,     10,     true  },
	{ "one above the limit",       11,     10,     false },
	{ "something into nothing",    1,      0,      false },
	{ "more than a chunk",         200000, 300000, true  },
	{ "a chunk at the limit",      65536,  65536,  true  },
	{ "a chunk above the limit",   65537,  65536,  false },
};
/* clang-format on */

static void test_read_all_stops_at_the_limit(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(read_cases); i++) {
		const struct read_case *c = &read_cases[i];
		auto_buf struct buf b = BUF_INIT(c->max);
		struct err err = ERR_INIT;
		auto_close int fd = fd_memfd("test", &err);
		auto_free char *text = xmalloc(c->len);

		memset(text, 'x', c->len);
		CHECK_OK(fd_write_all(fd, text, c->len, &err), &err);
		CHECK(!lseek(fd, 0, SEEK_SET), "seek");
		CHECK((fd_read_all(fd, &b, &err) == 0) == c->ok, "%s: %s",
		      c->name, err.msg);
		CHECK(c->ok || err.kind == ERR_LIMIT, "%s: kind", c->name);
		CHECK(!c->ok || (b.len == c->len &&
				 !memcmp(b.data, text, c->len)),
		      "%s: contents", c->name);
	}
}

static void test_whole_buffers_pass_through_a_pipe(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(1 << 20);
	auto_free char *text = xcalloc(1 << 20, 1);
	struct err err = ERR_INIT;
	int pipe_fds[2], status;
	pid_t pid;

	/* Larger than any pipe, so that writes are partial, and would block. */
	CHECK_OK(fd_pipe(pipe_fds, &err), &err);
	CHECK_OK(fd_set_nonblocking(pipe_fds[1], &err), &err);
	pid = fork();
	if (!pid)
		_exit(fd_write_all(pipe_fds[1], text, 1 << 20, &err) ? 1 : 0);
	fd_close(&pipe_fds[1]);
	CHECK_OK(fd_read_all(pipe_fds[0], &b, &err), &err);
	fd_close(&pipe_fds[0]);
	assert_int_equal(b.len, 1 << 20);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_io_errors_are_told(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(10);
	auto_close int in = open_in();
	struct err err;

	CHECK_FAILS(fd_read_all(in, &b, &err), &err, ERR_SYSTEM,
		    "read: Is a directory");
	CHECK_FAILS(fd_write_all(in, "x", 1, &err), &err, ERR_SYSTEM,
		    "write: Bad file descriptor");
	CHECK_FAILS(fd_set_nonblocking(-1, &err), &err, ERR_SYSTEM,
		    "non-blocking");
}

static void test_nonblocking_read_does_not_wait(void **state unused)
{
	struct err err = ERR_INIT;
	int pair[2];
	char c;

	CHECK_OK(fd_socketpair(pair, &err), &err);
	CHECK_OK(fd_set_nonblocking(pair[0], &err), &err);
	assert_int_equal(read(pair[0], &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	/* The other end still blocks. */
	assert_int_equal(fcntl(pair[1], F_GETFL) & O_NONBLOCK, 0);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static int without_stdio(void)
{
	struct err err = ERR_INIT;
	int fd;

	for (fd = 0; fd <= 2; fd++)
		close(fd);
	if (fd_ensure_stdio(&err) < 0)
		return 1;
	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != 0)
			return 2;
	}
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd <= 2 ? 3 : 0;
}

static void test_stdio_is_filled_when_closed(void **state unused)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(without_stdio());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_stay_beneath),
		cmocka_unit_test(test_refusals_name_the_path),
		cmocka_unit_test(test_new_files_cannot_be_put_outside),
		cmocka_unit_test(test_everything_is_close_on_exec),
		cmocka_unit_test(test_close_and_take),
		cmocka_unit_test(test_read_all_stops_at_the_limit),
		cmocka_unit_test(test_whole_buffers_pass_through_a_pipe),
		cmocka_unit_test(test_io_errors_are_told),
		cmocka_unit_test(test_nonblocking_read_does_not_wait),
		cmocka_unit_test(test_stdio_is_filled_when_closed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
