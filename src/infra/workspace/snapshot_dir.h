/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_dir.h - the directory of one snapshot, in the cache, marked as ours
 * for as long as we live: what all kinds of workspace_cloner share.
 */
#ifndef BBOX_INFRA_WORKSPACE_SNAPSHOT_DIR_H
#define BBOX_INFRA_WORKSPACE_SNAPSHOT_DIR_H

#include <sys/types.h>

#include "domain/log/log.h"
#include "domain/workspace/workspace.h"

#define SNAPSHOT_DIR_BASE "snapshots" /* in the cache directory */

struct snapshot_dir {
	struct workspace_snapshot base;
	dev_t base_dev; /* of the directory that holds all snapshots */
	ino_t base_ino;
	int sentinel_fd; /* its lock says that we live */
};

/**
 * snapshot_dir_new() - an empty, marked directory for a view of @workspace
 * @cache_dir:	struct xdg_dirs.cache
 * @out:	@base has no baseline yet; end with snapshot_dir_discard() or
 *		_keep()
 * @err:	ERR_INVALID for a workspace within the directory of snapshots,
 *		which would hold itself
 */
must_check int snapshot_dir_new(const char *cache_dir, const char *workspace,
				enum workspace_view view,
				struct snapshot_dir **out, struct err *err);

/**
 * snapshot_dir_adopt() - become the owner of a lazy view that has none
 * @workspace:	real path, as it was noted
 * @err:	ERR_CONFLICT when it has one
 */
must_check int snapshot_dir_adopt(const char *path, const char *workspace,
				  struct snapshot_dir **out, struct err *err);
/* Leaves it as it is, marked but without an owner, and frees @s. */
void snapshot_dir_close(struct snapshot_dir *s);

/* Removes it and frees @s, also on failure. */
must_check int snapshot_dir_discard(struct snapshot_dir *s, struct err *err);
/* Leaves it on disk, where no sweep touches it, and frees @s. */
void snapshot_dir_keep(struct snapshot_dir *s, struct log *log);

#endif /* BBOX_INFRA_WORKSPACE_SNAPSHOT_DIR_H */
