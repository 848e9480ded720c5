/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sentinel.h - the marker that says whose a snapshot directory is, and the
 * removal of those whose owner is gone.
 */
#ifndef BBOX_INFRA_WORKSPACE_SENTINEL_H
#define BBOX_INFRA_WORKSPACE_SENTINEL_H

#include "base/err.h"
#include "domain/log/log.h"

#define SENTINEL_SUFFIX ".sentinel"
#define SNAPSHOT_PREFIX ".sandbox-snapshot-"

/**
 * sentinel_create() - claim a new snapshot directory
 * @base:	directory of snapshots; exists
 * @out_path:	path of the new directory, empty and 0700; owned by the caller
 * @out_fd:	holds the lock that says we live; close it last of all
 *
 * The marker exists, locked, before the directory does: a crash at any time
 * leaves something that the sweep recognises.
 */
must_check int sentinel_create(const char *base, char **out_path, int *out_fd,
			       struct err *err);

/* Removes a snapshot, its journal and then its marker. */
must_check int sentinel_remove(const char *path, struct err *err);

/* Removes the marker only, so that no sweep touches the snapshot. */
must_check int sentinel_forget(const char *path, struct err *err);

/**
 * workspace_sweep() - remove what killed sessions left behind
 * @cache_dir:	as in struct cloner_config
 *
 * Snapshots whose owner is gone, and the temporary files which their flush
 * left in a workspace. A snapshot without a marker is somebody's keepsake. A
 * failure is logged and the sweep goes on.
 */
void workspace_sweep(const char *cache_dir, struct log *log);

#endif /* BBOX_INFRA_WORKSPACE_SENTINEL_H */
