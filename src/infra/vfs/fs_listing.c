// SPDX-License-Identifier: Apache-2.0
/*
 * fs_listing.c - keep what was listed, for as long as it is open.
 */
#include "infra/vfs/fs_listing.h"

#include <errno.h>

#include "base/mem.h"

#define NAMES_MAX    ((size_t)2 * 1000 * 1000) /* of one directory */
#define LISTINGS_MAX ((size_t)4096)	       /* open at one time */

void fs_listing_clear(struct fs_listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i].name);
	free(l->items);
	l->items = NULL;
	l->n = 0;
	l->capacity = 0;
	l->built = false;
}

int fs_listing_add(struct fs_listing *l, struct span name, uint32_t type,
		   uint64_t ino)
{
	if (l->n == NAMES_MAX)
		return -ENOSPC;
	if (l->n == l->capacity) {
		l->capacity = l->capacity ? 2 * l->capacity : 16;
		l->items =
			xreallocarray(l->items, l->capacity, sizeof(*l->items));
	}
	l->items[l->n++] = (struct fs_listing_item){
		.name = xmemdup0(name.p, name.len),
		.type = type,
		.ino = ino,
	};
	return 0;
}

int fs_listing_add_dots(struct fs_listing *l, uint64_t ino, uint64_t parent_ino)
{
	const uint32_t type = FS_LISTING_TYPE(S_IFDIR);
	int r = fs_listing_add(l, SPAN_STR("."), type, ino);

	return r < 0 ? r : fs_listing_add(l, SPAN_STR(".."), type, parent_ino);
}

/* A free place in the table, which grows when there is none. */
static int find_slot(struct fs_listings *l, size_t *out)
{
	size_t n = l->n;

	for (size_t i = 0; i < n; i++)
		if (!l->v[i]) {
			*out = i;
			return 0;
		}
	if (n >= LISTINGS_MAX)
		return -ENFILE;
	l->n = n ? 2 * n : 16;
	l->v = (struct fs_listing **)xreallocarray((void *)l->v, l->n,
						   sizeof(struct fs_listing *));
	for (size_t i = n; i < l->n; i++)
		l->v[i] = NULL;
	*out = n;
	return 0;
}

int fs_listings_open(struct fs_listings *l, uint64_t dir, uint64_t *handle)
{
	size_t slot = 0;
	int r = find_slot(l, &slot);

	if (r < 0)
		return r;
	l->v[slot] = xcalloc(1, sizeof(*l->v[slot]));
	l->v[slot]->dir = dir;
	*handle = slot + 1;
	return 0;
}

struct fs_listing *fs_listings_find(const struct fs_listings *l, uint64_t dir,
				    uint64_t handle)
{
	struct fs_listing *found;

	if (!handle || handle > l->n)
		return NULL;
	found = l->v[handle - 1];
	return found && found->dir == dir ? found : NULL;
}

void fs_listings_close(struct fs_listings *l, uint64_t dir, uint64_t handle)
{
	struct fs_listing *found = fs_listings_find(l, dir, handle);

	if (!found)
		return;
	fs_listing_clear(found);
	free(found);
	l->v[handle - 1] = NULL;
}

void fs_listings_release(struct fs_listings *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i])
			fs_listings_close(l, l->v[i]->dir, i + 1);
	free((void *)l->v);
	*l = (struct fs_listings){ .n = 0 };
}
