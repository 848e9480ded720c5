// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_elf.c - make a kernel as small as its loader allows.
 *
 * The build aligns segments to 2 MiB in the file and stores the kernel's BSS
 * as zeros: of 53 MB, 22 are empty. QEMU keeps the file in memory, so they
 * are worth dropping. A loader looks at program headers only; memory beyond
 * a segment's bytes in the file is zero by definition.
 *
 * Sources: the ELF-64 object file format; Xen public/elfnote.h for the PVH
 * entry point.
 */
#include "infra/kernel/kernel_elf.h"

#include <elf.h>
#include <string.h>

#define SEGMENTS_MAX		 32
#define NOTES_MAX		 ((size_t)64 * 1024) /* bytes */
#define NOTE_ALIGN		 4U
#define SEGMENT_ALIGN		 4096U
#define XEN_NAME		 "Xen"
#define XEN_ELFNOTE_PHYS32_ENTRY 18U

struct kernel_elf {
	struct span file;
	Elf64_Ehdr header;
	Elf64_Phdr segments[SEGMENTS_MAX]; /* PT_LOAD and PT_NOTE only */
	uint16_t segment_count;
};

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "kernel ELF file: %s", what);
}

/* Copies @len bytes at @at; false when they are not all in the file. */
static bool copy_at(struct span file, uint64_t at, void *out, size_t len)
{
	if (at > file.len || len > file.len - at)
		return false;
	memcpy(out, (const char *)file.p + at, len);
	return true;
}

static int read_header(struct kernel_elf *k, struct err *err)
{
	const Elf64_Ehdr *h = &k->header;

	if (!copy_at(k->file, 0, &k->header, sizeof(k->header)) ||
	    memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return bad(err, "no ELF header");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64 ||
	    h->e_type != ET_EXEC)
		return bad(err, "not an x86-64 executable");
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 ||
	    h->e_phnum > SEGMENTS_MAX)
		return bad(err, "bad program headers");
	return 0;
}

static int read_segments(struct kernel_elf *k, struct err *err)
{
	for (uint16_t i = 0; i < k->header.e_phnum; i++) {
		Elf64_Phdr *p = &k->segments[k->segment_count];

		if (k->header.e_phoff > k->file.len ||
		    !copy_at(k->file, k->header.e_phoff + i * sizeof(*p), p,
			     sizeof(*p)))
			return bad(err, "program headers out of bounds");
		if (p->p_type != PT_LOAD && p->p_type != PT_NOTE)
			continue;
		if (p->p_offset > k->file.len ||
		    p->p_filesz > k->file.len - p->p_offset ||
		    p->p_filesz > p->p_memsz)
			return bad(err, "segment out of bounds");
		k->segment_count++;
	}
	return 0;
}

static size_t note_padded(uint32_t len)
{
	return ((size_t)len + NOTE_ALIGN - 1) / NOTE_ALIGN * NOTE_ALIGN;
}

/* Looks for Xen's note with the 32-bit entry point. */
static bool has_pvh_note(struct span notes)
{
	Elf64_Nhdr n;

	while (span_take(&notes, &n, sizeof(n))) {
		size_t name_len = note_padded(n.n_namesz);

		if (n.n_type == XEN_ELFNOTE_PHYS32_ENTRY &&
		    n.n_namesz == sizeof(XEN_NAME) &&
		    n.n_descsz >= sizeof(uint32_t) &&
		    notes.len >= sizeof(XEN_NAME) &&
		    memcmp(notes.p, XEN_NAME, sizeof(XEN_NAME)) == 0)
			return true;
		if (!span_skip(&notes, name_len) ||
		    !span_skip(&notes, note_padded(n.n_descsz)))
			return false;
	}
	return false;
}

static int check_pvh(const struct kernel_elf *k, struct err *err)
{
	for (uint16_t i = 0; i < k->segment_count; i++) {
		const Elf64_Phdr *p = &k->segments[i];

		if (p->p_type != PT_NOTE)
			continue;
		if (p->p_filesz > NOTES_MAX)
			return bad(err, "too many notes");
		if (has_pvh_note((struct span){ .p = (const char *)k->file.p +
						     p->p_offset,
						.len = p->p_filesz }))
			return 0;
	}
	return bad(err, "no PVH entry point");
}

/* Zeros up to the next multiple of @align, counted from @start. */
static int pad(struct buf *out, size_t start, size_t align, struct err *err)
{
	size_t len = (align - (out->len - start) % align) % align;
	char *room;

	if (buf_room(out, len, &room, err) < 0)
		return -1;
	memset(room, 0, len);
	buf_grew(out, len);
	return 0;
}

static void trim_zeros(struct kernel_elf *k, Elf64_Phdr *p)
{
	const char *bytes = (const char *)k->file.p + p->p_offset;

	while (p->p_filesz > 0 && bytes[p->p_filesz - 1] == 0)
		p->p_filesz--;
}

static int add_segment(struct kernel_elf *k, Elf64_Phdr *p, struct buf *out,
		       size_t start, struct err *err)
{
	const char *bytes = (const char *)k->file.p + p->p_offset;

	if (p->p_type == PT_LOAD)
		trim_zeros(k, p);
	if (pad(out, start, p->p_type == PT_LOAD ? SEGMENT_ALIGN : NOTE_ALIGN,
		err) < 0)
		return -1;
	p->p_offset = out->len - start;
	return buf_add(out, bytes, p->p_filesz, err);
}

int kernel_elf_compact(struct span elf, struct buf *out, struct err *err)
{
	struct kernel_elf k = { .file = elf };
	const size_t start = out->len;
	size_t headers_len;

	if (read_header(&k, err) < 0 || read_segments(&k, err) < 0 ||
	    check_pvh(&k, err) < 0)
		return -1;
	k.header.e_phoff = sizeof(k.header);
	k.header.e_phnum = k.segment_count;
	k.header.e_shoff = 0;
	k.header.e_shnum = 0;
	k.header.e_shstrndx = SHN_UNDEF;
	headers_len = k.segment_count * sizeof(k.segments[0]);
	/* The program headers are written again once offsets are known. */
	if (buf_add(out, &k.header, sizeof(k.header), err) < 0 ||
	    buf_add(out, k.segments, headers_len, err) < 0)
		return -1;
	for (uint16_t i = 0; i < k.segment_count; i++)
		if (add_segment(&k, &k.segments[i], out, start, err) < 0)
			return -1;
	memcpy(out->data + start + sizeof(k.header), k.segments, headers_len);
	return 0;
}
