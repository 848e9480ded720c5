/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lazy_view.h - a workspace_cloner that copies nothing: the file server shows
 * the workspace itself and puts what the guest changes into the snapshot.
 */
#ifndef BBOX_INFRA_WORKSPACE_LAZY_VIEW_H
#define BBOX_INFRA_WORKSPACE_LAZY_VIEW_H

#include "domain/log/log.h"
#include "domain/workspace/workspace.h"

/* All borrowed for the life of the cloner. */
struct lazy_view_config {
	const char *cache_dir; /* struct xdg_dirs.cache */
	struct log *log;
};

/*
 * Its snapshots are empty: the file server fills them, and hides what the
 * matcher of workspace_cloner_create() matches. Making one takes the same time
 * for a workspace of any size.
 */
must_check struct workspace_cloner *
lazy_view_new(const struct lazy_view_config *config);
void lazy_view_free(struct workspace_cloner *base);

#endif /* BBOX_INFRA_WORKSPACE_LAZY_VIEW_H */
