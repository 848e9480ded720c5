/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chan.h - one SSH channel: its requests, its process, its bytes.
 */
#ifndef BBOX_GUEST_CHAN_H
#define BBOX_GUEST_CHAN_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strv.h"
#include "guest/session.h"

#define CHAN_POLL_MAX 4 /* descriptors one channel may want polled */
#define CHAN_CHUNK    ((size_t)32 * 1024) /* bytes */

enum chan_state {
	CHAN_FREE,     /* the slot is empty */
	CHAN_WAITING,  /* open; takes pty-req, env, exec, shell */
	CHAN_RUNNING,  /* the process runs; bytes flow both ways */
	CHAN_DRAINING, /* it has ended; its last output flows */
	CHAN_CLOSING,  /* the exit is told; the close is on its way */
};

/* Output on its way to the client. */
struct chan_output {
	int *fd; /* of the session; NULL when there is no such stream */
	bool is_stderr;
	char *data;	   /* owned; CHAN_CHUNK bytes */
	size_t start, len; /* bytes not sent yet: data[start], @len of them */
};

struct chan {
	enum chan_state state;
	ssh_channel ssh;
	struct ssh_channel_callbacks_struct callbacks;
	const struct session_base *base; /* borrowed */
	bool *is_dirty; /* borrowed; set when a request or data came */

	char *term; /* owned; NULL without a terminal */
	struct winsize size;
	struct strv client_env;
	struct session session;

	struct buf input;   /* for the process, taken from libssh */
	size_t input_start; /* bytes of it that the process has */
	bool input_ended;   /* the client has sent its end of file */
	bool client_closed;
	struct chan_output output[2];
	int status;	      /* of waitpid(2), from CHAN_DRAINING on */
	int64_t quiet_end_ns; /* CHAN_DRAINING: then it is enough */
	int64_t drain_end_ns; /* even when output does not stop */
};

/**
 * chan_open() - answer a client that opens a session channel
 * @c:		an empty slot
 * @is_dirty:	set to true whenever the channel needs service again
 *
 * Return: the channel to accept, NULL when there is no memory for it.
 */
ssh_channel chan_open(struct chan *c, ssh_session ssh,
		      const struct session_base *base, bool *is_dirty);

/* Moves bytes, notices the end of the process, answers it. Never blocks. */
void chan_service(struct chan *c, ssh_session ssh, int64_t now_ns);

/**
 * chan_poll() - say what to wait for
 * @deadline_ns: lowered to when the channel needs service at the latest
 *
 * Return: how many entries of @out were filled.
 */
size_t chan_poll(struct chan *c, ssh_session ssh,
		 struct pollfd out[CHAN_POLL_MAX], int64_t *deadline_ns);

/* Hangs the process up and frees everything but the libssh channel. */
void chan_release(struct chan *c);

#endif /* BBOX_GUEST_CHAN_H */
