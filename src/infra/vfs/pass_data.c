// SPDX-License-Identifier: Apache-2.0
/*
 * pass_data.c - read and write the user's files.
 */
#include "infra/vfs/pass.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "infra/vfs/fs_data.h"

ssize_t pass_read(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		  uint64_t offset)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (!fs_data_fits(iov, n, offset))
		return -EINVAL;
	fd = pass_open(fs, node, PASS_READ);
	return fd < 0 ? fd : fs_data_read(fd, iov, n, offset);
}

ssize_t pass_write(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		   uint64_t offset, bool kill_priv)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (!fs_data_fits(iov, n, offset))
		return -EFBIG;
	fd = pass_open(fs, node, PASS_WRITE);
	if (fd < 0)
		return fd;
	r = kill_priv ? pass_kill_priv(fd) : 0;
	return r < 0 ? r : fs_data_write(fd, iov, n, offset);
}

int pass_fsync(struct fs *base, uint64_t id, bool data_only)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node), fd;

	if (r < 0)
		return r;
	/* A pipe has nothing to lose. */
	if (!S_ISREG(node->is.type) && !S_ISDIR(node->is.type))
		return 0;
	fd = pass_open_any(fs, node);
	if (fd < 0)
		return fd;
	return (data_only ? fdatasync(fd) : fsync(fd)) < 0 ? -errno : 0;
}

int pass_fallocate(struct fs *base, uint64_t id, uint32_t mode, uint64_t offset,
		   uint64_t length)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find_file(fs, id, &node), fd;

	if (!r)
		r = fs_data_check_fallocate(mode, offset, length);
	if (r < 0)
		return r;
	fd = pass_open(fs, node, PASS_WRITE);
	if (fd < 0)
		return fd;
	r = fs_data_fallocate(fd, mode, offset, length);
	return r < 0 ? r : pass_kill_priv(fd);
}

int pass_lseek(struct fs *base, uint64_t id, uint64_t offset, uint32_t whence,
	       uint64_t *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (offset > INT64_MAX)
		return -ENXIO;
	fd = pass_open(fs, node, PASS_READ);
	/* Whoever may only write can look for holes, too. */
	if (fd == -EACCES)
		fd = pass_open(fs, node, PASS_WRITE);
	return fd < 0 ? fd : fs_data_seek(fd, offset, whence, out);
}

static int open_both(struct pass_fs *fs, struct pass_node *source,
		     struct pass_node *target, int *in, int *out)
{
	bool busy = target->fd.busy;

	/* One file for both needs one descriptor for both. */
	*out = pass_open(fs, target,
			 source == target ? PASS_READ | PASS_WRITE
					  : PASS_WRITE);
	if (*out < 0)
		return *out;
	target->fd.busy = true;
	*in = pass_open(fs, source, PASS_READ);
	target->fd.busy = busy;
	return *in < 0 ? *in : 0;
}

ssize_t pass_copy_file_range(struct fs *base, uint64_t from,
			     uint64_t from_offset, uint64_t to,
			     uint64_t to_offset, uint64_t length)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *source, *target;
	int r = pass_find_file(fs, from, &source), in = -1, out = -1;

	if (!r)
		r = pass_find_file(fs, to, &target);
	if (!r)
		r = fs_data_check_copy(from_offset, to_offset, &length);
	if (!r)
		r = open_both(fs, source, target, &in, &out);
	if (!r)
		r = pass_kill_priv(out);
	return r < 0 ? r
		     : fs_data_copy(in, from_offset, out, to_offset, length);
}
