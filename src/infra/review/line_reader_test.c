// SPDX-License-Identifier: Apache-2.0
#include "infra/review/line_reader.h"

#include "support/check.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "infra/sys/fd.h"

/* clang-format off */
static const struct line_case {
	const char *name, *input;
	const char *lines[5]; /* NULL ends them */
} line_cases[] = {
	{ "newline",         "a\nb\n",       { "a", "b" } },
	{ "both",            "a\r\nb\r\n",   { "a", "b" } },
	{ "carriage return", "a\rb\r",       { "a", "b" } },
	{ "empty lines",     "\n\r\n\r\r",   { "", "", "", "" } },
	{ "no end",          "a\nb",         { "a", "b" } },
	{ "blanks",          " \t a b \t\n", { "a b" } },
	{ "only blanks",     "  \n",         { "" } },
	{ "nothing",         "",             { NULL } },
};
/* clang-format on */

static void check_lines(const struct line_case *c, struct loop *loop)
{
	auto_buf struct buf line = BUF_INIT(LINE_READER_MAX);
	struct err err = ERR_INIT;
	struct line_reader r = { .loop = loop };
	int fds[2];

	CHECK_OK(fd_pipe(fds, &err), &err);
	CHECK_OK(fd_write_all(fds[1], c->input, strlen(c->input), &err), &err);
	fd_close(&fds[1]);
	r.fd = fds[0];
	for (size_t i = 0; c->lines[i]; i++) {
		CHECK(line_reader_next(&r, &line, &err) == 1, "%s: line %zu",
		      c->name, i);
		CHECK(!strcmp(line.data, c->lines[i]), "%s: got '%s'", c->name,
		      line.data);
	}
	CHECK(!line_reader_next(&r, &line, &err), "%s: got '%s'", c->name,
	      line.data);
	fd_close(&fds[0]);
}

static void test_lines_end_in_three_ways(void **state unused)
{
	struct err err = ERR_INIT;
	struct loop *loop;

	CHECK_OK(loop_new(&loop, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(line_cases); i++) {
		check_lines(&line_cases[i], NULL);
		check_lines(&line_cases[i], loop);
	}
	loop_free(loop);
}

static void test_long_line_is_cut_and_ends_where_it_ends(void **state unused)
{
	auto_buf struct buf line = BUF_INIT(LINE_READER_MAX);
	struct line_reader r = { .loop = NULL };
	struct err err = ERR_INIT;
	char text[5000];
	int fds[2];

	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 3] = '\n';
	CHECK_OK(fd_pipe(fds, &err), &err);
	CHECK_OK(fd_write_all(fds[1], text, sizeof(text), &err), &err);
	fd_close(&fds[1]);
	r.fd = fds[0];
	assert_int_equal(line_reader_next(&r, &line, &err), 1);
	assert_int_equal(line.len, LINE_READER_MAX);
	assert_int_equal(line_reader_next(&r, &line, &err), 1);
	assert_string_equal(line.data, "yy");
	fd_close(&fds[0]);
}

static void test_signal_ends_the_wait(void **state unused)
{
	auto_buf struct buf line = BUF_INIT(LINE_READER_MAX);
	struct err err = ERR_INIT;
	struct line_reader r = { .loop = NULL };
	struct loop *loop;
	int fds[2];

	CHECK_OK(loop_new(&loop, &err), &err);
	CHECK_OK(loop_catch_signals(loop, &err), &err);
	CHECK_OK(fd_pipe(fds, &err), &err);
	r.fd = fds[0];
	r.loop = loop;
	raise(SIGINT);
	CHECK_FAILS(line_reader_next(&r, &line, &err), &err, ERR_CANCELLED,
		    "interrupted");
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	loop_free(loop);
}

static void test_regular_file_is_read_at_once(void **state unused)
{
	auto_buf struct buf line = BUF_INIT(LINE_READER_MAX);
	struct err err = ERR_INIT;
	struct line_reader r = { .loop = NULL };
	struct loop *loop;

	CHECK_OK(loop_new(&loop, &err), &err);
	r.fd = fd_memfd("input", &err);
	r.loop = loop;
	CHECK_OK(fd_write_all(r.fd, "yes\n", 4, &err), &err);
	assert_int_equal(lseek(r.fd, 0, SEEK_SET), 0);
	assert_int_equal(line_reader_next(&r, &line, &err), 1);
	assert_string_equal(line.data, "yes");
	assert_int_equal(line_reader_next(&r, &line, &err), 0);
	fd_close(&r.fd);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_end_in_three_ways),
		cmocka_unit_test(test_long_line_is_cut_and_ends_where_it_ends),
		cmocka_unit_test(test_signal_ends_the_wait),
		cmocka_unit_test(test_regular_file_is_read_at_once),
	};

	return RUN_TESTS(tests);
}
