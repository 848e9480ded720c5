/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.h - files and trees of the user's own: create, replace, copy, remove.
 */
#ifndef BBOX_INFRA_SYS_FS_H
#define BBOX_INFRA_SYS_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Creates @path and its missing parents with @mode; existing ones are kept. */
must_check int fs_mkdir_all(const char *path, mode_t mode, struct err *err);

/* Creates the missing directories of @path beneath @dirfd, no symlinks. */
must_check int fs_mkdir_all_at(int dirfd, const char *path, mode_t mode,
			       struct err *err);

/*
 * Reads a regular file (never a FIFO or device) of at most the buffer's
 * limit. ERR_NOT_FOUND, ERR_LIMIT, ERR_INVALID (not regular).
 */
must_check int fs_read_file(const char *path, struct buf *out, struct err *err);

/* Replaces @path atomically: temporary file beside it, fsync, rename. */
must_check int fs_replace_file(const char *path, const void *p, size_t len,
			       mode_t mode, struct err *err);

/**
 * fs_copy_fd() - copy a whole regular file the cheapest way there is
 * @src:	open for reading
 * @dst:	open for writing, empty
 * @reflinked:	set to whether the blocks are shared; may be NULL
 *
 * FICLONE, else copy_file_range(2), else read and write. Sparse regions may
 * become zeros.
 */
must_check int fs_copy_fd(int src, int dst, bool *reflinked, struct err *err);

/*
 * Removes @name below @dirfd with everything in it; symlinks are removed,
 * not followed; read-only directories are made writable first. A missing
 * @name is success.
 */
must_check int fs_remove_tree_at(int dirfd, const char *name, struct err *err);
must_check int fs_remove_tree(const char *path, struct err *err);

/* Creates a new directory "<parent>/<prefix>XXXXXXXX", mode 0700. */
must_check int fs_make_temp_dir(const char *parent, const char *prefix,
				char **out_path, struct err *err);

/**
 * fs_lock() - take an exclusive advisory lock on a file
 * @path:	created 0600 when missing
 * @wait_ms:	0 tries once; -1 waits for ever
 *
 * Return: the descriptor that holds the lock until it is closed; -1 with
 * ERR_TIMEOUT when somebody else holds it.
 */
must_check int fs_lock(const char *path, int wait_ms, struct err *err);

/* The real path of an existing file, symlinks resolved; the caller frees. */
must_check int fs_real_path(const char *path, char **out, struct err *err);

/* Bytes available to this user on the file system of @path. */
must_check int fs_available(const char *path, uint64_t *out, struct err *err);

#endif /* BBOX_INFRA_SYS_FS_H */
