// SPDX-License-Identifier: Apache-2.0
/*
 * undo_dir.c - list, load, mark and remove flushes that can be undone.
 */
#include "infra/flush/undo_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/journal.h"
#include "infra/flush/settle.h"
#include "infra/flush/undo_writer.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define DIR_FLAGS  (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

struct undo_dir {
	struct undo_store base;
	char *path; /* owned */
	struct log *log;
};

/* What undo_writer.c calls a flush: hex digits, and "-" with a number. */
static bool is_id(const char *name)
{
	return *name && strlen(name) < UNDO_ID_SIZE &&
	       strspn(name, "0123456789abcdef-") == strlen(name);
}

static int read_manifest(int base_fd, const char *id, struct undo_manifest *out,
			 struct err *err)
{
	auto_buf struct buf text = BUF_INIT(UNDO_MANIFEST_MAX);
	auto_free char *path = xasprintf("%s/" UNDO_MANIFEST, id);
	auto_close int fd =
		fd_open_no_symlinks(base_fd, path, FILE_FLAGS, 0, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is no file", path);
	if (fd_read_all(fd, &text, err) < 0)
		return err_wrap(err, "read '%s'", path);
	if (undo_parse(buf_span(&text), out, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

static uint64_t bytes_of(const struct undo_manifest *m)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].object)
			bytes += m->v[i].size;
	}
	return bytes;
}

static void add_session(struct undo_list *out, const char *id,
			struct undo_manifest *m)
{
	struct undo_session *s;

	out->v = xreallocarray(out->v, out->n + 1, sizeof(*out->v));
	s = &out->v[out->n++];
	*s = (struct undo_session){
		.id = xstrdup(id),
		.head = m->head,
		.files = m->n,
		.bytes = bytes_of(m),
		.undone = m->undone,
	};
	m->head.workspace = NULL;
}

/* Damaged ones go into @damaged. */
static int list_all(int base_fd, struct undo_list *out, struct strv *damaged,
		    struct err *err)
{
	int fd = openat(base_fd, ".", DIR_FLAGS);
	const struct dirent *d;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		err_sys(err, errno, "read the directory of old versions");
		fd_close(&fd);
		return -1;
	}
	while ((d = readdir(dir))) {
		auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;

		if (!is_id(d->d_name))
			continue;
		if (read_manifest(base_fd, d->d_name, &m, ERR_IGNORE) < 0)
			strv_add(damaged, d->d_name);
		else
			add_session(out, d->d_name, &m);
	}
	closedir(dir);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct undo_session *x = a, *y = b;

	if (x->head.time_ns != y->head.time_ns)
		return x->head.time_ns < y->head.time_ns ? 1 : -1;
	return strcmp(y->id, x->id);
}

static void sort(struct undo_list *list)
{
	if (list->n > 1)
		qsort(list->v, list->n, sizeof(*list->v), compare);
}

static int dir_list(struct undo_store *base, struct undo_list *out,
		    struct err *err)
{
	struct undo_dir *u = container_of(base, struct undo_dir, base);
	auto_strv struct strv damaged = STRV_INIT;
	auto_close int fd = open(u->path, DIR_FLAGS);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", u->path);
	if (list_all(fd, out, &damaged, err) < 0)
		return -1;
	for (size_t i = 0; i < damaged.n; i++)
		log_warn(u->log, "undo: '%s' is damaged", damaged.v[i]);
	sort(out);
	return 0;
}

static int dir_load(struct undo_store *base, const char *id, char **out_path,
		    struct undo_manifest *out, struct err *err)
{
	struct undo_dir *u = container_of(base, struct undo_dir, base);
	auto_close int fd = fd_open_dir(u->path, err);

	if (fd < 0)
		return -1;
	if (!is_id(id))
		return err_set(err, ERR_NOT_FOUND, "no flush '%s'", id);
	if (read_manifest(fd, id, out, err) < 0)
		return -1;
	*out_path = xasprintf("%s/%s", u->path, id);
	return 0;
}

static int dir_finish(struct undo_store *base, const char *id, struct err *err)
{
	struct undo_dir *u = container_of(base, struct undo_dir, base);
	auto_free char *path = xasprintf("%s/" UNDO_MANIFEST, id);
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	auto_close int dir = fd_open_dir(u->path, err);
	auto_close int fd = -1;

	if (dir < 0 || undo_add_undone(&text, err) < 0)
		return -1;
	fd = fd_open_no_symlinks(dir, path, O_WRONLY | O_APPEND | O_NOFOLLOW, 0,
				 err);
	if (fd < 0)
		return -1;
	return fd_write_all(fd, text.data, text.len, err);
}

void undo_dir_prune(int base_fd, const char *workspace, struct log *log)
{
	auto_undo_list struct undo_list list = UNDO_LIST_INIT;
	auto_strv struct strv gone = STRV_INIT;
	struct err err = ERR_INIT;
	size_t kept = 0;

	if (list_all(base_fd, &list, &gone, &err) < 0) {
		log_warn(log, "undo: %s", err.msg);
		return;
	}
	sort(&list);
	for (size_t i = 0; i < list.n; i++) {
		if (!strcmp(list.v[i].head.workspace, workspace) &&
		    ++kept > UNDO_SESSIONS_MAX)
			strv_add(&gone, list.v[i].id);
	}
	for (size_t i = 0; i < gone.n; i++) {
		if (fs_remove_tree_at(base_fd, gone.v[i], &err) < 0)
			log_warn(log, "undo: %s", err.msg);
	}
}

void undo_dir_sweep(const char *path, struct progress *progress,
		    struct log *log)
{
	auto_free char *name = xasprintf("%s/" UNDO_LOCK_FILE, path);
	DIR *dir = opendir(path);
	const struct dirent *d;
	auto_close int lock = -1;

	if (!dir)
		return;
	lock = fs_lock(name, /* wait_ms */ 0, ERR_IGNORE);
	while (lock >= 0 && (d = readdir(dir))) {
		auto_free char *journal = xasprintf("%s/%s", path, d->d_name);

		if (text_ends_with(d->d_name, JOURNAL_SUFFIX))
			settle_journal(journal, progress, log);
	}
	closedir(dir);
}

static const struct undo_store_ops undo_dir_ops = {
	.list = dir_list,
	.load = dir_load,
	.finish = dir_finish,
};

struct undo_store *undo_dir_new(const char *path, struct log *log)
{
	struct undo_dir *u = xcalloc(1, sizeof(*u));

	u->base.ops = &undo_dir_ops;
	u->path = xstrdup(path);
	u->log = log;
	return &u->base;
}

void undo_dir_free(struct undo_store *base)
{
	struct undo_dir *u;

	if (!base)
		return;
	u = container_of(base, struct undo_dir, base);
	free(u->path);
	free(u);
}
