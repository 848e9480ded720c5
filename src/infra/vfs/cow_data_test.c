// SPDX-License-Identifier: Apache-2.0
/*
 * cow_data_test.c - content, attributes and descriptors.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"
#include "support/check.h"
#include "support/cow_script.h"

static void test_copy_up_hashes_small_content(void **state unused)
{
	static const struct {
		const char *name, *script;
		bool hashed;
	} rows[] = {
		{ "write", "add f !", true },
		{ "truncate", "truncate f 0", true },
		{ "large", "add large !", false },
	};
	char want[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE];

	hash_sha256("text", 4, want);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct overlay_origin *o;
		struct world w;

		world_init(&w);
		user_write(&w, "f", "text");
		user_write(&w, "large", "x");
		assert_int_equal(fchmodat(w.user_fd, "f", 0640, 0), 0);
		{
			auto_close int fd = openat(w.user_fd, "large",
						   O_WRONLY | O_CLOEXEC);

			assert_int_equal(ftruncate(fd, 1 + 1024 * 1024), 0);
		}
		world_start(&w, /* read_only */ false, 0);
		expect(&w, rows[i].script, "");
		o = overlay_origin(w.cow->overlay,
				   rows[i].hashed ? "f" : "large");
		CHECK(o && o->has_hash == rows[i].hashed, "%s", rows[i].name);
		if (o->has_hash) {
			for (size_t j = 0; j < sizeof(o->hash); j++)
				snprintf(got + 2 * j, 3, "%02x", o->hash[j]);
			assert_string_equal(got, want);
			assert_int_equal(o->mode, 0640);
		}
		world_release(&w);
	}
}

static void test_copy_of_sparse_file_stays_sparse(void **state unused)
{
	const uint64_t size = UINT64_C(1) << 36, at = UINT64_C(1) << 35;
	auto_close int fd = -1;
	struct fuse_attr attr;
	uint64_t data;
	struct world w;
	int64_t id;
	char c[4];

	world_init(&w);
	user_write(&w, "f", "");
	fd = openat(w.user_fd, "f", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(pwrite(fd, "data", 4, (off_t)at), 4);
	world_start(&w, /* read_only */ false, 0);
	id = guest_find(&w, "f");
	assert_int_equal(guest_write(&w, (uint64_t)id, 1, "w"), 0);
	assert_int_equal(guest_stat(&w, (uint64_t)id, &attr), 0);
	assert_int_equal(attr.size, size);
	assert_true(attr.blocks < 1000);
	assert_int_equal(
		w.fs->ops->lseek(w.fs, (uint64_t)id, 1 << 20, SEEK_DATA, &data),
		0);
	assert_true(data <= at && data > at - 1024 * 1024);
	assert_int_equal(w.fs->ops->read(w.fs, (uint64_t)id,
					 &(struct iovec){ c, 4 }, 1, at),
			 4);
	assert_memory_equal(c, "data", 4);
	world_release(&w);
}

static void test_holes_are_punched(void **state unused)
{
	const uint32_t punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	static const struct {
		uint32_t mode;
		uint64_t offset, length;
		int want;
		uint64_t size;
	} rows[] = {
		{ 0, 0, 100, 0, 100 },
		{ FALLOC_FL_KEEP_SIZE, 0, 200, 0, 100 },
		{ FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 2, 0, 100 },
		{ FALLOC_FL_ZERO_RANGE, 50, 60, 0, 110 },
		{ FALLOC_FL_PUNCH_HOLE, 1, 2, -EOPNOTSUPP, 110 },
		{ FALLOC_FL_COLLAPSE_RANGE, 0, 4096, -EOPNOTSUPP, 110 },
		{ 0, 0, 0, -EINVAL, 110 },
		{ 0, INT64_MAX, 2, -EFBIG, 110 },
		{ 0, UINT64_MAX, 2, -EFBIG, 110 },
	};
	struct fuse_attr attr;
	struct world w;
	char text[6];
	uint64_t id;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	id = (uint64_t)guest_find(&w, "a");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = w.fs->ops->fallocate(w.fs, id, rows[i].mode,
					     rows[i].offset, rows[i].length);

		CHECK(r == rows[i].want, "row %zu: %d", i, r);
		assert_int_equal(guest_stat(&w, id, &attr), 0);
		CHECK(attr.size == rows[i].size, "row %zu: %" PRIu64, i,
		      attr.size);
	}
	assert_int_equal(
		w.fs->ops->read(w.fs, id, &(struct iovec){ text, 6 }, 1, 0), 6);
	assert_memory_equal(text, "a\0\0ha\0", 6);
	assert_int_equal(w.fs->ops->fallocate(w.fs, FUSE_ROOT_ID, punch, 0, 1),
			 -EISDIR);
	expect(&w, "cat d/x", "ex");
	world_release(&w);
}

