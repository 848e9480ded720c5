/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - the process behind an SSH channel: how it is started.
 */
#ifndef BBOX_GUEST_SESSION_H
#define BBOX_GUEST_SESSION_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strv.h"

/* The same for every session; read once, at boot. Owned. */
struct session_base {
	struct strv image_env;
	struct strv file_env;
	const char *shell;
	bool has_workspace; /* sessions start there, not in the home */
};

#define SESSION_BASE_INIT ((struct session_base){ .shell = "/bin/sh" })

struct session_spec {
	const struct session_base *base; /* borrowed like all */
	const char *command;		 /* NULL: a login shell */
	const char *term;		 /* NULL: no terminal */
	struct winsize size;		 /* of the terminal */
	const struct strv *client_env;	 /* "NAME=value" */
};

struct session {
	pid_t pid; /* leads a process group; 0 when there is none */
	int pidfd;
	/* Non-blocking, -1 when closed. With a terminal only @in is used. */
	int in;	 /* its stdin, or the terminal in both directions */
	int out; /* its stdout */
	int err; /* its stderr */
};

#define SESSION_INIT \
	((struct session){ .pidfd = -1, .in = -1, .out = -1, .err = -1 })

/**
 * session_start() - run a command as the user
 * @out:	end with session_release()
 *
 * A shell that cannot be executed is reported on the session's stderr, with
 * exit code 126.
 */
must_check int session_start(const struct session_spec *spec,
			     struct session *out, struct err *err);

/**
 * session_rehearse() - run the shell once, for nothing
 *
 * The first session would wait while the shell and its libraries are read and
 * unpacked. A child does that now, as a session would, while the client still
 * shakes hands. Somebody must reap it. A failure costs only the time saved.
 */
void session_rehearse(const struct session_base *base);

/* Signals the process group; nothing happens once it is reaped. */
void session_signal(const struct session *s, int sig);

/* Reaps an ended process: 1 with @status as of waitpid(2), else 0. */
must_check int session_reap(struct session *s, int *status);

/* Hangs up what still runs, closes everything. */
void session_release(struct session *s);

/* "KILL" for SIGKILL: names that RFC 4254 knows, else NULL. */
const char *session_signal_name(int sig);
/* SIGKILL for "KILL"; 0 for a name that is not known. */
int session_signal_number(const char *name);

#endif /* BBOX_GUEST_SESSION_H */
