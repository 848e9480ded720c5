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

#define NAMES_MAX    ((size_t)2 * 1000 * 1000) /* of one directory */
#define LISTINGS_MAX ((size_t)4096)	       /* open at one time */
/* A change of a directory this old shows in its times if there is another. */
#define SETTLED_NS INT64_C(50000000)

#define TYPE_OF(mode) ((uint32_t)(mode) >> 12 & 15)

struct item {
	char *name; /* owned */
	uint32_t type;
	uint64_t ino;
};

struct cow_listing {
	uint64_t dir; /* node id */
	bool built;
	struct item *items; /* owned */
	size_t n, capacity;
};

static void clear(struct cow_listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i].name);
	free(l->items);
	l->items = NULL;
	l->n = 0;
	l->capacity = 0;
	l->built = false;
}

static int add(struct cow_listing *l, struct span name, uint32_t type,
	       uint64_t ino)
{
	if (l->n == NAMES_MAX)
		return -ENOSPC;
	if (l->n == l->capacity) {
		l->capacity = l->capacity ? 2 * l->capacity : 16;
		l->items =
			xreallocarray(l->items, l->capacity, sizeof(*l->items));
	}
	l->items[l->n++] = (struct item){
		.name = xmemdup0(name.p, name.len),
		.type = type,
		.ino = ino,
	};
	return 0;
}

/* What the listing is of; calls back for each name that shows. */
struct scan {
	struct cow_fs *fs;
	struct overlay_node *dir;
	struct cow_listing *out; /* NULL: only see whether there is a name */
	bool any;
};

static int see(struct scan *s, struct span name, uint32_t type, uint64_t ino)
{
	s->any = true;
	return s->out ? add(s->out, name, type, ino) : 0;
}

static int see_pinned(struct scan *s)
{
	struct overlay_child child;
	size_t at = 0;
	int r = 0;

	while (!r && overlay_next_child(s->dir, &at, &child))
		if (child.node && child.node->pinned)
			r = see(s, child.name, TYPE_OF(cow_type(child.node)),
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
	return see(s, SPAN_STR(e->d_name), TYPE_OF(type),
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
		 struct cow_listing *l)
{
	struct scan s = { .fs = fs, .dir = dir, .out = l };
	uint64_t ino = cow_node_ino(dir);
	int r;

	clear(l);
	/* The kernel knows the parent's number itself. */
	r = add(l, SPAN_STR("."), TYPE_OF(S_IFDIR), ino);
	if (!r)
		r = add(l, SPAN_STR(".."), TYPE_OF(S_IFDIR), ino);
	if (!r)
		r = scan(&s);
	if (r < 0)
		clear(l);
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

/* A free place in the table, which grows when there is none. */
static int find_slot(struct cow_fs *fs, size_t *out)
{
	size_t n = fs->open_n;

	for (size_t i = 0; i < n; i++)
		if (!fs->open[i]) {
			*out = i;
			return 0;
		}
	if (n >= LISTINGS_MAX)
		return -ENFILE;
	fs->open_n = n ? 2 * n : 16;
	fs->open = (struct cow_listing **)xreallocarray(
		(void *)fs->open, fs->open_n, sizeof(*fs->open));
	for (size_t i = n; i < fs->open_n; i++)
		fs->open[i] = NULL;
	*out = n;
	return 0;
}

int cow_opendir(struct fs *base, uint64_t id, uint64_t *handle,
		uint32_t *open_flags)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *dir;
	struct cow_listing *l;
	size_t slot = 0;
	int r = cow_find_dir(fs, id, &dir);

	if (r < 0)
		return r;
	r = find_slot(fs, &slot);
	if (r < 0)
		return r;
	l = xcalloc(1, sizeof(*l));
	l->dir = id;
	fs->open[slot] = l;
	*handle = slot + 1;
	*open_flags = FOPEN_CACHE_DIR;
	if (is_unchanged(fs, dir))
		*open_flags |= FOPEN_KEEP_CACHE;
	return 0;
}

static struct cow_listing *find_listing(struct cow_fs *fs, uint64_t dir,
					uint64_t handle)
{
	struct cow_listing *l;

	if (!handle || handle > fs->open_n)
		return NULL;
	l = fs->open[handle - 1];
	return l && l->dir == dir ? l : NULL;
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
		     const struct item *item, uint64_t next,
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
	struct cow_listing *l;
	int r = cow_find_dir(fs, id, &dir);

	if (r < 0)
		return r;
	l = find_listing(fs, id, handle);
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
	struct cow_fs *fs = cow_fs_of(base);
	struct cow_listing *l = find_listing(fs, id, handle);

	if (!l)
		return;
	clear(l);
	free(l);
	fs->open[handle - 1] = NULL;
}

void cow_close_listings(struct cow_fs *fs)
{
	for (size_t i = 0; i < fs->open_n; i++)
		if (fs->open[i])
			cow_releasedir(&fs->base, fs->open[i]->dir, i + 1);
	free((void *)fs->open);
	fs->open = NULL;
	fs->open_n = 0;
}
