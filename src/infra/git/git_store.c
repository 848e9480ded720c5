// SPDX-License-Identifier: Apache-2.0
/*
 * git_store.c - references of the user's repository.
 */
#include "infra/git/git_store.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/git/refs.h"
#include "domain/workspace/paths.h"
#include "infra/git/git_objects.h"

#define LOG_MESSAGE "bbox: from the agent's session"
/* How the names of session directories start, which says nothing. */
#define SESSION_PREFIX ".sandbox-snapshot-"
#define SHORT_OID      7

const char *git_store_session(const struct workspace_snapshot *s)
{
	const char *name = path_name(s->path);

	if (text_starts_with(name, SESSION_PREFIX))
		name += strlen(SESSION_PREFIX);
	return name;
}

int git_store_open(const char *path, const struct workspace_snapshot *s,
		   const struct git_view_config *config, struct git_store *out,
		   struct err *err)
{
	*out = (struct git_store){
		.session = git_store_session(s),
		.progress = config->progress,
		.log = config->log,
	};
	if (git_repository_open_ext(&out->repo, path,
				    GIT_REPOSITORY_OPEN_NO_SEARCH |
					    GIT_REPOSITORY_OPEN_NO_DOTGIT |
					    GIT_REPOSITORY_OPEN_BARE,
				    NULL)) {
		discard(git_objects_fail(err, "open repository"));
		return err_wrap(err, "'%s'", path);
	}
	return 0;
}

void git_store_close(struct git_store *st)
{
	git_repository_free(st->repo);
	st->repo = NULL;
}

void git_store_find(struct git_store *st, const char *ref,
		    char out[GIT_OID_HEXSZ + 1])
{
	git_oid oid;

	out[0] = '\0';
	if (!git_reference_name_to_id(&oid, st->repo, ref))
		git_oid_tostr(out, GIT_OID_HEXSZ + 1, &oid);
}

static int parse_oid(const char *hex, git_oid *out, struct err *err)
{
	if (strlen(hex) != GIT_OID_HEXSZ || git_oid_fromstr(out, hex))
		return err_set(err, ERR_UNSUPPORTED,
			       "object ids of this kind are not supported");
	return 0;
}

int git_store_set(struct git_store *st, const char *ref, const char *ours,
		  const char *theirs, struct err *err)
{
	git_reference *made = NULL;
	git_oid old, new;
	int r;

	if (parse_oid(theirs, &new, err) < 0 ||
	    (*ours && parse_oid(ours, &old, err) < 0))
		return -1;
	if (*ours)
		r = git_reference_create_matching(&made, st->repo, ref, &new,
						  /* force */ 1, &old,
						  LOG_MESSAGE);
	else
		r = git_reference_create(&made, st->repo, ref, &new,
					 /* force */ 0, LOG_MESSAGE);
	git_reference_free(made);
	if (r == GIT_EMODIFIED || r == GIT_EEXISTS || r == GIT_ENOTFOUND)
		return err_set(err, ERR_CONFLICT, "'%s' has moved", ref);
	if (r)
		return git_objects_fail(err, ref);
	return 0;
}

static bool has_object(struct git_store *st, const git_oid *oid)
{
	git_object *object;

	if (git_object_lookup(&object, st->repo, oid, GIT_OBJECT_ANY))
		return false;
	git_object_free(object);
	return true;
}

int git_store_park(struct git_store *st, const char *ref, const char *theirs,
		   struct err *err)
{
	auto_free char *name =
		git_ref_park_name(st->session, SPAN_STR(ref), err);
	git_reference *made = NULL;
	git_oid oid;

	if (!name || parse_oid(theirs, &oid, err) < 0)
		return -1;
	if (!has_object(st, &oid))
		return err_set(err, ERR_NOT_FOUND,
			       "the agent's %.*s of '%s' did not come back",
			       SHORT_OID, theirs, ref);
	if (git_reference_create(&made, st->repo, name, &oid, /* force */ 1,
				 LOG_MESSAGE))
		return git_objects_fail(err, name);
	git_reference_free(made);
	if (st->told++ < GIT_TOLD_MAX)
		progress_info(st->progress,
			      "Kept the agent's '%s' (%.*s) as %s", ref,
			      SHORT_OID, theirs, name);
	log_info(st->log, "git: the agent's '%s' (%s) is kept as %s", ref,
		 theirs, name);
	return 0;
}
