/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - what an image is, and the port that finds or builds one.
 *
 * An image is an ordered list of squashfs layers plus the configuration that
 * the OCI image specification calls "config" (Env, Entrypoint, Cmd, User,
 * WorkingDir). Layers are immutable once they are in the store.
 */
#ifndef BBOX_DOMAIN_IMAGE_IMAGE_H
#define BBOX_DOMAIN_IMAGE_IMAGE_H

#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "domain/progress/progress.h"

#define IMAGE_LAYERS_MAX 32 /* what the VM has disks for */

/* "sha256:" and 64 hex digits, with the NUL. */
#define IMAGE_DIGEST_SIZE 72

struct image_layer {
	char diff_id[IMAGE_DIGEST_SIZE]; /* of the uncompressed tar stream */
	char *path;			 /* owned; the squashfs on the host */
};

struct image {
	char *ref;		    /* owned; as the user named it */
	char id[IMAGE_DIGEST_SIZE]; /* of the stored configuration */
	struct image_layer layers[IMAGE_LAYERS_MAX]; /* bottom first */
	size_t layer_count;
	struct strv env; /* "NAME=value" */
	struct strv entrypoint;
	struct strv cmd;
	char *working_dir; /* owned; NULL means "/" */
	char *user;	   /* owned; NULL means none given */
};

#define IMAGE_INIT ((struct image){ .ref = NULL })

void image_release(struct image *image);
#define auto_image cleanup_with(image_release)

struct image_store;

struct image_store_ops {
	int (*resolve)(struct image_store *store, const char *ref,
		       struct progress *progress, struct image *out,
		       struct err *err);
};

struct image_store {
	const struct image_store_ops *ops;
};

/**
 * image_store_resolve() - find an image, building it first where a recipe
 * exists
 * @ref:	name of an image in the local store ("base", "claude-code")
 * @out:	set on success; release with image_release()
 * @err:	ERR_NOT_FOUND names @ref and what would create it
 *
 * A cached image costs no network and no hashing.
 */
static inline must_check int image_store_resolve(struct image_store *store,
						 const char *ref,
						 struct progress *progress,
						 struct image *out,
						 struct err *err)
{
	return store->ops->resolve(store, ref, progress, out, err);
}

#endif /* BBOX_DOMAIN_IMAGE_IMAGE_H */
