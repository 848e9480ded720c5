/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embedded.h - keep git repositories of the guest's making out of the
 * workspace.
 */
#ifndef BBOX_INFRA_DIFF_EMBEDDED_H
#define BBOX_INFRA_DIFF_EMBEDDED_H

#include "domain/snapshot/change.h"
#include "domain/workspace/notices.h"

/*
 * Drops from the sorted @changes what would make git take a directory for a
 * repository, or configure one that is there; each such directory is reported
 * once. @original is a descriptor of the user's directory.
 */
void embedded_drop(struct change_list *changes, int original,
		   struct notices *notices);

#endif /* BBOX_INFRA_DIFF_EMBEDDED_H */
