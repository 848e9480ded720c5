// SPDX-License-Identifier: Apache-2.0
/*
 * terminal_reviewer.c - show each change and ask what to do with it.
 *
 * Theory of operation
 *
 * Whatever comes from the workspace is made visible before it is written: a
 * name must not look like another one, and a diff must not move the cursor.
 *
 * Nothing is accepted by accident: all changes begin as rejected, an empty
 * line rejects, what was typed ahead is thrown away, and consent to all that
 * remains covers neither what runs by itself, which is asked again, nor
 * conflicts, which are kept for later.
 */
#include "infra/review/terminal_reviewer.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/snapshot/sensitive.h"
#include "infra/review/decide.h"
#include "infra/review/describe.h"
#include "infra/review/items.h"

/* Text of one diff, bytes. */
#define DIFF_MAX ((size_t)256 * 1024 * 1024)

struct terminal_reviewer {
	struct workspace_reviewer base;
	struct terminal_reviewer_config config;
};

static const struct {
	const char *mark, *style;
} kind_looks[] = {
	[CHANGE_ADDED] = { "+", STYLE_GREEN },
	[CHANGE_MODIFIED] = { "~", STYLE_YELLOW },
	[CHANGE_DELETED] = { "-", STYLE_RED },
};
static_assert(ARRAY_SIZE(kind_looks) == CHANGE_KIND_COUNT,
	      "kind_looks[] and enum change_kind differ");

static const struct choice file_choices[] = {
	{ 'y', "yes", "accept it" },
	{ 'n', "no", "reject it" },
	{ 'a', NULL, "accept it and all that follow" },
	{ 'A', NULL, "reject it and all that follow" },
	{ 'h', "hunks", "decide hunk by hunk" },
	{ 'l', "list", "list what it consists of" },
	{ 'q', "quit", "decide about it and all that follow later" },
};

static const struct choice confirm_choices[] = {
	{ 'y', "yes", "accept them" },
	{ 'n', "no", "reject them" },
};

static int add_change_line(struct screen *s, const struct change *change,
			   struct err *err)
{
	auto_free char *path = text_visible(change->path);
	auto_free char *more = describe_change(change);

	if (screen_add(s, NULL, err, "  ") < 0 ||
	    screen_add(s, kind_looks[change->kind].style, err, "%s",
		       kind_looks[change->kind].mark) < 0)
		return -1;
	return screen_add(s, NULL, err, " %s%s%s\n", path, more,
			  change->is_conflict ? " (conflict)" : "");
}

static int add_item_line(struct screen *s, const struct item *item,
			 struct err *err)
{
	if (item->n == 1)
		return add_change_line(s, item->v[0], err);
	if (screen_add(s, NULL, err, "  ") < 0 ||
	    screen_add(s, STYLE_YELLOW, err, "~") < 0)
		return -1;
	return screen_add(s, NULL, err, " .git/ (%zu changes)\n", item->n);
}

static int add_list(struct review *r, const struct item_list *items,
		    struct err *err)
{
	struct screen *s = &r->screen;

	if (screen_add(s, NULL, err, "\n") < 0 ||
	    screen_add(s, STYLE_DIM, err, "━━━ Workspace Review ━━━") < 0 ||
	    screen_add(s, NULL, err, "\n") < 0 ||
	    screen_add(s, STYLE_BOLD, err,
		       "%zu file(s) changed:", r->changes->n) < 0 ||
	    screen_add(s, NULL, err, "\n\n") < 0)
		return -1;
	for (size_t i = 0; i < items->n; i++) {
		if (add_item_line(s, &items->v[i], err) < 0)
			return -1;
	}
	return screen_add(s, NULL, err, "\n");
}

static int add_diff(struct review *r, const struct change *change,
		    struct err *err)
{
	auto_buf struct buf text = BUF_INIT(DIFF_MAX);
	struct err why = ERR_INIT;

	/* The change can be decided without its text. */
	if (workspace_differ_text(r->config->differ, r->snapshot, change, &text,
				  &why) < 0)
		return screen_add(&r->screen, STYLE_YELLOW, err,
				  "no diff: %s\n", why.msg);
	return screen_add_diff(&r->screen, buf_span(&text), err);
}

