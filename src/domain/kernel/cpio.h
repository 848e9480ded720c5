/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio.h - write "newc" archives, the format of an initramfs.
 *
 * Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
 * Several archives may follow each other; each starts at a multiple of four
 * bytes.
 */
#ifndef BBOX_DOMAIN_KERNEL_CPIO_H
#define BBOX_DOMAIN_KERNEL_CPIO_H

#include <stdint.h>

#include "base/buf.h"

struct cpio_entry {
	const char *path; /* relative, no leading slash, no ".." */
	uint32_t mode;	  /* type and permission bits, as st_mode */
	uint32_t uid, gid;
	const void *data; /* file content, or a symlink's target */
	size_t len;	  /* bytes */
};

/* ERR_LIMIT (buffer, or 4 GiB), ERR_INVALID for a bad path or type. */
must_check int cpio_add(struct buf *out, const struct cpio_entry *entry,
			struct err *err);
/* Adds the missing parent directories of @path, root:root 0755. */
must_check int cpio_add_parents(struct buf *out, const char *path,
				struct err *err);
/* The trailer, and padding to a multiple of four bytes. */
must_check int cpio_end(struct buf *out, struct err *err);

#endif /* BBOX_DOMAIN_KERNEL_CPIO_H */
