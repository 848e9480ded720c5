// SPDX-License-Identifier: Apache-2.0
/*
 * cow_name.c - make, remove, move and link names.
 *
 * Each operation looks up first what the view has under the names it changes,
 * so that the overlay knows of it, and holds it until its end as if the guest
 * did. The directories themselves are held by the guest.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MODE_BITS    07777u
#define SYMLINK_MODE 0777u

/* A name of a directory, and what it is now. */
struct place {
	struct overlay_node *dir;
	const char *name;
	struct overlay_node *node; /* NULL: nothing */
};

/* A name that is going to change; end with leave_place(). */
static int find_place(struct cow_fs *fs, uint64_t dir, const char *name,
		      struct place *out)
{
	struct cow_child child;
	int r = cow_find_dir(fs, dir, &out->dir);

	if (r < 0)
		return r;
	if (fs->cfg.read_only)
		return -EROFS;
	if (strlen(name) > OVERLAY_NAME_MAX)
		return -ENAMETOOLONG;
	if (cow_is_removed(fs, out->dir))
		return -ENOENT;
	r = cow_child(fs, out->dir, name, &child);
	if (r < 0)
		return r;
	out->name = name;
	out->node = child.node;
	if (out->node)
		cow_hold(fs, out->node);
	return 0;
}

static void leave_place(struct cow_fs *fs, const struct place *at)
{
	if (at->node)
		cow_forget(&fs->base, at->node->id, 1);
}

/* A place where nothing is. */
static int find_free(struct cow_fs *fs, uint64_t dir, const char *name,
		     struct place *out)
{
	int r = find_place(fs, dir, name, out);

	if (r < 0 || !out->node)
		return r;
	leave_place(fs, out);
	return -EEXIST;
}

static struct overlay_attr new_attr(const struct fs_caller *who,
				    const struct overlay_node *dir,
				    enum overlay_kind kind, uint32_t mode)
{
	int64_t now = cow_now_ns();
	struct overlay_attr attr = {
		.mode = mode & MODE_BITS,
		.uid = who->uid,
		.gid = who->gid,
		.atime_ns = now,
		.mtime_ns = now,
		.ctime_ns = now,
	};

	if (dir->attr.mode & S_ISGID) {
		attr.gid = dir->attr.gid;
		if (kind == OVERLAY_DIR)
			attr.mode |= S_ISGID;
	}
	return attr;
}

static int create_file(struct cow_fs *fs, const struct place *at,
		       const struct overlay_attr *attr,
		       struct overlay_node **out)
{
	const struct timespec times[2] = { cow_timespec(attr->atime_ns),
					   cow_timespec(attr->mtime_ns) };
	struct overlay_node *node;
	int r = at->name
			? overlay_create(fs->overlay, at->dir,
					 SPAN_STR(at->name), OVERLAY_FILE, attr,
					 /* target */ NULL, &node)
			: overlay_create_unnamed(fs->overlay, attr, &node);

	if (r < 0)
		return r;
	r = cow_content_make(fs, node, (struct span){ .len = 0 }, times);
	if (r < 0) {
		/* The first failure is the one to tell. */
		if (at->name)
			discard(overlay_remove(fs->overlay, at->dir,
					       SPAN_STR(at->name),
					       /* is_dir */ false));
		cow_settle(fs, node->id);
		return r;
	}
	*out = node;
	return 0;
}

static int make(struct cow_fs *fs, const struct fs_caller *who,
		const struct place *at, enum overlay_kind kind, uint32_t mode,
		const char *target, struct fuse_entry_out *out)
{
	struct overlay_attr attr = new_attr(who, at->dir, kind, mode);
	struct cow_child child = { .fixed = true };
	int r = kind == OVERLAY_FILE
			? create_file(fs, at, &attr, &child.node)
			: overlay_create(fs->overlay, at->dir,
					 SPAN_STR(at->name), kind, &attr,
					 target, &child.node);

	if (r < 0)
		return r;
	if (at->name)
		cow_touch_dir(at->dir);
	return cow_entry(fs, &child, out);
}

