// SPDX-License-Identifier: Apache-2.0
/*
 * cow_attr.c - what stat(2) says in the guest, and changing it.
 *
 * An untouched object of the user is as it is on the host at this moment. Once
 * pinned, its attributes are the overlay's; what belongs to the content (size,
 * blocks and, of a changed file, the times) is asked where the content is.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "infra/vfs/fs_attr.h"

#define NS_PER_S INT64_C(1000000000)
/* Seconds to both sides of 1970 that fit in nanoseconds. */
#define SECONDS_MAX INT64_C(9000000000)
#define MODE_BITS   07777u

int64_t cow_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t to_ns(int64_t sec, int64_t nsec)
{
	if (sec > SECONDS_MAX)
		sec = SECONDS_MAX;
	if (sec < -SECONDS_MAX)
		sec = -SECONDS_MAX;
	return sec * NS_PER_S + nsec;
}

struct timespec cow_timespec(int64_t ns)
{
	int64_t rest = ns % NS_PER_S;

	if (rest < 0)
		rest += NS_PER_S;
	return (struct timespec){
		.tv_sec = (ns - rest) / NS_PER_S,
		.tv_nsec = rest,
	};
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t cow_time(struct timespec ts)
{
	return to_ns(ts.tv_sec, ts.tv_nsec);
}

uint64_t cow_ino(const struct cow_fs *fs, dev_t dev, uint64_t ino)
{
	return fs_attr_ino(fs->dev, dev, ino);
}

void cow_attr_of(const struct cow_fs *fs, const struct stat *st,
		 struct overlay_attr *out)
{
	*out = (struct overlay_attr){
		.ino = cow_ino(fs, st->st_dev, st->st_ino),
		.size = (uint64_t)st->st_size,
		.mode = st->st_mode & MODE_BITS,
		.uid = fs_attr_id(st->st_uid, fs->cfg.host_uid),
		.gid = fs_attr_id(st->st_gid, fs->cfg.host_gid),
		.atime_ns = cow_time(st->st_atim),
		.mtime_ns = cow_time(st->st_mtim),
		.ctime_ns = cow_time(st->st_ctim),
	};
}

struct file_identity cow_identity(const struct stat *st)
{
	struct file_identity identity = file_identity_of(st);

	if (!S_ISDIR(st->st_mode))
		return identity;
	return (struct file_identity){
		.dev = identity.dev,
		.ino = identity.ino,
	};
}

static int stat_own_file(struct cow_fs *fs, struct overlay_node *node,
			 struct cow_stat *out)
{
	struct stat st;
	int r = cow_in_slot(fs, node);

	if (r < 0)
		return r;
	if (r) {
		cow_slot_stat(node, out);
		return 0;
	}
	r = cow_object_stat(fs, node->id, &st);
	if (r < 0)
		return r;
	out->attr.size = (uint64_t)st.st_size;
	out->attr.atime_ns = cow_time(st.st_atim);
	out->attr.mtime_ns = cow_time(st.st_mtim);
	out->attr.ctime_ns = later(out->attr.ctime_ns, cow_time(st.st_ctim));
	out->blocks = (uint64_t)st.st_blocks;
	return 0;
}

/* A pinned node through which something of the user's still shows. */
static void stat_shown(struct cow_fs *fs, struct overlay_node *node,
		       struct cow_stat *out)
{
	struct overlay_attr *attr = &out->attr;
	struct stat st;

