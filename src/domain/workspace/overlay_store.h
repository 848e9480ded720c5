/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_store.h - how the content of changed files is kept in the directory
 * of a session, beside the records. Pure.
 *
 * Theory of operation
 *
 * The content of a changed file belongs to the id of its node. To make a file
 * is what costs most on most file systems, so a small content gets no file of
 * its own but a slot of `slots`, whose place follows from the id. That file is
 * large and has holes; only what is written takes room. A content that does not
 * fit, or no more, is the file `objects/<id>`. Where there is an object, the
 * slot means nothing.
 *
 * A slot begins with a header that says how much of the rest counts. One that
 * was never written is zeros, and is not the same as one that is empty: who
 * finds neither object nor header knows that the content was lost.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_OVERLAY_STORE_H
#define BBOX_DOMAIN_WORKSPACE_OVERLAY_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "domain/workspace/overlay.h"

/* In the session directory. */
#define OVERLAY_RECORDS_FILE "records" /* overlay_record.h */
#define OVERLAY_OBJECTS_DIR  "objects"
#define OVERLAY_SLOTS_FILE   "slots"
/* All contents by the names of objects, for those who read an ended session. */
#define OVERLAY_CONTENTS_DIR "contents"

#define OVERLAY_OBJECT_NAME_SIZE 17 /* 16 hex digits and the NUL */

/* The name of a node's object. */
void overlay_object_name(uint64_t id, char out[OVERLAY_OBJECT_NAME_SIZE]);
/* The same in OVERLAY_CONTENTS_DIR; owned by the caller. */
must_check char *overlay_content_path(uint64_t id);

#define OVERLAY_HASH_HEX_SIZE (2 * OVERLAY_HASH_SIZE + 1) /* and the NUL */

/* Is @hex, lower-case digits, this hash? */
must_check bool overlay_hash_is(const uint8_t hash[OVERLAY_HASH_SIZE],
				const char hex[OVERLAY_HASH_HEX_SIZE]);

#define OVERLAY_SLOT_SIZE   ((uint64_t)16 * 1024) /* bytes, header included */
#define OVERLAY_SLOT_HEADER 64			  /* bytes */
#define OVERLAY_SLOT_MAX    (OVERLAY_SLOT_SIZE - OVERLAY_SLOT_HEADER)
/* Keeps the file below 8 TiB, which every file system that we know allows. */
#define OVERLAY_SLOT_ID_MAX ((UINT64_C(1) << 29) - 1)

struct overlay_slot {
	uint64_t id;
	uint32_t size; /* bytes of the content, which follows the header */
	int64_t atime_ns, mtime_ns;
};

/* Where the slot begins in the file, bytes. */
uint64_t overlay_slot_offset(uint64_t id);
void overlay_slot_encode(const struct overlay_slot *slot,
			 uint8_t out[OVERLAY_SLOT_HEADER]);
/* False when it is no whole header of this id. */
must_check bool overlay_slot_decode(const uint8_t header[OVERLAY_SLOT_HEADER],
				    uint64_t id, struct overlay_slot *out);

#endif /* BBOX_DOMAIN_WORKSPACE_OVERLAY_STORE_H */
