// SPDX-License-Identifier: Apache-2.0
/*
 * undo.c - put back what a flush replaced.
 */
#include "sandbox/undo.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static int find_last(const struct undo_list *list, const char *workspace,
		     const struct undo_session **out, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct undo_session *s = &list->v[i];

		if (!s->undone && !s->head.is_undo &&
		    !strcmp(s->head.workspace, workspace)) {
			*out = s;
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND,
		       "nothing to undo in '%s': 'bbox undo --list' shows "
		       "what there is",
		       workspace);
}

int undo_find(const struct undo_list *list, const char *workspace,
	      const char *prefix, const struct undo_session **out,
	      struct err *err)
{
	const struct undo_session *found = NULL;

	if (!prefix)
		return find_last(list, workspace, out, err);
	for (size_t i = 0; *prefix && i < list->n; i++) {
		const struct undo_session *s = &list->v[i];

		if (!strcmp(s->id, prefix)) {
			*out = s;
			return 0;
		}
		if (!text_starts_with(s->id, prefix))
			continue;
		if (found)
			return err_set(err, ERR_USAGE,
				       "'%s' begins the id of more than one "
				       "session: give more of it",
				       prefix);
		found = s;
	}
	if (!found)
		return err_set(err, ERR_NOT_FOUND,
			       "no session '%s': 'bbox undo --list' shows "
			       "what there is",
			       prefix);
	*out = found;
	return 0;
}

static void report_lost(const struct undo_deps *deps, const struct strv *lost)
{
	for (size_t i = 0; i < lost->n; i++) {
		auto_free char *shown = text_visible(lost->v[i]);

		progress_warn(deps->progress,
			      "Not restored: the old '%s' was too big to be "
			      "kept",
			      shown);
	}
}

static int restore(const struct undo_deps *deps, const char *path,
		   const struct undo_manifest *m, struct flush_report *out,
		   struct err *err)
{
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	auto_strv struct strv lost = STRV_INIT;
	auto_free char *original = xstrdup(m->head.workspace);
	auto_free char *dir = xstrdup(path);
	const struct workspace_snapshot s = {
		.view = WORKSPACE_VIEW_LAZY,
		.original = original,
		.path = dir,
		.restores = true,
	};

	undo_changes(m, &changes, &lost);
	report_lost(deps, &lost);
	return workspace_flusher_flush(deps->flusher, &s, &changes, out, err);
}

int undo_run(const struct undo_deps *deps, const struct undo_session *session,
	     struct flush_report *out, struct err *err)
{
	auto_undo_manifest struct undo_manifest m = UNDO_MANIFEST_INIT;
	auto_free char *path = NULL;

	*out = (struct flush_report){ .written = 0 };
	if (undo_store_load(deps->store, session->id, &path, &m, err) < 0)
		return err_wrap(err, "session '%s'", session->id);
	progress_start(deps->progress, "Restoring files...");
	if (restore(deps, path, &m, out, err) < 0) {
		progress_fail(deps->progress,
			      "%zu file(s) restored, %zu refused", out->written,
			      out->failed);
		return err_wrap(err, "undo");
	}
	progress_done(deps->progress, "%zu file(s) restored", out->written);
	return undo_store_finish(deps->store, session->id, err);
}
