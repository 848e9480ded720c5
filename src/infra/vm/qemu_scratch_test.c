// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_scratch_test.c - size and contents of the throw-away disk.
 */
#include "infra/vm/qemu_scratch.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define GIB (UINT64_C(1) << 30)

/* clang-format off */
static const struct size_case {
	const char *name;
	uint64_t available, want;
} size_cases[] = {
	{ "plenty", 500 * GIB, 64 * GIB },
	{ "exactly", 64 * GIB, 64 * GIB },
	{ "less", 10 * GIB + 4097, 10 * GIB },
	{ "hardly any", 4096, 256 << 20 },
};
/* clang-format on */

static void test_size_follows_space(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(size_cases); i++) {
		const struct size_case *c = &size_cases[i];

		CHECK(qemu_scratch_size(c->available) == c->want, "%s: %llu",
		      c->name,
		      (unsigned long long)qemu_scratch_size(c->available));
	}
}

static char *new_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;
	char *dir = NULL;

	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "scratch-", &dir, &err),
		 &err);
	return dir;
}

static void test_file_is_sparse_ext4_without_name(void **state unused)
{
	auto_free char *dir = new_dir();
	struct err err = ERR_INIT;
	unsigned char magic[2];
	auto_close int fd = -1;
	struct stat st;

	fd = qemu_scratch_open(dir, getenv("PATH"), &err);
	CHECK_OK(fd, &err);
	assert_int_equal(fstat(fd, &st), 0);
	CHECK(st.st_nlink == 0, "%d names", (int)st.st_nlink);
	CHECK((uint64_t)st.st_size >= SCRATCH_SIZE_MIN, "size");
	CHECK(st.st_blocks * 512 < 8 << 20, "%lld blocks",
	      (long long)st.st_blocks);
	/* s_magic of the superblock at 1024. */
	CHECK(pread(fd, magic, 2, 1024 + 56) == 2 && magic[0] == 0x53 &&
		      magic[1] == 0xef,
	      "no ext4");
	CHECK(rmdir(dir) == 0, "'%s' is not empty", dir);
}

static void test_missing_directory_is_named(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_FAILS(qemu_scratch_open("/nonexistent/d", getenv("PATH"), &err),
		    &err, ERR_NOT_FOUND, "/nonexistent/d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_follows_space),
		cmocka_unit_test(test_file_is_sparse_ext4_without_name),
		cmocka_unit_test(test_missing_directory_is_named),
	};

	return RUN_TESTS(tests);
}
