/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfile.h - files of the guest's root, which an image made: a path is
 * looked up beneath the root's descriptor, and nothing is written through a
 * symbolic link.
 */
#ifndef BBOX_GUEST_ROOTFILE_H
#define BBOX_GUEST_ROOTFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Who owns what is written, and with which permission bits. */
struct rootfile_meta {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/**
 * rootfile_dir() - open a directory, creating it and its parents (0755)
 * @path:	relative, of plain components; a symbolic link in it, the last
 *		component included, is an error
 *
 * Return: an O_PATH descriptor, or -1.
 */
must_check int rootfile_dir(int root, const char *path, struct err *err);

/* Reads a regular file; links are followed, but only inside @root. */
must_check int rootfile_read(int root, const char *path, struct buf *out,
			     struct err *err);

/*
 * Writes a new file in place of whatever is at @path: a link is replaced, not
 * followed; a directory is an error. Parents are created 0755.
 */
must_check int rootfile_replace(int root, const char *path, struct span text,
				const struct rootfile_meta *meta,
				struct err *err);

#endif /* BBOX_GUEST_ROOTFILE_H */
