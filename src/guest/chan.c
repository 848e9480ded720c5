// SPDX-License-Identifier: Apache-2.0
/*
 * chan.c - one SSH channel: its requests, its process, its bytes.
 *
 * Theory of operation
 *
 * libssh calls back for requests; those only record what is asked, or start
 * the process. All bytes are moved by chan_service(), which the
 * connection calls whenever a descriptor is ready or libssh has read a
 * packet.
 *
 * Towards the client, output is read only when it can be passed on: the
 * client's window is open and the socket has taken what was sent before. So
 * a slow client stops the process by a full pipe, and at most one chunk per
 * stream is held here.
 *
 * Towards the process, libssh buffers what has arrived and opens the window
 * again when it is read. It does so in full whatever was read, so reading a
 * little at a time would let the client send more than the process takes,
 * without limit. We take all of it, and only when the process has all that
 * was taken before: two windows' worth is the most there can be.
 *
 * When the process ends, its output is passed on until its end of file. A
 * process left in the background may keep the stream open; then we stop when
 * nothing has come for a moment. Input that the client may still send is not
 * waited for.
 */
#include "guest/chan.h"

#include <ctype.h>
#include <errno.h>
#include <libssh/server.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "guest/env.h"
#include "infra/sys/fd.h"
#include "infra/sys/loop.h"

#define INPUT_MAX     ((size_t)4 * 1024 * 1024) /* bytes; a window is 1.25 Mi */
#define TERM_MAX      64			/* bytes */
#define ENV_VALUE_MAX 4096			/* bytes */
#define QUIET_NS      ((int64_t)200 * 1000 * 1000)
#define DRAIN_NS      ((int64_t)5 * 1000 * 1000 * 1000)

#define REQUEST_ACCEPTED 0
#define REQUEST_REFUSED	 1

static struct winsize size_of(int columns, int rows, int width, int height)
{
	return (struct winsize){
		.ws_col = (unsigned short)columns,
		.ws_row = (unsigned short)rows,
		.ws_xpixel = (unsigned short)width,
		.ws_ypixel = (unsigned short)height,
	};
}

static bool is_plain_text(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);

	if (!len || len > max)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)s[i]))
			return false;
	}
	return true;
}

static int on_pty(ssh_session ssh unused, ssh_channel ch unused,
		  const char *term, int columns, int rows, int width,
		  int height, void *data)
{
	struct chan *c = data;

	if (c->state != CHAN_WAITING || c->term ||
	    !is_plain_text(term, TERM_MAX))
		return -1;
	c->term = xstrdup(term);
	c->size = size_of(columns, rows, width, height);
	return 0;
}

static int on_resize(ssh_session ssh unused, ssh_channel ch unused, int columns,
		     int rows, int width, int height, void *data)
{
	struct chan *c = data;

	if (c->state != CHAN_RUNNING || !c->term)
		return -1;
	c->size = size_of(columns, rows, width, height);
	return ioctl(c->session.in, TIOCSWINSZ, &c->size);
}

static int on_env(ssh_session ssh unused, ssh_channel ch unused,
		  const char *name, const char *value, void *data)
{
	struct chan *c = data;
	auto_free char *pair = NULL;

	if (c->state != CHAN_WAITING || !env_client_may_set(name) ||
	    strnlen(value, ENV_VALUE_MAX + 1) > ENV_VALUE_MAX)
		return REQUEST_REFUSED;
	pair = xasprintf("%s=%s", name, value);
	env_set(&c->client_env, pair);
	return REQUEST_ACCEPTED;
}

static void on_signal(ssh_session ssh unused, ssh_channel ch unused,
		      const char *name, void *data)
{
	struct chan *c = data;
	int sig = session_signal_number(name);

	if (c->state == CHAN_RUNNING && sig)
		session_signal(&c->session, sig);
}

static int start(struct chan *c, const char *command)
{
	const struct session_spec spec = {
		.base = c->base,
		.command = command,
		.term = c->term,
		.size = c->size,
		.client_env = &c->client_env,
	};

	if (c->state != CHAN_WAITING)
		return REQUEST_REFUSED;
	/* SSH has no way to say why a request is refused. */
	if (session_start(&spec, &c->session, ERR_IGNORE) < 0)
		return REQUEST_REFUSED;
	c->state = CHAN_RUNNING;
	for (size_t i = 0; i < ARRAY_SIZE(c->output); i++)
		c->output[i].data = xmalloc(CHAN_CHUNK);
	c->output[0].fd = c->term ? &c->session.in : &c->session.out;
	c->output[1].fd = c->term ? NULL : &c->session.err;
	c->output[1].is_stderr = true;
	*c->is_dirty = true;
	return REQUEST_ACCEPTED;
}

static int on_exec(ssh_session ssh unused, ssh_channel ch unused,
		   const char *command, void *data)
{
	return start(data, command);
}

