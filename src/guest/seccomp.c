// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp.c - the system calls that nothing in a session may make.
 *
 * Theory of operation
 *
 * The default is to allow: agents run compilers, browsers and databases. What
 * is refused is what reaches deep into the kernel and no such program needs.
 * Calls that programs try to find out whether they are there get an errno;
 * the others kill.
 *
 * The filter is a list. Its length costs little: the kernel remembers for
 * each number whether the answer depends on the arguments, and does not run
 * the filter again for calls that are always allowed.
 *
 * Arguments are 64 bits wide here, but the kernel looks at 32 bits of those
 * that are an int. So do we, or a set bit above would slip through.
 */
#include "guest/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Another architecture has no FILTER_ARCH, and so does not compile. */
#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#define X32_BIT	    0x40000000U
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

/* Newer than the headers of the oldest system that builds us. */
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

#define KILL   SECCOMP_RET_KILL_PROCESS
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define ABSENT (SECCOMP_RET_ERRNO | ENOSYS)

#define NAMESPACES                                                   \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | \
	 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME)

/* A little-endian machine has the low half of an argument first. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "the offsets of arguments are wrong");
#define AT_ARG(n) \
	((__u32)(offsetof(struct seccomp_data, args) + (n) * sizeof(__u64)))
#define AT_NR	((__u32)offsetof(struct seccomp_data, nr))
#define AT_ARCH ((__u32)offsetof(struct seccomp_data, arch))

static const struct {
	long nr;
	__u32 action;
} rules[] = {
	/* Node and others ask whether io_uring is there. */
	{ SYS_io_uring_setup, ABSENT },
	{ SYS_io_uring_enter, KILL },
	{ SYS_io_uring_register, KILL },
	/* Agents' own sandboxes try whether they can have a filter. */
	{ SYS_seccomp, REFUSE },
	{ SYS_ptrace, KILL },
	{ SYS_process_vm_readv, KILL },
	{ SYS_process_vm_writev, KILL },
	{ SYS_kexec_load, KILL },
	{ SYS_kexec_file_load, KILL },
	{ SYS_init_module, KILL },
	{ SYS_finit_module, KILL },
	{ SYS_delete_module, KILL },
	{ SYS_bpf, KILL },
	/* Its flags are behind a pointer; libc falls back to clone. */
	{ SYS_clone3, ABSENT },
	{ SYS_mount, REFUSE },
	{ SYS_umount2, REFUSE },
	{ SYS_pivot_root, REFUSE },
	{ SYS_chroot, REFUSE },
	{ SYS_fsopen, REFUSE },
	{ SYS_fsconfig, REFUSE },
	{ SYS_fsmount, REFUSE },
	{ SYS_fspick, REFUSE },
	{ SYS_move_mount, REFUSE },
	{ SYS_open_tree, REFUSE },
	{ SYS_open_tree_attr, REFUSE },
	{ SYS_mount_setattr, REFUSE },
	{ SYS_open_by_handle_at, REFUSE },
	{ SYS_unshare, REFUSE },
	{ SYS_setns, REFUSE },
	{ SYS_perf_event_open, REFUSE },
	{ SYS_userfaultfd, REFUSE },
	{ SYS_personality, REFUSE },
	{ SYS_add_key, REFUSE },
	{ SYS_request_key, REFUSE },
	{ SYS_keyctl, REFUSE },
	{ SYS_landlock_create_ruleset, REFUSE },
	{ SYS_landlock_add_rule, REFUSE },
	{ SYS_landlock_restrict_self, REFUSE },
	{ SYS_acct, REFUSE },
	{ SYS_swapon, REFUSE },
	{ SYS_swapoff, REFUSE },
	{ SYS_quotactl, REFUSE },
	{ SYS_quotactl_fd, REFUSE },
	{ SYS_settimeofday, REFUSE },
	{ SYS_clock_settime, REFUSE },
	{ SYS_clock_adjtime, REFUSE },
	{ SYS_lookup_dcookie, REFUSE },
	{ SYS_kcmp, REFUSE },
	{ SYS_nfsservctl, REFUSE },
	{ SYS_reboot, REFUSE },
};

/* AF_NETLINK is judged by its protocol. */
static const __u32 refused_families[] = {
	AF_PACKET,
	AF_KEY,
	AF_ALG,
	AF_VSOCK,
};

struct filter {
	struct sock_filter *code;
	size_t len;
};

static void add(struct filter *f, struct sock_filter insn)
{
	assert(f->len < SECCOMP_FILTER_MAX);
	f->code[f->len++] = insn;
}

static void load(struct filter *f, __u32 offset)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

/* Skips @yes instructions when the test is true, @no when not. */
static void jump(struct filter *f, __u16 test, __u32 value, __u8 yes, __u8 no)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | test, value, yes,
					    no));
}

static void answer(struct filter *f, __u32 action)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void when_answer(struct filter *f, __u16 test, __u32 value, __u32 action)
{
	jump(f, test, value, 0, 1);
	answer(f, action);
}

static void add_clone(struct filter *f)
{
	jump(f, BPF_JEQ, SYS_clone, 0, 4);
	load(f, AT_ARG(0));
	when_answer(f, BPF_JSET, NAMESPACES, REFUSE);
	answer(f, SECCOMP_RET_ALLOW);
}

static void add_socket(struct filter *f)
{
	enum { families = ARRAY_SIZE(refused_families) };

	/* What is skipped: a load, two for each family, five for netlink. */
	jump(f, BPF_JEQ, SYS_socket, 0, 1 + 2 * families + 5);
	load(f, AT_ARG(0));
	for (size_t i = 0; i < families; i++)
		when_answer(f, BPF_JEQ, refused_families[i], REFUSE);
	/* Listing interfaces and addresses takes NETLINK_ROUTE. */
	jump(f, BPF_JEQ, AF_NETLINK, 0, 3);
	load(f, AT_ARG(2));
	jump(f, BPF_JEQ, NETLINK_ROUTE, 1, 0);
	answer(f, REFUSE);
	answer(f, SECCOMP_RET_ALLOW);
}

size_t seccomp_build(struct sock_filter out[SECCOMP_FILTER_MAX])
{
	struct filter f = { .code = out };

	load(&f, AT_ARCH);
	/* Another ABI has other numbers: i386 on amd64. */
	jump(&f, BPF_JEQ, FILTER_ARCH, 1, 0);
	answer(&f, KILL);
	load(&f, AT_NR);
#ifdef X32_BIT
	when_answer(&f, BPF_JGE, X32_BIT, ABSENT);
#endif
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		when_answer(&f, BPF_JEQ, (__u32)rules[i].nr, rules[i].action);
	add_clone(&f);
	add_socket(&f);
	answer(&f, SECCOMP_RET_ALLOW);
	return f.len;
}

int seccomp_install(struct err *err)
{
	struct sock_filter code[SECCOMP_FILTER_MAX];
	const struct sock_fprog program = {
		.len = (unsigned short)seccomp_build(code),
		.filter = code,
	};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_LOG, &program) < 0)
		return err_sys(err, errno, "install the system call filter");
	return 0;
}
