// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_test_server.c - an SSH server that plays the guest, for tests only.
 *
 * Blocking and single-minded: it lives in a process of its own. A failure
 * ends the process, which the client sees as a lost connection.
 */
#include "infra/ssh/ssh_test_server.h"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "infra/ssh/ssh_keys.h"

#define POLL_MS	  20
#define BLOCK	  32768
#define INPUT_MAX ((size_t)64 * 1024 * 1024)

struct server {
	const struct test_server_config *config;
	ssh_session session;
	ssh_channel channel;
	ssh_event event;
	char *command; /* owned; NULL until it was requested */
	char *term;    /* owned; NULL without a PTY */
	int columns, rows;
	unsigned int resizes;
	char signal[16];
	bool eof;
	struct buf input;
	bool keeps_input;
	size_t input_len; /* bytes in all */
};

static void die(void)
{
	_exit(1);
}

static void turn(struct server *s)
{
	if (ssh_event_dopoll(s->event, POLL_MS) == SSH_ERROR ||
	    !ssh_is_connected(s->session))
		die();
}

static int on_auth(ssh_session session unused, const char *user,
		   struct ssh_key_struct *key, char state, void *data)
{
	const struct server *s = data;

	if (strcmp(user, "sandbox") != 0 ||
	    !ssh_keys_match(key, s->config->client_public))
		return SSH_AUTH_DENIED;
	return state == SSH_PUBLICKEY_STATE_VALID ||
			       state == SSH_PUBLICKEY_STATE_NONE
		       ? SSH_AUTH_SUCCESS
		       : SSH_AUTH_DENIED;
}

static int on_exec(ssh_session session unused, ssh_channel channel unused,
		   const char *command, void *data)
{
	struct server *s = data;

	if (strcmp(command, "refuse") == 0)
		return SSH_ERROR;
	s->command = xstrdup(command);
	return SSH_OK;
}

static int on_pty(ssh_session session unused, ssh_channel channel unused,
		  const char *term, int columns, int rows, int px unused,
		  int py unused, void *data)
{
	struct server *s = data;

	s->term = xstrdup(term);
	s->columns = columns;
	s->rows = rows;
	return SSH_OK;
}

static int on_resize(ssh_session session unused, ssh_channel channel unused,
		     int columns, int rows, int px unused, int py unused,
		     void *data)
{
	struct server *s = data;

	s->columns = columns;
	s->rows = rows;
	s->resizes++;
	return 0;
}

static int on_data(ssh_session session unused, ssh_channel channel unused,
		   void *bytes, uint32_t len, int is_stderr unused, void *data)
{
	struct server *s = data;

	s->input_len += len;
	if (s->keeps_input && buf_add(&s->input, bytes, len, ERR_IGNORE) < 0)
		die();
	return (int)len;
}

static void on_eof(ssh_session session unused, ssh_channel channel unused,
		   void *data)
{
	struct server *s = data;

	s->eof = true;
}

static void on_signal(ssh_session session unused, ssh_channel channel unused,
		      const char *name, void *data)
{
	struct server *s = data;

	(void)snprintf(s->signal, sizeof(s->signal), "%s", name);
}

static struct ssh_channel_callbacks_struct channel_callbacks = {
	.channel_data_function = on_data,
	.channel_eof_function = on_eof,
	.channel_exec_request_function = on_exec,
	.channel_pty_request_function = on_pty,
	.channel_pty_window_change_function = on_resize,
	.channel_signal_function = on_signal,
};

static ssh_channel on_channel(ssh_session session, void *data)
{
	struct server *s = data;

	s->channel = ssh_channel_new(session);
	channel_callbacks.userdata = s;
	ssh_callbacks_init(&channel_callbacks);
	ssh_set_channel_callbacks(s->channel, &channel_callbacks);
	return s->channel;
}

static struct ssh_server_callbacks_struct server_callbacks = {
	.auth_pubkey_function = on_auth,
	.channel_open_request_session_function = on_channel,
};

static void say(struct server *s, const char *text)
{
	if (ssh_channel_write(s->channel, text, (uint32_t)strlen(text)) < 0)
		die();
}

static void say_size(struct server *s)
{
	auto_free char *text =
		xasprintf("%s %d %d\n", s->term ?: "none", s->columns, s->rows);

	say(s, text);
}

static void end(struct server *s, int status)
{
	ssh_channel_request_send_exit_status(s->channel, status);
	ssh_channel_send_eof(s->channel);
	ssh_channel_close(s->channel);
}

static void run_exit(struct server *s, const char *arg)
{
	uint64_t status = 0;

	if (!text_parse_u64(arg, INT32_MAX, &status))
		die();
	end(s, (int)status);
}

static void run_signal(struct server *s, const char *arg)
{
	ssh_channel_request_send_exit_signal(s->channel, arg, 0, "\x1b[2J", "");
	ssh_channel_send_eof(s->channel);
	ssh_channel_close(s->channel);
}

static void run_streams(struct server *s, const char *arg unused)
{
	say(s, "out");
	ssh_channel_write_stderr(s->channel, "err", 3);
	end(s, 3);
}

static void run_cat(struct server *s, const char *arg unused)
{
	static char block[BLOCK];

	s->keeps_input = true;
	while (!s->eof || s->input.len > 0) {
		size_t len = s->input.len > BLOCK ? BLOCK : s->input.len;

		if (len == 0) {
			turn(s);
			continue;
		}
		/* More input arrives while writing and moves the buffer. */
		memcpy(block, s->input.data, len);
		buf_consume(&s->input, len);
		if (ssh_channel_write(s->channel, block, (uint32_t)len) !=
		    (int)len)
			die();
	}
	end(s, 0);
}

