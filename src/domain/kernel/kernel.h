/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h - ports: where the guest kernel and its initramfs come from.
 */
#ifndef BBOX_DOMAIN_KERNEL_KERNEL_H
#define BBOX_DOMAIN_KERNEL_KERNEL_H

#include "base/err.h"
#include "domain/progress/progress.h"

/* A guest kernel in the cache. */
struct kernel {
	char *version;	   /* owned; "6.1.0-50-cloud-amd64" */
	char *image_path;  /* owned; what QEMU's -kernel takes */
	char *modules_dir; /* owned; ".../lib/modules/<version>" */
};

#define KERNEL_INIT ((struct kernel){ .version = NULL })

void kernel_release(struct kernel *k);

struct kernel_source;

struct kernel_source_ops {
	int (*get)(struct kernel_source *s, struct progress *progress,
		   struct kernel *out, struct err *err);
};

struct kernel_source {
	const struct kernel_source_ops *ops;
};

/**
 * kernel_source_get() - the pinned kernel, fetched when it is not cached
 * @out:	set on success; release with kernel_release()
 * @err:	ERR_INTEGRITY when a download's hash differs, ERR_NOT_FOUND,
 *		ERR_SYSTEM; the message names the package and the remedy
 */
static inline must_check int kernel_source_get(struct kernel_source *s,
					       struct progress *progress,
					       struct kernel *out,
					       struct err *err)
{
	return s->ops->get(s, progress, out, err);
}

struct initramfs_builder;

struct initramfs_builder_ops {
	int (*build)(struct initramfs_builder *b, const struct kernel *kernel,
		     char **out_path, struct err *err);
};

struct initramfs_builder {
	const struct initramfs_builder_ops *ops;
};

/**
 * initramfs_builder_build() - the part of the initramfs that every session
 * of this kernel and this bbox shares
 * @out_path:	the caller frees; an uncompressed newc archive
 *
 * Cached by kernel version and the hash of bbox-init.
 */
static inline must_check int
initramfs_builder_build(struct initramfs_builder *b,
			const struct kernel *kernel, char **out_path,
			struct err *err)
{
	return b->ops->build(b, kernel, out_path, err);
}

#endif /* BBOX_DOMAIN_KERNEL_KERNEL_H */
