// SPDX-License-Identifier: Apache-2.0
/*
 * connection.c - one SSH connection, a process of its own.
 *
 * A connection cannot hurt another one, or PID 1: whatever libssh does with
 * what it is sent happens here, without privileges but to become the user.
 */
#include "guest/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/callbacks.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/chan.h"
#include "guest/harden.h"
#include "infra/sys/fd.h"
#include "infra/sys/loop.h"

#define HANDSHAKE_S 30
#define GOODBYE_MS  1000
#define NS_PER_MS   1000000
#define SOCKET_FD   (STDERR_FILENO + 1)
#define POLL_MAX    (1 + CONNECTION_CHANNELS_MAX * CHAN_POLL_MAX)

struct connection {
	const struct connection_config *config;
	ssh_session ssh;
	ssh_event event;
	struct ssh_server_callbacks_struct callbacks;
	struct chan channels[CONNECTION_CHANNELS_MAX];
	bool is_authenticated;
	bool is_refused; /* one failed attempt is enough */
	bool is_dirty;	 /* something came while channels were served */
};

/* In constant time: how far a guess is right must not show. */
static bool is_same(const char *a, const char *b, size_t len)
{
	volatile unsigned char differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

static bool is_authorized(const struct connection *conn, ssh_key key)
{
	const char *want = conn->config->authorized;
	char *have = NULL;
	bool same;

	if (ssh_pki_export_pubkey_base64(key, &have) != SSH_OK)
		return false;
	/* The type of the key is the beginning of what is compared. */
	same = strlen(have) == strlen(want) &&
	       is_same(have, want, strlen(want));
	ssh_string_free_char(have);
	return same;
}

static int on_key(ssh_session ssh unused, const char *user unused,
		  struct ssh_key_struct *key, char state, void *data)
{
	struct connection *conn = data;

	if (!is_authorized(conn, key) || (state != SSH_PUBLICKEY_STATE_NONE &&
					  state != SSH_PUBLICKEY_STATE_VALID)) {
		conn->is_refused = true;
		return SSH_AUTH_DENIED;
	}
	if (state == SSH_PUBLICKEY_STATE_VALID) {
		conn->is_authenticated = true;
		alarm(0);
	}
	return SSH_AUTH_SUCCESS;
}

static int on_password(ssh_session ssh unused, const char *user unused,
		       const char *password unused, void *data)
{
	struct connection *conn = data;

	conn->is_refused = true;
	return SSH_AUTH_DENIED;
}

static ssh_channel on_open(ssh_session ssh, void *data)
{
	struct connection *conn = data;

	if (!conn->is_authenticated)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(conn->channels); i++) {
		struct chan *c = &conn->channels[i];

		if (c->state == CHAN_FREE)
			return chan_open(c, ssh, conn->config->base,
					 &conn->is_dirty);
	}
	return NULL;
}

/* Everything that has no callback: other channels, subsystems, forwarding. */
static int on_other(ssh_session ssh unused, ssh_message msg unused,
		    void *data unused)
{
	return 1; /* libssh refuses it */
}

/* Above 2 the socket is all that stays of what PID 1 has open. */
static int keep_only(int fd, struct err *err)
{
	if (dup3(fd, SOCKET_FD, O_CLOEXEC) < 0 && errno != EINVAL)
		return err_sys(err, errno, "move the socket");
	if (close_range(SOCKET_FD + 1, UINT_MAX, 0) < 0)
		return err_sys(err, errno, "close descriptors");
	return 0;
}

static int set_signals(struct err *err)
{
	sigset_t none;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return err_sys(err, errno, "unblock signals");
	return 0;
}

/* When memory is out the agent must go, not the way to it. */
static int outlive(struct err *err)
{
	auto_close int fd =
		open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open the out-of-memory score");
	return fd_write_all(fd, "-1000", 5, err);
}

