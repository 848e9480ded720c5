// SPDX-License-Identifier: Apache-2.0
/*
 * change.c - the list of a session's changes.
 */
#include "domain/snapshot/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"

#define OWNER_EXECUTES 0100u

static const char *const kind_names[] = {
	[CHANGE_ADDED] = "added",
	[CHANGE_MODIFIED] = "modified",
	[CHANGE_DELETED] = "deleted",
};
static_assert(ARRAY_SIZE(kind_names) == CHANGE_KIND_COUNT,
	      "kind_names[] and enum change_kind differ");

static const char *const type_names[] = {
	[CHANGE_FILE] = "file",
	[CHANGE_SYMLINK] = "symlink",
	[CHANGE_DIR] = "directory",
};
static_assert(ARRAY_SIZE(type_names) == CHANGE_TYPE_COUNT,
	      "type_names[] and enum change_type differ");

const char *change_kind_name(enum change_kind kind)
{
	return kind < CHANGE_KIND_COUNT ? kind_names[kind] : "unknown";
}

const char *change_type_name(enum change_type type)
{
	return type < CHANGE_TYPE_COUNT ? type_names[type] : "unknown";
}

void change_release(struct change *change)
{
	free(change->path);
	free(change->source);
	free(change->target);
	free(change->base_target);
	free(change->renamed_from);
	*change = (struct change){ .path = NULL };
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
		change_release(&list->v[i]);
	free(list->v);
	*list = CHANGE_LIST_INIT;
}

static size_t count(const struct change_list *list,
		    enum change_decision decision)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->v[i].decision == decision;
	return n;
}

size_t change_list_accepted(const struct change_list *list)
{
	return count(list, CHANGE_ACCEPTED);
}

size_t change_list_postponed(const struct change_list *list)
{
	return count(list, CHANGE_POSTPONED);
}

void change_list_drop(struct change_list *list,
		      bool (*drop)(const struct change *change, void *ctx),
		      void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (drop(&list->v[i], ctx)) {
			change_release(&list->v[i]);
			continue;
		}
		if (kept != i)
			list->v[kept] = list->v[i];
		kept++;
	}
	list->n = kept;
}

/* The index of the first change whose path is not below @path in order. */
static size_t lower_bound(const struct change_list *list, const char *path)
{
	size_t first = 0, last = list->n;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (strcmp(list->v[middle].path, path) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

struct change *change_list_find(const struct change_list *list,
				const char *path)
{
	size_t i = lower_bound(list, path);

	return i < list->n && !strcmp(list->v[i].path, path) ? &list->v[i]
							     : NULL;
}

size_t change_list_beneath(const struct change_list *list, const char *path,
			   size_t *n)
{
	auto_free char *prefix = xasprintf("%s/", path);
	/* What follows '/' in order is behind all that is below @path. */
	auto_free char *behind = xasprintf("%s%c", path, '/' + 1);
	size_t first;

	if (!*path) {
		*n = list->n;
		return 0;
	}
	first = lower_bound(list, prefix);
	*n = lower_bound(list, behind) - first;
	return first;
}

bool change_is_type_change(const struct change *change)
{
	return change->kind == CHANGE_MODIFIED && change->base_known &&
	       change->type != change->base_type;
}

bool change_is_mode_only(const struct change *change)
{
	return change->kind == CHANGE_MODIFIED && change->base_known &&
	       change->type == CHANGE_FILE &&
	       change->base_type == CHANGE_FILE && change->hash[0] &&
	       !strcmp(change->hash, change->base_hash);
}

bool change_makes_executable(const struct change *change)
{
	bool had = change->base_known && change->base_type == CHANGE_FILE &&
		   change->base_mode & OWNER_EXECUTES;

	return change->kind != CHANGE_DELETED && change->type == CHANGE_FILE &&
	       change->mode & OWNER_EXECUTES && !had;
}

bool change_link_stays_inside(const char *path, const char *text)
{
	struct span rest = SPAN_STR(text), name;
	bool after_name = false;
	size_t depth = 0;

	if (!*text || *text == '/')
		return false;
	for (; *path; path++)
		depth += *path == '/';
	while (span_take_until(&rest, '/', &name)) {
		if (!name.len || span_equals(name, "."))
			continue;
		if (!span_equals(name, "..")) {
			after_name = true;
			continue;
		}
		if (after_name || !depth--)
			return false;
	}
	return true;
}
