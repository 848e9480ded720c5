/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_accel.h - whether a VM runs with KVM or under emulation (TCG).
 */
#ifndef BBOX_INFRA_VM_QEMU_ACCEL_H
#define BBOX_INFRA_VM_QEMU_ACCEL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "domain/vm/vm.h"

/* What the host says about itself. */
struct qemu_accel_facts {
	int kvm_errno; /* of opening /dev/kvm for both ways; 0: it opened */
	/*
	 * The CPU can run guests. Some hosts have a /dev/kvm that opens but
	 * cannot run a stock kernel; there a guest hangs without a word.
	 */
	bool cpu_virt;
};

/**
 * qemu_accel_choose() - decide. Pure.
 * @out:	VM_ACCEL_KVM or VM_ACCEL_TCG
 * @reason:	why VM_ACCEL_AUTO became TCG, with the remedy; else NULL
 * @err:	ERR_UNSUPPORTED when KVM was asked for and is not usable
 */
must_check int qemu_accel_choose(enum vm_accel want,
				 const struct qemu_accel_facts *facts,
				 enum vm_accel *out, const char **reason,
				 struct err *err);

/* Does /proc/cpuinfo of an x86 CPU name vmx or svm? Pure. */
bool qemu_accel_cpu_virt(struct span cpuinfo);

void qemu_accel_probe(struct qemu_accel_facts *out);

#endif /* BBOX_INFRA_VM_QEMU_ACCEL_H */
