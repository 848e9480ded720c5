// SPDX-License-Identifier: Apache-2.0
/*
 * bring_back_test.c - what a review and a flush mean for the session.
 */
#include "sandbox/bring_back.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

/* All the ports in one, which do what a row says. */
struct world {
	struct workspace_differ differ;
	struct workspace_reviewer reviewer;
	struct workspace_flusher flusher;
	struct git_view git;
	struct progress progress;
	enum change_decision decision;
	bool review_fails, flush_fails, git_fails, settle_fails;
	size_t flushed, settled; /* calls */
};

static int fail_if(bool fails, struct err *err)
{
	return fails ? err_set(err, ERR_INVALID, "it failed") : 0;
}

static int settle(struct workspace_differ *d,
		  const struct workspace_snapshot *s unused,
		  const struct change_list *changes unused, struct err *err)
{
	struct world *w = container_of(d, struct world, differ);

	w->settled++;
	return fail_if(w->settle_fails, err);
}

static int review(struct workspace_reviewer *r,
		  const struct workspace_snapshot *s unused,
		  struct change_list *changes, struct err *err)
{
	struct world *w = container_of(r, struct world, reviewer);

	changes->v[0].decision = CHANGE_ACCEPTED;
	changes->v[1].decision = w->decision;
	return fail_if(w->review_fails, err);
}

static int flush(struct workspace_flusher *f,
		 const struct workspace_snapshot *s unused,
		 const struct change_list *changes unused,
		 struct flush_report *out unused, struct err *err)
{
	struct world *w = container_of(f, struct world, flusher);

	w->flushed++;
	return fail_if(w->flush_fails, err);
}

static int finish(struct git_view *g, const struct workspace_snapshot *s unused,
		  struct err *err)
{
	return fail_if(container_of(g, struct world, git)->git_fails, err);
}

static void event(struct progress *p unused, enum progress_event e unused,
		  const char *msg unused)
{
}

static const struct workspace_differ_ops differ_ops = { .settle = settle };
static const struct workspace_reviewer_ops reviewer_ops = { .review = review };
static const struct workspace_flusher_ops flusher_ops = { .flush = flush };
static const struct git_view_ops git_ops = { .finish = finish };
static const struct progress_ops progress_ops = { .event = event };

/* clang-format off */
static const struct row {
	const char *name;
	enum change_decision decision; /* of the second of two changes */
	bool review_fails, flush_fails, git_fails, settle_fails;
	size_t flushed, settled;
	bool fails, unwritten;
} rows[] = {
	{ "all accepted", CHANGE_ACCEPTED, false, false, false, false,
	  1, 0, false, false },
	{ "one rejected", CHANGE_REJECTED, false, false, false, false,
	  1, 0, false, false },
	{ "one put off", CHANGE_POSTPONED, false, false, false, false,
	  1, 1, false, true },
	{ "no review", CHANGE_ACCEPTED, true, false, false, false,
	  0, 0, true, true },
	/* What was not carried out is asked again. */
	{ "no flush", CHANGE_POSTPONED, false, true, false, false,
	  1, 0, true, true },
	{ "no commits", CHANGE_POSTPONED, false, false, true, false,
	  1, 0, true, true },
	{ "not remembered", CHANGE_POSTPONED, false, false, false, true,
	  1, 1, true, true },
};
/* clang-format on */

static void test_session_is_kept_for_what_is_not_written(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct world w = {
			.differ = { &differ_ops },
			.reviewer = { &reviewer_ops },
			.flusher = { &flusher_ops },
			.git = { &git_ops },
			.progress = { &progress_ops },
			.decision = row->decision,
			.review_fails = row->review_fails,
			.flush_fails = row->flush_fails,
			.git_fails = row->git_fails,
			.settle_fails = row->settle_fails,
		};
		const struct bring_back b = { &w.differ, &w.reviewer,
					      &w.flusher, &w.git, &w.progress };
		const struct workspace_snapshot snapshot = { .path = NULL };
		auto_change_list struct change_list changes = CHANGE_LIST_INIT;
		struct err err = ERR_INIT;
		bool unwritten = !row->unwritten;
		int r;

		change_list_add(&changes,
				&(struct change){ .path = xstrdup("a") });
		change_list_add(&changes,
				&(struct change){ .path = xstrdup("b") });
		r = bring_back_changes(&b, &snapshot, &changes, &unwritten,
				       &err);
		CHECK((r < 0) == row->fails && unwritten == row->unwritten &&
			      w.flushed == row->flushed &&
			      w.settled == row->settled,
		      "%s: %d, unwritten %d, flushed %zu, settled %zu",
		      row->name, r, unwritten, w.flushed, w.settled);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_is_kept_for_what_is_not_written),
	};

	return RUN_TESTS(tests);
}