	/* When the user has removed it, what was known last is as good. */
	if (cow_lower_stat(fs, node, &st) < 0 ||
	    (st.st_mode & S_IFMT) != cow_type(node))
		return;
	if (node->kind == OVERLAY_DIR) {
		/* Changed by the user after the guest, who may have set it. */
		if (cow_time(st.st_mtim) > attr->ctime_ns)
			attr->mtime_ns = cow_time(st.st_mtim);
		attr->ctime_ns = later(attr->ctime_ns, cow_time(st.st_ctim));
		return;
	}
	attr->size = (uint64_t)st.st_size;
	out->blocks = (uint64_t)st.st_blocks;
	if (cow_time(st.st_mtim) == node->identity.mtime_ns)
		return;
	/* Edited since it was pinned: who compares times must see that. */
	attr->mtime_ns = cow_time(st.st_mtim);
	attr->ctime_ns = later(attr->ctime_ns, cow_time(st.st_ctim));
}

int cow_stat_found(const struct cow_fs *fs, const struct overlay_node *node,
		   const struct stat *st, struct cow_stat *out)
{
	if ((st->st_mode & S_IFMT) != cow_type(node))
		return -ESTALE;
	cow_attr_of(fs, st, &out->attr);
	out->blocks = (uint64_t)st->st_blocks;
	out->links = node->links ? (uint32_t)st->st_nlink : 0;
	/* Nobody counts subdirectories; 1 says so to those who ask. */
	if (node->kind == OVERLAY_DIR && out->links)
		out->links = 1;
	return 0;
}

int cow_stat(struct cow_fs *fs, struct overlay_node *node, struct cow_stat *out)
{
	struct stat st;
	int r = 0;

	*out = (struct cow_stat){ .attr = node->attr,
				  .links = overlay_link_count(node) };
	out->attr.ino = cow_node_ino(node);
	if (!node->pinned && !node->own && node->lower) {
		r = cow_lower_stat(fs, node, &st);
		return r < 0 ? r : cow_stat_found(fs, node, &st, out);
	}
	if (node->kind == OVERLAY_FILE && node->own)
		r = stat_own_file(fs, node, out);
	else if (node->lower && node->kind != OVERLAY_SYMLINK)
		stat_shown(fs, node, out);
	if (node->target)
		out->attr.size = strlen(node->target);
	return r;
}

uint64_t cow_node_ino(const struct overlay_node *node)
{
	return node->attr.ino ? node->attr.ino : FS_INO_NEW | node->id;
}

static const uint32_t kind_types[] = {
	[OVERLAY_FILE] = S_IFREG,    [OVERLAY_DIR] = S_IFDIR,
	[OVERLAY_SYMLINK] = S_IFLNK, [OVERLAY_FIFO] = S_IFIFO,
	[OVERLAY_SOCKET] = S_IFSOCK,
};
static_assert(ARRAY_SIZE(kind_types) == OVERLAY_KIND_COUNT,
	      "kind_types[] and enum overlay_kind differ");

uint32_t cow_type(const struct overlay_node *node)
{
	return kind_types[node->kind];
}

static void put_time(int64_t ns, uint64_t *sec, uint32_t *nsec)
{
	struct timespec ts = cow_timespec(ns);

	*sec = (uint64_t)ts.tv_sec;
	*nsec = (uint32_t)ts.tv_nsec;
}

void cow_fuse_attr(const struct overlay_node *node, const struct cow_stat *st,
		   struct fuse_attr *out)
{
	*out = (struct fuse_attr){
		.ino = st->attr.ino,
		.size = st->attr.size,
		.blocks = st->blocks,
		.mode = cow_type(node) | st->attr.mode,
		.nlink = st->links,
		.uid = st->attr.uid,
		.gid = st->attr.gid,
		.blksize = FS_BLOCK_SIZE,
	};
	put_time(st->attr.atime_ns, &out->atime, &out->atimensec);
	put_time(st->attr.mtime_ns, &out->mtime, &out->mtimensec);
	put_time(st->attr.ctime_ns, &out->ctime, &out->ctimensec);
}

static int answer(struct cow_fs *fs, struct overlay_node *node,
		  struct fuse_attr_out *out)
{
	struct cow_stat st;
	int r = cow_stat(fs, node, &st);

