/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - a workspace "w" and the guest's view of it "v", made by hand, with
 * the baseline that a cloner would have recorded.
 */
#ifndef BBOX_TESTS_SUPPORT_VIEW_H
#define BBOX_TESTS_SUPPORT_VIEW_H

#include "support/tree.h"

#include "domain/workspace/workspace.h"

struct view {
	char *dir; /* owned; holds both */
	struct workspace_snapshot snapshot;
	struct tree_progress progress;
	struct log log;
};

static inline void view_new(struct view *v)
{
	*v = (struct view){
		.dir = tree_new(),
		.progress = { .base = { &tree_progress_ops } },
		.log = LOG_DISCARD,
	};
	tree_mkdir(v->dir, "w");
	tree_mkdir(v->dir, "v");
	v->snapshot.original = tree_path(v->dir, "w");
	v->snapshot.path = tree_path(v->dir, "v");
	v->snapshot.baseline = baseline_new();
}

static inline void view_free(struct view *v)
{
	baseline_free(v->snapshot.baseline);
	free(v->snapshot.original);
	free(v->snapshot.path);
	tree_progress_reset(&v->progress);
	tree_remove(v->dir);
	free(v->dir);
}

/* A directory of both. */
static inline void view_dir(struct view *v, const char *path)
{
	const struct baseline_entry entry = {
		.path = xstrdup(path),
		.kind = BASELINE_DIR,
		.mode = 0755,
	};

	tree_mkdir(v->snapshot.original, path);
	tree_mkdir(v->snapshot.path, path);
	baseline_add(v->snapshot.baseline, &entry);
}

/* A symlink of both. */
static inline void view_link(struct view *v, const char *path, const char *text)
{
	const struct baseline_entry entry = {
		.path = xstrdup(path),
		.kind = BASELINE_SYMLINK,
		.link = xstrdup(text),
	};

	tree_link(v->snapshot.original, path, text);
	tree_link(v->snapshot.path, path, text);
	baseline_add(v->snapshot.baseline, &entry);
}

/* A file of both. */
static inline void view_file(struct view *v, const char *path, const char *text,
			     mode_t mode)
{
	struct baseline_entry entry = {
		.path = xstrdup(path),
		.kind = BASELINE_FILE,
		.mode = mode,
	};
	struct stat st;

	tree_write(v->snapshot.original, path, text);
	tree_chmod(v->snapshot.original, path, mode);
	tree_write(v->snapshot.path, path, text);
	tree_chmod(v->snapshot.path, path, mode);
	CHECK(tree_stat(v->snapshot.original, path, &st), "%s", path);
	entry.original = file_identity_of(&st);
	CHECK(tree_stat(v->snapshot.path, path, &st), "%s", path);
	entry.view = file_identity_of(&st);
	baseline_add(v->snapshot.baseline, &entry);
}

/*
 * The guest starts. The view's time stamps are forgotten, because a test may
 * write the same file twice within one tick of the clock.
 */
static inline void view_seal(struct view *v)
{
	baseline_seal(v->snapshot.baseline, INT64_MIN);
}

/* What a change's path began as, as a differ would say it. */
static inline void view_base(const struct view *v, struct change *change)
{
	static const enum change_type types[] = {
		[BASELINE_FILE] = CHANGE_FILE,
		[BASELINE_DIR] = CHANGE_DIR,
		[BASELINE_SYMLINK] = CHANGE_SYMLINK,
	};
	const struct baseline_entry *entry =
		baseline_find(v->snapshot.baseline, change->path);

	if (!entry)
		return;
	change->base_known = true;
	change->base_type = types[entry->kind];
	change->base_mode = entry->mode;
	change->base_identity = entry->original;
	if (entry->link)
		change->base_target = xstrdup(entry->link);
}

#endif /* BBOX_TESTS_SUPPORT_VIEW_H */
