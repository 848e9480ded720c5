// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_wire.c - put messages together from a stream socket.
 */
#include "infra/vfs/vhost_wire.h"

#include <errno.h>
#include <sys/socket.h>

#include "infra/sys/fd.h"

/* Room for just as many descriptors: the kernel closes what is beyond. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * VHOST_FDS_MAX)];
};

/* One call never yields too many, but a message may take several. */
static int keep_fds(struct vhost_wire *w, struct msghdr *msg, struct err *err)
{
	bool too_many = msg->msg_flags & MSG_CTRUNC;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (w->fd_count < VHOST_FDS_MAX) {
				w->fds[w->fd_count++] = fd;
				continue;
			}
			fd_close(&fd);
			too_many = true;
		}
	}
	if (too_many)
		return err_set(err, ERR_PROTOCOL,
			       "message with more than %zu descriptors",
			       VHOST_FDS_MAX);
	return 0;
}

/* Reads at most @len bytes; an enum vhost_read, "message" when it has some. */
static int read_some(struct vhost_wire *w, void *p, size_t len, struct err *err)
{
	union control control;
	struct iovec iov = { .iov_base = p, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	do
		n = recvmsg(w->socket_fd, &msg,
			    MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return VHOST_READ_NOTHING;
	if (n < 0 && errno != ECONNRESET)
		return err_sys(err, errno, "receive message");
	if (n <= 0 && w->got)
		return err_set(err, ERR_PROTOCOL,
			       "front end hung up in a message");
	if (n <= 0)
		return VHOST_READ_END;
	w->got += (size_t)n;
	return keep_fds(w, &msg, err) < 0 ? -1 : VHOST_READ_MESSAGE;
}

int vhost_wire_read(struct vhost_wire *w, struct vhost_msg *out,
		    struct err *err)
{
	const size_t head = sizeof(w->header);
	int r = VHOST_READ_MESSAGE;

	while (w->got < head && r == VHOST_READ_MESSAGE) {
		r = read_some(w, (char *)&w->header + w->got, head - w->got,
			      err);
		if (w->got == head && r == VHOST_READ_MESSAGE &&
		    vhost_header_check(&w->header, err) < 0)
			return -1;
	}
	while (r == VHOST_READ_MESSAGE && w->got < head + w->header.size)
		r = read_some(w, w->payload + (w->got - head),
			      head + w->header.size - w->got, err);
	if (r != VHOST_READ_MESSAGE)
		return r;
	return vhost_msg_decode(&w->header,
				(struct span){ w->payload, w->header.size },
				w->fd_count, out, err);
}

void vhost_wire_next(struct vhost_wire *w)
{
	while (w->fd_count)
		fd_close(&w->fds[--w->fd_count]);
	w->got = 0;
}

int vhost_wire_answer(const struct vhost_wire *w, enum vhost_msg_type type,
		      const void *payload, uint32_t len, struct err *err)
{
	const struct vhost_header header = {
		.request = type,
		.flags = VHOST_VERSION | VHOST_FLAG_REPLY,
		.size = len,
	};
	unsigned char bytes[sizeof(header) + sizeof(uint64_t)];
	size_t total = sizeof(header) + len;
	ssize_t n;

	assert(total <= sizeof(bytes));
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), payload, len);
	do
		n = send(w->socket_fd, bytes, total,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return 0;
	if (n < 0 && errno != EAGAIN)
		return err_sys(err, errno, "answer");
	if (n != (ssize_t)total)
		return err_set(err, ERR_PROTOCOL,
			       "front end does not read answers");
	return 0;
}
