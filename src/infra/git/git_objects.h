/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_objects.h - bring objects that a guest made into the user's repository.
 */
#ifndef BBOX_INFRA_GIT_GIT_OBJECTS_H
#define BBOX_INFRA_GIT_GIT_OBJECTS_H

#include <git2.h>

#include "domain/log/log.h"
#include "infra/git/git_session.h"

/* One object, in memory, bytes. */
#define GIT_OBJECT_MAX ((size_t)1024 * 1024 * 1024)

struct git_objects {
	git_odb *ours;	      /* owned; the user's */
	git_odb *both;	      /* owned; the guest's, and the user's */
	git_repository *view; /* owned; of @both, without references */
	struct log *log;      /* borrowed */
};

#define GIT_OBJECTS_INIT ((struct git_objects){ .ours = NULL })

/**
 * git_objects_open() - gather what the guest has in its `.git/objects`
 * @git:	`.git` of the view
 * @state:	path of the session's directory, which gets a directory of
 *		hard links
 * @objects:	path of the user's objects
 *
 * Packs get a new index: the guest's is not believed.
 */
must_check int git_objects_open(struct git_session *s, struct overlay_node *git,
				const char *state, const char *objects,
				struct log *log, struct git_objects *out,
				struct err *err);
void git_objects_close(struct git_objects *o);
#define auto_git_objects cleanup_with(git_objects_close)

/**
 * git_objects_bring() - copy an object and all it needs to the user's
 * @err:	ERR_NOT_FOUND when something is missing, ERR_INVALID for what
 *		is no well-formed object, ERR_LIMIT
 *
 * What an object needs is written before it, so that being killed leaves
 * nothing that is incomplete.
 */
must_check int git_objects_bring(struct git_objects *o, const char *oid,
				 struct err *err);

/* What libgit2 said last, as an error of ours; always -1. */
int git_objects_fail(struct err *err, const char *what);

#endif /* BBOX_INFRA_GIT_GIT_OBJECTS_H */
