/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - the lines that bbox and bbox-init exchange over the control
 * port (a virtio-serial port, GUEST_CONTROL_PORT).
 *
 *   guest -> host   phase <name> <milliseconds since boot>
 *                   ready
 *                   fail <reason>          boot cannot go on; VM stops
 *                   halted                 file systems are synced; may die
 *   host -> guest   shutdown
 *
 * The guest is hostile: lines are bounded, text is made visible before it is
 * shown.
 */
#ifndef BBOX_DOMAIN_VM_CONTROL_H
#define BBOX_DOMAIN_VM_CONTROL_H

#include <stdint.h>

#include "base/buf.h"

#define CONTROL_LINE_MAX ((size_t)512) /* bytes, without the newline */

enum control_type {
	CONTROL_PHASE,
	CONTROL_READY,
	CONTROL_FAIL,
	CONTROL_HALTED,
	CONTROL_SHUTDOWN,

	CONTROL_TYPE_COUNT
};

struct control_msg {
	enum control_type type;
	char text[CONTROL_LINE_MAX + 1]; /* phase name or reason */
	uint64_t since_boot_ms;		 /* CONTROL_PHASE only */
};

/* One line without its newline; ERR_PROTOCOL. */
must_check int control_parse(struct span line, struct control_msg *out,
			     struct err *err);
/* Appends one line with its newline. */
must_check int control_format(const struct control_msg *msg, struct buf *out,
			      struct err *err);
/**
 * control_next() - take the next complete line out of received bytes
 * @in:		its limit must be CONTROL_LINE_MAX + 1
 *
 * Return: 1 with @out filled, 0 when no line is complete, -1 with
 * ERR_PROTOCOL for a bad or overlong line (which is consumed).
 */
must_check int control_next(struct buf *in, struct control_msg *out,
			    struct err *err);

#endif /* BBOX_DOMAIN_VM_CONTROL_H */
