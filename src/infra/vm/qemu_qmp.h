/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_qmp.h - speak QEMU's machine protocol on an inherited socket.
 *
 * QEMU is trusted less than it looks: a guest may have taken it over. What it
 * says is bounded and parsed like everything from outside.
 */
#ifndef BBOX_INFRA_VM_QEMU_QMP_H
#define BBOX_INFRA_VM_QEMU_QMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "infra/sys/loop.h"

#define QMP_LINE_MAX ((size_t)64 * 1024) /* bytes */

/* The oldest QEMU that has what we use. */
#define QEMU_VERSION_MAJOR 7
#define QEMU_VERSION_MINOR 2

enum qmp_type {
	QMP_EVENT,    /* of no interest */
	QMP_GREETING, /* @major, @minor */
	QMP_RETURN,   /* @text when the value is a string, else NULL */
	QMP_ERROR,    /* @text */
};

struct qmp_message {
	enum qmp_type type;
	int64_t major, minor;
	char *text; /* owned */
};

#define QMP_MESSAGE_INIT ((struct qmp_message){ .type = QMP_EVENT })

void qmp_message_release(struct qmp_message *m);
/* One line, hostile; ERR_PROTOCOL. @out is released and filled. */
must_check int qmp_parse(struct span line, struct qmp_message *out,
			 struct err *err);

struct qemu_qmp {
	struct loop *loop; /* borrowed */
	struct loop_source source;
	int fd; /* owned; -1 when QEMU closed it or spoke nonsense */
	struct buf in;
	struct qmp_message reply; /* valid while @wake */
	bool waiting;		  /* for the next message but events */
	bool wake;
};

#define QEMU_QMP_INIT                                     \
	((struct qemu_qmp){ .source = LOOP_SOURCE_INIT,   \
			    .fd = -1,                     \
			    .in = BUF_INIT(QMP_LINE_MAX), \
			    .reply = QMP_MESSAGE_INIT })

/**
 * qemu_qmp_open() - take QEMU's greeting and agree on capabilities
 * @fd:		a connected socket; taken, also on failure
 * @deadline_ns: monotonic; 0 means none
 * @err:	ERR_UNSUPPORTED for an old QEMU, ERR_PROTOCOL when it hangs up
 *
 * Runs the loop, as do the next two.
 */
must_check int qemu_qmp_open(struct qemu_qmp *q, struct loop *loop, int fd,
			     int64_t deadline_ns, struct err *err);

/**
 * qemu_qmp_monitor() - run a line of the human monitor
 * @out:	what it prints; the caller frees
 */
must_check int qemu_qmp_monitor(struct qemu_qmp *q, const char *line,
				int64_t deadline_ns, char **out,
				struct err *err);

void qemu_qmp_release(struct qemu_qmp *q);

#endif /* BBOX_INFRA_VM_QEMU_QMP_H */
