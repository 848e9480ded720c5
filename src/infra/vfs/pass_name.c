// SPDX-License-Identifier: Apache-2.0
/*
 * pass_name.c - make, remove, move and link names.
 *
 * The host's kernel decides what may be done, and does it at once or not at
 * all. What is left to do here is to know where known nodes are afterwards,
 * and to hold on to those that the guest may have open while their last name
 * goes.
 */
#include "infra/vfs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "infra/vfs/fs_open.h"

#define MODE_BITS 0777U

/* A directory of the guest, and its descriptor. */
static int find_place(struct pass_fs *fs, uint64_t id, struct pass_node **dir)
{
	int r = pass_find_dir(fs, id, dir);

	return r < 0 ? r : pass_fd(fs, *dir);
}

static struct pass_node *known_at(const struct pass_fs *fs, int dirfd,
				  const char *name, struct statx *st)
{
	return pass_stat_at(dirfd, name, st) < 0 ? NULL : pass_known(fs, st);
}

/* Does the object go with a name of it? */
static bool is_last(const struct statx *st)
{
	return S_ISDIR(st->stx_mode) || st->stx_nlink <= 1;
}

/* The name has gone. */
static void let_go(struct pass_fs *fs, struct pass_node *node,
		   const struct statx *st, uint64_t dir, const char *name)
{
	pass_link_drop(node, dir, name);
	if (!is_last(st))
		return;
	/* Of a removed object only lookups are left. */
	node->locked = false;
	pass_settle(fs, node);
}

/*
 * The name of a node is about to go: if it is the last one, the node lives on
 * by its descriptor, opened for all that the guest may want. False when there
 * is nothing to take back.
 */
static bool hold_on(struct pass_fs *fs, struct pass_node *node,
		    const struct statx *st)
{
	if (!node || node->pinned || !is_last(st))
		return false;
	/* Whatever of it succeeds is better than nothing. */
	if (!S_ISREG(node->is.type))
		discard(pass_fd(fs, node));
	else if (pass_open(fs, node, PASS_READ | PASS_WRITE) < 0)
		discard(pass_open_any(fs, node));
	pass_pin(fs, node);
	return node->pinned;
}

ssize_t pass_readlink(struct fs *base, uint64_t id, char *buf, size_t size)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;
	int r = pass_find(fs, id, &node), fd;
	ssize_t n;

	if (r < 0)
		return r;
	if (!S_ISLNK(node->is.type))
		return -EINVAL;
	fd = pass_fd(fs, node);
	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", buf, size);
	return n < 0 ? -errno : n;
}

int pass_symlink(struct fs *base, const struct fs_caller *who unused,
		 uint64_t id, const char *name, const char *target,
		 struct fuse_entry_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir;
	int dirfd = find_place(fs, id, &dir);

	if (dirfd < 0)
		return dirfd;
	if (symlinkat(target, dirfd, name) < 0)
		return -errno;
	return pass_look(fs, dir, name, out);
}

/* The guest gets a file that was just made, with or without a name. */
static int take_new(struct pass_fs *fs, int fd, struct pass_node **node,
		    struct fuse_entry_out *out)
{
	auto_close int taken = fd;
	struct statx st;
	int r = pass_stat(fd, &st);

	if (!r)
		r = pass_remember(fs, &st, fd_take(&taken),
				  PASS_READ | PASS_WRITE, node);
	if (!r)
		pass_entry(fs, *node, &st, out);
	return r;
}

static int make_file(struct pass_fs *fs, struct pass_node *dir, int dirfd,
		     const char *name, uint32_t mode,
		     struct fuse_entry_out *out)
{
	int fd = fs_open_beneath(&fs->fds, dirfd, name,
				 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
				 mode & MODE_BITS);
	struct pass_node *node;
	int r;

	if (fd < 0)
		return fd;
	r = take_new(fs, fd, &node, out);
	if (!r)
		pass_link_add(node, dir->id, name);
	return r;
}

int pass_mknod(struct fs *base, const struct fs_caller *who unused, uint64_t id,
	       const char *name, uint32_t mode, uint32_t rdev unused,
	       struct fuse_entry_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir;
	int dirfd = find_place(fs, id, &dir);

	if (dirfd < 0)
		return dirfd;
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
		return make_file(fs, dir, dirfd, name, mode, out);
	case S_IFIFO:
	case S_IFSOCK:
		break;
	default:
		return -EPERM;
	}
	if (mknodat(dirfd, name, mode & (S_IFMT | MODE_BITS), 0) < 0)
		return -errno;
	return pass_look(fs, dir, name, out);
}

int pass_mkdir(struct fs *base, const struct fs_caller *who unused, uint64_t id,
	       const char *name, uint32_t mode, struct fuse_entry_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir;
	int dirfd = find_place(fs, id, &dir);

	if (dirfd < 0)
		return dirfd;
	if (mkdirat(dirfd, name, mode & MODE_BITS) < 0)
		return -errno;
	return pass_look(fs, dir, name, out);
}

/* The user made the file since the guest looked. */
static int open_existing(struct pass_fs *fs, struct pass_node *dir,
			 const char *name, uint32_t flags,
			 struct fuse_entry_out *out)
{
	struct pass_node *node;
	int r = pass_look(fs, dir, name, out), fd = 0;

