// SPDX-License-Identifier: Apache-2.0
/*
 * buf.c - grow a byte buffer up to its limit.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ckd.h"
#include "base/mem.h"

#define CAPACITY_MIN ((size_t)64) /* bytes */

/* Shared by all buffers that hold nothing; only ever contains its NUL. */
char buf_empty[1];

void buf_release(struct buf *b)
{
	if (b->capacity)
		free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->capacity)
		b->data[0] = '\0';
}

char *buf_take(struct buf *b, size_t *len)
{
	char *data = b->capacity ? b->data : xstrdup("");

	if (len)
		*len = b->len;
	*b = BUF_INIT(b->max);
	return data;
}

int buf_room(struct buf *b, size_t len, char **out, struct err *err)
{
	size_t need, capacity;

	if (ckd_add(&need, b->len, len) || need > b->max)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", b->max);
	if (need + 1 > b->capacity) {
		capacity = b->capacity ? b->capacity : CAPACITY_MIN;
		while (capacity < need + 1)
			capacity *= 2;
		b->data = xreallocarray(b->capacity ? b->data : NULL, capacity,
					1);
		b->capacity = capacity;
		b->data[b->len] = '\0';
	}
	*out = b->data + b->len;
	return 0;
}

void buf_grew(struct buf *b, size_t len)
{
	if (!len)
		return;
	assert(b->len + len < b->capacity);
	b->len += len;
	b->data[b->len] = '\0';
}

int buf_add(struct buf *b, const void *p, size_t len, struct err *err)
{
	char *room;

	if (!len)
		return 0;
	if (buf_room(b, len, &room, err) < 0)
		return -1;
	memcpy(room, p, len);
	buf_grew(b, len);
	return 0;
}

int buf_adds(struct buf *b, const char *s, struct err *err)
{
	return buf_add(b, s, strlen(s), err);
}

int buf_addc(struct buf *b, char c, struct err *err)
{
	return buf_add(b, &c, 1, err);
}

int buf_addf(struct buf *b, struct err *err, const char *fmt, ...)
{
	va_list ap;
	char *room = NULL;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(err, ERR_INVALID, "format '%s'", fmt);
	if (buf_room(b, (size_t)n, &room, err) < 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf(room, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_grew(b, (size_t)n);
	return 0;
}

void buf_consume(struct buf *b, size_t len)
{
	assert(len <= b->len);
	if (!len)
		return;
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}