static int on_shell(ssh_session ssh unused, ssh_channel ch unused, void *data)
{
	return start(data, NULL);
}

static int on_data(ssh_session ssh unused, ssh_channel ch unused,
		   void *bytes unused, uint32_t len unused,
		   int is_stderr unused, void *data)
{
	struct chan *c = data;

	*c->is_dirty = true;
	return 0; /* it stays with libssh until the process can take it */
}

static void on_eof(ssh_session ssh unused, ssh_channel ch unused, void *data)
{
	struct chan *c = data;

	c->input_ended = true;
	*c->is_dirty = true;
}

static void on_close(ssh_session ssh unused, ssh_channel ch unused, void *data)
{
	struct chan *c = data;

	c->client_closed = true;
	*c->is_dirty = true;
}

ssh_channel chan_open(struct chan *c, ssh_session ssh,
		      const struct session_base *base, bool *is_dirty)
{
	ssh_channel ch = ssh_channel_new(ssh);

	if (!ch)
		return NULL;
	*c = (struct chan){
		.state = CHAN_WAITING,
		.ssh = ch,
		.base = base,
		.is_dirty = is_dirty,
		.session = SESSION_INIT,
		.input = BUF_INIT(INPUT_MAX),
		.callbacks = {
			.userdata = c,
			.channel_pty_request_function = on_pty,
			.channel_pty_window_change_function = on_resize,
			.channel_env_request_function = on_env,
			.channel_signal_function = on_signal,
			.channel_exec_request_function = on_exec,
			.channel_shell_request_function = on_shell,
			.channel_data_function = on_data,
			.channel_eof_function = on_eof,
			.channel_close_function = on_close,
		},
	};
	ssh_callbacks_init(&c->callbacks);
	if (ssh_set_channel_callbacks(ch, &c->callbacks) != SSH_OK) {
		ssh_channel_free(ch);
		*c = (struct chan){ .state = CHAN_FREE };
		return NULL;
	}
	return ch;
}

/* May bytes be sent now without piling up here or in libssh? */
static bool can_send(const struct chan *c, ssh_session ssh)
{
	return ssh_channel_window_size(c->ssh) > 0 &&
	       !(ssh_get_poll_flags(ssh) & SSH_WRITE_PENDING);
}

static bool send_held(struct chan *c, struct chan_output *o)
{
	int n = o->is_stderr
			? ssh_channel_write_stderr(c->ssh, o->data + o->start,
						   (uint32_t)o->len)
			: ssh_channel_write(c->ssh, o->data + o->start,
					    (uint32_t)o->len);

	/* An error means that the client is gone: drop what it will not get. */
	if (n < 0) {
		o->len = 0;
		fd_close(o->fd);
		return true;
	}
	o->start += (size_t)n;
	o->len -= (size_t)n;
	return n > 0;
}

/* Reads a chunk; true when there was one, or the end. */
static bool read_chunk(struct chan_output *o)
{
	ssize_t n = read(*o->fd, o->data, CHAN_CHUNK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* EIO is how a terminal says that nobody has it open any more. */
	if (n <= 0) {
		fd_close(o->fd);
		return true;
	}
	o->start = 0;
	o->len = (size_t)n;
	return true;
}

/* Returns whether anything moved. */
static bool pump_output(struct chan *c, struct chan_output *o, ssh_session ssh)
{
	bool moved = false;

	while (o->fd && (o->len || *o->fd >= 0) && can_send(c, ssh)) {
		if (!(o->len ? send_held(c, o) : read_chunk(o)))
			break;
		moved = true;
	}
	return moved;
}

static bool has_input(const struct chan *c)
{
	return c->input_start < c->input.len;
}

/* Takes all that libssh has; see the theory of operation. */
static void take_input(struct chan *c)
{
	int n = ssh_channel_poll(c->ssh, 0);
	char *room;

	buf_reset(&c->input);
	c->input_start = 0;
	/* More than the window: the client does not keep to the protocol. */
	if (n <= 0 || buf_room(&c->input, (size_t)n, &room, ERR_IGNORE) < 0)
		return;
	n = ssh_channel_read_nonblocking(c->ssh, room, (uint32_t)n, 0);
	if (n > 0)
		buf_grew(&c->input, (size_t)n);
}

/* Writes what is held; false when the process takes no more for now. */
static bool write_input(struct chan *c)
{
	ssize_t n = write(c->session.in, c->input.data + c->input_start,
			  c->input.len - c->input_start);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		/* It does not read any more: nothing is owed to it. */
		c->input_start = c->input.len;
		if (!c->term)
			fd_close(&c->session.in);
		return false;
	}
	c->input_start += (size_t)n;
	return true;
}

static void pump_input(struct chan *c)
{
	while (c->session.in >= 0) {
		if (!has_input(c))
			take_input(c);
		if (!has_input(c))
			break;
		if (!write_input(c))
			return;
	}
	/* A terminal has no end of file but a character that users type. */
	if (c->input_ended && !c->term)
		fd_close(&c->session.in);
}

