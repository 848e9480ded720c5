/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h - make the layers that a recipe asks for.
 */
#ifndef BBOX_INFRA_OCI_BUILD_H
#define BBOX_INFRA_OCI_BUILD_H

#include "base/err.h"
#include "domain/image/image.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "infra/oci/recipe.h"
#include "infra/oci/tar.h"
#include "infra/sys/loop.h"

/* What a build works with. All borrowed. */
struct build {
	const char *images_dir; /* for temporary files; ours alone */
	const char *layers_dir; /* where layers go */
	/*
	 * Where a Debian root is put together, on a local disk that has room
	 * for some GiB, and what our directories there are called.
	 */
	const char *scratch_dir;
	const char *scratch_prefix;
	const char *path_var;	     /* where tools are */
	const char *const *tool_env; /* complete; for tools */
	struct loop *loop;
	struct log *log;
	struct progress *progress;
};

#define BUILD_TEMP_PREFIX "tmp-"

/**
 * build_layers() - make a recipe's layers and add them to an image
 * @image:	has the layers of the image below; new ones are appended
 * @err:	ERR_NOT_FOUND for a missing tool, ERR_INTEGRITY for a download
 *		that is not what the recipe names, ERR_CANCELLED, and others
 *
 * Waits in the loop. What a failure leaves is at most layers in the store
 * that no image names.
 */
must_check int build_layers(const struct build *b, const struct recipe *r,
			    struct image *image, struct err *err);

/* Removes what builds that were killed left behind; one store at a time. */
void build_clean(const struct build *b);

/* Turns bytes of tar into progress. */
struct build_watch {
	struct tar_watch base;
	struct progress *progress;
	uint64_t last_mib;
	uint64_t total_mib; /* 0 means unknown */
};

void build_watch_init(struct build_watch *w, struct progress *progress,
		      uint64_t total_bytes);

#endif /* BBOX_INFRA_OCI_BUILD_H */
