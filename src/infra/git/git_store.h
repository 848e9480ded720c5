/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_store.h - references of the user's repository.
 */
#ifndef BBOX_INFRA_GIT_GIT_STORE_H
#define BBOX_INFRA_GIT_GIT_STORE_H

#include <git2.h>

#include "infra/git/git_view.h"

struct git_store {
	git_repository *repo;	   /* owned */
	const char *session;	   /* borrowed; in names of what is parked */
	struct progress *progress; /* borrowed, like @log */
	struct log *log;
	unsigned int told; /* lines */
};

/* References that are told about one by one; the log has all of them. */
#define GIT_TOLD_MAX 20U

#define GIT_STORE_INIT ((struct git_store){ .repo = NULL })

/* The name of a session as the user knows it. Borrowed from @s. */
const char *git_store_session(const struct workspace_snapshot *s);

/* @path: of the repository itself, of a `.git` for instance */
must_check int git_store_open(const char *path,
			      const struct workspace_snapshot *s,
			      const struct git_view_config *config,
			      struct git_store *out, struct err *err);
void git_store_close(struct git_store *st);
#define auto_git_store cleanup_with(git_store_close)

/* The object id of a reference now, "" when there is none. */
void git_store_find(struct git_store *st, const char *ref,
		    char out[GIT_OID_HEXSZ + 1]);

/**
 * git_store_set() - move a reference that still is where it was
 * @ours:	where, "" for nowhere
 * @err:	ERR_CONFLICT when it is not
 */
must_check int git_store_set(struct git_store *st, const char *ref,
			     const char *ours, const char *theirs,
			     struct err *err);
/*
 * Keeps the guest's as refs/bbox/<session>/..., and says so in one line.
 * ERR_NOT_FOUND when the repository does not have the object.
 */
must_check int git_store_park(struct git_store *st, const char *ref,
			      const char *theirs, struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_STORE_H */
