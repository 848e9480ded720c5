// SPDX-License-Identifier: Apache-2.0
/*
 * cow_slot_test.c - small contents: in their slots, out of them, and gone.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "support/check.h"
#include "support/cow_script.h"

#define LARGE (OVERLAY_SLOT_MAX + 1)

static void setup(struct world *w)
{
	world_init(w);
	user_write(w, "a", "alpha");
	world_start(w, /* read_only */ false, 0);
}

static int64_t put(struct world *w, const char *name, const char *text)
{
	assert_int_equal(guest_put(w, name, text), 0);
	return guest_find(w, name);
}

static bool is_object(struct world *w, int64_t id)
{
	struct stat st;

	return cow_object_stat(w->cow, (uint64_t)id, &st) == 0;
}

static char *text_of(size_t len, char c)
{
	char *text = xmalloc(len + 1);

	memset(text, c, len);
	text[len] = '\0';
	return text;
}

/* The same session with another server, as after the first one was killed. */
static void restart(struct world *w)
{
	cow_fs_free(w->cow);
	world_start(w, /* read_only */ false, 0);
}

static void check_content(struct world *w, const char *name, const char *want,
			  bool object)
{
	int64_t id = guest_find(w, name);
	auto_free char *got = guest_read(w, (uint64_t)id);
	struct fuse_attr attr;

	CHECK(!strcmp(got, want), "'%s' holds '%.40s', not '%.40s'", name, got,
	      want);
	assert_int_equal(guest_stat(w, (uint64_t)id, &attr), 0);
	assert_int_equal(attr.size, strlen(want));
	assert_int_equal(is_object(w, id), object);
}

static void test_content_moves_when_it_outgrows_its_slot(void **state unused)
{
	static const struct {
		const char *name;
		size_t len, at, more; /* bytes: at first, and of a write */
		bool object;
	} rows[] = {
		{ "empty", 0, 0, 0, false },
		{ "full", OVERLAY_SLOT_MAX, 0, 0, false },
		{ "too large", LARGE, 0, 0, true },
		{ "filled up", 10, 10, OVERLAY_SLOT_MAX - 10, false },
		{ "outgrown", 10, 10, OVERLAY_SLOT_MAX - 9, true },
		{ "outgrown from within", 100, 50, OVERLAY_SLOT_MAX, true },
		{ "far away", 10, LARGE, 1, true },
		{ "of the user", 5, 5, LARGE, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool users = !strcmp(rows[i].name, "of the user");
		auto_free char *first = text_of(rows[i].len, 'x');
		auto_free char *more = text_of(rows[i].more, 'y');
		size_t end = rows[i].more ? rows[i].at + rows[i].more : 0;
		size_t size = end > rows[i].len ? end : rows[i].len;
		auto_free char *want = text_of(size, '\0');
		struct world w;
		int64_t id;

		setup(&w);
		id = users ? guest_find(&w, "a") : put(&w, "n", first);
		memcpy(want, users ? "alpha" : first, rows[i].len);
		if (rows[i].more) {
			assert_int_equal(
				guest_write(&w, (uint64_t)id, rows[i].at, more),
				0);
			memcpy(want + rows[i].at, more, rows[i].more);
		}
		CHECK(is_object(&w, id) == rows[i].object, "%s", rows[i].name);
		for (int round = 0; round < 2; round++) {
			struct iovec iov = { .iov_base = xmalloc(size + 1),
					     .iov_len = size + 1 };

			id = guest_find(&w, users ? "a" : "n");
			CHECK(w.fs->ops->read(w.fs, (uint64_t)id, &iov, 1, 0) ==
				      (ssize_t)size,
			      "%s: size", rows[i].name);
			CHECK(!memcmp(iov.iov_base, want, size), "%s",
			      rows[i].name);
			free(iov.iov_base);
			restart(&w);
		}
		world_check_replay(&w);
		world_release(&w);
	}
}

/* What was cut off must not come back. */
static void test_uncovered_bytes_are_zero(void **state unused)
{
	static const char want[] = "ab\0\0\0\0yz";
	char got[sizeof(want)] = "";
	struct iovec iov = { .iov_base = got, .iov_len = sizeof(got) };
	struct world w;
	uint64_t id;

	for (int how = 0; how < 2; how++) {
		setup(&w);
		id = (uint64_t)put(&w, "n", "abcdefghij");
		assert_int_equal(guest_truncate(&w, id, 2), 0);
		if (how)
			assert_int_equal(guest_truncate(&w, id, 8), 0);
		assert_int_equal(guest_write(&w, id, 6, "yz"), 0);
		assert_int_equal(w.fs->ops->read(w.fs, id, &iov, 1, 0),
				 sizeof(want) - 1);
		assert_memory_equal(got, want, sizeof(want) - 1);
		assert_false(is_object(&w, (int64_t)id));
		world_release(&w);
	}
}

static void test_slot_has_no_holes(void **state unused)
{
	struct world w;
	uint64_t id, out = 0;

	setup(&w);
	id = (uint64_t)put(&w, "n", "text");
	assert_int_equal(w.fs->ops->lseek(w.fs, id, 1, SEEK_DATA, &out), 0);
	assert_int_equal(out, 1);
	assert_int_equal(w.fs->ops->lseek(w.fs, id, 1, SEEK_HOLE, &out), 0);
	assert_int_equal(out, 4);
	assert_int_equal(w.fs->ops->lseek(w.fs, id, 4, SEEK_DATA, &out),
			 -ENXIO);
	/* Not worth an object; allocation is. */
	assert_int_equal(w.fs->ops->copy_file_range(w.fs, id, 0,
						    (uint64_t)put(&w, "m", "m"),
						    0, 4),
			 -EOPNOTSUPP);
	assert_false(is_object(&w, (int64_t)id));
	assert_int_equal(w.fs->ops->fallocate(w.fs, id, 0, 0, 6), 0);
	assert_true(is_object(&w, (int64_t)id));
	world_release(&w);
}

static void test_attributes_last(void **state unused)
{
	const struct fuse_setattr_in in = { .valid = FATTR_MTIME | FATTR_ATIME,
					    .mtime = 1000,
					    .mtimensec = 5,
					    .atime = 2000 };
	struct fuse_attr_out out;
	struct fuse_attr attr;
	struct world w;
	uint64_t id;

	setup(&w);
	id = (uint64_t)put(&w, "n", "text");
	assert_int_equal(w.fs->ops->setattr(w.fs, &guest_user, id, &in, &out),
			 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(
			guest_stat(&w, (uint64_t)guest_find(&w, "n"), &attr),
			0);
		assert_int_equal(attr.mtime, 1000);
		assert_int_equal(attr.mtimensec, 5);
		assert_int_equal(attr.atime, 2000);
		assert_int_equal(attr.blocks, 8);
		restart(&w);
	}
	/* An object keeps the times that the slot had. */
	id = (uint64_t)guest_find(&w, "n");
	assert_int_equal(
		cow_content_object(w.cow, overlay_find(w.cow->overlay, id)) < 0,
		0);
	assert_int_equal(guest_stat(&w, id, &attr), 0);
	assert_int_equal(attr.mtime, 1000);
	world_release(&w);
}

/* Where files may not be large, there are objects. */
static void test_file_of_slots_may_not_grow(void **state unused)
{
	struct rlimit old, limit;
	struct world w;

	setup(&w);
	assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 4 * OVERLAY_SLOT_SIZE + OVERLAY_SLOT_HEADER;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect(&w,
	       "put 1 one; put 2 two; put 3 three; put 4 four; put 5 five;"
	       "add a !; cat 1; cat 2; cat 3; cat 4; cat 5; cat a",
	       "one; two; three; four; five; alpha!");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	restart(&w);
	check_content(&w, "1", "one", /* object */ false);
	check_content(&w, "5", "five", /* object */ true);
	check_content(&w, "a", "alpha!", /* object */ true);
	world_release(&w);
}

/* So does a file system that knows no holes, but for the reason. */
static void test_without_slots_all_are_objects(void **state unused)
{
	struct world w;

	setup(&w);
	w.cow->slot_ids = 0;
	expect(&w, "put 1 one; add a !; truncate 1 2; cat 1; cat a",
	       "on; alpha!");
	check_content(&w, "1", "on", /* object */ true);
	restart(&w);
	check_content(&w, "a", "alpha!", /* object */ true);
	world_release(&w);
}

/* Whoever took the server over can write anything there. */
static void test_damaged_slot_is_an_error(void **state unused)
{
	static const char junk[OVERLAY_SLOT_HEADER] = "junk";
	auto_close int fd = -1;
	struct world w;
	uint64_t id;

	setup(&w);
	id = (uint64_t)put(&w, "n", "text");
	cow_fs_free(w.cow);
	fd = openat(w.state_fd, OVERLAY_SLOTS_FILE, O_WRONLY | O_CLOEXEC);
	assert_int_equal(
		pwrite(fd, junk, sizeof(junk), (off_t)overlay_slot_offset(id)),
		sizeof(junk));
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "cat n; add n x; truncate n 1; ls .",
	       "errno 5; errno 5; errno 5; a n");
	world_release(&w);
}

