/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root.h - from an initramfs to the root that the image made.
 */
#ifndef BBOX_GUEST_ROOT_H
#define BBOX_GUEST_ROOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/vm/guest_config.h"
#include "guest/disks.h"

#define ROOT_TMP_MIB_DEFAULT 256U

/*
 * Mounts /dev, /proc and /sys of the initramfs; gives us 0, 1 and 2, and a
 * kernel that does not wait.
 */
must_check int root_mount_early(struct err *err);

/**
 * root_assemble() - stack the layers and the scratch disk
 *
 * Return: a descriptor of the new root, which is not entered yet.
 */
must_check int root_assemble(const struct disks *disks, struct err *err);

/* Makes it the root of everything; the initramfs is out of reach. */
must_check int root_enter(int root, struct err *err);

/* Mounts what a system has below its root. 0 means ROOT_TMP_MIB_DEFAULT. */
must_check int root_mount_system(int root, uint32_t tmp_mib, struct err *err);

/* Mounts the share of the workspace; the mount point is made. */
must_check int root_mount_workspace(int root, bool read_only, struct err *err);

/* Mounts a further share; the mount point is made. */
must_check int root_mount_share(int root, const struct guest_mount *mount,
				struct err *err);

#endif /* BBOX_GUEST_ROOT_H */
