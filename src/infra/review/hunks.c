// SPDX-License-Identifier: Apache-2.0
/*
 * hunks.c - decide about a modified file hunk by hunk.
 *
 * Nothing is done before the last answer. Then the file that the accepted
 * hunks make becomes the content of the change; what the guest wrote stays in
 * the session.
 */
#include "infra/review/decide.h"

#include "base/mem.h"
#include "base/text.h"

#define OWNER_EXECUTES 0100u

static const struct choice hunk_choices[] = {
	{ 'y', "yes", "accept this hunk" },
	{ 'n', "no", "reject this hunk" },
	{ 'a', NULL, "accept it and the rest of the file" },
	{ 'd', NULL, "reject it and the rest of the file" },
	{ 'q', "quit", "decide about this file and all that follow later" },
};

static const struct choice mode_choices[] = {
	{ 'y', "yes", "accept the change of mode" },
	{ 'n', "no", "reject the change of mode" },
	{ 'q', "quit", "decide about this file and all that follow later" },
};

/* The answers about one file. */
struct answers {
	struct hunk_list hunks;
	bool changes_mode, takes_mode;
};

static bool changes_mode(const struct change *change)
{
	return (change->mode ^ change->base_mode) & OWNER_EXECUTES;
}

bool review_has_hunks(const struct change *change)
{
	return change->kind == CHANGE_MODIFIED && change->base_known &&
	       change->type == CHANGE_FILE &&
	       change->base_type == CHANGE_FILE && !change->is_conflict &&
	       !change_is_mode_only(change);
}

static int ask_mode(struct review *r, const struct change *change,
		    struct answers *a, bool *quit, struct err *err)
{
	auto_free char *path = text_visible(change->path);
	auto_free char *prompt = xasprintf("Make %s %s? [y]es / [n]o:", path,
					   change->mode & OWNER_EXECUTES
						   ? "executable"
						   : "no longer executable");
	const struct question q = {
		.prompt = prompt,
		.hint = "[q] quit and decide later, [?] help",
		.choices = mode_choices,
		.n = ARRAY_SIZE(mode_choices),
		.otherwise = 'n',
	};
	char answer;

	if (ask(&r->asker, &q, &answer, err) < 0)
		return -1;
	a->takes_mode = answer == 'y';
	*quit = answer == 'q';
	return 0;
}

static int ask_hunk(struct review *r, const struct change *change,
		    const struct hunk_list *list, size_t i, char *answer,
		    struct err *err)
{
	const struct hunk *h = &list->v[i];
	auto_free char *path = text_visible(change->path);
	auto_free char *prompt =
		xasprintf("Hunk %zu/%zu of %s? [y]es / [n]o / accept [a]ll of "
			  "the file / [d] reject the rest of it:",
			  i + 1, list->n, path);
	const struct question q = {
		.prompt = prompt,
		.hint = "[q] quit and decide later, [?] help",
		.choices = hunk_choices,
		.n = ARRAY_SIZE(hunk_choices),
		.otherwise = 'n',
	};

	if (screen_add_diff(&r->screen,
			    (struct span){ .p = h->text, .len = h->text_len },
			    err) < 0)
		return -1;
	return ask(&r->asker, &q, answer, err);
}

static int ask_hunks(struct review *r, const struct change *change,
		     struct hunk_list *list, bool *quit, struct err *err)
{
	char answer = 'n';

	for (size_t i = 0; i < list->n; i++) {
		if (answer != 'a' && answer != 'd' &&
		    ask_hunk(r, change, list, i, &answer, err) < 0)
			return -1;
		if (answer == 'q') {
			*quit = true;
			return 0;
		}
		list->v[i].accepted = answer == 'y' || answer == 'a';
	}
	return 0;
}

static int stage(struct review *r, struct change *change,
		 const struct hunk_list *list, struct err *err)
{
	/* No choice is longer than both texts. */
	auto_buf struct buf text = BUF_INIT(list->before_len + list->after_len);

	if (hunk_list_compose(list, &text, err) < 0)
		return -1;
	return workspace_differ_stage(r->config->differ, r->snapshot, change,
				      buf_span(&text), err);
}

static int apply_answers(struct review *r, struct change *change,
			 const struct answers *a, struct err *err)
{
	size_t accepted = hunk_list_accepted(&a->hunks);
	bool mode = a->changes_mode && a->takes_mode;

	if (screen_add(&r->screen, NULL, err, "Accepted %zu of %zu hunk(s)\n",
		       accepted, a->hunks.n) < 0)
		return -1;
	if (!accepted && !mode) {
		review_decide(r, change, CHANGE_REJECTED);
		return 0;
	}
	/* Refused as a whole, whatever is left of it. */
	if (!review_may_accept(r, change))
		return review_accept(r, change, err);
	if (accepted < a->hunks.n && stage(r, change, &a->hunks, err) < 0)
		return err_wrap(err, "compose the accepted hunks");
	if (!mode)
		change->mode = change->base_mode;
	review_decide(r, change, CHANGE_ACCEPTED);
	return 0;
}

static int ask_all(struct review *r, struct change *change, struct answers *a,
		   enum outcome *out, struct err *err)
{
	bool quit = false;

	a->changes_mode = changes_mode(change);
	if (a->changes_mode && ask_mode(r, change, a, &quit, err) < 0)
		return -1;
	if (!quit && ask_hunks(r, change, &a->hunks, &quit, err) < 0)
		return -1;
	*out = quit ? OUTCOME_QUIT : OUTCOME_DECIDED;
	return quit ? 0 : apply_answers(r, change, a, err);
}

int review_hunks(struct review *r, struct change *change, enum outcome *out,
		 struct err *err)
{
	struct answers a = { .hunks = HUNK_LIST_INIT };
	struct err why = ERR_INIT;
	int result;

	if (workspace_differ_split(r->config->differ, r->snapshot, change,
				   &a.hunks, &why) < 0) {
		*out = OUTCOME_ASK_AGAIN;
		return screen_add(&r->screen, STYLE_YELLOW, err,
				  "Not hunk by hunk: %s\n", why.msg);
	}
	result = ask_all(r, change, &a, out, err);
	hunk_list_release(&a.hunks);
	return result;
}
