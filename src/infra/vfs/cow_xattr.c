// SPDX-License-Identifier: Apache-2.0
/*
 * cow_xattr.c - extended attributes of the "user." namespace.
 *
 * Those of the user's files show until the guest changes one of the node, or
 * its content; then all are taken into the overlay. Other namespaces mean
 * something to a kernel: they neither show nor can be set.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"

#define PREFIX "user."
/* The kernel's own limit of a list of names, bytes. */
#define LIST_MAX ((size_t)64 * 1024)

static bool is_ours(const char *name)
{
	return text_starts_with(name, PREFIX) && name[strlen(PREFIX)];
}

/* The errno for a name that is not: of nothing, or of another namespace. */
static int why_not_ours(const char *name, int other)
{
	return strcmp(name, PREFIX) == 0 ? -EINVAL : other;
}

/* Symlinks and special files have none of this namespace. */
static bool may_have(const struct overlay_node *node)
{
	return node->kind == OVERLAY_FILE || node->kind == OVERLAY_DIR;
}

static bool shows_users(struct overlay_node *node)
{
	return !node->own && node->lower && may_have(node) &&
	       !cow_node_of(node)->has_xattrs;
}

/* A descriptor that f*xattr(2) takes; the caller closes it. */
static int open_users(struct cow_fs *fs, struct overlay_node *node)
{
	int dirfd;

	if (node->kind == OVERLAY_FILE)
		return cow_lower_open(fs, node);
	dirfd = cow_lower_dir(fs, node);
	if (dirfd < 0)
		return dirfd;
	return cow_open(fs, dirfd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Names of all namespaces; the length. *@out is the caller's to free. */
static ssize_t list_users(int fd, char **out)
{
	auto_free char *names = xmalloc(LIST_MAX);
	ssize_t n = flistxattr(fd, names, LIST_MAX);

	/* No such thing on this file system. */
	if (n < 0 && errno == EOPNOTSUPP)
		n = 0;
	if (n < 0)
		return -errno;
	*out = take_ptr(names);
	return n;
}

/* The next one of our namespace, NULL at the end. */
static const char *next_name(const char *names, size_t len, size_t *at)
{
	while (*at < len) {
		const char *name = names + *at;

		*at += strnlen(name, len - *at) + 1;
		if (*at <= len && is_ours(name))
			return name;
	}
	return NULL;
}

static int import_one(struct cow_fs *fs, struct overlay_node *node, int fd,
		      const char *name, char *value)
{
	ssize_t n = fgetxattr(fd, name, value, OVERLAY_XATTR_VALUE_MAX);
	struct span v = { .p = value };

	/* Removed meanwhile, or larger than what any guest could set. */
	if (n < 0)
		return errno == ENODATA || errno == ERANGE ? 0 : -errno;
	v.len = (size_t)n;
	return overlay_set_xattr(fs->overlay, node, name, v);
}

int cow_import_xattrs(struct cow_fs *fs, struct overlay_node *node)
{
	auto_free char *names = NULL, *value = NULL;
	auto_close int fd = -1;
	const char *name;
	size_t at = 0;
	ssize_t n;
	int r;

	if (!shows_users(node))
		return 0;
	fd = open_users(fs, node);
	if (fd < 0)
		return fd;
	n = list_users(fd, &names);
	if (!names)
		return (int)n;
	value = xmalloc(OVERLAY_XATTR_VALUE_MAX);
	while ((name = next_name(names, (size_t)n, &at))) {
		r = import_one(fs, node, fd, name, value);
		if (r < 0)
			return r;
	}
	cow_node_of(node)->has_xattrs = true;
	return 0;
}

static bool has(struct overlay_node *node, const char *name)
{
	struct span value;

	return overlay_get_xattr(node, name, &value) == 0;
}

int cow_setxattr(struct fs *base, uint64_t id, const char *name,
		 struct span value, uint32_t flags)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find(fs, id, &node);

	if (r < 0)
		return r;
	if (fs->cfg.read_only)
		return -EROFS;
	if (!is_ours(name))
		return why_not_ours(name, -EOPNOTSUPP);
	if (!may_have(node))
		return -EPERM;
	if (strlen(name) > OVERLAY_XATTR_NAME_MAX)
		return -ERANGE;
	if (value.len > OVERLAY_XATTR_VALUE_MAX)
		return -E2BIG;
	r = cow_import_xattrs(fs, node);
	if (r < 0)
		return r;
	if (flags & XATTR_CREATE && has(node, name))
		return -EEXIST;
	if (flags & XATTR_REPLACE && !has(node, name))
		return -ENODATA;
	r = overlay_set_xattr(fs->overlay, node, name, value);
	if (!r)
		cow_touch_node(node);
	return r;
}

static ssize_t hand_out(struct span value, void *buf, size_t size)
{
	if (!size)
		return (ssize_t)value.len;
	if (value.len > size)
		return -ERANGE;
	if (value.len)
		memcpy(buf, value.p, value.len);
	return (ssize_t)value.len;
}

static ssize_t get_users(struct cow_fs *fs, struct overlay_node *node,
			 const char *name, void *buf, size_t size)
{
	auto_close int fd = open_users(fs, node);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = fgetxattr(fd, name, buf, size);
	if (n < 0)
		return errno == EOPNOTSUPP ? -ENODATA : -errno;
	return n;
}

ssize_t cow_getxattr(struct fs *base, uint64_t id, const char *name, void *buf,
		     size_t size)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	struct span value;
	int r = cow_find(fs, id, &node);

	if (r < 0)
		return r;
	if (!is_ours(name))
		return why_not_ours(name, -ENODATA);
	if (!may_have(node))
		return -ENODATA;
	if (shows_users(node))
		return get_users(fs, node, name, buf, size);
	r = overlay_get_xattr(node, name, &value);
	return r < 0 ? r : hand_out(value, buf, size);
}

static ssize_t list_shown(struct cow_fs *fs, struct overlay_node *node,
			  void *buf, size_t size)
{
	auto_free char *names = NULL;
	auto_close int fd = open_users(fs, node);
	size_t at = 0, kept = 0, name_size;
	const char *name;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = list_users(fd, &names);
	if (!names)
		return n;
	while ((name = next_name(names, (size_t)n, &at))) {
		name_size = strlen(name) + 1;
		memmove(names + kept, name, name_size);
		kept += name_size;
	}
	return hand_out((struct span){ .p = names, .len = kept }, buf, size);
}

ssize_t cow_listxattr(struct fs *base, uint64_t id, void *buf, size_t size)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find(fs, id, &node);

	if (r < 0)
		return r;
	if (!may_have(node))
		return 0;
	if (shows_users(node))
		return list_shown(fs, node, buf, size);
	return hand_out(overlay_list_xattrs(node), buf, size);
}

int cow_removexattr(struct fs *base, uint64_t id, const char *name)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node;
	int r = cow_find(fs, id, &node);

	if (r < 0)
		return r;
	if (fs->cfg.read_only)
		return -EROFS;
	if (!is_ours(name))
		return why_not_ours(name, -ENODATA);
	if (!may_have(node))
		return -ENODATA;
	r = cow_import_xattrs(fs, node);
	if (!r)
		r = overlay_remove_xattr(fs->overlay, node, name);
	if (!r)
		cow_touch_node(node);
	return r;
}
