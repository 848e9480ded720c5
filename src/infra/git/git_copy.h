/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_copy.h - clean the configurations of git in a copied workspace.
 */
#ifndef BBOX_INFRA_GIT_GIT_COPY_H
#define BBOX_INFRA_GIT_GIT_COPY_H

#include "domain/log/log.h"
#include "domain/workspace/workspace.h"

/* When it fails the guest must not be shown the copy. */
must_check int git_copy_clean(const struct workspace_snapshot *s,
			      struct log *log, struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_COPY_H */
