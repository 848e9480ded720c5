// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_qmp.c - QMP: one JSON object a line, one question at a time.
 *
 * Source: docs/interop/qmp-spec.txt of QEMU.
 */
#include "infra/vm/qemu_qmp.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"

#define CHUNK ((size_t)4096) /* bytes for each event */

static void json_release(json_t **j)
{
	json_decref(*j);
}
#define auto_json cleanup_with(json_release)

void qmp_message_release(struct qmp_message *m)
{
	free(m->text);
	*m = QMP_MESSAGE_INIT;
}

static int parse_greeting(json_t *greeting, struct qmp_message *out,
			  struct err *err)
{
	json_t *version =
		json_object_get(json_object_get(greeting, "version"), "qemu");
	json_t *major = json_object_get(version, "major");
	json_t *minor = json_object_get(version, "minor");

	if (!json_is_integer(major) || !json_is_integer(minor))
		return err_set(err, ERR_PROTOCOL,
			       "QEMU's greeting names no version");
	out->type = QMP_GREETING;
	out->major = json_integer_value(major);
	out->minor = json_integer_value(minor);
	return 0;
}

int qmp_parse(struct span line, struct qmp_message *out, struct err *err)
{
	auto_json json_t *root = json_loadb(line.p, line.len, 0, NULL);
	json_t *value;

	qmp_message_release(out);
	if (!json_is_object(root))
		return err_set(err, ERR_PROTOCOL, "QEMU sent no JSON object");
	value = json_object_get(root, "QMP");
	if (value)
		return parse_greeting(value, out, err);
	value = json_object_get(root, "return");
	if (value) {
		out->type = QMP_RETURN;
		if (json_is_string(value))
			out->text = xstrdup(json_string_value(value));
		return 0;
	}
	value = json_object_get(json_object_get(root, "error"), "desc");
	if (json_is_string(value)) {
		out->type = QMP_ERROR;
		out->text = text_visible(json_string_value(value));
		return 0;
	}
	if (json_is_string(json_object_get(root, "event")))
		return 0;
	return err_set(err, ERR_PROTOCOL, "QEMU sent an unknown message");
}

static void hang_up(struct qemu_qmp *q)
{
	loop_remove(q->loop, &q->source);
	fd_close(&q->fd);
	q->wake = true;
}

/* What nobody waits for is dropped. */
static int take_lines(struct qemu_qmp *q, struct err *err)
{
	for (;;) {
		struct qmp_message m = QMP_MESSAGE_INIT;
		char *end = memchr(q->in.data, '\n', q->in.len);
		size_t len;

		if (!end)
			return 0;
		len = (size_t)(end - q->in.data);
		if (qmp_parse((struct span){ q->in.data, len }, &m, err) < 0)
			return -1;
		buf_consume(&q->in, len + 1);
		if (!q->waiting || m.type == QMP_EVENT) {
			qmp_message_release(&m);
			continue;
		}
		q->reply = m;
		q->waiting = false;
		q->wake = true;
	}
}

static int on_readable(struct loop_source *src, uint32_t events unused,
		       struct err *err unused)
{
	struct qemu_qmp *q = container_of(src, struct qemu_qmp, source);
	size_t room = q->in.max - q->in.len;
	char *p;
	ssize_t n;

	if (room > CHUNK)
		room = CHUNK;
	/* A full buffer holds no whole line: QEMU does not send such. */
	if (!room || buf_room(&q->in, room, &p, ERR_IGNORE) < 0) {
		hang_up(q);
		return 0;
	}
	n = recv(q->fd, p, room, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		hang_up(q);
		return 0;
	}
	buf_grew(&q->in, (size_t)n);
	/* Whoever waits learns of it by the closed descriptor. */
	if (take_lines(q, ERR_IGNORE) < 0)
		hang_up(q);
	return 0;
}

static int receive(struct qemu_qmp *q, int64_t deadline_ns, struct err *err)
{
	q->wake = q->fd < 0;
	q->waiting = true;
	if (loop_run(q->loop, &q->wake, deadline_ns, err) < 0) {
		q->waiting = false;
		return -1;
	}
	if (q->waiting) {
		q->waiting = false;
		return err_set(err, ERR_PROTOCOL, "QEMU hung up");
	}
	return 0;
}

/* @text: an object without its line end. The answer is in q->reply. */
static int ask(struct qemu_qmp *q, const char *text, int64_t deadline_ns,
	       struct err *err)
{
	auto_free char *line = xasprintf("%s\n", text);
	size_t len = strlen(line);

	if (q->fd < 0)
		return err_set(err, ERR_PROTOCOL, "QEMU hung up");
	qmp_message_release(&q->reply);
	if (send(q->fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
		return err_sys(err, errno, "write to QEMU");
	if (receive(q, deadline_ns, err) < 0) {
		/* A late answer would be taken for that to the next question.
		 */
		hang_up(q);
		return -1;
	}
	if (q->reply.type == QMP_ERROR)
		return err_set(err, ERR_PROTOCOL, "QEMU refused: %s",
			       q->reply.text);
	if (q->reply.type != QMP_RETURN)
		return err_set(err, ERR_PROTOCOL, "QEMU did not answer");
	return 0;
}

static int check_version(const struct qmp_message *m, struct err *err)
{
	if (m->type != QMP_GREETING)
		return err_set(err, ERR_PROTOCOL, "QEMU does not greet");
	if (m->major < QEMU_VERSION_MAJOR ||
	    (m->major == QEMU_VERSION_MAJOR && m->minor < QEMU_VERSION_MINOR))
		return err_set(err, ERR_UNSUPPORTED,
			       "QEMU %" PRId64 ".%" PRId64 " is too old, at "
			       "least %d.%d is needed",
			       m->major, m->minor, QEMU_VERSION_MAJOR,
			       QEMU_VERSION_MINOR);
	return 0;
}

int qemu_qmp_open(struct qemu_qmp *q, struct loop *loop, int fd,
		  int64_t deadline_ns, struct err *err)
{
	q->loop = loop;
	q->fd = fd;
	if (loop_add(loop, &q->source, fd, EPOLLIN, on_readable, err) < 0 ||
	    receive(q, deadline_ns, err) < 0 ||
	    check_version(&q->reply, err) < 0)
		return -1;
	return ask(q, "{\"execute\":\"qmp_capabilities\"}", deadline_ns, err);
}

int qemu_qmp_monitor(struct qemu_qmp *q, const char *line, int64_t deadline_ns,
		     char **out, struct err *err)
{
	auto_json json_t *root =
		json_pack("{s:s, s:{s:s}}", "execute", "human-monitor-command",
			  "arguments", "command-line", line);
	auto_free char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	if (!text)
		return err_set(err, ERR_INVALID, "bad monitor line");
	if (ask(q, text, deadline_ns, err) < 0)
		return -1;
	if (!q->reply.text)
		return err_set(err, ERR_PROTOCOL, "QEMU's answer is no text");
	*out = take_ptr(q->reply.text);
	return 0;
}

void qemu_qmp_release(struct qemu_qmp *q)
{
	loop_remove(q->loop, &q->source);
	fd_close(&q->fd);
	buf_release(&q->in);
	qmp_message_release(&q->reply);
	*q = QEMU_QMP_INIT;
}
