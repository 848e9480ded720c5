// SPDX-License-Identifier: Apache-2.0
/*
 * change.c - the list of a session's changes.
 */
#include "domain/snapshot/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const kind_names[] = {
	[CHANGE_ADDED] = "added",
	[CHANGE_MODIFIED] = "modified",
	[CHANGE_DELETED] = "deleted",
};
static_assert(ARRAY_SIZE(kind_names) == CHANGE_KIND_COUNT,
	      "kind_names[] and enum change_kind differ");

const char *change_kind_name(enum change_kind kind)
{
	return kind < CHANGE_KIND_COUNT ? kind_names[kind] : "unknown";
}

void change_list_add(struct change_list *list, const struct change *change)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = *change;
}

static int compare(const void *a, const void *b)
{
	/* strcmp() compares bytes as unsigned, whatever char is. */
	return strcmp(((const struct change *)a)->path,
		      ((const struct change *)b)->path);
}

void change_list_sort(struct change_list *list)
{
	if (list->n > 1)
		qsort(list->v, list->n, sizeof(*list->v), compare);
}

void change_list_release(struct change_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].path);
	free(list->v);
	*list = CHANGE_LIST_INIT;
}

size_t change_list_accepted(const struct change_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->v[i].decision == CHANGE_ACCEPTED;
	return n;
}
