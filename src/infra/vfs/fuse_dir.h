/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_dir.h - pack the entries of a directory into an answer to READDIR or
 * READDIRPLUS.
 */
#ifndef BBOX_INFRA_VFS_FUSE_DIR_H
#define BBOX_INFRA_VFS_FUSE_DIR_H

#include "infra/vfs/fs_ops.h"

struct fuse_dir {
	struct fs_dir_sink sink; /* what the file system gets */
	char *buf;		 /* borrowed */
	size_t size;		 /* bytes of @buf */
	size_t len;		 /* bytes that are packed */
	bool full;		 /* an entry did not fit */
};

void fuse_dir_init(struct fuse_dir *d, bool plus, void *buf, size_t size);

#endif /* BBOX_INFRA_VFS_FUSE_DIR_H */
