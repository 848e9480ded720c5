// SPDX-License-Identifier: Apache-2.0
/*
 * span.c - take fields from bytes that nobody has checked yet.
 */
#include "base/span.h"

bool span_skip(struct span *s, size_t len)
{
	if (len > s->len)
		return false;
	s->p = (const uint8_t *)s->p + len;
	s->len -= len;
	return true;
}

bool span_take(struct span *s, void *out, size_t len)
{
	const void *p = s->p;

	if (!span_skip(s, len))
		return false;
	if (len)
		memcpy(out, p, len);
	return true;
}

bool span_take_u8(struct span *s, uint8_t *out)
{
	return span_take(s, out, 1);
}

bool span_take_be16(struct span *s, uint16_t *out)
{
	uint8_t b[2];

	if (!span_take(s, b, sizeof(b)))
		return false;
	*out = (uint16_t)(b[0] << 8 | b[1]);
	return true;
}

bool span_take_be32(struct span *s, uint32_t *out)
{
	uint8_t b[4];

	if (!span_take(s, b, sizeof(b)))
		return false;
	*out = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
	return true;
}

bool span_take_le32(struct span *s, uint32_t *out)
{
	uint8_t b[4];

	if (!span_take(s, b, sizeof(b)))
		return false;
	*out = (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[1] << 8 | b[0];
	return true;
}

bool span_take_until(struct span *s, char sep, struct span *out)
{
	const char *end;

	if (!s->len)
		return false;
	end = memchr(s->p, sep, s->len);
	out->p = s->p;
	out->len = end ? (size_t)(end - (const char *)s->p) : s->len;
	s->p = (const char *)s->p + out->len + (end ? 1 : 0);
	s->len -= out->len + (end ? 1 : 0);
	return true;
}

bool span_equals(struct span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.p, text, s.len);
}
