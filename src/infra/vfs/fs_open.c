// SPDX-License-Identifier: Apache-2.0
/*
 * fs_open.c - open below a directory, without ever leaving it.
 */
#include "infra/vfs/fs_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_once(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : (int)fd;
}

int fs_open_beneath(struct cow_fds *fds, int dirfd, const char *path, int flags,
		    mode_t mode)
{
	int fd = open_once(dirfd, path, flags, mode);

	if (fd != -EMFILE && fd != -ENFILE)
		return fd;
	cow_fds_shed(fds, dirfd);
	return open_once(dirfd, path, flags, mode);
}

bool fs_open_is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV;
}
