/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_vm.h - one VM that runs in QEMU: private to infra/vm.
 */
#ifndef BBOX_INFRA_VM_QEMU_VM_H
#define BBOX_INFRA_VM_QEMU_VM_H

#include "domain/log/log.h"
#include "domain/vm/vm.h"
#include "infra/sys/loop.h"
#include "infra/sys/proc.h"
#include "infra/vm/capture.h"
#include "infra/vm/qemu_control.h"
#include "infra/vm/qemu_qmp.h"

struct qemu_vm {
	struct vm base;
	struct loop *loop; /* borrowed */
	struct log *log;   /* borrowed */
	char *name;	   /* owned */
	struct proc proc;
	struct loop_source exit_source;
	struct capture console; /* of the guest */
	struct capture output;	/* of QEMU */
	struct qemu_control control;
	struct qemu_qmp qmp;
	struct file_share *shares[VM_SHARES_MAX]; /* owned */
	size_t share_count;
	bool wake;    /* set by whatever changes a state */
	bool exited;  /* QEMU ended by itself */
	bool stalled; /* the boot was given up after qemu_boot.stall_ms */
	bool stopped;
};

/* What a boot needs beyond the configuration; all borrowed. */
struct qemu_boot {
	struct loop *loop;
	struct log *log;
	struct file_server *file_server;
	const char *binary;
	const char *path_var;
	enum vm_accel accel; /* VM_ACCEL_KVM or VM_ACCEL_TCG */
	/*
	 * How long the guest may say nothing while it boots; 0: as long as
	 * the boot may take.
	 */
	uint32_t stall_ms;
};

must_check struct qemu_vm *qemu_vm_new(struct loop *loop, struct log *log,
				       const char *name);

/* Kills and reaps QEMU, then ends the file servers. Twice is fine. */
void qemu_vm_end(struct qemu_vm *vm, int grace_ms);

/* See vm_runner_start(). On failure @vm has ended; free it all the same. */
must_check int qemu_vm_boot(struct qemu_vm *vm, const struct qemu_boot *boot,
			    const struct vm_config *cfg, struct err *err);

/* The port on 127.0.0.1 that leads to @guest_port, made when there is none. */
must_check int qemu_vm_forward(struct qemu_vm *vm, uint16_t guest_port,
			       uint16_t *out, struct err *err);

#endif /* BBOX_INFRA_VM_QEMU_VM_H */