static int shake_hands(struct connection *conn, struct err *err)
{
	conn->ssh = ssh_new();
	conn->event = ssh_event_new();
	if (!conn->ssh || !conn->event)
		return err_set(err, ERR_LIMIT, "no memory for a connection");
	conn->callbacks = (struct ssh_server_callbacks_struct){
		.userdata = conn,
		.auth_pubkey_function = on_key,
		.auth_password_function = on_password,
		.channel_open_request_session_function = on_open,
	};
	ssh_callbacks_init(&conn->callbacks);
	ssh_set_server_callbacks(conn->ssh, &conn->callbacks);
	ssh_set_message_callback(conn->ssh, on_other, conn);
	ssh_set_auth_methods(conn->ssh, SSH_AUTH_METHOD_PUBLICKEY);
	if (ssh_bind_accept_fd(conn->config->bind, conn->ssh, SOCKET_FD) !=
		    SSH_OK ||
	    ssh_handle_key_exchange(conn->ssh) != SSH_OK)
		return err_set(err, ERR_PROTOCOL, "%s",
			       ssh_get_error(conn->ssh));
	ssh_set_blocking(conn->ssh, 0);
	if (ssh_event_add_session(conn->event, conn->ssh) != SSH_OK)
		return err_set(err, ERR_LIMIT, "no memory for a connection");
	return 0;
}

static void serve_channels(struct connection *conn)
{
	/* libssh reads packets while it writes others: serve until quiet. */
	do {
		conn->is_dirty = false;
		for (size_t i = 0; i < ARRAY_SIZE(conn->channels); i++)
			chan_service(&conn->channels[i], conn->ssh,
				     clock_now_ns());
	} while (conn->is_dirty);
}

static bool is_of_a_channel(const struct connection *conn, pid_t pid)
{
	for (size_t i = 0; i < ARRAY_SIZE(conn->channels); i++) {
		if (conn->channels[i].session.pid == pid)
			return true;
	}
	return false;
}

/* Processes whose channel the client has closed. */
static void reap_strays(const struct connection *conn)
{
	siginfo_t info = { .si_pid = 0 };

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid && !is_of_a_channel(conn, info.si_pid)) {
		waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

/* Waits for something to do; false when the connection is over. */
static bool wait_for_work(struct connection *conn)
{
	struct pollfd fds[POLL_MAX] = { { .fd = SOCKET_FD, .events = POLLIN } };
	int64_t now_ns = clock_now_ns(), deadline_ns = INT64_MAX;
	int timeout_ms = -1;
	size_t n = 1;

	if (ssh_get_poll_flags(conn->ssh) & SSH_WRITE_PENDING)
		fds[0].events |= POLLOUT;
	for (size_t i = 0; i < ARRAY_SIZE(conn->channels); i++)
		n += chan_poll(&conn->channels[i], conn->ssh, fds + n,
			       &deadline_ns);
	if (deadline_ns <= now_ns)
		timeout_ms = 0;
	else if (deadline_ns != INT64_MAX)
		timeout_ms = (int)((deadline_ns - now_ns) / NS_PER_MS) + 1;
	if (poll(fds, n, timeout_ms) < 0)
		return errno == EINTR;
	if (!fds[0].revents)
		return true;
	return ssh_event_dopoll(conn->event, 0) != SSH_ERROR;
}

static void serve(struct connection *conn)
{
	do {
		serve_channels(conn);
		reap_strays(conn);
	} while (!conn->is_refused && ssh_is_connected(conn->ssh) &&
		 wait_for_work(conn));
	/* A client that is refused should still read that it is. */
	ssh_blocking_flush(conn->ssh, GOODBYE_MS);
	for (size_t i = 0; i < ARRAY_SIZE(conn->channels); i++)
		chan_release(&conn->channels[i]);
}

_Noreturn void connection_serve(const struct connection_config *config, int fd)
{
	static struct connection conn;
	struct err err = ERR_INIT;

	alarm(HANDSHAKE_S);
	conn.config = config;
	if (set_signals(&err) < 0 || keep_only(fd, &err) < 0 ||
	    outlive(&err) < 0 || harden_connection(&err) < 0 ||
	    shake_hands(&conn, &err) < 0) {
		dprintf(STDERR_FILENO, "bbox-init: connection: %s\n", err.msg);
		_exit(1);
	}
	serve(&conn);
	_exit(0);
}
