/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_runner.h - the VM port, provided by QEMU.
 */
#ifndef BBOX_INFRA_VM_QEMU_RUNNER_H
#define BBOX_INFRA_VM_QEMU_RUNNER_H

#include "base/err.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "domain/vm/vm.h"
#include "infra/sys/loop.h"

/* Everything is borrowed and must outlive the runner and its VMs. */
struct qemu_runner_config {
	struct loop *loop;
	struct file_server *file_server; /* NULL: no shares */
	struct log *log;
	struct progress *progress; /* told once when there is no KVM */
	const char *path_var;	   /* $PATH; NULL means the usual */
	const char *binary;	   /* of QEMU; NULL: found in $PATH */
	const char *beside;	   /* directory searched last, or NULL */
};

/* Free with qemu_runner_free(). */
must_check struct vm_runner *
qemu_runner_new(const struct qemu_runner_config *config);
/* Accepts NULL. All VMs must have been freed. */
void qemu_runner_free(struct vm_runner *runner);

#endif /* BBOX_INFRA_VM_QEMU_RUNNER_H */
