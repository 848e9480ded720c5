// SPDX-License-Identifier: Apache-2.0
/*
 * pass_attr.c - what stat(2) says in the guest, and changing it.
 */
#include "infra/vfs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "infra/vfs/fs_attr.h"

#define VALID_S	  1 /* how long the guest may believe it */
#define STAT_MASK (STATX_BASIC_STATS | STATX_BTIME)
#define MODE_BITS 07777U

/* What the guest may set; more stays only where it was. */
#define FILE_BITS 0777U
#define DIR_BITS  (0777U | S_ISVTX)

int pass_stat(int fd, struct statx *out)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STAT_MASK, out) <
			       0
		       ? -errno
		       : 0;
}

int pass_stat_at(int dirfd, const char *name, struct statx *out)
{
	return statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		     STAT_MASK, out) < 0
		       ? -errno
		       : 0;
}

uint64_t pass_dev(const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor);
}

uint64_t pass_ino(const struct pass_fs *fs, const struct statx *st)
{
	return fs_attr_ino(fs->dev, pass_dev(st), st->stx_ino);
}

void pass_fuse_attr(const struct pass_fs *fs, const struct statx *st,
		    struct fuse_attr *out)
{
	*out = (struct fuse_attr){
		.ino = pass_ino(fs, st),
		.size = st->stx_size,
		.blocks = st->stx_blocks,
		.atime = (uint64_t)st->stx_atime.tv_sec,
		.mtime = (uint64_t)st->stx_mtime.tv_sec,
		.ctime = (uint64_t)st->stx_ctime.tv_sec,
		.atimensec = st->stx_atime.tv_nsec,
		.mtimensec = st->stx_mtime.tv_nsec,
		.ctimensec = st->stx_ctime.tv_nsec,
		.mode = st->stx_mode,
		.nlink = st->stx_nlink,
		.uid = fs_attr_id(st->stx_uid, fs->cfg.host_uid),
		.gid = fs_attr_id(st->stx_gid, fs->cfg.host_gid),
		.blksize = FS_BLOCK_SIZE,
	};
}

static int answer(struct pass_fs *fs, struct pass_node *node,
		  struct fuse_attr_out *out)
{
	int fd = pass_fd(fs, node), r;
	struct statx st;

	if (fd < 0)
		return fd;
	r = pass_stat(fd, &st);
	if (r < 0)
		return r;
	*out = (struct fuse_attr_out){ .attr_valid = VALID_S };
	pass_fuse_attr(fs, &st, &out->attr);
	return 0;
}

int pass_getattr(struct fs *base, uint64_t id, struct fuse_attr_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node);

	return r < 0 ? r : answer(fs, node, out);
}

int pass_kill_priv(int fd)
{
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st) < 0)
		return -errno;
	mode = fs_attr_without_privileges(st.st_mode);
	if (mode == st.st_mode)
		return 0;
	return fchmod(fd, mode & MODE_BITS) < 0 ? -errno : 0;
}

/* Files belong to the user, and go on doing so. */
static int check_owner(const struct pass_fs *fs, const struct statx *st,
		       const struct fuse_setattr_in *in)
{
	struct fuse_attr attr;

	pass_fuse_attr(fs, st, &attr);
	if ((in->valid & FATTR_UID && in->uid != attr.uid) ||
	    (in->valid & FATTR_GID && in->gid != attr.gid))
		return -EPERM;
	return 0;
}

static int set_size(struct pass_fs *fs, struct pass_node *node, uint64_t size)
{
	int fd;

	if (!S_ISREG(node->is.type))
		return S_ISDIR(node->is.type) ? -EISDIR : -EINVAL;
	if (size > INT64_MAX)
		return -EFBIG;
	fd = pass_open(fs, node, PASS_WRITE);
	if (fd < 0)
		return fd;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

/* Whoever has the file open must be able to go on. */
static void open_before(struct pass_fs *fs, struct pass_node *node,
			uint32_t mode)
{
	if (!S_ISREG(node->is.type) || (mode & 0600U) == 0600U)
		return;
	if (pass_open(fs, node, PASS_READ | PASS_WRITE) < 0)
		/* Nor can anybody have it open like that. */
		discard(pass_open_any(fs, node));
}

static int set_mode(struct pass_fs *fs, struct pass_node *node,
		    const struct statx *st, uint32_t mode)
{
	bool is_dir = S_ISDIR(node->is.type);
	int fd;

	mode &= (is_dir ? DIR_BITS | (st->stx_mode & MODE_BITS) : FILE_BITS);
	open_before(fs, node, mode);
	fd = pass_open_any(fs, node);
	if (fd < 0)
		return fd;
	if (fchmod(fd, mode) < 0)
		return -errno;
	pass_lock(fs, node, !(mode & (is_dir ? S_IRUSR : S_IRUSR | S_IWUSR)));
	return 0;
}

static struct timespec time_of(uint32_t valid, uint32_t set, uint32_t now,
			       uint64_t sec, uint32_t nsec)
{
	if (valid & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	if (!(valid & set))
		return (struct timespec){ .tv_nsec = UTIME_OMIT };
	return (struct timespec){ .tv_sec = (time_t)sec, .tv_nsec = nsec };
}

static int set_times(struct pass_fs *fs, struct pass_node *node,
		     const struct fuse_setattr_in *in)
{
	const struct timespec times[2] = {
		time_of(in->valid, FATTR_ATIME, FATTR_ATIME_NOW, in->atime,
			in->atimensec),
		time_of(in->valid, FATTR_MTIME, FATTR_MTIME_NOW, in->mtime,
			in->mtimensec),
	};
	int fd = pass_fd(fs, node);

	if (fd < 0)
		return fd;
	return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* A change of nothing still leaves its time. */
static int drop_privileges(struct pass_fs *fs, struct pass_node *node,
			   const struct statx *st)
{
	uint32_t mode = fs_attr_without_privileges(st->stx_mode);
	int fd;

	if (!S_ISREG(node->is.type))
		return 0;
	fd = pass_open_any(fs, node);
	/* Nobody can be told that there is nothing to do. */
	if (fd < 0)
		return mode == st->stx_mode ? 0 : fd;
	return fchmod(fd, mode & MODE_BITS) < 0 ? -errno : 0;
}

static int change(struct pass_fs *fs, struct pass_node *node,
		  const struct fuse_setattr_in *in)
{
	int fd = pass_fd(fs, node), r;
	struct statx st;

	if (fd < 0)
		return fd;
	r = pass_stat(fd, &st);
	if (!r)
		r = check_owner(fs, &st, in);
	if (!r && in->valid & FATTR_SIZE)
		r = set_size(fs, node, in->size);
	if (!r && in->valid & FATTR_MODE)
		r = set_mode(fs, node, &st, in->mode);
	else if (!r && in->valid & (FATTR_KILL_SUIDGID | FATTR_UID | FATTR_GID))
		r = drop_privileges(fs, node, &st);
	if (!r && in->valid & (FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW |
			       FATTR_MTIME_NOW))
		r = set_times(fs, node, in);
	return r;
}

int pass_setattr(struct fs *base, const struct fs_caller *who unused,
		 uint64_t id, const struct fuse_setattr_in *in,
		 struct fuse_attr_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node);

	if (!r)
		r = change(fs, node, in);
	return r < 0 ? r : answer(fs, node, out);
}
