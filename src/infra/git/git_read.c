// SPDX-License-Identifier: Apache-2.0
/*
 * git_read.c - read the small files of a repository, whatever they are.
 */
#include "infra/git/git_read.h"

#include <errno.h>
#include <fcntl.h>

#include "infra/sys/fd.h"

/* A FIFO must not make us wait, nor a terminal become ours. */
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

int git_open_file(int dirfd, const char *path, struct stat *st, struct err *err)
{
	struct err why = ERR_INIT;
	auto_close int fd =
		fd_open_no_symlinks(dirfd, path, FILE_FLAGS, 0, &why);
	struct stat own;

	if (fd < 0 && why.sys == ELOOP)
		return err_set(err, ERR_INVALID, "'%s' leads through a symlink",
			       path);
	if (fd < 0) {
		*err = why;
		return -1;
	}
	if (!st)
		st = &own;
	if (fstat(fd, st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_INVALID, "'%s' is no regular file",
			       path);
	return fd_take(&fd);
}

int git_read_file(int dirfd, const char *path, struct buf *out, struct err *err)
{
	auto_close int fd = git_open_file(dirfd, path, /* st */ NULL, err);

	if (fd < 0)
		return -1;
	if (fd_read_all(fd, out, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}
