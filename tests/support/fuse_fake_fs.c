// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_fake_fs.c - a file system that writes down what it is asked for.
 */
#include "support/fuse_fake_fs.h"

#include <errno.h>
#include <inttypes.h>

#define CALLS_MAX ((size_t)4 * 1024 * 1024) /* bytes */

static struct fake_fs *fake_of(struct fs *fs)
{
	return container_of(fs, struct fake_fs, base);
}

#define SAY(fs, ...) \
	discard(buf_addf(&fake_of(fs)->calls, ERR_IGNORE, __VA_ARGS__))

static int fake_entry(struct fs *fs, struct fuse_entry_out *out)
{
	if (fake_of(fs)->result)
		return fake_of(fs)->result;
	out->nodeid = 42;
	return 0;
}

static int fake_lookup(struct fs *fs, uint64_t dir, const char *name,
		       struct fuse_entry_out *out)
{
	SAY(fs, "lookup %" PRIu64 " %s;", dir, name);
	return fake_entry(fs, out);
}

static void fake_forget(struct fs *fs, uint64_t node, uint64_t lookups)
{
	SAY(fs, "forget %" PRIu64 " %" PRIu64 ";", node, lookups);
}

static int fake_getattr(struct fs *fs, uint64_t node, struct fuse_attr_out *out)
{
	SAY(fs, "getattr %" PRIu64 ";", node);
	out->attr.size = 7;
	return fake_of(fs)->result;
}

static int fake_setattr(struct fs *fs, const struct fs_caller *who,
			uint64_t node, const struct fuse_setattr_in *in,
			struct fuse_attr_out *out unused)
{
	SAY(fs, "setattr %u:%u %" PRIu64 " 0x%x %" PRIu64 ";", who->uid,
	    who->gid, node, in->valid, in->size);
	return fake_of(fs)->result;
}

static ssize_t fake_readlink(struct fs *fs, uint64_t node, char *buf,
			     size_t size)
{
	SAY(fs, "readlink %" PRIu64 " %zu;", node, size);
	memset(buf, 't', 6);
	return fake_of(fs)->result ? fake_of(fs)->result : 6;
}

static int fake_symlink(struct fs *fs, const struct fs_caller *who unused,
			uint64_t dir, const char *name, const char *target,
			struct fuse_entry_out *out)
{
	SAY(fs, "symlink %" PRIu64 " %s %s;", dir, name, target);
	return fake_entry(fs, out);
}

static int fake_mknod(struct fs *fs, const struct fs_caller *who unused,
		      uint64_t dir, const char *name, uint32_t mode,
		      uint32_t rdev, struct fuse_entry_out *out)
{
	SAY(fs, "mknod %" PRIu64 " %s 0%o %u;", dir, name, mode, rdev);
	return fake_entry(fs, out);
}

static int fake_mkdir(struct fs *fs, const struct fs_caller *who, uint64_t dir,
		      const char *name, uint32_t mode,
		      struct fuse_entry_out *out)
{
	SAY(fs, "mkdir %u:%u:%u %" PRIu64 " %s 0%o;", who->uid, who->gid,
	    who->pid, dir, name, mode);
	return fake_entry(fs, out);
}

static int fake_create(struct fs *fs, const struct fs_caller *who unused,
		       uint64_t dir, const char *name, uint32_t mode,
		       uint32_t flags, struct fuse_entry_out *out)
{
	SAY(fs, "create %" PRIu64 " %s 0%o 0x%x;", dir, name, mode, flags);
	return fake_entry(fs, out);
}

static int fake_tmpfile(struct fs *fs, const struct fs_caller *who unused,
			uint64_t dir, uint32_t mode, struct fuse_entry_out *out)
{
	SAY(fs, "tmpfile %" PRIu64 " 0%o;", dir, mode);
	return fake_entry(fs, out);
}

