// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_pump.c - stdin, stdout and stderr of a command in the guest.
 *
 * Theory of operation: every event ends in pump_turn(), which moves whatever
 * can be moved in every direction and then arms exactly the descriptors that
 * can change the situation. So no event needs to know about the others.
 *
 * The guest is hostile, and libssh buffers without limit: data beyond its
 * window, requests beyond our replies, writes to a peer that does not read.
 * What bounds us:
 *
 * - Output: the channel callback takes everything at once, and the socket is
 *   not read while an output has SSH_OUTPUT_HIGH waiting. A slow reader of
 *   our stdout thus stops the guest by TCP, whatever the guest thinks of
 *   windows. libssh holds less than one packet.
 * - Input: one chunk is under way at a time, see ssh_input.c.
 * - Replies: while replies wait to be sent and none leaves, only REPLY_LAG_MAX
 *   more input is processed.
 *
 * While the socket is not read its keepalive is suspended: a guest that we do
 * not listen to cannot miss one.
 */
#include "infra/ssh/ssh_pump.h"

#include <errno.h>
#include <libssh/server.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/ssh/ssh_signal.h"
#include "infra/sys/fd.h"

#define TURN_BUDGET	     32 /* reads before others get their turn */
#define REPLY_LAG_MAX	     ((uint64_t)16 * 1024 * 1024) /* bytes */
#define KEEPALIVE_MISSED_MAX 3
#define CANCEL_GRACE_NS	     INT64_C(2000000000)
#define NS_PER_MS	     1000000
#define MS_PER_SEC	     1000

enum { OUT, ERR_OUT };

static int pump_turn(struct ssh_pump *p, struct err *err);

/* What the guest says: called from within libssh, only takes note. */

static int on_data(ssh_session session unused, ssh_channel channel unused,
		   void *data, uint32_t len, int is_stderr, void *userdata)
{
	struct ssh_pump *p = userdata;
	struct ssh_output *o = &p->out[is_stderr ? ERR_OUT : OUT];

	if (ssh_output_add(o, data, len, ERR_IGNORE) < 0)
		p->overflowed = true; /* pump_turn() makes it an error */
	return (int)len;
}

static void on_eof(ssh_session session unused, ssh_channel channel unused,
		   void *userdata)
{
	struct ssh_pump *p = userdata;

	p->eof = true;
}

static void on_close(ssh_session session unused, ssh_channel channel unused,
		     void *userdata)
{
	struct ssh_pump *p = userdata;

	p->closed = true;
}

/* The first word about the end counts. */
static void set_result(struct ssh_pump *p, struct session_result result)
{
	if (!p->has_exit)
		p->result = result;
	p->has_exit = true;
}

static void on_exit_status(ssh_session session unused,
			   ssh_channel channel unused, int status,
			   void *userdata)
{
	set_result(userdata, ssh_exit_from_status((uint32_t)status));
}

static void on_exit_signal(ssh_session session unused,
			   ssh_channel channel unused, const char *name,
			   int core unused, const char *message unused,
			   const char *language unused, void *userdata)
{
	set_result(userdata, ssh_exit_from_signal(name));
}

static bool is_paused(const struct ssh_pump *p)
{
	return ssh_output_waiting(&p->out[OUT]) >= SSH_OUTPUT_HIGH ||
	       ssh_output_waiting(&p->out[ERR_OUT]) >= SSH_OUTPUT_HIGH;
}

/* Does nothing when a kick is pending already. */
static void kick(struct ssh_pump *p)
{
	static const uint64_t one = 1;
	ssize_t n = write(p->kick_fd, &one, sizeof(one));

	assert(n == sizeof(one) || errno == EAGAIN);
}

