// SPDX-License-Identifier: Apache-2.0
/*
 * session.c - the process behind an SSH channel: how it is started.
 */
#include "guest/session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "domain/vm/guest_paths.h"
#include "guest/env.h"
#include "guest/harden.h"
#include "infra/sys/fd.h"

#define EXIT_CANNOT_START 126

/* RFC 4254, 6.10 */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "FPE", SIGFPE },
	{ "HUP", SIGHUP },   { "ILL", SIGILL },	  { "INT", SIGINT },
	{ "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "QUIT", SIGQUIT },
	{ "SEGV", SIGSEGV }, { "TERM", SIGTERM }, { "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 },
};

const char *session_signal_name(int sig)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signals[i].number == sig)
			return signals[i].name;
	}
	return NULL;
}

int session_signal_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (!strcmp(signals[i].name, name))
			return signals[i].number;
	}
	return 0;
}

/* What the child gets as 0, 1 and 2, and what we keep. */
struct session_ends {
	int child[3];
	struct session ours;
	bool is_terminal;
};

static void ends_release(struct session_ends *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(e->child); i++)
		fd_close(&e->child[i]);
	session_release(&e->ours);
}

static int make_pipe(int *child, int *ours, bool child_reads, struct err *err)
{
	int p[2];

	if (fd_pipe(p, err) < 0)
		return -1;
	*child = p[child_reads ? 0 : 1];
	*ours = p[child_reads ? 1 : 0];
	return fd_set_nonblocking(*ours, err);
}

static int make_pipes(struct session_ends *e, struct err *err)
{
	if (make_pipe(&e->child[0], &e->ours.in, true, err) < 0 ||
	    make_pipe(&e->child[1], &e->ours.out, false, err) < 0)
		return -1;
	return make_pipe(&e->child[2], &e->ours.err, false, err);
}

/* devpts gives a new terminal to the file system uid of who opens it. */
static int open_master(void)
{
	int fd, saved;

	setfsuid(GUEST_UID);
	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	saved = errno;
	setfsuid(0);
	errno = saved;
	return fd;
}

static int make_terminal(struct session_ends *e, const struct winsize *size,
			 struct err *err)
{
	struct termios t;
	int unlocked = 0;

	e->is_terminal = true;
	e->ours.in = open_master();
	if (e->ours.in < 0)
		return err_sys(err, errno, "open a terminal");
	if (ioctl(e->ours.in, TIOCSPTLCK, &unlocked) < 0)
		return err_sys(err, errno, "unlock a terminal");
	e->child[0] =
		ioctl(e->ours.in, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (e->child[0] < 0)
		return err_sys(err, errno, "open the session's terminal");
	if (tcgetattr(e->child[0], &t) < 0)
		return err_sys(err, errno, "read the terminal's mode");
	t.c_iflag |= IUTF8;
	if (tcsetattr(e->child[0], TCSANOW, &t) < 0 ||
	    ioctl(e->ours.in, TIOCSWINSZ, size) < 0)
		return err_sys(err, errno, "set up the terminal");
	return 0;
}

/*
 * From here on we are the child, which shares no memory with its parent: it
 * may allocate. It reports on stderr, the only thing that leads anywhere.
 */
static _Noreturn void child_fail(const char *what)
{
	dprintf(STDERR_FILENO, "bbox-init: %s: %s\n", what, strerror(errno));
	_exit(EXIT_CANNOT_START);
}

static void child_stdio(const struct session_ends *e)
{
	if (setsid() < 0)
		_exit(EXIT_CANNOT_START);
	if (e->is_terminal && ioctl(e->child[0], TIOCSCTTY, 0) < 0)
		_exit(EXIT_CANNOT_START);
	/* All of them are above 2, which PID 1 has open. */
	for (int i = 0; i < 3; i++) {
		int from = e->child[e->is_terminal ? 0 : i];

		if (dup2(from, i) < 0)
			_exit(EXIT_CANNOT_START);
	}
	if (close_range(STDERR_FILENO + 1, UINT_MAX, 0) < 0)
		child_fail("close descriptors");
}

static void child_signals(void)
{
	sigset_t none;

	/* The only one that is not at its default. */
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_directory(const struct session_base *base)
{
	/* Whatever is missing, a session can start somewhere. */
	if ((base->has_workspace && !chdir(GUEST_WORKSPACE)) ||
	    !chdir(GUEST_HOME) || !chdir("/"))
		return;
	child_fail("enter a directory");
}

/* The connection is the last to die when memory is out; a session is not. */
static void child_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) < 0)
		child_fail("set the score for out of memory");
	fd_close(&fd);
}

