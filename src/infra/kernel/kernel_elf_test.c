// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_elf_test.c - a compacted kernel loads to the same memory.
 */
#include "infra/kernel/kernel_elf.h"

#include <elf.h>
#include <string.h>

#include "infra/kernel/kernel_test_package.h"
#include "support/check.h"

#define PVH_NOTE 18

static Elf64_Phdr segment(const struct buf *elf, size_t i)
{
	Elf64_Phdr p;

	memcpy(&p, elf->data + sizeof(Elf64_Ehdr) + i * sizeof(p), sizeof(p));
	return p;
}

static void test_what_is_loaded_stays_the_same(void **state unused)
{
	auto_buf struct buf elf = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf out = BUF_INIT(TEST_PACKAGE_MAX);
	struct err err = ERR_INIT;
	Elf64_Ehdr header;
	Elf64_Phdr p;

	test_kernel_elf(&elf, PVH_NOTE);
	CHECK_OK(kernel_elf_compact(buf_span(&elf), &out, &err), &err);
	memcpy(&header, out.data, sizeof(header));
	assert_int_equal(header.e_phnum, 3);
	assert_int_equal(header.e_shnum, 0);
	assert_int_equal(header.e_entry, 0x100000);
	p = segment(&out, 0);
	assert_int_equal(p.p_paddr, 0x100000);
	assert_int_equal(p.p_memsz, 0x2000);
	assert_true(p.p_filesz < 0x800); /* it ended in zeros */
	assert_memory_equal(out.data + p.p_offset, elf.data + 0x1000,
			    p.p_filesz);
	p = segment(&out, 1);
	assert_int_equal(p.p_type, PT_NOTE);
	assert_memory_equal(out.data + p.p_offset, elf.data + 0x1400,
			    p.p_filesz);
	p = segment(&out, 2);
	assert_int_equal(p.p_filesz, 5);
	assert_memory_equal(out.data + p.p_offset, "data!", 5);
	assert_true(out.len < elf.len);
}

static void test_a_compact_kernel_stays_as_it_is(void **state unused)
{
	auto_buf struct buf elf = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf once = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf twice = BUF_INIT(TEST_PACKAGE_MAX);
	struct err err = ERR_INIT;

	test_kernel_elf(&elf, PVH_NOTE);
	CHECK_OK(kernel_elf_compact(buf_span(&elf), &once, &err), &err);
	CHECK_OK(kernel_elf_compact(buf_span(&once), &twice, &err), &err);
	assert_int_equal(once.len, twice.len);
	assert_memory_equal(once.data, twice.data, once.len);
}

static void test_a_kernel_without_pvh_is_refused(void **state unused)
{
	auto_buf struct buf elf = BUF_INIT(TEST_PACKAGE_MAX);
	auto_buf struct buf out = BUF_INIT(TEST_PACKAGE_MAX);
	struct err err;

	test_kernel_elf(&elf, PVH_NOTE - 1);
	CHECK_FAILS(kernel_elf_compact(buf_span(&elf), &out, &err), &err,
		    ERR_INVALID, "no PVH entry point");
}

/* One 64-bit value put at an offset of a good file. */
/* clang-format off */
static const struct damage_case {
	const char *name;
	size_t at;
	uint64_t value;
	const char *text;
} damage_cases[] = {
	{ "no magic",         0,        0,               "no ELF header" },
	{ "other type",       16,       0x3e0003,        "not an x86-64" },
	{ "other machine",    16,       0xb70002,        "not an x86-64" },
	{ "headers far away", 32,       UINT64_MAX - 5,  "out of bounds" },
	{ "headers past end", 32,       0x5000,          "out of bounds" },
	{ "segment past end", 64 + 8,   0x5001,          "out of bounds" },
	{ "offset wraps",     64 + 8,   UINT64_MAX,      "out of bounds" },
	{ "size past end",    64 + 32,  0x1000000,       "out of bounds" },
	{ "larger than mem",  64 + 40,  1,               "out of bounds" },
	{ "note length",      0x1400,   0xfffffff0fffffff0, "no PVH" },
};
/* clang-format on */

static void test_damaged_files_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(damage_cases); i++) {
		const struct damage_case *c = &damage_cases[i];
		auto_buf struct buf elf = BUF_INIT(TEST_PACKAGE_MAX);
		auto_buf struct buf out = BUF_INIT(TEST_PACKAGE_MAX);
		struct err err = ERR_INIT;

		test_kernel_elf(&elf, PVH_NOTE);
		memcpy(elf.data + c->at, &c->value, sizeof(c->value));
		CHECK(kernel_elf_compact(buf_span(&elf), &out, &err) < 0,
		      "%s: accepted", c->name);
		CHECK(err.kind == ERR_INVALID && strstr(err.msg, c->text),
		      "%s: %s", c->name, err.msg);
	}
}

static void test_every_truncation_is_refused(void **state unused)
{
	auto_buf struct buf elf = BUF_INIT(TEST_PACKAGE_MAX);

	test_kernel_elf(&elf, PVH_NOTE);
	for (size_t len = 0; len < elf.len; len += len < 512 ? 1 : 333) {
		auto_buf struct buf out = BUF_INIT(TEST_PACKAGE_MAX);
		struct span cut = { .p = elf.data, .len = len };

		CHECK(kernel_elf_compact(cut, &out, ERR_IGNORE) < 0,
		      "%zu bytes: accepted", len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_loaded_stays_the_same),
		cmocka_unit_test(test_a_compact_kernel_stays_as_it_is),
		cmocka_unit_test(test_a_kernel_without_pvh_is_refused),
		cmocka_unit_test(test_damaged_files_are_refused),
		cmocka_unit_test(test_every_truncation_is_refused),
	};

	return RUN_TESTS(tests);
}
