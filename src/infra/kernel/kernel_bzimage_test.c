// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_bzimage_test.c - every compression, and images that lie.
 */
#include "infra/kernel/kernel_bzimage.h"

#include <archive.h>
#include <string.h>

#include "infra/kernel/kernel_test_package.h"
#include "support/check.h"

#define CONTENT "the kernel, the kernel, the kernel, the kernel"

/* libarchive writes no legacy LZ4 frames; the real kernel covers those. */
static const struct {
	const char *name;
	int filter;
} filters[] = {
	{ "gzip", ARCHIVE_FILTER_GZIP },
	{ "xz", ARCHIVE_FILTER_XZ },
	{ "zstd", ARCHIVE_FILTER_ZSTD },
	{ "bzip2", ARCHIVE_FILTER_BZIP2 },
};

static void test_each_compression_is_unpacked(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		auto_buf struct buf image = BUF_INIT(TEST_PACKAGE_MAX);
		auto_buf struct buf out = BUF_INIT(TEST_PACKAGE_MAX);
		struct err err = ERR_INIT;

		test_kernel_image(&image, filters[i].filter, SPAN_STR(CONTENT));
		CHECK(kernel_bzimage_unpack(buf_span(&image), &out, &err) == 0,
		      "%s: %s", filters[i].name, err.msg);
		CHECK(strcmp(out.data, CONTENT) == 0, "%s: '%s'",
		      filters[i].name, out.data);
	}
}

/* One 32-bit value put at an offset of a good image. */
/* clang-format off */
static const struct damage_case {
	const char *name;
	size_t at;
	uint32_t value;
	const char *text;
} damage_cases[] = {
	{ "no magic",        0x202, 0,          "not a Linux boot image" },
	{ "old protocol",    0x206, 0x0207,     "not a Linux boot image" },
	{ "offset past end", 0x248, 0x100000,   "out of bounds" },
	{ "offset wraps",    0x248, UINT32_MAX, "out of bounds" },
	{ "length past end", 0x24c, 0x100000,   "out of bounds" },
	{ "length wraps",    0x24c, UINT32_MAX, "out of bounds" },
	{ "empty",           0x24c, 0,          "out of bounds" },
	{ "only a trailer",  0x24c, 4,          "out of bounds" },
	{ "cut short",       0x24c, 20,         "unpack kernel" },
	{ "unknown",         0x410, 0x12345678, "unknown compression" },
};
/* clang-format on */

static void test_damaged_images_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(damage_cases); i++) {
		const struct damage_case *c = &damage_cases[i];
		auto_buf struct buf image = BUF_INIT(TEST_PACKAGE_MAX);
		auto_buf struct buf out = BUF_INIT(TEST_PACKAGE_MAX);
		struct err err = ERR_INIT;

		test_kernel_image(&image, ARCHIVE_FILTER_XZ, SPAN_STR(CONTENT));
		memcpy(image.data + c->at, &c->value, sizeof(c->value));
		CHECK(kernel_bzimage_unpack(buf_span(&image), &out, &err) < 0,
		      "%s: accepted", c->name);
		CHECK(err.kind == ERR_INVALID && strstr(err.msg, c->text),
		      "%s: %s", c->name, err.msg);
	}
}

static void test_a_kernel_beyond_the_limit_is_refused(void **state unused)
{
	auto_buf struct buf zeros = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf image = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf out = BUF_INIT((size_t)1024 * 1024);
	struct err err = ERR_INIT;
	size_t len = (size_t)2 * 1024 * 1024;
	char *room;

	CHECK_OK(buf_room(&zeros, len, &room, &err), &err);
	memset(room, 0, len);
	buf_grew(&zeros, len);
	test_kernel_image(&image, ARCHIVE_FILTER_XZ, buf_span(&zeros));
	CHECK_FAILS(kernel_bzimage_unpack(buf_span(&image), &out, &err), &err,
		    ERR_LIMIT, "unpack kernel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_compression_is_unpacked),
		cmocka_unit_test(test_damaged_images_are_refused),
		cmocka_unit_test(test_a_kernel_beyond_the_limit_is_refused),
	};

	return RUN_TESTS(tests);
}
