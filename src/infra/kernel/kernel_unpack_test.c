// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_unpack_test.c - only kernel and modules leave a package.
 */
#include "infra/kernel/kernel_unpack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/kernel/kernel_test_package.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define IMAGE	"./boot/vmlinuz-" TEST_RELEASE
#define MODULES "./lib/modules/" TEST_RELEASE "/kernel/"

static int unpack(const struct test_file *files, int dirfd, struct err *err)
{
	auto_buf struct buf package = BUF_INIT(TEST_PACKAGE_MAX);
	auto_close int fd = fd_memfd("package", err);

	test_kernel_package(&package, files);
	if (fd < 0 || fd_write_all(fd, package.data, package.len, err) < 0)
		return -1;
	lseek(fd, 0, SEEK_SET);
	return kernel_unpack_deb(fd, TEST_RELEASE, dirfd, err);
}

static bool has(int dirfd, const char *path, const char *want)
{
	auto_buf struct buf got = BUF_INIT(1024);
	auto_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && fd_read_all(fd, &got, ERR_IGNORE) == 0 &&
	       strcmp(got.data, want) == 0;
}

/* A directory that is removed at the end. */
static char *new_dir(int *out_fd)
{
	struct err err = ERR_INIT;
	char *path;

	CHECK_OK(fs_make_temp_dir("/tmp", "bbox-unpack-", &path, &err), &err);
	*out_fd = fd_open_dir(path, &err);
	CHECK_OK(*out_fd, &err);
	return path;
}

static void drop_dir(char *path, int fd)
{
	struct err err = ERR_INIT;

	close(fd);
	CHECK_OK(fs_remove_tree(path, &err), &err);
	free(path);
}

static void test_kernel_and_modules_come_out(void **state unused)
{
	const struct test_file files[] = {
		{ "./usr/share/doc/x.ko", "doc", 3, 0 },
		{ IMAGE, "image", 5, 0 },
		{ "./boot/vmlinuz-other", "other", 5, 0 },
		{ MODULES "drivers/a/virtio-rng.ko", "rng", 3, 0 },
		{ "./usr/lib/modules/" TEST_RELEASE "/kernel/fs/merged.ko", "m",
		  1, 0 },
		{ "./lib/modules/other/kernel/foreign.ko", "x", 1, 0 },
		{ MODULES "readme", "x", 1, 0 },
		{ .path = NULL },
	};
	struct err err = ERR_INIT;
	int fd;
	char *path = new_dir(&fd);

	CHECK_OK(unpack(files, fd, &err), &err);
	assert_true(has(fd, "vmlinuz", "image"));
	assert_true(has(fd, "modules/virtio_rng.ko", "rng"));
	assert_true(has(fd, "modules/merged.ko", "m"));
	assert_int_not_equal(faccessat(fd, "modules/foreign.ko", F_OK, 0), 0);
	assert_int_not_equal(faccessat(fd, "modules/x.ko", F_OK, 0), 0);
	drop_dir(path, fd);
}

/* clang-format off */
static const struct refusal_case {
	const char *name;
	struct test_file file;
	enum err_kind kind;
	const char *text;
} refusal_cases[] = {
	{ "no kernel",        { "./boot/other", "x", 1, 0 },
	  ERR_NOT_FOUND, "no kernel " TEST_RELEASE },
	{ "image is a link",  { IMAGE, NULL, 0, S_IFLNK },
	  ERR_INVALID, "'vmlinuz' is not a file" },
	{ "module is a link", { MODULES "a.ko", NULL, 0, S_IFLNK },
	  ERR_INVALID, "'modules/a.ko' is not a file" },
	{ "dots",             { MODULES "..ko", "x", 1, 0 },
	  ERR_INVALID, "bad module name" },
	{ "no name",          { MODULES ".ko", "x", 1, 0 },
	  ERR_INVALID, "bad module name" },
	{ "control bytes",    { MODULES "a\x1b[2J.ko", "x", 1, 0 },
	  ERR_INVALID, "a\\x1B[2J.ko'" },
	{ "long name",        { MODULES
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.ko",
	    "x", 1, 0 }, ERR_INVALID, "bad module name" },
};
/* clang-format on */

static void test_odd_packages_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		const struct test_file files[] = { c->file, { .path = NULL } };
		struct err err = ERR_INIT;
		int fd;
		char *path = new_dir(&fd);

		CHECK(unpack(files, fd, &err) < 0, "%s: accepted", c->name);
		CHECK(err.kind == c->kind && strcasestr(err.msg, c->text),
		      "%s: %s", c->name, err.msg);
		drop_dir(path, fd);
	}
}

static void test_a_module_that_is_there_twice_is_refused(void **state unused)
{
	const struct test_file files[] = {
		{ IMAGE, "image", 5, 0 },
		{ MODULES "a/x-y.ko", "1", 1, 0 },
		{ MODULES "b/x_y.ko", "2", 1, 0 },
		{ .path = NULL },
	};
	struct err err;
	int fd;
	char *path = new_dir(&fd);

	CHECK_FAILS(unpack(files, fd, &err), &err, ERR_EXISTS, "x_y.ko");
	assert_true(has(fd, "modules/x_y.ko", "1"));
	drop_dir(path, fd);
}

static void test_garbage_is_refused(void **state unused)
{
	struct err err = ERR_INIT;
	int fd, package = fd_memfd("package", &err);
	char *path = new_dir(&fd);

	assert_int_equal(write(package, "garbage", 7), 7);
	lseek(package, 0, SEEK_SET);
	CHECK_FAILS(kernel_unpack_deb(package, TEST_RELEASE, fd, &err), &err,
		    ERR_INVALID, "");
	close(package);
	drop_dir(path, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_and_modules_come_out),
		cmocka_unit_test(test_odd_packages_are_refused),
		cmocka_unit_test(test_a_module_that_is_there_twice_is_refused),
		cmocka_unit_test(test_garbage_is_refused),
	};

	return RUN_TESTS(tests);
}
