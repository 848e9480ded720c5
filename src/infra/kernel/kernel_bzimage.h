/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_bzimage.h - take the ELF kernel out of an x86 boot image.
 *
 * Source: Linux Documentation/arch/x86/boot.rst.
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_BZIMAGE_H
#define BBOX_INFRA_KERNEL_KERNEL_BZIMAGE_H

#include "base/buf.h"

#define KERNEL_IMAGE_MAX ((size_t)64 * 1024 * 1024)  /* bytes, compressed */
#define KERNEL_ELF_MAX	 ((size_t)256 * 1024 * 1024) /* bytes */

/* ERR_INVALID; @out borrows from @image. */
must_check int kernel_bzimage_payload(struct span image, struct span *out,
				      struct err *err);

/**
 * kernel_bzimage_unpack() - the uncompressed kernel
 * @out:	appended to
 * @err:	ERR_INVALID (no boot image, unknown compression, damage),
 *		ERR_LIMIT
 */
must_check int kernel_bzimage_unpack(struct span image, struct buf *out,
				     struct err *err);

#endif /* BBOX_INFRA_KERNEL_KERNEL_BZIMAGE_H */
