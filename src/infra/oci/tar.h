/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.h - read a tar stream (plain, gzip or zstd) into a layer.
 */
#ifndef BBOX_INFRA_OCI_TAR_H
#define BBOX_INFRA_OCI_TAR_H

#include "base/err.h"
#include "infra/oci/layer.h"
#include "infra/oci/source.h"

/* Called often, with the bytes of uncompressed tar read until now. */
struct tar_watch {
	void (*seen)(struct tar_watch *w, uint64_t bytes);
};

/**
 * tar_read_layer() - feed all entries of a stream to a layer
 * @source:	read to its end, also behind the end of the archive
 * @watch:	may be NULL
 * @err:	what @source failed with, ERR_INVALID for a broken archive, and
 *		what layer_add() fails with
 */
must_check int tar_read_layer(struct layer *l, struct source *source,
			      struct tar_watch *watch, struct err *err);

#endif /* BBOX_INFRA_OCI_TAR_H */