	if (r < 0)
		return r;
	*out = (struct fuse_attr_out){ .attr_valid = cow_attr_valid(node) };
	cow_fuse_attr(node, &st, &out->attr);
	return 0;
}

int cow_getattr(struct fs *base, uint64_t id, struct fuse_attr_out *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find(fs, id, &node);

	return r < 0 ? r : answer(fs, node, out);
}

void cow_touch_node(struct overlay_node *node)
{
	struct overlay_attr attr = node->attr;

	attr.ctime_ns = cow_now_ns();
	overlay_touch(node, &attr);
}

void cow_touch_dir(struct overlay_node *dir)
{
	struct overlay_attr attr = dir->attr;

	attr.ctime_ns = cow_now_ns();
	attr.mtime_ns = attr.ctime_ns;
	overlay_touch(dir, &attr);
}

int cow_kill_priv(struct cow_fs *fs, struct overlay_node *node)
{
	struct overlay_attr attr = node->attr;

	attr.mode = fs_attr_without_privileges(attr.mode);
	if (attr.mode == node->attr.mode)
		return 0;
	return overlay_set_attr(fs->overlay, node, &attr);
}

int cow_truncate(struct cow_fs *fs, struct overlay_node *node, uint64_t size)
{
	int r, fd;

	if (node->kind != OVERLAY_FILE)
		return node->kind == OVERLAY_DIR ? -EISDIR : -EINVAL;
	if (size > INT64_MAX)
		return -EFBIG;
	r = cow_content_take(fs, node, /* keep */ size > 0);
	if (!r)
		r = cow_in_slot(fs, node);
	if (r < 0)
		return r;
	if (r && cow_slot_fits(fs, node, size))
		return cow_slot_resize(fs, node, size);
	fd = cow_content_object(fs, node);
	if (fd < 0)
		return fd;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static bool sets_times(uint32_t valid)
{
	return valid &
	       (FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW);
}

static void change_times(const struct fuse_setattr_in *in,
			 struct overlay_attr *attr)
{
	if (in->valid & FATTR_ATIME_NOW)
		attr->atime_ns = attr->ctime_ns;
	else if (in->valid & FATTR_ATIME)
		attr->atime_ns = to_ns((int64_t)in->atime, in->atimensec);
	if (in->valid & FATTR_MTIME_NOW)
		attr->mtime_ns = attr->ctime_ns;
	else if (in->valid & FATTR_MTIME)
		attr->mtime_ns = to_ns((int64_t)in->mtime, in->mtimensec);
}

static void change(const struct overlay_node *node,
		   const struct fuse_setattr_in *in, struct overlay_attr *attr)
{
	bool chown = in->valid & (FATTR_UID | FATTR_GID);

	attr->ctime_ns = cow_now_ns();
	if (in->valid & FATTR_MODE)
		attr->mode = in->mode & MODE_BITS;
	if (in->valid & FATTR_UID)
		attr->uid = in->uid;
	if (in->valid & FATTR_GID)
		attr->gid = in->gid;
	if (node->kind == OVERLAY_FILE &&
	    (in->valid & FATTR_KILL_SUIDGID ||
	     (chown && !(in->valid & FATTR_MODE))))
		attr->mode = fs_attr_without_privileges(attr->mode);
	change_times(in, attr);
}

static int set_attr(struct cow_fs *fs, struct overlay_node *node,
		    const struct fuse_setattr_in *in)
{
	struct timespec times[2];
	struct cow_stat st;
	int r;

	if (in->valid & FATTR_SIZE) {
		r = cow_truncate(fs, node, in->size);
		if (r < 0)
			return r;
	}
	r = cow_stat(fs, node, &st);
	if (r < 0)
		return r;
	change(node, in, &st.attr);
	r = overlay_set_attr(fs->overlay, node, &st.attr);
	if (r < 0 || !sets_times(in->valid) || node->kind != OVERLAY_FILE ||
	    !node->own)
		return r;
	times[0] = cow_timespec(st.attr.atime_ns);
	times[1] = cow_timespec(st.attr.mtime_ns);
	r = cow_in_slot(fs, node);
	if (r < 0)
		return r;
	return r ? cow_slot_times(fs, node, times)
		 : cow_object_times(fs, node->id, times);
}

#define CHANGES                                                          \
	(FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE | FATTR_ATIME | \
	 FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW | FATTR_CTIME | \
	 FATTR_KILL_SUIDGID)

int cow_setattr(struct fs *base, const struct fs_caller *who unused,
		uint64_t id, const struct fuse_setattr_in *in,
		struct fuse_attr_out *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find(fs, id, &node);

	if (r < 0)
		return r;
	if (fs->cfg.read_only)
		return -EROFS;
	if (in->atimensec >= NS_PER_S || in->mtimensec >= NS_PER_S)
		return -EINVAL;
	if (in->valid & CHANGES) {
		r = set_attr(fs, node, in);
		if (r < 0)
			return r;
	}
	return answer(fs, node, out);
}
