/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.h - one SSH connection, a process of its own.
 */
#ifndef BBOX_GUEST_CONNECTION_H
#define BBOX_GUEST_CONNECTION_H

#include <libssh/server.h>

#include "guest/session.h"

#define CONNECTION_CHANNELS_MAX 10

struct connection_config {
	ssh_bind bind;		/* borrowed like all; has the host key */
	const char *authorized; /* base64 of the one key that may log in */
	const struct session_base *base;
};

/**
 * connection_serve() - speak SSH until the client is gone
 * @fd:		the connected socket; taken over
 *
 * For a child of PID 1, which it ends: it gives up its privileges, and when
 * the client does not authenticate in time it is killed.
 */
_Noreturn void connection_serve(const struct connection_config *config, int fd);

#endif /* BBOX_GUEST_CONNECTION_H */
