// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_call_data.c - requests for the content of files and directories.
 *
 * Data goes straight between the guest's memory and the file system: there is
 * nothing in it that we would have to check.
 */
#include <errno.h>
#include <unistd.h>

#include "infra/vfs/fuse_call.h"
#include "infra/vfs/fuse_dir.h"
#include "infra/vfs/fuse_init.h"

#define COPY_MAX UINT64_C(0x7ffff000) /* bytes, as MAX_RW_COUNT of Linux */

static bool range_is_valid(uint64_t offset, uint64_t len)
{
	return offset <= INT64_MAX && len <= INT64_MAX - offset;
}

ssize_t fuse_call_read(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_read_in *in = &call->m.args.read;
	size_t size = in->size;
	ssize_t r;
	int n;

	if (size > FUSE_DATA_MAX || in->offset > INT64_MAX)
		return -EINVAL;
	if (size > call->room.left)
		return -EIO;
	/* The last page of the largest file ends behind the largest offset. */
	if (size > INT64_MAX - in->offset)
		size = (size_t)(INT64_MAX - in->offset);
	n = fuse_iov_slice(&call->room, size, call->pieces);
	r = fs->ops->read(fs, call->node, call->pieces, n, in->offset);
	assert(r <= (ssize_t)size);
	call->place = FUSE_ANSWER_WRITTEN;
	return r;
}

ssize_t fuse_call_write(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_write_in *in = &call->m.args.write;
	ssize_t r;
	int n;

	if (in->size > FUSE_DATA_MAX || in->size != call->m.data.left)
		return -EINVAL;
	if (!range_is_valid(in->offset, in->size))
		return -EFBIG;
	n = fuse_iov_slice(&call->m.data, in->size, call->pieces);
	r = fs->ops->write(fs, call->node, call->pieces, n, in->offset,
			   in->write_flags & FUSE_WRITE_KILL_SUIDGID);
	if (r < 0)
		return r;
	assert(r <= (ssize_t)in->size);
	call->result.write.size = (uint32_t)r;
	return sizeof(call->result.write);
}

/* Comes for files that CREATE opened before OPEN was first refused. */
ssize_t fuse_call_release(struct fs *fs unused, struct fuse_call *call unused)
{
	return 0;
}

ssize_t fuse_call_fsync(struct fs *fs, struct fuse_call *call)
{
	return fs->ops->fsync(fs, call->node,
			      call->m.args.fsync.fsync_flags &
				      FUSE_FSYNC_FDATASYNC);
}

ssize_t fuse_call_fallocate(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_fallocate_in *in = &call->m.args.fallocate;

	if (!in->length)
		return -EINVAL;
	if (!range_is_valid(in->offset, in->length))
		return -EFBIG;
	return fs->ops->fallocate(fs, call->node, in->mode, in->offset,
				  in->length);
}

ssize_t fuse_call_lseek(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_lseek_in *in = &call->m.args.lseek;
	int r;

	if ((in->whence != SEEK_DATA && in->whence != SEEK_HOLE) ||
	    in->offset > INT64_MAX)
		return -EINVAL;
	r = fs->ops->lseek(fs, call->node, in->offset, in->whence,
			   &call->result.lseek.offset);
	return r < 0 ? r : (ssize_t)sizeof(call->result.lseek);
}

ssize_t fuse_call_copy_file_range(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_copy_file_range_in *in = &call->m.args.copy;
	uint64_t len = in->len;
	ssize_t r;

	/* A shorter copy is an answer, too; ours has 32 bits. */
	if (len > COPY_MAX)
		len = COPY_MAX;
	if (!in->nodeid_out || in->flags || !range_is_valid(in->off_in, len) ||
	    !range_is_valid(in->off_out, len))
		return -EINVAL;
	r = fs->ops->copy_file_range(fs, call->node, in->off_in, in->nodeid_out,
				     in->off_out, len);
	if (r < 0)
		return r;
	assert((uint64_t)r <= len);
	call->result.write.size = (uint32_t)r;
	return sizeof(call->result.write);
}

ssize_t fuse_call_opendir(struct fs *fs, struct fuse_call *call)
{
	struct fuse_open_out *out = &call->result.open;
	int r = fs->ops->opendir(fs, call->node, &out->fh, &out->open_flags);

	return r < 0 ? r : (ssize_t)sizeof(*out);
}

static ssize_t list_directory(struct fs *fs, struct fuse_call *call, bool plus)
{
	const struct fuse_read_in *in = &call->m.args.read;
	size_t size = in->size;
	struct fuse_dir dir;
	int r;

	if (size > FUSE_DATA_MAX)
		return -EINVAL;
	if (size > call->room.left)
		size = call->room.left;
	if (size > sizeof(call->scratch))
		size = sizeof(call->scratch);
	fuse_dir_init(&dir, plus, call->scratch, size);
	r = fs->ops->readdir(fs, call->node, in->fh, in->offset, &dir.sink);
	/* Entries that were taken count as looked up: they must be told. */
	if (r < 0 && !dir.len)
		return r;
	/* An empty answer means the end, which this is not. */
	if (!dir.len && dir.full)
		return -EINVAL;
	call->place = FUSE_ANSWER_SCRATCH;
	return (ssize_t)dir.len;
}

ssize_t fuse_call_readdir(struct fs *fs, struct fuse_call *call)
{
	return list_directory(fs, call, /* plus */ false);
}

ssize_t fuse_call_readdirplus(struct fs *fs, struct fuse_call *call)
{
	return list_directory(fs, call, /* plus */ true);
}

ssize_t fuse_call_releasedir(struct fs *fs, struct fuse_call *call)
{
	fs->ops->releasedir(fs, call->node, call->m.args.release.fh);
	return 0;
}

ssize_t fuse_call_statfs(struct fs *fs, struct fuse_call *call)
{
	int r = fs->ops->statfs(fs, &call->result.statfs.st);

	return r < 0 ? r : (ssize_t)sizeof(call->result.statfs);
}

ssize_t fuse_call_syncfs(struct fs *fs, struct fuse_call *call unused)
{
	return fs->ops->syncfs(fs);
}
