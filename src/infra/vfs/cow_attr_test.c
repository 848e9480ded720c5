// SPDX-License-Identifier: Apache-2.0
#include "infra/vfs/cow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "support/check.h"
#include "support/cow_script.h"
#include "support/cow_world.h"

/* The years 1684 and 2255: nanoseconds hold no more than a bit beyond. */
#define FIRST_SECOND INT64_C(-9000000000)
#define LAST_SECOND  INT64_C(9000000000)

static const struct {
	int64_t sec;
	uint32_t nsec;
	int64_t want_sec;
} times[] = {
	{ 0, 0, 0 },
	{ 1, 999999999, 1 },
	{ -1, 1, -1 },
	{ -86400, 999999999, -86400 },
	{ INT32_MAX, 5, INT32_MAX },
	{ INT64_C(1) + UINT32_MAX, 5, INT64_C(1) + UINT32_MAX },
	{ LAST_SECOND, 7, LAST_SECOND },
	{ LAST_SECOND + 1, 7, LAST_SECOND },
	{ INT64_MAX, 999999999, LAST_SECOND },
	{ FIRST_SECOND, 7, FIRST_SECOND },
	{ FIRST_SECOND - 1, 7, FIRST_SECOND },
	{ INT64_MIN, 0, FIRST_SECOND },
};

static void check_time(struct world *w, uint64_t id, size_t i)
{
	const struct fuse_setattr_in in = {
		.valid = FATTR_ATIME | FATTR_MTIME,
		.atime = (uint64_t)times[i].sec,
		.atimensec = times[i].nsec,
		.mtime = (uint64_t)times[i].sec,
		.mtimensec = times[i].nsec,
	};
	struct fuse_attr_out out;

	assert_int_equal(w->fs->ops->setattr(w->fs, &guest_user, id, &in, &out),
			 0);
	CHECK((int64_t)out.attr.mtime == times[i].want_sec &&
		      (int64_t)out.attr.atime == times[i].want_sec &&
		      out.attr.mtimensec == times[i].nsec &&
		      out.attr.atimensec == times[i].nsec,
	      "row %zu: %" PRId64 ".%u", i, (int64_t)out.attr.mtime,
	      out.attr.mtimensec);
	assert_int_equal(guest_stat(w, id, &out.attr), 0);
	CHECK((int64_t)out.attr.mtime == times[i].want_sec, "row %zu: later",
	      i);
}

static void test_times_far_away_are_clamped(void **state unused)
{
	struct world w;
	uint64_t untouched, own, dir;

	world_init(&w);
	user_write(&w, "a", "alpha");
	user_mkdir(&w, "d");
	world_start(&w, /* read_only */ false, 0);
	free(script_run(&w, "put n new"));
	untouched = (uint64_t)guest_find(&w, "a");
	own = (uint64_t)guest_find(&w, "n");
	dir = (uint64_t)guest_find(&w, "d");
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		check_time(&w, untouched, i);
		check_time(&w, dir, i);
		/* The host's file system may know fewer years than we do. */
		if (times[i].want_sec >= INT32_MIN &&
		    times[i].want_sec <= INT32_MAX)
			check_time(&w, own, i);
	}
	world_check_replay(&w);
	world_release(&w);
}

static void test_nanoseconds_are_less_than_a_second(void **state unused)
{
	const struct fuse_setattr_in in = {
		.valid = FATTR_MTIME,
		.mtimensec = 1000000000,
	};
	struct fuse_attr_out out;
	struct world w;

	world_init(&w);
	user_write(&w, "a", "alpha");
	world_start(&w, /* read_only */ false, 0);
	assert_int_equal(w.fs->ops->setattr(w.fs, &guest_user,
					    (uint64_t)guest_find(&w, "a"), &in,
					    &out),
			 -EINVAL);
	world_release(&w);
}

static const struct {
	uint32_t mode;
	bool kill;
	uint32_t want;
} modes[] = {
	{ 06755, true, 0755 },	 { 06755, false, 06755 },
	{ 04711, true, 0711 },	 { 02745, true, 02745 },
	{ 01777, true, 01777 },	 { 06745, true, 02745 },
	{ 02755, false, 02755 },
};

/* Of the user's file and, the second time, of its copy. */
static void test_set_id_bits_go_with_a_write_that_says_so(void **state unused)
{
	char byte = 'x';
	const struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct fuse_attr_out out;
	struct world w;
	uint64_t id;

	world_init(&w);
	user_write(&w, "a", "alpha");
	world_start(&w, /* read_only */ false, 0);
	id = (uint64_t)guest_find(&w, "a");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const struct fuse_setattr_in in = { .valid = FATTR_MODE,
						    .mode = modes[i].mode };

		assert_int_equal(
			w.fs->ops->setattr(w.fs, &guest_user, id, &in, &out),
			0);
		assert_int_equal(
			w.fs->ops->write(w.fs, id, &iov, 1, i, modes[i].kill),
			1);
		assert_int_equal(guest_stat(&w, id, &out.attr), 0);
		CHECK((out.attr.mode & 07777) == modes[i].want,
		      "row %zu: mode is %o", i, out.attr.mode);
	}
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_far_away_are_clamped),
		cmocka_unit_test(test_nanoseconds_are_less_than_a_second),
		cmocka_unit_test(test_set_id_bits_go_with_a_write_that_says_so),
	};

	return RUN_TESTS(tests);
}
