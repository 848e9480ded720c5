// SPDX-License-Identifier: Apache-2.0
/*
 * line_reader.c - read lines byte by byte, so that nothing behind a line is
 * taken from whoever reads the terminal next.
 */
#include "infra/review/line_reader.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

struct waiter {
	struct loop_source source;
	bool ready;
};

static int on_ready(struct loop_source *src, uint32_t events unused,
		    struct err *err unused)
{
	container_of(src, struct waiter, source)->ready = true;
	return 0;
}

static int wait_readable(const struct line_reader *r, struct err *err)
{
	struct waiter w = { .source = LOOP_SOURCE_INIT };
	struct err why = ERR_INIT;
	int result;

	if (!r->loop)
		return 0;
	if (loop_add(r->loop, &w.source, r->fd, EPOLLIN, on_ready, &why) < 0) {
		/* A regular file cannot be waited for and is always ready. */
		if (why.sys == EPERM)
			return 0;
		*err = why;
		return -1;
	}
	result = loop_run(r->loop, &w.ready, /* deadline_ns */ 0, err);
	loop_remove(r->loop, &w.source);
	return result;
}

/* 1 with a byte, 0 at the end, -1 on failure. */
static int read_byte(const struct line_reader *r, char *out, struct err *err)
{
	ssize_t n;

	if (wait_readable(r, err) < 0)
		return -1;
	do
		n = read(r->fd, out, 1);
	while (n < 0 && errno == EINTR);
	/* EIO: the terminal hung up. */
	if (n < 0 && errno == EIO)
		return 0;
	if (n < 0)
		return err_sys(err, errno, "read answer");
	return n > 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(struct buf *b)
{
	size_t first = 0;

	while (b->len && is_blank(b->data[b->len - 1]))
		b->data[--b->len] = '\0';
	while (first < b->len && is_blank(b->data[first]))
		first++;
	buf_consume(b, first);
}

int line_reader_next(struct line_reader *r, struct buf *out, struct err *err)
{
	bool any = false;
	char c;
	int n;

	buf_reset(out);
	while ((n = read_byte(r, &c, err)) > 0) {
		bool belongs_to_cr = r->after_cr && c == '\n';

		r->after_cr = c == '\r';
		if (belongs_to_cr)
			continue;
		any = true;
		if (c == '\n' || c == '\r')
			break;
		/* What is longer is no answer, whatever is cut. */
		if (out->len < LINE_READER_MAX && buf_addc(out, c, err) < 0)
			return -1;
	}
	if (n < 0)
		return -1;
	trim(out);
	return any;
}
