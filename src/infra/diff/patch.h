/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patch.h - the text of one change, as diff and git apply understand it.
 */
#ifndef BBOX_INFRA_DIFF_PATCH_H
#define BBOX_INFRA_DIFF_PATCH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "domain/snapshot/hunk.h"

#define PATCH_FILE_MAX	((size_t)10 * 1024 * 1024) /* bytes, either side */
#define PATCH_PROBE_MAX ((size_t)8192) /* bytes that are searched for a NUL */

struct patch_side {
	struct span content; /* of a symlink, its text */
	bool exists;
	bool executable;
	bool symlink;
};

bool patch_is_binary(struct span content);

/*
 * Appends to @out. A side that does not exist makes it an addition or a
 * deletion; both sides are of one type. The library must have been initialised.
 */
must_check int patch_add(struct buf *out, const char *path,
			 const struct patch_side *before,
			 const struct patch_side *after, struct err *err);

/* Finds the hunks between the texts of @list; they are not located yet. */
must_check int patch_split(struct hunk_list *list, struct err *err);

#endif /* BBOX_INFRA_DIFF_PATCH_H */
