// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp_test.c - what a process under the filter can do and cannot.
 */
#include "guest/seccomp.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

#define WORKS	     0
#define CHILD_BROKEN 255 /* the filter could not be installed */
#define KILLED	     256

#define HIGH_BIT (1UL << 32)

static const struct call_case {
	const char *name;
	long nr;
	unsigned long args[3];
	int want; /* errno, WORKS or KILLED */
} call_cases[] = {
	{ "getpid", SYS_getpid, { 0 }, WORKS },
	{ "mount", SYS_mount, { 0 }, EPERM },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER }, EPERM },
	{ "move_mount", SYS_move_mount, { 0 }, EPERM },
	{ "open_tree_attr", 467, { 0 }, EPERM },
	{ "mount_setattr", SYS_mount_setattr, { 0 }, EPERM },
	{ "handle", SYS_open_by_handle_at, { 0 }, EPERM },
	{ "clock_settime", SYS_clock_settime, { 0 }, EPERM },
	{ "reboot", SYS_reboot, { 0 }, EPERM },
	{ "keyctl", SYS_keyctl, { 0 }, EPERM },
	{ "landlock", SYS_landlock_create_ruleset, { 0 }, EPERM },
	{ "seccomp", SYS_seccomp, { 0 }, EPERM },
	{ "io_uring_setup", SYS_io_uring_setup, { 1, 0 }, ENOSYS },
	{ "io_uring_enter", SYS_io_uring_enter, { 0 }, KILLED },
	{ "clone3", SYS_clone3, { 0 }, ENOSYS },
	{ "clone, namespace", SYS_clone, { CLONE_NEWUSER }, EPERM },
	{ "clone, high bit", SYS_clone, { HIGH_BIT | CLONE_NEWNET }, EPERM },
	{ "ptrace", SYS_ptrace, { 0 }, KILLED },
	{ "bpf", SYS_bpf, { 0 }, KILLED },
	{ "process_vm_readv", SYS_process_vm_readv, { 0 }, KILLED },
	{ "finit_module", SYS_finit_module, { 0 }, KILLED },
	{ "socket, unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, WORKS },
	{ "socket, inet", SYS_socket, { AF_INET, SOCK_STREAM, 0 }, WORKS },
	{ "socket, route",
	  SYS_socket,
	  { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
	  WORKS },
	{ "socket, route, high bits",
	  SYS_socket,
	  { HIGH_BIT | AF_NETLINK, SOCK_RAW, HIGH_BIT | NETLINK_ROUTE },
	  WORKS },
	{ "socket, audit",
	  SYS_socket,
	  { AF_NETLINK, SOCK_RAW, NETLINK_AUDIT },
	  EPERM },
	{ "socket, packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, EPERM },
	{ "socket, packet, high bit",
	  SYS_socket,
	  { HIGH_BIT | AF_PACKET, SOCK_RAW, 0 },
	  EPERM },
	{ "socket, key", SYS_socket, { AF_KEY, SOCK_RAW, 2 }, EPERM },
	{ "socket, alg", SYS_socket, { AF_ALG, 0, 0 }, EPERM },
	{ "socket, vsock", SYS_socket, { AF_VSOCK, 0, 0 }, EPERM },
#ifdef __x86_64__
	{ "x32 getpid", 0x40000000 | SYS_getpid, { 0 }, ENOSYS },
#endif
};

static void enter_filter(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    seccomp_install(ERR_IGNORE) < 0)
		_exit(CHILD_BROKEN);
}

static int outcome_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? KILLED : WEXITSTATUS(status);
}

static void test_calls_under_the_filter(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(call_cases); i++) {
		const struct call_case *c = &call_cases[i];
		pid_t pid = fork();
		int have;

		assert_true(pid >= 0);
		if (pid == 0) {
			enter_filter();
			if (syscall(c->nr, c->args[0], c->args[1], c->args[2],
				    0, 0, 0) < 0)
				_exit(errno);
			_exit(WORKS);
		}
		have = outcome_of(pid);
		CHECK(have == c->want, "%s: got %d, want %d", c->name, have,
		      c->want);
	}
}

static void test_processes_can_still_be_started(void **state unused)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pid_t inner;
		int status;

		enter_filter();
		inner = fork();
		if (inner == 0)
			_exit(0);
		if (inner < 0 || waitpid(inner, &status, 0) != inner)
			_exit(1);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(outcome_of(pid), 0);
}

#ifdef __x86_64__
static void test_the_i386_interface_kills(void **state unused)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		long result;

		enter_filter();
		/* 20 is getpid there, and writev here. */
		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(20)
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(result ? 1 : 2);
	}
	assert_int_equal(outcome_of(pid), KILLED);
}
#endif

static void test_the_filter_fits(void **state unused)
{
	struct sock_filter code[SECCOMP_FILTER_MAX];
	size_t len = seccomp_build(code);

	assert_in_range(len, 1, SECCOMP_FILTER_MAX);
	/* Whatever no rule is about is allowed by the last instruction. */
	assert_int_equal(code[len - 1].code, BPF_RET | BPF_K);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_under_the_filter),
		cmocka_unit_test(test_processes_can_still_be_started),
#ifdef __x86_64__
		cmocka_unit_test(test_the_i386_interface_kills),
#endif
		cmocka_unit_test(test_the_filter_fits),
	};

	return RUN_TESTS(tests);
}
