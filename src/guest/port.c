// SPDX-License-Identifier: Apache-2.0
/*
 * port.c - the control port: lines to and from bbox on the host.
 *
 * Theory of operation
 *
 * The port is a character device that may be opened once. It is non-blocking,
 * so that PID 1 is never held up by a host that does not listen, with one
 * exception: while a line is written it blocks. The kernel then returns only
 * when the host has taken the bytes, and so "halted" is not lost in a queue
 * when the machine is switched off right behind it.
 */
#include "guest/port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/loop.h"

#define PORTS_DIR    "/sys/class/virtio-ports"
#define NAME_MAX_LEN 64 /* bytes; of a port's name */
#define NS_PER_MS    1000000

static bool has_our_name(const char *device)
{
	auto_free char *path = xasprintf(PORTS_DIR "/%s/name", device);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char name[NAME_MAX_LEN];
	ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);

	if (n < 0)
		return false;
	name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
	return !strcmp(name, GUEST_CONTROL_PORT);
}

int port_open(void *port, struct err *err)
{
	struct port *p = port;
	DIR *dir = opendir(PORTS_DIR);
	const struct dirent *entry;
	auto_free char *path = NULL;

	if (!dir)
		return 0;
	while (!path && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && has_our_name(entry->d_name))
			path = xasprintf("/dev/%s", entry->d_name);
	}
	closedir(dir);
	if (!path)
		return 0;
	p->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0)
		return err_sys(err, errno, "open control port '%s'", path);
	return 1;
}

static void set_blocking(int fd, bool blocking)
{
	fcntl(fd, F_SETFL, O_RDWR | (blocking ? 0 : O_NONBLOCK));
}

void port_flush(struct port *p, int timeout_ms)
{
	struct pollfd poll_out = { .fd = p->fd, .events = POLLOUT };
	size_t done = 0;

	if (p->fd < 0 || !p->pending_len ||
	    poll(&poll_out, 1, timeout_ms) <= 0 ||
	    !(poll_out.revents & POLLOUT))
		return;
	set_blocking(p->fd, true);
	while (done < p->pending_len) {
		ssize_t n =
			write(p->fd, p->pending + done, p->pending_len - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	set_blocking(p->fd, false);
	memmove(p->pending, p->pending + done, p->pending_len - done);
	p->pending_len -= done;
}

void port_send(struct port *p, enum control_type type, const char *text)
{
	auto_buf struct buf line = BUF_INIT(CONTROL_LINE_MAX + 1);
	struct control_msg msg = { .type = type };
	int len = snprintf(msg.text, sizeof(msg.text), "%s", text ? text : "");

	/* A reason that is too long is cut: the host wants its beginning. */
	assert(len >= 0);
	msg.since_boot_ms = (uint64_t)(clock_now_ns() / NS_PER_MS);
	/* Only a text that no line can carry fails; then there is no line. */
	if (control_format(&msg, &line, ERR_IGNORE) < 0)
		return;
	if (line.len > sizeof(p->pending) - p->pending_len)
		return;
	memcpy(p->pending + p->pending_len, line.data, line.len);
	p->pending_len += line.len;
	port_flush(p, 0);
}

bool port_wants_shutdown(struct port *p)
{
	struct control_msg msg;
	char chunk[CONTROL_LINE_MAX];
	bool wanted = false;
	ssize_t n;

	while ((n = read(p->fd, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			int r;

			/* Cannot fail: each full line is taken at once. */
			if (buf_addc(&p->in, chunk[i], ERR_IGNORE) < 0)
				buf_reset(&p->in);
			/* A bad line is consumed; the next may be good. */
			r = control_next(&p->in, &msg, ERR_IGNORE);
			if (r > 0 && msg.type == CONTROL_SHUTDOWN)
				wanted = true;
		}
	}
	return wanted;
}
