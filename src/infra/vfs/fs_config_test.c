// SPDX-License-Identifier: Apache-2.0
/*
 * fs_config_test.c - what a file server is told comes through, and nothing
 * else is taken for it.
 */
#include "infra/vfs/fs_config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "support/check.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void test_configuration_comes_through(void **state unused)
{
	for (int i = 0; i < 5; i++) {
		auto_fs_config struct fs_config in = FS_CONFIG_INIT;
		auto_fs_config struct fs_config out = FS_CONFIG_INIT;
		auto_close int fd = -1;
		struct err err = ERR_INIT;

		in.read_only = i & 1;
		in.direct = i & 4;
		if (i & 2) {
			in.exclude = exclude_new(EXCLUDE_FOR_SNAPSHOT);
			CHECK_OK(exclude_add_pattern(in.exclude, "*.tmp", &err),
				 &err);
		}
		fd = fs_config_write(&in, &err);
		CHECK_OK(fd, &err);
		/* More than once: the position does not matter. */
		CHECK_OK(fs_config_read(fd, &out, &err), &err);
		fs_config_release(&out);
		CHECK_OK(fs_config_read(fd, &out, &err), &err);
		assert_int_equal(out.read_only, in.read_only);
		assert_int_equal(out.direct, in.direct);
		assert_int_equal(!!out.exclude, !!in.exclude);
		if (out.exclude) {
			assert_true(
				exclude_matches(out.exclude, "a.tmp", false));
			assert_true(
				exclude_matches(out.exclude, ".env", false));
			assert_false(
				exclude_matches(out.exclude, "a.c", false));
		}
		CHECK(write(fd, "x", 1) < 0, "it can be written");
	}
}

static int make_fd(const char *bytes, size_t len, int seals)
{
	struct err err = ERR_INIT;
	int fd = fd_memfd("test", &err);

	CHECK_OK(fd, &err);
	CHECK_OK(fd_write_all(fd, bytes, len, &err), &err);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void test_other_bytes_are_refused(void **state unused)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
#define BYTES(s) (s), sizeof(s) - 1
		{ BYTES(""), "damaged" },
		{ BYTES("bbox-fs\n"), "damaged" },
		{ BYTES("bbox-fs "), "damaged" },
		{ BYTES("BBOX-FS\n\1"), "damaged" },
		{ BYTES("bbox-fs\n\10"), "damaged" },
		{ BYTES("bbox-fs\n\5"), "damaged" },
		{ BYTES("bbox-fs\n\6"), "damaged" },
		{ BYTES("bbox-fs\n\4x"), "damaged" },
		{ BYTES("bbox-fs\n\1x"), "damaged" },
		{ BYTES("bbox-fs\n\2"), "no purpose" },
		{ BYTES("bbox-fs\n\2S\0\0\0\1"), "damaged" },
#undef BYTES
	};
	struct fs_config c = FS_CONFIG_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_close int fd =
			make_fd(cases[i].bytes, cases[i].len, SEALS);

		CHECK_FAILS(fs_config_read(fd, &c, &err), &err, ERR_INVALID,
			    cases[i].text);
		assert_null(c.exclude);
		assert_true(c.read_only);
	}
}

static void test_open_seals_are_refused(void **state unused)
{
	static const int seals[] = { F_SEAL_GROW, SEALS & ~F_SEAL_WRITE,
				     SEALS & ~F_SEAL_SEAL };
	struct fs_config c = FS_CONFIG_INIT;
	struct err err = ERR_INIT;
	int ends[2];

	for (size_t i = 0; i < ARRAY_SIZE(seals); i++) {
		auto_close int fd = make_fd("bbox-fs\n\1", 9, seals[i]);

		CHECK_FAILS(fs_config_read(fd, &c, &err), &err, ERR_INVALID,
			    "not sealed");
	}
	CHECK_OK(fd_pipe(ends, &err), &err);
	CHECK_FAILS(fs_config_read(ends[0], &c, &err), &err, ERR_INVALID,
		    "not sealed");
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration_comes_through),
		cmocka_unit_test(test_other_bytes_are_refused),
		cmocka_unit_test(test_open_seals_are_refused),
	};

	return RUN_TESTS(tests);
}
