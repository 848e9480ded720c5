// SPDX-License-Identifier: Apache-2.0
/*
 * os_terminal_test.c - tests of infra/terminal on a pseudo-terminal.
 */
#include "infra/terminal/os_terminal.h"

#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "support/check.h"

struct fixture {
	int master, slave;
	struct os_terminal *os;
	struct terminal *t; /* of @os */
};

static struct fixture start(unsigned short columns, unsigned short rows)
{
	const struct winsize size = { .ws_col = columns, .ws_row = rows };
	struct err err = ERR_INIT;
	struct fixture f;

	CHECK(!openpty(&f.master, &f.slave, NULL, NULL, &size), "openpty");
	CHECK_OK(fd_set_nonblocking(f.master, &err), &err);
	f.os = os_terminal_new(f.slave, f.slave);
	f.t = os_terminal_base(f.os);
	return f;
}

static void finish(struct fixture *f)
{
	os_terminal_free(f->os);
	fd_close(&f->slave);
	fd_close(&f->master);
}

/* What the user's terminal was sent, as a string. */
static void drain(const struct fixture *f, char *out, size_t size)
{
	ssize_t n = read(f->master, out, size - 1);

	out[n < 0 ? 0 : n] = '\0';
}

static struct termios mode_of(int fd)
{
	struct termios mode;

	CHECK(!tcgetattr(fd, &mode), "tcgetattr");
	return mode;
}

static bool is_raw(int fd)
{
	struct termios mode = mode_of(fd);

	return !(mode.c_lflag & (ECHO | ICANON | ISIG)) &&
	       !(mode.c_oflag & OPOST) && !(mode.c_iflag & (ICRNL | IXON));
}

static void test_raw_and_back(void **state unused)
{
	struct fixture f = start(80, 24);
	struct termios before = mode_of(f.slave), after;
	struct err err = ERR_INIT;

	assert_true(terminal_is_interactive(f.t));
	assert_false(is_raw(f.slave));
	/* Twice: the saved mode must not become the raw one. */
	CHECK_OK(terminal_make_raw(f.t, &err), &err);
	CHECK_OK(terminal_make_raw(f.t, &err), &err);
	assert_true(is_raw(f.slave));
	terminal_restore(f.t);
	after = mode_of(f.slave);
	assert_int_equal(before.c_lflag, after.c_lflag);
	assert_int_equal(before.c_iflag, after.c_iflag);
	assert_int_equal(before.c_oflag, after.c_oflag);
	assert_int_equal(before.c_cflag, after.c_cflag);
	/* And it can be done all over again. */
	CHECK_OK(terminal_make_raw(f.t, &err), &err);
	assert_true(is_raw(f.slave));
	terminal_restore(f.t);
	assert_false(is_raw(f.slave));
	finish(&f);
}

static const char *const undone[] = {
	"\033[?1049l", "\033[?25h",   "\033[0m",     "\033[?1000l",
	"\033[?1002l", "\033[?1003l", "\033[?1006l", "\033[?2004l",
};

static void test_restore_undoes_a_crashed_program(void **state unused)
{
	struct fixture f = start(80, 24);
	struct err err = ERR_INIT;
	char sent[1000];

	CHECK_OK(terminal_make_raw(f.t, &err), &err);
	drain(&f, sent, sizeof(sent));
	assert_string_equal(sent, "");
	terminal_restore(f.t);
	drain(&f, sent, sizeof(sent));
	for (size_t i = 0; i < ARRAY_SIZE(undone); i++)
		CHECK(strstr(sent, undone[i]), "no '\\e%s'", undone[i] + 1);
	/* Or leaving the alternate screen would move the cursor. */
	CHECK(strstr(sent, "\0337") < strstr(sent, "\033[?1049l"),
	      "cursor is not saved first");
	/* The second time there is nothing left to undo. */
	terminal_restore(f.t);
	terminal_restore(f.t);
	drain(&f, sent, sizeof(sent));
	assert_string_equal(sent, "");
	finish(&f);
}

static void test_restore_without_raw_does_nothing(void **state unused)
{
	struct fixture f = start(80, 24);
	char sent[1000];

	terminal_restore(f.t);
	drain(&f, sent, sizeof(sent));
	assert_string_equal(sent, "");
	finish(&f);
}

