// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_differ.c - find what the guest changed in a copy-on-write view.
 *
 * Theory of operation
 *
 * The records say all that the guest touched, and what was there before. So
 * the overlay is made again of them, and each path that it holds is compared
 * with its origin. An origin that is not in the view any more is a deletion.
 * What the guest moved with a directory, without touching it, has no origin;
 * what the user has there now is its baseline (see overlay_view.c).
 *
 * A file that the guest moved is written from the user's own file. Where the
 * flush would overwrite that one first, as when two files change places, it
 * is written from a copy that is made here.
 */
#include "infra/diff/overlay_differ.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/git/git_view.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/overlay.h"
#include "domain/workspace/overlay_store.h"
#include "infra/diff/compare.h"
#include "infra/diff/conflict.h"
#include "infra/diff/decided.h"
#include "infra/diff/finish.h"
#include "infra/diff/overlay_view.h"
#include "infra/diff/text.h"
#include "infra/diff/unpack.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

struct overlay_differ {
	struct workspace_differ base;
	struct differ_config config;
};

/* One workspace_differ_compute(). */
struct job {
	struct overlay_view view;
	struct notices notices;
	struct change_list changes;
};

static void free_overlay(struct overlay **o)
{
	overlay_free(*o);
}

static int replay_bytes(struct overlay *o, const void *p, size_t len,
			bool salvages, struct err *err)
{
	struct span records = { .p = p, .len = len };

	if (overlay_replay(o, &records) < 0 && !salvages)
		return err_set(err, ERR_INTEGRITY,
			       "the records of the session are damaged after "
			       "%zu of %zu bytes",
			       len - records.len, len);
	/* The guest's operation never came to its end. */
	return 0;
}

static int replay(struct overlay *o, int session, bool salvages,
		  struct err *err)
{
	struct err why = ERR_INIT;
	auto_close int fd = fd_open_no_symlinks(session, OVERLAY_RECORDS_FILE,
						FILE_FLAGS, 0, &why);
	struct stat st;
	void *p;
	int r;

	/* Nobody asked the file server for anything. */
	if (fd < 0 && why.kind == ERR_NOT_FOUND)
		return 0;
	if (fd < 0) {
		*err = why;
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "the records are no file");
	if (!st.st_size)
		return 0;
	/* Mapped, for they may be large and are read once. */
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(err, errno, "map records");
	r = replay_bytes(o, p, (size_t)st.st_size, salvages, err);
	munmap(p, (size_t)st.st_size);
	return r;
}

static bool origin_type(const struct overlay_origin *origin,
			enum change_type *out)
{
	switch (origin->kind) {
	case OVERLAY_FILE:
		*out = CHANGE_FILE;
		return true;
	case OVERLAY_DIR:
		*out = CHANGE_DIR;
		return true;
	case OVERLAY_SYMLINK:
		*out = CHANGE_SYMLINK;
		return true;
	case OVERLAY_FIFO:
	case OVERLAY_SOCKET:
	case OVERLAY_KIND_COUNT:
		break;
	}
	return false;
}

static void fill_origin(const struct overlay_origin *origin,
			struct change *change)
{
	static const char digits[] = "0123456789abcdef";

	if (!origin_type(origin, &change->base_type))
		return;
	change->base_known = true;
	change->base_mode = origin->mode;
	change->base_identity = origin->identity;
	if (origin->target)
		change->base_target = xstrdup(origin->target);
	if (!origin->has_hash)
		return;
	for (size_t i = 0; i < OVERLAY_HASH_SIZE; i++) {
		change->base_hash[2 * i] = digits[origin->hash[i] >> 4];
		change->base_hash[2 * i + 1] = digits[origin->hash[i] & 15];
	}
	change->base_hash[(size_t)2 * OVERLAY_HASH_SIZE] = '\0';
}

static void copy_base(const struct change *from, struct change *to)
{
	to->base_known = true;
	to->base_type = from->base_type;
	to->base_mode = from->base_mode;
	to->base_identity = from->base_identity;
	memcpy(to->base_hash, from->base_hash, CHANGE_HASH_SIZE);
	if (from->base_target)
		to->base_target = xstrdup(from->base_target);
}

/* What the guest started from; without an origin, what it moved away. */
static void fill_base(struct job *j, struct change *change)
{
	const struct overlay_origin *origin =
		overlay_origin(j->view.overlay, change->path);
	const struct change *moved =
		change_list_find(&j->view.moved, change->path);

	if (origin)
		fill_origin(origin, change);
	else if (moved)
		copy_base(moved, change);
}

static int add_change(struct job *j, struct change *change, struct err *err)
{
	if (j->changes.n >= DIFF_CHANGES_MAX) {
		change_release(change);
		return err_set(err, ERR_LIMIT, "more than %zu changes",
			       DIFF_CHANGES_MAX);
	}
	change_list_add(&j->changes, change);
	*change = (struct change){ .path = NULL };
	return 0;
}

