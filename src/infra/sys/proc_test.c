// SPDX-License-Identifier: Apache-2.0
/*
 * proc_test.c - tests of infra/sys/proc, with the shell as the child.
 */
#include "infra/sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define OUT_MAX ((size_t)64 * 1024) /* bytes */
#define SOON_MS 5000		    /* for what should not take long */

static const char *const env[] = { "PATH=/usr/bin:/bin", "COLOUR=blue", NULL };

/* A child that runs @script in the shell; more arguments become $1 and $2. */
struct shell {
	const char *argv[6];
	struct proc_spec spec;
};

static void shell_init(struct shell *s, const char *script, const char *arg)
{
	*s = (struct shell){
		.argv = { "sh", "-c", script, "sh", arg, NULL },
		.spec = { .path = "/bin/sh",
			  .envp = env,
			  .stdio = { -1, -1, -1 } },
	};
	s->spec.argv = s->argv;
}

static void expect_output(const struct shell *s, const char *want)
{
	auto_buf struct buf out = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;

	CHECK_OK(proc_run(&s->spec, &out, &err), &err);
	CHECK(!strcmp(out.data, want), "'%s': '%s', not '%s'", s->argv[2],
	      out.data, want);
}

static void expect_script(const char *script, const char *want)
{
	struct shell s;

	shell_init(&s, script, NULL);
	expect_output(&s, want);
}

/* clang-format off */
static const struct script_case {
	const char *name, *script, *want;
} script_cases[] = {
	{ "arguments",           "echo $0 $#",               "sh 0\n"        },
	{ "environment",         "echo $COLOUR; echo $HOME", "blue\n\n"      },
	{ "directory",           "pwd",                      "/\n"           },
	{ "stdin is empty",      "cat; echo end",            "end\n"         },
	{ "stderr is not stdout", "echo no >&2; echo yes",   "yes\n"         },
	{ "session of its own",
	  "read p c s pp g sid rest </proc/self/stat; [ $g = $sid ] && echo y",
	  "y\n" },
	{ "no other descriptors",
	  "cd /proc/self/fd; for f in *; do [ $f -gt 2 ] && [ -e $f ] && "
	  "echo $f; done; :", "" },
	{ "no signal is blocked, ignored",
	  "grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '0\\t\\n'",
	  "SigBlk:SigIgn:" },
};
/* clang-format on */

static void test_child_inherits_nothing_by_accident(void **state unused)
{
	sigset_t set, old;
	int fd = open("/dev/null", O_RDONLY); /* inheritable on purpose */

	CHECK(fd >= 3, "open");
	CHECK(dup2(fd, 77) == 77, "dup2");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(script_cases); i++)
		expect_script(script_cases[i].script, script_cases[i].want);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(77);
	close(fd);
}

static void test_kept_descriptors_keep_their_numbers(void **state unused)
{
	static const int keep[] = { 9, 6, 7, -1 };
	auto_buf struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;
	auto_close int fd = fd_memfd("test", &err);
	struct shell s;

	CHECK(fd >= 3 && fd < 6, "memory file is %d", fd);
	for (size_t i = 0; keep[i] >= 0; i++)
		CHECK(dup3(fd, keep[i], O_CLOEXEC) == keep[i], "dup3");
	CHECK(dup2(fd, 8) == 8, "dup2");
	shell_init(&s,
		   "echo one >&9; echo two >&6; echo three >&7; "
		   "[ -e /proc/self/fd/8 ] || echo good",
		   NULL);
	s.spec.keep_fds = keep;
	expect_output(&s, "good\n");
	CHECK(!lseek(fd, 0, SEEK_SET), "seek");
	CHECK_OK(fd_read_all(fd, &b, &err), &err);
	assert_string_equal(b.data, "one\ntwo\nthree\n");
	for (int i = 6; i <= 9; i++)
		close(i);
}

