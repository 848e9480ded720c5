// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_manifest_test.c - a manifest speaks for one kernel only.
 */
#include "infra/kernel/kernel_manifest.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

static const struct kernel_pin pin = { .arch = "amd64",
				       .package = "linux",
				       .version = "1",
				       .release = "1-test",
				       .sha256 = "aa",
				       .size = 1 };

static char *new_dir(int *out_fd)
{
	struct err err = ERR_INIT;
	auto_free char *image = NULL;
	char *path;

	CHECK_OK(fs_make_temp_dir("/tmp", "bbox-manifest-", &path, &err), &err);
	image = xasprintf("%s/%s", path, KERNEL_ELF_NAME);
	CHECK_OK(fs_replace_file(image, "", 0, 0600, &err), &err);
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

static void test_what_is_written_is_read(void **state unused)
{
	struct kernel_manifest a, b;
	struct err err = ERR_INIT;
	int fd;
	char *path = new_dir(&fd);

	CHECK_OK(kernel_manifest_make(fd, KERNEL_ELF_NAME, KERNEL_SOURCE_APT,
				      &a, &err),
		 &err);
	assert_string_equal(a.library_hash, "e3b0c44298fc1c149afbf4c8996fb924"
					    "27ae41e4649b934ca495991b7852b855");
	CHECK_OK(kernel_manifest_write(fd, &a, &pin, &err), &err);
	CHECK_OK(kernel_manifest_read(fd, &pin, &b, &err), &err);
	assert_string_equal(b.library, KERNEL_ELF_NAME);
	assert_string_equal(b.source, KERNEL_SOURCE_APT);
	assert_string_equal(b.library_hash, a.library_hash);
	assert_int_equal(b.mtime_ns, a.mtime_ns);
	assert_true(kernel_manifest_is_fresh(fd, &b));
	drop_dir(path, fd);
}

static void test_no_manifest_is_not_found(void **state unused)
{
	struct kernel_manifest m;
	struct err err;
	int fd;
	char *path = new_dir(&fd);

	CHECK_FAILS(kernel_manifest_read(fd, &pin, &m, &err), &err,
		    ERR_NOT_FOUND, KERNEL_MANIFEST);
	drop_dir(path, fd);
}

static void test_other_kernels_are_refused(void **state unused)
{
	struct kernel_pin others[] = { pin, pin, pin };
	struct kernel_manifest m;
	struct err err = ERR_INIT;
	int fd;
	char *path = new_dir(&fd);

	others[0].version = "2";
	others[1].arch = "arm64";
	others[2].sha256 = "ab";
	CHECK_OK(kernel_manifest_make(fd, KERNEL_ELF_NAME, KERNEL_SOURCE_APT,
				      &m, &err),
		 &err);
	CHECK_OK(kernel_manifest_write(fd, &m, &pin, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		CHECK_FAILS(kernel_manifest_read(fd, &others[i], &m, &err),
			    &err, ERR_INVALID, "not of this kernel");
	drop_dir(path, fd);
}

/* Replaces @from in a good manifest. */
static const struct damage_case {
	const char *name, *from, *to;
} damage_cases[] = {
	{ "no hash", "\"library_hash\": \"e3", "\"library_hush\": \"e3" },
	{ "short hash", "b7852b855", "b7852b8\"" },
	{ "no hex", "b7852b855", "b7852b85g" },
	{ "path as library", "\"vmlinux\"", "\"../linux\"" },
	{ "odd source", "\"apt\"", "\"ftp\"" },
	{ "other layout", "\"layout\": 1", "\"layout\": 0" },
	{ "other modules", "virtiofs", "virtiogs" },
	{ "no JSON", "{", "[" },
};

static void test_damaged_manifests_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(damage_cases); i++) {
		const struct damage_case *c = &damage_cases[i];
		auto_buf struct buf text = BUF_INIT(65536);
		auto_free char *file = NULL;
		struct kernel_manifest m;
		struct err err = ERR_INIT;
		char *at;
		int fd;
		char *path = new_dir(&fd);

		file = xasprintf("%s/%s", path, KERNEL_MANIFEST);
		CHECK_OK(kernel_manifest_make(fd, KERNEL_ELF_NAME,
					      KERNEL_SOURCE_APT, &m, &err),
			 &err);
		CHECK_OK(kernel_manifest_write(fd, &m, &pin, &err), &err);
		CHECK_OK(fs_read_file(file, &text, &err), &err);
		at = strstr(text.data, c->from);
		CHECK(at, "%s: '%s' is not there", c->name, c->from);
		memcpy(at, c->to, strlen(c->to));
		CHECK_OK(fs_replace_file(file, text.data, text.len, 0600, &err),
			 &err);
		CHECK(kernel_manifest_read(fd, &pin, &m, &err) < 0,
		      "%s: accepted", c->name);
		CHECK(err.kind == ERR_INVALID, "%s: %s", c->name, err.msg);
		drop_dir(path, fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_no_manifest_is_not_found),
		cmocka_unit_test(test_other_kernels_are_refused),
		cmocka_unit_test(test_damaged_manifests_are_refused),
	};

	return RUN_TESTS(tests);
}
