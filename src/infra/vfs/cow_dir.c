// SPDX-License-Identifier: Apache-2.0
/*
 * cow_dir.c - list directories.
 *
 * A listing is read as a whole when it is first asked for, or asked for from
 * the start again, and stays what it is in between: offsets are positions in
 * it. It has the names that the overlay has pinned, and of the user's directory
 * those that the overlay does not decide about.
 */
#include "infra/vfs/cow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/vfs/fs_listing.h"

/* A change of a directory this old shows in its times if there is another. */
#define SETTLED_NS INT64_C(50000000)

/* What the listing is of; calls back for each name that shows. */
struct scan {
	struct cow_fs *fs;
	struct overlay_node *dir;
	struct fs_listing *out; /* NULL: only see whether there is a name */
	bool any;
};

static int see(struct scan *s, struct span name, uint32_t type, uint64_t ino)
{
	s->any = true;
	return s->out ? fs_listing_add(s->out, name, type, ino) : 0;
}

static int see_pinned(struct scan *s)
{
	struct overlay_child child;
	size_t at = 0;
	int r = 0;

	while (!r && overlay_next_child(s->dir, &at, &child))
		if (child.node && child.node->pinned)
			r = see(s, child.name,
				FS_LISTING_TYPE(cow_type(child.node)),
				cow_node_ino(child.node));
	return r;
}

/* Does the user's directory decide about the name? */
static bool is_users(struct scan *s, const char *name)
{
	struct overlay_node *node;

	switch (overlay_lookup(s->fs->overlay, s->dir, SPAN_STR(name), &node)) {
	case OVERLAY_NAME_GONE:
		return false;
	case OVERLAY_NAME_THERE:
		return !node->pinned;
	case OVERLAY_NAME_UNKNOWN:
		break;
	}
	return true;
}

static int see_users_name(struct scan *s, int dirfd, dev_t dev,
			  const struct dirent *e)
{
	auto_free char *target = NULL;
	mode_t type = (mode_t)e->d_type << 12;
	struct stat st;
	int r;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
	    !is_users(s, e->d_name))
		return 0;
	if (e->d_type == DT_UNKNOWN) {
		/* Gone since; or it cannot be looked at, nor opened then. */
		if (fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return 0;
		type = st.st_mode;
	}
	r = cow_lower_shows(s->fs, s->dir, dirfd, e->d_name, type, &target);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	return see(s, SPAN_STR(e->d_name), FS_LISTING_TYPE(type),
		   cow_ino(s->fs, dev, e->d_ino));
}

static int read_users(struct scan *s, DIR *d, dev_t dev)
{
	const struct dirent *e;
	int r = 0;

	while (!r && (s->out || !s->any)) {
		errno = 0;
		e = readdir(d);
		if (!e)
			return -errno;
		r = see_users_name(s, dirfd(d), dev, e);
	}
	return r;
}

/* Notes how the directory looks, for the next cow_opendir(). */
static void note(struct overlay_node *dir, const struct stat *st)
{
	struct cow_listed *listed = &cow_node_of(dir)->listed;
	int64_t now = cow_now_ns();

	listed->identity = file_identity_of(st);
	listed->settled = now - listed->identity.mtime_ns > SETTLED_NS &&
			  now - listed->identity.ctime_ns > SETTLED_NS;
}

static int see_users(struct scan *s)
{
	int dirfd = cow_lower_dir(s->fs, s->dir), r;
	auto_close int fd = -1;
	struct stat st;
	DIR *d;

	if (dirfd == -ENOENT)
		return 0;
	if (dirfd < 0)
		return dirfd;
	fd = cow_open(s->fs, dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d)
		return -errno;
	discard(fd_take(&fd)); /* the stream's now */
	r = read_users(s, d, st.st_dev);
	if (s->out)
		note(s->dir, &st);
	closedir(d);
	return r;
}

