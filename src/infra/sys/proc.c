// SPDX-License-Identifier: Apache-2.0
/*
 * proc.c - start children, wait for them and end them.
 *
 * The child's own steps are in proc_child.c. All signals are blocked across
 * the fork, so that none meets the child half done.
 */
#include "infra/sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"
#include "infra/sys/proc_child.h"

/* Searched after $PATH: mke2fs and its kin are not in a user's. */
#define PATH_SYSTEM  "/usr/local/sbin:/usr/sbin:/sbin"
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

static const char *const step_names[] = {
	[PROC_STEP_SESSION] = "start session",
	[PROC_STEP_SIGNALS] = "reset signals",
	[PROC_STEP_DESCRIPTORS] = "set up descriptors",
	[PROC_STEP_NAMESPACE] = "create user namespace",
	[PROC_STEP_ID_MAPS] = "map user and group",
	[PROC_STEP_CAPABILITIES] = "keep capabilities",
	[PROC_STEP_NO_NEW_PRIVS] = "forbid new privileges",
	[PROC_STEP_CAGE] = "restrict file system",
	[PROC_STEP_DIRECTORY] = "enter directory",
	[PROC_STEP_PARENT] = "follow parent",
	[PROC_STEP_MASK] = "unblock signals",
	[PROC_STEP_SECCOMP] = "filter system calls",
	[PROC_STEP_EXEC] = "execute",
};
static_assert(ARRAY_SIZE(step_names) == PROC_STEP_COUNT,
	      "step_names[] and enum proc_step differ");

static int check_spec(const struct proc_spec *spec, struct err *err)
{
	size_t n = 0;

	if (spec->path[0] != '/')
		return err_set(err, ERR_INVALID, "path '%s' is not absolute",
			       spec->path);
	for (const int *k = spec->keep_fds; k && *k >= 0; k++) {
		if (*k <= 2)
			return err_set(err, ERR_INVALID,
				       "descriptor %d is kept and replaced",
				       *k);
		if (++n > PROC_KEEP_FDS_MAX)
			return err_set(err, ERR_LIMIT,
				       "more than %d descriptors to keep",
				       PROC_KEEP_FDS_MAX);
	}
	return 0;
}

static void plan_init(struct proc_plan *plan, const struct proc_spec *spec,
		      int report_fd)
{
	*plan = (struct proc_plan){
		.spec = spec,
		.parent = getpid(),
		.report_fd = report_fd,
	};
	(void)snprintf(plan->uid_map, sizeof(plan->uid_map),
		       "%" PRIu32 " %" PRIu32 " 1", (uint32_t)spec->userns_id,
		       (uint32_t)geteuid());
	(void)snprintf(plan->gid_map, sizeof(plan->gid_map),
		       "%" PRIu32 " %" PRIu32 " 1", (uint32_t)spec->userns_id,
		       (uint32_t)getegid());
}

static pid_t fork_child(const struct proc_plan *plan)
{
	sigset_t all, old;
	pid_t pid;
	int saved;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &old) < 0)
		return -1;
	pid = fork();
	if (!pid)
		proc_child_run(plan);
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

