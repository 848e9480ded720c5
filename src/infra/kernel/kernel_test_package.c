// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_test_package.c - small kernels and Debian packages, for tests only.
 *
 * A mistake in here ends the test by assert().
 */
#include "infra/kernel/kernel_test_package.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define SECTOR 512

static void add(struct buf *out, const void *p, size_t len)
{
	int r = buf_add(out, p, len, ERR_IGNORE);

	assert(r == 0);
}

static void add_zeros(struct buf *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		add(out, "", 1);
}

void test_kernel_elf(struct buf *out, uint32_t note_type)
{
	/* A note of another kind in front must not end the search. */
	const struct {
		Elf64_Nhdr other;
		char other_name[4];
		char other_desc[8]; /* of 6 bytes, padded */
		Elf64_Nhdr xen;
		char name[4];
		uint32_t entry;
	} notes = {
		.other = { 4, 6, 6 },
		.other_name = "Xen",
		.other_desc = "linux",
		.xen = { 4, 4, note_type },
		.name = "Xen",
		.entry = 0x1000000,
	};
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_LOAD,
		  .p_offset = 0x1000,
		  .p_paddr = 0x100000,
		  .p_filesz = 0x800,
		  .p_memsz = 0x2000 },
		{ .p_type = PT_NULL },
		{ .p_type = PT_NOTE,
		  .p_offset = 0x1400,
		  .p_align = 4,
		  .p_filesz = sizeof(notes),
		  .p_memsz = sizeof(notes) },
		{ .p_type = PT_LOAD,
		  .p_offset = 0x5000,
		  .p_paddr = 0x200000,
		  .p_filesz = 5,
		  .p_memsz = 5 },
	};
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_entry = 0x100000,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = 0x4000,
		.e_shnum = 7,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = ARRAY_SIZE(segments),
	};

	add(out, &header, sizeof(header));
	add(out, segments, sizeof(segments));
	add_zeros(out, 0x1000 - out->len);
	add(out, "code", 4);
	add_zeros(out, 0x1400 - out->len);
	add(out, &notes, sizeof(notes));
	add_zeros(out, 0x5000 - out->len);
	add(out, "data!", 5);
}

static la_ssize_t write_out(struct archive *a unused, void *data, const void *p,
			    size_t len)
{
	add(data, p, len);
	return (la_ssize_t)len;
}

static void check(int r)
{
	/* A warning only tells that a format has no place for a detail. */
	assert(r == ARCHIVE_OK || r == ARCHIVE_WARN);
}

static struct archive *writer(struct buf *out, const char *format, int filter)
{
	struct archive *a = archive_write_new();

	check(archive_write_set_format_by_name(a, format));
	check(archive_write_add_filter(a, filter));
	/* No padding to a tape's blocks. */
	check(archive_write_set_bytes_in_last_block(a, 1));
	check(archive_write_open(a, out, NULL, write_out, NULL));
	return a;
}

static void write_file(struct archive *a, const struct test_file *f)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, f->path);
	archive_entry_set_mode(entry, (f->type ?: S_IFREG) | 0644);
	archive_entry_set_size(entry, (la_int64_t)f->len);
	if (f->type == S_IFLNK) {
		archive_entry_set_symlink(entry, "/etc/passwd");
		archive_entry_set_size(entry, 0);
	}
	check(archive_write_header(a, entry));
	if (f->type != S_IFLNK && f->len > 0) {
		la_ssize_t n = archive_write_data(a, f->data, f->len);

		assert(n == (la_ssize_t)f->len);
	}
	archive_entry_free(entry);
}

static void finish(struct archive *a)
{
	check(archive_write_close(a));
	archive_write_free(a);
}

void test_kernel_image(struct buf *out, int filter, struct span payload)
{
	auto_buf struct buf packed = BUF_INIT(TEST_PACKAGE_MAX);
	struct archive *a = writer(&packed, "raw", filter);
	const size_t start = out->len;
	uint32_t where, len;

	write_file(a, &(struct test_file){ "-", payload.p, payload.len, 0 });
	finish(a);
	if (filter != ARCHIVE_FILTER_GZIP)
		add_zeros(&packed, 4); /* the size that the build appends */
	add_zeros(out, 2 * SECTOR);
	out->data[start + 0x1f1] = 1; /* one sector of setup code */
	memcpy(out->data + start + 0x202, "HdrS\x0f\x02", 6);
	where = 16;
	len = (uint32_t)packed.len;
	memcpy(out->data + start + 0x248, &where, sizeof(where));
	memcpy(out->data + start + 0x24c, &len, sizeof(len));
	add_zeros(out, where);
	add(out, packed.data, packed.len);
	add_zeros(out, 100);
}

void test_kernel_package(struct buf *out, const struct test_file *files)
{
	auto_buf struct buf data = BUF_INIT(TEST_PACKAGE_MAX);
	struct archive *tar = writer(&data, "ustar", ARCHIVE_FILTER_XZ);
	struct archive *ar;

	for (; files->path; files++)
		write_file(tar, files);
	finish(tar);
	ar = writer(out, "argnu", ARCHIVE_FILTER_NONE);
	write_file(ar, &(struct test_file){ "debian-binary", "2.0\n", 4, 0 });
	write_file(ar, &(struct test_file){ "control.tar.xz", "x", 1, 0 });
	write_file(ar, &(struct test_file){ "data.tar.xz", data.data, data.len,
					    0 });
	finish(ar);
}