static int scan(struct scan *s)
{
	int r;

	if (cow_is_removed(s->fs, s->dir))
		return 0;
	r = see_pinned(s);
	if (r < 0 || (s->any && !s->out))
		return r;
	return see_users(s);
}

int cow_dir_is_empty(struct cow_fs *fs, struct overlay_node *dir)
{
	struct scan s = { .fs = fs, .dir = dir };
	int r = scan(&s);

	return r < 0 ? r : !s.any;
}

static int build(struct cow_fs *fs, struct overlay_node *dir,
		 struct fs_listing *l)
{
	const struct overlay_node *parent = dir->parent ? dir->parent : dir;
	struct scan s = { .fs = fs, .dir = dir, .out = l };
	int r;

	fs_listing_clear(l);
	r = fs_listing_add_dots(l, cow_node_ino(dir), cow_node_ino(parent));
	if (!r)
		r = scan(&s);
	if (r < 0)
		fs_listing_clear(l);
	else
		l->built = true;
	return r;
}

/* Is what the guest has cached of the directory still right? */
static bool is_unchanged(struct cow_fs *fs, struct overlay_node *dir)
{
	const struct cow_listed *listed = &cow_node_of(dir)->listed;
	struct file_identity now;
	struct stat st;

	/* Its own changes the guest knows. */
	if (!dir->lower)
		return true;
	if (!listed->settled || cow_lower_stat(fs, dir, &st) < 0)
		return false;
	now = file_identity_of(&st);
	return file_identity_equals(&now, &listed->identity);
}

int cow_opendir(struct fs *base, uint64_t id, uint64_t *handle,
		uint32_t *open_flags)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *dir;
	int r = cow_find_dir(fs, id, &dir);

	if (!r)
		r = fs_listings_open(&fs->open, id, handle);
	if (r < 0)
		return r;
	*open_flags = FOPEN_CACHE_DIR;
	if (is_unchanged(fs, dir))
		*open_flags |= FOPEN_KEEP_CACHE;
	return 0;
}

/* The entry of a name for a listing with entries; nodeid 0 when there is none
 * any more. */
static void find_entry(struct cow_fs *fs, struct overlay_node *dir,
		       const char *name, struct fuse_entry_out *out)
{
	struct cow_child child;

	*out = (struct fuse_entry_out){ .nodeid = 0 };
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return;
	if (cow_child(fs, dir, name, &child) < 0 || !child.node)
		return;
	if (cow_entry(fs, &child, out) < 0)
		*out = (struct fuse_entry_out){ .nodeid = 0 };
}

static bool hand_out(struct cow_fs *fs, struct overlay_node *dir,
		     const struct fs_listing_item *item, uint64_t next,
		     struct fs_dir_sink *sink)
{
	struct span name = SPAN_STR(item->name);
	struct fuse_entry_out entry;

	if (!sink->plus)
		return sink->add(sink, name, item->type, item->ino, next, NULL);
	find_entry(fs, dir, item->name, &entry);
	if (sink->add(sink, name, item->type, item->ino, next, &entry))
		return true;
	if (entry.nodeid)
		cow_forget(&fs->base, entry.nodeid, 1);
	return false;
}

int cow_readdir(struct fs *base, uint64_t id, uint64_t handle, uint64_t offset,
		struct fs_dir_sink *sink)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *dir;
	struct fs_listing *l;
	int r = cow_find_dir(fs, id, &dir);

	if (r < 0)
		return r;
	l = fs_listings_find(&fs->open, id, handle);
	if (!l)
		return -EBADF;
	if (!l->built || !offset) {
		r = build(fs, dir, l);
		if (r < 0)
			return r;
	}
	for (uint64_t i = offset; i < l->n; i++)
		if (!hand_out(fs, dir, &l->items[i], i + 1, sink))
			break;
	return 0;
}

void cow_releasedir(struct fs *base, uint64_t id, uint64_t handle)
{
	fs_listings_close(&cow_fs_of(base)->open, id, handle);
}