/* Waits until the child has executed its program or says why it did not. */
static int read_report(int fd, const struct proc_spec *spec, struct err *err)
{
	struct proc_failure failure;
	ssize_t n;

	do
		n = read(fd, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (!n)
		return 0;
	if (n != (ssize_t)sizeof(failure))
		return err_set(err, ERR_SYSTEM, "spawn '%s': no report",
			       spec->path);
	if (failure.step == PROC_STEP_EXEC)
		return err_sys(err, failure.sys, "spawn '%s'", spec->path);
	if (failure.step == PROC_STEP_DIRECTORY)
		return err_sys(err, failure.sys,
			       "spawn '%s': enter directory '%s'", spec->path,
			       spec->cwd ? spec->cwd : "/");
	return err_sys(err, failure.sys, "spawn '%s': %s", spec->path,
		       step_names[failure.step]);
}

static void kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int proc_spawn(const struct proc_spec *spec, struct proc *out, struct err *err)
{
	auto_close int report_read = -1, report_write = -1, pidfd = -1;
	struct proc_plan plan;
	int ends[2];
	pid_t pid;

	if (check_spec(spec, err) < 0 || fd_pipe(ends, err) < 0)
		return err_wrap(err, "spawn '%s'", spec->path);
	report_read = ends[0];
	report_write = ends[1];
	/* An inherited SIG_IGN would let children vanish unreaped. */
	(void)signal(SIGCHLD, SIG_DFL);
	plan_init(&plan, spec, report_write);
	pid = fork_child(&plan);
	if (pid < 0)
		return err_sys(err, errno, "spawn '%s': fork", spec->path);
	fd_close(&report_write);
	/* We alone reap this child, so its pid cannot have been reused yet. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		err_sys(err, errno, "spawn '%s': open pidfd", spec->path);
		kill_and_reap(pid);
		return -1;
	}
	if (read_report(report_read, spec, err) < 0) {
		kill_and_reap(pid);
		return -1;
	}
	out->pid = pid;
	out->pidfd = fd_take(&pidfd);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 1 when the child has ended, 0 when the time is over, -1 with errno. */
static int poll_exit(const struct proc *p, int timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms, left;
	struct pollfd pfd = { .fd = p->pidfd, .events = POLLIN };
	int r;

	for (;;) {
		left = deadline - now_ms();
		if (left < 0)
			left = 0;
		r = poll(&pfd, 1, timeout_ms < 0 ? -1 : (int)left);
		if (r >= 0 || errno != EINTR)
			return r;
	}
}

int proc_wait(struct proc *p, int timeout_ms, int *code, struct err *err)
{
	siginfo_t info = { .si_pid = 0 };
	int r;

	if (p->pidfd < 0)
		return err_set(err, ERR_NOT_FOUND, "no child to wait for");
	r = poll_exit(p, timeout_ms);
	if (r < 0)
		return err_sys(err, errno, "wait for process %d", (int)p->pid);
	if (!r)
		return err_set(err, ERR_TIMEOUT, "process %d still runs",
			       (int)p->pid);
	do
		r = waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, errno, "reap process %d", (int)p->pid);
	if (code)
		*code = info.si_code == CLD_EXITED ? info.si_status
						   : 128 + info.si_status;
	fd_close(&p->pidfd);
	p->pid = 0;
	return 0;
}

int proc_signal(const struct proc *p, int sig, struct err *err)
{
	if (p->pidfd < 0)
		return err_set(err, ERR_NOT_FOUND, "no child to signal");
	if (syscall(SYS_pidfd_send_signal, p->pidfd, sig, NULL, 0) < 0)
		return err_sys(err, errno, "signal process %d", (int)p->pid);
	return 0;
}

void proc_stop(struct proc *p, int grace_ms)
{
	if (p->pidfd < 0)
		return;
	/* It may be gone already; then waiting is all that is left to do. */
	discard(proc_signal(p, SIGTERM, ERR_IGNORE));
	if (proc_wait(p, grace_ms, NULL, ERR_IGNORE) < 0) {
		discard(proc_signal(p, SIGKILL, ERR_IGNORE));
		/* Only a child that is not ours to reap makes this fail. */
		discard(proc_wait(p, -1, NULL, ERR_IGNORE));
	}
	fd_close(&p->pidfd);
	p->pid = 0;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static char *find_in(const char *name, const char *path_var)
{
	struct span rest = SPAN_STR(path_var), dir;

	while (span_take_until(&rest, ':', &dir)) {
		auto_free char *candidate = NULL;

		/* Not the current directory, which anybody may have filled. */
		if (!dir.len || *(const char *)dir.p != '/')
			continue;
		candidate = xasprintf("%.*s/%s", (int)dir.len,
				      (const char *)dir.p, name);
		if (is_program(candidate))
			return take_ptr(candidate);
	}
	return NULL;
}

int proc_find(const char *name, const char *path_var, char **out,
	      struct err *err)
{
	char *found = NULL;

	if (name[0] == '/' && is_program(name))
		found = xstrdup(name);
	else if (name[0] && !strchr(name, '/'))
		found = find_in(name, path_var ? path_var : PATH_DEFAULT);
	if (!found && name[0] && !strchr(name, '/'))
		found = find_in(name, PATH_SYSTEM);
	if (!found)
		return err_set(err, ERR_NOT_FOUND, "program '%s' not found",
			       name);
	*out = found;
	return 0;
}

bool proc_is_running(pid_t pid, const char *exe)
{
	char link[sizeof("/proc//exe") + 3 * sizeof(pid_t)];
	char target[PATH_MAX + sizeof(" (deleted)")];
	auto_free char *real = realpath(exe, NULL);
	const char *want = real ? real : exe;
	size_t len = strlen(want);
	ssize_t n;

	if (pid <= 0)
		return false;
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	/* proc(5): so it reads once the program was replaced by an update. */
	return text_starts_with(target, want) &&
	       (!target[len] || !strcmp(target + len, " (deleted)"));
}
