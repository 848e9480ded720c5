/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_wire.h - messages of a front end off its socket, answers onto it.
 *
 * Never waits: a message is put together from whatever is there.
 */
#ifndef BBOX_INFRA_VFS_VHOST_WIRE_H
#define BBOX_INFRA_VFS_VHOST_WIRE_H

#include "infra/vfs/vhost_msg.h"

struct vhost_wire {
	int socket_fd; /* borrowed */
	struct vhost_header header;
	unsigned char payload[VHOST_PAYLOAD_MAX];
	size_t got;		/* bytes of header and payload */
	int fds[VHOST_FDS_MAX]; /* owned; those of the message */
	size_t fd_count;
};

#define VHOST_WIRE_INIT(fd) ((struct vhost_wire){ .socket_fd = (fd) })

enum vhost_read {
	VHOST_READ_MESSAGE,
	VHOST_READ_NOTHING, /* not all of it is there yet */
	VHOST_READ_END,	    /* the front end hung up */
};

/**
 * vhost_wire_read() - get on with the current message
 * @out:	the message, when there is one; its descriptors are in @w->fds
 *		until vhost_wire_next()
 * @err:	ERR_PROTOCOL, also when it hangs up in the middle; ERR_SYSTEM
 *
 * Return: an enum vhost_read, or -1.
 */
must_check int vhost_wire_read(struct vhost_wire *w, struct vhost_msg *out,
			       struct err *err);

/* Closes the descriptors that nobody took, and starts a new message. */
void vhost_wire_next(struct vhost_wire *w);

/*
 * Answers a message. ERR_PROTOCOL when the front end does not read; that it
 * hung up is for the next read to tell.
 */
must_check int vhost_wire_answer(const struct vhost_wire *w,
				 enum vhost_msg_type type, const void *payload,
				 uint32_t len, struct err *err);

#endif /* BBOX_INFRA_VFS_VHOST_WIRE_H */
