// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_qmp.c - whatever QEMU says, each line is one message or a broken rule,
 * errors can be shown, and a conversation comes to an end.
 *
 * Input: packets that end with a NUL, which QEMU sends one after the other.
 */
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "infra/vm/qemu_qmp.h"

#define QEMU_SAYS_MAX ((size_t)32 * 1024) /* fits a socket's buffer */

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* Text that came in is the same when it is said again. */
static void check_return(const char *text)
{
	json_t *root = json_pack("{s:s}", "return", text);
	auto_free char *line = json_dumps(root, JSON_COMPACT);
	struct qmp_message again = QMP_MESSAGE_INIT;
	struct err err = ERR_INIT;

	INVARIANT(line && !qmp_parse(SPAN_STR(line), &again, &err));
	INVARIANT(again.type == QMP_RETURN && again.text &&
		  !strcmp(again.text, text));
	qmp_message_release(&again);
	json_decref(root);
}

static void check_line(struct span line)
{
	struct qmp_message m = QMP_MESSAGE_INIT;
	struct err err = ERR_INIT;

	if (qmp_parse(line, &m, &err) < 0) {
		INVARIANT(err.kind == ERR_PROTOCOL && !m.text);
		return;
	}
	switch (m.type) {
	case QMP_EVENT:
	case QMP_GREETING:
		INVARIANT(!m.text);
		break;
	case QMP_RETURN:
		if (m.text)
			check_return(m.text);
		break;
	case QMP_ERROR:
		INVARIANT(m.text && !has_control(m.text));
		break;
	}
	qmp_message_release(&m);
}

static void say(int fd, struct span in)
{
	struct span packet;

	while (span_take_until(&in, '\0', &packet)) {
		/* An empty packet would look like the end. */
		if (packet.len && send(fd, packet.p, packet.len,
				       MSG_DONTWAIT) != (ssize_t)packet.len)
			break;
	}
	INVARIANT(!shutdown(fd, SHUT_WR));
}

/* Packets, so that an answer does not arrive together with the greeting. */
static void check_conversation(struct span in)
{
	struct qemu_qmp q = QEMU_QMP_INIT;
	auto_free char *text = NULL;
	struct loop *loop = NULL;
	struct err err = ERR_INIT;
	int pair[2];

	INVARIANT(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	INVARIANT(!loop_new(&loop, &err));
	say(pair[1], in);
	/* No deadline: whoever hung up must not be waited for. */
	if (qemu_qmp_open(&q, loop, pair[0], 0, &err) < 0 ||
	    qemu_qmp_monitor(&q, "info usernet", 0, &text, &err) < 0)
		INVARIANT((err.kind == ERR_PROTOCOL ||
			   err.kind == ERR_UNSUPPORTED) &&
			  !text && !has_control(err.msg));
	else
		INVARIANT(text);
	INVARIANT(q.in.len <= QMP_LINE_MAX);
	qemu_qmp_release(&q);
	loop_free(loop);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { .p = data, .len = size };
	struct span rest = in, line;

	if (size > QEMU_SAYS_MAX)
		return 0;
	while (span_take_until(&rest, '\n', &line))
		check_line(line);
	check_conversation(in);
	return 0;
}