static _Noreturn void child_run(const struct session_spec *spec,
				const struct session_ends *e)
{
	const struct env_sources sources = {
		.image = &spec->base->image_env,
		.file = &spec->base->file_env,
		.shell = spec->base->shell,
		.term = spec->term,
		.client = spec->client_env,
	};
	struct strv env = STRV_INIT, argv = STRV_INIT;
	struct err err = ERR_INIT;

	child_stdio(e);
	child_signals();
	child_oom_score();
	umask(022);
	if (harden_session(&err) < 0) {
		dprintf(STDERR_FILENO, "bbox-init: %s\n", err.msg);
		_exit(EXIT_CANNOT_START);
	}
	child_directory(spec->base);
	env_compose(&sources, &env);
	strv_add(&argv, spec->base->shell);
	strv_add(&argv, spec->command ? "-c" : "-l");
	if (spec->command)
		strv_add(&argv, spec->command);
	execve(spec->base->shell, argv.v, env.v);
	child_fail(spec->base->shell);
}

static int start_child(const struct session_spec *spec, struct session_ends *e,
		       struct err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(err, errno, "start a session");
	if (pid == 0)
		child_run(spec, e);
	e->ours.pid = pid;
	/* We alone reap this child, so its pid cannot have been reused. */
	e->ours.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (e->ours.pidfd < 0)
		return err_sys(err, errno, "watch a session");
	return 0;
}

int session_start(const struct session_spec *spec, struct session *out,
		  struct err *err)
{
	struct session_ends e __attribute__((cleanup(ends_release))) = {
		.child = { -1, -1, -1 },
		.ours = SESSION_INIT,
	};
	int r = spec->term ? make_terminal(&e, &spec->size, err)
			   : make_pipes(&e, err);

	if (r < 0 || start_child(spec, &e, err) < 0)
		return -1;
	*out = e.ours;
	e.ours = SESSION_INIT;
	return 0;
}

void session_rehearse(const struct session_base *base)
{
	const struct strv none = STRV_INIT;
	const struct session_spec spec = {
		.base = base,
		.command = ":",
		.client_env = &none,
	};
	struct session_ends e = { .ours = SESSION_INIT };
	int null;

	if (fork() != 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || harden_connection(ERR_IGNORE) < 0)
		_exit(EXIT_CANNOT_START);
	for (size_t i = 0; i < ARRAY_SIZE(e.child); i++)
		e.child[i] = null;
	child_run(&spec, &e);
}

void session_signal(const struct session *s, int sig)
{
	/* It may not have come to its setsid() yet: then it alone. */
	if (s->pid > 0 && kill(-s->pid, sig) < 0)
		kill(s->pid, sig);
}

int session_reap(struct session *s, int *status)
{
	if (s->pid <= 0 || waitpid(s->pid, status, WNOHANG) != s->pid)
		return 0;
	s->pid = 0;
	fd_close(&s->pidfd);
	return 1;
}

void session_release(struct session *s)
{
	session_signal(s, SIGHUP);
	s->pid = 0;
	fd_close(&s->pidfd);
	fd_close(&s->in);
	fd_close(&s->out);
	fd_close(&s->err);
}
