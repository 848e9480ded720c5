// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_kernel_elf.c - a compacted kernel loads to the same memory as the one
 * it was made of, and cannot be compacted further.
 */
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "infra/kernel/kernel_elf.h"

#define OUT_MAX ((size_t)4 * 1024 * 1024)
#define BEFORE	"abc" /* what is appended to, and makes all unaligned */

static Elf64_Ehdr header_of(struct span elf)
{
	Elf64_Ehdr h;

	INVARIANT(span_take(&elf, &h, sizeof(h)));
	return h;
}

static Elf64_Phdr segment_of(struct span elf, size_t i)
{
	Elf64_Phdr p;

	INVARIANT(span_skip(&elf, header_of(elf).e_phoff + i * sizeof(p)));
	INVARIANT(span_take(&elf, &p, sizeof(p)));
	return p;
}

/* The byte at @i of the memory of a segment. */
static char byte_of(struct span elf, const Elf64_Phdr *p, uint64_t i)
{
	return i < p->p_filesz ? ((const char *)elf.p)[p->p_offset + i] : 0;
}

static void check_segment(struct span elf, const Elf64_Phdr *a, struct span out,
			  const Elf64_Phdr *b)
{
	INVARIANT(b->p_offset <= out.len &&
		  b->p_filesz <= out.len - b->p_offset);
	INVARIANT(a->p_type == b->p_type && a->p_flags == b->p_flags &&
		  a->p_vaddr == b->p_vaddr && a->p_paddr == b->p_paddr &&
		  a->p_memsz == b->p_memsz && b->p_filesz <= a->p_filesz);
	for (uint64_t i = 0; i < a->p_filesz; i++)
		INVARIANT(byte_of(elf, a, i) == byte_of(out, b, i));
}

static void check_segments(struct span elf, struct span out)
{
	const Elf64_Ehdr from = header_of(elf), to = header_of(out);
	uint16_t n = 0;

	INVARIANT(from.e_entry == to.e_entry && !to.e_shnum);
	for (uint16_t i = 0; i < from.e_phnum; i++) {
		Elf64_Phdr a = segment_of(elf, i), b;

		if (a.p_type != PT_LOAD && a.p_type != PT_NOTE)
			continue;
		INVARIANT(n < to.e_phnum);
		b = segment_of(out, n++);
		check_segment(elf, &a, out, &b);
	}
	INVARIANT(n == to.e_phnum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { .p = data, .len = size };
	auto_buf struct buf out = BUF_INIT(OUT_MAX);
	auto_buf struct buf again = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	struct span elf;

	INVARIANT(!buf_adds(&out, BEFORE, &err));
	if (kernel_elf_compact(in, &out, &err) < 0) {
		INVARIANT(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
		return 0;
	}
	INVARIANT(!memcmp(out.data, BEFORE, strlen(BEFORE)));
	elf = buf_span(&out);
	INVARIANT(span_skip(&elf, strlen(BEFORE)));
	check_segments(in, elf);
	INVARIANT(!kernel_elf_compact(elf, &again, &err));
	INVARIANT(again.len == elf.len && !memcmp(again.data, elf.p, elf.len));
	return 0;
}
