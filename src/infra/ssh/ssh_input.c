// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_input.c - read pipes, terminals and files as fast as the guest takes it.
 *
 * libssh queues what the socket does not take, without limit, and the window
 * that the guest grants may be anything. So one chunk is under way at a time:
 * the next is read when the bytes on the socket prove that the last one left.
 *
 * The descriptor is watched only while we would read it. Reading one that
 * epoll reported does not block, so its flags, which the shell shares, stay
 * as they are.
 */
#include "infra/ssh/ssh_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "infra/sys/fd.h"

#define SEND_BUDGET 32 /* chunks before others get their turn */

int ssh_input_open(struct ssh_input *in, struct loop *loop, int fd,
		   loop_handler *handler, struct err *err)
{
	struct err cause = ERR_INIT;

	*in = SSH_INPUT_INIT;
	in->loop = loop;
	in->handler = handler;
	in->open = true;
	in->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (in->fd < 0) {
		/* Reading it will say so, which is an end of input. */
		in->unwatched = true;
		return 0;
	}
	if (loop_add(loop, &in->source, in->fd, 0, handler, &cause) == 0) {
		/* Not before it is wanted, not even for a hangup. */
		loop_remove(loop, &in->source);
		return 0;
	}
	/* epoll refuses regular files and /dev/null with EPERM. */
	if (cause.kind == ERR_PERMISSION) {
		in->unwatched = true;
		return 0;
	}
	*err = cause;
	ssh_input_close(in);
	return -1;
}

void ssh_input_close(struct ssh_input *in)
{
	if (in->loop)
		loop_remove(in->loop, &in->source);
	fd_close(&in->fd);
	in->open = false;
	explicit_bzero(in->chunk, sizeof(in->chunk));
}

void ssh_input_ready(struct ssh_input *in)
{
	in->readable = true;
}

void ssh_input_stop(struct ssh_input *in)
{
	loop_remove(in->loop, &in->source);
	in->open = false;
}

/* Returns whether the chunk holds something. */
static bool read_chunk(struct ssh_input *in, struct ssh_link *link, size_t room)
{
	ssize_t n;

	if (room > sizeof(in->chunk))
		room = sizeof(in->chunk);
	n = read(in->fd, in->chunk, room);
	in->readable = false;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0) {
		/* A terminal that is gone ends the input as well. */
		ssh_input_stop(in);
		/* Fails only with the connection; the next read tells. */
		(void)ssh_channel_send_eof(link->channel);
		return false;
	}
	in->off = 0;
	in->len = (size_t)n;
	return true;
}

static void send_chunk(struct ssh_input *in, struct ssh_link *link)
{
	uint64_t before = link->traffic.out_bytes;
	int n = ssh_channel_write(link->channel, in->chunk + in->off,
				  (uint32_t)in->len);

	if (n < 0) {
		/* Closed for writing; its end comes by the read side. */
		ssh_input_stop(in);
		return;
	}
	in->off += (size_t)n;
	in->len -= (size_t)n;
	in->sent_mark = before + (uint64_t)n;
}

static int watch(struct ssh_input *in, bool wanted, struct err *err)
{
	if (!wanted)
		loop_remove(in->loop, &in->source);
	else if (in->source.fd < 0)
		return loop_add(in->loop, &in->source, in->fd, EPOLLIN,
				in->handler, err);
	return 0;
}

int ssh_input_send(struct ssh_input *in, struct ssh_link *link, struct err *err)
{
	for (int i = 0; i < SEND_BUDGET; i++) {
		size_t room;

		if (!in->open)
			return 0;
		room = ssh_channel_window_size(link->channel);
		if (room == 0 || link->traffic.out_bytes < in->sent_mark)
			return watch(in, false, err);
		if (in->len == 0) {
			if (!in->unwatched && !in->readable)
				return watch(in, true, err);
			if (!read_chunk(in, link, room))
				continue;
		}
		send_chunk(in, link);
	}
	return 1;
}
