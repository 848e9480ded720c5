/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_store.h - kernels in the cache: $CACHE/firmware.
 *
 *	.firmware.lock				held while one is put in
 *	<version>/linux-<arch>/firmware.json	the manifest
 *	<version>/linux-<arch>/vmlinux		or vmlinuz
 *	<version>/linux-<arch>/lib/modules/<release>/<name>.ko
 *	firmware-XXXXXXXX/			one that is being made
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_STORE_H
#define BBOX_INFRA_KERNEL_KERNEL_STORE_H

#include "domain/kernel/kernel.h"
#include "domain/log/log.h"
#include "infra/kernel/kernel_manifest.h"

#define KERNEL_STORE_LOCK ".firmware.lock"
#define KERNEL_STORE_TEMP "firmware-" /* prefix */

/**
 * kernel_store_open() - the directory, created 0700 when missing
 * @path:	"$CACHE/firmware"
 * @err:	ERR_PERMISSION when it is a symlink, somebody else's, or open to
 *		others: whoever can write there chooses our kernel
 *
 * Return: its descriptor.
 */
must_check int kernel_store_open(const char *path, struct err *err);

/**
 * kernel_store_find() - the pinned kernel, if it is there and unchanged
 * @may_hash:	whether a file that was touched is hashed again (slow; the
 *		lock must be held); if not, it counts as missing
 * @out:	set when found
 *
 * Return: 1 when found, 0 when not, -1 never: a damaged entry is a miss.
 */
int kernel_store_find(int rootfd, const char *root, bool may_hash,
		      const struct kernel_pin *pin, struct kernel *out);

/**
 * kernel_store_put() - make an entry of a package, with the lock held
 * @temp:	name of an empty directory of ours in the store
 * @deb_fd:	the package; verified here
 * @err:	ERR_INTEGRITY when it is not the pinned one
 */
must_check int kernel_store_put(int rootfd, const char *temp, int deb_fd,
				const char *source,
				const struct kernel_pin *pin, struct log *log,
				struct err *err);

/* Removes everything but @pin's version; failures are left for next time. */
void kernel_store_prune(int rootfd, const struct kernel_pin *pin);

#endif /* BBOX_INFRA_KERNEL_KERNEL_STORE_H */
