/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cow_fs.h - a copy-on-write view of a directory, as a file system for the
 * FUSE server.
 *
 * The user's directory is read and never written. What the guest changes is
 * kept in the session directory: the content of changed files in `slots` and
 * `objects` (domain/workspace/overlay_store.h), the history of all names and
 * attributes in `records` (domain/workspace/overlay.h).
 */
#ifndef BBOX_INFRA_VFS_COW_FS_H
#define BBOX_INFRA_VFS_COW_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/log/log.h"
#include "domain/snapshot/exclude.h"
#include "infra/vfs/fs_ops.h"

/* Content is hashed at the first change up to this size, bytes. */
#define COW_HASH_MAX ((uint64_t)1024 * 1024)
/* Descriptors that are kept open, see cow_fs_config.fds_max. */
#define COW_FDS_DEFAULT ((size_t)512)
#define COW_FDS_MIN	((size_t)4)

struct cow_fs;

/* All borrowed, and needed until cow_fs_free(). */
struct cow_fs_config {
	int lower_fd;	/* the user's directory; O_PATH is enough */
	int state_fd;	/* the session directory; unused when @read_only */
	bool read_only; /* every change is -EROFS */
	/* On paths of the user's directory; what matches does not exist. */
	const struct exclude *exclude;
	/* Shown as the guest's user; others by their numbers. */
	uint32_t host_uid, host_gid;
	size_t fds_max; /* 0 means COW_FDS_DEFAULT */
	struct log *log;
};

/*
 * Makes `objects`, `slots` and `records` in the session directory, or goes on
 * with what the records say that are there: nobody else may be doing so.
 * ERR_INTEGRITY when they are damaged.
 */
must_check int cow_fs_new(const struct cow_fs_config *cfg, struct cow_fs **out,
			  struct err *err);
void cow_fs_free(struct cow_fs *fs);

/* The operations; borrowed from @fs. */
struct fs *cow_fs_base(struct cow_fs *fs);

#endif /* BBOX_INFRA_VFS_COW_FS_H */
