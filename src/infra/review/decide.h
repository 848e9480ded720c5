/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h - one review on a terminal: what its parts share.
 */
#ifndef BBOX_INFRA_REVIEW_DECIDE_H
#define BBOX_INFRA_REVIEW_DECIDE_H

#include "infra/review/question.h"
#include "infra/review/terminal_reviewer.h"

/* One workspace_reviewer_review(). */
struct review {
	const struct terminal_reviewer_config *config;
	const struct workspace_snapshot *snapshot;
	struct change_list *changes;
	struct screen screen;
	struct asker asker;
};

/* What a question about a change led to. */
enum outcome {
	OUTCOME_DECIDED,
	OUTCOME_ASK_AGAIN, /* it was refused, and the screen says why */
	OUTCOME_REST,	   /* all that follows is decided, too */
	OUTCOME_QUIT,	   /* neither this nor what follows is decided */
};

/* Does it make the host run code by itself? */
bool review_is_auto_exec(const struct change *change);
/* What makes the host run code needs a person who has seen it. */
bool review_may_accept(const struct review *r, const struct change *change);

/* Sets the decision and logs it. */
void review_decide(struct review *r, struct change *change,
		   enum change_decision decision);
/* Accepts if that is allowed; otherwise rejects and says so. */
must_check int review_accept(struct review *r, struct change *change,
			     struct err *err);

/* Asks for each hunk of a modified text file. */
must_check int review_hunks(struct review *r, struct change *change,
			    enum outcome *out, struct err *err);
bool review_has_hunks(const struct change *change);

/* Asks what to do with a change of a path that the user changed, too. */
must_check int review_conflict(struct review *r, struct change *change,
			       enum outcome *out, struct err *err);

#endif /* BBOX_INFRA_REVIEW_DECIDE_H */
