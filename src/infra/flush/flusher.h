/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flusher.h - a workspace_flusher that writes into a directory.
 */
#ifndef BBOX_INFRA_FLUSH_FLUSHER_H
#define BBOX_INFRA_FLUSH_FLUSHER_H

#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "domain/workspace/workspace.h"

/* All borrowed for the life of the flusher. */
struct flusher_config {
	struct log *log;
	struct progress *progress;
	/* Where what is replaced is kept, see undo_dir.h; NULL: nowhere. */
	const char *undo_dir;
};

must_check struct workspace_flusher *
flusher_new(const struct flusher_config *config);
void flusher_free(struct workspace_flusher *base);

#endif /* BBOX_INFRA_FLUSH_FLUSHER_H */