/* Does the guest make us queue replies that it never reads? */
static int check_stuck(struct ssh_pump *p, struct err *err)
{
	const struct ssh_counter_struct *t = &p->link->traffic;

	if (t->out_bytes != p->stuck_out ||
	    !(ssh_get_poll_flags(p->link->session) & SSH_WRITE_PENDING)) {
		p->stuck_out = t->out_bytes;
		p->stuck_in = t->in_bytes;
		return 0;
	}
	if (t->in_bytes - p->stuck_in > REPLY_LAG_MAX)
		return err_set(err, ERR_PROTOCOL,
			       "the guest sends but does not read");
	return 0;
}

static int receive(struct ssh_pump *p, struct err *err)
{
	for (int i = 0; i < TURN_BUDGET; i++) {
		int rc;

		if (p->lost || p->closed || is_paused(p))
			return 0;
		rc = ssh_event_dopoll(p->link->event, 0);
		if (p->overflowed)
			return err_set(err, ERR_PROTOCOL,
				       "the guest sent too much at once");
		if (rc == SSH_ERROR || ssh_get_status(p->link->session) &
					       (SSH_CLOSED | SSH_CLOSED_ERROR))
			p->lost = true;
		else if (rc != SSH_OK)
			return check_stuck(p, err);
		if (check_stuck(p, err) < 0)
			return -1;
	}
	kick(p);
	return 0;
}

static int flush_outputs(struct ssh_pump *p, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->out); i++)
		if (ssh_output_flush(&p->out[i], err) < 0)
			return -1;
	/* The command learns what its own write() would have told it. */
	if (p->out[OUT].kind == SSH_OUTPUT_BROKEN && !p->sent_pipe_signal &&
	    !p->finished) {
		p->sent_pipe_signal = true;
		/* A broken connection shows itself at the next read. */
		(void)ssh_channel_request_send_signal(p->link->channel, "PIPE");
	}
	return 0;
}

/* The socket: readable unless we are paused; not at all once it is over. */
static int watch_link(struct ssh_pump *p, loop_handler *handler,
		      struct err *err)
{
	if (p->finished || is_paused(p)) {
		loop_remove(p->loop, &p->link_source);
		return 0;
	}
	if (p->link_source.fd < 0)
		return loop_add(p->loop, &p->link_source, p->link->fd,
				ssh_link_events(p->link), handler, err);
	return loop_change(p->loop, &p->link_source, ssh_link_events(p->link),
			   err);
}

static int on_event(struct loop_source *src, uint32_t events unused,
		    struct err *err)
{
	return pump_turn(container_of(src, struct ssh_pump, link_source), err);
}

static void finish(struct ssh_pump *p)
{
	p->finished = true;
	ssh_input_stop(&p->in);
	loop_remove(p->loop, &p->keepalive_source);
}

static int send_input(struct ssh_pump *p, struct err *err)
{
	int r = ssh_input_send(&p->in, p->link, err);

	if (r > 0)
		kick(p);
	return r < 0 ? -1 : 0;
}

static int pump_turn(struct ssh_pump *p, struct err *err)
{
	if (!p->finished && receive(p, err) < 0)
		return -1;
	if (!p->finished && (p->lost || p->closed || (p->eof && p->has_exit)))
		finish(p);
	if (flush_outputs(p, err) < 0)
		return -1;
	if (!p->finished && send_input(p, err) < 0)
		return -1;
	/* Room again: what waits in the socket may be old news to epoll. */
	if (watch_link(p, on_event, err) < 0)
		return -1;
	p->done = p->finished && ssh_output_waiting(&p->out[OUT]) == 0 &&
		  ssh_output_waiting(&p->out[ERR_OUT]) == 0;
	return 0;
}

static int on_stdout(struct loop_source *src, uint32_t events unused,
		     struct err *err)
{
	struct ssh_pump *p =
		container_of(src, struct ssh_pump, out[OUT].source);

	ssh_output_ready(&p->out[OUT]);
	return pump_turn(p, err);
}

