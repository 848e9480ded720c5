/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_decode.h - copy a FUSE request out of guest memory and check its form.
 *
 * A request is a header, arguments of a fixed size, up to two strings, and for
 * some operations data. A shape says what an operation expects; what does not
 * have exactly this form is refused.
 */
#ifndef BBOX_INFRA_VFS_FUSE_DECODE_H
#define BBOX_INFRA_VFS_FUSE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "infra/vfs/fuse_abi.h"
#include "infra/vfs/fuse_iov.h"

#define FUSE_TEXT_MAX	 ((size_t)4095) /* bytes, as PATH_MAX less the NUL */
#define FUSE_STRINGS_MAX 2

enum fuse_string {
	FUSE_STRING_NONE,
	FUSE_STRING_NAME,   /* one component, as fs_ops.h promises */
	FUSE_STRING_TARGET, /* of a symlink; not empty */
	FUSE_STRING_XATTR,  /* 1 to 255 bytes */
	FUSE_STRING_ANY,    /* is not used */

	FUSE_STRING_COUNT
};

struct fuse_shape {
	size_t args;	 /* bytes of the arguments */
	size_t args_min; /* where a shorter form exists, else 0; what is
			  * missing reads as zeros */
	enum fuse_string strings[FUSE_STRINGS_MAX];
	bool has_data;
};

union fuse_args {
	struct fuse_init_in init;
	struct fuse_forget_in forget;
	struct fuse_batch_forget_in batch_forget;
	struct fuse_getattr_in getattr;
	struct fuse_setattr_in setattr;
	struct fuse_mknod_in mknod;
	struct fuse_mkdir_in mkdir;
	struct fuse_rename_in rename;
	struct fuse_rename2_in rename2;
	struct fuse_link_in link;
	struct fuse_open_in open;
	struct fuse_create_in create;
	struct fuse_release_in release;
	struct fuse_read_in read;
	struct fuse_write_in write;
	struct fuse_fsync_in fsync;
	struct fuse_setxattr_in setxattr;
	struct fuse_getxattr_in getxattr;
	struct fuse_fallocate_in fallocate;
	struct fuse_lseek_in lseek;
	struct fuse_copy_file_range_in copy;
	struct fuse_syncfs_in syncfs;
};

/* Our copy: nothing here changes under us, but what @data leads to. */
struct fuse_message {
	struct fuse_in_header header;
	union fuse_args args;
	char text[FUSE_STRINGS_MAX][FUSE_TEXT_MAX + 1];
	struct fuse_iov data; /* what follows, in guest memory */
};

/* Both: 0 or a negative errno. A header that is cut short is all zeros. */
must_check int fuse_decode_header(const struct fuse_iov *in,
				  struct fuse_message *out);
must_check int fuse_decode_body(const struct fuse_shape *shape,
				struct fuse_message *m);

#endif /* BBOX_INFRA_VFS_FUSE_DECODE_H */
