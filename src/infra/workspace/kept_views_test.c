// SPDX-License-Identifier: Apache-2.0
/*
 * kept_views_test.c - sessions that died, or kept their view, are found.
 */
#include "infra/workspace/kept_views.h"

#include "support/tree.h"

#include "infra/workspace/lazy_view.h"
#include "infra/workspace/sentinel.h"
#include "infra/workspace/snapshot_dir.h"

#define NAME "c/" SNAPSHOT_DIR_BASE "/" SNAPSHOT_PREFIX "00000000000000"

struct fixture {
	char *dir, *cache, *w;
	struct log log;
	struct workspace_cloner *cloner;
	struct session_store *store;
	struct exclude *exclude;
	struct err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .dir = tree_new(),
			       .log = LOG_DISCARD,
			       .err = ERR_INIT };
	tree_mkdir(f->dir, "w");
	f->cache = tree_path(f->dir, "c");
	f->w = tree_path(f->dir, "w");
	f->cloner = lazy_view_new(&(struct lazy_view_config){
		.cache_dir = f->cache,
		.log = &f->log,
	});
	f->store = kept_views_new(f->cache, &f->log);
	f->exclude = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	CHECK_OK(exclude_add_pattern(f->exclude, "hidden", &f->err), &f->err);
}

static void teardown(struct fixture *f)
{
	exclude_free(f->exclude);
	kept_views_free(f->store);
	lazy_view_free(f->cloner);
	tree_remove(f->dir);
	free(f->w);
	free(f->cache);
	free(f->dir);
}

/* A session that began; the caller ends it. */
static struct workspace_snapshot *begin(struct fixture *f)
{
	auto_free char *name = xstrdup("claude-code");
	auto_free char *workspace = xstrdup("elsewhere");
	const struct session_note note = { .workspace = workspace,
					   .name = name,
					   .started_s = 5,
					   .snapshot_exclude = f->exclude,
					   .diff_exclude = f->exclude };
	struct workspace_snapshot *s;

	CHECK_OK(workspace_cloner_create(f->cloner, f->w, NULL, &s, &f->err),
		 &f->err);
	CHECK_OK(workspace_cloner_describe(f->cloner, s, &note, &f->err),
		 &f->err);
	return s;
}

static void list(struct fixture *f, struct kept_list *out)
{
	f->err = ERR_INIT;
	CHECK_OK(session_store_list(f->store, out, &f->err), &f->err);
}

static void test_kept_session_is_listed_with_its_note(void **state unused)
{
	auto_kept_list struct kept_list kept = KEPT_LIST_INIT;
	struct fixture f;

	setup(&f);
	list(&f, &kept);
	assert_int_equal(kept.n, 0);
	workspace_cloner_keep(f.cloner, begin(&f));
	list(&f, &kept);
	assert_int_equal(kept.n, 1);
	assert_false(kept.v[0].is_live || kept.v[0].is_damaged);
	/* As it is known to the view, whatever the caller said. */
	assert_string_equal(kept.v[0].note.workspace, f.w);
	assert_string_equal(kept.v[0].note.name, "claude-code");
	assert_true(exclude_matches(kept.v[0].note.snapshot_exclude, "hidden",
				    false));
	teardown(&f);
}

static void test_live_session_is_not_to_be_had(void **state unused)
{
	auto_kept_list struct kept_list kept = KEPT_LIST_INIT;
	struct workspace_snapshot *s, *mine = NULL;
	struct fixture f;

	setup(&f);
	s = begin(&f);
	list(&f, &kept);
	assert_int_equal(kept.n, 1);
	assert_true(kept.v[0].is_live);
	CHECK_FAILS(session_store_open(f.store, kept.v[0].id, &kept.v[0].note,
				       &mine, &f.err),
		    &f.err, ERR_CONFLICT, "in use");
	CHECK_FAILS(session_store_remove(f.store, kept.v[0].id, &f.err), &f.err,
		    ERR_CONFLICT, "in use");
	assert_true(tree_has(s->path, SESSION_NOTE_FILE));
	f.err = ERR_INIT;
	CHECK_OK(workspace_cloner_discard(f.cloner, s, &f.err), &f.err);
	teardown(&f);
}

static void test_open_session_is_ours_until_closed(void **state unused)
{
	auto_kept_list struct kept_list kept = KEPT_LIST_INIT;
	struct workspace_snapshot *s, *again = NULL;
	struct fixture f;

	setup(&f);
	workspace_cloner_keep(f.cloner, begin(&f));
	list(&f, &kept);
	CHECK_OK(session_store_open(f.store, kept.v[0].id, &kept.v[0].note, &s,
				    &f.err),
		 &f.err);
	assert_string_equal(s->original, f.w);
	assert_string_equal(kept_views_id(s->path), kept.v[0].id);
	CHECK_FAILS(session_store_open(f.store, kept.v[0].id, &kept.v[0].note,
				       &again, &f.err),
		    &f.err, ERR_CONFLICT, "in use");
	session_store_close(f.store, s);
	f.err = ERR_INIT;
	CHECK_OK(session_store_open(f.store, kept.v[0].id, &kept.v[0].note, &s,
				    &f.err),
		 &f.err);
	CHECK_OK(session_store_discard(f.store, s, &f.err), &f.err);
	kept_list_release(&kept);
	list(&f, &kept);
	assert_int_equal(kept.n, 0);
	teardown(&f);
}

static void test_only_views_are_found(void **state unused)
{
	auto_kept_list struct kept_list kept = KEPT_LIST_INIT;
	struct workspace_snapshot *s = NULL;
	struct session_note note = SESSION_NOTE_INIT;
	struct fixture f;

	setup(&f);
	tree_write(f.dir, NAME "01/copied/file", "of a copy");
	tree_write(f.dir, NAME "02/records", "no note");
	tree_write(f.dir, NAME "03/session", "damaged");
	tree_mkdir(f.dir, "elsewhere");
	tree_write(f.dir, "elsewhere/session", "x");
	tree_link(f.dir, NAME "04", "../../elsewhere");
	tree_write(f.dir, "c/" SNAPSHOT_DIR_BASE "/other/session", "x");
	list(&f, &kept);
	assert_int_equal(kept.n, 2);
	for (size_t i = 0; i < kept.n; i++)
		assert_true(kept.v[i].is_damaged);
	CHECK_FAILS(session_store_open(f.store, "0000000000000004", &note, &s,
				       &f.err),
		    &f.err, ERR_NOT_FOUND, "no session");
	CHECK_FAILS(session_store_remove(f.store, "../other", &f.err), &f.err,
		    ERR_NOT_FOUND, "no session");
	CHECK_FAILS(session_store_remove(f.store, "0000000000000001", &f.err),
		    &f.err, ERR_NOT_FOUND, "no session");
	f.err = ERR_INIT;
	CHECK_OK(session_store_remove(f.store, "0000000000000003", &f.err),
		 &f.err);
	assert_false(tree_has(f.dir, NAME "03"));
	assert_true(tree_has(f.dir, "elsewhere/session"));
	assert_true(tree_has(f.dir, NAME "01/copied/file"));
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_session_is_listed_with_its_note),
		cmocka_unit_test(test_live_session_is_not_to_be_had),
		cmocka_unit_test(test_open_session_is_ours_until_closed),
		cmocka_unit_test(test_only_views_are_found),
	};

	return RUN_TESTS(tests);
}
