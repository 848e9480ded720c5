// SPDX-License-Identifier: Apache-2.0
/*
 * term_progress_test.c - tests of infra/progress/term_progress, which draws
 * into a file here.
 */
#include "infra/progress/term_progress.h"

#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "infra/sys/fd.h"
#include "support/check.h"

#define OUTPUT_MAX ((size_t)1024 * 1024)
#define MS	   INT64_C(1000000)
#define CLEAR	   "\r\033[K"
#define SPIN(text) CLEAR "\033[?7l  ⠋ " text "\033[?7h"

struct fixture {
	struct loop *loop;
	int fd;
	struct term_progress *term;
	struct progress *p; /* of @term */
};

static struct fixture start(bool terminal)
{
	struct fixture f;
	struct err err = ERR_INIT;
	struct term_progress_options options = { .terminal = terminal };

	CHECK_OK(loop_new(&f.loop, &err), &err);
	f.fd = fd_memfd("output", &err);
	CHECK_OK(f.fd, &err);
	options.fd = f.fd;
	CHECK_OK(term_progress_new(f.loop, &options, &f.term, &err), &err);
	f.p = term_progress_base(f.term);
	return f;
}

static void read_output(const struct fixture *f, struct buf *out)
{
	struct err err = ERR_INIT;

	buf_reset(out);
	CHECK(!lseek(f->fd, 0, SEEK_SET), "seek");
	CHECK_OK(fd_read_all(f->fd, out, &err), &err);
}

static void finish(struct fixture *f, const char *want)
{
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);

	term_progress_free(f->term);
	read_output(f, &out);
	if (want)
		assert_string_equal(out.data, want);
	fd_close(&f->fd);
	loop_free(f->loop);
}

static void test_plain_lines_tell_the_story(void **state unused)
{
	struct fixture f = start(/* terminal */ false);

	progress_start(f.p, "Starting sandbox %s...", "VM");
	progress_info(f.p, "emulated");
	progress_done(f.p, "Sandbox ready");
	progress_start(f.p, "Discovering...");
	progress_warn(f.p, "unavailable");
	progress_fail(f.p, "gave up");
	finish(&f, ":: Starting sandbox VM...\n"
		   "   info: emulated\n"
		   "   done: Sandbox ready\n"
		   ":: Discovering...\n"
		   "   warn: unavailable\n"
		   "   FAILED: gave up\n");
}

static void test_plain_amounts_come_every_ten_percent(void **state unused)
{
	struct fixture f = start(/* terminal */ false);

	progress_advance(f.p, 1, 2, "nobody started");
	progress_start(f.p, "Pulling");
	for (uint64_t i = 0; i <= 300; i++)
		progress_advance(f.p, i, 1000, "MiB");
	progress_advance(f.p, 5, 0, "MiB");
	progress_done(f.p, "Pulled");
	progress_start(f.p, "Again");
	progress_advance(f.p, 100, 1000, "MiB");
	finish(&f, ":: Pulling\n"
		   "   10% (100 of 1000 MiB)\n"
		   "   20% (200 of 1000 MiB)\n"
		   "   30% (300 of 1000 MiB)\n"
		   "   done: Pulled\n"
		   ":: Again\n"
		   "   10% (100 of 1000 MiB)\n");
}

static void test_spinner_goes_away_for_what_follows(void **state unused)
{
	struct fixture f = start(/* terminal */ true);

	progress_start(f.p, "one");
	progress_done(f.p, "first");
	progress_start(f.p, "two");
	progress_start(f.p, "three");
	progress_info(f.p, "note");
	progress_done(f.p, "third");
	finish(&f, SPIN("one") CLEAR "  ✓ first\n" SPIN("two")
			   CLEAR SPIN("three") CLEAR "  ℹ note\n"
						     "  ✓ third\n");
}

static void test_release_takes_the_spinner_away(void **state unused)
{
	struct fixture f = start(/* terminal */ true);

	progress_start(f.p, "one");
	finish(&f, SPIN("one") CLEAR);
}

/* Lets the loop do what it has to for a while. */
static void run(const struct fixture *f, int ms)
{
	struct err err;

	CHECK_FAILS(loop_run(f->loop, NULL, clock_now_ns() + ms * MS, &err),
		    &err, ERR_TIMEOUT, "");
}

static void test_spinner_turns_while_the_loop_runs(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	struct fixture f = start(/* terminal */ true);

	progress_start(f.p, "one");
	run(&f, 350);
	read_output(&f, &out);
	CHECK(strstr(out.data, "⠙ one") && strstr(out.data, "⠹ one"), "%s",
	      out.data);
	finish(&f, NULL);
}

