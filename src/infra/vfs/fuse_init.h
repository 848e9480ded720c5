/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_init.h - agree with the guest's kernel on how to speak FUSE.
 *
 * Source: "Version negotiation" and the INIT flags in <linux/fuse.h>.
 */
#ifndef BBOX_INFRA_VFS_FUSE_INIT_H
#define BBOX_INFRA_VFS_FUSE_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "infra/vfs/fuse_abi.h"

#define FUSE_MINOR_MIN	   31U /* Linux 5.4, the first with virtio-fs */
#define FUSE_MINOR_MAX	   38U
#define FUSE_MAX_PAGES_OUR 256U
#define FUSE_DATA_MAX	   ((uint32_t)1024 * 1024) /* bytes of one request */

/* What every struct fuse_init_in has: all up to and with @flags. */
#define FUSE_INIT_IN_MIN ((size_t)16)

/* What was agreed on; all zero before. */
struct fuse_session {
	bool ready;
	uint32_t minor;
	bool setxattr_ext; /* the longer struct fuse_setxattr_in */
};

/**
 * fuse_init_agree() - answer INIT
 * @in:		a shorter one is padded with zeros
 * @out:	filled on 0
 * @session:	ready afterwards, unless the guest must ask once more
 *
 * Return: 0, or -EPROTO for a kernel that is too old.
 */
must_check int fuse_init_agree(const struct fuse_init_in *in,
			       struct fuse_init_out *out,
			       struct fuse_session *session);

#endif /* BBOX_INFRA_VFS_FUSE_INIT_H */
