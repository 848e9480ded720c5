// SPDX-License-Identifier: Apache-2.0
/*
 * fs_cage.c - confine the file server with Landlock and seccomp.
 *
 * Theory of operation
 *
 * The file server parses what a guest writes. Whoever takes it over finds a
 * process that reaches the workspace for reading and the session's directory
 * for writing, which the guest could do anyway, and has no call that leads to
 * anything else: no socket, no program, no process, no executable memory.
 *
 * Landlock is best effort: a kernel without it still has the filter. The
 * filter is a list of what is allowed, so that a call which nobody thought of,
 * or which is younger than this file, is not there.
 *
 * Many calls take a path. The filter cannot look at it, but Landlock does. What
 * Landlock does not know about is left out (mode, owner, attributes), except
 * for looking at a file and setting its times. Where the guest changes the
 * share itself, modes and attributes can be set of open files only, which
 * Landlock has let through.
 */
#include "infra/vfs/fs_cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "infra/sys/fd.h"

/* Of kernels younger than the headers we support: 6.2 and 6.10. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

/* No TCP, 6.7; no abstract sockets, no signals beyond the cage, 6.12. */
#define NET_ALL	  UINT64_C(3)
#define SCOPE_ALL UINT64_C(3)
#define ABI_ALL	  6

/* struct landlock_ruleset_attr as of ABI 6, see there. */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* Programs are not executed, not even of the workspace. */
#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE                                                    \
	(ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE |                  \
	 LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG |    \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER)

/* What a share that the guest changes needs more; still no devices. */
#define ACCESS_SHARE                                  \
	(ACCESS_WRITE | LANDLOCK_ACCESS_FS_MAKE_SYM | \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK)

/* Before that, files cannot be moved between directories. */
#define ABI_REFER 2

static struct ruleset_attr known_rights(long abi, size_t *size)
{
	struct ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};

	/* An older kernel refuses what it does not know. */
	*size = offsetof(struct ruleset_attr, handled_access_net);
	if (abi >= 2)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 4) {
		attr.handled_access_net = NET_ALL;
		*size = offsetof(struct ruleset_attr, scoped);
	}
	if (abi >= 5)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	if (abi >= 6) {
		attr.scoped = SCOPE_ALL;
		*size = sizeof(attr);
	}
	return attr;
}

static int add_rule(int ruleset, int fd, uint64_t rights, struct err *err)
{
	const struct landlock_path_beneath_attr attr = {
		.allowed_access = rights,
		.parent_fd = fd,
	};

	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &attr, 0) < 0)
		return err_sys(err, errno, "add a Landlock rule");
	return 0;
}

/* What may be done beneath a directory; fd -1 for none. */
struct place {
	int fd;
	uint64_t rights;
};

static int restrict_to(long abi, const struct place *places, size_t n,
		       struct err *err)
{
	auto_close int ruleset = -1;
	struct ruleset_attr attr;
	size_t size;

	attr = known_rights(abi, &size);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return err_sys(err, errno, "make a Landlock ruleset");
	for (size_t i = 0; i < n; i++) {
		if (places[i].fd >= 0 &&
		    add_rule(ruleset, places[i].fd,
			     places[i].rights & attr.handled_access_fs,
			     err) < 0)
			return -1;
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_sys(err, errno, "enter the Landlock ruleset");
	return 0;
}

/* The version of Landlock; -1 when there is none that helps. */
static long find_landlock(long abi_min, struct log *log)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 0)
		log_warn(log, "fs: this kernel has no Landlock");
	else if (abi < abi_min)
		log_warn(log, "fs: this kernel's Landlock cannot move files, "
			      "going without");
	else if (abi < ABI_ALL)
		log_info(log,
			 "fs: Landlock of version %ld, not all of it is "
			 "there",
			 abi);
	return abi < abi_min ? -1 : abi;
}

static int enter_files(long abi_min, const struct place *places, size_t n,
		       struct log *log, struct err *err)
{
	long abi;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		return err_sys(err, errno, "forbid new privileges");
	abi = find_landlock(abi_min, log);
	return abi < 0 ? 0 : restrict_to(abi, places, n, err);
}

int fs_cage_enter_files(int read_fd, int write_fd, struct log *log,
			struct err *err)
{
	const struct place places[] = {
		{ .fd = read_fd, .rights = ACCESS_READ },
		{ .fd = write_fd, .rights = ACCESS_WRITE },
	};

	return enter_files(/* abi_min */ 1, places, ARRAY_SIZE(places), log,
			   err);
}

int fs_cage_enter_share(int share_fd, struct log *log, struct err *err)
{
	const struct place share = { .fd = share_fd, .rights = ACCESS_SHARE };

	return enter_files(ABI_REFER, &share, 1, log, err);
}

