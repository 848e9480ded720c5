/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_unpack.h - take the kernel and its modules out of a Debian package.
 */
#ifndef BBOX_INFRA_KERNEL_KERNEL_UNPACK_H
#define BBOX_INFRA_KERNEL_KERNEL_UNPACK_H

#include "base/err.h"

#define KERNEL_UNPACK_IMAGE   "vmlinuz"
#define KERNEL_UNPACK_MODULES "modules"

/**
 * kernel_unpack_deb() - write "vmlinuz" and "modules/<name>.ko"
 * @deb_fd:	the package, read from its current offset
 * @release:	of the kernel that must be in it
 * @dirfd:	an empty directory
 * @err:	ERR_INVALID for a damaged package or a bad name, ERR_LIMIT,
 *		ERR_NOT_FOUND when it holds no such kernel
 *
 * Nothing else of the package is looked at. Module names have '_' for '-'.
 */
must_check int kernel_unpack_deb(int deb_fd, const char *release, int dirfd,
				 struct err *err);

#endif /* BBOX_INFRA_KERNEL_KERNEL_UNPACK_H */
