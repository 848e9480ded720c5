/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_elf.h - an x86-64 ELF kernel that QEMU can start directly.
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_ELF_H
#define BBOX_INFRA_KERNEL_KERNEL_ELF_H

#include "base/buf.h"

/**
 * kernel_elf_compact() - the same kernel without what loading does not need
 * @elf:	an uncompressed kernel
 * @out:	appended to: headers, notes, segments; no sections, no padding,
 *		no zeros at the end of a segment
 * @err:	ERR_INVALID when it is no such kernel or has no PVH entry point,
 *		ERR_LIMIT
 */
must_check int kernel_elf_compact(struct span elf, struct buf *out,
				  struct err *err);

#endif /* BBOX_INFRA_KERNEL_KERNEL_ELF_H */
