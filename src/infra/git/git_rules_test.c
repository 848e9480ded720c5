// SPDX-License-Identifier: Apache-2.0
/*
 * git_rules_test.c - what becomes of changes below a `.git` directory.
 */
#include "infra/git/git_rules.h"

#include "base/strv.h"
#include "domain/git/git_view.h"
#include "support/tree.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"

/* A file of one side; an empty path ends a list. */
struct file {
	const char *path, *text;
};

/* A change of the guest: its text is in "theirs". */
struct row {
	const char *path;
	enum change_kind kind;
	bool is_conflict;
	const char *theirs;
};

/* clang-format off */
static const struct rules_case {
	const char *name;
	const char *before;	/* packed-refs when the session began, or NULL */
	struct file ours[4];	/* in the user's directory, now */
	struct row changes[5];
	const char *left;	/* paths of the changes that stay */
	const char *parked;	/* "repository ref id;" of each one */
} cases[] = {
	{ "files of others are none of ours", "",
	  { { "a", "1" } },
	  { { "a", CHANGE_MODIFIED, true, "2" },
	    { "x.git/refs/heads/m", CHANGE_ADDED, false, A },
	    { "x.lock", CHANGE_ADDED, false, "" } },
	  "a x.git/refs/heads/m x.lock", "" },
	{ "moved by the guest", "",
	  { { ".git/refs/heads/m", A "\n" } },
	  { { ".git/refs/heads/m", CHANGE_MODIFIED, false, B "\n" },
	    { ".git/refs/heads/n", CHANGE_ADDED, false, B "\n" } },
	  ".git/refs/heads/m .git/refs/heads/n", "" },
	{ "moved by both", "",
	  { { ".git/refs/heads/m", C "\n" } },
	  { { ".git/refs/heads/m", CHANGE_MODIFIED, true, B "\n" } },
	  "", ".git refs/heads/m " B ";" },
	{ "made by both", "",
	  { { ".git/refs/heads/m", C "\n" } },
	  { { ".git/refs/heads/m", CHANGE_ADDED, true, B "\n" } },
	  "", ".git refs/heads/m " B ";" },
	{ "moved by both to the same place", "",
	  { { ".git/refs/heads/m", B } },
	  { { ".git/refs/heads/m", CHANGE_MODIFIED, true, B "\n" } },
	  "", "" },
	{ "deleted by the guest", "",
	  { { ".git/refs/heads/m", A "\n" } },
	  { { ".git/refs/heads/m", CHANGE_DELETED, false, NULL } },
	  ".git/refs/heads/m", "" },
	{ "deleted by the guest, moved by the user", "",
	  { { ".git/refs/heads/m", C "\n" } },
	  { { ".git/refs/heads/m", CHANGE_DELETED, true, NULL } },
	  "", "" },
	{ "packed at first, moved by the guest", A " refs/heads/m\n",
	  { { ".git/packed-refs", A " refs/heads/m\n" } },
	  { { ".git/refs/heads/m", CHANGE_ADDED, false, B "\n" } },
	  ".git/refs/heads/m", "" },
	{ "packed at first, moved by the guest and packed by the user",
	  A " refs/heads/m\n",
	  { { ".git/packed-refs", C " refs/heads/m\n" } },
	  { { ".git/refs/heads/m", CHANGE_ADDED, false, B "\n" } },
	  "", ".git refs/heads/m " B ";" },
	{ "moved and packed by the guest", "",
	  { { ".git/refs/heads/m", A "\n" } },
	  { { ".git/packed-refs", CHANGE_ADDED, false, B " refs/heads/m\n" },
	    { ".git/refs/heads/m", CHANGE_DELETED, false, NULL } },
	  ".git/packed-refs .git/refs/heads/m", "" },
	{ "packed by the guest, as it was", "",
	  { { ".git/refs/heads/m", A "\n" } },
	  { { ".git/packed-refs", CHANGE_ADDED, false, A " refs/heads/m\n" },
	    { ".git/refs/heads/m", CHANGE_DELETED, false, NULL } },
	  ".git/packed-refs .git/refs/heads/m", "" },
	{ "moved and packed by the guest, moved by the user", "",
	  { { ".git/refs/heads/m", C "\n" } },
	  { { ".git/packed-refs", CHANGE_ADDED, false, B " refs/heads/m\n" },
	    { ".git/refs/heads/m", CHANGE_DELETED, true, NULL } },
	  ".git/packed-refs", ".git refs/heads/m " B ";" },
	{ "packed by both", A " refs/heads/m\n" A " refs/heads/n\n",
	  { { ".git/packed-refs", C " refs/heads/m\n" A " refs/heads/n\n" },
	    { ".git/refs/heads/o", A "\n" } },
	  { { ".git/packed-refs", CHANGE_MODIFIED, true,
	      B " refs/heads/m\n" A " refs/heads/n\n" B " refs/heads/o\n" },
	    { ".git/refs/heads/o", CHANGE_DELETED, false, NULL } },
	  "",
	  ".git refs/heads/m " B ";.git refs/heads/o " B ";" },
	{ "packed by both, new branches only", A " refs/heads/m\n",
	  { { ".git/packed-refs", A " refs/heads/m\n" C " refs/heads/u\n" } },
	  { { ".git/packed-refs", CHANGE_MODIFIED, true,
	      A " refs/heads/m\n" B " refs/heads/g\n" } },
	  "", ".git refs/heads/g " B ";" },
	{ "packed by the guest, loose by the user meanwhile",
	  A " refs/heads/m\n",
	  { { ".git/packed-refs", A " refs/heads/m\n" },
	    { ".git/refs/heads/m", C "\n" } },
	  { { ".git/packed-refs", CHANGE_MODIFIED, false,
	      B " refs/heads/m\n" } },
	  ".git/packed-refs", ".git refs/heads/m " B ";" },
	{ "powerful references", "",
	  { { NULL, NULL } },
	  { { ".git/refs/bbox/x/y", CHANGE_ADDED, false, A "\n" },
	    { ".git/refs/replace/" A, CHANGE_ADDED, false, B "\n" },
	    { ".git/refs/tags/t", CHANGE_ADDED, false, B "\n" } },
	  ".git/refs/tags/t", "" },
	{ "a powerful reference that is packed", "",
	  { { NULL, NULL } },
	  { { ".git/packed-refs", CHANGE_ADDED, false,
	      B " refs/heads/m\n" B " refs/replace/" A "\n" } },
	  "", ".git refs/heads/m " B ";" },
	{ "symbolic reference", "",
	  { { NULL, NULL } },
	  { { ".git/refs/remotes/o/HEAD", CHANGE_ADDED, false,
	      "ref: refs/remotes/o/m\n" } },
	  ".git/refs/remotes/o/HEAD", "" },
	{ "HEAD moved by the guest", "",
	  { { ".git/HEAD", "ref: refs/heads/m\n" } },
	  { { ".git/HEAD", CHANGE_MODIFIED, false, "ref: refs/heads/n\n" } },
	  ".git/HEAD", "" },
	{ "HEAD moved by both", "",
	  { { ".git/HEAD", "ref: refs/heads/m\n" } },
	  { { ".git/HEAD", CHANGE_MODIFIED, true, B "\n" } },
	  "", ".git HEAD " B ";" },
	{ "what belongs to the work tree", "",
	  { { ".git/index", "DIRC" } },
	  { { ".git/ORIG_HEAD", CHANGE_MODIFIED, true, A "\n" },
	    { ".git/index", CHANGE_MODIFIED, true, "DIRC2" },
	    { ".git/logs/HEAD", CHANGE_MODIFIED, true, "x" },
	    { ".git/objects/aa/" A, CHANGE_MODIFIED, true, "x" } },
	  ".git/objects/aa/" A, "" },
	{ "locks", "",
	  { { NULL, NULL } },
	  { { ".git/HEAD.lock", CHANGE_ADDED, false, "" },
	    { ".git/gc.pid", CHANGE_ADDED, false, "" },
	    { ".git/index", CHANGE_ADDED, false, "DIRC" },
	    { ".git/refs/heads/m.lock", CHANGE_ADDED, false, "" } },
	  ".git/index", "" },
	{ "nested repository", "",
	  { { "d/.git/refs/heads/m", C "\n" } },
	  { { "d/.git/index", CHANGE_MODIFIED, true, "" },
	    { "d/.git/refs/heads/m", CHANGE_MODIFIED, true, B "\n" },
	    { "d/x", CHANGE_ADDED, false, "" } },
	  "d/x", "d/.git refs/heads/m " B ";" },
};
/* clang-format on */