static int on_stderr(struct loop_source *src, uint32_t events unused,
		     struct err *err)
{
	struct ssh_pump *p =
		container_of(src, struct ssh_pump, out[ERR_OUT].source);

	ssh_output_ready(&p->out[ERR_OUT]);
	return pump_turn(p, err);
}

static int on_stdin(struct loop_source *src, uint32_t events unused,
		    struct err *err)
{
	struct ssh_pump *p = container_of(src, struct ssh_pump, in.source);

	ssh_input_ready(&p->in);
	return pump_turn(p, err);
}

static int on_kick(struct loop_source *src, uint32_t events unused,
		   struct err *err)
{
	struct ssh_pump *p = container_of(src, struct ssh_pump, kick_source);
	uint64_t count;

	/* Only takes the event away; the count does not matter. */
	discard(read(p->kick_fd, &count, sizeof(count)));
	return pump_turn(p, err);
}

static int on_keepalive(struct loop_source *src, uint32_t events unused,
			struct err *err)
{
	struct ssh_pump *p =
		container_of(src, struct ssh_pump, keepalive_source);
	uint64_t expirations, seen = p->link->traffic.in_bytes;

	discard(read(p->keepalive_fd, &expirations, sizeof(expirations)));
	if (is_paused(p)) {
		p->keepalive_asked = false;
		return 0;
	}
	if (!p->keepalive_asked || seen != p->keepalive_seen)
		p->keepalive_missed = 0;
	else if (++p->keepalive_missed >= KEEPALIVE_MISSED_MAX)
		return err_set(err, ERR_PROTOCOL,
			       "the guest does not answer any more");
	p->keepalive_seen = seen;
	p->keepalive_asked = true;
	/*
	 * Twice: when the last one was answered the first call only takes
	 * note of it, and while one is unanswered none is sent.
	 */
	(void)ssh_send_keepalive(p->link->session);
	(void)ssh_send_keepalive(p->link->session);
	return pump_turn(p, err);
}

static void on_winch(void *data)
{
	struct ssh_pump *p = data;
	struct terminal_size size = terminal_size(p->terminal);

	if (p->finished || (size.columns == p->link->size.columns &&
			    size.rows == p->link->size.rows))
		return;
	p->link->size = size;
	/* Fails only with the connection, which the next read tells. */
	(void)ssh_channel_change_pty_size(p->link->channel, size.columns,
					  size.rows);
	kick(p);
}

static int open_all(struct ssh_pump *p, const int fds[3], struct err *err)
{
	p->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->kick_fd < 0)
		return err_sys(err, errno, "create an event descriptor");
	p->keepalive_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->keepalive_fd < 0)
		return err_sys(err, errno, "create a timer");
	if (ssh_input_open(&p->in, p->loop, fds[0], on_stdin, err) < 0 ||
	    ssh_output_open(&p->out[OUT], p->loop, fds[1], on_stdout, err) <
		    0 ||
	    ssh_output_open(&p->out[ERR_OUT], p->loop, fds[2], on_stderr, err) <
		    0)
		return -1;
	/* Nothing is known to be broken before the first write. */
	p->sent_pipe_signal = p->out[OUT].kind == SSH_OUTPUT_BROKEN;
	return 0;
}

int ssh_pump_open(struct ssh_pump *p, struct loop *loop, const int fds[3],
		  struct err *err)
{
	*p = (struct ssh_pump){
		.loop = loop,
		.link_source = LOOP_SOURCE_INIT,
		.out = { SSH_OUTPUT_INIT, SSH_OUTPUT_INIT },
		.in = SSH_INPUT_INIT,
		.keepalive_fd = -1,
		.keepalive_source = LOOP_SOURCE_INIT,
		.kick_fd = -1,
		.kick_source = LOOP_SOURCE_INIT,
		.callbacks = {
			.userdata = p,
			.channel_data_function = on_data,
			.channel_eof_function = on_eof,
			.channel_close_function = on_close,
			.channel_exit_status_function = on_exit_status,
			.channel_exit_signal_function = on_exit_signal,
		},
	};
	ssh_callbacks_init(&p->callbacks);
	if (open_all(p, fds, err) < 0) {
		ssh_pump_close(p);
		return -1;
	}
	return 0;
}

