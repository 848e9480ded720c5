/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_args.h - the command line of QEMU. Pure.
 */
#ifndef BBOX_INFRA_VM_QEMU_ARGS_H
#define BBOX_INFRA_VM_QEMU_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "domain/image/image.h"
#include "domain/vm/vm.h"

#define QEMU_GUEST_DNS "192.168.127.3" /* QEMU's own resolver address */
#define QEMU_NETDEV    "net"	       /* what the monitor calls it */

struct qemu_share_arg {
	const char *tag; /* borrowed */
	int vhost_fd;
};

/* All pointers are borrowed; descriptors are the numbers QEMU will see. */
struct qemu_args {
	const char *binary;
	const char *name;
	enum vm_accel accel; /* VM_ACCEL_KVM or VM_ACCEL_TCG */
	uint32_t cpus;
	uint32_t mem_mib;
	const char *kernel_path;
	const struct image *image;
	int initrd_fd;
	int scratch_fd;
	int console_fd; /* this and the next two are connected sockets */
	int control_fd;
	int qmp_fd;
	struct qemu_share_arg shares[VM_SHARES_MAX];
	size_t share_count;
	bool debug;
};

void qemu_args_build(const struct qemu_args *a, struct strv *out);

/* "qemu-system-x86_64", and the Debian package it is in. */
const char *qemu_program(void);
const char *qemu_package(void);

#endif /* BBOX_INFRA_VM_QEMU_ARGS_H */
