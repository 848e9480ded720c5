// SPDX-License-Identifier: Apache-2.0
/*
 * capture.c - a bounded log file, and the last lines of what went into it.
 */
#include "infra/vm/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"

#define CHUNK ((size_t)16 * 1024) /* bytes for each event */
/* What is read at the end: more than a pipe or socket holds. */
#define FINISH_CHUNKS 64

static const char full_note[] = "\n[the log is full; the rest is dropped]\n";

static void write_file(struct capture *c, const char *p, size_t len)
{
	uint64_t left = CAPTURE_FILE_MAX - c->file_len;

	if (c->file_full)
		return;
	if (len > left) {
		len = (size_t)left;
		c->file_full = true;
	}
	/*
	 * A log that cannot be written, on a full disk say, is no reason to
	 * end a session; the last lines are in memory anyway.
	 */
	if (fd_write_all(c->file_fd, p, len, ERR_IGNORE) < 0)
		c->file_full = true;
	else if (c->file_full)
		discard(fd_write_all(c->file_fd, full_note,
				     sizeof(full_note) - 1, ERR_IGNORE));
	c->file_len += len;
}

static void end_line(struct capture *c)
{
	size_t slot = c->line_count % CAPTURE_LINES;

	if (!c->line.len)
		return;
	free(c->lines[slot]);
	c->lines[slot] = xmemdup0(c->line.data, c->line.len);
	c->line_count++;
	buf_reset(&c->line);
}

static void note_lines(struct capture *c, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n')
			end_line(c);
		else if (p[i] != '\r' && c->line.len < c->line.max)
			/* There is room. */
			discard(buf_addc(&c->line, p[i], ERR_IGNORE));
	}
}

/* False when nothing more comes now; @ended when nothing comes ever. */
static bool read_chunk(struct capture *c, bool *ended)
{
	char chunk[CHUNK];
	ssize_t n;

	do
		n = read(c->fd, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	*ended = !n || (n < 0 && errno != EAGAIN);
	if (n <= 0)
		return false;
	write_file(c, chunk, (size_t)n);
	note_lines(c, chunk, (size_t)n);
	return true;
}

static int on_readable(struct loop_source *src, uint32_t events unused,
		       struct err *err unused)
{
	struct capture *c = container_of(src, struct capture, source);
	bool ended;

	/* One chunk: a guest that never stops must leave time for others. */
	if (!read_chunk(c, &ended) && ended)
		loop_remove(c->loop, &c->source);
	return 0;
}

static int open_log(const char *path, struct err *err)
{
	auto_close int fd = open(path,
				 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
					 O_NOFOLLOW | O_NONBLOCK,
				 0600);

	/* An old file may have another mode. */
	if (fd < 0 || fchmod(fd, 0600) < 0)
		return err_sys(err, errno, "open '%s'", path);
	return fd_take(&fd);
}

int capture_start(struct capture *c, struct loop *loop, int fd,
		  const char *path, struct err *err)
{
	c->loop = loop;
	c->fd = fd;
	c->file_fd = open_log(path, err);
	if (c->file_fd < 0 || fd_set_nonblocking(fd, err) < 0)
		return -1;
	return loop_add(loop, &c->source, fd, EPOLLIN, on_readable, err);
}

void capture_finish(struct capture *c)
{
	bool ended = c->fd < 0;

	for (int i = 0; i < FINISH_CHUNKS && !ended; i++) {
		if (!read_chunk(c, &ended))
			break;
	}
	end_line(c);
	loop_remove(c->loop, &c->source);
	fd_close(&c->fd);
	fd_close(&c->file_fd);
}

void capture_release(struct capture *c)
{
	loop_remove(c->loop, &c->source);
	fd_close(&c->fd);
	fd_close(&c->file_fd);
	buf_release(&c->line);
	for (size_t i = 0; i < CAPTURE_LINES; i++)
		free(c->lines[i]);
	*c = CAPTURE_INIT;
}

void capture_tail(const struct capture *c, struct strv *out)
{
	size_t n =
		c->line_count < CAPTURE_LINES ? c->line_count : CAPTURE_LINES;

	for (size_t i = c->line_count - n; i < c->line_count; i++) {
		auto_free char *shown =
			text_visible(c->lines[i % CAPTURE_LINES]);

		strv_add(out, shown);
	}
	if (c->line.len) {
		auto_free char *shown = text_visible(c->line.data);

		strv_add(out, shown);
	}
}

char *capture_last(const struct capture *c)
{
	if (c->line.len)
		return text_visible(c->line.data);
	if (!c->line_count)
		return NULL;
	return text_visible(c->lines[(c->line_count - 1) % CAPTURE_LINES]);
}

char *capture_find(const struct capture *c, const char *text)
{
	size_t n =
		c->line_count < CAPTURE_LINES ? c->line_count : CAPTURE_LINES;

	for (size_t i = 1; i <= n; i++) {
		const char *line =
			c->lines[(c->line_count - i) % CAPTURE_LINES];

		if (strstr(line, text))
			return text_visible(line);
	}
	return NULL;
}