static void test_hostile_ids_and_offsets_are_refused(void **state unused)
{
	static const uint64_t ids[] = { 0, 2, 77, UINT64_MAX };
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	char byte[] = "x";
	struct iovec iov = { .iov_base = byte, .iov_len = 1 };
	uint64_t handle, id;
	uint32_t flags;
	struct world w;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const struct fs_ops *ops = w.fs->ops;

		assert_int_equal(guest_stat(&w, ids[i], &attr), -ESTALE);
		assert_int_equal(ops->lookup(w.fs, ids[i], "a", &entry),
				 -ESTALE);
		assert_int_equal(ops->opendir(w.fs, ids[i], &handle, &flags),
				 -ESTALE);
		assert_int_equal(
			ops->readdir(w.fs, FUSE_ROOT_ID, ids[i], 0, NULL),
			-EBADF);
		ops->releasedir(w.fs, FUSE_ROOT_ID, ids[i]);
		ops->forget(w.fs, ids[i], UINT64_MAX);
	}
	id = (uint64_t)guest_find(&w, "a");
	assert_int_equal(w.fs->ops->write(w.fs, id, &iov, 1, UINT64_MAX, false),
			 -EFBIG);
	assert_int_equal(w.fs->ops->write(w.fs, id, &iov, 1, INT64_MAX, false),
			 -EFBIG);
	assert_int_equal(w.fs->ops->read(w.fs, id, &iov, 1, UINT64_MAX),
			 -EINVAL);
	assert_int_equal(guest_truncate(&w, id, UINT64_MAX), -EFBIG);
	assert_int_equal(w.fs->ops->lseek(w.fs, id, 0, SEEK_SET, &handle),
			 -EINVAL);
	assert_int_equal(
		w.fs->ops->lseek(w.fs, id, UINT64_MAX, SEEK_DATA, &handle),
		-ENXIO);
	expect(&w, "cat a", "alpha");
	world_release(&w);
}

static void test_times_can_be_set(void **state unused)
{
	static const struct {
		const char *name;
		bool write_first;
		uint64_t sec;
		int64_t want;
	} rows[] = {
		{ "the user's file", false, 1000, 1000 },
		{ "its own file", true, 1000, 1000 },
		{ "before 1970", true, (uint64_t)-5, -5 },
		{ "before 1970, the user's", false, (uint64_t)-5, -5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fuse_setattr_in in = {
			.valid = FATTR_MTIME | FATTR_ATIME_NOW,
			.mtime = rows[i].sec,
			.mtimensec = 7,
		};
		struct fuse_attr_out out;
		struct world w;
		uint64_t id;

		world_init(&w);
		populate(&w);
		world_start(&w, /* read_only */ false, 0);
		id = (uint64_t)guest_find(&w, "a");
		if (rows[i].write_first)
			expect(&w, "add a x", "");
		assert_int_equal(
			w.fs->ops->setattr(w.fs, &guest_user, id, &in, &out),
			0);
		CHECK((int64_t)out.attr.mtime == rows[i].want &&
			      out.attr.mtimensec == 7,
		      "%s: %" PRId64, rows[i].name, (int64_t)out.attr.mtime);
		in.mtimensec = 1000000000;
		assert_int_equal(
			w.fs->ops->setattr(w.fs, &guest_user, id, &in, &out),
			-EINVAL);
		world_release(&w);
	}
}

static void test_set_id_bits_go(void **state unused)
{
	struct fuse_setattr_in in = { .valid = FATTR_UID, .uid = 5 };
	char byte[] = "x";
	struct iovec iov = { .iov_base = byte, .iov_len = 1 };
	struct fuse_attr_out out;
	struct world w;
	uint64_t id;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "chmod a 6755", "");
	id = (uint64_t)guest_find(&w, "a");
	assert_int_equal(w.fs->ops->write(w.fs, id, &iov, 1, 0, true), 1);
	expect(&w, "stat a; chmod a 6755", "100755 1 1000 5");
	assert_int_equal(w.fs->ops->setattr(w.fs, &guest_user, id, &in, &out),
			 0);
	expect(&w, "stat a", "100755 1 5 5");
	world_release(&w);
}

static void test_few_descriptors_are_enough(void **state unused)
{
	struct rlimit old, few;
	struct world w;
	int top;

	world_init(&w);
	for (int i = 0; i < 100; i++) {
		auto_free char *dir = xasprintf("d%d", i);
		auto_free char *file = xasprintf("d%d/f", i);

		user_mkdir(&w, dir);
		user_write(&w, file, file);
	}
	/* The limit of the cache is above the one of the process. */
	world_start(&w, /* read_only */ false, 1000);
	top = dup(0);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ (rlim_t)top + 6, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 100; i++) {
			auto_free char *script = xasprintf(
				"cat d%d/f; add d%d/f !; ls d%d", i, i, i);
			auto_free char *want =
				xasprintf("d%d/f%s; f", i, round ? "!" : "");

			expect(&w, script, want);
		}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	world_release(&w);

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 1);
	expect(&w, "cat a; cat d/x; add d/x !; cat d/y; cat d/s/z; cat d/x",
	       "alpha; ex; why; zed; ex!");
	assert_true(w.cow->fds.n <= COW_FDS_MIN);
	world_release(&w);
}

static void test_copies_between_files(void **state unused)
{
	struct world w;
	uint64_t from, to;
	ssize_t n;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, COW_FDS_MIN);
	from = (uint64_t)guest_find(&w, "a");
	to = (uint64_t)guest_find(&w, "d/x");
	n = w.fs->ops->copy_file_range(w.fs, from, 1, to, 2, 3);
	/* Not every file system can; then the guest does it. */
	if (n != -EOPNOTSUPP) {
		assert_int_equal(n, 3);
		expect(&w, "cat d/x; cat a", "exlph; alpha");
	}
	assert_int_equal(
		w.fs->ops->copy_file_range(w.fs, from, UINT64_MAX, to, 0, 1),
		-EINVAL);
	assert_int_equal(
		w.fs->ops->copy_file_range(w.fs, FUSE_ROOT_ID, 0, to, 0, 1),
		-EISDIR);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_up_hashes_small_content),
		cmocka_unit_test(test_copy_of_sparse_file_stays_sparse),
		cmocka_unit_test(test_holes_are_punched),
		cmocka_unit_test(test_hostile_ids_and_offsets_are_refused),
		cmocka_unit_test(test_times_can_be_set),
		cmocka_unit_test(test_set_id_bits_go),
		cmocka_unit_test(test_few_descriptors_are_enough),
		cmocka_unit_test(test_copies_between_files),
	};

	return RUN_TESTS(tests);
}