static void test_standard_streams_may_be_crossed(void **state unused)
{
	struct err err = ERR_INIT;
	auto_buf struct buf b = BUF_INIT(100);
	struct proc p = PROC_INIT;
	struct shell s;
	int fds[2], saved = dup(0), saved2 = dup(2), code;

	/* Our 0 and 2 are the pipe; the child gets them the other way round. */
	CHECK_OK(fd_pipe(fds, &err), &err);
	CHECK(dup2(fds[1], 0) == 0 && dup2(fds[0], 2) == 2, "dup2");
	shell_init(&s, "echo text", NULL);
	s.spec.stdio[0] = 2;
	s.spec.stdio[1] = 0;
	code = proc_spawn(&s.spec, &p, &err);
	dup2(saved, 0);
	dup2(saved2, 2);
	close(saved);
	close(saved2);
	fd_close(&fds[1]);
	CHECK_OK(code, &err);
	CHECK_OK(proc_wait(&p, SOON_MS, &code, &err), &err);
	assert_int_equal(code, 0);
	CHECK_OK(fd_read_all(fds[0], &b, &err), &err);
	assert_string_equal(b.data, "text\n");
	fd_close(&fds[0]);
}

static void test_spawn_failures_are_named(void **state unused)
{
	static const int keep_stdio[] = { 1, -1 }, keep_closed[] = { 999, -1 };
	struct proc p = PROC_INIT;
	struct shell s;
	struct err err;

	shell_init(&s, "exit 0", NULL);
	s.spec.path = "/nonexistent/tool";
	CHECK_FAILS(proc_spawn(&s.spec, &p, &err), &err, ERR_NOT_FOUND,
		    "spawn '/nonexistent/tool': No such file or directory");
	s.spec.path = "/etc/passwd";
	CHECK_FAILS(proc_spawn(&s.spec, &p, &err), &err, ERR_PERMISSION,
		    "spawn '/etc/passwd': Permission denied");
	s.spec.path = "sh";
	CHECK_FAILS(proc_spawn(&s.spec, &p, &err), &err, ERR_INVALID,
		    "path 'sh' is not absolute");
	s.spec.path = "/bin/sh";
	s.spec.cwd = "/nonexistent";
	CHECK_FAILS(proc_spawn(&s.spec, &p, &err), &err, ERR_NOT_FOUND,
		    "enter directory '/nonexistent'");
	s.spec.cwd = NULL;
	s.spec.keep_fds = keep_stdio;
	CHECK_FAILS(proc_spawn(&s.spec, &p, &err), &err, ERR_INVALID,
		    "descriptor 1 is kept and replaced");
	s.spec.keep_fds = keep_closed;
	CHECK_FAILS(proc_spawn(&s.spec, &p, &err), &err, ERR_SYSTEM,
		    "set up descriptors: Bad file descriptor");
	assert_int_equal(p.pidfd, -1);
	/* None of the children was left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* clang-format off */
static const struct exit_case {
	const char *script;
	int code;
} exit_cases[] = {
	{ "exit 0",           0        },
	{ "exit 7",           7        },
	{ "exit 255",         255      },
	{ "kill -TERM $$",    128 + 15 },
	{ "kill -KILL $$",    128 + 9  },
};
/* clang-format on */

static void test_wait_tells_the_exit_code(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(exit_cases); i++) {
		const struct exit_case *c = &exit_cases[i];
		struct proc p = PROC_INIT;
		struct err err = ERR_INIT;
		struct shell s;
		int code = -1;

		shell_init(&s, c->script, NULL);
		CHECK_OK(proc_spawn(&s.spec, &p, &err), &err);
		CHECK_OK(proc_wait(&p, SOON_MS, &code, &err), &err);
		CHECK(code == c->code, "'%s': %d", c->script, code);
		CHECK(p.pidfd == -1, "'%s': still held", c->script);
		CHECK_FAILS(proc_wait(&p, 0, NULL, &err), &err, ERR_NOT_FOUND,
			    "no child");
	}
}

