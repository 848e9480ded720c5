/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_record.h - one change of an overlay, as bytes that last. Pure.
 *
 * A record is framed: length of the body, CRC-32C of that length and of the
 * body (32 bits each), then the body: type, flags, and the fields of its type.
 * Everything is little-endian. The first record says the format and version.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_OVERLAY_RECORD_H
#define BBOX_DOMAIN_WORKSPACE_OVERLAY_RECORD_H

#include "base/buf.h"
#include "domain/workspace/overlay.h"

/* "bbox-ov" and the version of the format. */
#define OVERLAY_RECORD_MAGIC UINT64_C(0x01766f2d786f6262)

enum overlay_record_type {
	OVERLAY_RECORD_NONE, /* zero: no bytes by accident are a record */
	OVERLAY_RECORD_HEADER,
	OVERLAY_RECORD_PIN,
	OVERLAY_RECORD_CREATE,
	OVERLAY_RECORD_OWN,
	OVERLAY_RECORD_LINK,
	OVERLAY_RECORD_REMOVE,
	OVERLAY_RECORD_RENAME,
	OVERLAY_RECORD_ATTR,
	OVERLAY_RECORD_SET_XATTR,
	OVERLAY_RECORD_REMOVE_XATTR,

	OVERLAY_RECORD_COUNT
};

#define OVERLAY_RECORD_DIR	0x01 /* REMOVE: rmdir(2) */
#define OVERLAY_RECORD_EXCHANGE 0x02 /* RENAME */
#define OVERLAY_RECORD_HASHED	0x04 /* OWN: @hash is set */

/* Which fields count depends on the type; spans are borrowed. */
struct overlay_record {
	enum overlay_record_type type;
	uint8_t flags;
	uint64_t id; /* of the node; of a header the magic */
	uint64_t dir, to_dir;
	struct span name, to_name; /* of an extended attribute, too */
	enum overlay_kind kind;
	uint32_t links; /* on the host */
	struct overlay_attr attr;
	struct file_identity identity;
	struct span target; /* empty unless a symlink */
	struct span value;
	uint8_t hash[OVERLAY_HASH_SIZE];
};

/* Appends the bytes; fails with ERR_LIMIT only. */
must_check int overlay_record_encode(const struct overlay_record *rec,
				     struct buf *out, struct err *err);

enum overlay_record_result {
	OVERLAY_RECORD_WHOLE,
	OVERLAY_RECORD_CUT,	/* nothing but the torn end of the bytes */
	OVERLAY_RECORD_DAMAGED, /* more follows, or it is no record of ours */
};

/**
 * overlay_record_decode() - take the next record
 * @bytes:	not empty; moves past the record when it is whole
 * @out:	set when it is whole; borrows from @bytes
 *
 * Lengths, flags, kinds and mode bits are in their ranges afterwards; names
 * are not checked.
 */
must_check enum overlay_record_result
overlay_record_decode(struct span *bytes, struct overlay_record *out);

#endif /* BBOX_DOMAIN_WORKSPACE_OVERLAY_RECORD_H */