static void test_terminal_is_left_alone_afterwards(void **state unused)
{
	static const enum progress_event ends[] = {
		PROGRESS_DONE,
		PROGRESS_INFO,
		PROGRESS_WARN,
		PROGRESS_FAIL,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
		struct fixture f = start(/* terminal */ true);
		size_t len;

		progress_start(f.p, "one");
		run(&f, 100);
		progress_event(f.p, ends[i], "end");
		read_output(&f, &out);
		len = out.len;
		run(&f, 200);
		read_output(&f, &out);
		CHECK(out.len == len, "event %d: '%s'", ends[i],
		      out.data + len);
		finish(&f, NULL);
	}
}

static void test_bar_is_drawn_and_limited(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	struct fixture f = start(/* terminal */ true);
	size_t n = 0;

	progress_start(f.p, "Pull");
	for (uint64_t i = 0; i < 1000; i++)
		progress_advance(f.p, i, 1000, "MiB");
	read_output(&f, &out);
	CHECK(strstr(out.data, "Pull [                    ]   0% 0/1000 MiB"),
	      "%s", out.data);
	for (const char *p = out.data; (p = strstr(p, "Pull ")); p++)
		n++;
	CHECK(n < 100, "drawn %zu times", n);
	finish(&f, NULL);
}

static void test_bar_ends_with_its_phase(void **state unused)
{
	struct fixture f = start(/* terminal */ true);

	progress_start(f.p, "Pull");
	progress_advance(f.p, 5, 0, "MiB");
	progress_done(f.p, "Pulled");
	progress_advance(f.p, 6, 0, "MiB");
	progress_start(f.p, "Next");
	finish(&f, SPIN("Pull") SPIN("Pull 5 MiB") CLEAR
	       "  ✓ Pulled\n" SPIN("Next") CLEAR);
}

static void test_messages_cannot_control_the_terminal(void **state unused)
{
	for (int terminal = 0; terminal <= 1; terminal++) {
		auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
		struct fixture f = start(terminal);

		progress_start(f.p, "a\033[2Jb\nc\xff");
		progress_warn(f.p, "\033]0;title\a");
		read_output(&f, &out);
		CHECK(strstr(out.data, "a\\x1b[2Jb\\nc\\xff"), "%s", out.data);
		CHECK(strstr(out.data, "\\x1b]0;title\\x07"), "%s", out.data);
		CHECK(!strstr(out.data, "\033[2J") &&
			      !strstr(out.data, "\033]0"),
		      "%s", out.data);
		finish(&f, NULL);
	}
}

/* clang-format off */
static const struct options_case {
	const char *name, *term, *no_color;
	bool on_pty, terminal, colour;
} options_cases[] = {
	{ "terminal",            "xterm", NULL, true,  true,  true  },
	{ "file",                "xterm", NULL, false, false, false },
	{ "NO_COLOR",            "xterm", "1",  true,  true,  false },
	{ "NO_COLOR is empty",   "xterm", "",   true,  true,  true  },
	{ "dumb",                "dumb",  NULL, true,  false, false },
	{ "no TERM",             NULL,    NULL, true,  false, false },
	{ "empty TERM",          "",      NULL, true,  false, false },
};
/* clang-format on */

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void test_options_follow_terminal_and_environment(void **state unused)
{
	struct err err = ERR_INIT;
	int file = fd_memfd("file", &err), master, slave;

	CHECK(!openpty(&master, &slave, NULL, NULL, NULL), "openpty");
	for (size_t i = 0; i < ARRAY_SIZE(options_cases); i++) {
		const struct options_case *c = &options_cases[i];
		int fd = c->on_pty ? slave : file;
		struct term_progress_options o;

		set("TERM", c->term);
		set("NO_COLOR", c->no_color);
		o = term_progress_options_for(fd);
		CHECK(o.fd == fd, "%s: fd", c->name);
		CHECK(o.terminal == c->terminal, "%s: terminal", c->name);
		CHECK(o.colour == c->colour, "%s: colour", c->name);
	}
	fd_close(&master);
	fd_close(&slave);
	fd_close(&file);
}

static void test_nobody_reading_is_no_failure(void **state unused)
{
	struct fixture f = start(/* terminal */ true);

	fd_close(&f.fd);
	progress_start(f.p, "one");
	run(&f, 100);
	progress_done(f.p, "end");
	term_progress_free(f.term);
	term_progress_free(NULL);
	loop_free(f.loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_lines_tell_the_story),
		cmocka_unit_test(test_plain_amounts_come_every_ten_percent),
		cmocka_unit_test(test_spinner_goes_away_for_what_follows),
		cmocka_unit_test(test_release_takes_the_spinner_away),
		cmocka_unit_test(test_spinner_turns_while_the_loop_runs),
		cmocka_unit_test(test_terminal_is_left_alone_afterwards),
		cmocka_unit_test(test_bar_is_drawn_and_limited),
		cmocka_unit_test(test_bar_ends_with_its_phase),
		cmocka_unit_test(test_messages_cannot_control_the_terminal),
		cmocka_unit_test(test_options_follow_terminal_and_environment),
		cmocka_unit_test(test_nobody_reading_is_no_failure),
	};

	return RUN_TESTS(tests);
}
