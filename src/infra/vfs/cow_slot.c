// SPDX-License-Identifier: Apache-2.0
/*
 * cow_slot.c - small contents of changed files, each in its slot of one file
 * (domain/workspace/overlay_store.h).
 *
 * The header is written with the content or after it, so whoever is killed in
 * between leaves the old size. Bytes behind the size are never shown: what a
 * write or a truncation uncovers is zeroed first.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "infra/vfs/fuse_iov.h"

#define FS_BLOCK 4096u
#define PAGE	 4096u
#define SECTOR	 512u
/* Of the hole that is made to see whether there can be any, bytes. */
#define HOLE_SIZE ((off_t)1024 * 1024)

/* A part of a slot, in the order of the file. */
struct image {
	uint8_t header[OVERLAY_SLOT_HEADER];
	uint8_t content[OVERLAY_SLOT_MAX];
};
static_assert(sizeof(struct image) == OVERLAY_SLOT_SIZE, "no padding");

/*
 * Where files cannot have holes, a slot would cost as much as all slots before
 * it. The file is empty.
 */
static bool can_have_holes(int fd)
{
	struct stat st;
	bool can = pwrite(fd, "", 1, HOLE_SIZE) == 1 && fstat(fd, &st) == 0 &&
		   st.st_blocks < HOLE_SIZE / (off_t)SECTOR;

	return ftruncate(fd, 0) == 0 && can;
}

void cow_slots_start(struct cow_fs *fs)
{
	struct stat st;

	if (fstat(fs->slots_fd, &st) < 0 ||
	    (!st.st_size && !can_have_holes(fs->slots_fd)))
		fs->slot_ids = 0;
}

bool cow_slot_fits(const struct cow_fs *fs, const struct overlay_node *node,
		   uint64_t size)
{
	return size <= OVERLAY_SLOT_MAX && node->id < fs->slot_ids;
}

static int write_all(struct cow_fs *fs, const uint8_t *p, size_t len,
		     uint64_t at)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pwrite(fs->slots_fd, p + done, len - done,
			   (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOSPC && cow_trash_empty(fs))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		done += (size_t)n;
	}
	return 0;
}

static void encode(const struct overlay_node *node, const struct cow_slot *slot,
		   uint8_t out[OVERLAY_SLOT_HEADER])
{
	overlay_slot_encode(
		&(struct overlay_slot){ .id = node->id,
					.size = slot->size,
					.atime_ns = slot->atime_ns,
					.mtime_ns = slot->mtime_ns },
		out);
}

static int write_header(struct cow_fs *fs, struct overlay_node *node,
			const struct cow_slot *slot)
{
	uint8_t header[OVERLAY_SLOT_HEADER];
	int r;

	encode(node, slot, header);
	r = write_all(fs, header, sizeof(header),
		      overlay_slot_offset(node->id));
	if (!r)
		cow_node_of(node)->slot = *slot;
	return r;
}

/*
 * Writes content from @start on, and the header that says so. Only the bytes
 * of @image that are written need be set.
 */
static int write_part(struct cow_fs *fs, struct overlay_node *node,
		      const struct cow_slot *slot, struct image *image,
		      size_t start, size_t len)
{
	uint64_t at = overlay_slot_offset(node->id);
	int r;

	if (start || OVERLAY_SLOT_HEADER + len > PAGE) {
		r = write_all(fs, image->content + start, len,
			      at + OVERLAY_SLOT_HEADER + start);
		return r < 0 ? r : write_header(fs, node, slot);
	}
	/* All of it or nothing. */
	encode(node, slot, image->header);
	r = write_all(fs, (const uint8_t *)image, OVERLAY_SLOT_HEADER + len,
		      at);
	if (!r)
		cow_node_of(node)->slot = *slot;
	return r;
}

int cow_slot_make(struct cow_fs *fs, struct overlay_node *node,
		  struct span content, const struct timespec times[2])
{
	struct cow_node *cn = cow_node_of(node);
	const struct cow_slot slot = {
		.size = (uint32_t)content.len,
		.atime_ns = cow_time(times[0]),
		.mtime_ns = cow_time(times[1]),
		.sync_count = fs->sync_count,
	};
	struct image image;
	int r;

