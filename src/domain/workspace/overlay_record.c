// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_record.c - changes of an overlay to bytes and back.
 *
 * Theory of operation
 *
 * Which fields a type has, and which flags, is a table; one function writes
 * the fields in their order and one reads them. A body must be used up to its
 * last byte.
 *
 * A crash may leave the last record cut, with the wrong bytes, or followed by
 * zeros where the file system had made room already. All three are a torn end.
 * A bad record that others follow means that somebody has damaged the file.
 */
#include "domain/workspace/overlay_record.h"

#include <string.h>

#include "base/crc32c.h"

#define FRAME_SIZE ((size_t)8) /* bytes in front of the body */
#define BODY_MIN   ((size_t)2) /* type and flags */
/* Bytes of a body without what has its own length; generous. */
#define FIXED_MAX ((size_t)256)
#define BODY_MAX                                                 \
	(FIXED_MAX + 2 * OVERLAY_NAME_MAX + OVERLAY_TARGET_MAX + \
	 OVERLAY_XATTR_VALUE_MAX)

enum field {
	F_ID = 0x001,
	F_DIR = 0x002,
	F_NAME = 0x004,
	F_TO = 0x008, /* directory and name */
	F_KIND = 0x010,
	F_LINKS = 0x020,
	F_ATTR = 0x040,
	F_IDENTITY = 0x080,
	F_TARGET = 0x100,
	F_VALUE = 0x200,
};

/* clang-format off */
static const struct layout {
	unsigned int fields;
	uint8_t flags; /* allowed ones */
} layouts[] = {
	[OVERLAY_RECORD_NONE]	      = { 0, 0 },
	[OVERLAY_RECORD_HEADER]	      = { F_ID, 0 },
	[OVERLAY_RECORD_PIN]	      = { F_ID | F_DIR | F_NAME | F_KIND |
					  F_LINKS | F_ATTR | F_IDENTITY |
					  F_TARGET, 0 },
	[OVERLAY_RECORD_CREATE]	      = { F_ID | F_DIR | F_NAME | F_KIND |
					  F_ATTR | F_TARGET, 0 },
	[OVERLAY_RECORD_OWN]	      = { F_ID, OVERLAY_RECORD_HASHED },
	[OVERLAY_RECORD_LINK]	      = { F_ID | F_DIR | F_NAME, 0 },
	[OVERLAY_RECORD_REMOVE]	      = { F_DIR | F_NAME, OVERLAY_RECORD_DIR },
	[OVERLAY_RECORD_RENAME]	      = { F_DIR | F_NAME | F_TO,
					  OVERLAY_RECORD_EXCHANGE },
	[OVERLAY_RECORD_ATTR]	      = { F_ID | F_ATTR, 0 },
	[OVERLAY_RECORD_SET_XATTR]    = { F_ID | F_NAME | F_VALUE, 0 },
	[OVERLAY_RECORD_REMOVE_XATTR] = { F_ID | F_NAME, 0 },
};
/* clang-format on */
static_assert(ARRAY_SIZE(layouts) == OVERLAY_RECORD_COUNT,
	      "layouts[] and enum overlay_record_type differ");

static uint8_t *put(uint8_t *p, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		*p++ = (uint8_t)(value >> (8 * i));
	return p;
}

static uint8_t *put_span(uint8_t *p, struct span s, size_t length_bytes)
{
	p = put(p, s.len, length_bytes);
	if (s.len)
		memcpy(p, s.p, s.len);
	return p + s.len;
}

static uint8_t *put_attr(uint8_t *p, const struct overlay_attr *a)
{
	p = put(p, a->ino, 8);
	p = put(p, a->size, 8);
	p = put(p, a->mode, 2);
	p = put(p, a->uid, 4);
	p = put(p, a->gid, 4);
	p = put(p, (uint64_t)a->atime_ns, 8);
	p = put(p, (uint64_t)a->mtime_ns, 8);
	return put(p, (uint64_t)a->ctime_ns, 8);
}

