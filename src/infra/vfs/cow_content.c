// SPDX-License-Identifier: Apache-2.0
/*
 * cow_content.c - find the content of a file, and make it the file's own.
 *
 * A file shows the user's content until it is first changed ("copy-up"). Then
 * its content lies in its slot while it is small (cow_slot.c), else in its
 * object (cow_object.c); from a slot it moves to an object when it grows, or
 * when something is asked for that a slot cannot do, and never back.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "infra/sys/fd.h"

int cow_content(struct cow_fs *fs, struct overlay_node *node)
{
	struct cow_node *cn = cow_node_of(node);
	int fd = cow_fds_use(&fs->fds, &cn->fd);

	if (fd >= 0)
		return fd;
	fd = node->own ? cow_object_open(fs, node->id)
		       : cow_lower_open(fs, node);
	if (fd >= 0)
		cow_fds_put(&fs->fds, &cn->fd, fd);
	return fd;
}

static int fill_object(struct cow_fs *fs, struct overlay_node *node, int fd,
		       struct cow_copy *copy, const struct timespec times[2])
{
	int r = cow_copy_content(copy);

	if (r < 0)
		return r;
	if (futimens(fd, times) < 0)
		return -errno;
	return cow_object_commit(fs, node->id);
}

/* Of the content only its hash is taken along unless @keep. */
static int copy_to_object(struct cow_fs *fs, struct overlay_node *node,
			  bool keep, struct cow_copy *copy,
			  const struct timespec times[2])
{
	struct cow_node *cn = cow_node_of(node);
	auto_close int fd = cow_object_begin(fs);
	int r;

	if (fd < 0)
		return fd;
	copy->to = keep ? fd : -1;
	copy->into = NULL;
	r = fill_object(fs, node, fd, copy, times);
	if (r < 0) {
		cow_object_abandon(fs);
		return r;
	}
	cow_fds_put(&fs->fds, &cn->fd, fd_take(&fd));
	cn->place = COW_PLACE_OBJECT;
	return 0;
}

static int copy_to_slot(struct cow_fs *fs, struct overlay_node *node, bool keep,
			struct cow_copy *copy, const struct timespec times[2])
{
	char content[OVERLAY_SLOT_MAX];
	int r;

	if (keep)
		copy->into = content;
	r = cow_copy_content(copy);
	if (r < 0)
		return r;
	return cow_slot_make(
		fs, node,
		(struct span){ .p = content, .len = keep ? copy->copied : 0 },
		times);
}

static int copy_up(struct cow_fs *fs, struct overlay_node *node, bool keep,
		   struct cow_copy *copy)
{
	struct timespec times[2];
	struct cow_stat st;
	int r = cow_stat(fs, node, &st);

	if (!r)
		r = cow_import_xattrs(fs, node);
	if (r < 0)
		return r;
	times[0] = cow_timespec(st.attr.atime_ns);
	times[1] = cow_timespec(st.attr.mtime_ns);
	copy->size = st.attr.size;
	if (cow_slot_fits(fs, node, keep ? st.attr.size : 0)) {
		r = copy_to_slot(fs, node, keep, copy, times);
		if (r != -EFBIG)
			return r;
	}
	return copy_to_object(fs, node, keep, copy, times);
}

void cow_content_drop(struct cow_fs *fs, struct overlay_node *node)
{
	struct cow_node *cn = cow_node_of(node);

	if (cn->place == COW_PLACE_OBJECT)
		cow_object_delete(fs, node->id);
	cn->place = COW_PLACE_UNKNOWN;
	cow_fds_drop(&fs->fds, &cn->fd);
}

int cow_content_take(struct cow_fs *fs, struct overlay_node *node, bool keep)
{
	struct cow_node *cn = cow_node_of(node);
	struct cow_copy copy = { .to = -1 };
	int r;

	if (fs->cfg.read_only)
		return -EROFS;
	if (node->own)
		return 0;
	copy.from = cow_content(fs, node);
	if (copy.from < 0)
		return copy.from;
	cn->fd.busy = true;
	r = copy_up(fs, node, keep, &copy);
	cn->fd.busy = false;
	if (!r)
		r = overlay_set_own(fs->overlay, node,
				    copy.has_hash ? copy.hash : NULL);
	if (r < 0)
		cow_content_drop(fs, node);
	return r;
}

static int write_object(struct cow_fs *fs, struct overlay_node *node, int fd,
			struct span content, const struct timespec times[2])
{
	struct err err = ERR_INIT;

	if (content.len && fd_write_all(fd, content.p, content.len, &err) < 0)
		return err.sys ? -err.sys : -EIO;
	if (futimens(fd, times) < 0)
		return -errno;
	return cow_object_commit(fs, node->id);
}

int cow_content_make(struct cow_fs *fs, struct overlay_node *node,
		     struct span content, const struct timespec times[2])
{
	struct cow_node *cn = cow_node_of(node);
	auto_close int fd = -1;
	int r;

	if (cow_slot_fits(fs, node, content.len)) {
		r = cow_slot_make(fs, node, content, times);
		if (r != -EFBIG)
			return r;
	}
	fd = cow_object_begin(fs);
	if (fd < 0)
		return fd;
	r = write_object(fs, node, fd, content, times);
	if (r < 0) {
		cow_object_abandon(fs);
		return r;
	}
	cow_fds_put(&fs->fds, &cn->fd, fd_take(&fd));
	cn->place = COW_PLACE_OBJECT;
	return 0;
}

int cow_content_object(struct cow_fs *fs, struct overlay_node *node)
{
	int r = cow_content_take(fs, node, /* keep */ true);

	if (!r)
		r = cow_in_slot(fs, node);
	if (r > 0)
		r = cow_slot_leave(fs, node);
	return r < 0 ? r : cow_content(fs, node);
}
