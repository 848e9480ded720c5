/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass_fs.h - a directory of the user as it is, as a file system for the FUSE
 * server: what the guest changes, changes there.
 */
#ifndef BBOX_INFRA_VFS_PASS_FS_H
#define BBOX_INFRA_VFS_PASS_FS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "infra/vfs/fs_ops.h"

struct pass_fs;

/* All borrowed, and needed until pass_fs_free(). */
struct pass_fs_config {
	int share_fd; /* the directory; O_PATH is enough */
	int proc_fd;  /* /proc/self/fd */
	/* Shown as the guest's user; others by their numbers. */
	uint32_t host_uid, host_gid;
	size_t fds_max; /* 0 means COW_FDS_DEFAULT */
};

/* The umask of the process must be 0: the guest's kernel applies the guest's.
 */
must_check int pass_fs_new(const struct pass_fs_config *cfg,
			   struct pass_fs **out, struct err *err);
void pass_fs_free(struct pass_fs *fs);

/* The operations; borrowed from @fs. */
struct fs *pass_fs_base(struct pass_fs *fs);

#endif /* BBOX_INFRA_VFS_PASS_FS_H */
