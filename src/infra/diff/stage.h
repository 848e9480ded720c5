/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - content that a review made, kept where the flush finds it.
 */
#ifndef BBOX_INFRA_DIFF_STAGE_H
#define BBOX_INFRA_DIFF_STAGE_H

#include "domain/workspace/workspace.h"

/* In the session's directory: of a lazy view a directory, which is not in the
 * guest's view; of a copy how names begin that its differ passes over. */
#define STAGE_DIR    "staged"
#define STAGE_PREFIX ".bbox-staged-"

/* As workspace_differ_stage(). @change is as before on failure. */
must_check int stage_content(const struct workspace_snapshot *s,
			     struct change *change, struct span content,
			     struct err *err);

#endif /* BBOX_INFRA_DIFF_STAGE_H */