static int add_alarm(struct screen *s, const char *what, const char *why,
		     struct err *err)
{
	if (screen_add(s, STYLE_ALARM, err, "⚠ %s: %s", what, why) < 0)
		return -1;
	return screen_add(s, NULL, err, "\n");
}

static int add_change(struct review *r, const struct change *change,
		      struct err *err)
{
	const char *reason = NULL;
	enum sensitivity level = sensitivity_of_change(change, &reason);

	if (level != SENSITIVITY_NONE &&
	    add_alarm(&r->screen,
		      level == SENSITIVITY_AUTO_EXEC ? "AUTO-EXEC" : "SECURITY",
		      reason, err) < 0)
		return -1;
	if (change->is_conflict &&
	    add_alarm(&r->screen, "CONFLICT",
		      "you changed it during the session, too; the diff leads "
		      "from your version to the agent's",
		      err) < 0)
		return -1;
	return add_diff(r, change, err);
}

static int add_group(struct review *r, const struct item *item, struct err *err)
{
	size_t n[CHANGE_KIND_COUNT] = { 0 };

	for (size_t i = 0; i < item->n; i++)
		n[item->v[i]->kind]++;
	return screen_add(&r->screen, NULL, err,
			  "Git's own files: %zu added, %zu modified, %zu "
			  "deleted\n",
			  n[CHANGE_ADDED], n[CHANGE_MODIFIED],
			  n[CHANGE_DELETED]);
}

static int add_item(struct review *r, const struct item_list *items, size_t i,
		    struct err *err)
{
	const struct item *item = &items->v[i];
	const struct change *change = item->v[0];
	auto_free char *path = text_visible(change->path);
	auto_free char *more = describe_change(change);
	int n;

	if (item->n == 1)
		n = screen_add(&r->screen, STYLE_DIM, err,
			       "── Change %zu/%zu: [%s] %s%s ──", i + 1,
			       items->n, change_kind_name(change->kind), path,
			       more);
	else
		n = screen_add(&r->screen, STYLE_DIM, err,
			       "── Change %zu/%zu: [git] .git/ (%zu changes) "
			       "──",
			       i + 1, items->n, item->n);
	if (n < 0 || screen_add(&r->screen, NULL, err, "\n") < 0)
		return -1;
	return item->n == 1 ? add_change(r, change, err)
			    : add_group(r, item, err);
}

/* Bulk consent does not cover what runs by itself: that is asked again. */
static int confirm_auto_exec(struct review *r, const struct item_list *items,
			     size_t from, bool *out, struct err *err)
{
	auto_free char *prompt = NULL;
	struct question q = {
		.choices = confirm_choices,
		.n = ARRAY_SIZE(confirm_choices),
		.otherwise = 'n',
	};
	size_t n = 0;
	char answer;

	*out = false;
	for (size_t i = from; i < items->n; i++)
		n += review_is_auto_exec(items->v[i].v[0]) &&
		     !items->v[i].v[0]->is_conflict;
	if (!n || !r->asker.has_person)
		return 0;
	prompt = xasprintf("%zu of them can run by themselves on this "
			   "machine. Accept those, too? [y]es / [n]o:",
			   n);
	q.prompt = prompt;
	if (ask(&r->asker, &q, &answer, err) < 0)
		return -1;
	*out = answer == 'y';
	return 0;
}

/* How many of what was left got which decision. */
struct tally {
	size_t accepted, rejected, postponed;
};

static void accept_item(struct review *r, const struct item *item,
			bool auto_exec, struct tally *tally)
{
	for (size_t i = 0; i < item->n; i++) {
		struct change *change = item->v[i];

		if (change->is_conflict) {
			review_decide(r, change, CHANGE_POSTPONED);
			tally->postponed++;
		} else if (review_may_accept(r, change) &&
			   (auto_exec || !review_is_auto_exec(change))) {
			review_decide(r, change, CHANGE_ACCEPTED);
			tally->accepted++;
		} else {
			review_decide(r, change, CHANGE_REJECTED);
			tally->rejected++;
		}
	}
}

