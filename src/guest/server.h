/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - the SSH server as PID 1 sees it: a socket, and children.
 */
#ifndef BBOX_GUEST_SERVER_H
#define BBOX_GUEST_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "guest/connection.h"
#include "guest/session.h"

#define SERVER_CONNECTIONS_MAX 4

struct server {
	struct session_base base;
	ssh_bind bind;	  /* owned; holds the host key */
	char *authorized; /* owned; base64 */
	int listen_fd;
	pid_t connections[SERVER_CONNECTIONS_MAX]; /* 0 is a free slot */
};

#define SERVER_INIT \
	((struct server){ .base = SESSION_BASE_INIT, .listen_fd = -1 })

/**
 * server_load_keys() - take the keys of this session
 * @host_key:	PEM
 * @authorized:	lines as in authorized_keys; the first valid key
 *		may log in
 */
must_check int server_load_keys(struct server *s, const char *host_key,
				const char *authorized, struct err *err);

/* Listens; the socket is not accepted from yet. */
must_check int server_listen(struct server *s, struct err *err);

/* Is there room for one more connection? Further ones wait meanwhile. */
bool server_has_room(const struct server *s);
/* Accepts a connection and gives it to a child. */
void server_accept(struct server *s);
/* Frees the slot of a child that was reaped. */
void server_forget(struct server *s, pid_t pid);

#endif /* BBOX_GUEST_SERVER_H */
