// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_pair.c - connect to a listening socket before its server exists.
 *
 * A stream socket queues connections as soon as it listens. So we bind it
 * inside a private directory, connect to it, and remove name and directory
 * again: what the server will accept is ours, and nothing is left on disk.
 */
#include "infra/vfs/vhost_pair.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define SOCKET_NAME "s"

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

static int new_socket(struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "create socket");
	return fd;
}

static int listen_and_connect(int dirfd, struct vhost_pair *out,
			      struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_close int listening = new_socket(err);
	auto_close int connected = listening < 0 ? -1 : new_socket(err);

	if (connected < 0)
		return -1;
	/* By descriptor: the directory's own path may be too long. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path),
		       "/proc/self/fd/%d/" SOCKET_NAME, dirfd);
	if (bind(listening, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_sys(err, errno, "bind socket");
	if (listen(listening, 1) < 0)
		return err_sys(err, errno, "listen on socket");
	if (connect(connected, (const struct sockaddr *)&addr, sizeof(addr)) <
	    0)
		return err_sys(err, errno, "connect to socket");
	out->listen_fd = fd_take(&listening);
	out->connect_fd = fd_take(&connected);
	return 0;
}

int vhost_pair_open(const char *tmp_dir, struct vhost_pair *out,
		    struct err *err)
{
	auto_vhost_pair struct vhost_pair pair = VHOST_PAIR_INIT;
	auto_close int dirfd = -1;
	auto_free char *dir = NULL;
	int r;

	if (fs_make_temp_dir(tmp_dir, "bbox-fs-", &dir, err) < 0)
		return -1;
	dirfd = fd_open_dir(dir, err);
	r = dirfd < 0 ? -1 : listen_and_connect(dirfd, &pair, err);
	/* A first failure must not be hidden; ENOENT means no name yet. */
	if (dirfd >= 0 && unlinkat(dirfd, SOCKET_NAME, 0) < 0 && !r)
		r = err_sys(err, errno, "remove '%s/" SOCKET_NAME "'", dir);
	if (rmdir(dir) < 0 && !r)
		r = err_sys(err, errno, "remove '%s'", dir);
	if (r < 0)
		return -1;
	out->listen_fd = fd_take(&pair.listen_fd);
	out->connect_fd = fd_take(&pair.connect_fd);
	return 0;
}

void vhost_pair_close(struct vhost_pair *pair)
{
	fd_close(&pair->listen_fd);
	fd_close(&pair->connect_fd);
}

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
