// SPDX-License-Identifier: Apache-2.0
/*
 * recover_test.c - the order of a recovery's steps, with fakes of every port.
 */
#include "sandbox/recover.h"

#include "support/check.h"

#include <string.h>

#include "base/mem.h"

#define TEXT(t) ((char *)(uintptr_t)(t))

/* Every step appends its letter; a step in @fails fails. */
struct world {
	char steps[64];
	const char *fails;
	enum err_kind kind; /* of the failures */
	size_t changes, accepts, postpones;
	bool warned;
	struct session_store sessions;
	struct workspace_differ differ;
	struct workspace_reviewer reviewer;
	struct workspace_flusher flusher;
	struct progress progress;
	struct log log;
	struct workspace_snapshot view;
};

static int step(struct world *w, char letter, struct err *err)
{
	size_t n = strlen(w->steps);

	assert(n + 1 < sizeof(w->steps));
	w->steps[n] = letter;
	if (w->fails && strchr(w->fails, letter))
		return err_set(err, w->kind, "step %c", letter);
	return 0;
}

static int fake_open(struct session_store *s, const char *id unused,
		     const struct session_note *note unused,
		     struct workspace_snapshot **out, struct err *err)
{
	struct world *w = container_of(s, struct world, sessions);

	if (step(w, 'o', err) < 0)
		return -1;
	*out = &w->view;
	return 0;
}

static void fake_close(struct session_store *s,
		       struct workspace_snapshot *view unused)
{
	discard(step(container_of(s, struct world, sessions), 'c', ERR_IGNORE));
}

static int fake_discard(struct session_store *s,
			struct workspace_snapshot *view unused, struct err *err)
{
	return step(container_of(s, struct world, sessions), 'd', err);
}

static int fake_remove(struct session_store *s, const char *id unused,
		       struct err *err)
{
	return step(container_of(s, struct world, sessions), 'r', err);
}

static int fake_compute(struct workspace_differ *d,
			const struct workspace_snapshot *s,
			const struct exclude *exclude unused,
			struct change_list *out, struct err *err)
{
	struct world *w = container_of(d, struct world, differ);

	if (step(w, s->salvages ? 'S' : 'D', err) < 0)
		return -1;
	for (size_t i = 0; i < w->changes; i++) {
		const struct change c = { .path = xasprintf("f%zu", i) };

		change_list_add(out, &c);
	}
	return 0;
}

static int fake_review(struct workspace_reviewer *r,
		       const struct workspace_snapshot *s unused,
		       struct change_list *changes, struct err *err)
{
	struct world *w = container_of(r, struct world, reviewer);

	for (size_t i = 0; i < w->accepts; i++)
		changes->v[i].decision = CHANGE_ACCEPTED;
	for (size_t i = 0; i < w->postpones; i++)
		changes->v[w->accepts + i].decision = CHANGE_POSTPONED;
	return step(w, 'R', err);
}

static int fake_flush(struct workspace_flusher *f,
		      const struct workspace_snapshot *s unused,
		      const struct change_list *changes,
		      struct flush_report *out, struct err *err)
{
	out->written = change_list_accepted(changes);
	return step(container_of(f, struct world, flusher), 'F', err);
}

static void note_event(struct progress *p, enum progress_event event,
		       const char *msg unused)
{
	container_of(p, struct world, progress)->warned |=
		event == PROGRESS_WARN;
}

static const struct session_store_ops session_ops = {
	.open = fake_open,
	.close = fake_close,
	.discard = fake_discard,
	.remove = fake_remove,
};
static const struct workspace_differ_ops differ_ops = {
	.compute = fake_compute,
};
static const struct workspace_reviewer_ops reviewer_ops = {
	.review = fake_review,
};
static const struct workspace_flusher_ops flusher_ops = {
	.flush = fake_flush,
};
static const struct progress_ops progress_ops = { .event = note_event };

static struct recover_deps deps_of(struct world *w)
{
	w->sessions.ops = &session_ops;
	w->differ.ops = &differ_ops;
	w->reviewer.ops = &reviewer_ops;
	w->flusher.ops = &flusher_ops;
	w->progress.ops = &progress_ops;
	return (struct recover_deps){
		.sessions = &w->sessions,
		.back = { .differ = &w->differ,
			  .reviewer = &w->reviewer,
			  .flusher = &w->flusher,
			  .progress = &w->progress },
		.log = &w->log,
	};
}

static struct kept_session sessions[] = {
	{ .id = TEXT("abcd"), .note = { .workspace = TEXT("/w") } },
	{ .id = TEXT("ab12"), .note = { .workspace = TEXT("/two") } },
	{ .id = TEXT("cccc"), .note = { .workspace = TEXT("/two") } },
	{ .id = TEXT("dddd"),
	  .note = { .workspace = TEXT("/w") },
	  .is_live = true },
	{ .id = TEXT("ffff"), .is_damaged = true },
};
static const struct kept_list list = { sessions, ARRAY_SIZE(sessions) };

