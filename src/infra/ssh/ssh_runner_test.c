// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_runner_test.c - how sessions begin and end, against a server of ours.
 */
#include "infra/ssh/ssh_runner.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "infra/ssh/ssh_keys.h"
#include "infra/ssh/ssh_test_session.h"
#include "infra/sys/fd.h"
#include "support/check.h"

static void test_keys_are_new_each_time(void **state unused)
{
	struct session_keys a, b;
	struct err err = ERR_INIT;
	ssh_key key = NULL, public = NULL;

	CHECK_OK(ssh_keys_make(&a, &err), &err);
	CHECK_OK(ssh_keys_make(&b, &err), &err);
	assert_string_not_equal(a.client_public, b.client_public);
	assert_string_not_equal(a.client_public, a.host_public);
	assert_memory_equal(a.host_public, "ssh-ed25519 AAAA", 16);
	assert_null(strchr(a.client_public, '\n'));
	CHECK_OK(ssh_keys_import(a.host_private, &key, &err), &err);
	assert_int_equal(ssh_pki_export_privkey_to_pubkey(key, &public),
			 SSH_OK);
	assert_true(ssh_keys_match(public, a.host_public));
	assert_false(ssh_keys_match(public, b.host_public));
	ssh_key_free(key);
	ssh_key_free(public);
	CHECK_FAILS(ssh_keys_import("garbage", &key, &err), &err, ERR_INVALID,
		    "not a private key");
	session_keys_release(&a);
	session_keys_release(&b);
}

/* clang-format off */
static const struct end_case {
	const char *command;
	int code;
	const char *signal, *out, *err;
} end_cases[] = {
	{ "exit 0",      0,   "",     "",      "" },
	{ "exit 42",     42,  "",     "",      "" },
	{ "exit 256",    255, "",     "",      "" },
	{ "signal KILL", 137, "KILL", "",      "" },
	{ "signal SEGV", 139, "SEGV", "",      "" },
	{ "signal EVIL", 1,   "",     "",      "" },
	{ "streams",     3,   "",     "out",   "err" },
	{ "cat",         0,   "",     "",      "" },
	{ "sink",        0,   "",     "0\n",   "" },
	{ "open-back",   0,   "",     "tried", "" },
};
/* clang-format on */

static void test_every_end_is_reported_with_all_output(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(end_cases); i++) {
		const struct end_case *c = &end_cases[i];
		struct session_result result;
		struct err err = ERR_INIT;
		struct test_session s;

		test_session_begin(&s);
		CHECK(test_attach(&s, c->command, &result, &err) == 0, "%s: %s",
		      c->command, err.msg);
		CHECK(result.exit_code == c->code, "%s: %d", c->command,
		      result.exit_code);
		assert_string_equal(result.signal_name, c->signal);
		assert_true(test_content_is(s.out_fd, c->out));
		assert_true(test_content_is(s.err_fd, c->err));
		assert_int_equal(s.terminal.raw, 0);
		test_session_end(&s);
	}
}

/* clang-format off */
static const struct failure_case {
	const char *command, *text, *out;
} failure_cases[] = {
	{ "refuse",    "connect to the guest: start the command", "" },
	{ "drop",      "connection to the guest was lost",        "part" },
	{ "drop-exit", "connection to the guest was lost",        "part" },
	{ "no-status", "without saying how",                      "" },
};
/* clang-format on */

static void test_a_session_without_a_proper_end_fails(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_cases); i++) {
		const struct failure_case *c = &failure_cases[i];
		struct session_result result;
		struct err err;
		struct test_session s;

		test_session_begin(&s);
		CHECK_FAILS(test_attach(&s, c->command, &result, &err), &err,
			    ERR_PROTOCOL, c->text);
		assert_true(test_content_is(s.out_fd, c->out));
		test_session_end(&s);
	}
}

static void test_another_host_key_is_refused(void **state unused)
{
	struct session_keys other;
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;

	test_session_begin(&s);
	CHECK_OK(ssh_keys_make(&other, &err), &err);
	s.server.host_private = other.host_private;
	CHECK_FAILS(test_attach(&s, "exit 0", &result, &err), &err,
		    ERR_PROTOCOL, "");
	assert_string_equal(err.msg, "connect to the guest: the guest's host "
				     "key is not the one it was given");
	session_keys_release(&other);
	test_session_end(&s);
}

static void test_a_refused_client_key_is_an_error(void **state unused)
{
	struct session_result result;
	struct err err;
	struct test_session s;

	test_session_begin(&s);
	s.server.client_public = s.keys.host_public;
	CHECK_FAILS(test_attach(&s, "exit 0", &result, &err), &err,
		    ERR_PROTOCOL, "refused the session key");
	test_session_end(&s);
}

static void test_a_stalled_handshake_times_out(void **state unused)
{
	struct session_result result;
	struct err err;
	struct test_session s;
	int64_t start_ns = clock_now_ns();

	test_session_begin(&s);
	s.server.stall_ms = 20000;
	s.config.handshake_timeout_ms = 200;
	CHECK_FAILS(test_attach(&s, "exit 0", &result, &err), &err, ERR_TIMEOUT,
		    "connect to the guest");
	assert_true(clock_now_ns() - start_ns < INT64_C(5000000000));
	test_session_end(&s);
}

