/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sentinel.h - the marker that says whose a snapshot directory is, and the
 * removal of those whose owner is gone.
 */
#ifndef BBOX_INFRA_WORKSPACE_SENTINEL_H
#define BBOX_INFRA_WORKSPACE_SENTINEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"

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
 * sentinel_adopt() - become the owner of a snapshot whose owner is gone
 * @path:	of the snapshot
 * @out_fd:	as of sentinel_create()
 * @err:	ERR_CONFLICT when the owner lives
 */
must_check int sentinel_adopt(const char *path, int *out_fd, struct err *err);

/* Has the snapshot a living owner? */
bool sentinel_is_live(const char *path);

/* All borrowed. */
struct sweep_config {
	const char *cache_dir; /* as in struct cloner_config */
	struct log *log;
	struct progress *progress;
	/* Ends what a killed flush had begun; NULL when nothing flushes. */
	void (*settle)(const char *journal, struct progress *progress,
		       struct log *log);
};

/**
 * workspace_sweep() - remove what killed sessions left behind
 *
 * Snapshots whose owner is gone, and what their flush left in a workspace. A
 * lazy view that holds changes stays; so does a snapshot without a marker,
 * which its own session kept. A failure is logged and the sweep goes on.
 *
 * Return: how many sessions there are whose changes were not written.
 */
size_t workspace_sweep(const struct sweep_config *c);

#endif /* BBOX_INFRA_WORKSPACE_SENTINEL_H */
