/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_scratch.h - the disk that holds what a session writes outside its
 * shares, and that nobody keeps.
 */
#ifndef BBOX_INFRA_VM_QEMU_SCRATCH_H
#define BBOX_INFRA_VM_QEMU_SCRATCH_H

#include <stdint.h>

#include "base/err.h"

#define SCRATCH_SIZE_MAX (UINT64_C(64) << 30) /* bytes */
#define SCRATCH_SIZE_MIN (UINT64_C(256) << 20)

/* The size for a file system with @available bytes left. Pure. */
uint64_t qemu_scratch_size(uint64_t available);

/**
 * qemu_scratch_open() - make a sparse file without a name that holds an empty
 * ext4 file system
 * @dir:	on whose file system it lies
 * @path_var:	where mke2fs is looked for
 *
 * Return: a descriptor, readable and writable; the space is given back when
 * the last one is closed. -1: ERR_NOT_FOUND names the missing program.
 */
must_check int qemu_scratch_open(const char *dir, const char *path_var,
				 struct err *err);

#endif /* BBOX_INFRA_VM_QEMU_SCRATCH_H */
