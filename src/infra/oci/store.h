/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the local image store: layers, configurations, and names for
 * them; images of built-in recipes are built when they are first asked for.
 */
#ifndef BBOX_INFRA_OCI_STORE_H
#define BBOX_INFRA_OCI_STORE_H

#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "domain/image/image.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "infra/sys/loop.h"

struct oci_recipe {
	const char *name; /* what its image is called; borrowed */
	struct span yaml; /* borrowed */
};

/* All borrowed for the life of the store. */
struct oci_store_config {
	const char *cache_dir; /* the store is "images" in there */
	const struct oci_recipe *recipes;
	size_t recipe_count;
	const char *path_var;	 /* $PATH, for tools */
	const char *const *envp; /* of this process; tools get a part of it */
	/*
	 * Where a Debian root is put together: a local directory like
	 * /var/tmp, which is what NULL means.
	 */
	const char *scratch_dir;
	struct loop *loop; /* asked for cancellation, waits for tools */
	struct log *log;
};

must_check struct image_store *oci_store_new(const struct oci_store_config *c);
void oci_store_free(struct image_store *store);

/**
 * oci_store_build() - build a recipe's image even if there is one
 * @name:	of the recipe; what it builds on is built only if it is missing
 *
 * For newer packages; the image that was there is replaced after success.
 */
must_check int oci_store_build(struct image_store *store, const char *name,
			       struct progress *progress, struct image *out,
			       struct err *err);

struct oci_store_entry {
	char *ref; /* owned; as a user names it */
	char id[IMAGE_DIGEST_SIZE];
	uint64_t size; /* bytes on disk, shared layers included */
	size_t layer_count;
};

struct oci_store_list {
	struct oci_store_entry *v; /* owned; sorted by ref */
	size_t n;
};

#define OCI_STORE_LIST_INIT ((struct oci_store_list){ .v = NULL })

/* Images that are complete; none is success. */
must_check int oci_store_list(struct image_store *store,
			      struct oci_store_list *out, struct err *err);
void oci_store_list_release(struct oci_store_list *list);
#define auto_oci_store_list cleanup_with(oci_store_list_release)

#endif /* BBOX_INFRA_OCI_STORE_H */
