// SPDX-License-Identifier: Apache-2.0
/*
 * pass_xattr.c - extended attributes of the "user." namespace.
 *
 * Other namespaces mean something to a kernel: they neither show nor can be
 * set.
 */
#include "infra/vfs/pass.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/mem.h"
#include "base/text.h"

#define PREFIX "user."
/* The kernel's own limits, bytes. */
#define LIST_MAX  ((size_t)64 * 1024)
#define VALUE_MAX ((size_t)64 * 1024)

static bool is_ours(const char *name)
{
	return text_starts_with(name, PREFIX) && name[strlen(PREFIX)];
}

/* Symlinks and special files have none of this namespace. */
static bool may_have(const struct pass_node *node)
{
	return S_ISREG(node->is.type) || S_ISDIR(node->is.type);
}

int pass_setxattr(struct fs *base, uint64_t id, const char *name,
		  struct span value, uint32_t flags)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (!strcmp(name, PREFIX))
		return -EINVAL;
	if (!is_ours(name))
		return -EOPNOTSUPP;
	if (!may_have(node))
		return -EPERM;
	if (value.len > VALUE_MAX)
		return -E2BIG;
	fd = pass_open_any(fs, node);
	if (fd < 0)
		return fd;
	return fsetxattr(fd, name, value.p, value.len, (int)flags) < 0 ? -errno
								       : 0;
}

ssize_t pass_getxattr(struct fs *base, uint64_t id, const char *name, void *buf,
		      size_t size)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node), fd;
	ssize_t n;

	if (r < 0)
		return r;
	if (!is_ours(name) || !may_have(node))
		return -ENODATA;
	fd = pass_open_any(fs, node);
	if (fd < 0)
		return fd;
	n = fgetxattr(fd, name, buf, size);
	if (n < 0)
		return errno == EOPNOTSUPP ? -ENODATA : -errno;
	return n;
}

/* Leaves the names of our namespace, in place; their length. */
static size_t filter(char *names, size_t len)
{
	size_t at = 0, kept = 0, size;

	while (at < len) {
		char *name = names + at;

		size = strnlen(name, len - at) + 1;
		at += size;
		if (at > len || !is_ours(name))
			continue;
		memmove(names + kept, name, size);
		kept += size;
	}
	return kept;
}

static ssize_t list(int fd, void *buf, size_t size)
{
	auto_free char *names = xmalloc(LIST_MAX);
	ssize_t n = flistxattr(fd, names, LIST_MAX);
	size_t len;

	/* No such thing on this file system. */
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	len = filter(names, (size_t)n);
	if (!size)
		return (ssize_t)len;
	if (len > size)
		return -ERANGE;
	memcpy(buf, names, len);
	return (ssize_t)len;
}

ssize_t pass_listxattr(struct fs *base, uint64_t id, void *buf, size_t size)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (!may_have(node))
		return 0;
	fd = pass_open_any(fs, node);
	return fd < 0 ? fd : list(fd, buf, size);
}

int pass_removexattr(struct fs *base, uint64_t id, const char *name)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node), fd;

	if (r < 0)
		return r;
	if (!is_ours(name) || !may_have(node))
		return -ENODATA;
	fd = pass_open_any(fs, node);
	if (fd < 0)
		return fd;
	if (fremovexattr(fd, name) < 0)
		return errno == EOPNOTSUPP ? -ENODATA : -errno;
	return 0;
}
