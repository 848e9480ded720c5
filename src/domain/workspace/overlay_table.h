/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_table.h - hash tables of borrowed items, and the keyed hash that
 * makes them safe from names that were chosen to collide. Pure.
 *
 * Open addressing with linear probing. Removing leaves nothing behind and
 * gives memory back, so that a table never costs more than what it holds.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_OVERLAY_TABLE_H
#define BBOX_DOMAIN_WORKSPACE_OVERLAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/span.h"

struct overlay_table_slot {
	uint64_t hash;
	void *item; /* borrowed; NULL in a free slot */
};

/* All zero is an empty one. */
struct overlay_table {
	struct overlay_table_slot *slots; /* owned; NULL while empty */
	size_t n, capacity;		  /* of items; a power of two, or 0 */
};

/* Is @item the one that has this key? */
typedef bool overlay_match_fn(const void *item, const void *key);

/* SipHash-2-4. */
uint64_t overlay_hash(const uint64_t key[2], struct span bytes);

void overlay_table_release(struct overlay_table *t);
/* NULL when there is none. */
void *overlay_table_find(const struct overlay_table *t, uint64_t hash,
			 overlay_match_fn *match, const void *key);
/* No item of this key may be there. */
void overlay_table_add(struct overlay_table *t, uint64_t hash, void *item);
/* The item must be there. */
void overlay_table_remove(struct overlay_table *t, uint64_t hash,
			  const void *item);
/* NULL at the end; *@at starts as 0 and is behind the item's slot then. */
void *overlay_table_next(const struct overlay_table *t, size_t *at);

#endif /* BBOX_DOMAIN_WORKSPACE_OVERLAY_TABLE_H */