static int fake_unlink(struct fs *fs, uint64_t dir, const char *name)
{
	SAY(fs, "unlink %" PRIu64 " %s;", dir, name);
	return fake_of(fs)->result;
}

static int fake_rmdir(struct fs *fs, uint64_t dir, const char *name)
{
	SAY(fs, "rmdir %" PRIu64 " %s;", dir, name);
	return fake_of(fs)->result;
}

static int fake_rename(struct fs *fs, uint64_t dir, const char *name,
		       uint64_t to_dir, const char *to_name, uint32_t flags)
{
	SAY(fs, "rename %" PRIu64 " %s %" PRIu64 " %s %u;", dir, name, to_dir,
	    to_name, flags);
	return fake_of(fs)->result;
}

static int fake_link(struct fs *fs, uint64_t node, uint64_t dir,
		     const char *name, struct fuse_entry_out *out)
{
	SAY(fs, "link %" PRIu64 " %" PRIu64 " %s;", node, dir, name);
	return fake_entry(fs, out);
}

/* Fills all the room but its last byte, which is the end of the file. */
static ssize_t fake_read(struct fs *fs, uint64_t node, const struct iovec *iov,
			 int n, uint64_t offset)
{
	size_t len = 0;

	for (int i = 0; i < n; len += iov[i++].iov_len)
		memset(iov[i].iov_base, 'r', iov[i].iov_len);
	SAY(fs, "read %" PRIu64 " %zu %" PRIu64 ";", node, len, offset);
	if (fake_of(fs)->result)
		return fake_of(fs)->result;
	return len ? (ssize_t)len - 1 : 0;
}

static ssize_t fake_write(struct fs *fs, uint64_t node, const struct iovec *iov,
			  int n, uint64_t offset, bool kill_priv)
{
	size_t len = 0;

	SAY(fs, "write %" PRIu64 " %" PRIu64 " %d '", node, offset, kill_priv);
	for (int i = 0; i < n; len += iov[i++].iov_len)
		discard(buf_add(&fake_of(fs)->calls, iov[i].iov_base,
				iov[i].iov_len, ERR_IGNORE));
	SAY(fs, "';");
	return fake_of(fs)->result ? fake_of(fs)->result : (ssize_t)len;
}

static int fake_fsync(struct fs *fs, uint64_t node, bool data_only)
{
	SAY(fs, "fsync %" PRIu64 " %d;", node, data_only);
	return fake_of(fs)->result;
}

static int fake_fallocate(struct fs *fs, uint64_t node, uint32_t mode,
			  uint64_t offset, uint64_t length)
{
	SAY(fs, "fallocate %" PRIu64 " %u %" PRIu64 " %" PRIu64 ";", node, mode,
	    offset, length);
	return fake_of(fs)->result;
}

static int fake_lseek(struct fs *fs, uint64_t node, uint64_t offset,
		      uint32_t whence, uint64_t *out)
{
	SAY(fs, "lseek %" PRIu64 " %" PRIu64 " %u;", node, offset, whence);
	*out = 4096;
	return fake_of(fs)->result;
}

static ssize_t fake_copy(struct fs *fs, uint64_t from, uint64_t from_offset,
			 uint64_t to, uint64_t to_offset, uint64_t length)
{
	SAY(fs,
	    "copy %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 ";",
	    from, from_offset, to, to_offset, length);
	return fake_of(fs)->result ? fake_of(fs)->result : (ssize_t)length;
}

static int fake_opendir(struct fs *fs, uint64_t dir, uint64_t *handle,
			uint32_t *open_flags)
{
	SAY(fs, "opendir %" PRIu64 ";", dir);
	*handle = 5;
	*open_flags = FOPEN_CACHE_DIR;
	return fake_of(fs)->result;
}

