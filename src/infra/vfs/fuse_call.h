/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_call.h - one request on its way through the server, and the functions
 * that carry it out. Private to fuse_server.c and fuse_call_*.c.
 */
#ifndef BBOX_INFRA_VFS_FUSE_CALL_H
#define BBOX_INFRA_VFS_FUSE_CALL_H

#include "infra/vfs/fs_ops.h"
#include "infra/vfs/fuse_decode.h"
#include "infra/vfs/vhost_user.h"

/* Bytes; also XATTR_SIZE_MAX and XATTR_LIST_MAX. */
#define FUSE_SCRATCH_SIZE ((size_t)64 * 1024)

struct fuse_create_out {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

union fuse_result {
	struct fuse_init_out init;
	struct fuse_entry_out entry;
	struct fuse_create_out create;
	struct fuse_attr_out attr;
	struct fuse_open_out open;
	struct fuse_write_out write;
	struct fuse_statfs_out statfs;
	struct fuse_getxattr_out getxattr;
	struct fuse_lseek_out lseek;
};

enum fuse_answer_place {
	FUSE_ANSWER_RESULT,  /* fuse_call.result */
	FUSE_ANSWER_SCRATCH, /* fuse_call.scratch */
	FUSE_ANSWER_WRITTEN, /* already where the guest wants it */
};

struct fuse_call {
	struct fuse_message m;
	uint64_t node;	      /* the header's */
	struct fs_caller who; /* the header's */
	struct fuse_iov room; /* for the answer, behind its header */

	enum fuse_answer_place place;
	union fuse_result result; /* zeros at first */
	char scratch[FUSE_SCRATCH_SIZE];
	struct iovec pieces[VHOST_REQUEST_IOV_MAX];
};

/*
 * Carries out a request whose form is right. The operation of @fs is there.
 * Returns the bytes of the answer, in @call->place, or a negative errno.
 */
typedef ssize_t fuse_call_fn(struct fs *fs, struct fuse_call *call);

/* fuse_call_name.c: what names and what nodes are. */
fuse_call_fn fuse_call_lookup, fuse_call_getattr, fuse_call_setattr,
	fuse_call_readlink, fuse_call_symlink, fuse_call_mknod, fuse_call_mkdir,
	fuse_call_create, fuse_call_tmpfile, fuse_call_unlink, fuse_call_rmdir,
	fuse_call_rename, fuse_call_rename2, fuse_call_link;

/* fuse_call_data.c: what is in them. */
fuse_call_fn fuse_call_read, fuse_call_write, fuse_call_release,
	fuse_call_fsync, fuse_call_fallocate, fuse_call_lseek,
	fuse_call_copy_file_range, fuse_call_opendir, fuse_call_readdir,
	fuse_call_readdirplus, fuse_call_releasedir, fuse_call_statfs,
	fuse_call_syncfs;

/* fuse_call_xattr.c */
fuse_call_fn fuse_call_setxattr, fuse_call_getxattr, fuse_call_listxattr,
	fuse_call_removexattr;

#endif /* BBOX_INFRA_VFS_FUSE_CALL_H */
