/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - a growing byte buffer that is born with a limit.
 *
 * Invariants: @data is never NULL, data[len] is NUL, len <= max. Text with
 * embedded NULs is held as is; use @len then.
 */
#ifndef BBOX_BASE_BUF_H
#define BBOX_BASE_BUF_H

#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct buf {
	char *data;
	size_t len;	 /* bytes */
	size_t capacity; /* bytes, 0 while nothing is allocated */
	size_t max;	 /* bytes */
};

extern char buf_empty[1];

#define BUF_INIT(limit) ((struct buf){ .data = buf_empty, .max = (limit) })

/* Frees the contents; the buffer is empty and usable, its limit unchanged. */
void buf_release(struct buf *b);
/* Forgets the contents, keeps the memory. */
void buf_reset(struct buf *b);
/* Gives up the contents, to be freed by the caller; @len may be NULL. */
must_check char *buf_take(struct buf *b, size_t *len);

/* These fail with ERR_LIMIT when the limit would be exceeded. */
must_check int buf_add(struct buf *b, const void *p, size_t len,
		       struct err *err);
must_check int buf_adds(struct buf *b, const char *s, struct err *err);
must_check int buf_addc(struct buf *b, char c, struct err *err);
must_check printf_like(3, 4) int buf_addf(struct buf *b, struct err *err,
					  const char *fmt, ...);
/* Makes room for @len more bytes and returns where they go; see buf_grew(). */
must_check int buf_room(struct buf *b, size_t len, char **out, struct err *err);
/* Says that @len bytes of the room were filled. */
void buf_grew(struct buf *b, size_t len);
/* Removes the first @len bytes. */
void buf_consume(struct buf *b, size_t len);

static inline struct span buf_span(const struct buf *b)
{
	return (struct span){ .p = b->data, .len = b->len };
}

#define auto_buf cleanup_with(buf_release)

#endif /* BBOX_BASE_BUF_H */
