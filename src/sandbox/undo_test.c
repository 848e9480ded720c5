// SPDX-License-Identifier: Apache-2.0
#include "sandbox/undo.h"

#include "support/check.h"

#include <string.h>

#include "base/mem.h"

#define TEXT(t) ((char *)(uintptr_t)(t))

static struct undo_session sessions[] = {
	{ .id = TEXT("abcd-2"), .head = { TEXT("/w"), 9, true } },
	{ .id = TEXT("ab00"),
	  .head = { TEXT("/w"), 8, false },
	  .undone = true },
	{ .id = TEXT("ffff"), .head = { TEXT("/other"), 7, false } },
	{ .id = TEXT("abcd"), .head = { TEXT("/w"), 6, false } },
	{ .id = TEXT("1234"), .head = { TEXT("/w"), 5, false } },
};
static const struct undo_list list = { sessions, ARRAY_SIZE(sessions) };

/* clang-format off */
static const struct find_case {
	const char *workspace, *prefix;
	const char *want; /* NULL: refused */
	enum err_kind kind;
} cases[] = {
	/* Neither what was undone nor an undo, nor another workspace's. */
	{ "/w",     NULL,     "abcd",   ERR_NONE },
	{ "/other", NULL,     "ffff",   ERR_NONE },
	{ "/none",  NULL,     NULL,     ERR_NOT_FOUND },
	{ "/w",     "abcd",   "abcd",   ERR_NONE },
	{ "/w",     "abcd-",  "abcd-2", ERR_NONE },
	{ "/w",     "ab0",    "ab00",   ERR_NONE },
	{ "/w",     "ab",     NULL,     ERR_USAGE },
	{ "/w",     "f",      "ffff",   ERR_NONE },
	{ "/w",     "zz",     NULL,     ERR_NOT_FOUND },
	{ "/w",     "",       NULL,     ERR_NOT_FOUND },
};
/* clang-format on */

static void test_session_is_found(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct find_case *c = &cases[i];
		const struct undo_session *s = NULL;
		struct err err = ERR_INIT;
		int r = undo_find(&list, c->workspace, c->prefix, &s, &err);

		CHECK((r == 0) == !!c->want, "row %zu: %s", i, err.msg);
		CHECK(err.kind == c->kind, "row %zu: %s", i, err.msg);
		CHECK(!c->want || !strcmp(s->id, c->want), "row %zu", i);
	}
}

struct world {
	struct undo_store store;
	struct workspace_flusher flusher;
	struct progress progress;
	bool lost, fails, finished, warned;
	size_t changes;
};

static int fake_load(struct undo_store *s, const char *id unused,
		     char **out_path, struct undo_manifest *out,
		     struct err *err unused)
{
	struct world *w = container_of(s, struct world, store);

	*out_path = xstrdup("/state/abcd");
	out->head.workspace = xstrdup("/w");
	out->v = xcalloc(2, sizeof(*out->v));
	out->n = w->lost ? 2 : 1;
	out->v[0].path = xstrdup("new");
	out->v[0].after.type = UNDO_DIR;
	if (w->lost) {
		out->v[1].path = xstrdup("big");
		out->v[1].before.type = UNDO_FILE;
		out->v[1].before.hash[0] = 'a';
	}
	return 0;
}

static int fake_finish(struct undo_store *s, const char *id unused,
		       struct err *err unused)
{
	container_of(s, struct world, store)->finished = true;
	return 0;
}

static int fake_flush(struct workspace_flusher *f,
		      const struct workspace_snapshot *s,
		      const struct change_list *changes,
		      struct flush_report *out, struct err *err)
{
	struct world *w = container_of(f, struct world, flusher);

	assert_true(s->restores);
	assert_string_equal(s->original, "/w");
	assert_string_equal(s->path, "/state/abcd");
	w->changes = change_list_accepted(changes);
	if (w->fails) {
		out->failed = 1;
		return err_set(err, ERR_CONFLICT, "'new' was changed");
	}
	out->written = w->changes;
	return 0;
}

static void note_event(struct progress *p, enum progress_event event,
		       const char *msg unused)
{
	container_of(p, struct world, progress)->warned |=
		event == PROGRESS_WARN;
}

static const struct undo_store_ops store_ops = { .load = fake_load,
						 .finish = fake_finish };
static const struct workspace_flusher_ops flusher_ops = { .flush = fake_flush };
static const struct progress_ops progress_ops = { .event = note_event };

static int run(struct world *w, struct flush_report *out, struct err *err)
{
	const struct undo_deps deps = { .store = &w->store,
					.flusher = &w->flusher,
					.progress = &w->progress };

	w->store.ops = &store_ops;
	w->flusher.ops = &flusher_ops;
	w->progress.ops = &progress_ops;
	return undo_run(&deps, &sessions[3], out, err);
}

static void test_undo_is_a_flush_of_the_old(void **state unused)
{
	struct world w = { .lost = false };
	struct flush_report report;
	struct err err = ERR_INIT;

	CHECK_OK(run(&w, &report, &err), &err);
	assert_int_equal(w.changes, 1);
	assert_int_equal(report.written, 1);
	assert_true(w.finished);
	assert_false(w.warned);
}

static void test_refused_path_leaves_it_to_be_repeated(void **state unused)
{
	struct world w = { .fails = true };
	struct flush_report report;
	struct err err = ERR_INIT;

	CHECK_FAILS(run(&w, &report, &err), &err, ERR_CONFLICT, "undo: 'new'");
	assert_false(w.finished);
}

static void test_what_was_not_kept_is_said(void **state unused)
{
	struct world w = { .lost = true };
	struct flush_report report;
	struct err err = ERR_INIT;

	CHECK_OK(run(&w, &report, &err), &err);
	assert_int_equal(w.changes, 1);
	assert_true(w.warned);
	assert_true(w.finished);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_is_found),
		cmocka_unit_test(test_undo_is_a_flush_of_the_old),
		cmocka_unit_test(test_refused_path_leaves_it_to_be_repeated),
		cmocka_unit_test(test_what_was_not_kept_is_said),
	};

	return RUN_TESTS(tests);
}
