// SPDX-License-Identifier: Apache-2.0
/*
 * cow_data.c - read and write content.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/ckd.h"

/* One copy holds up everybody else; the guest asks again for the rest. */
#define COPY_CHUNK_MAX ((uint64_t)64 * 1024 * 1024)

struct transfer {
	int fd;
	bool write;
	const struct iovec *iov;
	int n;
	size_t skip;   /* bytes of iov[0] that are done */
	off_t at;      /* in the file */
	uint64_t done; /* bytes */
};

/* Moves past what is done, and past empty parts. */
static void advance(struct transfer *t, size_t len)
{
	t->done += len;
	t->at += (off_t)len;
	t->skip += len;
	while (t->n && t->skip >= t->iov->iov_len) {
		t->skip -= t->iov->iov_len;
		t->iov++;
		t->n--;
	}
}

static ssize_t step(const struct transfer *t)
{
	int n = t->n < IOV_MAX ? t->n : IOV_MAX;
	char *rest = (char *)t->iov->iov_base + t->skip;
	size_t len = t->iov->iov_len - t->skip;

	if (t->skip)
		return t->write ? pwrite(t->fd, rest, len, t->at)
				: pread(t->fd, rest, len, t->at);
	return t->write ? pwritev(t->fd, t->iov, n, t->at)
			: preadv(t->fd, t->iov, n, t->at);
}

static ssize_t run(struct transfer *t)
{
	ssize_t r;

	advance(t, 0);
	while (t->n) {
		r = step(t);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && !t->done)
			return -errno;
		if (r <= 0)
			break;
		advance(t, (size_t)r);
	}
	return (ssize_t)t->done;
}

/* Does the whole of it have offsets that a file can have? */
static bool fits(const struct iovec *iov, int n, uint64_t offset)
{
	uint64_t end = offset;

	for (int i = 0; i < n; i++)
		if (ckd_add(&end, end, iov[i].iov_len))
			return false;
	return end <= INT64_MAX;
}

ssize_t cow_read(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		 uint64_t offset)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	struct transfer t = { .iov = iov, .n = n, .at = (off_t)offset };
	int r = cow_find_file(fs, id, &node);

	if (r < 0)
		return r;
	if (!fits(iov, n, offset))
		return -EINVAL;
	t.fd = cow_content(fs, node);
	return t.fd < 0 ? t.fd : run(&t);
}

ssize_t cow_write(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		  uint64_t offset, bool kill_priv)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	struct transfer t = {
		.write = true,
		.iov = iov,
		.n = n,
		.at = (off_t)offset,
	};
	int r = cow_find_file(fs, id, &node);

	if (r < 0)
		return r;
	if (!fits(iov, n, offset))
		return -EFBIG;
	t.fd = cow_content_own(fs, node, /* keep */ true);
	if (t.fd < 0)
		return t.fd;
	r = kill_priv ? cow_kill_priv(fs, node) : 0;
	return r < 0 ? r : run(&t);
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

static bool is_supported(uint32_t mode)
{
	switch (mode & ~(uint32_t)FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_ZERO_RANGE:
		return true;
	case FALLOC_FL_PUNCH_HOLE:
		return mode & FALLOC_FL_KEEP_SIZE;
	default:
		return false;
	}
}

int cow_fallocate(struct fs *base, uint64_t id, uint32_t mode, uint64_t offset,
		  uint64_t length)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	uint64_t end;
	int r = cow_find_file(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (fs->cfg.read_only)
		return -EROFS;
	if (!is_supported(mode))
		return -EOPNOTSUPP;
	if (!length)
		return -EINVAL;
	if (ckd_add(&end, offset, length) || end > INT64_MAX)
		return -EFBIG;
	fd = cow_content_own(fs, node, /* keep */ true);
	if (fd < 0)
		return fd;
	do
		r = fallocate(fd, (int)mode, (off_t)offset, (off_t)length);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : cow_kill_priv(fs, node);
}

int cow_lseek(struct fs *base, uint64_t id, uint64_t offset, uint32_t whence,
	      uint64_t *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	off_t at;
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
	at = lseek(fd, (off_t)offset, (int)whence);
	if (at < 0)
		return -errno;
	*out = (uint64_t)at;
	return 0;
}

static ssize_t copy_range(int from, uint64_t from_offset, int to,
			  uint64_t to_offset, uint64_t length)
{
	off_t in = (off_t)from_offset, out = (off_t)to_offset;
	ssize_t n;

	do
		n = copy_file_range(from, &in, to, &out, length, 0);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	/* The guest then reads and writes by itself. */
	return errno == EXDEV || errno == ENOSYS ? -EOPNOTSUPP : -errno;
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
	if (length > COPY_CHUNK_MAX)
		length = COPY_CHUNK_MAX;
	if (from_offset > INT64_MAX - length || to_offset > INT64_MAX - length)
		return -EINVAL;
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
	return copy_range(in, from_offset, out, to_offset, length);
}