static bool output_is_sent(const struct chan *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->output); i++) {
		const struct chan_output *o = &c->output[i];

		if (o->fd && (o->len || *o->fd >= 0))
			return false;
	}
	return true;
}

static bool output_is_held(const struct chan *c)
{
	return c->output[0].len || c->output[1].len;
}

/*
 * A signal is reported as such and as 128 + its number: RFC 4254 has either,
 * but many clients, OpenSSH's among them, only look at the status.
 */
static void send_exit(const struct chan *c)
{
	int sig = WIFSIGNALED(c->status) ? WTERMSIG(c->status) : 0;
	const char *name = session_signal_name(sig);

	/* When the client is gone there is nobody to tell. */
	if (name)
		ssh_channel_request_send_exit_signal(
			c->ssh, name, WCOREDUMP(c->status), "", "");
	ssh_channel_request_send_exit_status(
		c->ssh, sig ? 128 + sig : WEXITSTATUS(c->status));
}

static void drain(struct chan *c, ssh_session ssh, bool moved, int64_t now_ns)
{
	bool is_blocked = output_is_held(c) || !can_send(c, ssh);

	/* The process's silence counts, not the client's slowness. */
	if (moved || is_blocked)
		c->quiet_end_ns = now_ns + QUIET_NS;
	if (is_blocked)
		c->drain_end_ns = now_ns + DRAIN_NS;
	if (!output_is_sent(c) && now_ns < c->quiet_end_ns &&
	    now_ns < c->drain_end_ns)
		return;
	send_exit(c);
	session_release(&c->session);
	c->state = CHAN_CLOSING;
}

/* libssh keeps the channel until the client has closed it, too. */
static void give_up(struct chan *c)
{
	ssh_remove_channel_callbacks(c->ssh, &c->callbacks);
	ssh_channel_free(c->ssh);
	chan_release(c);
}

static void finish_close(struct chan *c)
{
	/* "Again" while the socket takes no more: the next service tries. */
	if (ssh_channel_close(c->ssh) != SSH_AGAIN)
		give_up(c);
}

void chan_service(struct chan *c, ssh_session ssh, int64_t now_ns)
{
	bool moved = false;

	if (c->state == CHAN_FREE)
		return;
	if (c->client_closed || ssh_channel_is_closed(c->ssh)) {
		give_up(c);
		return;
	}
	if (c->state == CHAN_RUNNING && session_reap(&c->session, &c->status)) {
		c->state = CHAN_DRAINING;
		c->quiet_end_ns = now_ns + QUIET_NS;
		c->drain_end_ns = now_ns + DRAIN_NS;
		if (!c->term)
			fd_close(&c->session.in);
	}
	if (c->state == CHAN_RUNNING)
		pump_input(c);
	if (c->state == CHAN_RUNNING || c->state == CHAN_DRAINING) {
		for (size_t i = 0; i < ARRAY_SIZE(c->output); i++)
			moved |= pump_output(c, &c->output[i], ssh);
	}
	if (c->state == CHAN_DRAINING)
		drain(c, ssh, moved, now_ns);
	if (c->state == CHAN_CLOSING)
		finish_close(c);
}

static size_t poll_output(const struct chan *c, ssh_session ssh,
			  struct pollfd *out)
{
	size_t n = 0;

	if (!can_send(c, ssh))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(c->output); i++) {
		const struct chan_output *o = &c->output[i];

		if (o->fd && !o->len && *o->fd >= 0)
			out[n++] = (struct pollfd){ .fd = *o->fd,
						    .events = POLLIN };
	}
	return n;
}

size_t chan_poll(struct chan *c, ssh_session ssh,
		 struct pollfd out[CHAN_POLL_MAX], int64_t *deadline_ns)
{
	size_t n = 0;

	if (c->state == CHAN_RUNNING) {
		out[n++] = (struct pollfd){ .fd = c->session.pidfd,
					    .events = POLLIN };
		if (has_input(c) && c->session.in >= 0)
			out[n++] = (struct pollfd){ .fd = c->session.in,
						    .events = POLLOUT };
	}
	if (c->state == CHAN_RUNNING || c->state == CHAN_DRAINING)
		n += poll_output(c, ssh, out + n);
	if (c->state == CHAN_DRAINING && c->quiet_end_ns < *deadline_ns)
		*deadline_ns = c->quiet_end_ns;
	return n;
}

void chan_release(struct chan *c)
{
	if (c->state == CHAN_FREE)
		return;
	session_release(&c->session);
	for (size_t i = 0; i < ARRAY_SIZE(c->output); i++)
		free(c->output[i].data);
	free(c->term);
	strv_release(&c->client_env);
	buf_release(&c->input);
	*c = (struct chan){ .state = CHAN_FREE };
}
