/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_config.h - what a file server process is told by the one that starts it,
 * in a sealed file in memory.
 */
#ifndef BBOX_INFRA_VFS_FS_CONFIG_H
#define BBOX_INFRA_VFS_FS_CONFIG_H

#include <stdbool.h>

#include "base/err.h"
#include "domain/snapshot/exclude.h"

struct fs_config {
	bool read_only;
	bool direct; /* changes go to the directory itself, nothing is hidden */
	struct exclude *exclude; /* owned; NULL: nothing is hidden */
};

#define FS_CONFIG_INIT ((struct fs_config){ .read_only = true })

void fs_config_release(struct fs_config *c);
#define auto_fs_config cleanup_with(fs_config_release)

/* Return: a descriptor for the other process, owned by the caller. */
must_check int fs_config_write(const struct fs_config *c, struct err *err);

/* ERR_INVALID for what fs_config_write() does not make, or an open seal. */
must_check int fs_config_read(int fd, struct fs_config *out, struct err *err);

#endif /* BBOX_INFRA_VFS_FS_CONFIG_H */