static void run_sink(struct server *s, const char *arg unused)
{
	auto_free char *text = NULL;

	while (!s->eof)
		turn(s);
	text = xasprintf("%zu\n", s->input_len);
	say(s, text);
	end(s, 0);
}

static void run_blob(struct server *s, const char *arg)
{
	static char block[BLOCK];
	uint64_t total = 0;

	if (!text_parse_u64(arg, INPUT_MAX, &total))
		die();
	for (uint64_t at = 0; at < total;) {
		size_t n = total - at > BLOCK ? BLOCK : (size_t)(total - at);

		for (size_t i = 0; i < n; i++)
			block[i] = TEST_SERVER_PATTERN(at + i);
		if (ssh_channel_write(s->channel, block, (uint32_t)n) != (int)n)
			die();
		at += n;
	}
	end(s, 0);
}

static void run_yes(struct server *s, const char *arg unused)
{
	while (!*s->signal)
		say(s, "y\n");
	end(s, strcmp(s->signal, "PIPE") == 0 ? 9 : 1);
}

static void run_hang(struct server *s, const char *arg unused)
{
	say(s, "ready");
	while (strcmp(s->signal, "TERM") != 0)
		turn(s);
	say(s, "bye");
	run_signal(s, "TERM");
}

static void run_deaf(struct server *s, const char *arg unused)
{
	say(s, "ready");
	for (;;)
		pause();
}

static void run_pty(struct server *s, const char *arg unused)
{
	say_size(s);
	for (unsigned int seen = 0; seen < 2;) {
		turn(s);
		if (s->resizes == seen)
			continue;
		seen = s->resizes;
		say_size(s);
	}
	end(s, 0);
}

/* Input ends when the client knows that the command runs. */
static void wait_for_eof(struct server *s)
{
	while (!s->eof)
		turn(s);
}

static void run_drop(struct server *s, const char *arg unused)
{
	wait_for_eof(s);
	say(s, "part");
	_exit(0);
}

static void run_drop_exit(struct server *s, const char *arg unused)
{
	wait_for_eof(s);
	say(s, "part");
	ssh_channel_request_send_exit_status(s->channel, 0);
	_exit(0);
}

static void run_no_status(struct server *s, const char *arg unused)
{
	ssh_channel_send_eof(s->channel);
	ssh_channel_close(s->channel);
}

static void run_open_back(struct server *s, const char *arg unused)
{
	ssh_channel agent = ssh_channel_new(s->session);
	ssh_channel x11 = ssh_channel_new(s->session);

	if (ssh_channel_open_auth_agent(agent) == SSH_OK)
		say(s, "agent opened ");
	if (ssh_channel_open_x11(x11, "localhost", 6010) == SSH_OK)
		say(s, "x11 opened ");
	say(s, "tried");
	end(s, 0);
}

static const struct {
	const char *name;
	void (*run)(struct server *s, const char *arg);
} commands[] = {
	{ "exit", run_exit },
	{ "signal", run_signal },
	{ "streams", run_streams },
	{ "cat", run_cat },
	{ "sink", run_sink },
	{ "blob", run_blob },
	{ "yes", run_yes },
	{ "hang", run_hang },
	{ "deaf", run_deaf },
	{ "pty", run_pty },
	{ "drop", run_drop },
	{ "drop-exit", run_drop_exit },
	{ "no-status", run_no_status },
	{ "open-back", run_open_back },
};

static void run_command(struct server *s)
{
	char *arg = strchr(s->command, ' ');

	if (arg)
		*arg++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, s->command) == 0) {
			commands[i].run(s, arg ?: "");
			return;
		}
	}
	die();
}

static void accept_session(struct server *s, int fd)
{
	ssh_bind bind = ssh_bind_new();
	ssh_key key = NULL;
	const int no = 0;

	if (ssh_keys_import(s->config->host_private, &key, ERR_IGNORE) < 0)
		die();
	ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no);
	/* The bind owns the key from here on. */
	if (ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key) < 0)
		die();
	s->session = ssh_new();
	server_callbacks.userdata = s;
	ssh_callbacks_init(&server_callbacks);
	ssh_set_server_callbacks(s->session, &server_callbacks);
	ssh_set_auth_methods(s->session, SSH_AUTH_METHOD_PUBLICKEY);
	if (ssh_bind_accept_fd(bind, s->session, fd) != SSH_OK ||
	    ssh_handle_key_exchange(s->session) != SSH_OK)
		die();
}

static void serve(int fd, const struct test_server_config *config)
{
	struct server s = { .config = config, .input = BUF_INIT(INPUT_MAX) };
	const struct timespec stall = {
		.tv_sec = config->stall_ms / 1000,
		.tv_nsec = config->stall_ms % 1000 * 1000000L,
	};

	if (config->stall_ms) {
		nanosleep(&stall, NULL);
		die();
	}
	accept_session(&s, fd);
	s.event = ssh_event_new();
	ssh_event_add_session(s.event, s.session);
	while (!s.command)
		turn(&s);
	run_command(&s);
	for (;;) /* the client hangs up */
		turn(&s);
}

pid_t test_server_start(int fd, const struct test_server_config *config)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd, config);
		_exit(0);
	}
	return pid;
}

void test_server_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
