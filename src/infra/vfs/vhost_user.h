/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_user.h - the back end of a vhost-user-fs device: the front end's
 * messages, the guest's memory, and its virtqueues.
 *
 * Sources: "Vhost-user Protocol" in QEMU's docs/interop/vhost-user.rst, Virtual
 * I/O Device (VIRTIO) 1.2, sections 2.7 (split virtqueues) and 5.11 (file
 * system device). Both peers are hostile here: the guest writes the rings, and
 * the front end is a program that the guest may have taken over.
 */
#ifndef BBOX_INFRA_VFS_VHOST_USER_H
#define BBOX_INFRA_VFS_VHOST_USER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "domain/log/log.h"
#include "infra/vfs/virtqueue.h"

/*
 * One request in guest memory, valid for the call. The guest may write to it
 * at any time: copy what is checked before it is checked. Both lists are
 * bounded by VHOST_REQUEST_IOV_MAX; their memory is mapped for the call.
 */
#define VHOST_REQUEST_IOV_MAX VIRTQUEUE_IOV_MAX
struct vhost_request {
	const struct iovec *in; /* what the guest says */
	int in_count;
	size_t in_len;		 /* bytes, all together */
	const struct iovec *out; /* where the answer goes */
	int out_count;
	size_t out_len; /* bytes, all together */
};

/*
 * Answers a request; returns how many bytes of @out were written, at most
 * @request->out_len.
 */
typedef size_t vhost_handle_fn(void *ctx, const struct vhost_request *request);

struct vhost_user_config {
	int socket_fd; /* connected stream socket; borrowed */
	vhost_handle_fn *handle;
	void *ctx;
	struct log *log;
};

/**
 * vhost_user_serve() - serve one front end until it hangs up
 * @err:	ERR_PROTOCOL naming what the peer did wrong; ERR_LIMIT for more
 *		memory regions than were offered; ERR_SYSTEM
 *
 * Single-threaded: handles messages and requests in turn. Everything that it
 * mapped or was sent is released when it returns. 0 at the end of the
 * connection. A queue with a broken ring is stopped and logged; the connection
 * and the other queue go on.
 */
must_check int vhost_user_serve(const struct vhost_user_config *config,
				struct err *err);

#endif /* BBOX_INFRA_VFS_VHOST_USER_H */
