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
#include "domain/snapshot/hunk.h"
#include "domain/workspace/baseline.h"
#include "domain/workspace/session_note.h"

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
	bool restores; /* an undo: modes and symlinks as the user had them */
	bool salvages; /* damaged records count up to the damage */
};

struct workspace_cloner;

struct workspace_cloner_ops {
	int (*create)(struct workspace_cloner *c, const char *workspace,
		      const struct exclude *exclude,
		      struct workspace_snapshot **out, struct err *err);
	int (*discard)(struct workspace_cloner *c, struct workspace_snapshot *s,
		       struct err *err);
	void (*keep)(struct workspace_cloner *c, struct workspace_snapshot *s);
	/* May be NULL: a view that cannot be found again. */
	int (*describe)(struct workspace_cloner *c,
			const struct workspace_snapshot *s,
			const struct session_note *note, struct err *err);
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

/*
 * Notes beside the view what a later start must know to bring its changes
 * back. To be called before the guest may write.
 */
static inline must_check int
workspace_cloner_describe(struct workspace_cloner *c,
			  const struct workspace_snapshot *s,
			  const struct session_note *note, struct err *err)
{
	return c->ops->describe ? c->ops->describe(c, s, note, err) : 0;
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
	/* The rest may be NULL: what a review cannot offer then. */
	int (*split)(struct workspace_differ *d,
		     const struct workspace_snapshot *s,
		     const struct change *change, struct hunk_list *out,
		     struct err *err);
	int (*stage)(struct workspace_differ *d,
		     const struct workspace_snapshot *s, struct change *change,
		     struct span content, struct err *err);
	int (*take_theirs)(struct workspace_differ *d,
			   const struct workspace_snapshot *s,
			   struct change *change, struct err *err);
	int (*merge)(struct workspace_differ *d,
		     const struct workspace_snapshot *s, struct change *change,
		     bool *clean, struct err *err);
	int (*settle)(struct workspace_differ *d,
		      const struct workspace_snapshot *s,
		      const struct change_list *changes, struct err *err);
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

/**
 * workspace_differ_split() - the hunks of a change, to be decided one by one
 * @out:	located, none accepted; their texts are not yet safe for a
 *		terminal; release it
 * @err:	ERR_UNSUPPORTED when it is no modified text file within the
 *		limit of diffs, ERR_CONFLICT when the user changed it meanwhile
 */
static inline must_check int workspace_differ_split(
	struct workspace_differ *d, const struct workspace_snapshot *s,
	const struct change *change, struct hunk_list *out, struct err *err)
{
	if (!d->ops->split)
		return err_set(err, ERR_UNSUPPORTED, "there are no hunks");
	return d->ops->split(d, s, change, out, err);
}

/* Makes @content the content of the change, instead of the guest's file. */
static inline must_check int workspace_differ_stage(
	struct workspace_differ *d, const struct workspace_snapshot *s,
	struct change *change, struct span content, struct err *err)
{
	if (!d->ops->stage)
		return err_set(err, ERR_UNSUPPORTED, "nothing can be staged");
	return d->ops->stage(d, s, change, content, err);
}

/**
 * workspace_differ_take_theirs() - let a conflicting change replace what the
 * user has there now
 * @change:	its base is what is there now; no conflict any more
 * @err:	ERR_UNSUPPORTED for what is never replaced
 */
static inline must_check int
workspace_differ_take_theirs(struct workspace_differ *d,
			     const struct workspace_snapshot *s,
			     struct change *change, struct err *err)
{
	if (!d->ops->take_theirs)
		return err_set(err, ERR_UNSUPPORTED, "it cannot be replaced");
	return d->ops->take_theirs(d, s, change, err);
}

/**
 * workspace_differ_merge() - make a conflicting change a merge of both sides
 * @change:	its content is staged, its base is what is there now
 * @clean:	no markers were needed
 * @err:	ERR_UNSUPPORTED when not both sides are text files within the
 *		limit of diffs
 */
static inline must_check int
workspace_differ_merge(struct workspace_differ *d,
		       const struct workspace_snapshot *s,
		       struct change *change, bool *clean, struct err *err)
{
	if (!d->ops->merge)
		return err_set(err, ERR_UNSUPPORTED, "it cannot be merged");
	return d->ops->merge(d, s, change, clean, err);
}

/*
 * Makes the decisions last that a person has taken and that were carried out:
 * a session that is kept for the others does not show these changes again.
 */
static inline must_check int
workspace_differ_settle(struct workspace_differ *d,
			const struct workspace_snapshot *s,
			const struct change_list *changes, struct err *err)
{
	return d->ops->settle ? d->ops->settle(d, s, changes, err) : 0;
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

/*
 * Decides every change in @changes, and may give one another content (see
 * workspace_differ_stage()). Of what it postpones the session must be kept.
 */
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
