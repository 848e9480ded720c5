// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_store.c - names of objects, places and headers of slots.
 */
#include "domain/workspace/overlay_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"

/* "bbox-sl" and the version of the format. */
#define MAGIC UINT64_C(0x016c732d786f6262)

/* Little-endian: magic, id, size, checksum of all the others, times. */
enum offset {
	AT_MAGIC = 0,
	AT_ID = 8,
	AT_SIZE = 16,
	AT_CRC = 20,
	AT_ATIME = 24,
	AT_MTIME = 32,
	AT_END = 40,
};
static_assert(AT_END <= OVERLAY_SLOT_HEADER, "the header has room");

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

static void put(uint8_t *p, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t take(const uint8_t *p, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

static uint32_t checksum(const uint8_t header[OVERLAY_SLOT_HEADER])
{
	return crc32c(crc32c(0, header, AT_CRC), header + AT_ATIME,
		      AT_END - AT_ATIME);
}

void overlay_slot_encode(const struct overlay_slot *slot,
			 uint8_t out[OVERLAY_SLOT_HEADER])
{
	memset(out, 0, OVERLAY_SLOT_HEADER);
	put(out + AT_MAGIC, MAGIC, 8);
	put(out + AT_ID, slot->id, 8);
	put(out + AT_SIZE, slot->size, 4);
	put(out + AT_ATIME, (uint64_t)slot->atime_ns, 8);
	put(out + AT_MTIME, (uint64_t)slot->mtime_ns, 8);
	put(out + AT_CRC, checksum(out), 4);
}

bool overlay_slot_decode(const uint8_t header[OVERLAY_SLOT_HEADER], uint64_t id,
			 struct overlay_slot *out)
{
	*out = (struct overlay_slot){
		.id = take(header + AT_ID, 8),
		.size = (uint32_t)take(header + AT_SIZE, 4),
		.atime_ns = (int64_t)take(header + AT_ATIME, 8),
		.mtime_ns = (int64_t)take(header + AT_MTIME, 8),
	};
	return take(header + AT_MAGIC, 8) == MAGIC && out->id == id &&
	       out->size <= OVERLAY_SLOT_MAX &&
	       take(header + AT_CRC, 4) == checksum(header);
}
