// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_control.c - listen to bbox-init, which may not be what it was.
 */
#include "infra/vm/qemu_control.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"

/* More than a boot has; what comes beyond would only fill the log. */
#define PHASES_MAX 64

static void close_port(struct qemu_control *c)
{
	loop_remove(c->loop, &c->source);
	fd_close(&c->fd);
}

static void fail(struct qemu_control *c, const char *reason)
{
	if (c->ready || c->failed)
		return;
	c->failed = true;
	c->reason = text_visible(reason);
}

static void take(struct qemu_control *c, const struct control_msg *msg)
{
	auto_free char *shown = NULL;

	switch (msg->type) {
	case CONTROL_PHASE:
		if (c->phases++ >= PHASES_MAX)
			return;
		shown = text_visible(msg->text);
		log_debug(c->log, "vm: guest phase '%s' at %" PRIu64 " ms",
			  shown, msg->since_boot_ms);
		return;
	case CONTROL_READY:
		c->ready = !c->failed;
		break;
	case CONTROL_FAIL:
		fail(c, msg->text);
		break;
	case CONTROL_HALTED:
		c->halted = true;
		break;
	case CONTROL_SHUTDOWN:
	case CONTROL_TYPE_COUNT:
		fail(c, "it sent a message that only the host may send");
		break;
	}
	*c->wake = true;
}

static void take_lines(struct qemu_control *c)
{
	struct control_msg msg;
	struct err why = ERR_INIT;
	int r;

	while ((r = control_next(&c->in, &msg, &why)) > 0)
		take(c, &msg);
	if (!r)
		return;
	log_debug(c->log, "vm: control port: %s, ignoring the guest", why.msg);
	fail(c, why.msg);
	*c->wake = true;
	close_port(c);
}

static int on_readable(struct loop_source *src, uint32_t events unused,
		       struct err *err unused)
{
	struct qemu_control *c = container_of(src, struct qemu_control, source);
	size_t room = c->in.max - c->in.len;
	char *p;
	ssize_t n;

	/* control_next() leaves less than a whole line. */
	assert(room > 0);
	if (buf_room(&c->in, room, &p, ERR_IGNORE) < 0)
		return 0;
	n = recv(c->fd, p, room, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		/* QEMU is gone, or closed it. */
		*c->wake = true;
		close_port(c);
		return 0;
	}
	buf_grew(&c->in, (size_t)n);
	take_lines(c);
	return 0;
}

int qemu_control_start(struct qemu_control *c, struct loop *loop,
		       struct log *log, int fd, bool *wake, struct err *err)
{
	c->loop = loop;
	c->log = log;
	c->fd = fd;
	c->wake = wake;
	return loop_add(loop, &c->source, fd, EPOLLIN, on_readable, err);
}

int qemu_control_shutdown(struct qemu_control *c, struct err *err)
{
	const struct control_msg msg = { .type = CONTROL_SHUTDOWN };
	auto_buf struct buf line = BUF_INIT(CONTROL_LINE_MAX + 1);

	if (c->fd < 0)
		return err_set(err, ERR_PROTOCOL, "the control port is closed");
	if (control_format(&msg, &line, err) < 0)
		return -1;
	if (send(c->fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)line.len)
		return err_sys(err, errno, "write to the control port");
	return 0;
}

void qemu_control_release(struct qemu_control *c)
{
	close_port(c);
	buf_release(&c->in);
	free(c->reason);
	*c = QEMU_CONTROL_INIT;
}