static int add_found(struct job *j, struct err *err)
{
	for (size_t i = 0; i < j->view.found.n; i++) {
		struct change *change = &j->view.found.v[i];

		fill_base(j, change);
		if (compare_judge(j->view.original, change) &&
		    add_change(j, change, err) < 0)
			return -1;
	}
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has(const struct strv *list, const char *path)
{
	return list->n && bsearch(&path, list->v, list->n, sizeof(*list->v),
				  compare_texts);
}

/* Is it in the view, or kept because its new place is not brought back? */
static bool must_stay(const struct job *j, const char *path)
{
	auto_free char *dir = xstrdup(path);
	char *slash;

	if (has(&j->view.seen, path) || has(&j->view.kept, path))
		return true;
	while ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		if (has(&j->view.kept, dir))
			return true;
	}
	return false;
}

static bool is_gone_from_original(const struct job *j, const char *path)
{
	auto_sight struct sight now = { .state = SIGHT_UNKNOWN };

	sight_look(j->view.original, path, &now);
	return now.state == SIGHT_ABSENT;
}

static int add_origin_deletion(struct job *j,
			       const struct overlay_origin *origin,
			       struct strv *excluded, struct err *err)
{
	struct change change = { .kind = CHANGE_DELETED };
	auto_free char *where = NULL;

	if (!origin_type(origin, &change.type) || must_stay(j, origin->path) ||
	    overlay_view_has(&j->view, origin->path))
		return 0;
	where = overlay_view_excluded(&j->view, origin->path, change.type);
	if (where) {
		strv_add(excluded, where);
		return 0;
	}
	/* Both deleted it: there is nothing to bring back. */
	if (is_gone_from_original(j, origin->path))
		return 0;
	fill_origin(origin, &change);
	change.path = xstrdup(origin->path);
	return add_change(j, &change, err);
}

