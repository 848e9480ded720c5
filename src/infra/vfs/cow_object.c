// SPDX-License-Identifier: Apache-2.0
/*
 * cow_object.c - the objects that hold the content of changed files that are
 * not small.
 *
 * An object appears under its name only when it is complete: it is filled as
 * OBJECT_NEW, and renamed. Whoever is killed in between leaves the user's
 * content shown, and an OBJECT_NEW that the next one overwrites.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "infra/sys/fd.h"

#define OBJECT_NEW  "new"
#define OBJECT_MODE 0600

int cow_object_stat(struct cow_fs *fs, uint64_t id, struct stat *out)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(id, name);
	if (fstatat(fs->objects_fd, name, out, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

int cow_object_times(struct cow_fs *fs, uint64_t id,
		     const struct timespec times[2])
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(id, name);
	if (utimensat(fs->objects_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

int cow_object_open(struct cow_fs *fs, uint64_t id)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(id, name);
	return cow_open(fs, fs->objects_fd, name, O_RDWR | O_NOFOLLOW, 0);
}

/* Has what was in the way of a new object been removed? */
static bool make_way(struct cow_fs *fs, int error)
{
	if (error == -ENOSPC)
		return cow_trash_empty(fs);
	return error == -EEXIST && unlinkat(fs->objects_fd, OBJECT_NEW, 0) == 0;
}

int cow_object_begin(struct cow_fs *fs)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
	int fd;

	do
		fd = cow_open(fs, fs->objects_fd, OBJECT_NEW, flags,
			      OBJECT_MODE);
	while (fd < 0 && make_way(fs, fd));
	return fd;
}

int cow_object_commit(struct cow_fs *fs, uint64_t id)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(id, name);
	if (renameat(fs->objects_fd, OBJECT_NEW, fs->objects_fd, name) < 0)
		return -errno;
	return 0;
}

void cow_object_abandon(struct cow_fs *fs)
{
	/* It costs space only, and goes at the next cow_object_begin(). */
	discard(unlinkat(fs->objects_fd, OBJECT_NEW, 0));
}

void cow_object_delete(struct cow_fs *fs, uint64_t id)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(id, name);
	if (unlinkat(fs->objects_fd, name, 0) < 0 && errno != ENOENT)
		log_warn(fs->cfg.log, "vfs: remove object %s: errno %d", name,
			 errno);
}
