/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - the files of the store: which name means which configuration,
 * and which configuration means which layers.
 *
 *   <root>/refs/<sha256 of the key>	"key TAB digest NEWLINE"
 *   <root>/configs/sha256-<hex>.json	image_config.h
 *   <root>/layers/sha256-<hex>.squashfs	layer.h
 *   <root>/lock
 *
 * The key is the reference; for the image of a recipe, "name#hash" with a
 * hash of everything that the recipe consists of, so that a changed recipe
 * does not find the image of the old one.
 */
#ifndef BBOX_INFRA_OCI_INDEX_H
#define BBOX_INFRA_OCI_INDEX_H

#include <dirent.h>

#include "base/err.h"
#include "domain/image/image.h"

#define INDEX_KEY_MAX ((size_t)1024) /* bytes */

struct index_dirs {
	char *root, *layers, *configs, *refs, *lock; /* owned */
};

void index_dirs_init(struct index_dirs *d, const char *cache_dir);
void index_dirs_release(struct index_dirs *d);
/* Creates the directories, mode 0700. */
must_check int index_dirs_create(const struct index_dirs *d, struct err *err);

/**
 * index_load() - find a key and read what it stands for
 * @out:	IMAGE_INIT; id, configuration and layers are set on success;
 *		@out->ref is not
 * @err:	ERR_NOT_FOUND when the key is unknown or something of the image
 *		is missing; other kinds when the store is damaged
 */
must_check int index_load(const struct index_dirs *d, const char *key,
			  struct image *out, struct err *err);

/*
 * Writes the configuration, then the name; sets @image->id. Other keys of the
 * same recipe ("name#...") are dropped.
 */
must_check int index_store(const struct index_dirs *d, const char *key,
			   struct image *image, struct err *err);

/* Walks over all keys; damaged entries are passed over. */
struct index_iter {
	const struct index_dirs *dirs; /* borrowed */
	DIR *dir;
	char *key; /* of the current entry, owned by the iterator */
};

#define INDEX_ITER_INIT(d) ((struct index_iter){ .dirs = (d) })

/* Return: 1 with @it->key set, 0 at the end. */
must_check int index_next(struct index_iter *it, struct err *err);
void index_iter_release(struct index_iter *it);
#define auto_index_iter cleanup_with(index_iter_release)

#endif /* BBOX_INFRA_OCI_INDEX_H */
