/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_fake_fs.h - a file system for the tests of the FUSE server, which writes
 * down what it is asked for.
 */
#ifndef BBOX_TESTS_SUPPORT_FUSE_FAKE_FS_H
#define BBOX_TESTS_SUPPORT_FUSE_FAKE_FS_H

#include "base/buf.h"
#include "infra/vfs/fs_ops.h"

struct fake_fs {
	struct fs base;
	struct buf calls; /* "name arguments;" of each */
	int result;	  /* what the operations return, when not 0 */
};

void fake_fs_init(struct fake_fs *fake);
void fake_fs_release(struct fake_fs *fake);

#endif /* BBOX_TESTS_SUPPORT_FUSE_FAKE_FS_H */
