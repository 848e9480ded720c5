/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_ops.h - a file system as the FUSE server (fuse_server.h) calls it.
 *
 * Every function returns 0 (or a count of bytes) or a negative errno, the way
 * FUSE speaks; a NULL function means -ENOSYS. Names were checked: one
 * component, 1 to 255 bytes, no '/', no NUL, neither "." nor "..". Node ids
 * come from the guest and may be any number: unknown ones are -ESTALE. One call
 * at a time; no call blocks on the guest.
 *
 * Attributes and entries are zeros when they are handed in.
 *
 * Files are not opened: there are no handles, a node is enough. A file
 * removed while the guest has it open is kept until the node is forgotten.
 */
#ifndef BBOX_INFRA_VFS_FS_OPS_H
#define BBOX_INFRA_VFS_FS_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/span.h"
#include "infra/vfs/fuse_abi.h"

/* Who asks, in the guest. */
struct fs_caller {
	uint32_t uid, gid, pid;
};

struct fs;

/*
 * Takes one entry of a directory; false when there is no room, then the entry
 * is asked for again next time.
 */
struct fs_dir_sink;
typedef bool fs_dir_add_fn(struct fs_dir_sink *sink, struct span name,
			   uint32_t type, uint64_t ino, uint64_t next_offset,
			   const struct fuse_entry_out *entry);
struct fs_dir_sink {
	fs_dir_add_fn *add; /* @entry is NULL for a plain readdir, and has
			     * nodeid 0 where the kernel must look it up, and
			     * for "." and ".."; names beyond 255 bytes are
			     * passed over and have none either */
	bool plus;	    /* wants entries; each that is taken with a nodeid
			     * counts as a lookup */
};

struct fs_ops {
	/* Counts as one lookup of the node. A negative entry has nodeid 0. */
	int (*lookup)(struct fs *fs, uint64_t dir, const char *name,
		      struct fuse_entry_out *out);
	void (*forget)(struct fs *fs, uint64_t node, uint64_t lookups);
	int (*getattr)(struct fs *fs, uint64_t node, struct fuse_attr_out *out);
	/* @in->valid: FATTR_* */
	int (*setattr)(struct fs *fs, const struct fs_caller *who,
		       uint64_t node, const struct fuse_setattr_in *in,
		       struct fuse_attr_out *out);
	/* At most @size (4095) bytes, no NUL; returns the length. */
	ssize_t (*readlink)(struct fs *fs, uint64_t node, char *buf,
			    size_t size);
	int (*symlink)(struct fs *fs, const struct fs_caller *who, uint64_t dir,
		       const char *name, const char *target,
		       struct fuse_entry_out *out);
	/* Also makes regular files. @mode has the type, umask applied. */
	int (*mknod)(struct fs *fs, const struct fs_caller *who, uint64_t dir,
		     const char *name, uint32_t mode, uint32_t rdev,
		     struct fuse_entry_out *out);
	/* @mode of these three: permission bits only, umask applied. */
	int (*mkdir)(struct fs *fs, const struct fs_caller *who, uint64_t dir,
		     const char *name, uint32_t mode,
		     struct fuse_entry_out *out);
	/* @flags: O_EXCL, O_TRUNC and others of open(2). */
	int (*create)(struct fs *fs, const struct fs_caller *who, uint64_t dir,
		      const char *name, uint32_t mode, uint32_t flags,
		      struct fuse_entry_out *out);
	int (*tmpfile)(struct fs *fs, const struct fs_caller *who, uint64_t dir,
		       uint32_t mode, struct fuse_entry_out *out);
	int (*unlink)(struct fs *fs, uint64_t dir, const char *name);
	int (*rmdir)(struct fs *fs, uint64_t dir, const char *name);
	/* @flags: RENAME_NOREPLACE or RENAME_EXCHANGE or 0 */
	int (*rename)(struct fs *fs, uint64_t dir, const char *name,
		      uint64_t to_dir, const char *to_name, uint32_t flags);
	int (*link)(struct fs *fs, uint64_t node, uint64_t dir,
		    const char *name, struct fuse_entry_out *out);

	/* Straight into and out of the guest's memory. */
	ssize_t (*read)(struct fs *fs, uint64_t node, const struct iovec *iov,
			int n, uint64_t offset);
	/* @kill_priv: set-id bits go, as after write(2) of another user */
	ssize_t (*write)(struct fs *fs, uint64_t node, const struct iovec *iov,
			 int n, uint64_t offset, bool kill_priv);
	/* Of a file or a directory. */
	int (*fsync)(struct fs *fs, uint64_t node, bool data_only);
	/* @offset and @length, here and above, stay below 2^63. */
	int (*fallocate)(struct fs *fs, uint64_t node, uint32_t mode,
			 uint64_t offset, uint64_t length);
	/* SEEK_DATA or SEEK_HOLE */
	int (*lseek)(struct fs *fs, uint64_t node, uint64_t offset,
		     uint32_t whence, uint64_t *out);
	ssize_t (*copy_file_range)(struct fs *fs, uint64_t from,
				   uint64_t from_offset, uint64_t to,
				   uint64_t to_offset, uint64_t length);

	/*
	 * A listing that does not change while it is open. @handle is not
	 * 0. @open_flags: FOPEN_CACHE_DIR, FOPEN_KEEP_CACHE.
	 */
	int (*opendir)(struct fs *fs, uint64_t dir, uint64_t *handle,
		       uint32_t *open_flags);
	int (*readdir)(struct fs *fs, uint64_t dir, uint64_t handle,
		       uint64_t offset, struct fs_dir_sink *sink);
	void (*releasedir)(struct fs *fs, uint64_t dir, uint64_t handle);

	int (*statfs)(struct fs *fs, struct fuse_kstatfs *out);
	/* Names have 1 to 255 bytes. @flags: XATTR_CREATE, XATTR_REPLACE, 0 */
	int (*setxattr)(struct fs *fs, uint64_t node, const char *name,
			struct span value, uint32_t flags);
	/* The length; @size 0 only asks for it. -ERANGE when it is too small.
	 */
	ssize_t (*getxattr)(struct fs *fs, uint64_t node, const char *name,
			    void *buf, size_t size);
	ssize_t (*listxattr)(struct fs *fs, uint64_t node, void *buf,
			     size_t size);
	int (*removexattr)(struct fs *fs, uint64_t node, const char *name);
	/* All content written so far survives a loss of power. */
	int (*syncfs)(struct fs *fs);
	/* The guest unmounted, or is new: all lookups are void. */
	void (*reset)(struct fs *fs);
};

struct fs {
	const struct fs_ops *ops;
};

#endif /* BBOX_INFRA_VFS_FS_OPS_H */
