/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_link.h - an authenticated connection to the guest with one session
 * channel on which a command was started.
 */
#ifndef BBOX_INFRA_SSH_SSH_LINK_H
#define BBOX_INFRA_SSH_SSH_LINK_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

#include "domain/session/session.h"
#include "infra/sys/loop.h"

struct ssh_link_config {
	struct loop *loop; /* borrowed like all pointers */
	const struct session_keys *keys;
	const char *user;
	const char *command;
	struct terminal *terminal; /* a PTY of its size; NULL means no PTY */
	const char *term_name;	   /* with a terminal: its type */
	/* Told about the channel's events from before the command starts. */
	ssh_channel_callbacks callbacks;
	int64_t deadline_ns; /* monotonic, for everything until it runs */
};

struct ssh_link {
	ssh_session session; /* NULL while closed */
	ssh_channel channel;
	ssh_event event;		   /* what processes input */
	struct terminal_size size;	   /* that the guest knows */
	struct ssh_counter_struct traffic; /* bytes on the socket */
	int fd;				   /* same socket as the session's */

	/* Only while opening. */
	const struct ssh_link_config *config;
	struct loop_source source;
	ssh_key client_key;
	size_t step;
	bool opened;
};

#define SSH_LINK_INIT \
	((struct ssh_link){ .fd = -1, .source = LOOP_SOURCE_INIT })

/**
 * ssh_link_open() - handshake, authenticate, start the command
 * @fd:		a connected socket; taken, also on failure
 * @err:	ERR_PROTOCOL (other host key, refused key or command, broken
 *		connection), ERR_TIMEOUT, ERR_CANCELLED
 *
 * Runs the loop. @link must stay where it is until ssh_link_close(). With a
 * terminal it is raw from just before the command starts; the caller
 * restores it on every path.
 */
must_check int ssh_link_open(struct ssh_link *link, int fd,
			     const struct ssh_link_config *config,
			     struct err *err);
/* Any number of times, also after a failed open. Does not wait. */
void ssh_link_close(struct ssh_link *link);

/* EPOLL events that the session waits for. */
uint32_t ssh_link_events(const struct ssh_link *link);
/* The session's last error, made visible; the caller frees. */
must_check char *ssh_link_reason(const struct ssh_link *link);

#endif /* BBOX_INFRA_SSH_SSH_LINK_H */
