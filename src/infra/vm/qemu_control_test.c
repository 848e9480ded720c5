// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_control_test.c - a fake guest on a socket pair.
 */
#include "infra/vm/qemu_control.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "support/check.h"

struct fixture {
	struct loop *loop;
	struct qemu_control control;
	int guest_fd;
	bool wake;
};

static struct log no_log = LOG_DISCARD;

static void set_up(struct fixture *f)
{
	struct err err = ERR_INIT;
	int ends[2];

	*f = (struct fixture){ .control = QEMU_CONTROL_INIT };
	CHECK_OK(loop_new(&f->loop, &err), &err);
	CHECK_OK(fd_socketpair(ends, &err), &err);
	f->guest_fd = ends[0];
	CHECK_OK(qemu_control_start(&f->control, f->loop, &no_log, ends[1],
				    &f->wake, &err),
		 &err);
}

static void tear_down(struct fixture *f)
{
	qemu_control_release(&f->control);
	loop_free(f->loop);
	fd_close(&f->guest_fd);
}

static void say(struct fixture *f, const char *text, size_t len)
{
	struct err err = ERR_INIT;
	const bool never = false;

	CHECK_OK(fd_write_all(f->guest_fd, text, len, &err), &err);
	/* It ends by its deadline; the states are what is checked. */
	discard(loop_run(f->loop, &never, clock_now_ns() + 3000000,
			 ERR_IGNORE));
}

/* clang-format off */
static const struct talk_case {
	const char *name, *first, *second;
	bool ready, failed, halted, open, wake;
	const char *reason;
} talk_cases[] = {
	{ "ready", "phase root 12\nready\n", "", true, false, false, true,
	  true, NULL },
	{ "a line in two pieces", "rea", "dy\n", true, false, false, true,
	  true, NULL },
	{ "phases alone wake nobody", "phase root 12\n", "phase net 30\n",
	  false, false, false, true, false, NULL },
	{ "fail", "fail no root\n", "", false, true, false, true, true,
	  "no root" },
	{ "ready after fail does not count", "fail no root\nready\n", "",
	  false, true, false, true, true, "no root" },
	{ "fail after ready does not count", "ready\n", "fail late\n", true,
	  false, false, true, true, NULL },
	{ "halted", "ready\nhalted\n", "", true, false, true, true, true,
	  NULL },
	{ "nonsense at boot", "GET / HTTP/1.1\n", "", false, true, false,
	  false, true, "" },
	{ "nonsense later closes the port", "ready\n", "what\n", true, false,
	  false, false, true, NULL },
	{ "the host's own message", "shutdown\n", "", false, true, false,
	  true, true, "only the host" },
};
/* clang-format on */

static void test_states_follow_messages(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(talk_cases); i++) {
		const struct talk_case *c = &talk_cases[i];
		struct fixture f;

		set_up(&f);
		say(&f, c->first, strlen(c->first));
		if (*c->second)
			say(&f, c->second, strlen(c->second));
		CHECK(f.control.ready == c->ready &&
			      f.control.failed == c->failed &&
			      f.control.halted == c->halted &&
			      f.wake == c->wake &&
			      (f.control.fd >= 0) == c->open,
		      "%s: ready %d, failed %d, halted %d, wake %d, fd %d",
		      c->name, f.control.ready, f.control.failed,
		      f.control.halted, f.wake, f.control.fd);
		CHECK(c->reason ? f.control.reason &&
					  strstr(f.control.reason, c->reason)
				: !f.control.reason,
		      "%s: reason '%s'", c->name,
		      f.control.reason ? f.control.reason : "(none)");
		tear_down(&f);
	}
}

static void test_endless_line_is_refused(void **state unused)
{
	static char block[64 * 1024];
	struct fixture f;

	set_up(&f);
	memset(block, 'x', sizeof(block));
	say(&f, block, sizeof(block));
	CHECK(f.control.failed, "accepted");
	CHECK(f.control.fd == -1, "port is open");
	tear_down(&f);
}

static void test_reason_is_visible_text(void **state unused)
{
	struct fixture f;

	set_up(&f);
	say(&f, "fail \033[2J\n", strlen("fail \033[2J\n"));
	CHECK(f.control.failed, "not failed");
	CHECK(!strchr(f.control.reason, '\033'), "'%s'", f.control.reason);
	tear_down(&f);
}

static void test_shutdown_is_asked(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;
	char got[32] = "";

	set_up(&f);
	CHECK_OK(qemu_control_shutdown(&f.control, &err), &err);
	CHECK(read(f.guest_fd, got, sizeof(got) - 1) == 9, "'%s'", got);
	CHECK(!strcmp(got, "shutdown\n"), "'%s'", got);
	tear_down(&f);
}

static void test_guest_that_does_not_read_cannot_block(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;
	int r = 0;

	set_up(&f);
	for (int i = 0; i < 1000000 && r == 0; i++)
		r = qemu_control_shutdown(&f.control, &err);
	CHECK(r < 0 && err.kind == ERR_SYSTEM, "'%s'", err.msg);
	tear_down(&f);
}

static void test_closed_port_cannot_be_asked(void **state unused)
{
	struct err err = ERR_INIT;
	struct fixture f;

	set_up(&f);
	say(&f, "nonsense\n", 9);
	CHECK_FAILS(qemu_control_shutdown(&f.control, &err), &err, ERR_PROTOCOL,
		    "closed");
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_follow_messages),
		cmocka_unit_test(test_endless_line_is_refused),
		cmocka_unit_test(test_reason_is_visible_text),
		cmocka_unit_test(test_shutdown_is_asked),
		cmocka_unit_test(test_guest_that_does_not_read_cannot_block),
		cmocka_unit_test(test_closed_port_cannot_be_asked),
	};

	return RUN_TESTS(tests);
}