	assert(cow_slot_fits(fs, node, content.len));
	cn->slot = (struct cow_slot){ .size = 0 };
	if (content.len)
		memcpy(image.content, content.p, content.len);
	r = write_part(fs, node, &slot, &image, 0, content.len);
	if (r == -EFBIG)
		fs->slot_ids = node->id;
	if (r < 0)
		return r;
	cn->place = COW_PLACE_SLOT;
	/* What it was before. */
	cow_fds_drop(&fs->fds, &cn->fd);
	return 0;
}

static int load(struct cow_fs *fs, struct overlay_node *node)
{
	struct cow_node *cn = cow_node_of(node);
	uint8_t header[OVERLAY_SLOT_HEADER];
	struct overlay_slot slot;
	ssize_t n;

	if (node->id > OVERLAY_SLOT_ID_MAX)
		return -EIO;
	n = pread(fs->slots_fd, header, sizeof(header),
		  (off_t)overlay_slot_offset(node->id));
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(header) ||
	    !overlay_slot_decode(header, node->id, &slot))
		return -EIO;
	cn->slot = (struct cow_slot){
		.size = slot.size,
		.atime_ns = slot.atime_ns,
		.mtime_ns = slot.mtime_ns,
		.synced = true, /* for all we know */
	};
	return 0;
}

int cow_in_slot(struct cow_fs *fs, struct overlay_node *node)
{
	struct cow_node *cn = cow_node_of(node);
	struct stat st;
	int r;

	if (cn->place != COW_PLACE_UNKNOWN)
		return cn->place == COW_PLACE_SLOT;
	r = cow_object_stat(fs, node->id, &st);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT) {
		r = load(fs, node);
		if (r < 0)
			return r;
		cn->place = COW_PLACE_SLOT;
		return 1;
	}
	cn->place = COW_PLACE_OBJECT;
	return 0;
}

/* Content from @at on, as far as there is any. */
static ssize_t read_part(struct cow_fs *fs, struct overlay_node *node,
			 uint8_t *out, size_t len, uint64_t at)
{
	const struct cow_slot *slot = &cow_node_of(node)->slot;
	ssize_t n;

	if (at >= slot->size)
		return 0;
	if (len > slot->size - at)
		len = slot->size - at;
	do
		n = pread(fs->slots_fd, out, len,
			  (off_t)(overlay_slot_offset(node->id) +
				  OVERLAY_SLOT_HEADER + at));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? n : -EIO;
}

ssize_t cow_slot_read(struct cow_fs *fs, struct overlay_node *node,
		      const struct iovec *iov, int n, uint64_t offset)
{
	struct fuse_iov to = FUSE_IOV(iov, n, SIZE_MAX);
	uint8_t content[OVERLAY_SLOT_MAX];
	size_t room = fuse_iov_size(iov, n);
	ssize_t len;

	if (room > sizeof(content))
		room = sizeof(content);
	len = read_part(fs, node, content, room, offset);
	if (len > 0 && !fuse_iov_put(&to, content, (size_t)len))
		return -EIO;
	return len;
}

ssize_t cow_slot_write(struct cow_fs *fs, struct overlay_node *node,
		       const struct iovec *iov, int n, uint64_t offset)
{
	struct cow_node *cn = cow_node_of(node);
	size_t len = fuse_iov_size(iov, n);
	size_t at = (size_t)offset, start = at;
	struct fuse_iov from = FUSE_IOV(iov, n, len);
	struct cow_slot slot = cn->slot;
	struct image image;
	int r;

	assert(cow_slot_fits(fs, node, offset + len));
	if (!len)
		return 0;
	if (at > slot.size) {
		start = slot.size;
		memset(image.content + start, 0, at - start);
	}
	if (!fuse_iov_take(&from, image.content + at, len))
		return -EIO;
	if (at + len > slot.size)
		slot.size = (uint32_t)(at + len);
	slot.mtime_ns = cow_now_ns();
	r = write_part(fs, node, &slot, &image, start, at + len - start);
	if (r < 0)
		return r;
	cow_touch_node(node);
	return (ssize_t)len;
}

