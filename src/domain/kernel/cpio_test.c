// SPDX-License-Identifier: Apache-2.0
/*
 * cpio_test.c - archives, byte by byte.
 */
#include "domain/kernel/cpio.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

#define ARCHIVE_MAX ((size_t)64 * 1024)

static void test_one_file_is_exact(void **state unused)
{
	static const char want[] = "070701"
				   "00000000"
				   "000081a4"
				   "000003e8"
				   "000003e9"
				   "00000001"
				   "00000000"
				   "00000003"
				   "00000000"
				   "00000000"
				   "00000000"
				   "00000000"
				   "00000004"
				   "00000000"
				   "a/b\0"
				   "\0\0"
				   "xyz\0";
	auto_buf struct buf out = BUF_INIT(ARCHIVE_MAX);
	const struct cpio_entry e = { .path = "a/b",
				      .mode = 0100644,
				      .uid = 1000,
				      .gid = 1001,
				      .data = "xyz",
				      .len = 3 };
	struct err err = ERR_INIT;

	CHECK_OK(cpio_add(&out, &e, &err), &err);
	CHECK(out.len == sizeof(want) - 1, "%zu bytes", out.len);
	CHECK(!memcmp(out.data, want, out.len), "got '%s'", out.data);
}

static void test_end_is_a_trailer_and_padding(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(ARCHIVE_MAX);
	struct err err = ERR_INIT;

	CHECK_OK(cpio_end(&out, &err), &err);
	CHECK(out.len == 124, "%zu bytes", out.len);
	CHECK(!strcmp(out.data + 110, "TRAILER!!!"), "no trailer");
}

static const struct refusal {
	const char *name;
	struct cpio_entry entry;
	enum err_kind kind;
} refusals[] = {
	{ "absolute", { .path = "/a", .mode = 0100644 }, ERR_INVALID },
	{ "empty", { .path = "", .mode = 0100644 }, ERR_INVALID },
	{ "dot-dot", { .path = "a/../b", .mode = 0100644 }, ERR_INVALID },
	{ "last dot-dot", { .path = "a/..", .mode = 0100644 }, ERR_INVALID },
	{ "dot", { .path = "./a", .mode = 0100644 }, ERR_INVALID },
	{ "two slashes", { .path = "a//b", .mode = 0100644 }, ERR_INVALID },
	{ "last slash", { .path = "a/", .mode = 0040755 }, ERR_INVALID },
	{ "trailer", { .path = "TRAILER!!!", .mode = 0100644 }, ERR_INVALID },
	{ "device", { .path = "a", .mode = 0020644 }, ERR_INVALID },
	{ "socket", { .path = "a", .mode = 0140644 }, ERR_INVALID },
	{ "no type", { .path = "a", .mode = 0644 }, ERR_INVALID },
	{ "mode bits", { .path = "a", .mode = 01100644 }, ERR_INVALID },
	{ "directory with content",
	  { .path = "a", .mode = 0040755, .data = "x", .len = 1 },
	  ERR_INVALID },
	{ "empty symlink", { .path = "a", .mode = 0120777 }, ERR_INVALID },
	{ "buffer too small",
	  { .path = "a", .mode = 0100644, .data = "x", .len = ARCHIVE_MAX },
	  ERR_LIMIT },
	{ "beyond 4 GiB",
	  { .path = "a",
	    .mode = 0100644,
	    .data = "x",
	    .len = (size_t)UINT32_MAX + 1 },
	  ERR_LIMIT },
};

static void test_refusals_leave_the_archive_alone(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		auto_buf struct buf out = BUF_INIT(ARCHIVE_MAX);
		struct err err = ERR_INIT;

		CHECK(cpio_add(&out, &refusals[i].entry, &err) < 0 &&
			      err.kind == refusals[i].kind,
		      "%s: %s", refusals[i].name, err.msg);
		CHECK(!out.len, "%s: %zu bytes", refusals[i].name, out.len);
	}
}

static void test_refused_path_is_shown_visibly(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(ARCHIVE_MAX);
	const struct cpio_entry e = { .path = "a\x1b/../b", .mode = 0100644 };
	struct err err = ERR_INIT;

	CHECK_FAILS(cpio_add(&out, &e, &err), &err, ERR_INVALID,
		    "bad archive path 'a\\x1b/../b'");
}

/* Counts entries called @path; all of the archive must be walked. */
static int count(const struct buf *b, const char *path)
{
	size_t at = 0;
	int n = 0;

	while (at < b->len) {
		const char *h = b->data + at;
		auto_free char *len = xmemdup0(h + 54, 8);
		auto_free char *name_len = xmemdup0(h + 94, 8);
		size_t end = 110 + strtoul(name_len, NULL, 16);

		CHECK(!memcmp(h, "070701", 6), "no magic at %zu", at);
		n += !strcmp(h + 110, path);
		end = (end + 3) / 4 * 4 + strtoul(len, NULL, 16);
		at += (end + 3) / 4 * 4;
	}
	CHECK(at == b->len, "%zu of %zu bytes", at, b->len);
	return n;
}

static void test_parents_are_added_once(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(ARCHIVE_MAX);
	const struct cpio_entry home = { .path = "home/sandbox",
					 .mode = 0040700,
					 .uid = 1000 };
	const struct cpio_entry odd = {
		.path = "odd", .mode = 0100644, .data = "x", .len = 1
	};
	struct err err = ERR_INIT;

	CHECK_OK(cpio_add_parents(&out, "home/sandbox", &err), &err);
	CHECK_OK(cpio_add(&out, &home, &err), &err);
	CHECK_OK(cpio_add(&out, &odd, &err), &err);
	CHECK_OK(cpio_end(&out, &err), &err);
	CHECK_OK(cpio_add_parents(&out, "home/sandbox/.ssh/key", &err), &err);
	CHECK_OK(cpio_add_parents(&out, "home/sandbox/.ssh/key", &err), &err);
	CHECK_OK(cpio_add_parents(&out, "top", &err), &err);
	CHECK(count(&out, "home") == 1, "home: %d", count(&out, "home"));
	CHECK(count(&out, "home/sandbox") == 1, "an explicit directory "
						"was replaced");
	CHECK(count(&out, "home/sandbox/.ssh") == 1, "no .ssh");
	CHECK(!count(&out, "top") && !count(&out, "home/sandbox/.ssh/key"),
	      "the path itself was added");
	CHECK_FAILS(cpio_add_parents(&out, "a/../../b", &err), &err,
		    ERR_INVALID, "bad archive path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_file_is_exact),
		cmocka_unit_test(test_end_is_a_trailer_and_padding),
		cmocka_unit_test(test_refusals_leave_the_archive_alone),
		cmocka_unit_test(test_refused_path_is_shown_visibly),
		cmocka_unit_test(test_parents_are_added_once),
	};

	return RUN_TESTS(tests);
}