static void test_wait_may_time_out(void **state unused)
{
	struct proc p = PROC_INIT;
	struct err err = ERR_INIT;
	struct shell s;
	int code = 0;

	shell_init(&s, "exec sleep 100", NULL);
	CHECK_OK(proc_spawn(&s.spec, &p, &err), &err);
	CHECK_FAILS(proc_wait(&p, 0, NULL, &err), &err, ERR_TIMEOUT,
		    "still runs");
	CHECK_FAILS(proc_wait(&p, 20, NULL, &err), &err, ERR_TIMEOUT,
		    "still runs");
	CHECK_OK(proc_signal(&p, SIGINT, &err), &err);
	CHECK_OK(proc_wait(&p, SOON_MS, &code, &err), &err);
	assert_int_equal(code, 128 + SIGINT);
	CHECK_FAILS(proc_signal(&p, SIGINT, &err), &err, ERR_NOT_FOUND,
		    "no child");
}

static void wait_until_gone(pid_t pid)
{
	for (int i = 0; i < SOON_MS / 10; i++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return;
		usleep(10000);
	}
	fail_msg("process %d is still there", (int)pid);
}

/* clang-format off */
static const struct stop_case {
	const char *name, *script;
} stop_cases[] = {
	{ "obeys",           "exec sleep 100"                      },
	{ "ignores SIGTERM", "trap '' TERM; while :; do sleep 0.05; done" },
	{ "is stopped",      "kill -STOP $$; sleep 100"            },
	{ "ended before",    "exit 3"                              },
};
/* clang-format on */

static void test_stop_always_ends_the_child(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(stop_cases); i++) {
		struct proc p = PROC_INIT;
		struct err err = ERR_INIT;
		struct shell s;
		pid_t pid;

		shell_init(&s, stop_cases[i].script, NULL);
		CHECK_OK(proc_spawn(&s.spec, &p, &err), &err);
		pid = p.pid;
		usleep(50000);
		proc_stop(&p, 50);
		CHECK(kill(pid, 0) < 0, "%s: alive", stop_cases[i].name);
		CHECK(p.pidfd == -1 && !p.pid, "%s: held", stop_cases[i].name);
		/* Nothing to stop is fine, too. */
		proc_stop(&p, 50);
	}
}

/* Reads a pid that somebody prints to @fd. */
static pid_t read_pid(int fd)
{
	char text[32] = "";
	ssize_t n;
	size_t len = 0;

	while (len < sizeof(text) - 1) {
		n = read(fd, text + len, 1);
		if (n <= 0 || text[len] == '\n')
			break;
		len++;
	}
	return (pid_t)strtol(text, NULL, 10);
}

/* What bbox is in the next test: spawns, tells, and then just hangs. */
static void be_parent(int fd, uid_t userns_id, bool caged)
{
	static const struct proc_cage_rule rules[] = { { "/", true },
						       { NULL, false } };
	struct proc p = PROC_INIT;
	struct err err = ERR_INIT;
	struct shell s;

	shell_init(&s,
		   "trap '' HUP TERM INT; echo $$; while :; do sleep 1; done",
		   NULL);
	s.spec.stdio[1] = fd;
	s.spec.userns_id = userns_id;
	s.spec.cage = caged ? rules : NULL;
	if (proc_spawn(&s.spec, &p, &err) < 0)
		_exit(1);
	for (;;)
		pause();
}

static bool has_userns(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(unshare(CLONE_NEWUSER) < 0);
	return waitpid(pid, &status, 0) == pid && !status;
}

static void check_dies_with_parent(uid_t userns_id, bool caged)
{
	struct err err = ERR_INIT;
	pid_t parent, child;
	int fds[2];

	CHECK_OK(fd_pipe(fds, &err), &err);
	parent = fork();
	if (!parent)
		be_parent(fds[1], userns_id, caged);
	fd_close(&fds[1]);
	child = read_pid(fds[0]);
	CHECK(child > 0, "no child was started");
	CHECK(!kill(child, 0), "child is not there");
	/* Nothing in the parent can clean up after this one. */
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	{
		char c;

		/* The end of file comes when the child's copy is closed. */
		struct pollfd pfd = { .fd = fds[0], .events = POLLIN };

		CHECK(poll(&pfd, 1, SOON_MS) == 1, "child lives on");
		assert_int_equal(read(fds[0], &c, 1), 0);
	}
	fd_close(&fds[0]);
}

