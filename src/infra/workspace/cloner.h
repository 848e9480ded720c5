/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloner.h - a workspace_cloner that copies the workspace, by reflink where
 * the file system can.
 */
#ifndef BBOX_INFRA_WORKSPACE_CLONER_H
#define BBOX_INFRA_WORKSPACE_CLONER_H

#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "domain/workspace/workspace.h"
#include "infra/sys/loop.h"

/* All borrowed for the life of the cloner. */
struct cloner_config {
	const char *cache_dir; /* struct xdg_dirs.cache */
	struct log *log;
	struct progress *progress;
	struct loop *loop; /* says when to stop; NULL means never */
	/*
	 * A file that was written less than this before it is copied is
	 * hashed, because its time stamps may hide another write; 0 means the
	 * default, which every file system's clock can tell apart.
	 */
	int64_t settle_ns;
	/* A file whose blocks cannot be shared is ERR_UNSUPPORTED. */
	bool reflink_only;
};

must_check struct workspace_cloner *cloner_new(const struct cloner_config *c);
void cloner_free(struct workspace_cloner *base);

#endif /* BBOX_INFRA_WORKSPACE_CLONER_H */
