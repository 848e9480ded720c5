// SPDX-License-Identifier: Apache-2.0
/*
 * decide.c - what may be accepted, and by whom.
 */
#include "infra/review/decide.h"

#include "base/mem.h"
#include "base/text.h"
#include "domain/snapshot/sensitive.h"

static const char *const decision_names[] = {
	[CHANGE_REJECTED] = "rejected",
	[CHANGE_ACCEPTED] = "accepted",
	[CHANGE_POSTPONED] = "postponed",
};

bool review_is_auto_exec(const struct change *change)
{
	return sensitivity_of_change(change, /* reason */ NULL) ==
	       SENSITIVITY_AUTO_EXEC;
}

bool review_may_accept(const struct review *r, const struct change *change)
{
	return r->asker.has_person ||
	       sensitivity_of_change(change, /* reason */ NULL) ==
		       SENSITIVITY_NONE;
}

void review_decide(struct review *r, struct change *change,
		   enum change_decision decision)
{
	auto_free char *path = text_visible(change->path);

	change->decision = decision;
	log_info(r->config->log, "review: %s '%s'", decision_names[decision],
		 path);
}

int review_accept(struct review *r, struct change *change, struct err *err)
{
	if (review_may_accept(r, change)) {
		review_decide(r, change, CHANGE_ACCEPTED);
		return 0;
	}
	review_decide(r, change, CHANGE_REJECTED);
	return screen_add(&r->screen, NULL, err,
			  "Rejected: needs an answer on a terminal.\n");
}
