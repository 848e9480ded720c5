// SPDX-License-Identifier: Apache-2.0
/*
 * flusher.c - bring accepted changes into the workspace.
 *
 * Theory of operation
 *
 * Each change stands alone (see apply.c): a failure is reported and the rest
 * goes on.
 *
 * Additions and modifications come first and deletions after, so that being
 * killed between the halves of a rename leaves the file twice and not not at
 * all. Deletions go from the inside out, for a directory is removed only when
 * it is empty. Last comes what takes the place of something else, a file of a
 * directory or the other way round, and what lies below it.
 *
 * What is written from a file of the user's own, which the guest moved, is
 * the only copy there is: when it could not be written, or is not wanted, that
 * file is not deleted.
 */
#include "infra/flush/flusher.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/paths.h"
#include "infra/flush/apply.h"

struct flusher {
	struct workspace_flusher base;
	struct flusher_config config;
};

/* The order in which changes are written. */
enum round {
	ROUND_WRITE,
	ROUND_DELETE, /* from the last path to the first */
	ROUND_REPLACE,

	ROUND_COUNT
};

/* One workspace_flusher_flush(). */
struct job {
	const struct flusher_config *config;
	const struct change_list *changes;
	struct apply apply;
	bool *done;	    /* by index in @changes */
	struct strv needed; /* the user's files that must stay; sorted */
	struct flush_report report;
	struct err first; /* failure */
};

static bool has(const struct strv *list, const char *path)
{
	size_t first = 0, last = list->n;

	while (first < last) {
		size_t middle = first + (last - first) / 2;
		int order = strcmp(list->v[middle], path);

		if (!order)
			return true;
		if (order < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return false;
}

static int flush_one(struct job *j, const struct change *change,
		     struct err *err)
{
	if (change->kind == CHANGE_DELETED && has(&j->needed, change->path))
		return err_set(err, ERR_CONFLICT,
			       "'%s' is kept, because the place that the "
			       "agent moved it to was not written",
			       change->path);
	return apply_change(&j->apply, change, err);
}

static void flush_and_report(struct job *j, size_t i)
{
	struct err err = ERR_INIT;

	if (!flush_one(j, &j->changes->v[i], &err)) {
		j->report.written++;
		j->done[i] = true;
		return;
	}
	err_make_visible(&err);
	progress_warn(j->config->progress, "Not written: %s", err.msg);
	log_warn(j->config->log, "flush: %s", err.msg);
	if (!j->report.failed++)
		j->first = err;
}

/* Does something of another type take the place of a directory of @path? */
static bool is_replaced_above(const struct change_list *list, const char *path)
{
	auto_free char *dir = xstrdup(path);
	const struct change *change;
	char *slash;

	while ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		change = change_list_find(list, dir);
		if (change && change_is_type_change(change))
			return true;
	}
	return false;
}

static enum round round_of(const struct change_list *list,
			   const struct change *change)
{
	if (change->kind == CHANGE_DELETED)
		return ROUND_DELETE;
	if (change_is_type_change(change) ||
	    is_replaced_above(list, change->path))
		return ROUND_REPLACE;
	return ROUND_WRITE;
}

/* The user's files that are the only copy of what is not written. */
static void find_needed(struct job *j)
{
	strv_release(&j->needed);
	for (size_t i = 0; i < j->changes->n; i++) {
		const struct change *change = &j->changes->v[i];

		if (!j->done[i] && change->kind != CHANGE_DELETED &&
		    change->source &&
		    change->source_root == CHANGE_FROM_ORIGINAL &&
		    strcmp(change->source, change->path))
			strv_add(&j->needed, change->source);
	}
	strv_sort(&j->needed);
}

static void flush_rounds(struct job *j)
{
	size_t n = j->changes->n;

	for (enum round round = ROUND_WRITE; round < ROUND_COUNT; round++) {
		if (round == ROUND_DELETE)
			find_needed(j);
		for (size_t k = 0; k < n; k++) {
			size_t i = round == ROUND_DELETE ? n - 1 - k : k;
			const struct change *change = &j->changes->v[i];

			if (change->decision == CHANGE_ACCEPTED &&
			    round_of(j->changes, change) == round)
				flush_and_report(j, i);
		}
	}
}

/* Submodules' git directories are never brought back. */
static void mention_submodules(const struct job *j)
{
	for (size_t i = 0; i < j->changes->n; i++) {
		const struct change *change = &j->changes->v[i];

		if (change->decision == CHANGE_ACCEPTED &&
		    !strcmp(path_name(change->path), ".gitmodules")) {
			progress_info(j->config->progress,
				      "Git directories of submodules are not "
				      "written back; run 'git submodule update "
				      "--init' on the host");
			return;
		}
	}
}

static int run(struct job *j, const struct workspace_snapshot *s,
	       struct err *err)
{
	j->apply.undo.base = j->config->undo_dir;
	j->apply.undo.progress = j->config->progress;
	j->apply.undo.log = j->config->log;
	if (apply_open(&j->apply, s, err) < 0)
		return -1;
	flush_rounds(j);
	/* The snapshot may go only when the new names are on the disk. */
	if (j->report.written && syncfs(j->apply.root) < 0)
		log_warn(j->config->log, "flush: sync '%s': %s", s->original,
			 strerror(errno));
	if (j->report.failed) {
		*err = j->first;
		return -1;
	}
	mention_submodules(j);
	return 0;
}

static int flusher_flush(struct workspace_flusher *base,
			 const struct workspace_snapshot *s,
			 const struct change_list *changes,
			 struct flush_report *out, struct err *err)
{
	struct flusher *f = container_of(base, struct flusher, base);
	struct job j = {
		.config = &f->config,
		.changes = changes,
		.apply = APPLY_INIT,
	};
	int r;

	*out = (struct flush_report){ .written = 0 };
	if (!s || !change_list_accepted(changes))
		return 0;
	j.done = xcalloc(changes->n, sizeof(*j.done));
	r = run(&j, s, err);
	apply_close(&j.apply);
	strv_release(&j.needed);
	free(j.done);
	*out = j.report;
	/* Nothing was tried: all of it is unwritten. */
	if (r < 0 && !j.report.failed)
		out->failed = change_list_accepted(changes);
	return r < 0 ? err_make_visible(err) : 0;
}

static const struct workspace_flusher_ops flusher_ops = {
	.flush = flusher_flush,
};

struct workspace_flusher *flusher_new(const struct flusher_config *config)
{
	struct flusher *f = xcalloc(1, sizeof(*f));

	f->base.ops = &flusher_ops;
	f->config = *config;
	return &f->base;
}

void flusher_free(struct workspace_flusher *base)
{
	if (base)
		free(container_of(base, struct flusher, base));
}