/* clang-format off */
static const struct apply_case {
	const char *name, *fails;
	enum err_kind kind;
	bool salvage;
	size_t changes, accepts, postpones;
	const char *steps;
	int r;
	bool kept;
	const char *text;
} cases[] = {
	{ "all accepted",   NULL, ERR_INVALID,   false, 2, 2, 0, "oDRFd",  0,  false, "" },
	{ "all rejected",   NULL, ERR_INVALID,   false, 2, 0, 0, "oDRd",   0,  false, "" },
	{ "some later",     NULL, ERR_INVALID,   false, 2, 1, 1, "oDRFc",  0,  true,  "" },
	{ "all later",      NULL, ERR_INVALID,   false, 2, 0, 2, "oDRc",   0,  true,  "" },
	{ "no changes",     NULL, ERR_INVALID,   false, 0, 0, 0, "oDd",    0,  false, "" },
	{ "live",           "o",  ERR_CONFLICT,  false, 1, 1, 0, "o",      -1, true,  "'abcd' is still running" },
	{ "gone",           "o",  ERR_NOT_FOUND, false, 1, 1, 0, "o",      -1, true,  "session 'abcd': step o" },
	{ "diff fails",     "D",  ERR_SYSTEM,    false, 1, 1, 0, "oDc",    -1, true,  "session 'abcd': computing diff" },
	{ "damaged",        "D",  ERR_INTEGRITY, false, 1, 1, 0, "oDc",    -1, true,  "--apply --yes" },
	{ "salvaged",       "D",  ERR_INTEGRITY, true,  1, 1, 0, "oDSRFd", 0,  false, "" },
	{ "salvage fails",  "DS", ERR_INTEGRITY, true,  1, 1, 0, "oDSc",   -1, true,  "step S" },
	{ "review fails",   "R",  ERR_CANCELLED, false, 1, 1, 0, "oDRc",   -1, true,  "reviewing" },
	{ "flush fails",    "F",  ERR_CONFLICT,  false, 1, 1, 0, "oDRFc",  -1, true,  "flushing" },
	{ "clean-up fails", "d",  ERR_SYSTEM,    false, 1, 1, 0, "oDRFd",  -1, false, "remove session 'abcd'" },
};
/* clang-format on */

static void test_steps_follow_what_happened(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct apply_case *c = &cases[i];
		struct world w = { .fails = c->fails,
				   .kind = c->kind,
				   .changes = c->changes,
				   .accepts = c->accepts,
				   .postpones = c->postpones };
		const struct recover_deps deps = deps_of(&w);
		struct err err = ERR_INIT;
		bool kept = !c->kept;

		CHECK(recover_apply(&deps, &sessions[0], c->salvage, &kept,
				    &err) == c->r,
		      "%s: %s", c->name, err.msg);
		CHECK(!strcmp(w.steps, c->steps), "%s: steps %s, want %s",
		      c->name, w.steps, c->steps);
		CHECK(kept == c->kept, "%s: kept", c->name);
		CHECK(strstr(err.msg, c->text), "%s: '%s'", c->name, err.msg);
		CHECK(!c->salvage || w.warned, "%s: said nothing", c->name);
	}
}

static void test_unknown_workspace_can_only_be_discarded(void **state unused)
{
	struct world w = { .changes = 1 };
	const struct recover_deps deps = deps_of(&w);
	struct recovery r;
	struct err err = ERR_INIT;

	CHECK_FAILS(recover_open(&deps, &sessions[4], true, &r, &err), &err,
		    ERR_INVALID, "bbox recover ffff --discard");
	recover_close(&deps, &r);
	assert_string_equal(w.steps, "");
	err = ERR_INIT;
	CHECK_OK(recover_discard(&deps, &sessions[4], &err), &err);
	assert_string_equal(w.steps, "r");
}

static void test_live_session_is_not_discarded(void **state unused)
{
	struct world w = { .fails = "r", .kind = ERR_CONFLICT };
	const struct recover_deps deps = deps_of(&w);
	struct err err = ERR_INIT;

	CHECK_FAILS(recover_discard(&deps, &sessions[0], &err), &err,
		    ERR_CONFLICT, "still running");
}

static void test_count_looks_and_leaves(void **state unused)
{
	struct world w = { .changes = 3 };
	const struct recover_deps deps = deps_of(&w);
	struct err err = ERR_INIT;
	size_t n = 0;

	CHECK_OK(recover_count(&deps, &sessions[0], &n, &err), &err);
	assert_int_equal(n, 3);
	assert_string_equal(w.steps, "oDc");
}

/* clang-format off */
static const struct find_case {
	const char *prefix, *want;
	enum err_kind kind;
} find_cases[] = {
	{ "abcd",  "abcd", ERR_NONE },
	{ "abc",   "abcd", ERR_NONE },
	{ "f",     "ffff", ERR_NONE },
	{ "ab",    NULL,   ERR_USAGE },
	{ "abcde", NULL,   ERR_NOT_FOUND },
	{ "",      NULL,   ERR_NOT_FOUND },
	/* Without one: that of the workspace, which does not run. */
	{ NULL,    "abcd", ERR_NONE },
};
/* clang-format on */

static void test_prefix_must_be_unique(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(find_cases); i++) {
		const struct find_case *c = &find_cases[i];
		const struct kept_session *s = NULL;
		struct err err = ERR_INIT;
		int r = recover_find(&list, "/w", c->prefix, &s, &err);

		CHECK((r == 0) == !!c->want, "row %zu: %s", i, err.msg);
		CHECK(err.kind == c->kind, "row %zu: %s", i, err.msg);
		CHECK(!s || (c->want && !strcmp(s->id, c->want)), "row %zu", i);
	}
}

static void test_workspace_must_have_one_session(void **state unused)
{
	const struct kept_session *s = NULL;
	struct err err = ERR_INIT;

	CHECK_FAILS(recover_find(&list, "/two", NULL, &s, &err), &err,
		    ERR_USAGE, "more than one session of '/two'");
	CHECK_FAILS(recover_find(&list, "/none", NULL, &s, &err), &err,
		    ERR_NOT_FOUND, "no session of '/none'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_follow_what_happened),
		cmocka_unit_test(test_unknown_workspace_can_only_be_discarded),
		cmocka_unit_test(test_live_session_is_not_discarded),
		cmocka_unit_test(test_count_looks_and_leaves),
		cmocka_unit_test(test_prefix_must_be_unique),
		cmocka_unit_test(test_workspace_must_have_one_session),
	};

	return RUN_TESTS(tests);
}
