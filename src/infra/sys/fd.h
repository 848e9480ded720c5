/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.h - descriptors: close-on-exec from birth, -1 means none, whole reads
 * and writes, and one named function per way of looking a path up.
 */
#ifndef BBOX_INFRA_SYS_FD_H
#define BBOX_INFRA_SYS_FD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Closes *@fd unless it is -1 and sets it to -1; keeps errno. */
void fd_close(int *fd);
#define auto_close cleanup_with(fd_close)

/* Gives up *@fd: returns it and leaves -1 behind. */
int fd_take(int *fd);

/**
 * fd_open_beneath() - open a path that must stay below a directory
 * @dirfd:	where the path starts; never AT_FDCWD
 * @path:	relative; symlinks are followed as long as they stay beneath
 * @flags:	as open(2); O_CLOEXEC is added
 * @mode:	for O_CREAT, else 0
 *
 * openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS.
 * Return: a descriptor, or -1 with @err naming @path.
 */
must_check int fd_open_beneath(int dirfd, const char *path, int flags,
			       mode_t mode, struct err *err);

/* As fd_open_beneath(), but no component may be a symlink. */
must_check int fd_open_no_symlinks(int dirfd, const char *path, int flags,
				   mode_t mode, struct err *err);

/* Opens a directory by a path of the user's own choosing. */
must_check int fd_open_dir(const char *path, struct err *err);

/* Reads until the end of file; ERR_LIMIT when it exceeds the buffer's limit. */
must_check int fd_read_all(int fd, struct buf *out, struct err *err);
/*
 * Writes everything, waiting as needed even if the descriptor is non-blocking:
 * whoever shares a terminal with us may have made it so.
 */
must_check int fd_write_all(int fd, const void *p, size_t len, struct err *err);

must_check int fd_set_nonblocking(int fd, struct err *err);
/* A connected pair of Unix stream sockets, both close-on-exec, blocking. */
must_check int fd_socketpair(int out[2], struct err *err);
must_check int fd_pipe(int out[2], struct err *err);
/* An anonymous file in memory that can be grown and written. */
must_check int fd_memfd(const char *name, struct err *err);

/* Opens /dev/null on whichever of 0, 1, 2 is closed. First thing in main(). */
must_check int fd_ensure_stdio(struct err *err);

#endif /* BBOX_INFRA_SYS_FD_H */
