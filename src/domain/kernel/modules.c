// SPDX-License-Identifier: Apache-2.0
/*
 * modules.c - read what kernel modules depend on, and order them.
 *
 * Source: the ELF-64 object file format, and "depends=" in .modinfo as
 * scripts/mod/modpost.c of Linux writes it. Compressed modules (.ko.xz,
 * .ko.zst) are no ELF files and are refused.
 */
#include "domain/kernel/modules.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define SECTIONS_MAX 4096U
#define MODINFO_MAX  ((size_t)256 * 1024) /* bytes */
#define DEPENDS_MAX  ((size_t)64)	  /* of one module */
#define NAME_LEN_MAX ((size_t)55)	  /* MODULE_NAME_LEN of Linux 6 */
#define MODULES_MAX  ((size_t)256)	  /* in one order */
#define DEPTH_MAX    32U

#define EHDR_SIZE  ((size_t)64)
#define SHDR_SIZE  ((size_t)64)
#define SHT_NOBITS 8U

const char *const modules_wanted[] = {
	"virtio_pci", "virtio_mmio", "virtio_console", "virtio_blk", "squashfs",
	"overlay",    "virtiofs",    "virtio_net",     "virtio_rng", NULL,
};

struct section {
	uint32_t name; /* offset in the section name table */
	uint32_t type;
	uint64_t offset, size; /* bytes */
};

struct elf {
	struct span file;
	uint64_t table; /* offset of the section headers */
	uint32_t count;
	struct section names;
};

static uint64_t le(const uint8_t *p, size_t len)
{
	uint64_t value = 0;

	while (len > 0)
		value = value << 8 | p[--len];
	return value;
}

static bool slice(struct span file, uint64_t offset, uint64_t len,
		  struct span *out)
{
	if (offset > file.len || len > file.len - offset)
		return false;
	out->p = (const uint8_t *)file.p + offset;
	out->len = (size_t)len;
	return true;
}

static bool read_section(const struct elf *elf, uint32_t index,
			 struct section *out)
{
	uint8_t h[SHDR_SIZE];
	struct span s;

	/* The table's end was checked, so the sum cannot wrap. */
	if (index >= elf->count ||
	    !slice(elf->file, elf->table + index * SHDR_SIZE, SHDR_SIZE, &s) ||
	    !span_take(&s, h, sizeof(h)))
		return false;
	*out = (struct section){
		.name = (uint32_t)le(h, 4),
		.type = (uint32_t)le(h + 4, 4),
		.offset = le(h + 24, 8),
		.size = le(h + 32, 8),
	};
	return true;
}

static bool open_elf(struct span file, struct elf *out)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	uint8_t h[EHDR_SIZE];
	struct span rest = file, table;

	if (!span_take(&rest, h, sizeof(h)) ||
	    memcmp(h, ident, sizeof(ident)) || le(h + 58, 2) != SHDR_SIZE)
		return false;
	*out = (struct elf){
		.file = file,
		.table = le(h + 40, 8),
		.count = (uint32_t)le(h + 60, 2),
	};
	return out->count && out->count <= SECTIONS_MAX &&
	       slice(file, out->table, out->count * SHDR_SIZE, &table) &&
	       read_section(out, (uint32_t)le(h + 62, 2), &out->names);
}

static bool is_named(const struct elf *elf, const struct section *s,
		     const char *name)
{
	size_t size = strlen(name) + 1;
	struct span names, text;

	return elf->names.type != SHT_NOBITS &&
	       slice(elf->file, elf->names.offset, elf->names.size, &names) &&
	       slice(names, s->name, size, &text) &&
	       !memcmp(text.p, name, size);
}

static bool find_modinfo(const struct elf *elf, struct span *out)
{
	struct section s;

	for (uint32_t i = 0; i < elf->count; i++) {
		if (!read_section(elf, i, &s))
			return false;
		if (is_named(elf, &s, ".modinfo"))
			return s.type != SHT_NOBITS && s.size <= MODINFO_MAX &&
			       slice(elf->file, s.offset, s.size, out);
	}
	return false;
}

static bool is_module_name(struct span s)
{
	const char *p = s.p;

	for (size_t i = 0; i < s.len; i++) {
		if (!((p[i] >= 'a' && p[i] <= 'z') ||
		      (p[i] >= 'A' && p[i] <= 'Z') ||
		      (p[i] >= '0' && p[i] <= '9') || p[i] == '_' ||
		      p[i] == '-'))
			return false;
	}
	return s.len && s.len <= NAME_LEN_MAX;
}

