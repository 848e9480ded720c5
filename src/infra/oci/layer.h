/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer.h - one layer of an image: entries in, a squashfs file in the store
 * out.
 *
 * Whoever reads entries from somewhere (a tar stream, a recipe) feeds them
 * to a struct layer and says what bytes the layer's diff id is made of.
 * Nothing is ever unpacked on the host: names from outside only become names
 * inside the image.
 */
#ifndef BBOX_INFRA_OCI_LAYER_H
#define BBOX_INFRA_OCI_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/image/image.h"
#include "domain/log/log.h"
#include "infra/oci/tree.h"

#define LAYER_TEMP_PREFIX "tmp-layer-"

struct layer_limits {
	size_t entries;
	uint64_t bytes; /* of uncompressed tar, headers included */
};

/* What any layer may have. */
extern const struct layer_limits layer_limits_default;

enum layer_entry_kind {
	LAYER_SKIPPED, /* zero: devices, FIFOs and what we do not know */
	LAYER_DIR,
	LAYER_FILE,
	LAYER_SYMLINK,
	LAYER_HARDLINK,
};

struct layer_entry {
	enum layer_entry_kind kind;
	const char *path;   /* borrowed; as it comes, cleaned in here */
	const char *target; /* borrowed; of a link */
	uint64_t size;	    /* bytes of a file */
	struct tree_meta meta;
};

struct layer;

/**
 * layer_begin() - start a layer
 * @dir:	where it will be published; borrowed for its life
 * @log:	borrowed for its life
 */
must_check int layer_begin(const char *dir, const struct layer_limits *limits,
			   struct log *log, struct layer **out,
			   struct err *err);

/* Ends a layer; without layer_publish() nothing is left of it. */
void layer_free(struct layer *l);

static inline void layer_free_ptr(struct layer **l)
{
	layer_free(*l);
}
#define auto_layer cleanup_with(layer_free_ptr)

/* Counts and hashes bytes of the uncompressed tar; ERR_LIMIT. */
must_check int layer_hash(struct layer *l, const void *p, size_t len,
			  struct err *err);
/* Bytes hashed until now. */
uint64_t layer_hashed(const struct layer *l);

/**
 * layer_add() - add an entry, or the whiteout that its name stands for
 * @is_open:	set to whether layer_write() for all of the entry's size and
 *		layer_end_file() must follow
 * @err:	ERR_INVALID for what an image must not hold, ERR_LIMIT
 *
 * A name that escapes the root is skipped and logged.
 */
must_check int layer_add(struct layer *l, const struct layer_entry *entry,
			 bool *is_open, struct err *err);
must_check int layer_write(struct layer *l, const void *p, size_t len,
			   struct err *err);
/* ERR_INVALID when less or more than the entry's size was written. */
must_check int layer_end_file(struct layer *l, struct err *err);

/**
 * layer_publish() - make the layer part of the store
 * @want_diff_id: must be its diff id (ERR_INTEGRITY); NULL takes any
 * @diff_id:	set to "sha256:<hex>"
 *
 * "<dir>/sha256-<hex>.squashfs" appears complete and on disk, or not at all.
 * One that is already there stays: it has the same contents.
 */
must_check int layer_publish(struct layer *l, const char *want_diff_id,
			     char diff_id[IMAGE_DIGEST_SIZE], struct err *err);

/* "<dir>/sha256-<hex>.squashfs"; the caller frees. */
must_check char *layer_file_path(const char *dir, const char *diff_id);

#endif /* BBOX_INFRA_OCI_LAYER_H */
