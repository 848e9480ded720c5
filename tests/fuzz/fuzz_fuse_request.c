// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_fuse_request.c - whatever a guest says, its file system hears only what
 * fs_ops.h promises, and no answer is longer than its room.
 *
 * Input: one byte (1: greet first), then requests: a byte (the low six bits:
 * size of a piece, 0 for one piece; 64: correct the length in the header), two
 * bytes of length, two bytes of room, little-endian, and the request.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "infra/vfs/fuse_server.h"

#define PIECES_MAX VHOST_REQUEST_IOV_MAX
#define DATA_MAX   ((size_t)1024 * 1024)
#define LOCAL_MAX  ((size_t)64 * 1024)

static void check_node(uint64_t node)
{
	INVARIANT(node);
}

static void check_name(const char *name)
{
	size_t len = strnlen(name, 256);

	INVARIANT(len > 0 && len < 256);
	INVARIANT(!strchr(name, '/'));
	INVARIANT(strcmp(name, ".") && strcmp(name, ".."));
}

static void check_xattr_name(const char *name)
{
	size_t len = strnlen(name, 256);

	INVARIANT(len > 0 && len < 256);
}

static void check_range(uint64_t offset, uint64_t len)
{
	INVARIANT(offset <= INT64_MAX && len <= INT64_MAX - offset);
}

static size_t total(const struct iovec *iov, int n)
{
	size_t len = 0;

	INVARIANT(n >= 0 && n <= PIECES_MAX);
	for (int i = 0; i < n; i++)
		len += iov[i].iov_len;
	INVARIANT(len <= DATA_MAX);
	return len;
}

/* What an operation says is chosen by the node: all kinds of results. */
static int result_of(uint64_t node)
{
	return node % 16 == 15 ? -ENOENT : 0;
}

static int made(uint64_t dir, const char *name, struct fuse_entry_out *out)
{
	check_node(dir);
	check_name(name);
	out->nodeid = dir + 1;
	return result_of(dir);
}

static int on_lookup(struct fs *fs unused, uint64_t dir, const char *name,
		     struct fuse_entry_out *out)
{
	return made(dir, name, out);
}

static void on_forget(struct fs *fs unused, uint64_t node,
		      uint64_t lookups unused)
{
	check_node(node);
}

static int on_getattr(struct fs *fs unused, uint64_t node,
		      struct fuse_attr_out *out)
{
	check_node(node);
	out->attr.ino = node;
	return result_of(node);
}

static int on_setattr(struct fs *fs unused, const struct fs_caller *who unused,
		      uint64_t node, const struct fuse_setattr_in *in,
		      struct fuse_attr_out *out unused)
{
	check_node(node);
	INVARIANT(!(in->valid & FATTR_SIZE) || in->size <= INT64_MAX);
	INVARIANT(!(in->valid & FATTR_MTIME) || in->mtimensec < 1000000000);
	return result_of(node);
}

static ssize_t on_readlink(struct fs *fs unused, uint64_t node, char *buf,
			   size_t size)
{
	check_node(node);
	memset(buf, 't', size);
	return node % 2 ? (ssize_t)size : 1;
}

static int on_symlink(struct fs *fs unused, const struct fs_caller *who unused,
		      uint64_t dir, const char *name, const char *target,
		      struct fuse_entry_out *out)
{
	INVARIANT(*target && strnlen(target, 4096) < 4096);
	return made(dir, name, out);
}

static int on_mknod(struct fs *fs unused, const struct fs_caller *who unused,
		    uint64_t dir, const char *name, uint32_t mode,
		    uint32_t rdev unused, struct fuse_entry_out *out)
{
	INVARIANT(!(mode & ~(uint32_t)(S_IFMT | 07777)));
	INVARIANT(mode & S_IFMT && !S_ISDIR(mode) && !S_ISLNK(mode));
	return made(dir, name, out);
}

static int on_mkdir(struct fs *fs unused, const struct fs_caller *who unused,
		    uint64_t dir, const char *name, uint32_t mode,
		    struct fuse_entry_out *out)
{
	INVARIANT(mode <= 07777);
	return made(dir, name, out);
}

static int on_create(struct fs *fs unused, const struct fs_caller *who unused,
		     uint64_t dir, const char *name, uint32_t mode,
		     uint32_t flags unused, struct fuse_entry_out *out)
{
	INVARIANT(mode <= 07777);
	return made(dir, name, out);
}

