/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish.h - the last steps of a diff, whatever the view is made of: judge
 * the changes as a whole.
 */
#ifndef BBOX_INFRA_DIFF_FINISH_H
#define BBOX_INFRA_DIFF_FINISH_H

#include "domain/snapshot/change.h"
#include "domain/workspace/notices.h"

/**
 * finish_changes() - sort the changes and drop those that are not to be shown
 * @original:	the user's directory
 *
 * Drops additions of directories that other additions imply, and what would
 * turn a directory into a git repository that is not called ".git": git on
 * the host takes commands from its configuration (each is reported). Finds
 * renames, what lies in the directory that core.hooksPath names, and what the
 * user changed, too.
 */
void finish_changes(struct change_list *changes, const char *original,
		    struct notices *notices);

#endif /* BBOX_INFRA_DIFF_FINISH_H */
