// SPDX-License-Identifier: Apache-2.0
/*
 * fs_data.c - read, write, allocate and copy content.
 */
#include "infra/vfs/fs_data.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ckd.h"

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

bool fs_data_fits(const struct iovec *iov, int n, uint64_t offset)
{
	uint64_t end = offset;

	for (int i = 0; i < n; i++)
		if (ckd_add(&end, end, iov[i].iov_len))
			return false;
	return end <= INT64_MAX;
}

ssize_t fs_data_read(int fd, const struct iovec *iov, int n, uint64_t offset)
{
	struct transfer t = {
		.fd = fd,
		.iov = iov,
		.n = n,
		.at = (off_t)offset,
	};

	return run(&t);
}

ssize_t fs_data_write(int fd, const struct iovec *iov, int n, uint64_t offset)
{
	struct transfer t = {
		.fd = fd,
		.write = true,
		.iov = iov,
		.n = n,
		.at = (off_t)offset,
	};

	return run(&t);
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

int fs_data_check_fallocate(uint32_t mode, uint64_t offset, uint64_t length)
{
	uint64_t end;

	if (!is_supported(mode))
		return -EOPNOTSUPP;
	if (!length)
		return -EINVAL;
	if (ckd_add(&end, offset, length) || end > INT64_MAX)
		return -EFBIG;
	return 0;
}

int fs_data_fallocate(int fd, uint32_t mode, uint64_t offset, uint64_t length)
{
	int r;

	do
		r = fallocate(fd, (int)mode, (off_t)offset, (off_t)length);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int fs_data_seek(int fd, uint64_t offset, uint32_t whence, uint64_t *out)
{
	off_t at = lseek(fd, (off_t)offset, (int)whence);

	if (at < 0)
		return -errno;
	*out = (uint64_t)at;
	return 0;
}

int fs_data_check_copy(uint64_t from_offset, uint64_t to_offset,
		       uint64_t *length)
{
	if (*length > COPY_CHUNK_MAX)
		*length = COPY_CHUNK_MAX;
	if (from_offset > INT64_MAX - *length ||
	    to_offset > INT64_MAX - *length)
		return -EINVAL;
	return 0;
}

ssize_t fs_data_copy(int from, uint64_t from_offset, int to, uint64_t to_offset,
		     uint64_t length)
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