static int on_tmpfile(struct fs *fs unused, const struct fs_caller *who unused,
		      uint64_t dir, uint32_t mode,
		      struct fuse_entry_out *out unused)
{
	check_node(dir);
	INVARIANT(mode <= 07777);
	return result_of(dir);
}

static int on_remove(struct fs *fs unused, uint64_t dir, const char *name)
{
	check_node(dir);
	check_name(name);
	return result_of(dir);
}

static int on_rename(struct fs *fs unused, uint64_t dir, const char *name,
		     uint64_t to_dir, const char *to_name, uint32_t flags)
{
	check_node(dir);
	check_node(to_dir);
	check_name(name);
	check_name(to_name);
	INVARIANT(flags <= 2);
	return result_of(dir);
}

static int on_link(struct fs *fs unused, uint64_t node, uint64_t dir,
		   const char *name, struct fuse_entry_out *out)
{
	check_node(node);
	return made(dir, name, out);
}

static ssize_t on_read(struct fs *fs unused, uint64_t node,
		       const struct iovec *iov, int n, uint64_t offset)
{
	size_t len = total(iov, n);

	check_node(node);
	check_range(offset, len);
	for (int i = 0; i < n; i++)
		memset(iov[i].iov_base, 'r', iov[i].iov_len);
	return node % 2 ? (ssize_t)len : result_of(node);
}

static ssize_t on_write(struct fs *fs unused, uint64_t node,
			const struct iovec *iov, int n, uint64_t offset,
			bool kill_priv unused)
{
	auto_free char *copy = xmalloc(DATA_MAX);
	size_t len = total(iov, n), at = 0;

	check_node(node);
	check_range(offset, len);
	for (int i = 0; i < n; at += iov[i++].iov_len)
		memcpy(copy + at, iov[i].iov_base, iov[i].iov_len);
	return node % 2 ? (ssize_t)len : result_of(node);
}

static int on_fsync(struct fs *fs unused, uint64_t node, bool data_only unused)
{
	check_node(node);
	return result_of(node);
}

static int on_fallocate(struct fs *fs unused, uint64_t node,
			uint32_t mode unused, uint64_t offset, uint64_t length)
{
	check_node(node);
	check_range(offset, length);
	INVARIANT(length);
	return result_of(node);
}

static int on_lseek(struct fs *fs unused, uint64_t node, uint64_t offset,
		    uint32_t whence, uint64_t *out)
{
	check_node(node);
	check_range(offset, 0);
	INVARIANT(whence == SEEK_DATA || whence == SEEK_HOLE);
	*out = offset;
	return result_of(node);
}

static ssize_t on_copy(struct fs *fs unused, uint64_t from,
		       uint64_t from_offset, uint64_t to, uint64_t to_offset,
		       uint64_t length)
{
	check_node(from);
	check_node(to);
	check_range(from_offset, length);
	check_range(to_offset, length);
	INVARIANT(length <= INT32_MAX);
	return (ssize_t)length;
}

static int on_opendir(struct fs *fs unused, uint64_t dir, uint64_t *handle,
		      uint32_t *open_flags)
{
	check_node(dir);
	*handle = 1;
	*open_flags = FOPEN_CACHE_DIR;
	return result_of(dir);
}

/* Entries of all lengths, until there is no more room. */
static int on_readdir(struct fs *fs unused, uint64_t dir,
		      uint64_t handle unused, uint64_t offset,
		      struct fs_dir_sink *sink)
{
	const struct fuse_entry_out entry = { .nodeid = dir };
	char name[256];

	check_node(dir);
	memset(name, 'n', sizeof(name));
	for (size_t i = offset % 256; i < sizeof(name); i++)
		if (!sink->add(sink, (struct span){ .p = name, .len = i + !i },
			       8, i, i + 1, sink->plus ? &entry : NULL))
			break;
	return result_of(dir);
}

static void on_releasedir(struct fs *fs unused, uint64_t dir,
			  uint64_t handle unused)
{
	check_node(dir);
}

static int on_statfs(struct fs *fs unused, struct fuse_kstatfs *out)
{
	out->namelen = 255;
	return 0;
}

static int on_setxattr(struct fs *fs unused, uint64_t node, const char *name,
		       struct span value, uint32_t flags)
{
	check_node(node);
	check_xattr_name(name);
	INVARIANT(value.len <= LOCAL_MAX && flags <= 2);
	free(xmemdup0(value.p, value.len));
	return result_of(node);
}

static ssize_t on_listxattr(struct fs *fs unused, uint64_t node, void *buf,
			    size_t size)
{
	check_node(node);
	INVARIANT(size <= LOCAL_MAX);
	memset(buf, 'x', size);
	return node % 2 ? (ssize_t)size : result_of(node);
}

