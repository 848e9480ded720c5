/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_return.h - bring the commits of a linked work tree's session into the
 * repository that it belongs to.
 */
#ifndef BBOX_INFRA_GIT_GIT_RETURN_H
#define BBOX_INFRA_GIT_GIT_RETURN_H

#include "infra/git/git_view.h"
#include "infra/git/git_worktree.h"

/* The session must be kept when this fails. */
must_check int git_return(const struct git_view_config *config,
			  const struct workspace_snapshot *s,
			  struct git_worktree *before, struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_RETURN_H */
