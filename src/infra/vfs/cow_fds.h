/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cow_fds.h - a bounded number of open descriptors; the one that was not used
 * for longest is closed first.
 */
#ifndef BBOX_INFRA_VFS_COW_FDS_H
#define BBOX_INFRA_VFS_COW_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place for one descriptor, in whatever it belongs to. */
struct cow_fd {
	int fd;		   /* owned; -1 when there is none */
	bool busy;	   /* not to be closed now */
	int64_t opened_ns; /* monotonic */
	struct cow_fd *newer, *older;
};

struct cow_fds {
	struct cow_fd *newest, *oldest;
	size_t n, max;
};

#define COW_FD_INIT	    ((struct cow_fd){ .fd = -1 })
#define COW_FDS_INIT(limit) ((struct cow_fds){ .max = (limit) })

/* Takes over @fd; what the slot held is closed, and others above the limit. */
void cow_fds_put(struct cow_fds *fds, struct cow_fd *slot, int fd);
/* Its descriptor, which is the last one to be closed now; -1 for none. */
int cow_fds_use(struct cow_fds *fds, struct cow_fd *slot);
void cow_fds_drop(struct cow_fds *fds, struct cow_fd *slot);
/* Closes all that are not busy, but @in_use. */
void cow_fds_shed(struct cow_fds *fds, int in_use);

#endif /* BBOX_INFRA_VFS_COW_FDS_H */