static void test_child_dies_with_its_parent(void **state unused)
{
	check_dies_with_parent(0, /* caged */ false);
	check_dies_with_parent(0, /* caged */ true);
	if (has_userns()) {
		check_dies_with_parent(1000, /* caged */ false);
		check_dies_with_parent(1000, /* caged */ true);
	}
}

static void test_user_namespace_maps_and_keeps_capabilities(void **state unused)
{
	struct shell s;

	if (!has_userns())
		skip();
	shell_init(&s,
		   "id -u; id -g; "
		   "grep -q 'CapEff:.*0000$' /proc/self/status || echo caps",
		   NULL);
	s.spec.userns_id = 1000;
	expect_output(&s, "1000\n1000\ncaps\n");
	s.spec.no_new_privs = true;
	expect_output(&s, "1000\n1000\ncaps\n");
	/* The capabilities are real: this one needs CAP_SYS_ADMIN. */
	shell_init(&s, "unshare -m mount -t tmpfs none /mnt && echo mounted",
		   NULL);
	s.spec.userns_id = 1000;
	expect_output(&s, "mounted\n");
}

static void test_no_new_privs_reaches_the_program(void **state unused)
{
	struct shell s;

	shell_init(&s, "grep NoNewPrivs /proc/self/status | tr -d '\\t'", NULL);
	expect_output(&s, "NoNewPrivs:0\n");
	s.spec.no_new_privs = true;
	expect_output(&s, "NoNewPrivs:1\n");
}

/* Refuses uname(2) and nothing else. */
static const struct sock_filter no_uname[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void test_system_call_filter_reaches_the_program(void **state unused)
{
	struct sock_filter code[ARRAY_SIZE(no_uname)];
	const struct sock_fprog program = {
		.len = ARRAY_SIZE(code),
		.filter = code,
	};
	struct shell s;
	struct err err;

	memcpy(code, no_uname, sizeof(code));
	shell_init(&s, "uname >/dev/null || echo denied", NULL);
	expect_output(&s, "");
	s.spec.seccomp = &program;
	expect_output(&s, "denied\n");
	shell_init(&s, "grep NoNewPrivs /proc/self/status | tr -d '\\t'", NULL);
	s.spec.seccomp = &program;
	expect_output(&s, "NoNewPrivs:1\n");
	/* A failure behind the filter is reported all the same. */
	s.spec.path = "/nonexistent/tool";
	CHECK_FAILS(proc_run(&s.spec, NULL, &err), &err, ERR_NOT_FOUND,
		    "spawn '/nonexistent/tool'");
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

static int run_caged(const char *root, uid_t userns_id, const char *script,
		     struct err *err)
{
	auto_free char *ro = xasprintf("%s/ro", root);
	auto_free char *rw = xasprintf("%s/rw", root);
	auto_free char *file = xasprintf("%s/file", root);
	const struct proc_cage_rule rules[] = {
		{ "/usr", false },
		{ "/bin", false },
		{ "/lib", false },
		{ "/lib64", false },
		{ "/nonexistent", false },
		{ "/dev/null", true },
		{ ro, false },
		{ rw, true },
		{ file, true },
		{ NULL, false },
	};
	struct shell s;

	shell_init(&s, script, NULL);
	s.spec.cwd = root;
	s.spec.cage = rules;
	s.spec.userns_id = userns_id;
	return proc_run(&s.spec, NULL, err);
}

/* clang-format off */
static const struct cage_case {
	const char *name, *script;
	bool ok;
} cage_cases[] = {
	{ "read allowed",        "cat ro/f",                      true  },
	{ "list allowed",        "ls ro",                         true  },
	{ "run allowed",         "true",                          true  },
	{ "write where allowed", "echo x >rw/new && rm rw/new",   true  },
	{ "make and remove dir", "mkdir rw/d && rmdir rw/d",      true  },
	{ "truncate, rename",    "echo x >rw/a && : >rw/a && mv rw/a rw/b", true },
	{ "single file",         "echo x >file && cat file",      true  },
	{ "write read-only",     "echo x >ro/f",                  false },
	{ "create in read-only", "echo x >ro/new",                false },
	{ "remove in read-only", "rm -f ro/f",                    false },
	{ "read elsewhere",      "cat secret",                    false },
	{ "list elsewhere",      "ls .",                          false },
	{ "create elsewhere",    "echo x >new",                   false },
	{ "read /etc",           "cat /etc/passwd",               false },
	{ "by dots",             "cat rw/../secret",              false },
	{ "move out",            "echo x >rw/c; mv rw/c out",     false },
	{ "link in",             "ln secret rw/link && cat rw/link", false },
};
/* clang-format on */

static void test_cage_reduces_the_file_system(void **state unused)
{
	auto_free char *root = NULL;
	auto_close int fd = -1;
	struct err err = ERR_INIT;

	if (!has_landlock())
		skip();
	CHECK_OK(fs_make_temp_dir("/tmp", "proc_test-", &root, &err), &err);
	fd = fd_open_dir(root, &err);
	CHECK(!mkdirat(fd, "ro", 0700) && !mkdirat(fd, "rw", 0700), "mkdir");
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "ro/f", "secret", "file" };

		close(openat(fd, names[i], O_WRONLY | O_CREAT, 0600));
	}
	for (size_t i = 0; i < ARRAY_SIZE(cage_cases); i++) {
		const struct cage_case *c = &cage_cases[i];
		bool ok = !run_caged(root, 0, c->script, &err);

		CHECK(ok == c->ok, "%s: %s", c->name, ok ? "worked" : err.msg);
		if (has_userns())
			CHECK(!run_caged(root, 1000, c->script, &err) == c->ok,
			      "%s, in namespace: %s", c->name, err.msg);
	}
	CHECK_OK(fs_remove_tree(root, &err), &err);
}

