/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - child processes: described in a struct, started by one function,
 * held by a pidfd, dead when we are.
 *
 * Nothing is inherited by accident: the environment is complete, descriptors
 * that are not named are closed, signals are reset, the path is absolute. The
 * child is in a session of its own and gets SIGKILL when bbox dies, however
 * bbox dies (PR_SET_PDEATHSIG).
 */
#ifndef BBOX_INFRA_SYS_PROC_H
#define BBOX_INFRA_SYS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strv.h"

/* One path that a caged child may use, see proc_spec.cage. */
struct proc_cage_rule {
	const char *path; /* borrowed; a missing path is skipped */
	bool writable;
};

struct sock_fprog; /* <linux/filter.h> */

struct proc_spec {
	const char *path;	 /* absolute; borrowed like all below */
	const char *const *argv; /* NULL-terminated, with argv[0] */
	const char *const *envp; /* NULL-terminated, complete */
	const char *cwd;	 /* NULL means "/" */
	int stdio[3];		 /* -1 means /dev/null */

	/*
	 * Descriptors the child keeps under the same number, -1 ends the
	 * list; NULL means none. They may be close-on-exec here.
	 */
	const int *keep_fds;

	/*
	 * A user namespace in which the caller's uid and gid appear as
	 * @userns_id and the child holds all capabilities; 0 means none.
	 */
	uid_t userns_id;

	/*
	 * Landlock: only these paths can be reached, for reading and
	 * executing, or also writing. NULL path ends the list; NULL means no
	 * cage. Best effort: without Landlock the child runs uncaged. Implies
	 * @no_new_privs. Descriptors that are passed on are not affected.
	 */
	const struct proc_cage_rule *cage;

	/* The child, and what it executes, can never gain privileges. */
	bool no_new_privs;

	/*
	 * A seccomp filter put on the child right before its program starts;
	 * NULL means none. Implies @no_new_privs. It must let the program's
	 * start itself pass: execve(2) and the loader's calls.
	 */
	const struct sock_fprog *seccomp;

	/* Stay in the caller's session and process group (for tools). */
	bool keep_session;
};

struct proc {
	pid_t pid;
	int pidfd; /* -1 when there is no child */
};

#define PROC_INIT ((struct proc){ .pid = 0, .pidfd = -1 })

/**
 * proc_spawn() - start a child
 * @out:	set on success; end with proc_stop() or proc_wait()
 * @err:	the child's own failure (missing binary: ERR_NOT_FOUND), named
 */
must_check int proc_spawn(const struct proc_spec *spec, struct proc *out,
			  struct err *err);

/**
 * proc_wait() - wait for the child's end and reap it
 * @timeout_ms:	-1 waits for ever; ERR_TIMEOUT leaves the child as it is
 * @code:	exit code, or 128 + signal; may be NULL
 */
must_check int proc_wait(struct proc *p, int timeout_ms, int *code,
			 struct err *err);

must_check int proc_signal(const struct proc *p, int sig, struct err *err);

/*
 * SIGTERM, wait @grace_ms, SIGKILL, reap. Does nothing without a child. On
 * return the process is gone.
 */
void proc_stop(struct proc *p, int grace_ms);

/**
 * proc_run() - run a tool to its end
 * @spec:	stdio[1] and stdio[2] of -1 are captured, not discarded
 * @out:	stdout, may be NULL
 * @err:	ERR_SYSTEM with the last line of stderr for a non-zero exit,
 *		ERR_LIMIT when @out is full, ERR_CANCELLED when a SIGINT or
 *		SIGTERM is held back (see loop_catch_signals()); it stays
 *		pending. Whatever happened, the child is gone on return.
 */
struct buf;
must_check int proc_run(const struct proc_spec *spec, struct buf *out,
			struct err *err);

/*
 * Finds @name in $PATH (given as @path_var; NULL means the usual) and then in
 * the sbin directories; the caller frees. Relative entries are not searched.
 * An absolute @name is only checked.
 */
must_check int proc_find(const char *name, const char *path_var, char **out,
			 struct err *err);

/* Is @pid alive and running @exe (absolute path)? */
bool proc_is_running(pid_t pid, const char *exe);

#endif /* BBOX_INFRA_SYS_PROC_H */
