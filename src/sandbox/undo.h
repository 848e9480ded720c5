/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo.h - put back what a flush replaced.
 *
 * An undo is a flush itself: three-way, so that what the user changed since is
 * kept; journaled; and recorded, so that it can be undone.
 */
#ifndef BBOX_SANDBOX_UNDO_H
#define BBOX_SANDBOX_UNDO_H

#include "domain/progress/progress.h"
#include "domain/workspace/undo_store.h"
#include "domain/workspace/workspace.h"

/* All borrowed, none NULL. */
struct undo_deps {
	struct undo_store *store;
	struct workspace_flusher *flusher;
	struct progress *progress;
};

/**
 * undo_find() - the flush to undo
 * @list:	the latest first
 * @workspace:	real path of the workspace meant when there is no @prefix:
 *		then it is the last flush that was not undone
 * @prefix:	how its id begins, or NULL
 * @out:	borrowed from the list
 * @err:	ERR_NOT_FOUND; ERR_USAGE when there are several
 */
must_check int undo_find(const struct undo_list *list, const char *workspace,
			 const char *prefix, const struct undo_session **out,
			 struct err *err);

/**
 * undo_run() - put everything back, path by path
 * @out:	set in any case
 * @err:	the first path that could not be; the others are
 */
must_check int undo_run(const struct undo_deps *deps,
			const struct undo_session *session,
			struct flush_report *out, struct err *err);

#endif /* BBOX_SANDBOX_UNDO_H */