struct world {
	char *dir; /* owned */
	struct workspace_snapshot snapshot;
	struct tree_progress progress;
	struct log log;
	struct change_list changes;
};

static void world_init(struct world *w, const struct rules_case *c)
{
	*w = (struct world){
		.dir = tree_new(),
		.snapshot.view = WORKSPACE_VIEW_LAZY,
		.progress = { .base = { &tree_progress_ops } },
		.log = LOG_DISCARD,
	};
	tree_mkdir(w->dir, "w");
	tree_mkdir(w->dir, "s/objects");
	w->snapshot.original = tree_path(w->dir, "w");
	w->snapshot.path = tree_path(w->dir, "s");
	tree_write(w->snapshot.path, GIT_VIEW_PACKED, c->before);
	for (size_t i = 0; i < ARRAY_SIZE(c->ours) && c->ours[i].path; i++)
		tree_write(w->snapshot.original, c->ours[i].path,
			   c->ours[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(c->changes) && c->changes[i].path;
	     i++) {
		const struct row *row = &c->changes[i];
		struct change change = {
			.path = xstrdup(row->path),
			.kind = row->kind,
			.type = CHANGE_FILE,
			.is_conflict = row->is_conflict,
			.base_known = row->kind != CHANGE_ADDED,
		};

		if (row->theirs) {
			change.source = xasprintf("objects/%zu", i);
			tree_write(w->snapshot.path, change.source,
				   row->theirs);
		}
		change_list_add(&w->changes, &change);
	}
	change_list_sort(&w->changes);
}

static void world_release(struct world *w)
{
	change_list_release(&w->changes);
	tree_progress_reset(&w->progress);
	tree_remove(w->dir);
	free(w->snapshot.original);
	free(w->snapshot.path);
	free(w->dir);
}

static char *paths_of(const struct change_list *list)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		char *more = xasprintf("%s%s%s", text, i ? " " : "",
				       list->v[i].path);

		free(text);
		text = more;
	}
	return text;
}

static char *text_of(const struct git_parked_list *list)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		char *more =
			xasprintf("%s%s %s %s;", text, list->v[i].repository,
				  list->v[i].ref, list->v[i].oid);

		free(text);
		text = more;
	}
	return text;
}

static void test_references_follow_their_own_rule(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct rules_case *c = &cases[i];
		struct git_parked_list parked = { .n = 0 };
		auto_free char *left = NULL, *text = NULL;
		struct git_view_config config;
		struct err err = ERR_INIT;
		struct world w;

		world_init(&w, c);
		config = (struct git_view_config){
			.log = &w.log,
			.progress = &w.progress.base,
		};
		CHECK_OK(git_rules_apply(&config, &w.snapshot, &w.changes,
					 &parked, &err),
			 &err);
		left = paths_of(&w.changes);
		text = text_of(&parked);
		CHECK(!strcmp(left, c->left), "%s: left '%s'", c->name, left);
		CHECK(!strcmp(text, c->parked), "%s: parked '%s'", c->name,
		      text);
		git_parked_list_release(&parked);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references_follow_their_own_rule),
	};

	return RUN_TESTS(tests);
}
