// SPDX-License-Identifier: Apache-2.0
/*
 * cow_world.c - set up, drive and compare, for the tests of cow_fs.c and
 * pass_fs.c.
 */
#include "support/cow_world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/walk.h"
#include "support/check.h"

#define TEXT_MAX ((size_t)16 * 1024 * 1024)

const struct fs_caller guest_user = { .uid = 1000, .gid = 1000, .pid = 1 };

static int make_dir(const struct world *w, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", w->dir, name);
	struct err err = ERR_INIT;
	int fd;

	CHECK_OK(fs_mkdir_all(path, 0755, &err), &err);
	fd = fd_open_dir(path, &err);
	CHECK_OK(fd, &err);
	return fd;
}

void world_init(struct world *w)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;

	*w = (struct world){ .log = LOG_DISCARD, .proc_fd = -1 };
	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "cow-", &w->dir, &err),
		 &err);
	w->user_fd = make_dir(w, "user");
	w->state_fd = make_dir(w, "state");
	w->outside_fd = make_dir(w, "outside");
	w->exclude = exclude_new(EXCLUDE_FOR_SNAPSHOT);
}

void world_start(struct world *w, bool read_only, size_t fds_max)
{
	struct cow_fs_config cfg = {
		.lower_fd = w->user_fd,
		.state_fd = read_only ? -1 : w->state_fd,
		.read_only = read_only,
		.exclude = w->exclude,
		.host_uid = getuid(),
		.host_gid = getgid(),
		.fds_max = fds_max,
		.log = &w->log,
	};
	struct err err = ERR_INIT;

	CHECK_OK(cow_fs_new(&cfg, &w->cow, &err), &err);
	w->fs = cow_fs_base(w->cow);
}

void world_start_direct(struct world *w, size_t fds_max)
{
	struct pass_fs_config cfg = {
		.share_fd = w->user_fd,
		.host_uid = getuid(),
		.host_gid = getgid(),
		.fds_max = fds_max,
	};
	struct err err = ERR_INIT;

	w->proc_fd = fd_open_dir("/proc/self/fd", &err);
	CHECK_OK(w->proc_fd, &err);
	cfg.proc_fd = w->proc_fd;
	CHECK_OK(pass_fs_new(&cfg, &w->pass, &err), &err);
	w->fs = pass_fs_base(w->pass);
}

void world_release(struct world *w)
{
	struct err err = ERR_INIT;

	cow_fs_free(w->cow);
	pass_fs_free(w->pass);
	fd_close(&w->proc_fd);
	exclude_free(w->exclude);
	fd_close(&w->user_fd);
	fd_close(&w->state_fd);
	fd_close(&w->outside_fd);
	CHECK_OK(fs_remove_tree(w->dir, &err), &err);
	free(w->dir);
}

