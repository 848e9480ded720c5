/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.h - write one change into the user's workspace.
 */
#ifndef BBOX_INFRA_FLUSH_APPLY_H
#define BBOX_INFRA_FLUSH_APPLY_H

#include <sys/types.h>

#include "domain/workspace/workspace.h"
#include "infra/flush/undo_writer.h"

struct apply {
	const struct workspace_snapshot *snapshot; /* borrowed */
	int root;				   /* of the user's workspace */
	int session;				   /* the snapshot's path */
	int journal; /* -1 until there is a temporary file */
	mode_t umask;
	struct undo_writer undo;
};

#define APPLY_INIT                      \
	((struct apply){ .root = -1,    \
			 .session = -1, \
			 .journal = -1, \
			 .undo = UNDO_WRITER_INIT })

/* Set what @undo borrows first, but for the snapshot. */
must_check int apply_open(struct apply *a, const struct workspace_snapshot *s,
			  struct err *err);
/* Removes the journal. */
void apply_close(struct apply *a);

/**
 * apply_change() - write a change, unless it would undo the user's own work
 * @err:	ERR_CONFLICT when the user changed the path meanwhile,
 *		ERR_INTEGRITY when the content is not what was reviewed,
 *		ERR_INVALID for what leads elsewhere
 */
must_check int apply_change(struct apply *a, const struct change *change,
			    struct err *err);

#endif /* BBOX_INFRA_FLUSH_APPLY_H */
