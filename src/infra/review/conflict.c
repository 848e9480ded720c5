// SPDX-License-Identifier: Apache-2.0
/*
 * conflict.c - decide about a change of what the user changed, too.
 *
 * Doing nothing keeps the user's version. Without a terminal nobody has seen
 * what would be lost: the guest's version is kept for later then.
 */
#include "infra/review/decide.h"

#include "base/mem.h"
#include "base/text.h"

static const struct choice conflict_choices[] = {
	{ 'm', "mine", "keep your version, reject the agent's" },
	{ 't', "theirs", "replace your version by the agent's" },
	{ 'b', "both", "merge both, with markers where they differ" },
	{ 'q', "quit", "decide about this and all that follows later" },
};

static bool may_merge(const struct change *change)
{
	return change->kind != CHANGE_DELETED && change->type == CHANGE_FILE;
}

/* Nothing was done: that may be decided otherwise. */
static int refuse(struct review *r, const struct err *why, enum outcome *out,
		  struct err *err)
{
	*out = OUTCOME_ASK_AGAIN;
	return screen_add(&r->screen, STYLE_YELLOW, err, "Not done: %s\n",
			  why->msg);
}

static int take_theirs(struct review *r, struct change *change,
		       enum outcome *out, struct err *err)
{
	struct err why = ERR_INIT;

	if (workspace_differ_take_theirs(r->config->differ, r->snapshot, change,
					 &why) < 0)
		return refuse(r, &why, out, err);
	return review_accept(r, change, err);
}

static int take_both(struct review *r, struct change *change, enum outcome *out,
		     struct err *err)
{
	struct err why = ERR_INIT;
	bool clean;

	if (workspace_differ_merge(r->config->differ, r->snapshot, change,
				   &clean, &why) < 0)
		return refuse(r, &why, out, err);
	if (screen_add(&r->screen, NULL, err, "%s\n",
		       clean ? "Merged; no markers were needed"
			     : "Merged; look for the markers in it") < 0)
		return -1;
	return review_accept(r, change, err);
}

static int ask_conflict(struct review *r, const struct change *change,
			char *answer, struct err *err)
{
	auto_free char *path = text_visible(change->path);
	bool both = may_merge(change);
	auto_free char *prompt = xasprintf(
		"Conflict in %s: keep [m]ine / take [t]heirs%s:", path,
		both ? " / [b]oth with markers" : "");
	const struct question q = {
		.prompt = prompt,
		.hint = "[q] quit and decide later, [?] help",
		.choices = conflict_choices,
		.n = ARRAY_SIZE(conflict_choices),
		.absent = both ? NULL : "b",
		.otherwise = 'm',
	};

	return ask(&r->asker, &q, answer, err);
}

int review_conflict(struct review *r, struct change *change, enum outcome *out,
		    struct err *err)
{
	char answer;

	*out = OUTCOME_DECIDED;
	if (!r->asker.has_person) {
		review_decide(r, change, CHANGE_POSTPONED);
		return screen_add(&r->screen, NULL, err,
				  "Kept for later: a conflict needs an answer "
				  "on a terminal.\n");
	}
	if (ask_conflict(r, change, &answer, err) < 0)
		return -1;
	switch (answer) {
	case 't':
		return take_theirs(r, change, out, err);
	case 'b':
		return take_both(r, change, out, err);
	case 'q':
		*out = OUTCOME_QUIT;
		return 0;
	default:
		review_decide(r, change, CHANGE_REJECTED);
		return 0;
	}
}