void user_write(struct world *w, const char *path, const char *text)
{
	auto_close int fd =
		openat(w->user_fd, path,
		       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct err err = ERR_INIT;

	CHECK(fd >= 0, "%s: %s", path, strerror(errno));
	CHECK_OK(fd_write_all(fd, text, strlen(text), &err), &err);
}

void user_mkdir(struct world *w, const char *path)
{
	CHECK(mkdirat(w->user_fd, path, 0755) == 0, "%s", path);
}

struct state_walk {
	struct walk base;
	struct strv lines;
};

static int note_entry(struct walk *base, const struct walk_entry *e,
		      struct err *err unused)
{
	struct state_walk *s = container_of(base, struct state_walk, base);
	char text[4096] = "";
	const struct stat *st = e->st;

	if (S_ISREG(st->st_mode)) {
		auto_close int fd =
			openat(e->dirfd, e->name, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = '\0';
	} else if (S_ISLNK(st->st_mode)) {
		ssize_t n =
			readlinkat(e->dirfd, e->name, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = '\0';
	}
	strv_addf(&s->lines, "%s %o %jd %jd.%ld %s", e->path, st->st_mode,
		  (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
		  st->st_mtim.tv_nsec, text);
	return S_ISDIR(st->st_mode) ? WALK_ENTER : WALK_PASS;
}

static int cannot_read(struct walk *base unused,
		       const struct walk_entry *e unused, const struct err *why,
		       struct err *err)
{
	*err = *why;
	return -1;
}

static char *join(struct strv *lines, char sep)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	strv_sort(lines);
	for (size_t i = 0; i < lines->n; i++) {
		if (i)
			CHECK_OK(buf_addc(&b, sep, &err), &err);
		CHECK_OK(buf_adds(&b, lines->v[i], &err), &err);
	}
	strv_release(lines);
	return buf_take(&b, NULL);
}

char *user_state(struct world *w)
{
	static const struct walk_ops ops = {
		.visit = note_entry,
		.unreadable = cannot_read,
	};
	struct state_walk s = { .base = WALK_INIT(&ops), .lines = STRV_INIT };
	struct err err = ERR_INIT;

	CHECK_OK(walk_tree(&s.base, w->user_fd, &err), &err);
	return join(&s.lines, '\n');
}

static int64_t lookup(struct world *w, uint64_t dir, const char *name)
{
	struct fuse_entry_out out;
	int r = w->fs->ops->lookup(w->fs, dir, name, &out);

	return r < 0 ? r : (int64_t)out.nodeid;
}

int64_t guest_find(struct world *w, const char *path)
{
	auto_free char *copy = xstrdup(path);
	int64_t at = FUSE_ROOT_ID;
	char *rest = copy, *name;

	while (at > 0 && (name = strsep(&rest, "/")))
		if (*name && strcmp(name, ".") != 0)
			at = lookup(w, (uint64_t)at, name);
	return at;
}

int64_t guest_dir(struct world *w, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = NULL;
	int64_t id;

	*name = slash ? slash + 1 : path;
	if (!slash)
		return FUSE_ROOT_ID;
	dir = xmemdup0(path, (size_t)(slash - path));
	id = guest_find(w, dir);
	return id ? id : -ENOENT;
}

int64_t guest_create(struct world *w, const char *path, uint32_t flags)
{
	struct fuse_entry_out out;
	const char *name;
	int64_t dir = guest_dir(w, path, &name);
	int r;

	if (dir < 0)
		return dir;
	r = w->fs->ops->create(w->fs, &guest_user, (uint64_t)dir, name, 0644,
			       flags, &out);
	return r < 0 ? r : (int64_t)out.nodeid;
}

int guest_write(struct world *w, uint64_t id, uint64_t at, const char *text)
{
	size_t len = strlen(text), half = len / 2;
	auto_free char *copy = xstrdup(text);
	struct iovec iov[] = {
		{ .iov_base = copy, .iov_len = half },
		{ .iov_base = copy + half, .iov_len = len - half },
	};
	ssize_t n = w->fs->ops->write(w->fs, id, iov, 2, at, false);

	if (n >= 0)
		CHECK((size_t)n == len, "short write of '%s'", text);
	return n < 0 ? (int)n : 0;
}

int guest_truncate(struct world *w, uint64_t id, uint64_t size)
{
	struct fuse_setattr_in in = { .valid = FATTR_SIZE, .size = size };
	struct fuse_attr_out out;

	return w->fs->ops->setattr(w->fs, &guest_user, id, &in, &out);
}

int guest_put(struct world *w, const char *path, const char *text)
{
	int64_t id = guest_find(w, path);
	int r = 0;

	if (!id)
		id = guest_create(w, path, O_CREAT | O_EXCL);
	else if (id > 0)
		r = guest_truncate(w, (uint64_t)id, 0);
	if (id < 0 || r < 0)
		return id < 0 ? (int)id : r;
	return guest_write(w, (uint64_t)id, 0, text);
}

int guest_stat(struct world *w, uint64_t id, struct fuse_attr *out)
{
	struct fuse_attr_out answer;
	int r = w->fs->ops->getattr(w->fs, id, &answer);

	if (!r)
		*out = answer.attr;
	return r;
}

char *guest_read(struct world *w, uint64_t id)
{
	struct fuse_attr attr = { .size = 0 };
	auto_free char *data = NULL;
	ssize_t n;
	int r = guest_stat(w, id, &attr);

	if (r < 0)
		return xasprintf("errno %d", -r);
	if (attr.size > TEXT_MAX)
		return xstrdup("too large");
	data = xmalloc(attr.size + 1);
	n = w->fs->ops->read(
		w->fs, id,
		(struct iovec[]){
			{ .iov_base = data, .iov_len = attr.size / 3 },
			{ .iov_base = NULL, .iov_len = 0 },
			{ .iov_base = data + attr.size / 3,
			  .iov_len = attr.size - attr.size / 3 + 1 },
		},
		3, 0);
	if (n < 0)
		return xasprintf("errno %d", (int)-n);
	CHECK((uint64_t)n == attr.size, "read %zd of %" PRIu64, n, attr.size);
	return xmemdup0(data, (size_t)n);
}

struct name_sink {
	struct fs_dir_sink base;
	struct world *w;
	struct strv names;
	uint64_t next;
	size_t room;
};

static bool take_name(struct fs_dir_sink *base, struct span name, uint32_t type,
		      uint64_t ino, uint64_t next,
		      const struct fuse_entry_out *entry)
{
	struct name_sink *s = container_of(base, struct name_sink, base);

	if (!s->room--)
		return false;
	s->next = next;
	CHECK(ino && type, "'%.*s' has no number or type", (int)name.len,
	      (const char *)name.p);
	if (entry && entry->nodeid) {
		CHECK(entry->attr.ino == ino, "two inode numbers");
		CHECK(entry->attr.mode >> 12 == type, "two types");
		s->w->fs->ops->forget(s->w->fs, entry->nodeid, 1);
	}
	if (!span_equals(name, ".") && !span_equals(name, ".."))
		strv_addf(&s->names, "%.*s", (int)name.len,
			  (const char *)name.p);
	return true;
}

char *guest_list(struct world *w, uint64_t id, bool plus)
{
	struct name_sink s = {
		.base = { .add = take_name, .plus = plus },
		.w = w,
		.names = STRV_INIT,
	};
	uint64_t handle, before;
	uint32_t flags;
	int r = w->fs->ops->opendir(w->fs, id, &handle, &flags);

	if (r < 0)
		return xasprintf("errno %d", -r);
	CHECK(flags & FOPEN_CACHE_DIR, "a directory that is not cached");
	do {
		before = s.next;
		s.room = 3;
		r = w->fs->ops->readdir(w->fs, id, handle, s.next, &s.base);
	} while (!r && s.next != before);
	w->fs->ops->releasedir(w->fs, id, handle);
	if (r < 0) {
		strv_release(&s.names);
		return xasprintf("errno %d", -r);
	}
	return join(&s.names, ' ');
}

static void check_same(struct world *w, struct overlay *copy,
		       const struct overlay_node *a, struct overlay_node *b);

static void check_child(struct world *w, struct overlay *copy,
			struct overlay_node *dir,
			const struct overlay_child *child)
{
	int len = (int)child->name.len;
	const char *name = child->name.p;
	struct overlay_node *other = NULL;
	enum overlay_name state =
		overlay_lookup(copy, dir, child->name, &other);

	if (!child->node) {
		CHECK(state == OVERLAY_NAME_GONE, "'%.*s' came back", len,
		      name);
		return;
	}
	if (!child->node->pinned)
		return;
	CHECK(state == OVERLAY_NAME_THERE, "'%.*s' is lost", len, name);
	check_same(w, copy, child->node, other);
}

bool world_has_content(struct world *w, uint64_t id)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];
	auto_free char *object = NULL;
	uint8_t header[OVERLAY_SLOT_HEADER];
	struct overlay_slot slot;
	auto_close int fd =
		openat(w->state_fd, OVERLAY_SLOTS_FILE, O_RDONLY | O_CLOEXEC);

	overlay_object_name(id, name);
	object = xasprintf(OVERLAY_OBJECTS_DIR "/%s", name);
	return faccessat(w->state_fd, object, F_OK, 0) == 0 ||
	       (pread(fd, header, sizeof(header),
		      (off_t)overlay_slot_offset(id)) ==
			(ssize_t)sizeof(header) &&
		overlay_slot_decode(header, id, &slot));
}

static void check_same(struct world *w, struct overlay *copy,
		       const struct overlay_node *a, struct overlay_node *b)
{
	struct overlay_child child;
	size_t at = 0;

	CHECK(a->id == b->id && a->kind == b->kind && a->own == b->own &&
		      a->links == b->links && a->attr.mode == b->attr.mode,
	      "node %" PRIu64 " differs", a->id);
	CHECK(!a->lower == !b->lower &&
		      (!a->lower || !strcmp(a->lower, b->lower)),
	      "node %" PRIu64 " shows something else", a->id);
	if (a->kind == OVERLAY_FILE && a->own)
		CHECK(world_has_content(w, a->id),
		      "node %" PRIu64 " has no content", a->id);
	while (overlay_next_child(a, &at, &child))
		check_child(w, copy, b, &child);
}

void world_check_replay(struct world *w)
{
	auto_free char *path = xasprintf("%s/state/records", w->dir);
	const struct overlay_node *root = overlay_root(w->cow->overlay);
	struct overlay_config config = { .sink = NULL };
	auto_buf struct buf records = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	struct overlay *copy =
		overlay_new(&config, &root->attr, &root->identity);
	struct span rest;
	int r;

	CHECK_OK(fs_read_file(path, &records, &err), &err);
	rest = buf_span(&records);
	r = overlay_replay(copy, &rest);
	CHECK(r == 0 && !rest.len, "replay: %d, %zu bytes left", r, rest.len);
	check_same(w, copy, root, overlay_root(copy));
	overlay_free(copy);
}
