/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_cage.h - the part of the host's file system that QEMU may reach: its
 * own files, the kernel and the image layers; nothing of the user's.
 */
#ifndef BBOX_INFRA_VM_QEMU_CAGE_H
#define BBOX_INFRA_VM_QEMU_CAGE_H

#include "base/strv.h"
#include "domain/vm/vm.h"
#include "infra/sys/proc.h"

#define QEMU_CAGE_RULES_MAX (32 + IMAGE_LAYERS_MAX)

struct qemu_cage {
	struct proc_cage_rule rules[QEMU_CAGE_RULES_MAX];
	size_t count;
	struct strv paths; /* what rules borrow and nobody else holds */
};

#define QEMU_CAGE_INIT ((struct qemu_cage){ .count = 0 })

/* Pure. The rules end with a NULL path and borrow from @cfg too. */
void qemu_cage_build(const char *binary, const struct vm_config *cfg,
		     enum vm_accel accel, struct qemu_cage *out);
void qemu_cage_release(struct qemu_cage *cage);
#define auto_qemu_cage cleanup_with(qemu_cage_release)

#endif /* BBOX_INFRA_VM_QEMU_CAGE_H */
