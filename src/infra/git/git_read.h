/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_read.h - read the small files of a repository, whatever they are.
 */
#ifndef BBOX_INFRA_GIT_GIT_READ_H
#define BBOX_INFRA_GIT_GIT_READ_H

#include <sys/stat.h>

#include "base/buf.h"

/* Of a packed-refs file, bytes. */
#define GIT_PACKED_REFS_MAX ((size_t)128 * 1024 * 1024)
/* Of a file that holds one reference, bytes. */
#define GIT_REF_FILE_MAX ((size_t)4096)

/**
 * git_open_file() - open a regular file; no symlink is followed
 * @path:	relative to @dirfd
 * @st:		set; may be NULL
 * @err:	ERR_NOT_FOUND, ERR_INVALID when it is no regular file
 *
 * Return: a descriptor for reading, owned by the caller.
 */
must_check int git_open_file(int dirfd, const char *path, struct stat *st,
			     struct err *err);
/* The same, and all of its content; ERR_LIMIT when that exceeds the buffer. */
must_check int git_read_file(int dirfd, const char *path, struct buf *out,
			     struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_READ_H */
