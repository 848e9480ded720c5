// SPDX-License-Identifier: Apache-2.0
/*
 * proc_run.c - run a tool to its end and keep what it said.
 *
 * Waiting is by poll(2) and not by an event loop: tools are run where nothing
 * else is to be served. A SIGINT or SIGTERM that loop_catch_signals() holds
 * back must end the wait nevertheless; it is looked for, not taken, so that
 * the loop learns about it afterwards.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"
#include "infra/sys/proc.h"

#define TAIL_MAX	4096 /* bytes of stderr that are remembered */
#define LINE_SHOWN_MAX	512  /* bytes of its last line that are shown */
#define READ_CHUNK	((size_t)16 * 1024) /* bytes */
#define SIGNAL_CHECK_MS 100
#define STOP_GRACE_MS	500

struct run {
	struct proc proc;
	int out_fd, err_fd; /* our ends; -1 at their end */
	struct buf *out;    /* borrowed; NULL discards */
	char tail[TAIL_MAX];
	size_t tail_len;
	bool exited;
};

static void remember(struct run *r, const char *p, size_t len)
{
	if (len > sizeof(r->tail)) {
		p += len - sizeof(r->tail);
		len = sizeof(r->tail);
	}
	if (len > sizeof(r->tail) - r->tail_len) {
		size_t drop = len - (sizeof(r->tail) - r->tail_len);

		memmove(r->tail, r->tail + drop, r->tail_len - drop);
		r->tail_len -= drop;
	}
	memcpy(r->tail + r->tail_len, p, len);
	r->tail_len += len;
}

/* Takes what there is; closes *@fd at its end. */
static int drain(struct run *r, int *fd, struct err *err)
{
	char chunk[READ_CHUNK];
	ssize_t n;

	while (*fd >= 0) {
		n = read(*fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return err_sys(err, errno, "read");
		if (!n)
			fd_close(fd);
		else if (fd == &r->err_fd)
			remember(r, chunk, (size_t)n);
		else if (buf_add(r->out, chunk, (size_t)n, err) < 0)
			return err_wrap(err, "output");
	}
	return 0;
}

static bool is_interrupted(void)
{
	sigset_t pending;

	return !sigpending(&pending) && (sigismember(&pending, SIGINT) == 1 ||
					 sigismember(&pending, SIGTERM) == 1);
}

static int collect(struct run *r, struct err *err)
{
	while (!r->exited) {
		struct pollfd pfds[] = {
			{ .fd = r->out_fd, .events = POLLIN },
			{ .fd = r->err_fd, .events = POLLIN },
			{ .fd = r->proc.pidfd, .events = POLLIN },
		};
		int n = poll(pfds, ARRAY_SIZE(pfds), SIGNAL_CHECK_MS);

		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
		if (is_interrupted())
			return err_set(err, ERR_CANCELLED, "interrupted");
		/*
		 * Looked at before the pipes are drained, so that nothing the
		 * tool wrote is missed. A grandchild that holds the pipes
		 * open for longer is not waited for.
		 */
		if (n > 0)
			r->exited = pfds[2].revents;
		if (drain(r, &r->out_fd, err) < 0 ||
		    drain(r, &r->err_fd, err) < 0)
			return -1;
	}
	return 0;
}

/* The last line with something in it, fit to be shown; the caller frees. */
static char *last_line(const struct run *r)
{
	struct buf shown = BUF_INIT(LINE_SHOWN_MAX);
	size_t end = r->tail_len, start;

	while (end && strchr(" \t\r\n", r->tail[end - 1]) && r->tail[end - 1])
		end--;
	start = end;
	while (start && r->tail[start - 1] != '\n' &&
	       r->tail[start - 1] != '\r')
		start--;
	/* A longer line is cut. */
	discard(text_add_visible(
		&shown,
		((struct span){ .p = r->tail + start, .len = end - start }),
		ERR_IGNORE));
	return buf_take(&shown, /* len */ NULL);
}

static int judge(struct run *r, const char *path, struct err *err)
{
	const char *name = strrchr(path, '/') + 1;
	auto_free char *line = NULL;
	int code;

	if (proc_wait(&r->proc, -1, &code, err) < 0)
		return -1;
	if (!code)
		return 0;
	line = last_line(r);
	if (!*line)
		return err_set(err, ERR_SYSTEM, "'%s' ended with code %d", name,
			       code);
	return err_set(err, ERR_SYSTEM, "'%s' ended with code %d: %s", name,
		       code, line);
}

/* Makes a pipe for what is to be captured; *@theirs is the child's end. */
static int open_capture(int *ours, int *theirs, struct err *err)
{
	int ends[2];

	if (fd_pipe(ends, err) < 0)
		return -1;
	*ours = ends[0];
	*theirs = ends[1];
	return fd_set_nonblocking(*ours, err);
}

static int start(struct run *r, const struct proc_spec *spec, struct err *err)
{
	auto_close int out_theirs = -1, err_theirs = -1;
	struct proc_spec piped = *spec;

	if (spec->stdio[1] < 0 && r->out) {
		if (open_capture(&r->out_fd, &out_theirs, err) < 0)
			return -1;
		piped.stdio[1] = out_theirs;
	}
	if (spec->stdio[2] < 0) {
		if (open_capture(&r->err_fd, &err_theirs, err) < 0)
			return -1;
		piped.stdio[2] = err_theirs;
	}
	return proc_spawn(&piped, &r->proc, err);
}

int proc_run(const struct proc_spec *spec, struct buf *out, struct err *err)
{
	struct run r = {
		.proc = PROC_INIT,
		.out_fd = -1,
		.err_fd = -1,
		.out = out,
	};
	int result = start(&r, spec, err);

	if (!result) {
		result = collect(&r, err);
		if (!result)
			result = judge(&r, spec->path, err);
		else
			err_wrap(err, "run '%s'", spec->path);
	}
	proc_stop(&r.proc, STOP_GRACE_MS);
	fd_close(&r.out_fd);
	fd_close(&r.err_fd);
	return result;
}
