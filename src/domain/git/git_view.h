/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_view.h - port: what makes git work in the guest's view of a workspace,
 * and brings what it did there into the user's repository (chapter 20,
 * section 11).
 */
#ifndef BBOX_DOMAIN_GIT_GIT_VIEW_H
#define BBOX_DOMAIN_GIT_GIT_VIEW_H

#include "base/err.h"
#include "domain/snapshot/change.h"
#include "domain/workspace/workspace.h"

/* Where the guest finds the objects of a repository that lies elsewhere. */
#define GIT_VIEW_OBJECTS_TAG "git-objects"
#define GIT_VIEW_OBJECTS_AT  "/mnt/git-objects"
/*
 * In the directory of a session whose `.git` is of our making: such a view's
 * `.git` is no part of the changes. Holds what finish() has to know.
 */
#define GIT_VIEW_WORKTREE "git-worktree"
/* In the directory of any other: packed-refs as it was at first. */
#define GIT_VIEW_PACKED "git-packed-refs"

struct git_view;

struct git_view_ops {
	int (*prepare)(struct git_view *g, const struct workspace_snapshot *s,
		       char **objects, struct err *err);
	int (*judge)(struct git_view *g, const struct workspace_snapshot *s,
		     struct change_list *changes, struct err *err);
	int (*finish)(struct git_view *g, const struct workspace_snapshot *s,
		      struct err *err);
};

struct git_view {
	const struct git_view_ops *ops;
};

/**
 * git_view_prepare() - before the guest sees the view
 * @objects:	set to a directory of the host that must be served, read-only,
 *		at GIT_VIEW_OBJECTS_AT; the caller frees; NULL: none
 *
 * When it fails the view may show what it must not.
 */
static inline must_check int
git_view_prepare(struct git_view *g, const struct workspace_snapshot *s,
		 char **objects, struct err *err)
{
	return g->ops->prepare(g, s, objects, err);
}

/**
 * git_view_judge() - before the review of the changes
 * @changes:	loses what git's own rules decide: references that the user
 *		moved as well, and files that only one work tree can have
 */
static inline must_check int git_view_judge(struct git_view *g,
					    const struct workspace_snapshot *s,
					    struct change_list *changes,
					    struct err *err)
{
	return g->ops->judge(g, s, changes, err);
}

/**
 * git_view_finish() - after the last git_view_judge() and the flush
 *
 * Keeps commits that did not come back as files. When it fails they are in
 * the session only, which must be kept.
 */
static inline must_check int git_view_finish(struct git_view *g,
					     const struct workspace_snapshot *s,
					     struct err *err)
{
	return g->ops->finish(g, s, err);
}

#endif /* BBOX_DOMAIN_GIT_GIT_VIEW_H */