/* Whatever the arguments. Calls that an architecture lacks are negative. */
static const int plain_calls[] = {
	/* content */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(preadv2),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(pwritev2),
	SCMP_SYS(lseek),
	SCMP_SYS(copy_file_range),
	SCMP_SYS(fallocate),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(syncfs),
	/* names and attributes */
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(fstatfs),
	SCMP_SYS(getdents64),
	SCMP_SYS(readlinkat),
	SCMP_SYS(mkdirat),
	SCMP_SYS(unlinkat),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(utimensat),
	SCMP_SYS(fgetxattr),
	SCMP_SYS(flistxattr),
	/* the front end and the guest's signals */
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(sched_yield),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	/* memory: see below for what maps it */
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	/* time, chance, and what the C library needs to end us */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(getrandom),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* For a share that the guest changes itself. */
static const int share_calls[] = {
	SCMP_SYS(linkat), SCMP_SYS(symlinkat), SCMP_SYS(mknodat),
	SCMP_SYS(fchmod), SCMP_SYS(fsetxattr), SCMP_SYS(fremovexattr),
};

/* What may be asked of a descriptor with fcntl(2). */
static const int fcntl_commands[] = {
	F_GETFD,	 F_SETFD,     F_GETFL,	   F_SETFL,
	F_DUPFD_CLOEXEC, F_GET_SEALS, F_ADD_SEALS,
};

static int allow(scmp_filter_ctx filter, int call, unsigned int n,
		 const struct scmp_arg_cmp *args, struct err *err)
{
	int r;

	if (call < 0)
		return 0;
	r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, n, args);
	if (r < 0)
		return err_sys(err, -r, "allow system call %d", call);
	return 0;
}

static int allow_equal(scmp_filter_ctx filter, int call, unsigned int arg,
		       scmp_datum_t value, struct err *err)
{
	/* The kernel takes 32 bits of these, so the others must not decide. */
	const struct scmp_arg_cmp cmp =
		SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, value);

	return allow(filter, call, 1, &cmp, err);
}

static int allow_not_executable(scmp_filter_ctx filter, int call,
				struct err *err)
{
	const struct scmp_arg_cmp cmp =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

	return allow(filter, call, 1, &cmp, err);
}

/* send(2) is sendto(2) without an address. */
static int allow_send(scmp_filter_ctx filter, struct err *err)
{
	const struct scmp_arg_cmp cmp = SCMP_A4(SCMP_CMP_EQ, 0, 0);

	return allow(filter, SCMP_SYS(sendto), 1, &cmp, err);
}

static int allow_plain(scmp_filter_ctx filter, const int *calls, size_t n,
		       struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (allow(filter, calls[i], 0, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int allow_all(scmp_filter_ctx filter, bool share, struct err *err)
{
	if (allow_plain(filter, plain_calls, ARRAY_SIZE(plain_calls), err) < 0)
		return -1;
	if (share &&
	    allow_plain(filter, share_calls, ARRAY_SIZE(share_calls), err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(fcntl_commands); i++) {
		if (allow_equal(filter, SCMP_SYS(fcntl), 1,
				(scmp_datum_t)fcntl_commands[i], err) < 0)
			return -1;
	}
	if (allow_not_executable(filter, SCMP_SYS(mmap), err) < 0 ||
	    allow_not_executable(filter, SCMP_SYS(mprotect), err) < 0 ||
	    allow_equal(filter, SCMP_SYS(ioctl), 1, FICLONE, err) < 0)
		return -1;
	if (allow_send(filter, err) < 0)
		return -1;
	/* abort(3) of a failed assertion. */
	return allow_equal(filter, SCMP_SYS(tgkill), 0, (scmp_datum_t)getpid(),
			   err);
}

static int load(scmp_filter_ctx filter, struct err *err)
{
	int r;

	/* Another ABI has other numbers. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
			     SCMP_ACT_KILL_PROCESS);
	/* A search tree: the list is long, and each request makes calls. */
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_load(filter);
	if (r < 0)
		return err_sys(err, -r, "load the system call filter");
	return 0;
}

static int enter_calls(bool share, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return err_set(err, ERR_UNSUPPORTED,
			       "there is no system call filter");
	r = allow_all(filter, share, err);
	if (r == 0)
		r = load(filter, err);
	seccomp_release(filter);
	return r;
}

int fs_cage_enter_calls(struct err *err)
{
	return enter_calls(/* share */ false, err);
}

int fs_cage_enter_share_calls(struct err *err)
{
	return enter_calls(/* share */ true, err);
}