static uint8_t *put_identity(uint8_t *p, const struct file_identity *i)
{
	p = put(p, i->dev, 8);
	p = put(p, i->ino, 8);
	p = put(p, i->size, 8);
	p = put(p, (uint64_t)i->mtime_ns, 8);
	return put(p, (uint64_t)i->ctime_ns, 8);
}

static uint8_t *put_body(uint8_t *p, const struct overlay_record *rec)
{
	unsigned int fields = layouts[rec->type].fields;

	p = put(p, rec->type, 1);
	p = put(p, rec->flags, 1);
	if (fields & F_ID)
		p = put(p, rec->id, 8);
	if (fields & F_DIR)
		p = put(p, rec->dir, 8);
	if (fields & F_NAME)
		p = put_span(p, rec->name, 2);
	if (fields & F_TO) {
		p = put(p, rec->to_dir, 8);
		p = put_span(p, rec->to_name, 2);
	}
	if (fields & F_KIND)
		p = put(p, rec->kind, 1);
	if (fields & F_LINKS)
		p = put(p, rec->links, 4);
	if (fields & F_ATTR)
		p = put_attr(p, &rec->attr);
	if (fields & F_IDENTITY)
		p = put_identity(p, &rec->identity);
	if (fields & F_TARGET)
		p = put_span(p, rec->target, 2);
	if (fields & F_VALUE)
		p = put_span(p, rec->value, 4);
	if (rec->flags & OVERLAY_RECORD_HASHED) {
		memcpy(p, rec->hash, sizeof(rec->hash));
		p += sizeof(rec->hash);
	}
	return p;
}

int overlay_record_encode(const struct overlay_record *rec, struct buf *out,
			  struct err *err)
{
	size_t bound = FRAME_SIZE + FIXED_MAX + rec->name.len +
		       rec->to_name.len + rec->target.len + rec->value.len;
	uint8_t *frame, *end;
	uint32_t crc;
	size_t len;
	char *room;

	assert(!(rec->flags & ~layouts[rec->type].flags));
	if (buf_room(out, bound, &room, err) < 0)
		return -1;
	frame = (uint8_t *)room;
	end = put_body(frame + FRAME_SIZE, rec);
	len = (size_t)(end - frame) - FRAME_SIZE;
	assert(len >= BODY_MIN && len <= BODY_MAX);
	put(frame, len, 4);
	crc = crc32c(0, frame, 4);
	put(frame + 4, crc32c(crc, frame + FRAME_SIZE, len), 4);
	buf_grew(out, (size_t)(end - frame));
	return 0;
}

static bool take(struct span *s, size_t bytes, uint64_t *out)
{
	uint8_t b[8];

	if (!span_take(s, b, bytes))
		return false;
	*out = 0;
	for (size_t i = 0; i < bytes; i++)
		*out |= (uint64_t)b[i] << (8 * i);
	return true;
}

static bool take_u32(struct span *s, uint32_t *out)
{
	return span_take_le32(s, out);
}

