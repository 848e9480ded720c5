/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal_reviewer.h - a workspace_reviewer that shows each change and asks.
 */
#ifndef BBOX_INFRA_REVIEW_TERMINAL_REVIEWER_H
#define BBOX_INFRA_REVIEW_TERMINAL_REVIEWER_H

#include "domain/log/log.h"
#include "domain/workspace/workspace.h"
#include "infra/sys/loop.h"

/* All borrowed for the life of the reviewer. */
struct terminal_reviewer_config {
	struct log *log;
	struct workspace_differ *differ;
	struct loop *loop; /* says when to stop asking; NULL means never */
	int in_fd;
	int out_fd;
	bool no_color; /* NO_COLOR is set; else a terminal gets colours */
};

/*
 * Review fails with ERR_CANCELLED when the loop is cancelled while it asks;
 * nothing is accepted then. End of input rejects what is left; who quits
 * postpones it. Without a terminal on @in_fd nobody can have read what was
 * shown: a change that can make the host run code is rejected then, and a
 * conflict postponed, whatever the input says.
 */
must_check struct workspace_reviewer *
terminal_reviewer_new(const struct terminal_reviewer_config *config);
void terminal_reviewer_free(struct workspace_reviewer *base);

#endif /* BBOX_INFRA_REVIEW_TERMINAL_REVIEWER_H */
