/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover.h - bring back, or discard, the changes of sessions that ended
 * before these were written.
 */
#ifndef BBOX_SANDBOX_RECOVER_H
#define BBOX_SANDBOX_RECOVER_H

#include "domain/log/log.h"
#include "domain/workspace/session_store.h"
#include "sandbox/bring_back.h"

/* All borrowed, none NULL. */
struct recover_deps {
	struct session_store *sessions;
	struct bring_back back;
	struct log *log;
};

/**
 * recover_list() - the sessions there are
 * @out:	release it
 */
must_check int recover_list(const struct recover_deps *deps,
			    struct kept_list *out, struct err *err);

/* Its changes; ERR_CONFLICT for a live one, ERR_INTEGRITY when damaged. */
must_check int recover_count(const struct recover_deps *deps,
			     const struct kept_session *session, size_t *out,
			     struct err *err);

/**
 * recover_find() - the session whose id begins with a text
 * @workspace:	real path of the workspace meant when there is no @prefix:
 *		then it is the only session of it
 * @prefix:	how its id begins, or NULL
 * @out:	borrowed from the list
 * @err:	ERR_NOT_FOUND; ERR_USAGE when there are several
 */
must_check int recover_find(const struct kept_list *list, const char *workspace,
			    const char *prefix, const struct kept_session **out,
			    struct err *err);

/* A session that is looked at; nobody else has it meanwhile. */
struct recovery {
	struct workspace_snapshot *view; /* owned */
	struct change_list changes;
};

#define RECOVERY_INIT ((struct recovery){ .view = NULL })

/**
 * recover_open() - find the changes of a session
 * @salvage:	take what comes before the damage in its records, and say so;
 *		else ERR_INTEGRITY
 * @out:	recover_close() in any case
 */
must_check int recover_open(const struct recover_deps *deps,
			    const struct kept_session *session, bool salvage,
			    struct recovery *out, struct err *err);
void recover_close(const struct recover_deps *deps, struct recovery *r);

/**
 * recover_apply() - bring the changes back as at the end of a session
 * @kept:	set in any case: something is unwritten, the session stays
 */
must_check int recover_apply(const struct recover_deps *deps,
			     const struct kept_session *session, bool salvage,
			     bool *kept, struct err *err);

/* Removes the session with its changes. */
must_check int recover_discard(const struct recover_deps *deps,
			       const struct kept_session *session,
			       struct err *err);

#endif /* BBOX_SANDBOX_RECOVER_H */
