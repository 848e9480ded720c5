/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ref_table.h - the references of a repository at one moment. Pure.
 */
#ifndef BBOX_DOMAIN_GIT_REF_TABLE_H
#define BBOX_DOMAIN_GIT_REF_TABLE_H

#include "base/buf.h"
#include "domain/git/refs.h"

#define GIT_REF_TABLE_MAX ((size_t)1000 * 1000) /* references */

struct git_ref {
	char *name; /* owned */
	char oid[GIT_OID_HEX_MAX + 1];
	size_t order; /* in which they came */
};

/* Sorted by name, without doubles, once something was looked for. */
struct git_ref_table {
	struct git_ref *v; /* owned */
	size_t n, capacity;
	bool unsorted;
};

#define GIT_REF_TABLE_INIT ((struct git_ref_table){ .v = NULL })

void git_ref_table_release(struct git_ref_table *t);
#define auto_git_ref_table cleanup_with(git_ref_table_release)

/*
 * Unless the name is there already: loose references come before packed ones.
 * @err: ERR_LIMIT.
 */
must_check int git_ref_table_add(struct git_ref_table *t, struct span name,
				 struct span oid, struct err *err);
/*
 * The content of a loose reference's file. What is no object id (a symbolic
 * reference, or garbage) is passed over.
 */
must_check int git_ref_table_add_loose(struct git_ref_table *t,
				       struct span name, struct span text,
				       struct err *err);
/* All of a packed-refs file. */
must_check int git_ref_table_add_packed(struct git_ref_table *t,
					struct span text, struct err *err);
/* Lines as git_ref_table_add_packed() reads them. */
must_check int git_ref_table_save(struct git_ref_table *t, struct buf *out,
				  struct err *err);

/* The object id, empty when there is no such reference. Borrowed. */
struct span git_ref_table_find(struct git_ref_table *t, const char *name);
/* The number of them, and the @i-th one. Borrowed. */
size_t git_ref_table_count(struct git_ref_table *t);
const struct git_ref *git_ref_table_at(struct git_ref_table *t, size_t i);

/* The object id that a file of a loose reference holds; empty for none. */
struct span git_loose_oid(struct span text);

#endif /* BBOX_DOMAIN_GIT_REF_TABLE_H */
