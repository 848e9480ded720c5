// SPDX-License-Identifier: Apache-2.0
/*
 * recover.c - bring back the changes of sessions that did not do it themselves.
 */
#include "sandbox/recover.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

int recover_list(const struct recover_deps *deps, struct kept_list *out,
		 struct err *err)
{
	return session_store_list(deps->sessions, out, err);
}

static bool is_meant(const struct kept_session *s, const char *workspace,
		     const char *prefix)
{
	if (prefix)
		return *prefix && text_starts_with(s->id, prefix);
	return !s->is_damaged && !s->is_live &&
	       !strcmp(s->note.workspace, workspace);
}

int recover_find(const struct kept_list *list, const char *workspace,
		 const char *prefix, const struct kept_session **out,
		 struct err *err)
{
	const struct kept_session *found = NULL;

	for (size_t i = 0; i < list->n; i++) {
		if (!is_meant(&list->v[i], workspace, prefix))
			continue;
		if (found && prefix)
			return err_set(err, ERR_USAGE,
				       "'%s' begins the id of more than one "
				       "session: give more of it",
				       prefix);
		if (found)
			return err_set(err, ERR_USAGE,
				       "there is more than one session of "
				       "'%s': give the id that 'bbox recover' "
				       "lists",
				       workspace);
		found = &list->v[i];
	}
	if (!found)
		return err_set(err, ERR_NOT_FOUND,
			       "no session%s%s%s: 'bbox recover' lists them",
			       prefix ? " '" : " of '",
			       prefix ? prefix : workspace, "'");
	*out = found;
	return 0;
}

static int take(const struct recover_deps *deps,
		const struct kept_session *session,
		struct workspace_snapshot **out, struct err *err)
{
	if (session->is_damaged)
		return err_set(err, ERR_INVALID,
			       "nothing tells which workspace session '%s' "
			       "belongs to: 'bbox recover %s --discard' "
			       "removes it",
			       session->id, session->id);
	if (session_store_open(deps->sessions, session->id, &session->note, out,
			       err) == 0)
		return 0;
	if (err->kind != ERR_CONFLICT)
		return err_wrap(err, "session '%s'", session->id);
	return err_set(err, ERR_CONFLICT,
		       "session '%s' is still running: let it end first",
		       session->id);
}

/* With @salvage also what comes before a damage. */
static int compute(const struct recover_deps *deps,
		   const struct kept_session *session, bool salvage,
		   struct recovery *r, struct err *err)
{
	const struct exclude *exclude = session->note.diff_exclude;
	struct err why = ERR_INIT;

	if (!bring_back_compute(&deps->back, r->view, exclude, &r->changes,
				&why))
		return 0;
	if (why.kind != ERR_INTEGRITY) {
		*err = why;
		return err_wrap(err, "session '%s'", session->id);
	}
	if (!salvage)
		return err_set(err, ERR_INTEGRITY,
			       "%s: 'bbox recover %s --apply --yes' brings "
			       "back what comes before that",
			       why.msg, session->id);
	progress_warn(deps->back.progress,
		      "%s: only what comes before that is left", why.msg);
	r->view->salvages = true;
	if (bring_back_compute(&deps->back, r->view, exclude, &r->changes,
			       err) < 0)
		return err_wrap(err, "session '%s'", session->id);
	return 0;
}

int recover_open(const struct recover_deps *deps,
		 const struct kept_session *session, bool salvage,
		 struct recovery *out, struct err *err)
{
	*out = RECOVERY_INIT;
	if (take(deps, session, &out->view, err) < 0)
		return -1;
	return compute(deps, session, salvage, out, err);
}

void recover_close(const struct recover_deps *deps, struct recovery *r)
{
	change_list_release(&r->changes);
	if (r->view)
		session_store_close(deps->sessions, r->view);
	*r = RECOVERY_INIT;
}

int recover_count(const struct recover_deps *deps,
		  const struct kept_session *session, size_t *out,
		  struct err *err)
{
	struct recovery r = RECOVERY_INIT;
	int result = take(deps, session, &r.view, err);

	/* Of several sessions nobody wants to see each step. */
	if (result == 0)
		result = workspace_differ_compute(deps->back.differ, r.view,
						  session->note.diff_exclude,
						  &r.changes, err);
	if (result == 0)
		*out = r.changes.n;
	recover_close(deps, &r);
	return result;
}

int recover_apply(const struct recover_deps *deps,
		  const struct kept_session *session, bool salvage, bool *kept,
		  struct err *err)
{
	struct recovery r;
	int result;

	*kept = true;
	result = recover_open(deps, session, salvage, &r, err);
	if (result == 0)
		result = bring_back_changes(&deps->back, r.view, &r.changes,
					    kept, err);
	if (*kept) {
		recover_close(deps, &r);
		return result;
	}
	if (session_store_discard(deps->sessions, take_ptr(r.view), err) < 0)
		result = err_wrap(err, "remove session '%s'", session->id);
	recover_close(deps, &r);
	return result;
}

int recover_discard(const struct recover_deps *deps,
		    const struct kept_session *session, struct err *err)
{
	if (!session_store_remove(deps->sessions, session->id, err))
		return 0;
	if (err->kind != ERR_CONFLICT)
		return err_wrap(err, "session '%s'", session->id);
	return err_set(err, ERR_CONFLICT,
		       "session '%s' is still running: let it end first",
		       session->id);
}
