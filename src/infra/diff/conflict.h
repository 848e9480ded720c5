/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conflict.h - changes of paths that the user changed, too.
 */
#ifndef BBOX_INFRA_DIFF_CONFLICT_H
#define BBOX_INFRA_DIFF_CONFLICT_H

#include "domain/workspace/workspace.h"

/*
 * Finds the conflicts: what a flush would refuse to write over. @root is the
 * user's directory.
 */
void conflict_mark(struct change_list *changes, int root);

/* As workspace_differ_take_theirs() and _merge(). */
must_check int conflict_take_theirs(const struct workspace_snapshot *s,
				    struct change *change, struct err *err);
must_check int conflict_merge(const struct workspace_snapshot *s,
			      struct change *change, bool *clean,
			      struct err *err);

#endif /* BBOX_INFRA_DIFF_CONFLICT_H */
