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
#define EVENT_SIZE 4096 /* bytes; what does not fit is cut, we do not read it */
#define NS_PER_MS 1000000

int uevents_open(struct err *err)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = KERNEL_GROUP,
	};
	auto_close int fd = socket(AF_NETLINK,
				   SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				   NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return err_sys(err, errno, "open the kernel's event socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, errno, "listen to the kernel's events");
	return fd_take(&fd);
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

int uevents_wait(int fd, uevents_check *check, void *data, int timeout_ms,
		 struct err *err)
{
	int64_t deadline = clock_now_ns() + (int64_t)timeout_ms * NS_PER_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left_ms;
		int r = check(data, err);

		if (r)
			return r < 0 ? -1 : 0;
		left_ms = (deadline - clock_now_ns()) / NS_PER_MS;
		if (left_ms <= 0)
			return err_set(err, ERR_TIMEOUT,
				       "not there after %d ms", timeout_ms);
		if (poll(&p, 1, (int)left_ms) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for an event");
		drain(fd);
	}
}
