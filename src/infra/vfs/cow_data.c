// SPDX-License-Identifier: Apache-2.0
/*
 * cow_data.c - read and write content.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "infra/vfs/fs_data.h"

ssize_t cow_read(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		 uint64_t offset)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (!fs_data_fits(iov, n, offset))
		return -EINVAL;
	fd = cow_content(fs, node);
	return fd < 0 ? fd : fs_data_read(fd, iov, n, offset);
}

ssize_t cow_write(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		  uint64_t offset, bool kill_priv)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (!fs_data_fits(iov, n, offset))
		return -EFBIG;
	fd = cow_content_own(fs, node, /* keep */ true);
	if (fd < 0)
		return fd;
	r = kill_priv ? cow_kill_priv(fs, node) : 0;
	return r < 0 ? r : fs_data_write(fd, iov, n, offset);
}

static int sync_records(struct cow_fs *fs)
{
	if (fs->cfg.read_only)
		return 0;
	return fdatasync(fs->records_fd) < 0 ? -errno : 0;
}

int cow_fsync(struct fs *base, uint64_t id, bool data_only)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (node->kind != OVERLAY_FILE || !node->own)
		return sync_records(fs);
	fd = cow_content(fs, node);
	if (fd < 0)
		return fd;
	if ((data_only ? fdatasync(fd) : fsync(fd)) < 0)
		return -errno;
	/* The name of the object, then those of the guest. */
	if (fsync(fs->objects_fd) < 0)
		return -errno;
	return sync_records(fs);
}

int cow_fallocate(struct fs *base, uint64_t id, uint32_t mode, uint64_t offset,
		  uint64_t length)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (fs->cfg.read_only)
		return -EROFS;
	r = fs_data_check_fallocate(mode, offset, length);
	if (r < 0)
		return r;
	fd = cow_content_own(fs, node, /* keep */ true);
	if (fd < 0)
		return fd;
	r = fs_data_fallocate(fd, mode, offset, length);
	return r < 0 ? r : cow_kill_priv(fs, node);
}

int cow_lseek(struct fs *base, uint64_t id, uint64_t offset, uint32_t whence,
	      uint64_t *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (offset > INT64_MAX)
		return -ENXIO;
	fd = cow_content(fs, node);
	if (fd < 0)
		return fd;
	return fs_data_seek(fd, offset, whence, out);
}

ssize_t cow_copy_file_range(struct fs *base, uint64_t from,
			    uint64_t from_offset, uint64_t to,
			    uint64_t to_offset, uint64_t length)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *source, *target;
	struct cow_node *cn;
	int r = cow_find_file(fs, from, &source), in, out;

	if (r < 0)
		return r;
	r = cow_find_file(fs, to, &target);
	if (r < 0)
		return r;
	r = fs_data_check_copy(from_offset, to_offset, &length);
	if (r < 0)
		return r;
	/* First: when both are one file, its content moves. */
	out = cow_content_own(fs, target, /* keep */ true);
	if (out < 0)
		return out;
	cn = cow_node_of(target);
	cn->fd.busy = true;
	in = cow_content(fs, source);
	cn->fd.busy = false;
	if (in < 0)
		return in;
	r = cow_kill_priv(fs, target);
	if (r < 0)
		return r;
	return fs_data_copy(in, from_offset, out, to_offset, length);
}
