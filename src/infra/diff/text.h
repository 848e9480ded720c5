/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - the diff of one change, as a person reads it and decides about it.
 */
#ifndef BBOX_INFRA_DIFF_TEXT_H
#define BBOX_INFRA_DIFF_TEXT_H

#include "domain/workspace/workspace.h"

/* As workspace_differ_text(). */
must_check int diff_text(const struct workspace_snapshot *s,
			 const struct change *change, struct buf *out,
			 struct err *err);

/* As workspace_differ_split(). */
must_check int diff_split(const struct workspace_snapshot *s,
			  const struct change *change, struct hunk_list *out,
			  struct err *err);

#endif /* BBOX_INFRA_DIFF_TEXT_H */
