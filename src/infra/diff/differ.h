/* SPDX-License-Identifier: Apache-2.0 */
/*
 * differ.h - a workspace_differ over a snapshot in a directory.
 */
#ifndef BBOX_INFRA_DIFF_DIFFER_H
#define BBOX_INFRA_DIFF_DIFFER_H

#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "domain/workspace/workspace.h"

/* A bigger file of the guest is reported and not brought back, bytes. */
#define DIFF_FILE_MAX	 ((uint64_t)16 * 1024 * 1024 * 1024)
#define DIFF_CHANGES_MAX ((size_t)1000 * 1000)

/* All borrowed for the life of the differ. */
struct differ_config {
	struct log *log;
	struct progress *progress;
};

must_check int differ_new(const struct differ_config *config,
			  struct workspace_differ **out, struct err *err);
void differ_free(struct workspace_differ *base);

#endif /* BBOX_INFRA_DIFF_DIFFER_H */
