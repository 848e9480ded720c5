// SPDX-License-Identifier: Apache-2.0
/*
 * uevents.c - wait until the kernel has made a device, without polling.
 */
#include "guest/uevents.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "infra/sys/loop.h"

#define KERNEL_GROUP 1U
/* Bytes; what does not fit is cut, and nobody reads it. */
#define EVENT_SIZE 4096
#define NS_PER_MS  1000000

int uevents_open(struct uevents *u, struct modules *modules, struct err *err)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = KERNEL_GROUP,
	};
	auto_close int fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return err_sys(err, errno, "open the kernel's event socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, errno, "listen to the kernel's events");
	u->fd = fd_take(&fd);
	u->modules = modules;
	return 0;
}

void uevents_close(struct uevents *u)
{
	fd_close(&u->fd);
}

static void drain(int fd)
{
	char event[EVENT_SIZE];
	ssize_t n;

	/* ENOBUFS says that events were lost: look again, and that we do. */
	do
		n = recv(fd, event, sizeof(event), 0);
	while (n >= 0 || errno == EINTR || errno == ENOBUFS);
}

int uevents_wait(struct uevents *u, uevents_check *check, void *data,
		 int timeout_ms, struct err *err)
{
	int64_t deadline = clock_now_ns() + (int64_t)timeout_ms * NS_PER_MS;

	for (;;) {
		/* A progress_fd of -1, when all is loaded, is left out. */
		struct pollfd p[] = {
			{ .fd = u->fd, .events = POLLIN },
			{ .fd = u->modules->progress_fd, .events = POLLIN },
		};
		int64_t left_ms;
		int r = check(data, err);

		if (r)
			return r < 0 ? -1 : 0;
		left_ms = (deadline - clock_now_ns()) / NS_PER_MS;
		if (left_ms <= 0)
			return err_set(err, ERR_TIMEOUT,
				       "not there after %d ms", timeout_ms);
		if (poll(p, ARRAY_SIZE(p), (int)left_ms) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for an event");
		drain(u->fd);
		if (modules_progress(u->modules, err) < 0)
			return -1;
	}
}
