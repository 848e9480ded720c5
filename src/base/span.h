/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span.h - a borrowed view of bytes from outside that only moves forwards.
 *
 * Contract of every span_take*(): on success the bytes are copied out and the
 * span has moved past them; on failure (false) nothing was touched.
 */
#ifndef BBOX_BASE_SPAN_H
#define BBOX_BASE_SPAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

struct span {
	const void *p;
	size_t len; /* bytes */
};

#define SPAN_STR(s) ((struct span){ .p = (s), .len = strlen(s) })

must_check bool span_take(struct span *s, void *out, size_t len);
must_check bool span_take_u8(struct span *s, uint8_t *out);
must_check bool span_take_be16(struct span *s, uint16_t *out);
must_check bool span_take_be32(struct span *s, uint32_t *out);
must_check bool span_take_le32(struct span *s, uint32_t *out);
must_check bool span_skip(struct span *s, size_t len);

/*
 * Takes the bytes up to @sep and drops the separator; without one, takes the
 * rest. False when the span is empty. @out borrows from the same bytes.
 */
must_check bool span_take_until(struct span *s, char sep, struct span *out);

bool span_equals(struct span s, const char *text);

#endif /* BBOX_BASE_SPAN_H */
