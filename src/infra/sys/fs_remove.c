// SPDX-License-Identifier: Apache-2.0
/*
 * fs_remove.c - remove a tree that somebody hostile may have built.
 *
 * Theory of operation
 *
 * The walk goes down by descriptors, never by joined paths, and never through
 * a symlink or into another mount. It keeps one open directory for each level
 * in an array of fixed size. A tree may be deeper than that: a directory
 * found below the last level is moved up into the top directory, which is
 * read again once its end is reached. So any depth is removed with bounded
 * memory, stack and descriptors, and each directory moves once per
 * DEPTH_MAX levels.
 */
#include "infra/sys/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"

#define DEPTH_MAX 64  /* directories open at a time */
#define NAME_SIZE 256 /* NAME_MAX and the NUL */

struct level {
	DIR *dir;
	char name[NAME_SIZE]; /* in the level above */
	bool progress;	      /* something went since the last rewind */
};

struct walk {
	int parent_fd; /* borrowed; of the top level */
	struct level levels[DEPTH_MAX];
	size_t depth;	      /* levels in use */
	unsigned int n_moved; /* names the directories moved to the top */
};

/* The stream's own descriptor; a directory stream always has one. */
static int level_fd(const struct level *l)
{
	return dirfd(l->dir);
}

/*
 * Opens a directory as a place, which needs no permission on itself, and
 * makes sure that its owner may list and change it.
 */
static int open_place(int dirfd, const char *name, struct err *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve =
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	auto_close int fd = -1;
	char self[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	struct stat st;

	do
		fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open directory '%s'", name);
	if ((st.st_mode & S_IRWXU) == S_IRWXU)
		return fd_take(&fd);
	/* fchmod(2) refuses O_PATH descriptors; the link leads to the inode. */
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (chmod(self, (st.st_mode & 07777) | S_IRWXU) < 0)
		return err_sys(err, errno, "make directory '%s' writable",
			       name);
	return fd_take(&fd);
}

static int push(struct walk *w, int dirfd, const char *name, struct err *err)
{
	struct level *l = &w->levels[w->depth];
	auto_close int place = -1, fd = -1;

	if (strlen(name) >= sizeof(l->name))
		return err_set(err, ERR_LIMIT, "name '%.32s...' is too long",
			       name);
	place = open_place(dirfd, name, err);
	if (place < 0)
		return -1;
	fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open directory '%s'", name);
	l->dir = fdopendir(fd);
	if (!l->dir)
		return err_sys(err, errno, "read directory '%s'", name);
	fd_take(&fd);
	memcpy(l->name, name, strlen(name) + 1);
	l->progress = false;
	w->depth++;
	return 0;
}

/* Moves a directory that is too deep to descend into up to the top. */
static int move_to_top(struct walk *w, int dirfd, const char *name,
		       struct err *err)
{
	int top = level_fd(&w->levels[0]);
	auto_close int place = open_place(dirfd, name, err);
	char moved[sizeof(".bbox-moved-") + 3 * sizeof(unsigned int)];
	int r;

	if (place < 0)
		return -1;
	do {
		(void)snprintf(moved, sizeof(moved), ".bbox-moved-%u",
			       w->n_moved++);
		r = renameat2(dirfd, name, top, moved, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	if (r < 0)
		return err_sys(err, errno, "move directory '%s'", name);
	w->levels[0].progress = true;
	return 0;
}

static bool is_directory(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

static int remove_entry(struct walk *w, const struct dirent *entry,
			struct err *err)
{
	struct level *l = &w->levels[w->depth - 1];
	int dirfd = level_fd(l);
	int flags = is_directory(dirfd, entry) ? AT_REMOVEDIR : 0;

	if (!unlinkat(dirfd, entry->d_name, flags) || errno == ENOENT) {
		l->progress = true;
		return 0;
	}
	if (!flags || (errno != ENOTEMPTY && errno != EEXIST))
		return err_sys(err, errno, "remove '%s'", entry->d_name);
	if (w->depth == DEPTH_MAX)
		return move_to_top(w, dirfd, entry->d_name, err);
	return push(w, dirfd, entry->d_name, err);
}

/* Removes the directory whose entries are done; reads it again if needed. */
static int pop(struct walk *w, struct err *err)
{
	struct level *l = &w->levels[w->depth - 1];
	struct level *above = w->depth > 1 ? l - 1 : NULL;
	int parent_fd = above ? level_fd(above) : w->parent_fd;

	if (!unlinkat(parent_fd, l->name, AT_REMOVEDIR) || errno == ENOENT) {
		closedir(l->dir);
		w->depth--;
		if (above)
			above->progress = true;
		return 0;
	}
	/* Entries may be missed by a reader while others are removed. */
	if ((errno == ENOTEMPTY || errno == EEXIST) && l->progress) {
		l->progress = false;
		rewinddir(l->dir);
		return 0;
	}
	return err_sys(err, errno, "remove directory '%s'", l->name);
}

static int run_walk(struct walk *w, struct err *err)
{
	const struct dirent *entry;

	while (w->depth) {
		const struct level *l = &w->levels[w->depth - 1];

		errno = 0;
		entry = readdir(l->dir);
		if (!entry && errno)
			return err_sys(err, errno, "read directory '%s'",
				       l->name);
		if (!entry) {
			if (pop(w, err) < 0)
				return -1;
			continue;
		}
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (remove_entry(w, entry, err) < 0)
			return -1;
	}
	return 0;
}

static int remove_dir(int dirfd, const char *name, struct err *err)
{
	auto_free struct walk *w = xcalloc(1, sizeof(*w));
	int r;

	w->parent_fd = dirfd;
	if (push(w, dirfd, name, err) < 0)
		return -1;
	r = run_walk(w, err);
	while (w->depth)
		closedir(w->levels[--w->depth].dir);
	return r;
}

int fs_remove_tree_at(int dirfd, const char *name, struct err *err)
{
	struct stat st;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return err_set(err, ERR_INVALID,
			       "remove '%s': not a plain name", name);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(err, errno, "examine '%s'", name);
	}
	if (S_ISDIR(st.st_mode)) {
		if (remove_dir(dirfd, name, err) < 0)
			return err_wrap(err, "remove tree '%s'", name);
		return 0;
	}
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", name);
	return 0;
}

int fs_remove_tree(const char *path, struct err *err)
{
	auto_free char *copy = xstrdup(path);
	auto_close int dirfd = -1;
	size_t len = strlen(copy);
	char *slash;

	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	if (!slash)
		dirfd = fd_open_dir(".", err);
	else if (slash == copy)
		dirfd = fd_open_dir("/", err);
	else {
		*slash = '\0';
		dirfd = fd_open_dir(copy, err);
	}
	if (dirfd < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	return fs_remove_tree_at(dirfd, slash ? slash + 1 : copy, err);
}