static int accept_rest(struct review *r, const struct item_list *items,
		       size_t from, struct err *err)
{
	struct tally tally = { .accepted = 0 };
	bool auto_exec;

	if (confirm_auto_exec(r, items, from, &auto_exec, err) < 0)
		return -1;
	for (size_t i = from; i < items->n; i++)
		accept_item(r, &items->v[i], auto_exec, &tally);
	if (screen_add(&r->screen, NULL, err,
		       "Accepted remaining %zu file(s)\n", tally.accepted) < 0)
		return -1;
	if (tally.rejected &&
	    screen_add(&r->screen, NULL, err, "Rejected %zu file(s) that %s\n",
		       tally.rejected,
		       r->asker.has_person
			       ? "run by themselves"
			       : "can run code, which needs an answer on a "
				 "terminal") < 0)
		return -1;
	if (!tally.postponed)
		return 0;
	return screen_add(&r->screen, NULL, err,
			  "Kept for later: %zu file(s) that you changed, too\n",
			  tally.postponed);
}

static size_t decide_rest(struct review *r, const struct item_list *items,
			  size_t from, enum change_decision decision)
{
	size_t n = 0;

	for (size_t i = from; i < items->n; i++) {
		for (size_t k = 0; k < items->v[i].n; k++, n++)
			review_decide(r, items->v[i].v[k], decision);
	}
	return n;
}

static int reject_rest(struct review *r, const struct item_list *items,
		       size_t from, struct err *err)
{
	size_t n = decide_rest(r, items, from, CHANGE_REJECTED);

	return screen_add(&r->screen, NULL, err,
			  "Rejected remaining %zu file(s)\n", n);
}

static int postpone_rest(struct review *r, const struct item_list *items,
			 size_t from, struct err *err)
{
	size_t n = decide_rest(r, items, from, CHANGE_POSTPONED);

	return screen_add(&r->screen, NULL, err,
			  "Kept for later: remaining %zu file(s)\n", n);
}

static int list_group(struct review *r, const struct item *item,
		      struct err *err)
{
	for (size_t i = 0; i < item->n; i++) {
		if (add_change_line(&r->screen, item->v[i], err) < 0)
			return -1;
	}
	return 0;
}

static int ask_item(struct review *r, const struct item *item, char *answer,
		    struct err *err)
{
	bool group = item->n > 1, hunks = review_has_hunks(item->v[0]);
	auto_free char *path = group ? xasprintf(".git/ (%zu changes)", item->n)
				     : text_visible(item->v[0]->path);
	auto_free char *prompt = xasprintf(
		"Apply %s? [y]es / [n]o / accept [a]ll / reject [A]ll:", path);
	const struct question q = {
		.prompt = prompt,
		.hint = group	? "[l] list, [q] quit and decide later, "
				  "[?] help"
			: hunks ? "[h] hunk by hunk, [q] quit and decide "
				  "later, [?] help"
				: "[q] quit and decide later, [?] help",
		.choices = file_choices,
		.n = ARRAY_SIZE(file_choices),
		.absent = group	  ? "h"
			  : hunks ? "l"
				  : "hl",
		.otherwise = 'n',
	};

	return ask(&r->asker, &q, answer, err);
}

/* One answer; more follow after OUTCOME_ASK_AGAIN. */
static int decide_item(struct review *r, const struct item_list *items,
		       size_t i, enum outcome *out, struct err *err)
{
	const struct item *item = &items->v[i];
	char answer;

	*out = OUTCOME_DECIDED;
	if (item->v[0]->is_conflict)
		return review_conflict(r, item->v[0], out, err);
	if (ask_item(r, item, &answer, err) < 0)
		return -1;
	switch (answer) {
	case 'y':
		for (size_t k = 0; k < item->n; k++) {
			if (review_accept(r, item->v[k], err) < 0)
				return -1;
		}
		return 0;
	case 'a':
		*out = OUTCOME_REST;
		return accept_rest(r, items, i, err);
	case 'A':
		*out = OUTCOME_REST;
		return reject_rest(r, items, i, err);
	case 'h':
		return review_hunks(r, item->v[0], out, err);
	case 'l':
		*out = OUTCOME_ASK_AGAIN;
		return list_group(r, item, err);
	case 'q':
		*out = OUTCOME_QUIT;
		return 0;
	default:
		for (size_t k = 0; k < item->n; k++)
			review_decide(r, item->v[k], CHANGE_REJECTED);
		return 0;
	}
}

