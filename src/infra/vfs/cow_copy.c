// SPDX-License-Identifier: Apache-2.0
/*
 * cow_copy.c - copy a file's content the cheapest way there is, and hash what
 * is small.
 *
 * Holes stay holes: a file may say that it is larger than any disk. Where the
 * kernel cannot copy, the plain copy goes on where it stopped and says what is
 * wrong.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/hash.h"

#define CHUNK	    ((size_t)128 * 1024) /* bytes of one read */
#define RANGE_CHUNK ((uint64_t)64 * 1024 * 1024)

static int write_all(int fd, const char *p, size_t len, off_t at)
{
	ssize_t n;

	while (len) {
		n = pwrite(fd, p, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

/* Reads a part, to write it, to hash it, or both. */
static int copy_plain(struct cow_copy *c, off_t from, off_t end,
		      struct hash *hash)
{
	auto_free char *chunk = xmalloc(CHUNK);
	ssize_t n;
	size_t want;
	int r;

	while (from < end) {
		want = end - from < (off_t)CHUNK ? (size_t)(end - from) : CHUNK;
		n = pread(c->from, chunk, want, from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break; /* it was cut while we read */
		if (hash)
			hash_add(hash, chunk, (size_t)n);
		if (c->into)
			memcpy(c->into + from, chunk, (size_t)n);
		r = c->to < 0 ? 0 : write_all(c->to, chunk, (size_t)n, from);
		if (r < 0)
			return r;
		from += n;
		c->copied += (uint64_t)n;
	}
	return 0;
}

static int copy_extent(struct cow_copy *c, off_t from, off_t end)
{
	off_t to = from;
	uint64_t want;
	ssize_t n;

	while (from < end) {
		want = (uint64_t)(end - from);
		if (want > RANGE_CHUNK)
			want = RANGE_CHUNK;
		n = copy_file_range(c->from, &from, c->to, &to, want, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return copy_plain(c, from, end, /* hash */ NULL);
	}
	return 0;
}

static int copy_large(struct cow_copy *c)
{
	off_t size = (off_t)c->size, at = 0, end;
	int r;

	if (ioctl(c->to, FICLONE, c->from) == 0)
		return 0;
	if (ftruncate(c->to, size) < 0)
		return -errno;
	while (at < size) {
		at = lseek(c->from, at, SEEK_DATA);
		if (at < 0)
			/* ENXIO: nothing but a hole follows. */
			return errno == ENXIO ? 0 : -errno;
		end = lseek(c->from, at, SEEK_HOLE);
		if (end < 0)
			return errno == ENXIO ? 0 : -errno;
		if (end > size)
			end = size;
		r = copy_extent(c, at, end);
		if (r < 0)
			return r;
		at = end;
	}
	return 0;
}

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void take_hash(struct hash *hash, uint8_t out[OVERLAY_HASH_SIZE])
{
	auto_free char *hex = hash_hex(hash);

	for (size_t i = 0; i < OVERLAY_HASH_SIZE; i++)
		out[i] = (uint8_t)(digit(hex[2 * i]) << 4 |
				   digit(hex[2 * i + 1]));
}

void cow_hash(struct span content, uint8_t out[OVERLAY_HASH_SIZE])
{
	auto_hash struct hash *hash = hash_new(HASH_SHA256);

	hash_add(hash, content.p, content.len);
	take_hash(hash, out);
}

static int copy_small(struct cow_copy *c)
{
	auto_hash struct hash *hash = hash_new(HASH_SHA256);
	int r = copy_plain(c, 0, (off_t)c->size, hash);

	if (r < 0)
		return r;
	take_hash(hash, c->hash);
	c->has_hash = true;
	return 0;
}

int cow_copy_content(struct cow_copy *c)
{
	if (c->size <= COW_HASH_MAX)
		return copy_small(c);
	return c->to < 0 ? 0 : copy_large(c);
}
