/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_path.h - names inside a layer: cleaned lexically, never resolved.
 */
#ifndef BBOX_INFRA_OCI_LAYER_PATH_H
#define BBOX_INFRA_OCI_LAYER_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define LAYER_PATH_MAX	4096 /* bytes, with the NUL; as PATH_MAX */
#define LAYER_NAME_MAX	255  /* bytes of one component */
#define LAYER_DEPTH_MAX 256  /* components */

/* "usr/bin/env": no leading slash, no "." or ".."; "" is the root. */
struct layer_path {
	char text[LAYER_PATH_MAX];
	size_t depth; /* components */
	bool escapes; /* names something above the root; @text is useless */
};

/**
 * layer_path_clean() - bring an entry's name into its one form
 * @raw:	as the archive has it; absolute means relative to the root
 * @err:	ERR_LIMIT for a path, name or depth that is too long
 */
must_check int layer_path_clean(const char *raw, struct layer_path *out,
				struct err *err);

/**
 * layer_path_check_target() - may a symlink with this target exist?
 * @link:	where the link is
 * @target:	stored verbatim; must not climb above the root lexically
 */
must_check int layer_path_check_target(const struct layer_path *link,
				       const char *target, struct err *err);

/* The last component of any path, cleaned or not. */
const char *layer_path_leaf(const char *path);

enum layer_whiteout {
	LAYER_NO_WHITEOUT,
	LAYER_WHITEOUT, /* ".wh.NAME" hides NAME of the layers below */
	LAYER_OPAQUE,	/* ".wh..wh..opq" hides all that is below */
};

/* What a last component means; @name is set for LAYER_WHITEOUT, borrowed. */
enum layer_whiteout layer_path_whiteout(const char *leaf, const char **name);

#endif /* BBOX_INFRA_OCI_LAYER_PATH_H */
