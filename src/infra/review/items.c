// SPDX-License-Identifier: Apache-2.0
/*
 * items.c - group the changes of a review.
 */
#include "infra/review/items.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/snapshot/sensitive.h"

#define GIT_DIR ".git/"

static bool is_git_own(const struct change *change)
{
	return text_starts_with(change->path, GIT_DIR) &&
	       !change->is_conflict &&
	       sensitivity_of_change(change, /* reason */ NULL) ==
		       SENSITIVITY_NONE;
}

static void add(struct item *item, struct change *change)
{
	item->v = xreallocarray(item->v, item->n + 1, sizeof(struct change *));
	item->v[item->n++] = change;
}

struct item_list items_make(const struct change_list *list)
{
	struct item_list items = {
		/* One more, for calloc() of nothing may be NULL. */
		.v = xcalloc(list->n + 1, sizeof(*items.v)),
	};
	struct item *group = NULL;

	for (size_t i = 0; i < list->n; i++) {
		struct change *change = &list->v[i];
		bool own = is_git_own(change);

		if (own && group) {
			add(group, change);
			continue;
		}
		add(&items.v[items.n], change);
		if (own)
			group = &items.v[items.n];
		items.n++;
	}
	return items;
}

void items_release(struct item_list *items)
{
	for (size_t i = 0; i < items->n; i++)
		free(items->v[i].v);
	free(items->v);
	*items = (struct item_list){ .v = NULL };
}
