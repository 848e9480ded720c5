/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - what the guest changed, and what became of each change.
 */
#ifndef BBOX_DOMAIN_SNAPSHOT_CHANGE_H
#define BBOX_DOMAIN_SNAPSHOT_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define CHANGE_HASH_SIZE 65 /* hex SHA-256 with the NUL */

enum change_kind {
	CHANGE_ADDED,
	CHANGE_MODIFIED,
	CHANGE_DELETED,

	CHANGE_KIND_COUNT
};

enum change_decision {
	CHANGE_REJECTED, /* zero: forgetting to decide is safe */
	CHANGE_ACCEPTED,
};

/* The workspace's file as the snapshot copied it, for conflict detection. */
struct change {
	char *path; /* owned; relative */
	enum change_kind kind;
	char hash[CHANGE_HASH_SIZE]; /* of the guest's file; "" if deleted */
	char base_hash[CHANGE_HASH_SIZE]; /* of what the guest started from;
					   * "" if it was not there */
	uint32_t mode;			  /* guest's permission bits */
	uint64_t size;			  /* guest's file, bytes */
	enum change_decision decision;
};

/* Ordered bytewise by path. */
struct change_list {
	struct change *v; /* owned */
	size_t n;
};

#define CHANGE_LIST_INIT ((struct change_list){ .v = NULL })

/* Takes over @change's strings. */
void change_list_add(struct change_list *list, const struct change *change);
void change_list_sort(struct change_list *list);
void change_list_release(struct change_list *list);
size_t change_list_accepted(const struct change_list *list);
#define auto_change_list cleanup_with(change_list_release)

/* "added", "modified", "deleted". */
const char *change_kind_name(enum change_kind kind);

#endif /* BBOX_DOMAIN_SNAPSHOT_CHANGE_H */
