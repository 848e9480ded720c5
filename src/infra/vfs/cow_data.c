// SPDX-License-Identifier: Apache-2.0
/*
 * cow_data.c - read and write content.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "infra/vfs/fs_data.h"
#include "infra/vfs/fuse_iov.h"

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
	r = node->own ? cow_in_slot(fs, node) : 0;
	if (r < 0)
		return r;
	if (r)
		return cow_slot_read(fs, node, iov, n, offset);
	fd = cow_content(fs, node);
	return fd < 0 ? fd : fs_data_read(fd, iov, n, offset);
}

static ssize_t write_content(struct cow_fs *fs, struct overlay_node *node,
			     const struct iovec *iov, int n, uint64_t offset)
{
	uint64_t end = offset + fuse_iov_size(iov, n);
	int r = cow_in_slot(fs, node), fd;
	ssize_t len;

	if (r < 0)
		return r;
	if (r && cow_slot_fits(fs, node, end)) {
		len = cow_slot_write(fs, node, iov, n, offset);
		if (len != -EFBIG)
			return len;
	}
	fd = cow_content_object(fs, node);
	if (fd < 0)
		return fd;
	len = fs_data_write(fd, iov, n, offset);
	if (len == -ENOSPC && cow_trash_empty(fs))
		len = fs_data_write(fd, iov, n, offset);
	return len;
}

ssize_t cow_write(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		  uint64_t offset, bool kill_priv)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find_file(fs, id, &node);

	if (r < 0)
		return r;
	if (!fs_data_fits(iov, n, offset))
		return -EFBIG;
	r = cow_content_take(fs, node, /* keep */ true);
	if (!r && kill_priv)
		r = cow_kill_priv(fs, node);
	return r < 0 ? r : write_content(fs, node, iov, n, offset);
}

static int sync_records(struct cow_fs *fs)
{
	if (fs->cfg.read_only)
		return 0;
	return fdatasync(fs->records_fd) < 0 ? -errno : 0;
}

static int sync_content(struct cow_fs *fs, struct overlay_node *node,
			bool data_only)
{
	int r = cow_in_slot(fs, node), fd;

	if (r < 0)
		return r;
	if (r)
		return cow_slot_sync(fs, node);
	fd = cow_content(fs, node);
	if (fd < 0)
		return fd;
	if ((data_only ? fdatasync(fd) : fsync(fd)) < 0)
		return -errno;
	/* Its name. */
	return fsync(fs->objects_fd) < 0 ? -errno : 0;
}

int cow_fsync(struct fs *base, uint64_t id, bool data_only)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find(fs, id, &node);

	if (r < 0)
		return r;
	r = node->kind == OVERLAY_FILE && node->own
		    ? sync_content(fs, node, data_only)
		    : 0;
	return r < 0 ? r : sync_records(fs);
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
	fd = cow_content_object(fs, node);
	if (fd < 0)
		return fd;
	r = fs_data_fallocate(fd, mode, offset, length);
	if (r == -ENOSPC && cow_trash_empty(fs))
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
	r = node->own ? cow_in_slot(fs, node) : 0;
	if (r < 0)
		return r;
	if (r)
		return cow_slot_seek(node, offset, whence, out);
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
	r = source->own ? cow_in_slot(fs, source) : 0;
	/* So little that the guest may as well read and write it. */
	if (r)
		return r < 0 ? r : -EOPNOTSUPP;
	/* First: when both are one file, its content moves. */
	out = cow_content_object(fs, target);
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
