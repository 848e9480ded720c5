/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debian_kernel.h - adapter: guest kernels from Debian packages.
 */
#ifndef BBOX_INFRA_KERNEL_DEBIAN_KERNEL_H
#define BBOX_INFRA_KERNEL_DEBIAN_KERNEL_H

#include "domain/kernel/kernel.h"
#include "domain/log/log.h"
#include "infra/sys/loop.h"

/* All borrowed until debian_kernel_free(). */
struct debian_kernel_config {
	struct loop *loop; /* run while fetching; cancels it */
	struct log *log;
	const char *cache_dir; /* absolute; bbox's own cache */
	/*
	 * $BBOX_KERNEL_DEB: the package as a local file, for machines without
	 * apt. NULL or "": fetch it.
	 */
	const char *deb_path;
	bool never_fetch;	 /* --no-firmware-download */
	const char *const *envp; /* of apt, complete */
	const char *path_var;	 /* $PATH */
};

/*
 * The kernels it gives have a flat modules_dir of "<name>.ko" files, '_' in
 * names, holding what modules_wanted needs.
 */
must_check struct kernel_source *
debian_kernel_new(const struct debian_kernel_config *config);
void debian_kernel_free(struct kernel_source *s);

#endif /* BBOX_INFRA_KERNEL_DEBIAN_KERNEL_H */
