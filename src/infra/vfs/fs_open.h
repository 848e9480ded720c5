/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_open.h - open below a directory, for all file systems that are served.
 */
#ifndef BBOX_INFRA_VFS_FS_OPEN_H
#define BBOX_INFRA_VFS_FS_OPEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/macros.h"
#include "infra/vfs/cow_fds.h"

/*
 * openat2(2) that stays beneath @dirfd and follows no symlink; it closes idle
 * descriptors of @fds when there are too many. A descriptor, or a negative
 * errno.
 */
must_check int fs_open_beneath(struct cow_fds *fds, int dirfd, const char *path,
			       int flags, mode_t mode);

/* Does the negative errno say that the path leads to nothing to be seen? */
bool fs_open_is_absent(int r);

#endif /* BBOX_INFRA_VFS_FS_OPEN_H */
