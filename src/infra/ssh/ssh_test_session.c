// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_test_session.c - a session runner with everything around it, for tests
 * only.
 */
#include "infra/ssh/ssh_test_session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "infra/sys/fd.h"

struct loop *test_loop;

static void must(int r, const struct err *err)
{
	if (r < 0)
		(void)fprintf(stderr, "%s\n", err->msg);
	assert(r >= 0);
}

int test_loop_start(struct err *err)
{
	if (loop_new(&test_loop, err) < 0)
		return -1;
	return loop_catch_signals(test_loop, err);
}

static bool fake_is_interactive(struct terminal *t)
{
	return container_of(t, struct fake_terminal, base)->interactive;
}

static struct terminal_size fake_size(struct terminal *t)
{
	return container_of(t, struct fake_terminal, base)->size;
}

static int fake_make_raw(struct terminal *t, struct err *err unused)
{
	container_of(t, struct fake_terminal, base)->raw++;
	return 0;
}

static void fake_restore(struct terminal *t)
{
	container_of(t, struct fake_terminal, base)->restored++;
}

static const struct terminal_ops fake_terminal_ops = {
	.is_interactive = fake_is_interactive,
	.size = fake_size,
	.make_raw = fake_make_raw,
	.restore = fake_restore,
};

static int fake_dial(struct vm *vm, uint16_t port, int *out_fd, struct err *err)
{
	struct test_session *s = container_of(vm, struct test_session, vm);
	int fds[2];

	assert(port == 22);
	if (fd_socketpair(fds, err) < 0)
		return -1;
	s->server_pid = test_server_start(fds[1], &s->server);
	close(fds[1]);
	*out_fd = fds[0];
	return 0;
}

static const struct vm_ops fake_vm_ops = { .dial = fake_dial };

void test_session_begin(struct test_session *s)
{
	struct session_runner *r;
	struct err err = ERR_INIT;

	*s = (struct test_session){
		.vm = { .ops = &fake_vm_ops },
		.terminal = { .base = { .ops = &fake_terminal_ops },
			      .size = { 100, 40 } },
		.log = LOG_DISCARD,
		.null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
		.out_fd = fd_memfd("out", &err),
		.err_fd = fd_memfd("err", &err),
	};
	s->config = (struct ssh_runner_config){
		.loop = test_loop,
		.terminal = &s->terminal.base,
		.log = &s->log,
		.in_fd = s->null_fd,
		.out_fd = s->out_fd,
		.err_fd = s->err_fd,
	};
	r = ssh_runner_new(&s->config);
	must(session_runner_make_keys(r, &s->keys, &err), &err);
	ssh_runner_free(r);
	s->server.host_private = s->keys.host_private;
	s->server.client_public = s->keys.client_public;
}

void test_session_end(struct test_session *s)
{
	assert(s->terminal.raw <= s->terminal.restored);
	session_keys_release(&s->keys);
	fd_close(&s->null_fd);
	fd_close(&s->out_fd);
	fd_close(&s->err_fd);
}

int test_attach(struct test_session *s, const char *command,
		struct session_result *out, struct err *err)
{
	const struct session_request request = { .command = command };
	struct session_runner *runner = ssh_runner_new(&s->config);
	int r = session_runner_attach(runner, &s->vm, &s->keys, &request, out,
				      err);

	ssh_runner_free(runner);
	if (s->server_pid)
		test_server_stop(s->server_pid);
	s->server_pid = 0;
	return r;
}

bool test_content_is(int fd, const char *want)
{
	struct err err = ERR_INIT;
	auto_buf struct buf got = BUF_INIT(TEST_OUTPUT_MAX);

	lseek(fd, 0, SEEK_SET);
	must(fd_read_all(fd, &got, &err), &err);
	return strcmp(got.data, want) == 0;
}

bool test_pattern_is(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != TEST_SERVER_PATTERN(i))
			return false;
	return true;
}

int on_trigger(struct loop_source *src, uint32_t events unused, struct err *err)
{
	struct trigger *t = container_of(src, struct trigger, source);
	char bytes[4096];
	ssize_t n = read(t->fd, bytes, sizeof(bytes));

	if (n <= 0)
		return 0;
	if (buf_add(&t->got, bytes, (size_t)n, err) < 0)
		return -1;
	if (!t->fired && strstr(t->got.data, t->text)) {
		t->fired = true;
		t->session->terminal.size.columns++;
		return kill(getpid(), t->sig);
	}
	return 0;
}

void trigger_arm(struct trigger *t, struct test_session *s, int fd,
		 const char *text, int sig)
{
	struct err err = ERR_INIT;

	*t = (struct trigger){ .source = LOOP_SOURCE_INIT,
			       .fd = fd,
			       .text = text,
			       .sig = sig,
			       .session = s,
			       .got = BUF_INIT(TEST_OUTPUT_MAX) };
	must(loop_add(test_loop, &t->source, fd, EPOLLIN, on_trigger, &err),
	     &err);
}

void trigger_disarm(struct trigger *t)
{
	loop_remove(test_loop, &t->source);
	buf_release(&t->got);
}
