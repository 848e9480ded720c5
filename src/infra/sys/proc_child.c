// SPDX-License-Identifier: Apache-2.0
/*
 * proc_child.c - what a child does between fork and exec.
 *
 * Theory of operation
 *
 * One function per step, in the order of the table at the end; each returns
 * 0, or -1 with errno. The order is not free:
 *
 * - Descriptors come early, while everything can still be opened.
 * - The user namespace gives all capabilities; they are made ambient at once,
 *   since an exec by anybody but root drops the others.
 * - Landlock needs no_new_privs (or CAP_SYS_ADMIN), so that comes before it.
 *   Neither takes the ambient capabilities away.
 * - A change of credentials may clear the parent-death signal, so that is
 *   asked for after all of them. Whoever lost its parent before that notices
 *   by a new parent's pid.
 * - A system call filter would stop all of this; behind it there is only the
 *   exec, or the report (write) and exit of one that failed.
 */
#include "infra/sys/proc_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "infra/sys/fd.h"

#define EXIT_SPAWN 127 /* as a shell reports a command that cannot run */

struct child {
	const struct proc_plan *plan;
	const struct proc_spec *spec;
	int report_fd;
};

static int start_session(struct child *c)
{
	if (c->spec->keep_session)
		return 0;
	return setsid() < 0 ? -1 : 0;
}

static int reset_signals(struct child *c unused)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	for (int sig = 1; sig < NSIG; sig++) {
		/* Some cannot be changed: SIGKILL, and those of the libc. */
		if (sig != SIGKILL && sig != SIGSTOP)
			discard(sigaction(sig, &action, NULL));
	}
	return 0;
}

static bool is_kept(const struct child *c, unsigned int fd)
{
	if (fd == (unsigned int)c->report_fd)
		return true;
	for (const int *k = c->spec->keep_fds; k && *k >= 0; k++) {
		if ((unsigned int)*k == fd)
			return true;
	}
	return false;
}

/* The lowest kept descriptor that is not below @from; UINT_MAX for none. */
static unsigned int next_kept(const struct child *c, unsigned int from)
{
	unsigned int best = ~0U;

	if ((unsigned int)c->report_fd >= from)
		best = (unsigned int)c->report_fd;
	for (const int *k = c->spec->keep_fds; k && *k >= 0; k++) {
		if ((unsigned int)*k >= from && (unsigned int)*k < best)
			best = (unsigned int)*k;
	}
	return best;
}

static int close_others(const struct child *c)
{
	unsigned int from = 3, kept;

	for (;;) {
		while (is_kept(c, from))
			from++;
		kept = next_kept(c, from);
		if (syscall(SYS_close_range, from,
			    kept == ~0U ? kept : kept - 1, 0) < 0)
			return -1;
		if (kept == ~0U)
			return 0;
		from = kept;
	}
}

static int set_up_descriptors(struct child *c)
{
	int moved[3];

	/*
	 * Everything moves out of the way of 0, 1 and 2 first. The kernel
	 * hands out free numbers only, so that no kept one is overwritten.
	 */
	c->report_fd = fcntl(c->report_fd, F_DUPFD_CLOEXEC, 3);
	if (c->report_fd < 0)
		return -1;
	for (int i = 0; i < 3; i++) {
		int fd = c->spec->stdio[i];

		if (fd < 0)
			fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		moved[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (moved[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(moved[i], i) < 0)
			return -1;
	}
	for (const int *k = c->spec->keep_fds; k && *k >= 0; k++) {
		if (fcntl(*k, F_SETFD, 0) < 0)
			return -1;
	}
	return close_others(c);
}

static int enter_namespace(struct child *c)
{
	return c->spec->userns_id ? unshare(CLONE_NEWUSER) : 0;
}

static int write_file(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return -1;
	return write(fd, text, len) == (ssize_t)len ? 0 : -1;
}

static int map_ids(struct child *c)
{
	if (!c->spec->userns_id)
		return 0;
	/* user_namespaces(7): without this the gid map may not be written. */
	if (write_file("/proc/self/setgroups", "deny") < 0)
		return -1;
	if (write_file("/proc/self/uid_map", c->plan->uid_map) < 0)
		return -1;
	return write_file("/proc/self/gid_map", c->plan->gid_map);
}

static int keep_capabilities(struct child *c)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (!c->spec->userns_id)
		return 0;
	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return -1;
	/* EINVAL: past the last capability that this kernel knows. */
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0L, 0L) <
		    0)
			return errno == EINVAL ? 0 : -1;
	}
	return 0;
}

static int forbid_privileges(struct child *c)
{
	if (!c->spec->no_new_privs && !c->spec->cage && !c->spec->seccomp)
		return 0;
	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}

static int enter_cage(struct child *c)
{
	return c->spec->cage ? proc_cage_enter(c->spec->cage) : 0;
}

static int enter_directory(struct child *c)
{
	return chdir(c->spec->cwd ? c->spec->cwd : "/");
}

static int die_with_parent(struct child *c)
{
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L) < 0)
		return -1;
	if (getppid() != c->plan->parent) {
		errno = ESRCH;
		return -1;
	}
	return 0;
}

static int unblock_signals(struct child *c unused)
{
	sigset_t none;

	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int filter_calls(struct child *c)
{
	if (!c->spec->seccomp)
		return 0;
	return prctl(PR_SET_SECCOMP, (unsigned long)SECCOMP_MODE_FILTER,
		     c->spec->seccomp, 0L, 0L);
}

/* execve(2) does not write to what its type lets it write to. */
static char *const *exec_vector(const char *const *v)
{
	union {
		const char *const *given;
		char *const *wanted;
	} u = { .given = v };

	return u.wanted;
}

static int run_program(struct child *c)
{
	return execve(c->spec->path, exec_vector(c->spec->argv),
		      exec_vector(c->spec->envp));
}

static int (*const steps[])(struct child *c) = {
	[PROC_STEP_SESSION] = start_session,
	[PROC_STEP_SIGNALS] = reset_signals,
	[PROC_STEP_DESCRIPTORS] = set_up_descriptors,
	[PROC_STEP_NAMESPACE] = enter_namespace,
	[PROC_STEP_ID_MAPS] = map_ids,
	[PROC_STEP_CAPABILITIES] = keep_capabilities,
	[PROC_STEP_NO_NEW_PRIVS] = forbid_privileges,
	[PROC_STEP_CAGE] = enter_cage,
	[PROC_STEP_DIRECTORY] = enter_directory,
	[PROC_STEP_PARENT] = die_with_parent,
	[PROC_STEP_MASK] = unblock_signals,
	[PROC_STEP_SECCOMP] = filter_calls,
	[PROC_STEP_EXEC] = run_program,
};
static_assert(ARRAY_SIZE(steps) == PROC_STEP_COUNT,
	      "steps[] and enum proc_step differ");

_Noreturn void proc_child_run(const struct proc_plan *plan)
{
	struct child c = {
		.plan = plan,
		.spec = plan->spec,
		.report_fd = plan->report_fd,
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct proc_failure failure = { .step = (enum proc_step)i };

		if (steps[i](&c) >= 0)
			continue;
		failure.sys = errno;
		/* Without a report the parent sees an exit: good enough. */
		discard(write(c.report_fd < 0 ? plan->report_fd : c.report_fd,
			      &failure, sizeof(failure)));
		break;
	}
	_exit(EXIT_SPAWN);
}