/* clang-format off */
static const struct fail_case {
	const char *name, *script, *want;
} fail_cases[] = {
	{ "silent",       "exit 3",                "'sh' ended with code 3"     },
	{ "last line",    "echo a >&2; echo b >&2; exit 1",
	  "'sh' ended with code 1: b" },
	{ "no newline",   "printf 'a\\nb' >&2; exit 1",
	  "'sh' ended with code 1: b" },
	{ "blank end",    "printf 'a\\n\\n \\n' >&2; exit 1",
	  "'sh' ended with code 1: a" },
	{ "made visible", "printf 'x\\n\\033[2Jy' >&2; exit 1",
	  "'sh' ended with code 1: \\x1b[2Jy" },
	{ "killed",       "kill -KILL $$",         "'sh' ended with code 137"   },
	{ "much",         "seq 100000 >&2; exit 1",
	  "'sh' ended with code 1: 100000" },
};
/* clang-format on */

static void test_run_tells_what_the_tool_said_last(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(fail_cases); i++) {
		const struct fail_case *c = &fail_cases[i];
		struct err err = ERR_INIT;
		struct shell s;

		shell_init(&s, c->script, NULL);
		CHECK(proc_run(&s.spec, NULL, &err) < 0, "%s", c->name);
		CHECK(err.kind == ERR_SYSTEM && !strcmp(err.msg, c->want),
		      "%s: '%s'", c->name, err.msg);
	}
}

