/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_store.h - port: the sessions whose changes were not written back.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_SESSION_STORE_H
#define BBOX_DOMAIN_WORKSPACE_SESSION_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "domain/workspace/session_note.h"
#include "domain/workspace/workspace.h"

/* One session. */
struct kept_session {
	char *id;		  /* owned */
	struct session_note note; /* owned; empty when @is_damaged */
	uint64_t bytes;		  /* on the disk */
	bool is_live;		  /* it runs, or is being recovered */
	bool is_damaged;	  /* nobody knows whose it is */
};

struct kept_list {
	struct kept_session *v; /* owned; the latest first */
	size_t n;
};

#define KEPT_LIST_INIT ((struct kept_list){ .v = NULL })

static inline void kept_list_release(struct kept_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].id);
		session_note_release(&list->v[i].note);
	}
	free(list->v);
	*list = KEPT_LIST_INIT;
}
#define auto_kept_list cleanup_with(kept_list_release)

struct session_store;

struct session_store_ops {
	int (*list)(struct session_store *s, struct kept_list *out,
		    struct err *err);
	int (*open)(struct session_store *s, const char *id,
		    const struct session_note *note,
		    struct workspace_snapshot **out, struct err *err);
	void (*close)(struct session_store *s, struct workspace_snapshot *view);
	int (*discard)(struct session_store *s, struct workspace_snapshot *view,
		       struct err *err);
	int (*remove)(struct session_store *s, const char *id, struct err *err);
};

struct session_store {
	const struct session_store_ops *ops;
};

static inline must_check int session_store_list(struct session_store *s,
						struct kept_list *out,
						struct err *err)
{
	return s->ops->list(s, out, err);
}

/**
 * session_store_open() - become the owner of a session's view
 * @out:	end with session_store_close()
 * @err:	ERR_CONFLICT when somebody else is, ERR_NOT_FOUND
 */
static inline must_check int session_store_open(struct session_store *s,
						const char *id,
						const struct session_note *note,
						struct workspace_snapshot **out,
						struct err *err)
{
	return s->ops->open(s, id, note, out, err);
}

/* Leaves the view as it is, for later, and frees @view. */
static inline void session_store_close(struct session_store *s,
				       struct workspace_snapshot *view)
{
	s->ops->close(s, view);
}

/* Removes the view and frees @view. */
static inline must_check int
session_store_discard(struct session_store *s, struct workspace_snapshot *view,
		      struct err *err)
{
	/* In parentheses: discard() is a macro, too. */
	return (s->ops->discard)(s, view, err);
}

/* Removes a session that is not open; ERR_CONFLICT when it is. */
static inline must_check int
session_store_remove(struct session_store *s, const char *id, struct err *err)
{
	return s->ops->remove(s, id, err);
}

#endif /* BBOX_DOMAIN_WORKSPACE_SESSION_STORE_H */
