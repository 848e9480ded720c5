/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port.h - the control port: lines to and from bbox on the host.
 */
#ifndef BBOX_GUEST_PORT_H
#define BBOX_GUEST_PORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "domain/vm/control.h"

#define PORT_PENDING_MAX ((size_t)8 * 1024) /* bytes */

struct port {
	int fd; /* -1 while there is none */
	/* What the host has not taken yet; fixed, PID 1 must not run out. */
	char pending[PORT_PENDING_MAX];
	size_t pending_len;
	struct buf in;
};

#define PORT_INIT \
	((struct port){ .fd = -1, .in = BUF_INIT(CONTROL_LINE_MAX + 1) })

/* A uevents_check: opens the port of a struct port when the kernel has it. */
must_check int port_open(void *port, struct err *err);

/*
 * Sends a line, or keeps it until the host is there; without a port, or when
 * the host reads nothing, lines are lost: there is nobody to tell.
 */
void port_send(struct port *p, enum control_type type, const char *text);
/* Sends what is kept, waiting at most this long for the host. */
void port_flush(struct port *p, int timeout_ms);

/* Reads what there is; true when the host has asked for the shutdown. */
bool port_wants_shutdown(struct port *p);

#endif /* BBOX_GUEST_PORT_H */