static void test_run_bounds_the_output(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(1000);
	struct err err;
	struct shell s;

	/* Endless: only the limit ends it. */
	shell_init(&s, "while :; do echo xxxxxxxxxxxxxxxx; done", NULL);
	CHECK_FAILS(proc_run(&s.spec, &out, &err), &err, ERR_LIMIT,
		    "run '/bin/sh': output: more than 1000 bytes");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_run_does_not_wait_for_grandchildren(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct shell s;
	pid_t left;

	/* It holds on to our pipes. */
	shell_init(&s, "sleep 60 & echo $!", NULL);
	CHECK_OK(proc_run(&s.spec, &out, &err), &err);
	left = (pid_t)strtol(out.data, NULL, 10);
	CHECK(left > 1, "'%s'", out.data);
	kill(left, SIGKILL);
}

static void test_run_ends_when_interrupted(void **state unused)
{
	struct shell s;
	struct err err;
	sigset_t set, old, pending;
	const struct timespec none = { .tv_sec = 0 };
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (!pid) {
		usleep(50000);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	shell_init(&s, "exec sleep 100", NULL);
	CHECK_FAILS(proc_run(&s.spec, NULL, &err), &err, ERR_CANCELLED,
		    "run '/bin/sh': interrupted");
	/* The signal is still there for whoever waits for it. */
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGINT), 1);
	assert_int_equal(sigtimedwait(&set, NULL, &none), SIGINT);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* clang-format off */
static const struct find_case {
	const char *name, *path_var, *want; /* NULL: not found */
} find_cases[] = {
	{ "sh",         "/nonexistent:/bin:/usr/bin", "/bin/sh" },
	{ "sh",         "::relative:.:/bin",          "/bin/sh" },
	{ "/bin/sh",    "",                           "/bin/sh" },
	{ "chroot",     "/bin",                       "/usr/sbin/chroot" },
	{ "sh",         "",                           NULL      },
	{ "passwd",     "/etc",                       NULL      },
	{ "bin",        "/",                          NULL      },
	{ "../bin/sh",  "/usr",                       NULL      },
	{ "bin/sh",     "/",                          NULL      },
	{ "",           "/bin",                       NULL      },
	{ "/etc/passwd", "/bin",                      NULL      },
};
/* clang-format on */

static void test_find_looks_in_absolute_directories(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(find_cases); i++) {
		const struct find_case *c = &find_cases[i];
		auto_free char *got = NULL;
		struct err err = ERR_INIT;
		int r = proc_find(c->name, c->path_var, &got, &err);

		CHECK((r == 0) == !!c->want, "'%s' in '%s': %s", c->name,
		      c->path_var, r ? err.msg : got);
		if (c->want)
			CHECK(!strcmp(got, c->want), "'%s' in '%s': '%s'",
			      c->name, c->path_var, got);
		else
			CHECK(err.kind == ERR_NOT_FOUND, "%s", err.msg);
	}
}

static void test_running_process_is_known_by_its_program(void **state unused)
{
	struct proc p = PROC_INIT;
	struct err err = ERR_INIT;
	struct shell s;
	pid_t pid;

	shell_init(&s, "while :; do sleep 1; done", NULL);
	CHECK_OK(proc_spawn(&s.spec, &p, &err), &err);
	pid = p.pid;
	assert_true(proc_is_running(pid, "/bin/sh"));
	assert_false(proc_is_running(pid, "/bin/s"));
	assert_false(proc_is_running(pid, "/bin/cat"));
	proc_stop(&p, 0);
	wait_until_gone(pid);
	assert_false(proc_is_running(pid, "/bin/sh"));
	assert_false(proc_is_running(0, "/bin/sh"));
	assert_false(proc_is_running(-1, "/bin/sh"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_inherits_nothing_by_accident),
		cmocka_unit_test(test_kept_descriptors_keep_their_numbers),
		cmocka_unit_test(test_standard_streams_may_be_crossed),
		cmocka_unit_test(test_spawn_failures_are_named),
		cmocka_unit_test(test_wait_tells_the_exit_code),
		cmocka_unit_test(test_wait_may_time_out),
		cmocka_unit_test(test_stop_always_ends_the_child),
		cmocka_unit_test(test_child_dies_with_its_parent),
		cmocka_unit_test(
			test_user_namespace_maps_and_keeps_capabilities),
		cmocka_unit_test(test_no_new_privs_reaches_the_program),
		cmocka_unit_test(test_system_call_filter_reaches_the_program),
		cmocka_unit_test(test_cage_reduces_the_file_system),
		cmocka_unit_test(test_run_tells_what_the_tool_said_last),
		cmocka_unit_test(test_run_bounds_the_output),
		cmocka_unit_test(test_run_does_not_wait_for_grandchildren),
		cmocka_unit_test(test_run_ends_when_interrupted),
		cmocka_unit_test(test_find_looks_in_absolute_directories),
		cmocka_unit_test(test_running_process_is_known_by_its_program),
	};

	return RUN_TESTS(tests);
}
