/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bring_back.h - from a view whose guest is gone to the user's workspace: what
 * a session and a recovery share.
 */
#ifndef BBOX_SANDBOX_BRING_BACK_H
#define BBOX_SANDBOX_BRING_BACK_H

#include <stdbool.h>

#include "domain/git/git_view.h"
#include "domain/progress/progress.h"
#include "domain/workspace/workspace.h"

/* All borrowed, none NULL but @git: nobody cares for git then. */
struct bring_back {
	struct workspace_differ *differ;
	struct workspace_reviewer *reviewer;
	struct workspace_flusher *flusher;
	struct git_view *git;
	struct progress *progress;
};

/**
 * bring_back_compute() - find the changes
 * @out:	release it
 */
must_check int bring_back_compute(const struct bring_back *b,
				  const struct workspace_snapshot *snapshot,
				  const struct exclude *exclude,
				  struct change_list *out, struct err *err);

/**
 * bring_back_changes() - have them reviewed and written
 * @unwritten:	set in any case: accepted or postponed changes exist only in
 *		the view now
 */
must_check int bring_back_changes(const struct bring_back *b,
				  const struct workspace_snapshot *snapshot,
				  struct change_list *changes, bool *unwritten,
				  struct err *err);

#endif /* BBOX_SANDBOX_BRING_BACK_H */
