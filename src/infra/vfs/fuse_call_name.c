// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_call_name.c - requests about names, and about the attributes of nodes.
 */
#include <errno.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include "infra/vfs/fuse_call.h"

#define PERMISSION_BITS UINT32_C(07777)
#define NSEC_PER_SEC	1000000000U
#define ID_NONE		UINT32_MAX /* "no change" in chown(2) */

#define FATTR_KNOWN                                                          \
	((uint32_t)(FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE |        \
		    FATTR_ATIME | FATTR_MTIME | FATTR_FH | FATTR_ATIME_NOW | \
		    FATTR_MTIME_NOW | FATTR_LOCKOWNER | FATTR_CTIME |        \
		    FATTR_KILL_SUIDGID))

static ssize_t entry_answer(const struct fuse_call *call, int r)
{
	return r < 0 ? r : (ssize_t)sizeof(call->result.entry);
}

static ssize_t attr_answer(const struct fuse_call *call, int r)
{
	return r < 0 ? r : (ssize_t)sizeof(call->result.attr);
}

static bool mode_is_valid(uint32_t mode)
{
	return !(mode & ~((uint32_t)S_IFMT | PERMISSION_BITS));
}

ssize_t fuse_call_lookup(struct fs *fs, struct fuse_call *call)
{
	return entry_answer(call,
			    fs->ops->lookup(fs, call->node, call->m.text[0],
					    &call->result.entry));
}

ssize_t fuse_call_getattr(struct fs *fs, struct fuse_call *call)
{
	return attr_answer(
		call, fs->ops->getattr(fs, call->node, &call->result.attr));
}

static bool setattr_is_valid(const struct fuse_setattr_in *in)
{
	uint32_t valid = in->valid;

	return !(valid & ~FATTR_KNOWN) &&
	       (!(valid & FATTR_MODE) || mode_is_valid(in->mode)) &&
	       (!(valid & FATTR_UID) || in->uid != ID_NONE) &&
	       (!(valid & FATTR_GID) || in->gid != ID_NONE) &&
	       (!(valid & FATTR_SIZE) || in->size <= INT64_MAX) &&
	       (!(valid & FATTR_ATIME) || in->atimensec < NSEC_PER_SEC) &&
	       (!(valid & FATTR_MTIME) || in->mtimensec < NSEC_PER_SEC) &&
	       (!(valid & FATTR_CTIME) || in->ctimensec < NSEC_PER_SEC);
}

ssize_t fuse_call_setattr(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_setattr_in *in = &call->m.args.setattr;

	if (!setattr_is_valid(in))
		return -EINVAL;
	return attr_answer(call, fs->ops->setattr(fs, &call->who, call->node,
						  in, &call->result.attr));
}

ssize_t fuse_call_readlink(struct fs *fs, struct fuse_call *call)
{
	call->place = FUSE_ANSWER_SCRATCH;
	return fs->ops->readlink(fs, call->node, call->scratch, FUSE_TEXT_MAX);
}

ssize_t fuse_call_symlink(struct fs *fs, struct fuse_call *call)
{
	return entry_answer(call,
			    fs->ops->symlink(fs, &call->who, call->node,
					     call->m.text[0], call->m.text[1],
					     &call->result.entry));
}

ssize_t fuse_call_mknod(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_mknod_in *in = &call->m.args.mknod;

	if (!mode_is_valid(in->mode))
		return -EINVAL;
	switch (in->mode & S_IFMT) {
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		break;
	default:
		return -EINVAL;
	}
	return entry_answer(call,
			    fs->ops->mknod(fs, &call->who, call->node,
					   call->m.text[0], in->mode, in->rdev,
					   &call->result.entry));
}

ssize_t fuse_call_mkdir(struct fs *fs, struct fuse_call *call)
{
	uint32_t mode = call->m.args.mkdir.mode;

	if (!mode_is_valid(mode))
		return -EINVAL;
	return entry_answer(call, fs->ops->mkdir(fs, &call->who, call->node,
						 call->m.text[0],
						 mode & PERMISSION_BITS,
						 &call->result.entry));
}

/* The file that CREATE and TMPFILE open: as if OPEN were not implemented. */
static ssize_t create_answer(struct fuse_call *call, int r)
{
	if (r < 0)
		return r;
	call->result.create.open.open_flags = FOPEN_KEEP_CACHE;
	return sizeof(call->result.create);
}

ssize_t fuse_call_create(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_create_in *in = &call->m.args.create;

	if (!mode_is_valid(in->mode))
		return -EINVAL;
	return create_answer(call, fs->ops->create(fs, &call->who, call->node,
						   call->m.text[0],
						   in->mode & PERMISSION_BITS,
						   in->flags,
						   &call->result.create.entry));
}

ssize_t fuse_call_tmpfile(struct fs *fs, struct fuse_call *call)
{
	uint32_t mode = call->m.args.create.mode;

	if (!mode_is_valid(mode))
		return -EINVAL;
	return create_answer(call,
			     fs->ops->tmpfile(fs, &call->who, call->node,
					      mode & PERMISSION_BITS,
					      &call->result.create.entry));
}

ssize_t fuse_call_unlink(struct fs *fs, struct fuse_call *call)
{
	return fs->ops->unlink(fs, call->node, call->m.text[0]);
}

ssize_t fuse_call_rmdir(struct fs *fs, struct fuse_call *call)
{
	return fs->ops->rmdir(fs, call->node, call->m.text[0]);
}

static int rename_to(struct fs *fs, struct fuse_call *call, uint64_t to_dir,
		     uint32_t flags)
{
	/* At most one of them. */
	if (!to_dir ||
	    (flags && flags != RENAME_NOREPLACE && flags != RENAME_EXCHANGE))
		return -EINVAL;
	return fs->ops->rename(fs, call->node, call->m.text[0], to_dir,
			       call->m.text[1], flags);
}

ssize_t fuse_call_rename(struct fs *fs, struct fuse_call *call)
{
	return rename_to(fs, call, call->m.args.rename.newdir, 0);
}

ssize_t fuse_call_rename2(struct fs *fs, struct fuse_call *call)
{
	return rename_to(fs, call, call->m.args.rename2.newdir,
			 call->m.args.rename2.flags);
}

ssize_t fuse_call_link(struct fs *fs, struct fuse_call *call)
{
	uint64_t node = call->m.args.link.oldnodeid;

	if (!node)
		return -EINVAL;
	return entry_answer(call,
			    fs->ops->link(fs, node, call->node, call->m.text[0],
					  &call->result.entry));
}
