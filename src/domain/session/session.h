/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - ports: the user's terminal, and a command run in the guest.
 */
#ifndef BBOX_DOMAIN_SESSION_SESSION_H
#define BBOX_DOMAIN_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/vm/vm.h"

/* One session's key pairs: the guest knows one half, bbox the other. */
struct session_keys {
	char *client_private; /* owned like all; PEM or OpenSSH text */
	char *client_public;  /* one authorized_keys line, no newline */
	char *host_private;   /* PEM or OpenSSH text, goes to the guest */
	char *host_public;    /* one line "type base64" */
};

#define SESSION_KEYS_INIT ((struct session_keys){ .client_private = NULL })

/* Wipes the private halves, then frees. */
void session_keys_release(struct session_keys *k);

struct terminal_size {
	uint16_t columns, rows;
};

struct terminal;

struct terminal_ops {
	bool (*is_interactive)(struct terminal *t);
	struct terminal_size (*size)(struct terminal *t);
	int (*make_raw)(struct terminal *t, struct err *err);
	void (*restore)(struct terminal *t);
};

struct terminal {
	const struct terminal_ops *ops;
};

/* Is standard input a terminal? */
static inline bool terminal_is_interactive(struct terminal *t)
{
	return t->ops->is_interactive(t);
}

/* 80x24 when it is not known. */
static inline struct terminal_size terminal_size(struct terminal *t)
{
	return t->ops->size(t);
}

/* Does nothing when not interactive or raw already. */
static inline must_check int terminal_make_raw(struct terminal *t,
					       struct err *err)
{
	return t->ops->make_raw(t, err);
}

/* May be called any number of times. */
static inline void terminal_restore(struct terminal *t)
{
	t->ops->restore(t);
}

struct session_request {
	const char *command; /* borrowed; a shell command line */
};

struct session_result {
	int exit_code;	      /* of the command; 128 + n for signal n */
	char signal_name[16]; /* "KILL", ...; empty for an ordinary exit */
};

struct session_runner;

struct session_runner_ops {
	int (*make_keys)(struct session_runner *r, struct session_keys *out,
			 struct err *err);
	int (*attach)(struct session_runner *r, struct vm *vm,
		      const struct session_keys *keys,
		      const struct session_request *request,
		      struct session_result *out, struct err *err);
};

struct session_runner {
	const struct session_runner_ops *ops;
};

static inline must_check int session_runner_make_keys(struct session_runner *r,
						      struct session_keys *out,
						      struct err *err)
{
	return r->ops->make_keys(r, out, err);
}

/**
 * session_runner_attach() - run a command in the guest on the user's terminal
 * @out:	set on success, which is any end of the command
 * @err:	ERR_CANCELLED after SIGINT or SIGTERM (the command got TERM),
 *		ERR_PROTOCOL when the connection broke, ERR_TIMEOUT
 *
 * With a terminal on standard input: PTY, raw mode, resize. Without: three
 * separate streams. Output is complete when this returns.
 */
static inline must_check int
session_runner_attach(struct session_runner *r, struct vm *vm,
		      const struct session_keys *keys,
		      const struct session_request *request,
		      struct session_result *out, struct err *err)
{
	return r->ops->attach(r, vm, keys, request, out, err);
}

#endif /* BBOX_DOMAIN_SESSION_SESSION_H */