static void test_trash_leaves_others_alone(void **state unused)
{
	enum { COUNT = 40 };
	auto_free char *large = text_of(LARGE, 'l');
	uint64_t ids[COUNT];
	struct world w;

	setup(&w);
	for (int i = 0; i < COUNT; i++) {
		auto_free char *name = xasprintf("f%d", i);

		ids[i] = (uint64_t)put(&w, name, i % 5 ? name : large);
	}
	for (int n = 0; n < COUNT; n++) {
		int i = n * 7 % COUNT; /* in no order */
		auto_free char *script = xasprintf("rm f%d", i);

		if (i % 3 == 0)
			continue;
		expect(&w, script, "");
		w.fs->ops->forget(w.fs, ids[i], UINT64_MAX);
		/* Not before the records are on the disk. */
		assert_true(world_has_content(&w, ids[i]));
	}
	assert_true(cow_trash_empty(w.cow));
	assert_false(cow_trash_empty(w.cow));
	for (int i = 0; i < COUNT; i++)
		CHECK(world_has_content(&w, ids[i]) == (i % 3 == 0), "f%d", i);
	world_check_replay(&w);
	world_release(&w);
}

static void test_trash_is_bounded(void **state unused)
{
	struct world w;

	setup(&w);
	for (size_t i = 0; i < COW_TRASH_MAX + 10; i++) {
		uint64_t id = (uint64_t)put(&w, "n", "text");

		expect(&w, "rm n", "");
		w.fs->ops->forget(w.fs, id, UINT64_MAX);
	}
	assert_int_equal(w.cow->trash.n, 10);
	world_release(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_moves_when_it_outgrows_its_slot),
		cmocka_unit_test(test_uncovered_bytes_are_zero),
		cmocka_unit_test(test_slot_has_no_holes),
		cmocka_unit_test(test_attributes_last),
		cmocka_unit_test(test_file_of_slots_may_not_grow),
		cmocka_unit_test(test_without_slots_all_are_objects),
		cmocka_unit_test(test_damaged_slot_is_an_error),
		cmocka_unit_test(test_trash_leaves_others_alone),
		cmocka_unit_test(test_trash_is_bounded),
	};

	return RUN_TESTS(tests);
}
