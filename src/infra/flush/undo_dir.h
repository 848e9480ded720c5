/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_dir.h - the directory of all flushes that can be undone, and an
 * undo_store over it.
 */
#ifndef BBOX_INFRA_FLUSH_UNDO_DIR_H
#define BBOX_INFRA_FLUSH_UNDO_DIR_H

#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "domain/workspace/undo_store.h"

#define UNDO_DIR_NAME "undo" /* in the state directory */

/* @path is borrowed and need not exist. */
must_check struct undo_store *undo_dir_new(const char *path, struct log *log);
void undo_dir_free(struct undo_store *base);

/*
 * Removes all but the last UNDO_SESSIONS_MAX flushes of @workspace, and what
 * has no readable manifest. The caller holds the lock.
 */
void undo_dir_prune(int base_fd, const char *workspace, struct log *log);

/*
 * Ends what a killed undo left in a workspace, see settle.h; nothing while
 * somebody else writes changes back.
 */
void undo_dir_sweep(const char *path, struct progress *progress,
		    struct log *log);

#endif /* BBOX_INFRA_FLUSH_UNDO_DIR_H */
