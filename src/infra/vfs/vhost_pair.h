/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_pair.h - the two ends of a vhost-user socket for a server that
 * insists on accept(2), and a first question to that server.
 */
#ifndef BBOX_INFRA_VFS_VHOST_PAIR_H
#define BBOX_INFRA_VFS_VHOST_PAIR_H

#include "base/err.h"

struct vhost_pair {
	int listen_fd;	/* for the server; one connection waits in it */
	int connect_fd; /* for the VMM: the other end of that connection */
};

#define VHOST_PAIR_INIT \
	((struct vhost_pair){ .listen_fd = -1, .connect_fd = -1 })

/**
 * vhost_pair_open() - make a listening socket with one waiting connection
 * @tmp_dir:	where a name may exist for a moment; must be writable
 *
 * When it returns the name is gone: nobody else can ever connect.
 */
must_check int vhost_pair_open(const char *tmp_dir, struct vhost_pair *out,
			       struct err *err);
void vhost_pair_close(struct vhost_pair *pair);
#define auto_vhost_pair cleanup_with(vhost_pair_close)

/**
 * vhost_ask_features() - wait until the server behind a connection answers
 * @err:	ERR_TIMEOUT, ERR_PROTOCOL when it hangs up or talks nonsense
 *
 * VHOST_USER_GET_FEATURES changes no state, so that the VMM can start its
 * own conversation on the same connection afterwards.
 */
must_check int vhost_ask_features(int fd, int timeout_ms, struct err *err);

#endif /* BBOX_INFRA_VFS_VHOST_PAIR_H */
