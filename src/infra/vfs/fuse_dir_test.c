// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_dir_test.c - packed entries, aligned, and those that do not fit.
 */
#include "infra/vfs/fuse_dir.h"

#include <limits.h>
#include <string.h>

#include "support/check.h"

#define DIRENT	   ((size_t)24) /* struct fuse_dirent without its name */
#define DIRENTPLUS ((size_t)152)

/* clang-format off */
static const struct room_case {
	const char *name, *entry;
	bool plus;
	size_t room;
	bool want;
	size_t want_len;
} room_cases[] = {
	{ "padded",            "a",         false, 64,  true,  32 },
	{ "needs no padding",  "12345678",  false, 64,  true,  32 },
	{ "one byte more",     "123456789", false, 64,  true,  40 },
	{ "just fits",         "a",         false, 32,  true,  32 },
	{ "padding is room",   "a",         false, 31,  false, 0 },
	{ "no room",           "a",         false, 0,   false, 0 },
	{ "plus",              "a",         true,  160, true,  160 },
	{ "plus does not fit", "a",         true,  159, false, 0 },
	{ "dots",              "..",        true,  160, true,  160 },
};
/* clang-format on */

static bool add(struct fuse_dir *d, const char *name, uint64_t node)
{
	const struct fuse_entry_out entry = { .nodeid = node };

	return d->sink.add(&d->sink, SPAN_STR(name), /* DT_REG */ 8, 77, 5,
			   d->sink.plus ? &entry : NULL);
}

static void test_room(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(room_cases); i++) {
		const struct room_case *c = &room_cases[i];
		char buf[256];
		struct fuse_dir d;

		memset(buf, '#', sizeof(buf));
		fuse_dir_init(&d, c->plus, buf, c->room);
		CHECK(add(&d, c->entry, 0) == c->want, "%s", c->name);
		CHECK(d.len == c->want_len && d.full == !c->want, "%s: %zu",
		      c->name, d.len);
		CHECK(buf[c->room] == '#', "%s: written past the room",
		      c->name);
	}
}

static void test_entry_is_what_the_kernel_reads(void **state unused)
{
	static const char zeros[8];
	char buf[512];
	struct fuse_direntplus got;
	struct fuse_dirent plain;
	struct fuse_dir d;

	memset(buf, '#', sizeof(buf));
	fuse_dir_init(&d, /* plus */ true, buf, sizeof(buf));
	CHECK(add(&d, "first", 3) && add(&d, "b", 9), "does not fit");
	CHECK(d.len == 2 * (DIRENTPLUS + 8), "%zu bytes", d.len);
	memcpy(&got, buf + d.len / 2, sizeof(got));
	CHECK(got.entry_out.nodeid == 9 && got.dirent.ino == 77 &&
		      got.dirent.off == 5 && got.dirent.type == 8 &&
		      got.dirent.namelen == 1,
	      "second entry");
	CHECK(!memcmp(buf + DIRENTPLUS, "first", 5) &&
		      !memcmp(buf + DIRENTPLUS + 5, zeros, 3),
	      "name and padding");

	fuse_dir_init(&d, /* plus */ false, buf, sizeof(buf));
	CHECK(add(&d, "first", 0), "does not fit");
	memcpy(&plain, buf, sizeof(plain));
	CHECK(plain.ino == 77 && plain.off == 5 && plain.namelen == 5 &&
		      !memcmp(buf + DIRENT, "first", 5),
	      "plain entry");
}

static void test_name_that_linux_cannot_say_is_passed_over(void **state unused)
{
	char buf[1024], name[NAME_MAX + 2] = "";
	struct fuse_dir d;

	memset(name, 'n', NAME_MAX + 1);
	fuse_dir_init(&d, /* plus */ true, buf, sizeof(buf));
	CHECK(add(&d, name, 0) && add(&d, "", 0) && !d.len && !d.full,
	      "%zu bytes", d.len);
	CHECK(add(&d, name + 1, 0) && d.len, "longest name");
}

static void test_short_name_does_not_overtake_a_long_one(void **state unused)
{
	char buf[96], name[NAME_MAX + 1] = "";
	struct fuse_dir d;

	memset(name, 'n', NAME_MAX);
	fuse_dir_init(&d, /* plus */ false, buf, sizeof(buf));
	CHECK(add(&d, "a", 0) && !add(&d, name, 0), "long name");
	CHECK(!add(&d, "b", 0) && d.len == 32, "overtook: %zu", d.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_entry_is_what_the_kernel_reads),
		cmocka_unit_test(
			test_name_that_linux_cannot_say_is_passed_over),
		cmocka_unit_test(test_short_name_does_not_overtake_a_long_one),
	};

	return RUN_TESTS(tests);
}
