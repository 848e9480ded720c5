/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_memory.h - the guest's memory, mapped region by region.
 *
 * A region has two addresses: the guest's own, which descriptors use, and the
 * one in the front end's address space, which names where the rings are.
 */
#ifndef BBOX_INFRA_VFS_GUEST_MEMORY_H
#define BBOX_INFRA_VFS_GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GUEST_REGIONS_MAX ((size_t)32)

/* What the front end says of a region; sizes in bytes. */
struct guest_range {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr; /* in the front end */
	uint64_t file_offset;
};

struct guest_region {
	struct guest_range range;
	unsigned char *host; /* where @range.guest_addr is mapped */
	void *map;	     /* owned: what munmap() takes */
	size_t map_len;
};

struct guest_memory {
	struct guest_region regions[GUEST_REGIONS_MAX];
	size_t count;
};

#define GUEST_MEMORY_INIT ((struct guest_memory){ .count = 0 })

/**
 * guest_memory_add() - map a region
 * @fd:		borrowed; a memory file that nobody can shrink, or that can
 *		be sealed against it here: touching pages that were cut off
 *		would kill us
 * @err:	ERR_LIMIT for too many regions; ERR_PROTOCOL for a region that
 *		is empty, wraps, overlaps another, exceeds its file, or whose
 *		file may shrink; ERR_SYSTEM
 */
must_check int guest_memory_add(struct guest_memory *m,
				const struct guest_range *range, int fd,
				struct err *err);

/* Unmaps the region with these addresses and size; ERR_PROTOCOL. */
must_check int guest_memory_remove(struct guest_memory *m,
				   const struct guest_range *range,
				   struct err *err);

/* Unmaps everything. */
void guest_memory_release(struct guest_memory *m);
#define auto_guest_memory cleanup_with(guest_memory_release)

/*
 * Where @guest_addr is mapped, and how much of @len follows there in one
 * piece: at least 1 byte for a @len above 0. NULL outside of all regions.
 */
void *guest_memory_find(const struct guest_memory *m, uint64_t guest_addr,
			size_t len, size_t *out_len);

/* All of @len bytes in one piece, or NULL; by address in the front end. */
void *guest_memory_at_user(const struct guest_memory *m, uint64_t user_addr,
			   size_t len);

#endif /* BBOX_INFRA_VFS_GUEST_MEMORY_H */