static void test_a_server_that_hangs_up_early_is_an_error(void **state unused)
{
	struct session_result result;
	struct err err;
	struct test_session s;

	test_session_begin(&s);
	s.server.stall_ms = 1;
	CHECK_FAILS(test_attach(&s, "exit 0", &result, &err), &err,
		    ERR_PROTOCOL, "handshake");
	test_session_end(&s);
}

static void test_a_signal_ends_the_command_in_peace(void **state unused)
{
	struct session_result result;
	struct trigger t;
	struct err err = ERR_INIT;
	struct test_session s;
	int fds[2];

	test_session_begin(&s);
	CHECK_OK(fd_pipe(fds, &err), &err);
	s.config.out_fd = fds[1];
	trigger_arm(&t, &s, fds[0], "ready", SIGTERM);
	CHECK_FAILS(test_attach(&s, "hang", &result, &err), &err, ERR_CANCELLED,
		    "session interrupted");
	/* It got TERM, and what it said then was still delivered. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	CHECK_OK(on_trigger(&t.source, EPOLLIN, &err), &err);
	assert_string_equal(t.got.data, "readybye");
	trigger_disarm(&t);
	close(fds[0]);
	close(fds[1]);
	test_session_end(&s);
}

static void test_a_deaf_command_does_not_hold_up(void **state unused)
{
	int64_t start_ns = clock_now_ns();
	struct session_result result;
	struct trigger t;
	struct err err = ERR_INIT;
	struct test_session s;
	int fds[2];

	test_session_begin(&s);
	CHECK_OK(fd_pipe(fds, &err), &err);
	s.config.out_fd = fds[1];
	trigger_arm(&t, &s, fds[0], "ready", SIGINT);
	CHECK_FAILS(test_attach(&s, "deaf", &result, &err), &err, ERR_CANCELLED,
		    "session interrupted");
	assert_true(clock_now_ns() - start_ns < INT64_C(5000000000));
	trigger_disarm(&t);
	close(fds[0]);
	close(fds[1]);
	test_session_end(&s);
}

static void test_a_terminal_is_restored_after_a_failure(void **state unused)
{
	int flags, master, slave;
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;

	test_session_begin(&s);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	flags = fcntl(slave, F_GETFL);
	s.terminal.interactive = true;
	s.config.in_fd = s.config.out_fd = s.config.err_fd = slave;
	CHECK_FAILS(test_attach(&s, "no-status", &result, &err), &err,
		    ERR_PROTOCOL, "without saying how");
	assert_int_equal(s.terminal.raw, 1);
	assert_true(s.terminal.restored > 0);
	/* The shell shares them. */
	assert_int_equal(fcntl(slave, F_GETFL), flags);
	close(master);
	close(slave);
	test_session_end(&s);
}

static void test_a_refused_command_leaves_no_raw_terminal(void **state unused)
{
	struct session_result result;
	struct err err = ERR_INIT;
	struct test_session s;

	test_session_begin(&s);
	s.terminal.interactive = true;
	CHECK_FAILS(test_attach(&s, "refuse", &result, &err), &err,
		    ERR_PROTOCOL, "start the command");
	assert_true(s.terminal.restored > 0);
	test_session_end(&s);
}

static int on_second_size(struct loop_source *src, uint32_t events,
			  struct err *err)
{
	struct trigger *t = container_of(src, struct trigger, source);

	if (on_trigger(src, events, err) < 0)
		return -1;
	/* Once the first resize arrived, the second. */
	if (t->fired && strcmp(t->text, "screen 100 40") == 0) {
		t->text = "screen 101 40";
		t->fired = false;
	}
	return 0;
}

static void test_resizes_reach_the_guest(void **state unused)
{
	int master, slave;
	struct session_result result;
	struct trigger t;
	struct err err = ERR_INIT;
	struct test_session s;

	test_session_begin(&s);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	s.terminal.interactive = true;
	s.config.in_fd = s.config.out_fd = s.config.err_fd = slave;
	s.config.term_name = "screen";
	trigger_arm(&t, &s, master, "screen 100 40", SIGWINCH);
	t.source.handler = on_second_size;
	CHECK_OK(test_attach(&s, "pty", &result, &err), &err);
	assert_int_equal(result.exit_code, 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	CHECK_OK(on_trigger(&t.source, EPOLLIN, &err), &err);
	assert_non_null(strstr(t.got.data, "screen 102 40"));
	assert_int_equal(s.terminal.raw, 1);
	trigger_disarm(&t);
	close(master);
	close(slave);
	test_session_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_new_each_time),
		cmocka_unit_test(test_every_end_is_reported_with_all_output),
		cmocka_unit_test(test_a_session_without_a_proper_end_fails),
		cmocka_unit_test(test_another_host_key_is_refused),
		cmocka_unit_test(test_a_refused_client_key_is_an_error),
		cmocka_unit_test(test_a_stalled_handshake_times_out),
		cmocka_unit_test(test_a_server_that_hangs_up_early_is_an_error),
		cmocka_unit_test(test_a_signal_ends_the_command_in_peace),
		cmocka_unit_test(test_a_deaf_command_does_not_hold_up),
		cmocka_unit_test(test_a_terminal_is_restored_after_a_failure),
		cmocka_unit_test(test_a_refused_command_leaves_no_raw_terminal),
		cmocka_unit_test(test_resizes_reach_the_guest),
	};
	struct err err = ERR_INIT;
	int r;

	if (test_loop_start(&err) < 0)
		return 1;
	r = RUN_TESTS(tests);
	loop_free(test_loop);
	return r;
}
