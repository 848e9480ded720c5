/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_test_session.h - a session runner with everything around it, for tests
 * only. What goes wrong in here ends the test by assert().
 */
#ifndef BBOX_INFRA_SSH_SSH_TEST_SESSION_H
#define BBOX_INFRA_SSH_SSH_TEST_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "infra/ssh/ssh_runner.h"
#include "infra/ssh/ssh_test_server.h"

#define TEST_OUTPUT_MAX ((size_t)16 * 1024 * 1024) /* bytes */

struct fake_terminal {
	struct terminal base;
	bool interactive;
	struct terminal_size size;
	int raw, restored; /* how often */
};

/* One session; a test changes what it is about before test_attach(). */
struct test_session {
	struct vm vm;
	struct test_server_config server;
	pid_t server_pid;
	struct fake_terminal terminal;
	struct log log;
	struct session_keys keys;
	struct ssh_runner_config config;
	int null_fd;
	int out_fd, err_fd; /* memfds, where stdout and stderr go */
};

/* The loop of all tests: signals are caught once in a process. */
extern struct loop *test_loop;
must_check int test_loop_start(struct err *err);

void test_session_begin(struct test_session *s);
void test_session_end(struct test_session *s);
must_check int test_attach(struct test_session *s, const char *command,
			   struct session_result *out, struct err *err);

/* Is this all that the file holds? */
bool test_content_is(int fd, const char *want);
/* Are these the bytes of TEST_SERVER_PATTERN? */
bool test_pattern_is(const char *p, size_t len);

/* Once @text comes out of @fd: a wider terminal, and @sig to this process. */
struct trigger {
	struct loop_source source;
	int fd;
	const char *text;
	int sig;
	struct test_session *session;
	struct buf got;
	bool fired;
};

void trigger_arm(struct trigger *t, struct test_session *s, int fd,
		 const char *text, int sig);
void trigger_disarm(struct trigger *t);
/* Its handler; may be called to take in what came since. */
int on_trigger(struct loop_source *src, uint32_t events, struct err *err);

#endif /* BBOX_INFRA_SSH_SSH_TEST_SESSION_H */