static bool take_i64(struct span *s, int64_t *out)
{
	uint64_t value;

	if (!take(s, 8, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

static bool take_span(struct span *s, size_t length_bytes, size_t max,
		      struct span *out)
{
	uint64_t len;
	const void *p;

	if (!take(s, length_bytes, &len) || len > max)
		return false;
	p = s->p;
	if (!span_skip(s, (size_t)len))
		return false;
	*out = (struct span){ .p = p, .len = (size_t)len };
	return true;
}

static bool take_kind(struct span *s, enum overlay_kind *out)
{
	uint8_t kind;

	if (!span_take_u8(s, &kind) || kind >= OVERLAY_KIND_COUNT)
		return false;
	*out = (enum overlay_kind)kind;
	return true;
}

static bool take_attr(struct span *s, struct overlay_attr *a)
{
	uint64_t mode;

	if (!take(s, 8, &a->ino) || !take(s, 8, &a->size) ||
	    !take(s, 2, &mode) || mode > 07777)
		return false;
	a->mode = (uint32_t)mode;
	return take_u32(s, &a->uid) && take_u32(s, &a->gid) &&
	       take_i64(s, &a->atime_ns) && take_i64(s, &a->mtime_ns) &&
	       take_i64(s, &a->ctime_ns);
}

static bool take_identity(struct span *s, struct file_identity *i)
{
	return take(s, 8, &i->dev) && take(s, 8, &i->ino) &&
	       take(s, 8, &i->size) && take_i64(s, &i->mtime_ns) &&
	       take_i64(s, &i->ctime_ns);
}

static bool take_fields(struct span *s, unsigned int fields,
			struct overlay_record *rec)
{
	if ((fields & F_ID) && !take(s, 8, &rec->id))
		return false;
	if ((fields & F_DIR) && !take(s, 8, &rec->dir))
		return false;
	if ((fields & F_NAME) && !take_span(s, 2, OVERLAY_NAME_MAX, &rec->name))
		return false;
	if ((fields & F_TO) &&
	    (!take(s, 8, &rec->to_dir) ||
	     !take_span(s, 2, OVERLAY_NAME_MAX, &rec->to_name)))
		return false;
	if ((fields & F_KIND) && !take_kind(s, &rec->kind))
		return false;
	if ((fields & F_LINKS) && !take_u32(s, &rec->links))
		return false;
	if ((fields & F_ATTR) && !take_attr(s, &rec->attr))
		return false;
	if ((fields & F_IDENTITY) && !take_identity(s, &rec->identity))
		return false;
	if ((fields & F_TARGET) &&
	    !take_span(s, 2, OVERLAY_TARGET_MAX, &rec->target))
		return false;
	return !(fields & F_VALUE) ||
	       take_span(s, 4, OVERLAY_XATTR_VALUE_MAX, &rec->value);
}

static bool take_body(struct span body, struct overlay_record *out)
{
	struct overlay_record rec = { .type = OVERLAY_RECORD_NONE };
	uint8_t type;

	if (!span_take_u8(&body, &type) || type == OVERLAY_RECORD_NONE ||
	    type >= OVERLAY_RECORD_COUNT || !span_take_u8(&body, &rec.flags) ||
	    (rec.flags & ~layouts[type].flags))
		return false;
	rec.type = (enum overlay_record_type)type;
	if (!take_fields(&body, layouts[type].fields, &rec))
		return false;
	if ((rec.flags & OVERLAY_RECORD_HASHED) &&
	    !span_take(&body, rec.hash, sizeof(rec.hash)))
		return false;
	if (body.len)
		return false;
	*out = rec;
	return true;
}

static bool is_zero(struct span s)
{
	const uint8_t *p = s.p;

	return !s.len || (!p[0] && !memcmp(p, p + 1, s.len - 1));
}

enum overlay_record_result overlay_record_decode(struct span *bytes,
						 struct overlay_record *out)
{
	struct span rest = *bytes, body;
	uint32_t len, crc;

	if (!span_take_le32(&rest, &len) || !span_take_le32(&rest, &crc))
		return OVERLAY_RECORD_CUT;
	if (len < BODY_MIN || len > BODY_MAX)
		return is_zero(*bytes) ? OVERLAY_RECORD_CUT
				       : OVERLAY_RECORD_DAMAGED;
	body = (struct span){ .p = rest.p, .len = len };
	if (!span_skip(&rest, len))
		return OVERLAY_RECORD_CUT;
	if (crc != crc32c(crc32c(0, bytes->p, 4), body.p, body.len))
		return is_zero(rest) ? OVERLAY_RECORD_CUT
				     : OVERLAY_RECORD_DAMAGED;
	if (!take_body(body, out))
		return OVERLAY_RECORD_DAMAGED;
	*bytes = rest;
	return OVERLAY_RECORD_WHOLE;
}
