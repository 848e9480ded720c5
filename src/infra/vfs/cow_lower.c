// SPDX-License-Identifier: Apache-2.0
/*
 * cow_lower.c - look at the user's directory, without ever leaving it.
 *
 * A path of a node is opened beneath the directory's descriptor with no symlink
 * allowed anywhere; a name is looked up as a single component of a directory
 * that was opened like that. Only what is a regular file, and is the very one
 * that was looked up, gets opened for reading: opening a FIFO wakes its writer,
 * opening a device may do anything.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/loop.h"
#include "infra/vfs/fs_open.h"

/* A directory is opened by its path again after that long. */
#define DIR_TRUST_NS INT64_C(1000000000)

int cow_open(struct cow_fs *fs, int dirfd, const char *path, int flags,
	     mode_t mode)
{
	return fs_open_beneath(&fs->fds, dirfd, path, flags, mode);
}

int cow_lower_dir(struct cow_fs *fs, struct overlay_node *dir)
{
	struct cow_node *cn = cow_node_of(dir);
	int fd;

	if (!dir->lower)
		return -ENOENT;
	if (!*dir->lower)
		return fs->cfg.lower_fd;
	fd = cow_fds_use(&fs->fds, &cn->fd);
	if (fd >= 0 && clock_now_ns() - cn->fd.opened_ns < DIR_TRUST_NS)
		return fd;
	fd = cow_open(fs, fs->cfg.lower_fd, dir->lower,
		      O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0) {
		cow_fds_drop(&fs->fds, &cn->fd);
		return fs_open_is_absent(fd) ? -ENOENT : fd;
	}
	cow_fds_put(&fs->fds, &cn->fd, fd);
	return fd;
}

static int child_path(const struct overlay_node *dir, const char *name,
		      char out[OVERLAY_PATH_MAX + 1])
{
	int n = snprintf(out, OVERLAY_PATH_MAX + 1, "%s%s%s", dir->lower,
			 *dir->lower ? "/" : "", name);

	return n < 0 || (size_t)n > OVERLAY_PATH_MAX ? -ENAMETOOLONG : 0;
}

static size_t depth_of(const char *path)
{
	size_t depth = *path ? 1 : 0;

	for (; *path; path++)
		if (*path == '/')
			depth++;
	return depth;
}

/* Does a symlink in a directory at @dir stay in the workspace, as a text? */
static bool stays_inside(const char *dir, const char *target)
{
	size_t depth = depth_of(dir);
	struct span rest = SPAN_STR(target), part;

	if (*target == '/')
		return false;
	while (span_take_until(&rest, '/', &part)) {
		if (!part.len || span_equals(part, "."))
			continue;
		if (!span_equals(part, ".."))
			depth++;
		else if (depth-- == 0)
			return false;
	}
	return true;
}

static int read_target(int dirfd, const char *name, char **out)
{
	char text[OVERLAY_TARGET_MAX + 1];
	ssize_t n = readlinkat(dirfd, name, text, sizeof(text));

	if (n < 0)
		/* EINVAL: it is no symlink any more. */
		return errno == EINVAL ? -ENOENT : -errno;
	if (!n || (size_t)n == sizeof(text))
		return -ENOENT;
	*out = xmemdup0(text, (size_t)n);
	return 0;
}

int cow_lower_shows(struct cow_fs *fs, struct overlay_node *dir, int dirfd,
		    const char *name, mode_t type, char **target)
{
	char path[OVERLAY_PATH_MAX + 1];
	const char *lower = dir->lower;
	int r;

	assert(lower);
	*target = NULL;
	if (!S_ISREG(type) && !S_ISDIR(type) && !S_ISLNK(type))
		return -ENOENT;
	/* What is too deep for us cannot be reached. */
	if (child_path(dir, name, path) < 0 ||
	    (fs->cfg.exclude &&
	     exclude_matches(fs->cfg.exclude, path, S_ISDIR(type))))
		return -ENOENT;
	/* Nothing would clean what git reads there. */
	if ((S_ISLNK(type) || (S_ISREG(type) && fs->cfg.read_only)) &&
	    cow_git_is_config(fs, dir, name))
		return -ENOENT;
	if (!S_ISLNK(type))
		return 0;
	r = read_target(dirfd, name, target);
	if (!*target)
		return r;
	if (stays_inside(lower, *target))
		return 0;
	free(take_ptr(*target));
	return -ENOENT;
}

int cow_lower_look(struct cow_fs *fs, struct overlay_node *dir,
		   const char *name, struct cow_found *out)
{
	int dirfd = cow_lower_dir(fs, dir), r;

	*out = (struct cow_found){ .target = NULL };
	if (dirfd < 0)
		return dirfd;
	if (fstatat(dirfd, name, &out->st, AT_SYMLINK_NOFOLLOW) < 0)
		return fs_open_is_absent(-errno) ? -ENOENT : -errno;
	r = cow_lower_shows(fs, dir, dirfd, name, out->st.st_mode,
			    &out->target);
	if (r < 0)
		return r;
	out->kind = S_ISDIR(out->st.st_mode)   ? OVERLAY_DIR
		    : S_ISLNK(out->st.st_mode) ? OVERLAY_SYMLINK
					       : OVERLAY_FILE;
	return 0;
}

/* Without permission to read anything: O_PATH. */
static int open_path(struct cow_fs *fs, const char *path)
{
	int fd = cow_open(fs, fs->cfg.lower_fd, *path ? path : ".",
			  O_PATH | O_NOFOLLOW, 0);

	return fs_open_is_absent(fd) ? -ESTALE : fd;
}

static int stat_path(struct cow_fs *fs, const char *path, struct stat *out)
{
	int fd = open_path(fs, path), r;

	if (fd < 0)
		return fd;
	r = fstat(fd, out) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int cow_lower_stat(struct cow_fs *fs, struct overlay_node *node,
		   struct stat *out)
{
	int fd;

	if (!node->lower)
		return -ESTALE;
	if (node->kind == OVERLAY_DIR) {
		fd = cow_lower_dir(fs, node);
		if (fd == -ENOENT)
			return -ESTALE;
	} else {
		fd = cow_fds_use(&fs->fds, &cow_node_of(node)->fd);
		if (fd < 0)
			return stat_path(fs, node->lower, out);
	}
	if (fd < 0)
		return fd;
	return fstat(fd, out) < 0 ? -errno : 0;
}

static bool is_the_one(const struct cow_node *cn, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_dev == cn->seen.dev &&
	       st->st_ino == cn->seen.ino;
}

int cow_lower_open(struct cow_fs *fs, struct overlay_node *node)
{
	const struct cow_node *cn = cow_node_of(node);
	struct stat st;
	int fd, r;

	if (!node->lower)
		return -ESTALE;
	r = stat_path(fs, node->lower, &st);
	if (r < 0)
		return r;
	if (!is_the_one(cn, &st))
		return -ESTALE;
	fd = cow_open(fs, fs->cfg.lower_fd, node->lower,
		      O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fs_open_is_absent(fd) ? -ESTALE : fd;
	/* It may have been replaced since. */
	if (fstat(fd, &st) == 0 && is_the_one(cn, &st))
		return fd;
	close(fd);
	return -ESTALE;
}