static int make_free(struct fs *base, const struct fs_caller *who, uint64_t dir,
		     const char *name, enum overlay_kind kind, uint32_t mode,
		     const char *target, struct fuse_entry_out *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct place at = { .node = NULL };
	int r = find_free(fs, dir, name, &at);

	return r < 0 ? r : make(fs, who, &at, kind, mode, target, out);
}

ssize_t cow_readlink(struct fs *base, uint64_t id, char *buf, size_t size)
{
	struct overlay_node *node;
	size_t len;
	int r = cow_find(cow_fs_of(base), id, &node);

	if (r < 0)
		return r;
	if (node->kind != OVERLAY_SYMLINK)
		return -EINVAL;
	len = strlen(node->target);
	if (len > size)
		len = size;
	memcpy(buf, node->target, len);
	return (ssize_t)len;
}

int cow_symlink(struct fs *base, const struct fs_caller *who, uint64_t dir,
		const char *name, const char *target,
		struct fuse_entry_out *out)
{
	if (!*target)
		return -ENOENT;
	if (strlen(target) > OVERLAY_TARGET_MAX)
		return -ENAMETOOLONG;
	return make_free(base, who, dir, name, OVERLAY_SYMLINK, SYMLINK_MODE,
			 target, out);
}

int cow_mknod(struct fs *base, const struct fs_caller *who, uint64_t dir,
	      const char *name, uint32_t mode, uint32_t rdev unused,
	      struct fuse_entry_out *out)
{
	enum overlay_kind kind;

	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
		kind = OVERLAY_FILE;
		break;
	case S_IFIFO:
		kind = OVERLAY_FIFO;
		break;
	case S_IFSOCK:
		kind = OVERLAY_SOCKET;
		break;
	default:
		return -EPERM;
	}
	return make_free(base, who, dir, name, kind, mode, /* target */ NULL,
			 out);
}

int cow_mkdir(struct fs *base, const struct fs_caller *who, uint64_t dir,
	      const char *name, uint32_t mode, struct fuse_entry_out *out)
{
	return make_free(base, who, dir, name, OVERLAY_DIR, mode,
			 /* target */ NULL, out);
}

/* The user made the file since the guest looked. */
static int open_existing(struct cow_fs *fs, struct overlay_node *node,
			 uint32_t flags, struct fuse_entry_out *out)
{
	struct cow_child child = { .node = node };
	int r = 0;

	if (flags & O_EXCL)
		r = -EEXIST;
	else if (node->kind != OVERLAY_FILE)
		r = node->kind == OVERLAY_DIR ? -EISDIR : -EEXIST;
	else if (flags & O_TRUNC)
		r = cow_truncate(fs, node, 0);
	return r < 0 ? r : cow_entry(fs, &child, out);
}

int cow_create(struct fs *base, const struct fs_caller *who, uint64_t dir,
	       const char *name, uint32_t mode, uint32_t flags,
	       struct fuse_entry_out *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct place at = { .node = NULL };
	int r = find_place(fs, dir, name, &at);

	if (r < 0)
		return r;
	if (at.node) {
		r = open_existing(fs, at.node, flags, out);
		leave_place(fs, &at);
		return r;
	}
	return make(fs, who, &at, OVERLAY_FILE, mode, /* target */ NULL, out);
}

int cow_tmpfile(struct fs *base, const struct fs_caller *who, uint64_t dir,
		uint32_t mode, struct fuse_entry_out *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct place at = { .node = NULL };
	int r = cow_find_dir(fs, dir, &at.dir);

	if (r < 0)
		return r;
	if (fs->cfg.read_only)
		return -EROFS;
	return make(fs, who, &at, OVERLAY_FILE, mode, /* target */ NULL, out);
}

