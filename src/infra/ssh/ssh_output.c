// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_output.c - write to pipes, terminals, sockets and files without
 * blocking.
 *
 * O_NONBLOCK belongs to the open file description, which bbox shares with the
 * shell: setting it would break other programs. A pipe or terminal is
 * therefore opened a second time through /proc; a socket has MSG_DONTWAIT.
 * Where neither works (a terminal of another user) one small burst is written
 * per event, which a pipe always has room for.
 */
#include "infra/ssh/ssh_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"

static int own_fd(struct ssh_output *o, int fd, mode_t mode, struct err *err)
{
	auto_free char *path = xasprintf("/proc/self/fd/%d", fd);

	o->is_socket = S_ISSOCK(mode);
	/* A file opened again would lose its offset and O_APPEND. */
	if (S_ISFIFO(mode) || S_ISCHR(mode)) {
		o->fd = open(path,
			     O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (o->fd >= 0)
			return 0;
		o->may_block = true;
	}
	o->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (o->fd < 0)
		return err_sys(err, errno, "duplicate descriptor %d", fd);
	return 0;
}

int ssh_output_open(struct ssh_output *o, struct loop *loop, int fd,
		    loop_handler *handler, struct err *err)
{
	struct err cause = ERR_INIT;
	struct stat st;

	*o = SSH_OUTPUT_INIT;
	o->loop = loop;
	o->handler = handler;
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0; /* closed by the user: nobody reads it */
	if (own_fd(o, fd, st.st_mode, err) < 0)
		return -1;
	o->writable = !o->may_block;
	o->kind = SSH_OUTPUT_POLLED;
	if (loop_add(loop, &o->source, o->fd, 0, handler, &cause) == 0) {
		loop_remove(loop, &o->source);
		return 0;
	}
	/* epoll refuses regular files and /dev/null with EPERM. */
	if (cause.kind == ERR_PERMISSION) {
		o->kind = SSH_OUTPUT_FILE;
		return 0;
	}
	*err = cause;
	ssh_output_close(o);
	return -1;
}

void ssh_output_close(struct ssh_output *o)
{
	if (o->loop)
		loop_remove(o->loop, &o->source);
	fd_close(&o->fd);
	buf_release(&o->data);
	o->sent = 0;
	o->kind = SSH_OUTPUT_BROKEN;
}

int ssh_output_add(struct ssh_output *o, const void *p, size_t len,
		   struct err *err)
{
	if (o->kind == SSH_OUTPUT_BROKEN)
		return 0;
	if (len > SSH_OUTPUT_MAX - ssh_output_waiting(o))
		return err_set(err, ERR_LIMIT,
			       "more than %zu bytes of output wait",
			       SSH_OUTPUT_MAX);
	return buf_add(&o->data, p, len, err);
}

void ssh_output_ready(struct ssh_output *o)
{
	o->writable = true;
}

static void break_output(struct ssh_output *o, int error)
{
	o->failed = error == EPIPE ? 0 : error;
	ssh_output_close(o);
}

/* Returns whether to go on: false when it is full or broken. */
static bool write_some(struct ssh_output *o)
{
	const char *p = o->data.data + o->sent;
	size_t len = ssh_output_waiting(o);
	ssize_t n;

	if (o->may_block && len > PIPE_BUF)
		len = PIPE_BUF;
	n = o->is_socket ? send(o->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL)
			 : write(o->fd, p, len);
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN) {
		o->writable = false;
		return false;
	}
	if (n < 0) {
		break_output(o, errno);
		return false;
	}
	o->sent += (size_t)n;
	o->writable = !o->may_block;
	/* Not at each write: moving the rest costs more than the memory. */
	if (o->sent >= o->data.len / 2) {
		buf_consume(&o->data, o->sent);
		o->sent = 0;
	}
	return true;
}

/*
 * In the set only while something waits: a hangup is reported whether asked
 * for or not, and when idle nothing would be done about it.
 */
static int watch(struct ssh_output *o, struct err *err)
{
	if (ssh_output_waiting(o) == 0) {
		loop_remove(o->loop, &o->source);
		return 0;
	}
	if (o->source.fd >= 0)
		return 0;
	return loop_add(o->loop, &o->source, o->fd, EPOLLOUT, o->handler, err);
}

int ssh_output_flush(struct ssh_output *o, struct err *err)
{
	while (o->kind != SSH_OUTPUT_BROKEN && ssh_output_waiting(o) > 0)
		if ((o->kind == SSH_OUTPUT_POLLED && !o->writable) ||
		    !write_some(o))
			break;
	if (o->kind != SSH_OUTPUT_POLLED)
		return 0;
	return watch(o, err);
}