static int take_names(struct span list, struct strv *out, struct err *err)
{
	struct span name;

	while (span_take_until(&list, ',', &name)) {
		auto_free char *text = NULL;

		if (!is_module_name(name))
			return err_set(err, ERR_INVALID,
				       "bad module name in .modinfo");
		if (out->n >= DEPENDS_MAX)
			return err_set(err, ERR_INVALID,
				       "more than %zu dependencies",
				       DEPENDS_MAX);
		text = xmemdup0(name.p, name.len);
		for (char *c = text; *c; c++)
			*c = *c == '-' ? '_' : *c;
		strv_add(out, text);
	}
	return 0;
}

int module_depends(struct span elf, struct strv *out, struct err *err)
{
	static const char key[] = "depends=";
	auto_strv struct strv found = STRV_INIT;
	struct elf e;
	struct span info, item;

	if (!open_elf(elf, &e))
		return err_set(err, ERR_INVALID,
			       "not an uncompressed 64-bit kernel module");
	if (!find_modinfo(&e, &info))
		return err_set(err, ERR_INVALID, "no usable .modinfo section");
	while (span_take_until(&info, '\0', &item)) {
		if (item.len < strlen(key) || memcmp(item.p, key, strlen(key)))
			continue;
		if (!span_skip(&item, strlen(key)) ||
		    take_names(item, &found, err) < 0)
			return -1;
		strv_add_all(out, &found);
		return 0;
	}
	return err_set(err, ERR_INVALID, "no 'depends=' in .modinfo");
}

/* A depth-first walk; @open holds the modules that wait for dependencies. */
struct walk {
	module_read_fn *read;
	void *data;
	struct strv open;
	struct strv done; /* in load order */
	struct strv built_in;
};

static void walk_release(struct walk *w)
{
	strv_release(&w->open);
	strv_release(&w->done);
	strv_release(&w->built_in);
}

static int visit(struct walk *w, const char *name, struct err *err);

static int read_depends(struct walk *w, const char *name, struct strv *out,
			struct err *err)
{
	struct span file;

	if (w->read(w->data, name, &file, err) < 0)
		return -1;
	return module_depends(file, out, err);
}

static int visit_depends(struct walk *w, const struct strv *depends,
			 struct err *err)
{
	for (size_t i = 0; i < depends->n; i++) {
		if (visit(w, depends->v[i], err) < 0)
			return -1;
	}
	return 0;
}

static void strv_drop_last(struct strv *s)
{
	assert(s->n);
	free(s->v[--s->n]);
	s->v[s->n] = NULL;
}

static int visit(struct walk *w, const char *name, struct err *err)
{
	auto_strv struct strv depends = STRV_INIT;
	bool is_wanted = !w->open.n;

	if (strv_contains(&w->done, name) || strv_contains(&w->built_in, name))
		return 0;
	if (strv_contains(&w->open, name))
		return err_set(err, ERR_INVALID,
			       "module '%s' depends on itself", name);
	if (w->open.n >= DEPTH_MAX || w->done.n >= MODULES_MAX)
		return err_set(err, ERR_INVALID,
			       "module '%s': too many dependencies", name);
	if (read_depends(w, name, &depends, err) < 0) {
		if (err->kind == ERR_NOT_FOUND && is_wanted) {
			strv_add(&w->built_in, name);
			*err = ERR_INIT;
			return 0;
		}
		return err_wrap(err, "module '%s'", name);
	}
	strv_add(&w->open, name);
	if (visit_depends(w, &depends, err) < 0)
		return -1;
	strv_drop_last(&w->open);
	strv_add(&w->done, name);
	return 0;
}

int modules_order(const char *const *wanted, module_read_fn *read, void *data,
		  struct strv *out, struct err *err)
{
	cleanup_with(walk_release) struct walk w = { .read = read,
						     .data = data };
	/* A built-in module leaves no trace in the caller's @err. */
	struct err failure = ERR_INIT;

	for (size_t i = 0; wanted[i]; i++) {
		if (visit(&w, wanted[i], &failure) < 0) {
			*err = failure;
			return -1;
		}
	}
	strv_add_all(out, &w.done);
	return 0;
}
