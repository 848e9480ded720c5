// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_ask.c - a first question to a file server.
 */
#include "infra/vfs/vhost_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

/* docs/interop/vhost-user.rst of QEMU: header, then the payload. */
#define VHOST_GET_FEATURES UINT32_C(1)
#define VHOST_VERSION	   UINT32_C(1)
#define VHOST_FLAG_REPLY   UINT32_C(4)

struct vhost_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* bytes of payload */
};

struct vhost_answer {
	struct vhost_header header;
	uint32_t features[2]; /* one 64-bit number, not aligned */
};
static_assert(sizeof(struct vhost_answer) == 20, "vhost-user is packed");

static int wait_readable(int fd, int timeout_ms, struct err *err)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int r;

	do
		r = poll(&pfd, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, errno, "wait for file server");
	if (!r)
		return err_set(err, ERR_TIMEOUT, "file server does not answer");
	return 0;
}

/* The server writes header and payload separately. */
static int read_answer(int fd, int timeout_ms, struct vhost_answer *out,
		       struct err *err)
{
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(*out)) {
		if (wait_readable(fd, timeout_ms, err) < 0)
			return -1;
		n = recv(fd, (char *)out + len, sizeof(*out) - len,
			 MSG_DONTWAIT);
		if (n <= 0)
			return err_set(err, ERR_PROTOCOL,
				       "file server hung up");
		len += (size_t)n;
	}
	return 0;
}

int vhost_ask_features(int fd, int timeout_ms, struct err *err)
{
	const struct vhost_header question = {
		.request = VHOST_GET_FEATURES,
		.flags = VHOST_VERSION,
	};
	struct vhost_answer answer;

	if (send(fd, &question, sizeof(question), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(question))
		return err_set(err, ERR_PROTOCOL, "file server hung up");
	if (read_answer(fd, timeout_ms, &answer, err) < 0)
		return -1;
	if (answer.header.request != VHOST_GET_FEATURES ||
	    answer.header.flags != (VHOST_VERSION | VHOST_FLAG_REPLY) ||
	    answer.header.size != sizeof(answer.features))
		return err_set(err, ERR_PROTOCOL,
			       "file server does not speak vhost-user");
	return 0;
}
