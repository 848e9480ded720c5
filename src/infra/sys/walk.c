// SPDX-License-Identifier: Apache-2.0
/*
 * walk.c - visit a tree by directory descriptors.
 */
#include "infra/sys/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "infra/sys/fd.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
#define auto_dir cleanup_with(close_dir)

int walk_allow(int dirfd, const char *name, mode_t bits, struct err *err)
{
	auto_close int fd =
		openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at '%s'", name);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is no file", name);
	/* fchmod() refuses O_PATH; the link of proc leads to the same inode. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (chmod(link, (st.st_mode & 0777) | bits) < 0)
		return err_sys(err, errno, "chmod '%s'", name);
	return 0;
}

static DIR *open_dir(const struct walk *w, int dirfd, const char *name,
		     struct err *err)
{
	auto_close int fd = openat(dirfd, name, DIR_FLAGS);
	DIR *dir;

	if (fd < 0 && errno == EACCES && w->force &&
	    !walk_allow(dirfd, name, S_IRWXU, ERR_IGNORE))
		fd = openat(dirfd, name, DIR_FLAGS);
	if (fd < 0) {
		err_sys(err, errno, "open directory '%s'", name);
		return NULL;
	}
	dir = fdopendir(fd);
	if (!dir) {
		err_sys(err, errno, "read directory '%s'", name);
		return NULL;
	}
	/* Belongs to the stream now. */
	discard(fd_take(&fd));
	return dir;
}

static int walk_dir(struct walk *w, DIR *dir, size_t depth, struct err *err);

static int enter(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct err why = ERR_INIT;
	auto_dir DIR *dir = NULL;

	if (e->depth >= WALK_DEPTH_MAX)
		err_set(&why, ERR_LIMIT, "more than %zu directories deep",
			WALK_DEPTH_MAX);
	else
		dir = open_dir(w, e->dirfd, e->name, &why);
	if (!dir)
		return w->ops->unreadable(w, e, &why, err);
	return walk_dir(w, dir, e->depth + 1, err);
}

/* -1 to end the walk, 0 to go on. */
static int visit(struct walk *w, struct walk_entry *e, struct err *err)
{
	size_t len = w->len;
	struct err why = ERR_INIT;
	struct stat st;
	int step;

	if (fstatat(e->dirfd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		/* Removed since the directory was read: not an entry. */
		if (errno == ENOENT)
			return 0;
		err_sys(&why, errno, "look at it");
		return w->ops->unreadable(w, e, &why, err);
	}
	e->st = &st;
	step = w->ops->visit(w, e, err);
	if (step <= 0)
		return step;
	assert(S_ISDIR(st.st_mode));
	if (enter(w, e, err) < 0)
		return -1;
	assert(w->len == len);
	return w->ops->leave ? w->ops->leave(w, e, err) : 0;
}

/* Puts @name behind the path; false when that does not fit. */
static bool add_name(struct walk *w, const char *name)
{
	size_t slash = w->len ? 1 : 0, len = strlen(name);

	if (slash + len > WALK_PATH_MAX - w->len)
		return false;
	if (slash)
		w->path[w->len++] = '/';
	memcpy(w->path + w->len, name, len + 1);
	w->len += len;
	return true;
}

static int visit_name(struct walk *w, int dirfd, const char *name, size_t depth,
		      struct err *err)
{
	struct walk_entry e = {
		.dirfd = dirfd,
		.name = name,
		.path = w->path,
		.depth = depth,
	};
	size_t len = w->len;
	struct err why = ERR_INIT;
	int r;

	if (!add_name(w, name)) {
		err_set(&why, ERR_LIMIT, "a path in it exceeds %zu bytes",
			WALK_PATH_MAX);
		return w->ops->unreadable(w, &e, &why, err);
	}
	r = visit(w, &e, err);
	w->len = len;
	w->path[len] = '\0';
	return r;
}

static int walk_dir(struct walk *w, DIR *dir, size_t depth, struct err *err)
{
	const struct dirent *d;

	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (!d)
			break;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (visit_name(w, dirfd(dir), d->d_name, depth, err) < 0)
			return -1;
	}
	if (errno) {
		struct walk_entry e = {
			.dirfd = dirfd(dir),
			.name = ".",
			.path = w->path,
			.depth = depth - 1,
		};
		struct err why = ERR_INIT;

		err_sys(&why, errno, "read directory");
		return w->ops->unreadable(w, &e, &why, err);
	}
	return 0;
}

int walk_tree(struct walk *w, int rootfd, struct err *err)
{
	auto_dir DIR *dir = open_dir(w, rootfd, ".", err);

	if (!dir)
		return -1;
	return walk_dir(w, dir, 1, err);
}