static int review_items(struct review *r, const struct item_list *items,
			struct err *err)
{
	enum outcome outcome;

	for (size_t i = 0; i < items->n; i++) {
		if (add_item(r, items, i, err) < 0)
			return -1;
		do {
			if (decide_item(r, items, i, &outcome, err) < 0)
				return -1;
		} while (outcome == OUTCOME_ASK_AGAIN);
		if (outcome == OUTCOME_REST)
			return 0;
		if (outcome == OUTCOME_QUIT)
			return postpone_rest(r, items, i, err);
	}
	return 0;
}

static int add_end(struct review *r, struct err *err)
{
	size_t accepted = change_list_accepted(r->changes);
	size_t postponed = change_list_postponed(r->changes);
	struct screen *s = &r->screen;

	if (screen_add(s, STYLE_DIM, err, "\n━━━ Review complete: ") < 0 ||
	    screen_add(s, STYLE_GREEN, err, "%zu accepted", accepted) < 0 ||
	    screen_add(s, NULL, err, ", ") < 0 ||
	    screen_add(s, STYLE_RED, err, "%zu rejected",
		       r->changes->n - accepted - postponed) < 0)
		return -1;
	if (postponed && screen_add(s, STYLE_YELLOW, err,
				    ", %zu kept for later", postponed) < 0)
		return -1;
	return screen_add(s, STYLE_DIM, err, " ━━━\n");
}

static int run(struct review *r, struct err *err)
{
	struct item_list items = items_make(r->changes);
	int result = add_list(r, &items, err);

	if (!result)
		result = review_items(r, &items, err);
	if (!result)
		result = add_end(r, err);
	items_release(&items);
	return result < 0 ? -1 : screen_show(&r->screen, err);
}

static int terminal_review(struct workspace_reviewer *base,
			   const struct workspace_snapshot *s,
			   struct change_list *changes, struct err *err)
{
	struct terminal_reviewer *t =
		container_of(base, struct terminal_reviewer, base);
	struct review r = {
		.config = &t->config,
		.snapshot = s,
		.changes = changes,
		.screen = SCREEN_INIT(t->config.out_fd,
				      !t->config.no_color &&
					      isatty(t->config.out_fd)),
		.asker = { .screen = &r.screen,
			   .reader = { .fd = t->config.in_fd,
				       .loop = t->config.loop },
			   .has_person = isatty(t->config.in_fd) },
	};
	int result;

	for (size_t i = 0; i < changes->n; i++)
		changes->v[i].decision = CHANGE_REJECTED;
	result = changes->n ? run(&r, err) : 0;
	screen_release(&r.screen);
	for (size_t i = 0; i < changes->n; i++) {
		struct change *change = &changes->v[i];

		change->is_asked = result == 0 && r.asker.has_person &&
				   change->decision != CHANGE_POSTPONED;
		/* Half a review is none. */
		if (result < 0)
			change->decision = CHANGE_REJECTED;
	}
	return result;
}

static const struct workspace_reviewer_ops terminal_ops = {
	.review = terminal_review,
};

struct workspace_reviewer *
terminal_reviewer_new(const struct terminal_reviewer_config *config)
{
	struct terminal_reviewer *r = xcalloc(1, sizeof(*r));

	r->base.ops = &terminal_ops;
	r->config = *config;
	return &r->base;
}

void terminal_reviewer_free(struct workspace_reviewer *base)
{
	if (base)
		free(container_of(base, struct terminal_reviewer, base));
}
