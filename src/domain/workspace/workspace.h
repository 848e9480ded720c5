/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workspace.h - ports: the guest's private view of the user's project, what
 * changed in it, and the way back.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_WORKSPACE_H
#define BBOX_DOMAIN_WORKSPACE_WORKSPACE_H

#include "base/buf.h"
#include "base/err.h"
#include "domain/snapshot/change.h"
#include "domain/snapshot/exclude.h"
#include "domain/workspace/baseline.h"

/* How a view comes about. */
enum workspace_view {
	WORKSPACE_VIEW_COPY, /* all is copied first */
	WORKSPACE_VIEW_LAZY, /* what the guest changes is copied then */

	WORKSPACE_VIEW_COUNT
};

/* A private, writable view of a workspace. */
struct workspace_snapshot {
	enum workspace_view view;
	char *original;		   /* owned; real path of the workspace */
	char *path;		   /* owned; of a copy: the directory that the
				    * guest is given; of a lazy view: the
				    * directory that holds its state */
	struct baseline *baseline; /* owned; what a copy began as; NULL for a
				    * lazy view, whose records tell */
};

struct workspace_cloner;

struct workspace_cloner_ops {
	int (*create)(struct workspace_cloner *c, const char *workspace,
		      const struct exclude *exclude,
		      struct workspace_snapshot **out, struct err *err);
	int (*discard)(struct workspace_cloner *c, struct workspace_snapshot *s,
		       struct err *err);
	void (*keep)(struct workspace_cloner *c, struct workspace_snapshot *s);
};

struct workspace_cloner {
	const struct workspace_cloner_ops *ops;
};

/**
 * workspace_cloner_create() - make the guest's view of a workspace
 * @workspace:	directory; never written
 * @exclude:	an EXCLUDE_FOR_SNAPSHOT matcher
 * @out:	end with workspace_cloner_discard() or _keep()
 * @err:	ERR_PERMISSION or ERR_SYSTEM naming the path, ERR_CANCELLED
 */
static inline must_check int
workspace_cloner_create(struct workspace_cloner *c, const char *workspace,
			const struct exclude *exclude,
			struct workspace_snapshot **out, struct err *err)
{
	return c->ops->create(c, workspace, exclude, out, err);
}

/* Removes the view and frees @s. */
static inline must_check int
workspace_cloner_discard(struct workspace_cloner *c,
			 struct workspace_snapshot *s, struct err *err)
{
	/* In parentheses: discard() is a macro, too. */
	return (c->ops->discard)(c, s, err);
}

/* Leaves the view on disk, protected from the sweep, and frees @s. */
static inline void workspace_cloner_keep(struct workspace_cloner *c,
					 struct workspace_snapshot *s)
{
	c->ops->keep(c, s);
}

struct workspace_differ;

struct workspace_differ_ops {
	int (*compute)(struct workspace_differ *d,
		       const struct workspace_snapshot *s,
		       const struct exclude *exclude, struct change_list *out,
		       struct err *err);
	int (*text)(struct workspace_differ *d,
		    const struct workspace_snapshot *s,
		    const struct change *change, struct buf *out,
		    struct err *err);
};

struct workspace_differ {
	const struct workspace_differ_ops *ops;
};

/*
 * The changes of the guest against what it started from, ordered by path,
 * none decided. @exclude is an EXCLUDE_FOR_DIFF matcher.
 */
static inline must_check int workspace_differ_compute(
	struct workspace_differ *d, const struct workspace_snapshot *s,
	const struct exclude *exclude, struct change_list *out, struct err *err)
{
	return d->ops->compute(d, s, exclude, out, err);
}

/* Unified diff of one change; not yet safe for a terminal. */
static inline must_check int workspace_differ_text(
	struct workspace_differ *d, const struct workspace_snapshot *s,
	const struct change *change, struct buf *out, struct err *err)
{
	return d->ops->text(d, s, change, out, err);
}

struct workspace_reviewer;

struct workspace_reviewer_ops {
	int (*review)(struct workspace_reviewer *r,
		      const struct workspace_snapshot *s,
		      struct change_list *changes, struct err *err);
};

struct workspace_reviewer {
	const struct workspace_reviewer_ops *ops;
};

/* Decides every change in @changes. */
static inline must_check int
workspace_reviewer_review(struct workspace_reviewer *r,
			  const struct workspace_snapshot *s,
			  struct change_list *changes, struct err *err)
{
	return r->ops->review(r, s, changes, err);
}

struct workspace_flusher;

struct flush_report {
	size_t written; /* changes that are in the workspace now */
	size_t failed;	/* accepted, but not written; each was reported */
};

struct workspace_flusher_ops {
	int (*flush)(struct workspace_flusher *f,
		     const struct workspace_snapshot *s,
		     const struct change_list *changes,
		     struct flush_report *out, struct err *err);
};

struct workspace_flusher {
	const struct workspace_flusher_ops *ops;
};

/**
 * workspace_flusher_flush() - write the accepted changes into the workspace
 * @out:	set in any case
 * @err:	the first failure; the remaining changes are still tried.
 *		ERR_CONFLICT: the user changed the path meanwhile, it is kept
 */
static inline must_check int
workspace_flusher_flush(struct workspace_flusher *f,
			const struct workspace_snapshot *s,
			const struct change_list *changes,
			struct flush_report *out, struct err *err)
{
	return f->ops->flush(f, s, changes, out, err);
}

#endif /* BBOX_DOMAIN_WORKSPACE_WORKSPACE_H */