/* Three entries, of 32 or 160 bytes each; the first has no node. */
static int fake_readdir(struct fs *fs, uint64_t dir, uint64_t handle,
			uint64_t offset, struct fs_dir_sink *sink)
{
	static const char *const names[] = { ".", "a", "b" };
	uint64_t i;

	for (i = offset; i < ARRAY_SIZE(names); i++) {
		const struct fuse_entry_out entry = { .nodeid = i };

		if (!sink->add(sink, SPAN_STR(names[i]), 4, 100 + i, i + 1,
			       sink->plus ? &entry : NULL))
			break;
	}
	SAY(fs, "readdir%s %" PRIu64 " %" PRIu64 " %" PRIu64 "..%" PRIu64 ";",
	    sink->plus ? "plus" : "", dir, handle, offset, i);
	return fake_of(fs)->result;
}

static void fake_releasedir(struct fs *fs, uint64_t dir, uint64_t handle)
{
	SAY(fs, "releasedir %" PRIu64 " %" PRIu64 ";", dir, handle);
}

static int fake_statfs(struct fs *fs, struct fuse_kstatfs *out)
{
	SAY(fs, "statfs;");
	out->namelen = 255;
	return fake_of(fs)->result;
}

static int fake_setxattr(struct fs *fs, uint64_t node, const char *name,
			 struct span value, uint32_t flags)
{
	SAY(fs, "setxattr %" PRIu64 " %s '%.*s' %u;", node, name,
	    (int)value.len, (const char *)value.p, flags);
	return fake_of(fs)->result;
}

static ssize_t fake_value(struct fs *fs, void *buf, size_t size)
{
	if (fake_of(fs)->result)
		return fake_of(fs)->result;
	if (!size)
		return 5;
	if (size < 5)
		return -ERANGE;
	memset(buf, 'v', 5);
	return 5;
}

static ssize_t fake_getxattr(struct fs *fs, uint64_t node, const char *name,
			     void *buf, size_t size)
{
	SAY(fs, "getxattr %" PRIu64 " %s %zu;", node, name, size);
	return fake_value(fs, buf, size);
}

static ssize_t fake_listxattr(struct fs *fs, uint64_t node, void *buf,
			      size_t size)
{
	SAY(fs, "listxattr %" PRIu64 " %zu;", node, size);
	return fake_value(fs, buf, size);
}

static int fake_removexattr(struct fs *fs, uint64_t node, const char *name)
{
	SAY(fs, "removexattr %" PRIu64 " %s;", node, name);
	return fake_of(fs)->result;
}

static int fake_syncfs(struct fs *fs)
{
	SAY(fs, "syncfs;");
	return fake_of(fs)->result;
}

static void fake_reset(struct fs *fs)
{
	SAY(fs, "reset;");
}

static const struct fs_ops fake_ops = {
	.lookup = fake_lookup,
	.forget = fake_forget,
	.getattr = fake_getattr,
	.setattr = fake_setattr,
	.readlink = fake_readlink,
	.symlink = fake_symlink,
	.mknod = fake_mknod,
	.mkdir = fake_mkdir,
	.create = fake_create,
	.tmpfile = fake_tmpfile,
	.unlink = fake_unlink,
	.rmdir = fake_rmdir,
	.rename = fake_rename,
	.link = fake_link,
	.read = fake_read,
	.write = fake_write,
	.fsync = fake_fsync,
	.fallocate = fake_fallocate,
	.lseek = fake_lseek,
	.copy_file_range = fake_copy,
	.opendir = fake_opendir,
	.readdir = fake_readdir,
	.releasedir = fake_releasedir,
	.statfs = fake_statfs,
	.setxattr = fake_setxattr,
	.getxattr = fake_getxattr,
	.listxattr = fake_listxattr,
	.removexattr = fake_removexattr,
	.syncfs = fake_syncfs,
	.reset = fake_reset,
};

void fake_fs_init(struct fake_fs *fake)
{
	*fake = (struct fake_fs){ .base.ops = &fake_ops,
				  .calls = BUF_INIT(CALLS_MAX) };
}

void fake_fs_release(struct fake_fs *fake)
{
	buf_release(&fake->calls);
}
