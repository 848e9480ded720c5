/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_attr.h - how objects of the host look to the guest. Pure.
 */
#ifndef BBOX_INFRA_VFS_FS_ATTR_H
#define BBOX_INFRA_VFS_FS_ATTR_H

#include <stdint.h>

#define FS_GUEST_ID  1000  /* uid and gid of the guest's user */
#define FS_NOBODY_ID 65534 /* who must not look like him */

#define FS_BLOCK_SIZE 4096

/* A mark that no number of fs_attr_ino() has. */
#define FS_INO_NEW (UINT64_C(1) << 62)

/* An id of the host, where @ours is the guest's user. */
uint32_t fs_attr_id(uint32_t id, uint32_t ours);
/* The guest sees one device, that of @share: keep the numbers apart. */
uint64_t fs_attr_ino(uint64_t share, uint64_t dev, uint64_t ino);
/* The mode after a write by somebody who is not privileged. */
uint32_t fs_attr_without_privileges(uint32_t mode);

#endif /* BBOX_INFRA_VFS_FS_ATTR_H */
