// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_modules.c - a module's dependencies are always a bounded list of plain
 * names, and ordering comes to an end.
 */
#include <string.h>

#include "domain/kernel/modules.h"
#include "fuzz/fuzz.h"

/* Every module has the same bytes; after some they are found no more. */
struct tree {
	struct span elf;
	int reads;
};

static int read_module(void *data, const char *name, struct span *out,
		       struct err *err)
{
	struct tree *t = data;

	if (t->reads++ > 8)
		return err_set(err, ERR_NOT_FOUND, "no module '%s'", name);
	*out = t->elf;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree t = { .elf = { .p = data, .len = size } };
	const char *const wanted[] = { "virtio", NULL };
	auto_strv struct strv depends = STRV_INIT;
	auto_strv struct strv order = STRV_INIT;
	struct err err = ERR_INIT;

	if (module_depends(t.elf, &depends, &err) < 0)
		INVARIANT(err.kind == ERR_INVALID && !depends.n);
	INVARIANT(depends.n <= 64);
	for (size_t i = 0; i < depends.n; i++) {
		const char *name = depends.v[i];

		INVARIANT(*name && strlen(name) < 56 && !strchr(name, '-') &&
			  !strchr(name, '/') && !strchr(name, '.'));
	}
	/* "virtio" comes last if it comes at all. */
	if (modules_order(wanted, read_module, &t, &order, &err) == 0)
		INVARIANT(order.n && !strcmp(order.v[order.n - 1], "virtio"));
	return 0;
}
