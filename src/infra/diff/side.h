/* SPDX-License-Identifier: Apache-2.0 */
/*
 * side.h - what stands on either side of a change, loaded to be compared.
 */
#ifndef BBOX_INFRA_DIFF_SIDE_H
#define BBOX_INFRA_DIFF_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/workspace/workspace.h"
#include "infra/diff/patch.h"

struct side {
	struct patch_side patch; /* borrows from the rest */
	struct buf content;	 /* unless it is larger than PATCH_FILE_MAX */
	char *target;		 /* owned; of a symlink */
	uint64_t size;		 /* of a file, bytes */
};

#define SIDE_INIT ((struct side){ .content = BUF_INIT(PATCH_FILE_MAX) })

/* The user's side as it is now; absent when that is what it is. */
must_check int side_load_before(const struct workspace_snapshot *s,
				const struct change *change, struct side *out,
				struct err *err);
/* The guest's side, or what was staged in its place. */
must_check int side_load_after(const struct workspace_snapshot *s,
			       const struct change *change, struct side *out,
			       struct err *err);
void side_release(struct side *side);
#define auto_side cleanup_with(side_release)

/* Is it a file that can be compared line by line? */
bool side_is_text(const struct side *side);

#endif /* BBOX_INFRA_DIFF_SIDE_H */
