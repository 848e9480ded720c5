/* SPDX-License-Identifier: Apache-2.0 */
/*
 * initramfs_cache.h - adapter: the shared part of the initramfs, kept in
 * $CACHE/initramfs.
 */
#ifndef BBOX_INFRA_INITRAMFS_INITRAMFS_CACHE_H
#define BBOX_INFRA_INITRAMFS_INITRAMFS_CACHE_H

#include "base/span.h"
#include "domain/kernel/kernel.h"

/* All borrowed until initramfs_cache_free(). */
struct initramfs_cache_config {
	const char *cache_dir; /* absolute; bbox's own cache */
	struct span init;      /* bbox-init, a static ELF program */
	/*
	 * Stands for @init in the cache's key, because hashing megabytes at
	 * each start is slow: whenever the bytes differ this must differ,
	 * e.g. a hash that the build computes.
	 */
	const char *init_id;
};

/*
 * It takes kernels with a flat modules_dir of "<name>.ko" files, '_' in
 * names.
 */
must_check struct initramfs_builder *
initramfs_cache_new(const struct initramfs_cache_config *config);
void initramfs_cache_free(struct initramfs_builder *b);

#endif /* BBOX_INFRA_INITRAMFS_INITRAMFS_CACHE_H */
