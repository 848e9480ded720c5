// SPDX-License-Identifier: Apache-2.0
/*
 * pass_open.c - descriptors of nodes: kept, checked, and found again.
 *
 * A node's descriptor is bound to its object, whatever becomes of the names.
 * So it is looked at, once a second, where the object is now: what was moved
 * out of the share is not the guest's any more. When the descriptor had to be
 * closed, the object is looked for under the names it was last seen under, and
 * must be the same one.
 *
 * To read or write, the descriptor is opened again by way of /proc: that is the
 * one way that cannot end at anything but the object itself, whose type is
 * known. FIFOs and devices are never opened.
 */
#include "infra/vfs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "infra/sys/loop.h"
#include "infra/vfs/fs_open.h"

/* A descriptor is believed to be in the share that long. */
#define TRUST_NS INT64_C(1000000000)
/* Of directories that had to be closed, one in the other. */
#define DEPTH_MAX 1024U

void pass_proc_name(int fd, char out[PASS_PROC_SIZE])
{
	int n = snprintf(out, PASS_PROC_SIZE, "%d", fd);

	assert(n > 0 && n < PASS_PROC_SIZE);
}

/* The path of what is open, as the kernel tells it. */
static int where_is(const struct pass_fs *fs, int fd, char out[PATH_MAX])
{
	char name[PASS_PROC_SIZE];
	ssize_t n;

	pass_proc_name(fd, name);
	n = readlinkat(fs->cfg.proc_fd, name, out, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	if (n == PATH_MAX - 1)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return 0;
}

static bool is_below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	return len && !strncmp(dir, path, len) &&
	       (dir[len - 1] == '/' || path[len] == '/' || !path[len]);
}

/* Does a name of the node still lead to it? */
static bool has_name(struct pass_fs *fs, struct pass_node *node)
{
	struct pass_node *dir;
	struct statx st;
	int dirfd;

	for (size_t i = 0; i < node->link_n; i++) {
		if (pass_find(fs, node->links[i].dir, &dir) < 0)
			continue;
		dirfd = pass_fd(fs, dir);
		if (dirfd >= 0 &&
		    pass_stat_at(dirfd, node->links[i].name, &st) == 0 &&
		    pass_is_same(node, &st))
			return true;
	}
	return false;
}

static bool is_inside(struct pass_fs *fs, struct pass_node *node, int fd)
{
	int r = where_is(fs, fd, fs->path);

	if (r == -ENAMETOOLONG)
		return has_name(fs, node);
	if (r < 0)
		return false;
	if (is_below(fs->where, fs->path))
		return true;
	/* The share itself may have been moved. */
	return where_is(fs, fs->cfg.share_fd, fs->where) == 0 &&
	       is_below(fs->where, fs->path);
}

static int open_name(struct pass_fs *fs, struct pass_node *node,
		     const struct pass_link *link)
{
	struct pass_node *dir;
	auto_close int fd = -1;
	struct statx st;
	int dirfd, r = pass_find(fs, link->dir, &dir);

	if (r < 0)
		return r;
	dirfd = pass_fd(fs, dir);
	if (dirfd < 0)
		return dirfd;
	fd = fs_open_beneath(&fs->fds, dirfd, link->name, O_PATH | O_NOFOLLOW,
			     0);
	if (fd < 0)
		return fd;
	r = pass_stat(fd, &st);
	if (r < 0)
		return r;
	return pass_is_same(node, &st) ? fd_take(&fd) : -ESTALE;
}

static int find_again(struct pass_fs *fs, struct pass_node *node)
{
	int fd = -ESTALE;

	for (size_t i = 0; fd < 0 && i < node->link_n; i++)
		fd = open_name(fs, node, &node->links[i]);
	if (fd < 0)
		return fs_open_is_absent(fd) ? -ESTALE : fd;
	cow_fds_put(&fs->fds, &node->fd, fd);
	node->access = PASS_PATH;
	return fd;
}

static int check_or_find(struct pass_fs *fs, struct pass_node *node, int fd)
{
	if (fd < 0)
		return find_again(fs, node);
	if (!is_inside(fs, node, fd))
		return -ESTALE;
	node->fd.opened_ns = clock_now_ns();
	return fd;
}

int pass_fd(struct pass_fs *fs, struct pass_node *node)
{
	int fd = cow_fds_use(&fs->fds, &node->fd);
	bool busy = node->fd.busy;

	if (node == fs->root) {
		if (fd < 0)
			node->access = PASS_PATH;
		return fd < 0 ? fs->cfg.share_fd : fd;
	}
	if (fd >= 0 &&
	    (node->pinned || clock_now_ns() - node->fd.opened_ns < TRUST_NS))
		return fd;
	if (fs->depth == DEPTH_MAX)
		return -ESTALE;
	fs->depth++;
	node->fd.busy = true;
	fd = check_or_find(fs, node, fd);
	node->fd.busy = busy;
	fs->depth--;
	return fd;
}

int pass_two_fds(struct pass_fs *fs, struct pass_node *a, struct pass_node *b,
		 int out[2])
{
	bool busy = a->fd.busy;

	out[0] = pass_fd(fs, a);
	if (out[0] < 0)
		return out[0];
	a->fd.busy = true;
	out[1] = pass_fd(fs, b);
	a->fd.busy = busy;
	return out[1] < 0 ? out[1] : 0;
}

int pass_reopen(struct pass_fs *fs, int fd, int flags)
{
	char name[PASS_PROC_SIZE];
	int new;

	flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	pass_proc_name(fd, name);
	new = openat(fs->cfg.proc_fd, name, flags);
	if (new < 0 && (errno == EMFILE || errno == ENFILE)) {
		cow_fds_shed(&fs->fds, fd);
		new = openat(fs->cfg.proc_fd, name, flags);
	}
	return new < 0 ? -errno : new;
}

static int open_with(struct pass_fs *fs, struct pass_node *node, int flags,
		     unsigned int access)
{
	int fd = pass_fd(fs, node);

	if (fd < 0)
		return fd;
	fd = pass_reopen(fs, fd, flags);
	if (fd < 0)
		return fd;
	cow_fds_put(&fs->fds, &node->fd, fd);
	node->access = access;
	return fd;
}

int pass_open(struct pass_fs *fs, struct pass_node *node, unsigned int want)
{
	int fd = pass_fd(fs, node);

	assert(S_ISREG(node->is.type));
	if (fd < 0 || (node->access & want) == want)
		return fd;
	/* Whoever watches the file on the host sees writers come and go. */
	if (!(want & PASS_WRITE))
		return open_with(fs, node, O_RDONLY, PASS_READ);
	fd = open_with(fs, node, O_RDWR, PASS_READ | PASS_WRITE);
	if (fd == -EACCES && want == PASS_WRITE)
		fd = open_with(fs, node, O_WRONLY, PASS_WRITE);
	return fd;
}

int pass_open_any(struct pass_fs *fs, struct pass_node *node)
{
	int fd = pass_fd(fs, node);

	if (fd < 0 || node->access != PASS_PATH)
		return fd;
	if (S_ISDIR(node->is.type))
		return open_with(fs, node, O_RDONLY | O_DIRECTORY, PASS_READ);
	if (!S_ISREG(node->is.type))
		return -EOPNOTSUPP;
	fd = pass_open(fs, node, PASS_READ);
	return fd == -EACCES ? pass_open(fs, node, PASS_WRITE) : fd;
}
