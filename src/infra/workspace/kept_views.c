// SPDX-License-Identifier: Apache-2.0
/*
 * kept_views.c - find, open and remove the views that sessions left behind.
 */
#include "infra/workspace/kept_views.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/overlay_store.h"
#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"
#include "infra/workspace/sentinel.h"
#include "infra/workspace/snapshot_dir.h"
#include "infra/workspace/view_state.h"

#define ID_DIGITS 16

struct kept_views {
	struct session_store base;
	char *dir; /* owned; of all snapshots */
	struct log *log;
};

static bool is_id(const char *text)
{
	return strlen(text) == ID_DIGITS &&
	       strspn(text, "0123456789abcdef") == ID_DIGITS;
}

const char *kept_views_id(const char *path)
{
	const char *name = path_name(path);

	if (!text_starts_with(name, SNAPSHOT_PREFIX))
		return NULL;
	name += strlen(SNAPSHOT_PREFIX);
	return is_id(name) ? name : NULL;
}

static char *path_of(const struct kept_views *k, const char *id)
{
	return xasprintf("%s/" SNAPSHOT_PREFIX "%s", k->dir, id);
}

/* A lazy view, whose guest may have written something? */
static bool is_view(const char *path)
{
	auto_free char *records = xasprintf("%s/" OVERLAY_RECORDS_FILE, path);
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	return view_state_is_noted(path) || !lstat(records, &st);
}

static void add_session(const struct kept_views *k, const char *id,
			struct kept_list *out)
{
	auto_free char *path = path_of(k, id);
	struct kept_session s = { .note = SESSION_NOTE_INIT };
	struct err err = ERR_INIT;

	if (!is_view(path))
		return;
	s.id = xstrdup(id);
	s.is_live = sentinel_is_live(path);
	s.bytes = view_state_size(path);
	s.is_damaged = view_state_read_note(path, &s.note, &err) < 0;
	if (s.is_damaged)
		log_warn(k->log, "session '%s': %s", id, err.msg);
	out->v = xreallocarray(out->v, out->n + 1, sizeof(*out->v));
	out->v[out->n++] = s;
}

static int compare(const void *a, const void *b)
{
	const struct kept_session *x = a, *y = b;

	if (x->note.started_s != y->note.started_s)
		return x->note.started_s < y->note.started_s ? 1 : -1;
	return strcmp(x->id, y->id);
}

static int kept_list(struct session_store *base, struct kept_list *out,
		     struct err *err)
{
	struct kept_views *k = container_of(base, struct kept_views, base);
	DIR *dir = opendir(k->dir);
	const struct dirent *d;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(err, errno, "read '%s'", k->dir);
	while ((d = readdir(dir))) {
		const char *id = kept_views_id(d->d_name);

		if (id)
			add_session(k, id, out);
	}
	closedir(dir);
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), compare);
	return 0;
}

static int kept_open(struct session_store *base, const char *id,
		     const struct session_note *note,
		     struct workspace_snapshot **out, struct err *err)
{
	struct kept_views *k = container_of(base, struct kept_views, base);
	auto_free char *path = path_of(k, id);
	struct snapshot_dir *s;

	if (!is_id(id) || !is_view(path))
		return err_set(err, ERR_NOT_FOUND, "no session '%s'", id);
	if (snapshot_dir_adopt(path, note->workspace, &s, err) < 0)
		return err_make_visible(err);
	*out = &s->base;
	return 0;
}

static void kept_close(struct session_store *base unused,
		       struct workspace_snapshot *view)
{
	snapshot_dir_close(container_of(view, struct snapshot_dir, base));
}

static int kept_discard(struct session_store *base unused,
			struct workspace_snapshot *view, struct err *err)
{
	if (snapshot_dir_discard(container_of(view, struct snapshot_dir, base),
				 err) < 0)
		return err_make_visible(err);
	return 0;
}

static int kept_remove(struct session_store *base, const char *id,
		       struct err *err)
{
	struct kept_views *k = container_of(base, struct kept_views, base);
	auto_free char *path = path_of(k, id);
	auto_close int fd = -1;

	if (!is_id(id) || !is_view(path))
		return err_set(err, ERR_NOT_FOUND, "no session '%s'", id);
	if (sentinel_adopt(path, &fd, err) < 0 ||
	    sentinel_remove(path, err) < 0)
		return err_make_visible(err);
	return 0;
}

static const struct session_store_ops kept_ops = {
	.list = kept_list,
	.open = kept_open,
	.close = kept_close,
	.discard = kept_discard,
	.remove = kept_remove,
};

struct session_store *kept_views_new(const char *cache_dir, struct log *log)
{
	struct kept_views *k = xcalloc(1, sizeof(*k));

	k->base.ops = &kept_ops;
	k->dir = xasprintf("%s/" SNAPSHOT_DIR_BASE, cache_dir);
	k->log = log;
	return &k->base;
}

void kept_views_free(struct session_store *base)
{
	struct kept_views *k;

	if (!base)
		return;
	k = container_of(base, struct kept_views, base);
	free(k->dir);
	free(k);
}
