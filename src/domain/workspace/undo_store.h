/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_store.h - port: the flushes that can be undone.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_UNDO_STORE_H
#define BBOX_DOMAIN_WORKSPACE_UNDO_STORE_H

#include <stdlib.h>

#include "base/err.h"
#include "domain/workspace/undo.h"

/* One flush. */
struct undo_session {
	char *id; /* owned */
	struct undo_head head;
	size_t files;	/* entries of the manifest */
	uint64_t bytes; /* of the contents that were kept */
	bool undone;
};

struct undo_list {
	struct undo_session *v; /* owned; the latest first */
	size_t n;
};

#define UNDO_LIST_INIT ((struct undo_list){ .v = NULL })

static inline void undo_list_release(struct undo_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].id);
		free(list->v[i].head.workspace);
	}
	free(list->v);
	*list = UNDO_LIST_INIT;
}
#define auto_undo_list cleanup_with(undo_list_release)

struct undo_store;

struct undo_store_ops {
	int (*list)(struct undo_store *s, struct undo_list *out,
		    struct err *err);
	int (*load)(struct undo_store *s, const char *id, char **out_path,
		    struct undo_manifest *out, struct err *err);
	int (*finish)(struct undo_store *s, const char *id, struct err *err);
};

struct undo_store {
	const struct undo_store_ops *ops;
};

/* All there are, of every workspace; damaged ones are left out. */
static inline must_check int
undo_store_list(struct undo_store *s, struct undo_list *out, struct err *err)
{
	return s->ops->list(s, out, err);
}

/**
 * undo_store_load() - what one flush replaced
 * @out_path:	the directory that holds the contents; the caller frees
 * @out:	release it
 */
static inline must_check int undo_store_load(struct undo_store *s,
					     const char *id, char **out_path,
					     struct undo_manifest *out,
					     struct err *err)
{
	return s->ops->load(s, id, out_path, out, err);
}

/* Notes that everything of it was put back. */
static inline must_check int undo_store_finish(struct undo_store *s,
					       const char *id, struct err *err)
{
	return s->ops->finish(s, id, err);
}

#endif /* BBOX_DOMAIN_WORKSPACE_UNDO_STORE_H */
