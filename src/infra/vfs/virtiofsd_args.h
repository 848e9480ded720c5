/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtiofsd_args.h - the command line of virtiofsd. Pure.
 */
#ifndef BBOX_INFRA_VFS_VIRTIOFSD_ARGS_H
#define BBOX_INFRA_VFS_VIRTIOFSD_ARGS_H

#include <stdint.h>

#include "base/strv.h"

struct virtiofsd_args {
	const char *binary; /* borrowed like all pointers */
	const char *source; /* absolute path of the shared directory */
	int listen_fd;
	uint64_t open_files_max; /* what the caller may raise its limit to */
};

void virtiofsd_args_build(const struct virtiofsd_args *a, struct strv *out);

#endif /* BBOX_INFRA_VFS_VIRTIOFSD_ARGS_H */
