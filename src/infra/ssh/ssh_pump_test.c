// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_pump_test.c - bytes in all directions, through a whole session.
 */
#include "infra/ssh/ssh_pump.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/ssh/ssh_test_session.h"
#include "infra/sys/fd.h"
#include "support/check.h"

#define MIB (1024 * 1024)

static void test_a_silent_guest_is_given_up(void **state unused)
{
	struct session_result result;
	struct err err;
	struct test_session s;

	test_session_begin(&s);
	s.config.keepalive_ms = 100;
	CHECK_FAILS(test_attach(&s, "deaf", &result, &err), &err, ERR_PROTOCOL,
		    "does not answer");
	test_session_end(&s);
}

static void test_an_idle_guest_that_answers_is_kept(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;
	pid_t helper;
	int fds[2];

	test_session_begin(&s);
	CHECK_OK(fd_pipe(fds, &err), &err);
	/* Input ends after ten keepalives. */
	helper = fork();
	if (helper == 0) {
		usleep(500000);
		_exit(0);
	}
	close(fds[1]);
	s.config.in_fd = fds[0];
	s.config.keepalive_ms = 50;
	CHECK_OK(test_attach(&s, "cat", &result, &err), &err);
	assert_int_equal(result.exit_code, 0);
	waitpid(helper, NULL, 0);
	close(fds[0]);
	test_session_end(&s);
}

static void test_large_output_is_complete(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	auto_buf struct buf got = BUF_INIT(TEST_OUTPUT_MAX);
	struct test_session s;

	test_session_begin(&s);
	CHECK_OK(test_attach(&s, "blob 5242881", &result, &err), &err);
	lseek(s.out_fd, 0, SEEK_SET);
	CHECK_OK(fd_read_all(s.out_fd, &got, &err), &err);
	assert_int_equal(got.len, 5242881);
	assert_true(test_pattern_is(got.data, got.len));
	test_session_end(&s);
}

/* A reader that starts late and then reads little at a time. */
static pid_t slow_reader(int fd, int unwanted_fd, size_t want)
{
	pid_t pid = fork();
	char bytes[1500];
	size_t total = 0;
	ssize_t n;

	if (pid != 0)
		return pid;
	close(unwanted_fd);
	usleep(500000);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++, total++)
			if (bytes[i] != TEST_SERVER_PATTERN(total))
				_exit(2);
	_exit(total == want ? 0 : 3);
}

static void test_a_slow_reader_gets_everything(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;
	pid_t reader;
	int status, fds[2];

	test_session_begin(&s);
	CHECK_OK(fd_pipe(fds, &err), &err);
	reader = slow_reader(fds[0], fds[1], 6 * MIB);
	close(fds[0]);
	s.config.out_fd = fds[1];
	CHECK_OK(test_attach(&s, "blob 6291456", &result, &err), &err);
	close(fds[1]);
	waitpid(reader, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "reader: %d",
	      status);
	test_session_end(&s);
}

static void test_a_reader_that_leaves_stops_the_command(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;
	int fds[2];

	test_session_begin(&s);
	CHECK_OK(fd_pipe(fds, &err), &err);
	close(fds[0]);
	s.config.out_fd = fds[1];
	CHECK_OK(test_attach(&s, "yes", &result, &err), &err);
	assert_int_equal(result.exit_code, 9);
	close(fds[1]);
	test_session_end(&s);
}

static void test_a_full_disk_is_an_error(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	test_session_begin(&s);
	s.config.out_fd = fd;
	CHECK_FAILS(test_attach(&s, "streams", &result, &err), &err, ERR_SYSTEM,
		    "write standard output: No space left");
	assert_true(test_content_is(s.err_fd, "err"));
	close(fd);
	test_session_end(&s);
}

/* Both directions at once; a file cannot be watched by epoll. */
static void test_a_file_goes_through_and_back(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	auto_buf struct buf got = BUF_INIT(TEST_OUTPUT_MAX);
	size_t len = 3 * MIB + 1;
	auto_free char *bytes = xmalloc(len);
	struct test_session s;
	int fd = fd_memfd("in", &err);

	test_session_begin(&s);
	for (size_t i = 0; i < len; i++)
		bytes[i] = TEST_SERVER_PATTERN(i);
	CHECK_OK(fd_write_all(fd, bytes, len, &err), &err);
	lseek(fd, 0, SEEK_SET);
	s.config.in_fd = fd;
	CHECK_OK(test_attach(&s, "cat", &result, &err), &err);
	lseek(s.out_fd, 0, SEEK_SET);
	CHECK_OK(fd_read_all(s.out_fd, &got, &err), &err);
	assert_int_equal(got.len, len);
	assert_true(test_pattern_is(got.data, got.len));
	close(fd);
	test_session_end(&s);
}

static void test_closed_descriptors_are_empty(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;

	test_session_begin(&s);
	s.config.in_fd = -1;
	CHECK_OK(test_attach(&s, "sink", &result, &err), &err);
	assert_true(test_content_is(s.out_fd, "0\n"));
	test_session_end(&s);
	test_session_begin(&s);
	s.config.out_fd = -1;
	s.config.err_fd = -1;
	CHECK_OK(test_attach(&s, "streams", &result, &err), &err);
	assert_int_equal(result.exit_code, 3);
	test_session_end(&s);
}

static void test_an_open_stdin_does_not_hold_the_end(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;
	int fds[2];

	test_session_begin(&s);
	CHECK_OK(fd_pipe(fds, &err), &err);
	s.config.in_fd = fds[0];
	CHECK_OK(test_attach(&s, "exit 7", &result, &err), &err);
	assert_int_equal(result.exit_code, 7);
	close(fds[0]);
	close(fds[1]);
	test_session_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_silent_guest_is_given_up),
		cmocka_unit_test(test_an_idle_guest_that_answers_is_kept),
		cmocka_unit_test(test_large_output_is_complete),
		cmocka_unit_test(test_a_slow_reader_gets_everything),
		cmocka_unit_test(test_a_reader_that_leaves_stops_the_command),
		cmocka_unit_test(test_a_full_disk_is_an_error),
		cmocka_unit_test(test_a_file_goes_through_and_back),
		cmocka_unit_test(test_closed_descriptors_are_empty),
		cmocka_unit_test(test_an_open_stdin_does_not_hold_the_end),
	};
	struct err err = ERR_INIT;
	int r;

	if (test_loop_start(&err) < 0)
		return 1;
	r = RUN_TESTS(tests);
	loop_free(test_loop);
	return r;
}