int cow_slot_resize(struct cow_fs *fs, struct overlay_node *node, uint64_t size)
{
	struct cow_slot slot = cow_node_of(node)->slot;
	size_t start = slot.size;
	struct image image;
	int r;

	assert(cow_slot_fits(fs, node, size));
	slot.size = (uint32_t)size;
	slot.mtime_ns = cow_now_ns();
	if (size <= start) {
		r = write_header(fs, node, &slot);
	} else {
		memset(image.content + start, 0, size - start);
		r = write_part(fs, node, &slot, &image, start, size - start);
	}
	if (!r)
		cow_touch_node(node);
	return r;
}

int cow_slot_times(struct cow_fs *fs, struct overlay_node *node,
		   const struct timespec times[2])
{
	struct cow_slot slot = cow_node_of(node)->slot;

	slot.atime_ns = cow_time(times[0]);
	slot.mtime_ns = cow_time(times[1]);
	return write_header(fs, node, &slot);
}

uint64_t cow_slot_room(const struct cow_node *cn)
{
	if (cn->place == COW_PLACE_OBJECT)
		return 0;
	return (uint64_t)(OVERLAY_SLOT_HEADER + cn->slot.size + FS_BLOCK - 1) /
	       FS_BLOCK * FS_BLOCK;
}

void cow_slot_stat(struct overlay_node *node, struct cow_stat *out)
{
	const struct cow_slot *slot = &cow_node_of(node)->slot;

	out->attr.size = slot->size;
	out->attr.atime_ns = slot->atime_ns;
	out->attr.mtime_ns = slot->mtime_ns;
	out->blocks = (uint64_t)(slot->size + FS_BLOCK - 1) / FS_BLOCK *
		      (FS_BLOCK / SECTOR);
}

int cow_slot_sync(struct cow_fs *fs, struct overlay_node *node)
{
	if (fdatasync(fs->slots_fd) < 0)
		return -errno;
	cow_node_of(node)->slot.synced = true;
	return 0;
}

int cow_slot_seek(const struct overlay_node *node, uint64_t offset,
		  uint32_t whence, uint64_t *out)
{
	const struct cow_node *cn = node->user;

	if (offset >= cn->slot.size)
		return -ENXIO;
	/* There are no holes but the one at the end. */
	*out = whence == SEEK_HOLE ? cn->slot.size : offset;
	return 0;
}

static int fill_object(struct cow_fs *fs, struct overlay_node *node, int fd)
{
	const struct cow_slot *slot = &cow_node_of(node)->slot;
	const struct timespec times[2] = { cow_timespec(slot->atime_ns),
					   cow_timespec(slot->mtime_ns) };
	uint8_t content[OVERLAY_SLOT_MAX];
	struct err err = ERR_INIT;
	ssize_t n = read_part(fs, node, content, sizeof(content), 0);

	if (n < 0)
		return (int)n;
	if (fd_write_all(fd, content, (size_t)n, &err) < 0)
		return err.sys ? -err.sys : -EIO;
	if (futimens(fd, times) < 0)
		return -errno;
	/* What has been promised to last must not hang on a lazy write now. */
	if (n && (slot->synced || slot->sync_count != fs->sync_count) &&
	    fsync(fd) < 0)
		return -errno;
	return cow_object_commit(fs, node->id);
}

int cow_slot_leave(struct cow_fs *fs, struct overlay_node *node)
{
	struct cow_node *cn = cow_node_of(node);
	auto_close int fd = cow_object_begin(fs);
	int r;

	if (fd < 0)
		return fd;
	r = fill_object(fs, node, fd);
	if (r < 0) {
		cow_object_abandon(fs);
		return r;
	}
	cow_trash_add(fs, node->id, COW_PLACE_SLOT, cow_slot_room(cn));
	cn->place = COW_PLACE_OBJECT;
	cow_fds_put(&fs->fds, &cn->fd, fd_take(&fd));
	return 0;
}
