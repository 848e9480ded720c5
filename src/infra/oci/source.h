/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - where bytes come from: a file, a tool's output, a test.
 */
#ifndef BBOX_INFRA_OCI_SOURCE_H
#define BBOX_INFRA_OCI_SOURCE_H

#include <stddef.h>

#include "base/err.h"

struct loop;
struct source;

struct source_ops {
	int (*read)(struct source *s, void *buffer, size_t size, size_t *len,
		    struct err *err);
};

struct source {
	const struct source_ops *ops;
};

/**
 * source_read() - wait for more bytes
 * @len:	set to at least 1, or 0 at the end
 * @err:	ERR_CANCELLED when the user interrupted us, and others
 */
static inline must_check int source_read(struct source *s, void *buffer,
					 size_t size, size_t *len,
					 struct err *err)
{
	return s->ops->read(s, buffer, size, len, err);
}

/* The bytes of a regular file from the current offset. */
struct source_file {
	struct source base;
	int fd;		   /* borrowed */
	struct loop *loop; /* borrowed; asked for a cancellation; may be NULL */
};

void source_file_init(struct source_file *s, int fd, struct loop *loop);

#endif /* BBOX_INFRA_OCI_SOURCE_H */
