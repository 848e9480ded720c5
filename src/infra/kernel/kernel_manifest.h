/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_manifest.h - firmware.json: what a cache entry is and how to tell
 * that it is still that.
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_MANIFEST_H
#define BBOX_INFRA_KERNEL_KERNEL_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "infra/kernel/kernel_pin.h"
#include "infra/sys/hash.h"

#define KERNEL_MANIFEST "firmware.json"
/* The image: an ELF kernel, or the boot image where that was impossible. */
#define KERNEL_ELF_NAME	   "vmlinux"
#define KERNEL_BOOT_NAME   "vmlinuz"
#define KERNEL_SOURCE_APT  "apt"
#define KERNEL_SOURCE_FILE "file"

struct kernel_manifest {
	const char *library; /* static: one of the two names above */
	const char *source;  /* static: "apt" or "file" */
	char library_hash[SHA256_HEX_SIZE];
	/*
	 * The file as it was when it had that hash. While these stay the same
	 * nobody wrote to it, and it need not be read to be trusted.
	 */
	uint64_t size, inode;
	int64_t mtime_ns, ctime_ns;
};

/* Hashes @library below @dirfd and notes its identity. */
must_check int kernel_manifest_make(int dirfd, const char *library,
				    const char *source,
				    struct kernel_manifest *out,
				    struct err *err);
must_check int kernel_manifest_write(int dirfd, const struct kernel_manifest *m,
				     const struct kernel_pin *pin,
				     struct err *err);
/* ERR_NOT_FOUND; ERR_INVALID when it is damaged or of another kernel. */
must_check int kernel_manifest_read(int dirfd, const struct kernel_pin *pin,
				    struct kernel_manifest *out,
				    struct err *err);

/* Is the file untouched? Reads its inode only. */
bool kernel_manifest_is_fresh(int dirfd, const struct kernel_manifest *m);

#endif /* BBOX_INFRA_KERNEL_KERNEL_MANIFEST_H */
