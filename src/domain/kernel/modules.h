/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.h - which kernel modules to load, in which order.
 */
#ifndef BBOX_DOMAIN_KERNEL_MODULES_H
#define BBOX_DOMAIN_KERNEL_MODULES_H

#include "base/err.h"
#include "base/span.h"
#include "base/strv.h"

/* The modules that every guest needs; dependencies come on top. NULL ends. */
extern const char *const modules_wanted[];

/**
 * module_depends() - read a module's dependencies from its .modinfo section
 * @elf:	the module file, 64-bit little-endian ELF, hostile
 * @out:	names are added, '-' replaced by '_'
 * @err:	ERR_INVALID for a malformed file
 */
must_check int module_depends(struct span elf, struct strv *out,
			      struct err *err);

/*
 * Gives a module's bytes, which must stay until the next call only;
 * ERR_NOT_FOUND when it is built in or missing. @name has '_' throughout,
 * file names may have '-' in its place.
 */
typedef int module_read_fn(void *data, const char *name, struct span *out,
			   struct err *err);

/**
 * modules_order() - everything @wanted needs, dependencies first
 * @read:	called once per module
 * @out:	names in load order, each once
 * @err:	ERR_NOT_FOUND for a dependency, ERR_INVALID (a cycle, a bad
 * file)
 *
 * A name in @wanted that @read does not find counts as built into the kernel
 * and is left out; a dependency is always a module, so that one must exist.
 */
must_check int modules_order(const char *const *wanted, module_read_fn *read,
			     void *data, struct strv *out, struct err *err);

#endif /* BBOX_DOMAIN_KERNEL_MODULES_H */