/* What a directory must be to go, by removal or by being replaced. */
static int check_empty(struct cow_fs *fs, struct overlay_node *node)
{
	int empty = cow_dir_is_empty(fs, node);

	if (empty < 0)
		return empty;
	return empty ? 0 : -ENOTEMPTY;
}

static int remove_node(struct cow_fs *fs, const struct place *at, bool is_dir)
{
	int r = 0;

	if (!at->node)
		return -ENOENT;
	if (is_dir && at->node->kind != OVERLAY_DIR)
		return -ENOTDIR;
	if (!is_dir && at->node->kind == OVERLAY_DIR)
		return -EISDIR;
	if (is_dir)
		r = check_empty(fs, at->node);
	if (!r)
		r = overlay_remove(fs->overlay, at->dir, SPAN_STR(at->name),
				   is_dir);
	if (r < 0)
		return r;
	cow_touch_dir(at->dir);
	cow_touch_node(at->node);
	return 0;
}

static int remove_name(struct cow_fs *fs, uint64_t dir, const char *name,
		       bool is_dir)
{
	struct place at = { .node = NULL };
	int r = find_place(fs, dir, name, &at);

	if (!r)
		r = remove_node(fs, &at, is_dir);
	leave_place(fs, &at);
	return r;
}

int cow_unlink(struct fs *base, uint64_t dir, const char *name)
{
	return remove_name(cow_fs_of(base), dir, name, /* is_dir */ false);
}

int cow_rmdir(struct fs *base, uint64_t dir, const char *name)
{
	return remove_name(cow_fs_of(base), dir, name, /* is_dir */ true);
}

static int check_rename(struct cow_fs *fs, const struct place *from,
			const struct place *to, uint32_t flags)
{
	if (!from->node)
		return -ENOENT;
	if (flags & RENAME_EXCHANGE)
		return to->node ? 0 : -ENOENT;
	if (!to->node)
		return 0;
	if (flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (to->node->kind != OVERLAY_DIR)
		return from->node->kind == OVERLAY_DIR ? -ENOTDIR : 0;
	if (from->node->kind != OVERLAY_DIR)
		return -EISDIR;
	return to->node == from->node ? 0 : check_empty(fs, to->node);
}

static int move(struct cow_fs *fs, const struct place *from,
		const struct place *to, uint32_t flags)
{
	int r = check_rename(fs, from, to, flags);

	if (!r)
		r = overlay_rename(fs->overlay, from->dir, SPAN_STR(from->name),
				   to->dir, SPAN_STR(to->name),
				   flags & RENAME_EXCHANGE);
	if (r < 0)
		return r;
	cow_touch_dir(from->dir);
	cow_touch_dir(to->dir);
	cow_touch_node(from->node);
	if (to->node)
		cow_touch_node(to->node);
	return 0;
}

int cow_rename(struct fs *base, uint64_t dir, const char *name, uint64_t to_dir,
	       const char *to_name, uint32_t flags)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct place from = { .node = NULL }, to = { .node = NULL };
	int r;

	if (flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	r = find_place(fs, dir, name, &from);
	if (!r)
		r = find_place(fs, to_dir, to_name, &to);
	if (!r)
		r = move(fs, &from, &to, flags);
	leave_place(fs, &from);
	leave_place(fs, &to);
	return r;
}

int cow_link(struct fs *base, uint64_t id, uint64_t dir, const char *name,
	     struct fuse_entry_out *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct place at = { .node = NULL };
	struct overlay_node *node;
	struct cow_child child;
	int r = cow_find(fs, id, &node);

	if (r < 0)
		return r;
	if (node->kind == OVERLAY_DIR)
		return -EPERM;
	r = find_free(fs, dir, name, &at);
	if (r < 0)
		return r;
	r = overlay_link(fs->overlay, node, at.dir, SPAN_STR(name));
	if (r < 0)
		return r;
	cow_touch_dir(at.dir);
	cow_touch_node(node);
	child = (struct cow_child){ .node = node, .fixed = node->own };
	return cow_entry(fs, &child, out);
}
