/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_fetch.h - get the pinned package from where this machine gets its
 * packages, without root and without touching the system's state.
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_FETCH_H
#define BBOX_INFRA_KERNEL_KERNEL_FETCH_H

#include "domain/progress/progress.h"
#include "infra/kernel/kernel_pin.h"
#include "infra/sys/loop.h"

struct kernel_fetch {
	struct loop *loop; /* borrowed like all; serves cancellation */
	struct progress *progress;
	const char *const *envp; /* complete; apt finds its proxies there */
	const char *path_var;	 /* $PATH */
	const char *dir;	 /* absolute; empty, ours alone */
};

/**
 * kernel_fetch_apt() - download the package with apt-get
 * @out_path:	the file, unverified; the caller frees
 * @err:	ERR_NOT_FOUND (no apt, no such package), ERR_SYSTEM,
 *		ERR_CANCELLED
 *
 * Runs the loop.
 */
must_check int kernel_fetch_apt(const struct kernel_fetch *f,
				const struct kernel_pin *pin, char **out_path,
				struct err *err);

#endif /* BBOX_INFRA_KERNEL_KERNEL_FETCH_H */
