// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_qmp_test.c - a fake QEMU, honest and not.
 */
#include "infra/vm/qemu_qmp.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "support/check.h"

#define GREETING                                                           \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, " \
	"\"major\": 7}}, \"capabilities\": []}}\n"
#define OK	"{\"return\": {}}\n"
#define SOON_NS INT64_C(50000000)

/* clang-format off */
static const struct parse_case {
	const char *name, *line;
	bool accepted;
	enum qmp_type type;
	const char *text; /* NULL: none */
} parse_cases[] = {
	{ "greeting", GREETING, true, QMP_GREETING, NULL },
	{ "return of an object", "{\"return\": {}}", true, QMP_RETURN, NULL },
	{ "return of text", "{\"return\": \"hi\"}", true, QMP_RETURN, "hi" },
	{ "error", "{\"error\": {\"class\": \"x\", \"desc\": \"no\"}}", true,
	  QMP_ERROR, "no" },
	{ "error's text is made visible",
	  "{\"error\": {\"desc\": \"\\u001b[2J\"}}", true, QMP_ERROR,
	  "\\x1b[2J" },
	{ "event", "{\"event\": \"STOP\", \"data\": {}}", true, QMP_EVENT,
	  NULL },
	{ "error without text", "{\"error\": {}}", false, 0, NULL },
	{ "greeting without version", "{\"QMP\": {}}", false, 0, NULL },
	{ "version of text", "{\"QMP\": {\"version\": {\"qemu\": "
	  "{\"major\": \"7\", \"minor\": 2}}}}", false, 0, NULL },
	{ "an array", "[1]", false, 0, NULL },
	{ "no JSON", "hello", false, 0, NULL },
	{ "nothing", "", false, 0, NULL },
	{ "an unknown object", "{\"a\": 1}", false, 0, NULL },
	{ "two objects", "{\"return\": 1}{\"return\": 2}", false, 0, NULL },
};

static const struct talk_case {
	const char *name, *greeting, *answer;
	bool hang_up, accepted;
	enum err_kind kind;
	const char *text;
} talk_cases[] = {
	{ "an honest QEMU", GREETING, OK, false, true, 0, "" },
	{ "events in between", GREETING, "{\"event\": \"X\"}\n" OK, false,
	  true, 0, "" },
	{ "a QEMU that is newer", "{\"QMP\": {\"version\": {\"qemu\": "
	  "{\"minor\": 0, \"major\": 8}}}}\n", OK, false, true, 0, "" },
	{ "a QEMU that is old", "{\"QMP\": {\"version\": {\"qemu\": "
	  "{\"minor\": 1, \"major\": 7}}}}\n", "", false, false,
	  ERR_UNSUPPORTED, "QEMU 7.1 is too old, at least 7.2" },
	{ "silence", "", "", false, false, ERR_TIMEOUT, "timed out" },
	{ "hang-up", "", "", true, false, ERR_PROTOCOL, "hung up" },
	{ "hang-up after the greeting", GREETING, "", true, false,
	  ERR_PROTOCOL, "hung up" },
	{ "nonsense", "hello\n", "", false, false, ERR_PROTOCOL, "hung up" },
	{ "no greeting", OK, "", false, false, ERR_PROTOCOL,
	  "does not greet" },
	{ "refuses", GREETING, "{\"error\": {\"desc\": \"busy\"}}\n", false,
	  false, ERR_PROTOCOL, "QEMU refused: busy" },
	{ "greets twice", GREETING, GREETING, false, false, ERR_PROTOCOL,
	  "did not answer" },
};
/* clang-format on */

struct fixture {
	struct loop *loop;
	struct qemu_qmp qmp;
	struct loop_source fake;
	int ours, theirs;
	const char *answer; /* to every question; NULL hangs up */
	char asked[256];
};

static int on_question(struct loop_source *src, uint32_t events unused,
		       struct err *err)
{
	struct fixture *f = container_of(src, struct fixture, fake);
	ssize_t n = read(f->theirs, f->asked, sizeof(f->asked) - 1);

	if (n > 0)
		f->asked[n] = '\0';
	if (n > 0 && f->answer)
		return fd_write_all(f->theirs, f->answer, strlen(f->answer),
				    err);
	loop_remove(f->loop, &f->fake);
	fd_close(&f->theirs);
	return 0;
}

