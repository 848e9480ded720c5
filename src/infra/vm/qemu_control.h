/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_control.h - the host's end of the control port (domain/vm/control.h).
 */
#ifndef BBOX_INFRA_VM_QEMU_CONTROL_H
#define BBOX_INFRA_VM_QEMU_CONTROL_H

#include <stdbool.h>

#include "base/buf.h"
#include "domain/log/log.h"
#include "domain/vm/control.h"
#include "infra/sys/loop.h"

struct qemu_control {
	struct loop *loop; /* borrowed */
	struct log *log;   /* borrowed */
	bool *wake;	   /* borrowed; set when one of the states changed */
	struct loop_source source;
	int fd; /* owned; -1 once the port is of no use any more */
	struct buf in;
	unsigned int phases;
	bool ready, failed, halted;
	char *reason; /* owned; with @failed; visible text */
};

#define QEMU_CONTROL_INIT                                   \
	((struct qemu_control){ .source = LOOP_SOURCE_INIT, \
				.fd = -1,                   \
				.in = BUF_INIT(CONTROL_LINE_MAX + 1) })

/**
 * qemu_control_start() - start listening to the guest
 * @fd:		a connected socket; taken, also on failure
 * @wake:	typically what loop_run() waits for
 *
 * What breaks the rules of the port makes it @failed before it is ready. Later
 * it closes the port: a guest that talks nonsense loses nothing but the
 * chance to be asked before it is ended.
 */
must_check int qemu_control_start(struct qemu_control *c, struct loop *loop,
				  struct log *log, int fd, bool *wake,
				  struct err *err);
/* Asks the guest to halt. Never blocks. */
must_check int qemu_control_shutdown(struct qemu_control *c, struct err *err);
void qemu_control_release(struct qemu_control *c);

#endif /* BBOX_INFRA_VM_QEMU_CONTROL_H */
