// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_call_xattr.c - requests about extended attributes.
 */
#include <errno.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "infra/vfs/fuse_call.h"

static_assert(FUSE_SCRATCH_SIZE >= XATTR_SIZE_MAX &&
		      FUSE_SCRATCH_SIZE >= XATTR_LIST_MAX,
	      "values and lists have room");

ssize_t fuse_call_setxattr(struct fs *fs, struct fuse_call *call)
{
	const struct fuse_setxattr_in *in = &call->m.args.setxattr;
	size_t size = in->size;

	if (size != call->m.data.left ||
	    (in->flags && in->flags != XATTR_CREATE &&
	     in->flags != XATTR_REPLACE))
		return -EINVAL;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	/* The file system may judge the value: it gets our copy. */
	if (!fuse_iov_take(&call->m.data, call->scratch, size))
		return -EINVAL;
	return fs->ops->setxattr(
		fs, call->node, call->m.text[0],
		(struct span){ .p = call->scratch, .len = size }, in->flags);
}

/* The room that is really there; 0 only asks for the length. */
static int answer_size(const struct fuse_call *call, size_t *out)
{
	size_t size = call->m.args.getxattr.size;

	if (size > FUSE_SCRATCH_SIZE)
		size = FUSE_SCRATCH_SIZE;
	if (size > call->room.left)
		return -ERANGE;
	*out = size;
	return 0;
}

static ssize_t value_answer(struct fuse_call *call, size_t size, ssize_t r)
{
	if (r < 0)
		return r;
	if (!size) {
		call->result.getxattr.size = (uint32_t)r;
		return sizeof(call->result.getxattr);
	}
	assert((size_t)r <= size);
	call->place = FUSE_ANSWER_SCRATCH;
	return r;
}

ssize_t fuse_call_getxattr(struct fs *fs, struct fuse_call *call)
{
	size_t size;
	int r = answer_size(call, &size);

	if (r < 0)
		return r;
	return value_answer(call, size,
			    fs->ops->getxattr(fs, call->node, call->m.text[0],
					      call->scratch, size));
}

ssize_t fuse_call_listxattr(struct fs *fs, struct fuse_call *call)
{
	size_t size;
	int r = answer_size(call, &size);

	if (r < 0)
		return r;
	return value_answer(
		call, size,
		fs->ops->listxattr(fs, call->node, call->scratch, size));
}

ssize_t fuse_call_removexattr(struct fs *fs, struct fuse_call *call)
{
	return fs->ops->removexattr(fs, call->node, call->m.text[0]);
}
