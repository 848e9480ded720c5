/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_view.h - the git_view port over libgit2 and the state of sessions.
 */
#ifndef BBOX_INFRA_GIT_GIT_VIEW_H
#define BBOX_INFRA_GIT_GIT_VIEW_H

#include "domain/git/git_view.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"

/* All borrowed for the life of the adapter. */
struct git_view_config {
	struct log *log;
	struct progress *progress;
	/* A user who reviews moves his branches himself: what the agent
	 * committed elsewhere than in the workspace is only kept for him. */
	bool review;
};

must_check int git_view_new(const struct git_view_config *config,
			    struct git_view **out, struct err *err);
void git_view_free(struct git_view *base);

#endif /* BBOX_INFRA_GIT_GIT_VIEW_H */
