/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_listing.h - listings of directories that do not change while they are
 * open, by their handles.
 */
#ifndef BBOX_INFRA_VFS_FS_LISTING_H
#define BBOX_INFRA_VFS_FS_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "base/span.h"

/* The type of an entry as readdir(2) tells it. */
#define FS_LISTING_TYPE(mode) ((uint32_t)(mode) >> 12 & 15)

struct fs_listing_item {
	char *name; /* owned */
	uint32_t type;
	uint64_t ino;
};

struct fs_listing {
	uint64_t dir;		       /* node id */
	bool built;		       /* the owner's: it is complete */
	struct fs_listing_item *items; /* owned */
	size_t n, capacity;
};

/* Those that are open. Zero is empty. */
struct fs_listings {
	struct fs_listing **v; /* owned; by handle - 1, NULL when free */
	size_t n;
};

/* Opens an empty one; -ENFILE when there are too many. */
must_check int fs_listings_open(struct fs_listings *l, uint64_t dir,
				uint64_t *handle);
/* NULL when it is not one of this directory. */
struct fs_listing *fs_listings_find(const struct fs_listings *l, uint64_t dir,
				    uint64_t handle);
void fs_listings_close(struct fs_listings *l, uint64_t dir, uint64_t handle);
void fs_listings_release(struct fs_listings *l);

/* -ENOSPC for more names than we hold. */
must_check int fs_listing_add(struct fs_listing *l, struct span name,
			      uint32_t type, uint64_t ino);
/* "." and "..", with the number of the directory and of the one above it. */
must_check int fs_listing_add_dots(struct fs_listing *l, uint64_t ino,
				   uint64_t parent_ino);
void fs_listing_clear(struct fs_listing *l);

#endif /* BBOX_INFRA_VFS_FS_LISTING_H */