void ssh_pump_close(struct ssh_pump *p)
{
	loop_remove(p->loop, &p->link_source);
	loop_remove(p->loop, &p->keepalive_source);
	loop_remove(p->loop, &p->kick_source);
	ssh_input_close(&p->in);
	ssh_output_close(&p->out[OUT]);
	ssh_output_close(&p->out[ERR_OUT]);
	fd_close(&p->keepalive_fd);
	fd_close(&p->kick_fd);
}

static int start(struct ssh_pump *p, int keepalive_ms, struct err *err)
{
	const struct timespec period = {
		.tv_sec = keepalive_ms / MS_PER_SEC,
		.tv_nsec = keepalive_ms % MS_PER_SEC * NS_PER_MS,
	};
	const struct itimerspec when = { .it_value = period,
					 .it_interval = period };

	if (timerfd_settime(p->keepalive_fd, 0, &when, NULL) < 0)
		return err_sys(err, errno, "start a timer");
	if (loop_add(p->loop, &p->keepalive_source, p->keepalive_fd, EPOLLIN,
		     on_keepalive, err) < 0 ||
	    loop_add(p->loop, &p->kick_source, p->kick_fd, EPOLLIN, on_kick,
		     err) < 0)
		return -1;
	if (p->terminal) {
		loop_on_winch(p->loop, on_winch, p);
		/* It may have changed while the connection was opened. */
		on_winch(p);
	}
	return pump_turn(p, err);
}

/* Tells the command and gives it a moment; a second signal cuts it short. */
static int cancel(struct ssh_pump *p, struct err *err)
{
	loop_forgive(p->loop);
	if (!p->finished) {
		/* When it cannot be sent the grace period just passes. */
		(void)ssh_channel_request_send_signal(p->link->channel, "TERM");
		/* The command's end, its failure and our patience's are one. */
		discard(loop_run(p->loop, &p->done,
				 clock_now_ns() + CANCEL_GRACE_NS, ERR_IGNORE));
	}
	return err_set(err, ERR_CANCELLED, "session interrupted");
}

static int conclude(struct ssh_pump *p, struct session_result *out,
		    struct err *err)
{
	static const char *const names[] = { "standard output",
					     "standard error" };
	const bool complete = p->eof || p->closed;

	/* Without an end of its output some of it may be missing. */
	if (p->lost && (!p->has_exit || !complete)) {
		auto_free char *reason = ssh_link_reason(p->link);

		return err_set(err, ERR_PROTOCOL,
			       "connection to the guest was lost%s%s",
			       *reason ? ": " : "", reason);
	}
	if (!p->has_exit)
		return err_set(err, ERR_PROTOCOL,
			       "the guest ended the session without saying "
			       "how the command ended");
	for (size_t i = 0; i < ARRAY_SIZE(p->out); i++)
		if (p->out[i].failed)
			return err_sys(err, p->out[i].failed, "write %s",
				       names[i]);
	*out = p->result;
	return 0;
}

int ssh_pump_run(struct ssh_pump *p, struct ssh_link *link,
		 struct terminal *terminal, int keepalive_ms,
		 struct session_result *out, struct err *err)
{
	int r;

	p->link = link;
	p->terminal = terminal;
	r = start(p, keepalive_ms, err);
	if (r == 0)
		r = loop_run(p->loop, &p->done, /* deadline_ns */ 0, err);
	if (r < 0 && err->kind == ERR_CANCELLED)
		r = cancel(p, err);
	if (terminal)
		loop_on_winch(p->loop, NULL, NULL);
	return r < 0 ? -1 : conclude(p, out, err);
}