static void set_up(struct fixture *f)
{
	struct err err = ERR_INIT;
	int ends[2];

	*f = (struct fixture){ .qmp = QEMU_QMP_INIT, .fake = LOOP_SOURCE_INIT };
	CHECK_OK(loop_new(&f->loop, &err), &err);
	CHECK_OK(fd_socketpair(ends, &err), &err);
	f->ours = ends[0];
	f->theirs = ends[1];
	CHECK_OK(loop_add(f->loop, &f->fake, f->theirs, EPOLLIN, on_question,
			  &err),
		 &err);
}

static void tear_down(struct fixture *f)
{
	qemu_qmp_release(&f->qmp);
	loop_remove(f->loop, &f->fake);
	loop_free(f->loop);
	fd_close(&f->theirs);
}

static void test_messages_are_parsed(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		struct qmp_message m = QMP_MESSAGE_INIT;
		struct err err = ERR_INIT;
		int r = qmp_parse(SPAN_STR(c->line), &m, &err);

		CHECK((r == 0) == c->accepted, "%s: %d", c->name, r);
		CHECK(r == 0 || err.kind == ERR_PROTOCOL, "%s: kind %s",
		      c->name, err_kind_name(err.kind));
		CHECK(r < 0 || m.type == c->type, "%s: type %d", c->name,
		      (int)m.type);
		CHECK(c->text ? m.text && !strcmp(m.text, c->text) : !m.text,
		      "%s: '%s'", c->name, m.text ? m.text : "(none)");
		qmp_message_release(&m);
	}
}

static void test_handshake(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(talk_cases); i++) {
		const struct talk_case *c = &talk_cases[i];
		struct err err = ERR_INIT;
		struct fixture f;
		int r;

		set_up(&f);
		f.answer = c->hang_up ? NULL : c->answer;
		CHECK_OK(fd_write_all(f.theirs, c->greeting,
				      strlen(c->greeting), &err),
			 &err);
		if (c->hang_up && !*c->greeting)
			assert_int_equal(shutdown(f.theirs, SHUT_WR), 0);
		r = qemu_qmp_open(&f.qmp, f.loop, f.ours,
				  clock_now_ns() + SOON_NS, &err);
		CHECK((r == 0) == c->accepted, "%s: %d '%s'", c->name, r,
		      err.msg);
		CHECK(c->accepted ||
			      (err.kind == c->kind && strstr(err.msg, c->text)),
		      "%s: %s '%s'", c->name, err_kind_name(err.kind), err.msg);
		tear_down(&f);
	}
}

static void open_honest(struct fixture *f)
{
	struct err err = ERR_INIT;

	set_up(f);
	f->answer = OK;
	CHECK_OK(fd_write_all(f->theirs, GREETING, strlen(GREETING), &err),
		 &err);
	CHECK_OK(qemu_qmp_open(&f->qmp, f->loop, f->ours,
			       clock_now_ns() + SOON_NS, &err),
		 &err);
}

static void test_monitor_line_is_quoted_and_answered(void **state unused)
{
	struct err err = ERR_INIT;
	auto_free char *out = NULL;
	struct fixture f;

	open_honest(&f);
	f.answer = "{\"return\": \"a\\r\\nb\"}\n";
	CHECK_OK(qemu_qmp_monitor(&f.qmp, "info \"x\"",
				  clock_now_ns() + SOON_NS, &out, &err),
		 &err);
	CHECK(!strcmp(out, "a\r\nb"), "'%s'", out);
	CHECK(strstr(f.asked, "\"info \\\"x\\\"\""), "asked '%s'", f.asked);
	tear_down(&f);
}

static void test_answer_that_is_no_text_is_refused(void **state unused)
{
	struct err err = ERR_INIT;
	char *out = NULL;
	struct fixture f;

	open_honest(&f);
	CHECK_FAILS(qemu_qmp_monitor(&f.qmp, "info x", clock_now_ns() + SOON_NS,
				     &out, &err),
		    &err, ERR_PROTOCOL, "is no text");
	assert_null(out);
	tear_down(&f);
}

static void test_endless_line_is_refused(void **state unused)
{
	static char block[2 * QMP_LINE_MAX];
	struct err err = ERR_INIT;
	char *out = NULL;
	struct fixture f;

	open_honest(&f);
	memset(block, ' ', sizeof(block) - 1);
	f.answer = block;
	CHECK_FAILS(qemu_qmp_monitor(&f.qmp, "info x", clock_now_ns() + SOON_NS,
				     &out, &err),
		    &err, ERR_PROTOCOL, "hung up");
	assert_null(out);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_are_parsed),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_monitor_line_is_quoted_and_answered),
		cmocka_unit_test(test_answer_that_is_no_text_is_refused),
		cmocka_unit_test(test_endless_line_is_refused),
	};

	return RUN_TESTS(tests);
}
