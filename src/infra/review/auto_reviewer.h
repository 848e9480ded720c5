/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auto_reviewer.h - a workspace_reviewer that asks nobody: accepts all but
 * what could make the host run code by itself, and says so. Conflicts it
 * leaves for later.
 */
#ifndef BBOX_INFRA_REVIEW_AUTO_REVIEWER_H
#define BBOX_INFRA_REVIEW_AUTO_REVIEWER_H

#include "domain/log/log.h"
#include "domain/workspace/workspace.h"

/* All borrowed for the life of the reviewer. */
struct auto_reviewer_config {
	struct log *log;
	int out_fd; /* where special decisions are told, stderr */
};

must_check struct workspace_reviewer *
auto_reviewer_new(const struct auto_reviewer_config *config);
void auto_reviewer_free(struct workspace_reviewer *base);

#endif /* BBOX_INFRA_REVIEW_AUTO_REVIEWER_H */
