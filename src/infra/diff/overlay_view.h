/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_view.h - collect what a copy-on-write view holds, at a cost that
 * depends on what the guest touched and moved, not on the workspace.
 */
#ifndef BBOX_INFRA_DIFF_OVERLAY_VIEW_H
#define BBOX_INFRA_DIFF_OVERLAY_VIEW_H

#include "base/strv.h"
#include "domain/snapshot/change.h"
#include "domain/snapshot/exclude.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/overlay.h"

struct overlay_view {
	struct overlay *overlay;       /* borrowed */
	const struct exclude *exclude; /* borrowed or NULL */
	struct notices *notices;       /* borrowed */
	int original;		       /* borrowed; the user's directory */
	int session;		       /* borrowed; holds the objects */
	bool git_is_ours; /* `.git` of the view was made for the guest */

	/* What the guest has: the guest's side is filled, the base is not. */
	struct change_list found;
	/*
	 * What the user has and the guest sees elsewhere, with what it is now
	 * as its base: deletions, unless something is there in the view.
	 */
	struct change_list moved;
	/* Paths of the view that are there. */
	struct strv seen;
	/*
	 * Paths of the user's whose new place cannot be brought back: they
	 * stay, with everything below them.
	 */
	struct strv kept;
	/* Paths that are excluded, in which the guest did something. */
	struct strv excluded;
};

/* Fills the lists; @err: ERR_LIMIT. Release in any case. */
must_check int overlay_view_scan(struct overlay_view *v, struct err *err);
void overlay_view_release(struct overlay_view *v);
#define auto_overlay_view cleanup_with(overlay_view_release)

/*
 * Does the view show the user's object of this path, or something else, there?
 * False for a name that is gone or was moved away.
 */
bool overlay_view_has(const struct overlay_view *v, const char *path);

/* The excluded directory above @path, or itself; NULL when there is none. The
 * caller frees. */
char *overlay_view_excluded(const struct overlay_view *v, const char *path,
			    enum change_type type);

#endif /* BBOX_INFRA_DIFF_OVERLAY_VIEW_H */
