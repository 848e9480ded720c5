/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_initrd.h - what the guest's kernel unpacks: the initramfs that all
 * sessions share, followed by this session's own archive.
 */
#ifndef BBOX_INFRA_VM_QEMU_INITRD_H
#define BBOX_INFRA_VM_QEMU_INITRD_H

#include "base/buf.h"
#include "domain/vm/vm.h"

#define INITRD_SHARED_MAX  ((size_t)256 * 1024 * 1024) /* bytes */
#define INITRD_SESSION_MAX ((size_t)64 * 1024 * 1024)  /* bytes */

/**
 * qemu_initrd_session() - the session's archive. Pure.
 * @dns:	address of the guest's resolver
 * @out:	its limit should be INITRD_SESSION_MAX
 * @err:	ERR_LIMIT, ERR_INVALID for a bad file name
 */
must_check int qemu_initrd_session(const struct vm_config *cfg, const char *dns,
				   struct buf *out, struct err *err);

/**
 * qemu_initrd_open() - both archives in memory, sealed
 *
 * The session's secrets never touch a disk.
 * Return: a descriptor, or -1.
 */
must_check int qemu_initrd_open(const struct vm_config *cfg, const char *dns,
				struct err *err);

#endif /* BBOX_INFRA_VM_QEMU_INITRD_H */
