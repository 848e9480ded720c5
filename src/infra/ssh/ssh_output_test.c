// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_output_test.c - outputs never block, whatever is behind them.
 */
#include "infra/ssh/ssh_output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "support/check.h"

#define BLOCK 65536

static struct ssh_output output;
static char block[BLOCK];

static int on_ready(struct loop_source *src unused, uint32_t events unused,
		    struct err *err)
{
	ssh_output_ready(&output);
	return ssh_output_flush(&output, err);
}

static struct loop *new_loop(void)
{
	struct err err = ERR_INIT;
	struct loop *loop;

	CHECK_OK(loop_new(&loop, &err), &err);
	return loop;
}

/* Nothing is read meanwhile: each flush must come back by itself. */
static void check_full(const char *name, int out_fd, int in_fd)
{
	struct err err = ERR_INIT;
	struct loop *loop = new_loop();
	int flags = fcntl(out_fd, F_GETFL);
	size_t total = 0;

	CHECK_OK(ssh_output_open(&output, loop, out_fd, on_ready, &err), &err);
	CHECK(output.kind == SSH_OUTPUT_POLLED, "%s: kind", name);
	while (ssh_output_waiting(&output) < SSH_OUTPUT_HIGH) {
		CHECK_OK(ssh_output_add(&output, block, BLOCK, &err), &err);
		CHECK_OK(ssh_output_flush(&output, &err), &err);
		total += BLOCK;
	}
	CHECK(fcntl(out_fd, F_GETFL) == flags, "%s: flags changed", name);
	while (total > 0) {
		struct loop_source *src = &output.source;
		ssize_t n = read(in_fd, block, BLOCK);

		CHECK(n > 0, "%s: %zu bytes never came", name, total);
		total -= (size_t)n;
		CHECK_OK(on_ready(src, 0, &err), &err);
	}
	CHECK(ssh_output_waiting(&output) == 0, "%s: rest", name);
	CHECK(output.source.fd < 0, "%s: watched while idle", name);
	ssh_output_close(&output);
	loop_free(loop);
}

static void test_full_outputs_do_not_block(void **state unused)
{
	struct err err = ERR_INIT;
	int fds[2];

	CHECK_OK(fd_pipe(fds, &err), &err);
	check_full("pipe", fds[1], fds[0]);
	close(fds[0]);
	close(fds[1]);
	CHECK_OK(fd_socketpair(fds, &err), &err);
	check_full("socket", fds[1], fds[0]);
	close(fds[0]);
	close(fds[1]);
}

static void test_files_are_appended_to(void **state unused)
{
	struct err err = ERR_INIT;
	struct loop *loop = new_loop();
	int fd = fd_memfd("output", &err);

	assert_int_equal(write(fd, "ab", 2), 2);
	CHECK_OK(ssh_output_open(&output, loop, fd, on_ready, &err), &err);
	assert_int_equal(output.kind, SSH_OUTPUT_FILE);
	CHECK_OK(ssh_output_add(&output, "cd", 2, &err), &err);
	CHECK_OK(ssh_output_flush(&output, &err), &err);
	assert_int_equal(pread(fd, block, BLOCK, 0), 4);
	assert_memory_equal(block, "abcd", 4);
	ssh_output_close(&output);
	close(fd);
	loop_free(loop);
}

static void test_a_reader_that_left_swallows(void **state unused)
{
	struct err err = ERR_INIT;
	struct loop *loop = new_loop();
	int fds[2];

	CHECK_OK(fd_pipe(fds, &err), &err);
	close(fds[0]);
	CHECK_OK(ssh_output_open(&output, loop, fds[1], on_ready, &err), &err);
	CHECK_OK(ssh_output_add(&output, "x", 1, &err), &err);
	CHECK_OK(ssh_output_flush(&output, &err), &err);
	assert_int_equal(output.kind, SSH_OUTPUT_BROKEN);
	assert_int_equal(output.failed, 0);
	CHECK_OK(ssh_output_add(&output, block, BLOCK, &err), &err);
	assert_int_equal(ssh_output_waiting(&output), 0);
	ssh_output_close(&output);
	close(fds[1]);
	loop_free(loop);
}

static void test_a_full_disk_is_remembered(void **state unused)
{
	struct err err = ERR_INIT;
	struct loop *loop = new_loop();
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	CHECK_OK(ssh_output_open(&output, loop, fd, on_ready, &err), &err);
	CHECK_OK(ssh_output_add(&output, "x", 1, &err), &err);
	CHECK_OK(ssh_output_flush(&output, &err), &err);
	assert_int_equal(output.failed, ENOSPC);
	ssh_output_close(&output);
	close(fd);
	loop_free(loop);
}

static void test_closed_descriptors_are_no_failure(void **state unused)
{
	struct err err = ERR_INIT;
	struct loop *loop = new_loop();

	CHECK_OK(ssh_output_open(&output, loop, -1, on_ready, &err), &err);
	CHECK_OK(ssh_output_add(&output, "x", 1, &err), &err);
	CHECK_OK(ssh_output_flush(&output, &err), &err);
	assert_int_equal(output.failed, 0);
	ssh_output_close(&output);
	loop_free(loop);
}

static void test_a_sender_beyond_the_limit_is_refused(void **state unused)
{
	struct err err = ERR_INIT;
	struct loop *loop = new_loop();
	size_t added = 0;
	int fds[2];

	CHECK_OK(fd_pipe(fds, &err), &err);
	CHECK_OK(ssh_output_open(&output, loop, fds[1], on_ready, &err), &err);
	while (added + BLOCK <= SSH_OUTPUT_MAX) {
		CHECK_OK(ssh_output_add(&output, block, BLOCK, &err), &err);
		added += BLOCK;
	}
	CHECK_FAILS(ssh_output_add(&output, block, BLOCK, &err), &err,
		    ERR_LIMIT, "more than");
	ssh_output_close(&output);
	close(fds[0]);
	close(fds[1]);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_outputs_do_not_block),
		cmocka_unit_test(test_files_are_appended_to),
		cmocka_unit_test(test_a_reader_that_left_swallows),
		cmocka_unit_test(test_a_full_disk_is_remembered),
		cmocka_unit_test(test_closed_descriptors_are_no_failure),
		cmocka_unit_test(test_a_sender_beyond_the_limit_is_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return RUN_TESTS(tests);
}
