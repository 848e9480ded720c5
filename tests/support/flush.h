/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flush.h - a workspace, a guest's view and changes between
 * them, described as a differ would.
 */
#ifndef BBOX_TESTS_SUPPORT_FLUSH_H
#define BBOX_TESTS_SUPPORT_FLUSH_H

#include "support/view.h"

#include <sys/stat.h>

#include "domain/workspace/journal.h"
#include "infra/flush/flusher.h"
#include "infra/sys/hash.h"

struct fixture {
	struct view v;
	const char *w, *g; /* borrowed; the user's and the guest's tree */
	struct workspace_flusher *flusher;
	struct change_list changes;
	struct flush_report report;
	struct err err;
};

static inline void setup(struct fixture *f)
{
	*f = (struct fixture){ .err = ERR_INIT };
	view_new(&f->v);
	f->w = f->v.snapshot.original;
	f->g = f->v.snapshot.path;
	f->flusher = flusher_new(&(struct flusher_config){
		.log = &f->v.log,
		.progress = &f->v.progress.base,
	});
	umask(022);
}

static inline void teardown(struct fixture *f)
{
	flusher_free(f->flusher);
	change_list_release(&f->changes);
	view_free(&f->v);
}

static inline enum change_type type_of(const struct stat *st)
{
	return S_ISDIR(st->st_mode)   ? CHANGE_DIR
	       : S_ISLNK(st->st_mode) ? CHANGE_SYMLINK
				      : CHANGE_FILE;
}

static inline void fill_guest(struct fixture *f, struct change *change)
{
	auto_free char *full = tree_path(f->g, change->path);
	auto_free char *text = NULL;
	char target[4096] = "";
	struct stat st;

	if (!tree_stat(f->g, change->path, &st))
		return;
	change->type = type_of(&st);
	change->mode = st.st_mode & 07777;
	if (change->type == CHANGE_SYMLINK) {
		CHECK(readlink(full, target, sizeof(target) - 1) > 0, "%s",
		      change->path);
		change->target = xstrdup(target);
	} else if (change->type == CHANGE_FILE) {
		text = tree_read(f->g, change->path);
		change->source = xstrdup(change->path);
		hash_sha256(text, strlen(text), change->hash);
		change->size = strlen(text);
	}
}

/* An accepted change, as a differ would describe it. */
static inline struct change *add(struct fixture *f, enum change_kind kind,
				 const char *path)
{
	struct change change = {
		.path = xstrdup(path),
		.kind = kind,
		.decision = CHANGE_ACCEPTED,
	};

	view_base(&f->v, &change);
	change.type = change.base_type;
	if (kind != CHANGE_DELETED)
		fill_guest(f, &change);
	change_list_add(&f->changes, &change);
	return &f->changes.v[f->changes.n - 1];
}

static inline int flush(struct fixture *f)
{
	int r;

	f->err = ERR_INIT;
	r = workspace_flusher_flush(f->flusher, &f->v.snapshot, &f->changes,
				    &f->report, &f->err);
	assert_true(tree_is_clean(f->w));
	assert_false(tree_has(f->v.dir, "v" JOURNAL_SUFFIX));
	return r;
}

static inline void check_report(const struct fixture *f, size_t written,
				size_t failed)
{
	CHECK(f->report.written == written && f->report.failed == failed,
	      "written %zu, failed %zu", f->report.written, f->report.failed);
}

#endif /* BBOX_TESTS_SUPPORT_FLUSH_H */
