// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_store.c - names of objects, places and headers of slots.
 */
#include "domain/workspace/overlay_store.h"

#include <endian.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"

/* "bbox-sl" and the version of the format. */
#define MAGIC UINT64_C(0x016c732d786f6262)

/* As it is in the file, little-endian. */
struct header {
	uint64_t magic, id;
	uint32_t size, crc; /* @crc: of the others up to @rest */
	uint64_t atime_ns, mtime_ns;
	uint8_t rest[24]; /* zeros */
};
static_assert(sizeof(struct header) == OVERLAY_SLOT_HEADER, "no padding");

void overlay_object_name(uint64_t id, char out[OVERLAY_OBJECT_NAME_SIZE])
{
	int n = snprintf(out, OVERLAY_OBJECT_NAME_SIZE, "%016" PRIx64, id);

	assert(n == OVERLAY_OBJECT_NAME_SIZE - 1);
}

char *overlay_content_path(uint64_t id)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(id, name);
	return xasprintf(OVERLAY_CONTENTS_DIR "/%s", name);
}

bool overlay_hash_is(const uint8_t hash[OVERLAY_HASH_SIZE],
		     const char hex[OVERLAY_HASH_HEX_SIZE])
{
	char byte[3];

	for (size_t i = 0; i < OVERLAY_HASH_SIZE; i++) {
		(void)snprintf(byte, sizeof(byte), "%02x", hash[i]);
		if (memcmp(hex + 2 * i, byte, 2) != 0)
			return false;
	}
	return true;
}

uint64_t overlay_slot_offset(uint64_t id)
{
	assert(id <= OVERLAY_SLOT_ID_MAX);
	return id * OVERLAY_SLOT_SIZE;
}

/* The checksum counts as zero in itself. */
static uint32_t checksum(const struct header *h)
{
	struct header copy = *h;

	copy.crc = 0;
	return htole32(crc32c(0, &copy, offsetof(struct header, rest)));
}

void overlay_slot_encode(const struct overlay_slot *slot,
			 uint8_t out[OVERLAY_SLOT_HEADER])
{
	struct header h = {
		.magic = htole64(MAGIC),
		.id = htole64(slot->id),
		.size = htole32(slot->size),
		.atime_ns = htole64((uint64_t)slot->atime_ns),
		.mtime_ns = htole64((uint64_t)slot->mtime_ns),
	};

	h.crc = checksum(&h);
	memcpy(out, &h, sizeof(h));
}

bool overlay_slot_decode(const uint8_t header[OVERLAY_SLOT_HEADER], uint64_t id,
			 struct overlay_slot *out)
{
	struct header h;

	memcpy(&h, header, sizeof(h));
	*out = (struct overlay_slot){
		.id = le64toh(h.id),
		.size = le32toh(h.size),
		.atime_ns = (int64_t)le64toh(h.atime_ns),
		.mtime_ns = (int64_t)le64toh(h.mtime_ns),
	};
	return h.magic == htole64(MAGIC) && out->id == id &&
	       out->size <= OVERLAY_SLOT_MAX && h.crc == checksum(&h);
}