static ssize_t on_getxattr(struct fs *fs, uint64_t node, const char *name,
			   void *buf, size_t size)
{
	check_xattr_name(name);
	return on_listxattr(fs, node, buf, size);
}

static int on_removexattr(struct fs *fs unused, uint64_t node, const char *name)
{
	check_node(node);
	check_xattr_name(name);
	return result_of(node);
}

static int on_syncfs(struct fs *fs unused)
{
	return 0;
}

static void on_reset(struct fs *fs unused)
{
}

static const struct fs_ops fuzz_ops = {
	.lookup = on_lookup,
	.forget = on_forget,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.readlink = on_readlink,
	.symlink = on_symlink,
	.mknod = on_mknod,
	.mkdir = on_mkdir,
	.create = on_create,
	.tmpfile = on_tmpfile,
	.unlink = on_remove,
	.rmdir = on_remove,
	.rename = on_rename,
	.link = on_link,
	.read = on_read,
	.write = on_write,
	.fsync = on_fsync,
	.fallocate = on_fallocate,
	.lseek = on_lseek,
	.copy_file_range = on_copy,
	.opendir = on_opendir,
	.readdir = on_readdir,
	.releasedir = on_releasedir,
	.statfs = on_statfs,
	.setxattr = on_setxattr,
	.getxattr = on_getxattr,
	.listxattr = on_listxattr,
	.removexattr = on_removexattr,
	.syncfs = on_syncfs,
	.reset = on_reset,
};

/* The last piece takes what would be too many. */
static int cut(uint8_t *p, size_t len, size_t size, struct iovec *out)
{
	int n = 0;

	while (len) {
		size_t piece =
			size && size < len && n < PIECES_MAX - 1 ? size : len;

		out[n++] = (struct iovec){ p, piece };
		p += piece;
		len -= piece;
	}
	return n;
}

static void send_request(struct fuse_server *s, struct span bytes, size_t room,
			 size_t piece, bool correct)
{
	auto_free uint8_t *in = xmalloc(bytes.len + !bytes.len);
	auto_free uint8_t *out = xcalloc(1, room + !room);
	struct iovec in_iov[PIECES_MAX], out_iov[PIECES_MAX];
	struct vhost_request request = { .in = in_iov,
					 .in_len = bytes.len,
					 .out = out_iov,
					 .out_len = room };
	struct fuse_out_header header;
	uint32_t len = (uint32_t)bytes.len;
	size_t answer;

	if (bytes.len)
		memcpy(in, bytes.p, bytes.len);
	if (correct && bytes.len >= sizeof(len))
		memcpy(in, &len, sizeof(len));
	request.in_count = cut(in, bytes.len, piece, in_iov);
	request.out_count = cut(out, room, piece * 5, out_iov);
	answer = fuse_server_handle(s, &request);
	INVARIANT(answer <= room);
	if (!answer)
		return;
	INVARIANT(answer >= sizeof(header));
	memcpy(&header, out, sizeof(header));
	INVARIANT(header.len == answer);
	INVARIANT(header.error <= 0 && header.error >= -511);
	INVARIANT(!header.error || answer == sizeof(header));
}

static void greet(struct fuse_server *s)
{
	struct {
		struct fuse_in_header header;
		struct fuse_init_in init;
	} hello = { .header = { .opcode = FUSE_INIT },
		    .init = { .major = 7, .minor = 37, .flags = UINT32_MAX } };

	send_request(s, (struct span){ .p = &hello, .len = sizeof(hello) },
		     4096, 0, /* correct */ true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { .p = data, .len = size };
	struct log log = LOG_DISCARD;
	struct fs fs = { .ops = &fuzz_ops };
	struct fuse_server *s = fuse_server_new(
		&fs, &(struct fuse_server_config){ .log = &log });
	uint8_t first, how, sizes[4];

	if (span_take_u8(&rest, &first) && first & 1)
		greet(s);
	while (span_take_u8(&rest, &how) &&
	       span_take(&rest, sizes, sizeof(sizes))) {
		struct span bytes = {
			.p = rest.p,
			.len = sizes[0] | (size_t)sizes[1] << 8,
		};

		if (bytes.len > rest.len)
			bytes.len = rest.len;
		send_request(s, bytes, sizes[2] | (size_t)sizes[3] << 8,
			     how & 63, how & 64);
		discard(span_skip(&rest, bytes.len)); /* it is there */
	}
	fuse_server_free(s);
	return 0;
}
