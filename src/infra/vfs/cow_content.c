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

/* What a new content is made of. */
struct source {
	struct cow_copy *copy; /* of the user's, or NULL */
	bool keep;	       /* it; else only its hash is taken along */
	struct span content;   /* without a @copy */
	struct timespec times[2];
};

static int fill_object(struct cow_fs *fs, struct overlay_node *node, int fd,
		       const struct source *from)
{
	struct err err = ERR_INIT;
	int r = 0;

	if (from->copy) {
		from->copy->to = from->keep ? fd : -1;
		from->copy->into = NULL;
		r = cow_copy_content(from->copy);
	} else if (fd_write_all(fd, from->content.p, from->content.len, &err) <
		   0) {
		r = err.sys ? -err.sys : -EIO;
	}
	if (r < 0)
		return r;
	if (futimens(fd, from->times) < 0)
		return -errno;
	return cow_object_commit(fs, node->id);
}

static int make_object(struct cow_fs *fs, struct overlay_node *node,
		       const struct source *from)
{
	struct cow_node *cn = cow_node_of(node);
	auto_close int fd = cow_object_begin(fs);
	int r;

	if (fd < 0)
		return fd;
	r = fill_object(fs, node, fd, from);
	if (r < 0) {
		cow_object_abandon(fs);
		return r;
	}
	cow_fds_put(&fs->fds, &cn->fd, fd_take(&fd));
	cn->place = COW_PLACE_OBJECT;
	return 0;
}

static int make_slot(struct cow_fs *fs, struct overlay_node *node,
		     const struct source *from)
{
	char content[OVERLAY_SLOT_MAX];
	struct span text = from->content;
	int r;

	if (from->copy) {
		from->copy->into = from->keep ? content : NULL;
		r = cow_copy_content(from->copy);
		if (r < 0)
			return r;
		text = (struct span){ .p = content };
		text.len = from->keep ? from->copy->copied : 0;
	}
	return cow_slot_make(fs, node, text, from->times);
}

static int make_content(struct cow_fs *fs, struct overlay_node *node,
			const struct source *from, uint64_t size)
{
	int r = cow_slot_fits(fs, node, size) ? make_slot(fs, node, from)
					      : -EFBIG;

	return r == -EFBIG ? make_object(fs, node, from) : r;
}

static int copy_up(struct cow_fs *fs, struct overlay_node *node, bool keep,
		   struct cow_copy *copy)
{
	struct source from = { .copy = copy, .keep = keep };
	struct cow_stat st;
	int r = cow_stat(fs, node, &st);

	if (!r)
		r = cow_import_xattrs(fs, node);
	if (r < 0)
		return r;
	from.times[0] = cow_timespec(st.attr.atime_ns);
	from.times[1] = cow_timespec(st.attr.mtime_ns);
	copy->size = st.attr.size;
	return make_content(fs, node, &from, keep ? st.attr.size : 0);
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

int cow_content_make(struct cow_fs *fs, struct overlay_node *node,
		     struct span content, const struct timespec times[2])
{
	const struct source from = { .content = content,
				     .times = { times[0], times[1] } };

	return make_content(fs, node, &from, content.len);
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