	if (!r)
		r = pass_find_file(fs, out->nodeid, &node);
	if (!r && flags & O_TRUNC) {
		fd = pass_open(fs, node, PASS_WRITE);
		r = fd < 0 ? fd : ftruncate(fd, 0) < 0 ? -errno : 0;
		out->attr.size = 0;
	}
	if (r < 0 && out->nodeid)
		pass_forget(&fs->base, out->nodeid, 1);
	return r == -EINVAL ? -EEXIST : r;
}

int pass_create(struct fs *base, const struct fs_caller *who unused,
		uint64_t id, const char *name, uint32_t mode, uint32_t flags,
		struct fuse_entry_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir;
	int dirfd = find_place(fs, id, &dir), r;

	if (dirfd < 0)
		return dirfd;
	r = make_file(fs, dir, dirfd, name, mode, out);
	if (r != -EEXIST || flags & O_EXCL)
		return r;
	return open_existing(fs, dir, name, flags, out);
}

int pass_tmpfile(struct fs *base, const struct fs_caller *who unused,
		 uint64_t id, uint32_t mode, struct fuse_entry_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir, *node;
	int fd = find_place(fs, id, &dir), r;

	if (fd < 0)
		return fd;
	fd = fs_open_beneath(&fs->fds, fd, ".", O_TMPFILE | O_RDWR,
			     mode & MODE_BITS);
	if (fd < 0)
		return fd;
	r = take_new(fs, fd, &node, out);
	if (!r)
		pass_pin(fs, node);
	return r;
}

static int remove_name(struct pass_fs *fs, uint64_t id, const char *name,
		       int flags)
{
	struct pass_node *dir, *node;
	int dirfd = find_place(fs, id, &dir), r;
	struct statx st;
	bool held;

	if (dirfd < 0)
		return dirfd;
	node = known_at(fs, dirfd, name, &st);
	held = hold_on(fs, node, &st);
	/* Its descriptor may have been closed for that. */
	dirfd = pass_fd(fs, dir);
	r = dirfd < 0 ? dirfd : unlinkat(dirfd, name, flags) < 0 ? -errno : 0;
	if (!r && node)
		let_go(fs, node, &st, id, name);
	else if (held)
		pass_unpin(fs, node);
	return r;
}

int pass_unlink(struct fs *base, uint64_t dir, const char *name)
{
	return remove_name(pass_fs_of(base), dir, name, 0);
}

int pass_rmdir(struct fs *base, uint64_t dir, const char *name)
{
	return remove_name(pass_fs_of(base), dir, name, AT_REMOVEDIR);
}

/* One name of a rename. */
struct end {
	struct pass_node *dir;
	const char *name;
	struct pass_node *node; /* NULL: not known */
	struct statx st;
};

static void moved(struct pass_fs *fs, const struct end *from,
		  const struct end *to, uint32_t flags)
{
	/* Two names of one object: nothing happens. */
	if (from->node && from->node == to->node)
		return;
	if (from->node) {
		pass_link_drop(from->node, from->dir->id, from->name);
		pass_link_add(from->node, to->dir->id, to->name);
	}
	if (!to->node)
		return;
	if (flags & RENAME_EXCHANGE) {
		pass_link_drop(to->node, to->dir->id, to->name);
		pass_link_add(to->node, from->dir->id, from->name);
	} else {
		let_go(fs, to->node, &to->st, to->dir->id, to->name);
	}
}

static int move(struct pass_fs *fs, struct end *from, struct end *to,
		uint32_t flags)
{
	bool held = false;
	int fds[2];
	int r = pass_two_fds(fs, from->dir, to->dir, fds);

	if (r < 0)
		return r;
	from->node = known_at(fs, fds[0], from->name, &from->st);
	to->node = known_at(fs, fds[1], to->name, &to->st);
	if (!(flags & RENAME_EXCHANGE) && to->node != from->node)
		held = hold_on(fs, to->node, &to->st);
	r = pass_two_fds(fs, from->dir, to->dir, fds);
	if (!r && renameat2(fds[0], from->name, fds[1], to->name, flags) < 0)
		r = -errno;
	if (!r)
		moved(fs, from, to, flags);
	else if (held)
		pass_unpin(fs, to->node);
	return r;
}

int pass_rename(struct fs *base, uint64_t dir, const char *name,
		uint64_t to_dir, const char *to_name, uint32_t flags)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct end from = { .name = name }, to = { .name = to_name };
	int r;

	if (flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	r = pass_find_dir(fs, dir, &from.dir);
	if (!r)
		r = pass_find_dir(fs, to_dir, &to.dir);
	return r < 0 ? r : move(fs, &from, &to, flags);
}

int pass_link(struct fs *base, uint64_t id, uint64_t to, const char *name,
	      struct fuse_entry_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node, *dir = NULL;
	char proc_name[PASS_PROC_SIZE];
	int fds[2];
	int r = pass_find(fs, id, &node);

	if (!r)
		r = pass_find_dir(fs, to, &dir);
	if (r < 0)
		return r;
	if (S_ISDIR(node->is.type))
		return -EPERM;
	r = pass_two_fds(fs, node, dir, fds);
	if (r < 0)
		return r;
	pass_proc_name(fds[0], proc_name);
	/* The object itself, whatever its names lead to now. */
	if (linkat(fs->cfg.proc_fd, proc_name, fds[1], name,
		   AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	pass_unpin(fs, node);
	return pass_look(fs, dir, name, out);
}