static void test_release_restores(void **state unused)
{
	struct fixture f = start(80, 24);
	struct err err = ERR_INIT;

	CHECK_OK(terminal_make_raw(f.t, &err), &err);
	os_terminal_free(f.os);
	assert_false(is_raw(f.slave));
	f.os = NULL;
	finish(&f);
}

/* clang-format off */
static const struct size_case {
	unsigned short columns, rows;
	struct terminal_size want;
} size_cases[] = {
	{ 132,   50,    { 132,   50    } },
	{ 0,     0,     { 80,    24    } },
	{ 132,   0,     { 80,    24    } },
	{ 1,     1,     { 1,     1     } },
	{ 65535, 65535, { 65535, 65535 } },
};
/* clang-format on */

static void test_size_is_told_or_assumed(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(size_cases); i++) {
		const struct size_case *c = &size_cases[i];
		struct fixture f = start(c->columns, c->rows);
		struct terminal_size got = terminal_size(f.t);

		CHECK(got.columns == c->want.columns &&
			      got.rows == c->want.rows,
		      "%ux%u: %ux%u", c->columns, c->rows, got.columns,
		      got.rows);
		finish(&f);
	}
}

static void test_size_follows_the_terminal(void **state unused)
{
	const struct winsize bigger = { .ws_col = 200, .ws_row = 60 };
	struct fixture f = start(80, 24);

	CHECK(!ioctl(f.master, TIOCSWINSZ, &bigger), "TIOCSWINSZ");
	assert_int_equal(terminal_size(f.t).columns, 200);
	assert_int_equal(terminal_size(f.t).rows, 60);
	finish(&f);
}

static void test_without_a_terminal_nothing_happens(void **state unused)
{
	struct os_terminal *os;
	struct terminal *t;
	struct err err = ERR_INIT;
	int fds[2];
	char c;

	CHECK_OK(fd_pipe(fds, &err), &err);
	CHECK_OK(fd_set_nonblocking(fds[0], &err), &err);
	os = os_terminal_new(fds[0], fds[1]);
	t = os_terminal_base(os);
	assert_false(terminal_is_interactive(t));
	assert_int_equal(terminal_size(t).columns, 80);
	assert_int_equal(terminal_size(t).rows, 24);
	CHECK_OK(terminal_make_raw(t, &err), &err);
	terminal_restore(t);
	os_terminal_free(os);
	os_terminal_free(NULL);
	CHECK(read(fds[0], &c, 1) < 0, "something was written");
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static void test_redirected_output_gets_no_sequences(void **state unused)
{
	struct fixture f = start(100, 30);
	struct os_terminal *os;
	struct err err = ERR_INIT;
	int fds[2];
	char c;

	CHECK_OK(fd_pipe(fds, &err), &err);
	CHECK_OK(fd_set_nonblocking(fds[0], &err), &err);
	os = os_terminal_new(f.slave, fds[1]);
	/* Then the input knows the size. */
	assert_int_equal(terminal_size(os_terminal_base(os)).columns, 100);
	CHECK_OK(terminal_make_raw(os_terminal_base(os), &err), &err);
	os_terminal_free(os);
	assert_false(is_raw(f.slave));
	CHECK(read(fds[0], &c, 1) < 0, "something was written");
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	finish(&f);
}

static void test_hung_up_terminal_is_no_problem(void **state unused)
{
	struct fixture f = start(80, 24);
	struct err err = ERR_INIT;

	CHECK_OK(terminal_make_raw(f.t, &err), &err);
	fd_close(&f.master);
	terminal_restore(f.t);
	CHECK_OK(terminal_make_raw(f.t, &err), &err);
	finish(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw_and_back),
		cmocka_unit_test(test_restore_undoes_a_crashed_program),
		cmocka_unit_test(test_restore_without_raw_does_nothing),
		cmocka_unit_test(test_release_restores),
		cmocka_unit_test(test_size_is_told_or_assumed),
		cmocka_unit_test(test_size_follows_the_terminal),
		cmocka_unit_test(test_without_a_terminal_nothing_happens),
		cmocka_unit_test(test_redirected_output_gets_no_sequences),
		cmocka_unit_test(test_hung_up_terminal_is_no_problem),
	};

	return RUN_TESTS(tests);
}
