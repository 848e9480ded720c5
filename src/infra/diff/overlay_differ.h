/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_differ.h - a workspace_differ over the state of a lazy view, see
 * domain/workspace/overlay.h.
 */
#ifndef BBOX_INFRA_DIFF_OVERLAY_DIFFER_H
#define BBOX_INFRA_DIFF_OVERLAY_DIFFER_H

#include "infra/diff/differ.h"
#include "infra/diff/stage.h"

/* In the session directory: what a flush may overwrite early. */
#define OVERLAY_DIFFER_STAGED STAGE_DIR

/* Computes with ERR_INTEGRITY when the records are damaged. */
must_check int overlay_differ_new(const struct differ_config *config,
				  struct workspace_differ **out,
				  struct err *err);
void overlay_differ_free(struct workspace_differ *base);

#endif /* BBOX_INFRA_DIFF_OVERLAY_DIFFER_H */
