// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_server.c - speak FUSE with a guest's kernel on behalf of a file system.
 *
 * Theory of operation
 *
 * A table says of each operation what form its request has, how much room its
 * answer needs and what the file system must offer. Requests go through the
 * same steps: copy the header, find the row, copy and check the rest
 * (fuse_decode.c), carry out (fuse_call_*.c), write the answer. Each step
 * before the last but one may refuse, and then the file system hears nothing.
 *
 * Operations without a row are answered with ENOSYS, which Linux remembers and
 * deals with itself. On purpose without are OPEN and FLUSH (there are no
 * handles, and data never waits for a close), ACCESS (the guest's kernel
 * checks permissions), GETLK, SETLK and SETLKW (locks are the guest's own),
 * BMAP, IOCTL, POLL, STATX (GETATTR does it), SETUPMAPPING and REMOVEMAPPING
 * (there is no DAX window).
 *
 * Source: <linux/fuse.h>; what the kernel sends is fs/fuse/ of Linux 6.1.
 */
#include "infra/vfs/fuse_server.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "infra/vfs/fuse_call.h"
#include "infra/vfs/fuse_init.h"

#define FORGETS_MAX UINT32_C(65536) /* in one BATCH_FORGET */
#define ERRNO_MAX   511		    /* Linux takes no larger one from FUSE */
#define LOG_LINES   32U		    /* the guest may mount again and again */

struct fuse_server {
	struct fs *fs;	 /* borrowed */
	bool shared;	 /* as in the configuration */
	struct log *log; /* borrowed */
	unsigned int log_lines;
	struct fuse_session session;
	struct fuse_call call; /* the one that is going on */
};

enum op_flags {
	OP_NO_ANSWER = 1 << 0,
	OP_NO_NODE = 1 << 1,  /* the header's node means nothing */
	OP_ANY_TIME = 1 << 2, /* also before INIT */
	OP_OURS = 1 << 3,     /* needs nothing of the file system */
};

struct fuse_op {
	fuse_call_fn *carry_out; /* NULL: not implemented */
	size_t needs;		 /* offset in struct fs_ops */
	struct fuse_shape shape;
	size_t answer;	    /* bytes of room that it needs at least */
	unsigned int flags; /* enum op_flags */
};

static struct fuse_server *server_of(struct fuse_call *call)
{
	return container_of(call, struct fuse_server, call);
}

static void end_session(struct fuse_server *s)
{
	if (s->session.ready && s->fs->ops->reset)
		s->fs->ops->reset(s->fs);
	s->session = (struct fuse_session){ .ready = false };
}

static ssize_t do_init(struct fs *fs unused, struct fuse_call *call)
{
	struct fuse_server *s = server_of(call);
	const struct fuse_init_in *in = &call->m.args.init;
	int r;

	/* A guest that was reset did not say goodbye. */
	end_session(s);
	r = fuse_init_agree(in, &call->result.init, &s->session);
	/* What it has cached goes when size or time are other ones. */
	if (s->session.ready && s->shared)
		call->result.init.flags |= in->flags & FUSE_AUTO_INVAL_DATA;
	if (s->log_lines < LOG_LINES) {
		s->log_lines++;
		log_info(s->log, "fuse: guest speaks %u.%u, flags 0x%x 0x%x%s",
			 in->major, in->minor, in->flags, in->flags2,
			 s->session.ready ? "" : ", refused");
	}
	return r < 0 ? r : (ssize_t)sizeof(call->result.init);
}

static ssize_t do_destroy(struct fs *fs unused, struct fuse_call *call)
{
	end_session(server_of(call));
	return 0;
}

/* One call at a time: what the guest wants to interrupt is done. */
static ssize_t do_interrupt(struct fs *fs unused, struct fuse_call *call unused)
{
	return 0;
}

static ssize_t do_forget(struct fs *fs, struct fuse_call *call)
{
	fs->ops->forget(fs, call->node, call->m.args.forget.nlookup);
	return 0;
}

static ssize_t do_batch_forget(struct fs *fs, struct fuse_call *call)
{
	uint32_t count = call->m.args.batch_forget.count;
	struct fuse_forget_one one;

	/* All or none: what does not add up says nothing. */
	if (count > FORGETS_MAX || call->m.data.left != count * sizeof(one))
		return -EINVAL;
	while (fuse_iov_take(&call->m.data, &one, sizeof(one))) {
		if (one.nodeid)
			fs->ops->forget(fs, one.nodeid, one.nlookup);
	}
	return 0;
}

#define NEEDS(member)  .needs = offsetof(struct fs_ops, member)
#define ARGS(member)   .args = sizeof(((union fuse_args *)NULL)->member)
#define ANSWER(member) .answer = sizeof(((union fuse_result *)NULL)->member)
#define STRINGS(...)   .strings = { __VA_ARGS__ }
#define NAME	       FUSE_STRING_NAME

/* clang-format off */
static const struct fuse_op ops[] = {
	[FUSE_INIT] = { do_init,
		.shape = { ARGS(init), .args_min = FUSE_INIT_IN_MIN,
			   .has_data = true }, ANSWER(init),
		.flags = OP_NO_NODE | OP_ANY_TIME | OP_OURS },
	[FUSE_DESTROY] = { do_destroy,
		.flags = OP_NO_NODE | OP_ANY_TIME | OP_OURS },
	[FUSE_INTERRUPT] = { do_interrupt,
		.shape = { .args = sizeof(struct fuse_interrupt_in) },
		.flags = OP_NO_ANSWER | OP_NO_NODE | OP_OURS },
	[FUSE_FORGET] = { do_forget, NEEDS(forget),
		.shape = { ARGS(forget) }, .flags = OP_NO_ANSWER },
	[FUSE_BATCH_FORGET] = { do_batch_forget, NEEDS(forget),
		.shape = { ARGS(batch_forget), .has_data = true },
		.flags = OP_NO_ANSWER | OP_NO_NODE },

	[FUSE_LOOKUP] = { fuse_call_lookup, NEEDS(lookup),
		.shape = { STRINGS(NAME) }, ANSWER(entry) },
	[FUSE_GETATTR] = { fuse_call_getattr, NEEDS(getattr),
		.shape = { ARGS(getattr) }, ANSWER(attr) },
	[FUSE_SETATTR] = { fuse_call_setattr, NEEDS(setattr),
		.shape = { ARGS(setattr) }, ANSWER(attr) },
	[FUSE_READLINK] = { fuse_call_readlink, NEEDS(readlink) },
	[FUSE_SYMLINK] = { fuse_call_symlink, NEEDS(symlink),
		.shape = { STRINGS(NAME, FUSE_STRING_TARGET) },
		ANSWER(entry) },
	[FUSE_MKNOD] = { fuse_call_mknod, NEEDS(mknod),
		.shape = { ARGS(mknod), STRINGS(NAME) }, ANSWER(entry) },
	[FUSE_MKDIR] = { fuse_call_mkdir, NEEDS(mkdir),
		.shape = { ARGS(mkdir), STRINGS(NAME) }, ANSWER(entry) },
	[FUSE_CREATE] = { fuse_call_create, NEEDS(create),
		.shape = { ARGS(create), STRINGS(NAME) }, ANSWER(create) },
	/* The name that comes with it is "/", and means nothing. */
	[FUSE_TMPFILE] = { fuse_call_tmpfile, NEEDS(tmpfile),
		.shape = { ARGS(create), STRINGS(FUSE_STRING_ANY) },
		ANSWER(create) },
	[FUSE_UNLINK] = { fuse_call_unlink, NEEDS(unlink),
		.shape = { STRINGS(NAME) } },
	[FUSE_RMDIR] = { fuse_call_rmdir, NEEDS(rmdir),
		.shape = { STRINGS(NAME) } },
	[FUSE_RENAME] = { fuse_call_rename, NEEDS(rename),
		.shape = { ARGS(rename), STRINGS(NAME, NAME) } },
	[FUSE_RENAME2] = { fuse_call_rename2, NEEDS(rename),
		.shape = { ARGS(rename2), STRINGS(NAME, NAME) } },
	[FUSE_LINK] = { fuse_call_link, NEEDS(link),
		.shape = { ARGS(link), STRINGS(NAME) }, ANSWER(entry) },

	[FUSE_READ] = { fuse_call_read, NEEDS(read),
		.shape = { ARGS(read) } },
	[FUSE_WRITE] = { fuse_call_write, NEEDS(write),
		.shape = { ARGS(write), .has_data = true }, ANSWER(write) },
	[FUSE_RELEASE] = { fuse_call_release,
		.shape = { ARGS(release) }, .flags = OP_OURS },
	[FUSE_FSYNC] = { fuse_call_fsync, NEEDS(fsync),
		.shape = { ARGS(fsync) } },
	[FUSE_FSYNCDIR] = { fuse_call_fsync, NEEDS(fsync),
		.shape = { ARGS(fsync) } },
	[FUSE_FALLOCATE] = { fuse_call_fallocate, NEEDS(fallocate),
		.shape = { ARGS(fallocate) } },
	[FUSE_LSEEK] = { fuse_call_lseek, NEEDS(lseek),
		.shape = { ARGS(lseek) }, ANSWER(lseek) },
	[FUSE_COPY_FILE_RANGE] = { fuse_call_copy_file_range,
		NEEDS(copy_file_range), .shape = { ARGS(copy) },
		ANSWER(write) },

	[FUSE_OPENDIR] = { fuse_call_opendir, NEEDS(opendir),
		.shape = { ARGS(open) }, ANSWER(open) },
	[FUSE_READDIR] = { fuse_call_readdir, NEEDS(readdir),
		.shape = { ARGS(read) } },
	[FUSE_READDIRPLUS] = { fuse_call_readdirplus, NEEDS(readdir),
		.shape = { ARGS(read) } },
	[FUSE_RELEASEDIR] = { fuse_call_releasedir, NEEDS(releasedir),
		.shape = { ARGS(release) } },

	[FUSE_STATFS] = { fuse_call_statfs, NEEDS(statfs), ANSWER(statfs) },
	[FUSE_SYNCFS] = { fuse_call_syncfs, NEEDS(syncfs),
		.shape = { ARGS(syncfs) } },
	[FUSE_SETXATTR] = { fuse_call_setxattr, NEEDS(setxattr),
		.shape = { ARGS(setxattr), STRINGS(FUSE_STRING_XATTR),
			   .has_data = true } },
	[FUSE_GETXATTR] = { fuse_call_getxattr, NEEDS(getxattr),
		.shape = { ARGS(getxattr), STRINGS(FUSE_STRING_XATTR) } },
	[FUSE_LISTXATTR] = { fuse_call_listxattr, NEEDS(listxattr),
		.shape = { ARGS(getxattr) } },
	[FUSE_REMOVEXATTR] = { fuse_call_removexattr, NEEDS(removexattr),
		.shape = { STRINGS(FUSE_STRING_XATTR) } },
};
/* clang-format on */

/* Of a kernel that did not agree to SETXATTR_EXT. */
static const struct fuse_shape short_setxattr = {
	.args = FUSE_COMPAT_SETXATTR_IN_SIZE,
	.strings = { FUSE_STRING_XATTR },
	.has_data = true,
};

static const struct fuse_op *find_op(uint32_t opcode)
{
	if (opcode >= ARRAY_SIZE(ops) || !ops[opcode].carry_out)
		return NULL;
	return &ops[opcode];
}

static bool fs_offers(const struct fs_ops *fs_ops, size_t member)
{
	void (*function)(void);

	static_assert(sizeof(function) == sizeof(fs_ops->lookup),
		      "all pointers to functions look alike");
	memcpy(&function, (const char *)fs_ops + member, sizeof(function));
	return function;
}

static ssize_t carry_out(struct fuse_server *s, const struct fuse_op *op)
{
	struct fuse_call *call = &s->call;
	const struct fuse_shape *shape;
	int r;

	if (!s->session.ready && !(op && op->flags & OP_ANY_TIME))
		return -EIO;
	if (!op)
		return -ENOSYS;
	if (!call->node && !(op->flags & OP_NO_NODE))
		return -EINVAL;
	if (op->answer > call->room.left)
		return -EIO;
	if (!(op->flags & OP_OURS) && !fs_offers(s->fs->ops, op->needs))
		return -ENOSYS;
	shape = &op->shape;
	if (op == &ops[FUSE_SETXATTR] && !s->session.setxattr_ext)
		shape = &short_setxattr;
	r = fuse_decode_body(shape, &call->m);
	if (r < 0)
		return r;
	return op->carry_out(s->fs, call);
}

static void begin_call(struct fuse_call *call)
{
	const struct fuse_in_header *header = &call->m.header;

	call->node = header->nodeid;
	call->who = (struct fs_caller){ .uid = header->uid,
					.gid = header->gid,
					.pid = header->pid };
	call->place = FUSE_ANSWER_RESULT;
	/* No bytes of ours, or of an earlier answer, reach the guest. */
	memset(&call->result, 0, sizeof(call->result));
}

static size_t write_answer(struct fuse_call *call, struct fuse_iov out,
			   ssize_t r)
{
	struct fuse_out_header header = { .unique = call->m.header.unique };
	bool fits;

	if (r < -ERRNO_MAX || (r > 0 && (size_t)r > call->room.left))
		r = -EIO;
	if (r < 0)
		header.error = (int32_t)r;
	header.len = (uint32_t)(sizeof(header) + (r > 0 ? (size_t)r : 0));
	fits = fuse_iov_put(&out, &header, sizeof(header));
	if (r > 0 && call->place == FUSE_ANSWER_RESULT) {
		assert((size_t)r <= sizeof(call->result));
		fits = fits && fuse_iov_put(&out, &call->result, (size_t)r);
	} else if (r > 0 && call->place == FUSE_ANSWER_SCRATCH) {
		assert((size_t)r <= sizeof(call->scratch));
		fits = fits && fuse_iov_put(&out, call->scratch, (size_t)r);
	}
	return fits ? header.len : 0;
}

size_t fuse_server_handle(void *server, const struct vhost_request *request)
{
	struct fuse_server *s = server;
	struct fuse_call *call = &s->call;
	struct fuse_iov in =
		FUSE_IOV(request->in, request->in_count, request->in_len);
	struct fuse_iov out =
		FUSE_IOV(request->out, request->out_count, request->out_len);
	ssize_t r = fuse_decode_header(&in, &call->m);
	const struct fuse_op *op = find_op(call->m.header.opcode);
	bool answers = !(op && op->flags & OP_NO_ANSWER);

	call->room = out;
	/* Nothing is done that could not be answered. */
	if (answers &&
	    !fuse_iov_skip(&call->room, sizeof(struct fuse_out_header)))
		return 0;
	begin_call(call);
	if (r == 0)
		r = carry_out(s, op);
	return answers ? write_answer(call, out, r) : 0;
}

struct fuse_server *fuse_server_new(struct fs *fs,
				    const struct fuse_server_config *config)
{
	struct fuse_server *s = xcalloc(1, sizeof(*s));

	s->fs = fs;
	s->log = config->log;
	s->shared = config->shared;
	return s;
}

void fuse_server_free(struct fuse_server *s)
{
	free(s);
}
