/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squash.h - write a squashfs image: file contents first, in any order and as
 * they arrive, then the tree that names them.
 */
#ifndef BBOX_INFRA_OCI_SQUASH_H
#define BBOX_INFRA_OCI_SQUASH_H

#include <stddef.h>

#include "base/err.h"
#include "infra/oci/tree.h"

struct squash;
struct squash_file; /* contents already in the image */

/**
 * squash_new() - start an image
 * @fd:		borrowed; an empty file open for reading and writing
 *
 * The result depends on the calls that follow, not on time or threads.
 */
must_check int squash_new(int fd, struct squash **out, struct err *err);
void squash_free(struct squash *sq);

static inline void squash_free_ptr(struct squash **sq)
{
	squash_free(*sq);
}
#define auto_squash cleanup_with(squash_free_ptr)

/* One file at a time. @out is owned by @sq. */
must_check int squash_file_begin(struct squash *sq, struct squash_file **out,
				 struct err *err);
must_check int squash_file_write(struct squash *sq, const void *p, size_t len,
				 struct err *err);
must_check int squash_file_end(struct squash *sq, struct err *err);

/* Writes the tree and all tables; @sq can only be freed afterwards. */
must_check int squash_finish(struct squash *sq, struct tree *t,
			     struct err *err);

#endif /* BBOX_INFRA_OCI_SQUASH_H */
