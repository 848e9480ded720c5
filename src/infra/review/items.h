/* SPDX-License-Identifier: Apache-2.0 */
/*
 * items.h - what a review asks about: a change each, but one question for
 * all that git wrote for itself.
 */
#ifndef BBOX_INFRA_REVIEW_ITEMS_H
#define BBOX_INFRA_REVIEW_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "domain/snapshot/change.h"

struct item {
	struct change **v; /* owned; each borrowed from the list */
	size_t n;	   /* more than one: the group below ".git/" */
};

struct item_list {
	struct item *v; /* owned; in the order of the changes */
	size_t n;
};

/*
 * Sensitive changes and conflicts below ".git/" stay items of their own. @list
 * must stay as it is.
 */
must_check struct item_list items_make(const struct change_list *list);
void items_release(struct item_list *items);

#endif /* BBOX_INFRA_REVIEW_ITEMS_H */