static int add_deletions(struct job *j, struct strv *excluded, struct err *err)
{
	for (size_t i = 0; i < overlay_origin_count(j->view.overlay); i++) {
		if (add_origin_deletion(j,
					overlay_origin_at(j->view.overlay, i),
					excluded, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < j->view.moved.n; i++) {
		struct change *moved = &j->view.moved.v[i];

		if (must_stay(j, moved->path) ||
		    overlay_origin(j->view.overlay, moved->path))
			continue;
		if (add_change(j, moved, err) < 0)
			return -1;
	}
	return 0;
}

/* Each excluded path once, for both lists say the same at times. */
static void report_excluded(struct job *j, const struct strv *gone)
{
	auto_strv struct strv all = STRV_INIT;

	strv_add_all(&all, &j->view.excluded);
	strv_add_all(&all, gone);
	strv_sort(&all);
	for (size_t i = 0; i < all.n; i++) {
		if (i && !strcmp(all.v[i], all.v[i - 1]))
			continue;
		notices_add(&j->notices, all.v[i],
			    "is excluded, what was done there is not "
			    "brought back");
	}
}

/* Does a file or symlink stand, or go, where a directory of @path is? */
static bool has_type_change_above(const struct job *j, const char *path)
{
	auto_free char *dir = xstrdup(path);
	const struct change *change;
	char *slash;

	while ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		change = change_list_find(&j->changes, dir);
		if (change && change_is_type_change(change))
			return true;
	}
	return false;
}

/* May the flush replace the user's file before it was written elsewhere? */
static bool needs_copy(const struct job *j, const struct change *change)
{
	const struct change *at;

	if (change->kind == CHANGE_DELETED || change->type != CHANGE_FILE ||
	    change->source_root != CHANGE_FROM_ORIGINAL ||
	    !strcmp(change->source, change->path))
		return false;
	at = change_list_find(&j->changes, change->source);
	return (at && at->kind == CHANGE_MODIFIED) ||
	       change_is_type_change(change) ||
	       has_type_change_above(j, change->path) ||
	       has_type_change_above(j, change->source);
}

static int stage(struct job *j, struct change *change, size_t n,
		 struct err *err)
{
	auto_free char *path = xasprintf(OVERLAY_DIFFER_STAGED "/%zu", n);
	auto_close int src = fd_open_no_symlinks(
		j->view.original, change->source, FILE_FLAGS, 0, err);
	auto_close int dst = -1;

	if (src < 0)
		return -1;
	if (mkdirat(j->view.session, OVERLAY_DIFFER_STAGED, 0700) < 0 &&
	    errno != EEXIST)
		return err_sys(err, errno, "create directory '%s'",
			       OVERLAY_DIFFER_STAGED);
	dst = fd_open_no_symlinks(j->view.session, path,
				  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
				  0600, err);
	if (dst < 0 || fs_copy_fd(src, dst, /* reflinked */ NULL, err) < 0)
		return err_wrap(err, "copy '%s'", change->source);
	free(change->source);
	change->source = take_ptr(path);
	change->source_root = CHANGE_FROM_SESSION;
	return 0;
}

static int stage_all(struct job *j, struct err *err)
{
	for (size_t i = 0; i < j->changes.n; i++) {
		struct change *change = &j->changes.v[i];

		if (needs_copy(j, change) && stage(j, change, i, err) < 0)
			return -1;
	}
	return 0;
}

static bool is_decided(const struct change *change, void *ctx)
{
	return has(ctx, change->path);
}

static int run_on(struct job *j, const struct workspace_snapshot *s,
		  struct err *err)
{
	auto_strv struct strv excluded = STRV_INIT, decided = STRV_INIT;

	if (unpack_all(j->view.session, j->view.overlay, err) < 0 ||
	    overlay_view_scan(&j->view, err) < 0 || add_found(j, err) < 0 ||
	    add_deletions(j, &excluded, err) < 0)
		return -1;
	if (decided_read(j->view.session, &decided, err) < 0)
		return -1;
	change_list_drop(&j->changes, is_decided, &decided);
	report_excluded(j, &excluded);
	finish_changes(&j->changes, s->original, &j->notices);
	return stage_all(j, err);
}

static int run(struct job *j, const struct workspace_snapshot *s,
	       struct err *err)
{
	const struct overlay_config config = { .sink = NULL };
	const struct overlay_attr attr = { .mode = 0755 };
	cleanup_with(free_overlay) struct overlay *overlay = NULL;
	auto_close int original = fd_open_dir(s->original, err);
	auto_close int session = -1;
	struct file_identity identity;
	struct stat st;

	if (original < 0)
		return -1;
	session = fd_open_dir(s->path, err);
	if (session < 0)
		return -1;
	if (fstat(original, &st) < 0)
		return err_sys(err, errno, "look at '%s'", s->original);
	identity = file_identity_of(&st);
	overlay = overlay_new(&config, &attr, &identity);
	if (replay(overlay, session, s->salvages, err) < 0)
		return -1;
	j->view.overlay = overlay;
	j->view.original = original;
	j->view.session = session;
	j->view.git_is_ours = fstatat(session, GIT_VIEW_WORKTREE, &st,
				      AT_SYMLINK_NOFOLLOW) == 0;
	return run_on(j, s, err);
}

static int overlay_differ_compute(struct workspace_differ *base,
				  const struct workspace_snapshot *s,
				  const struct exclude *exclude,
				  struct change_list *out, struct err *err)
{
	struct overlay_differ *d =
		container_of(base, struct overlay_differ, base);
	struct job j = {
		.view = { .exclude = exclude },
		.notices = {
			.progress = d->config.progress,
			.log = d->config.log,
			.area = "diff",
		},
	};
	int r;

	j.view.notices = &j.notices;
	r = run(&j, s, err);
	notices_end(&j.notices);
	overlay_view_release(&j.view);
	if (r < 0) {
		change_list_release(&j.changes);
		return err_make_visible(err);
	}
	log_debug(d->config.log, "diff: %zu changes", j.changes.n);
	*out = j.changes;
	return 0;
}

static int overlay_differ_text(struct workspace_differ *d unused,
			       const struct workspace_snapshot *s,
			       const struct change *change, struct buf *out,
			       struct err *err)
{
	return diff_text(s, change, out, err);
}

static int overlay_differ_split(struct workspace_differ *d unused,
				const struct workspace_snapshot *s,
				const struct change *change,
				struct hunk_list *out, struct err *err)
{
	return diff_split(s, change, out, err);
}

static int overlay_differ_stage(struct workspace_differ *d unused,
				const struct workspace_snapshot *s,
				struct change *change, struct span content,
				struct err *err)
{
	return stage_content(s, change, content, err);
}

static int overlay_differ_take_theirs(struct workspace_differ *d unused,
				      const struct workspace_snapshot *s,
				      struct change *change, struct err *err)
{
	return conflict_take_theirs(s, change, err);
}

static int overlay_differ_merge(struct workspace_differ *d unused,
				const struct workspace_snapshot *s,
				struct change *change, bool *clean,
				struct err *err)
{
	return conflict_merge(s, change, clean, err);
}

static int overlay_differ_settle(struct workspace_differ *d unused,
				 const struct workspace_snapshot *s,
				 const struct change_list *changes,
				 struct err *err)
{
	return decided_add(s->path, changes, err);
}

static const struct workspace_differ_ops overlay_differ_ops = {
	.compute = overlay_differ_compute,
	.text = overlay_differ_text,
	.split = overlay_differ_split,
	.stage = overlay_differ_stage,
	.take_theirs = overlay_differ_take_theirs,
	.merge = overlay_differ_merge,
	.settle = overlay_differ_settle,
};

int overlay_differ_new(const struct differ_config *config,
		       struct workspace_differ **out, struct err *err)
{
	struct overlay_differ *d;

	if (git_libgit2_init() < 0)
		return err_set(err, ERR_UNSUPPORTED, "initialise libgit2");
	d = xcalloc(1, sizeof(*d));
	d->base.ops = &overlay_differ_ops;
	d->config = *config;
	*out = &d->base;
	return 0;
}

void overlay_differ_free(struct workspace_differ *base)
{
	if (!base)
		return;
	git_libgit2_shutdown();
	free(container_of(base, struct overlay_differ, base));
}
