/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - the diff of one change, as a person reads it.
 */
#ifndef BBOX_INFRA_DIFF_TEXT_H
#define BBOX_INFRA_DIFF_TEXT_H

#include "domain/workspace/workspace.h"

/* As workspace_differ_text(). */
must_check int diff_text(const struct workspace_snapshot *s,
			 const struct change *change, struct buf *out,
			 struct err *err);

#endif /* BBOX_INFRA_DIFF_TEXT_H */
