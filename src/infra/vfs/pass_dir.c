// SPDX-License-Identifier: Apache-2.0
/*
 * pass_dir.c - list directories.
 *
 * A listing is read as a whole when it is first asked for, or asked for from
 * the start again, and stays what it is in between: offsets are positions in
 * it.
 */
#include "infra/vfs/pass.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "infra/vfs/fs_attr.h"

static int add_entry(const struct pass_fs *fs, uint64_t dev, int dirfd,
		     const struct dirent *e, struct fs_listing *l)
{
	uint32_t type = e->d_type;
	struct statx st;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return 0;
	if (type == DT_UNKNOWN) {
		/* Gone since; or it cannot be looked at, nor used then. */
		if (pass_stat_at(dirfd, e->d_name, &st) < 0)
			return 0;
		type = FS_LISTING_TYPE(st.stx_mode);
	}
	if (type == DT_CHR || type == DT_BLK)
		return 0;
	return fs_listing_add(l, SPAN_STR(e->d_name), type,
			      fs_attr_ino(fs->dev, dev, e->d_ino));
}

static int read_all(const struct pass_fs *fs, uint64_t dev, DIR *d,
		    struct fs_listing *l)
{
	const struct dirent *e;
	int r = 0;

	while (!r) {
		errno = 0;
		e = readdir(d);
		if (!e)
			return -errno;
		r = add_entry(fs, dev, dirfd(d), e, l);
	}
	return r;
}

/* The number of the directory above; of the share, its own. */
static uint64_t ino_above(const struct pass_fs *fs, int fd,
			  const struct statx *st)
{
	struct statx above;

	if (pass_is_same(fs->root, st) || pass_stat_at(fd, "..", &above) < 0)
		return pass_ino(fs, st);
	return pass_ino(fs, &above);
}

/* Also where nobody may search. */
static int scan(struct pass_fs *fs, int dirfd, struct fs_listing *l)
{
	auto_close int fd = pass_reopen(fs, dirfd, O_RDONLY | O_DIRECTORY);
	struct statx st;
	DIR *d;
	int r;

	if (fd < 0)
		return fd;
	r = pass_stat(fd, &st);
	if (!r)
		r = fs_listing_add_dots(l, pass_ino(fs, &st),
					ino_above(fs, fd, &st));
	if (r < 0)
		return r;
	d = fdopendir(fd);
	if (!d)
		return -errno;
	discard(fd_take(&fd)); /* the stream's now */
	r = read_all(fs, pass_dev(&st), d, l);
	closedir(d);
	return r;
}

static int build(struct pass_fs *fs, struct pass_node *dir,
		 struct fs_listing *l)
{
	int dirfd = pass_fd(fs, dir), r;

	if (dirfd < 0)
		return dirfd;
	fs_listing_clear(l);
	r = scan(fs, dirfd, l);
	if (r < 0)
		fs_listing_clear(l);
	else
		l->built = true;
	return r;
}

int pass_opendir(struct fs *base, uint64_t id, uint64_t *handle,
		 uint32_t *open_flags)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir;
	int r = pass_find_dir(fs, id, &dir);

	if (!r)
		r = fs_listings_open(&fs->open, id, handle);
	/* What was cached of it goes: the user may have changed it. */
	if (!r)
		*open_flags = FOPEN_CACHE_DIR;
	return r;
}

static bool hand_out(struct pass_fs *fs, struct pass_node *dir,
		     const struct fs_listing_item *item, uint64_t next,
		     struct fs_dir_sink *sink)
{
	struct fuse_entry_out entry = { .nodeid = 0 };
	struct span name = SPAN_STR(item->name);

	if (!sink->plus)
		return sink->add(sink, name, item->type, item->ino, next, NULL);
	if (strcmp(item->name, ".") != 0 && strcmp(item->name, "..") != 0 &&
	    pass_look(fs, dir, item->name, &entry) < 0)
		entry = (struct fuse_entry_out){ .nodeid = 0 };
	if (sink->add(sink, name, item->type, item->ino, next, &entry))
		return true;
	if (entry.nodeid)
		pass_forget(&fs->base, entry.nodeid, 1);
	return false;
}

int pass_readdir(struct fs *base, uint64_t id, uint64_t handle, uint64_t offset,
		 struct fs_dir_sink *sink)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir;
	struct fs_listing *l;
	int r = pass_find_dir(fs, id, &dir);

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

void pass_releasedir(struct fs *base, uint64_t id, uint64_t handle)
{
	fs_listings_close(&pass_fs_of(base)->open, id, handle);
}
