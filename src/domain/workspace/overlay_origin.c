// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_origin.c - what was there before the guest came.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/overlay_priv.h"

static uint64_t hash_path(const struct overlay *o, const char *path)
{
	return overlay_hash(o->config.hash_key, SPAN_STR(path));
}

static bool match_path(const void *item, const void *key)
{
	const struct overlay_origin *origin = item;

	return !strcmp(origin->path, key);
}

static struct overlay_origin *find(const struct overlay *o, const char *path)
{
	return overlay_table_find(&o->origins, hash_path(o, path), match_path,
				  path);
}

size_t overlay_origin_cost(size_t path_len, size_t target_len)
{
	return sizeof(struct overlay_origin) + path_len + target_len;
}

void overlay_origin_add(struct overlay *o, const struct onode *dir,
			struct span name, const struct onode *node)
{
	auto_free char *path = onode_lower_path(dir, name);
	const struct overlay_origin *first;
	struct overlay_origin *origin;

	if (find(o, path))
		return;
	origin = xcalloc(1, sizeof(*origin));
	origin->kind = node->pub.kind;
	origin->mode = node->pub.attr.mode;
	origin->identity = node->pub.identity;
	if (node->pub.target)
		origin->target = xstrdup(node->pub.target);
	/* Another name of a file that has changed: as it was at first. */
	first = node->from ? find(o, node->from) : NULL;
	if (first &&
	    file_identity_equals(&first->identity, &origin->identity)) {
		origin->mode = first->mode;
		origin->has_hash = first->has_hash;
		memcpy(origin->hash, first->hash, sizeof(origin->hash));
	}
	origin->path = take_ptr(path);
	o->text += overlay_origin_cost(strlen(origin->path),
				       origin->target ? strlen(origin->target)
						      : 0);
	overlay_table_add(&o->origins, hash_path(o, origin->path), origin);
	o->is_sorted = false;
}

static void set_hash(struct overlay *o, const char *path,
		     const struct onode *node,
		     const uint8_t hash[OVERLAY_HASH_SIZE])
{
	struct overlay_origin *origin = find(o, path);

	if (!origin ||
	    !file_identity_equals(&origin->identity, &node->pub.identity))
		return;
	origin->has_hash = true;
	memcpy(origin->hash, hash, sizeof(origin->hash));
}

void overlay_origin_set_hash(struct overlay *o, const struct onode *node,
			     const uint8_t hash[OVERLAY_HASH_SIZE])
{
	if (node->from)
		set_hash(o, node->from, node, hash);
	for (const struct overlay_entry *e = node->names; e; e = e->next) {
		auto_free char *path = NULL;

		if (!e->hides)
			continue;
		path = onode_lower_path(e->dir, entry_name(e));
		set_hash(o, path, node, hash);
	}
}

void overlay_origins_free(struct overlay *o)
{
	struct overlay_origin *origin;
	size_t at = 0;

	while ((origin = overlay_table_next(&o->origins, &at))) {
		free(origin->path);
		free(origin->target);
		free(origin);
	}
	overlay_table_release(&o->origins);
	free(o->sorted);
}

size_t overlay_origin_count(const struct overlay *o)
{
	return o->origins.n;
}

static int compare(const void *a, const void *b)
{
	const struct overlay_origin *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static void sort(struct overlay *o)
{
	size_t at = 0;

	o->sorted = xreallocarray(o->sorted, o->origins.n, sizeof(*o->sorted));
	for (size_t i = 0; i < o->origins.n; i++)
		o->sorted[i] = overlay_table_next(&o->origins, &at);
	qsort(o->sorted, o->origins.n, sizeof(*o->sorted), compare);
	o->is_sorted = true;
}

const struct overlay_origin *overlay_origin_at(struct overlay *o, size_t i)
{
	assert(i < o->origins.n);
	if (!o->is_sorted)
		sort(o);
	return o->sorted[i];
}

const struct overlay_origin *overlay_origin(struct overlay *o, const char *path)
{
	return find(o, path);
}
