/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_iov.h - a cursor over memory in pieces: what a guest says, or the room
 * for an answer.
 *
 * The guest can change the memory at any time. So there is no way to look at
 * it in place: bytes are copied out and judged then, and a byte that was
 * judged is never read a second time.
 */
#ifndef BBOX_INFRA_VFS_FUSE_IOV_H
#define BBOX_INFRA_VFS_FUSE_IOV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/macros.h"

struct fuse_iov {
	const struct iovec *iov; /* borrowed */
	int count;
	size_t used; /* bytes of the first piece that are behind us */
	size_t left; /* bytes ahead, at most what the pieces hold */
};

#define FUSE_IOV(list, n, len) \
	((struct fuse_iov){ .iov = (list), .count = (n), .left = (len) })

/* Bytes of all pieces; they fit in the memory of a guest. */
size_t fuse_iov_size(const struct iovec *iov, int count);

/* Moves on; false, and stays, when there are not as many bytes. */
must_check bool fuse_iov_skip(struct fuse_iov *v, size_t len);
/* Copies out at most @len bytes, and stays. Returns how many. */
size_t fuse_iov_peek(const struct fuse_iov *v, void *out, size_t len);
must_check bool fuse_iov_take(struct fuse_iov *v, void *out, size_t len);
must_check bool fuse_iov_put(struct fuse_iov *v, const void *p, size_t len);

/*
 * The next @len bytes (or what there is) as pieces; returns how many. @out has
 * room for @v->count.
 */
int fuse_iov_slice(const struct fuse_iov *v, size_t len, struct iovec *out);

#endif /* BBOX_INFRA_VFS_FUSE_IOV_H */
