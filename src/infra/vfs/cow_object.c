// SPDX-License-Identifier: Apache-2.0
/*
 * cow_object.c - the objects that hold the content of changed files.
 *
 * An object appears under its name only when it is complete: it is filled as
 * OBJECT_NEW, and renamed. Whoever is killed in between leaves the user's
 * content shown, and an OBJECT_NEW that the next one overwrites.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "infra/sys/fd.h"

#define OBJECT_NEW	 "new"
#define OBJECT_NAME_SIZE 17 /* 16 hex digits and the NUL */
#define OBJECT_MODE	 0600

static void object_name(uint64_t id, char out[OBJECT_NAME_SIZE])
{
	int n = snprintf(out, OBJECT_NAME_SIZE, "%016" PRIx64, id);

	assert(n == OBJECT_NAME_SIZE - 1);
}

int cow_object_stat(struct cow_fs *fs, uint64_t id, struct stat *out)
{
	char name[OBJECT_NAME_SIZE];

	object_name(id, name);
	if (fstatat(fs->objects_fd, name, out, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

int cow_object_times(struct cow_fs *fs, uint64_t id,
		     const struct timespec times[2])
{
	char name[OBJECT_NAME_SIZE];

	object_name(id, name);
	if (utimensat(fs->objects_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

int cow_object_open(struct cow_fs *fs, uint64_t id)
{
	char name[OBJECT_NAME_SIZE];

	object_name(id, name);
	return cow_open(fs, fs->objects_fd, name, O_RDWR | O_NOFOLLOW, 0);
}

int cow_object_begin(struct cow_fs *fs)
{
	if (unlinkat(fs->objects_fd, OBJECT_NEW, 0) < 0 && errno != ENOENT)
		return -errno;
	return cow_open(fs, fs->objects_fd, OBJECT_NEW,
			O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, OBJECT_MODE);
}

int cow_object_commit(struct cow_fs *fs, uint64_t id)
{
	char name[OBJECT_NAME_SIZE];

	object_name(id, name);
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
	char name[OBJECT_NAME_SIZE];

	object_name(id, name);
	if (unlinkat(fs->objects_fd, name, 0) < 0 && errno != ENOENT)
		log_warn(fs->cfg.log, "vfs: remove object %s: errno %d", name,
			 errno);
}

int cow_content(struct cow_fs *fs, struct overlay_node *node)
{
	struct cow_node *cn = cow_node_of(node);
	int fd = cow_fds_use(&fs->fds, &cn->fd);

	if (fd >= 0)
		return fd;
	fd = node->own ? cow_object_open(fs, node->id)
		       : cow_lower_open(fs, node);
	if (fd >= 0)
		cow_fds_put(&fs->fds, &cn->fd, fd);
	return fd;
}

/* Fills the new object and makes it @node's, up to the last step. */
static int fill(struct cow_fs *fs, struct overlay_node *node, int from, int to,
		bool keep, struct cow_copy *copy)
{
	struct timespec times[2];
	struct cow_stat st;
	int r = cow_stat(fs, node, &st);

	if (r < 0)
		return r;
	*copy = (struct cow_copy){
		.from = from,
		.to = keep ? to : -1,
		.size = st.attr.size,
	};
	r = cow_copy_content(copy);
	if (r < 0)
		return r;
	times[0] = cow_timespec(st.attr.atime_ns);
	times[1] = cow_timespec(st.attr.mtime_ns);
	if (futimens(to, times) < 0)
		return -errno;
	r = cow_import_xattrs(fs, node);
	return r < 0 ? r : cow_object_commit(fs, node->id);
}

static int copy_up(struct cow_fs *fs, struct overlay_node *node, bool keep)
{
	struct cow_node *cn = cow_node_of(node);
	int from = cow_content(fs, node), r;
	auto_close int to = -1;
	struct cow_copy copy;

	if (from < 0)
		return from;
	cn->fd.busy = true;
	to = cow_object_begin(fs);
	r = to < 0 ? to : fill(fs, node, from, to, keep, &copy);
	cn->fd.busy = false;
	if (r < 0) {
		cow_object_abandon(fs);
		return r;
	}
	r = overlay_set_own(fs->overlay, node,
			    copy.has_hash ? copy.hash : NULL);
	if (r < 0) {
		cow_object_delete(fs, node->id);
		return r;
	}
	cow_fds_put(&fs->fds, &cn->fd, fd_take(&to));
	return cn->fd.fd;
}

int cow_content_own(struct cow_fs *fs, struct overlay_node *node, bool keep)
{
	if (fs->cfg.read_only)
		return -EROFS;
	return node->own ? cow_content(fs, node) : copy_up(fs, node, keep);
}
