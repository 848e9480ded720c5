// SPDX-License-Identifier: Apache-2.0
/*
 * fs_cage_test.c - what still works in the cage, what fails, and what kills.
 *
 * Everything happens in children, which never come back out.
 */
#include "infra/vfs/fs_cage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#include "infra/sys/fd.h"
#include "support/tree.h"

#define EXIT_NO_CAGE 99

/* "r" and "w" are in the cage, "o" is not; each holds a file "f". */
struct place {
	char *dir; /* owned */
	int top, r, w;
};

static struct log no_log = LOG_DISCARD;

static void setup(struct place *p)
{
	p->dir = tree_new();
	tree_write(p->dir, "r/f", "read");
	tree_write(p->dir, "r/d/g", "deep");
	tree_write(p->dir, "r/run", "#!/bin/sh\nexit 0\n");
	tree_chmod(p->dir, "r/run", 0755);
	tree_write(p->dir, "w/f", "write");
	tree_write(p->dir, "o/f", "other");
	p->top = open(p->dir, O_PATH | O_CLOEXEC);
	p->r = openat(p->top, "r", O_PATH | O_CLOEXEC);
	p->w = openat(p->top, "w", O_PATH | O_CLOEXEC);
	assert_true(p->r >= 0 && p->w >= 0);
}

static void teardown(struct place *p)
{
	fd_close(&p->top);
	fd_close(&p->r);
	fd_close(&p->w);
	tree_remove(p->dir);
	free(p->dir);
}

/* 0 or errno, of the call that counts. */
typedef int act_fn(const struct place *p);

static int errno_if(bool failed)
{
	return failed ? errno : 0;
}

static int open_in(int dirfd, const char *path, int flags)
{
	auto_close int fd = openat(dirfd, path, flags | O_CLOEXEC, 0600);

	return errno_if(fd < 0);
}

/* _exit(2); what is known not to return, a sanitizer puts calls in front of. */
static void leave(int code)
{
	syscall(SYS_exit_group, code);
}

/* How a child that enters the cage and acts ends, as of waitpid(2). */
static int run(const struct place *p, bool files, bool calls, act_fn *act)
{
	const struct rlimit none = { .rlim_cur = 0 };
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		/* The test library's handler would go on in the test. */
		(void)signal(SIGABRT, SIG_DFL);
		if (files &&
		    fs_cage_enter_files(p->r, p->w, &no_log, ERR_IGNORE) < 0)
			leave(EXIT_NO_CAGE);
		if (calls && fs_cage_enter_calls(ERR_IGNORE) < 0)
			leave(EXIT_NO_CAGE);
		leave(act(p));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* What serving takes. */

static int use_content(const struct place *p)
{
	auto_close int fd =
		openat(p->w, "new", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	auto_close int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	char byte = 'x';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	loff_t from = 0, to = 8;

	if (fd < 0 || copy < 0 || fcntl(fd, F_GETFL) < 0 ||
	    write(fd, "a", 1) != 1 || pwritev(fd, &iov, 1, 1) != 1 ||
	    pwritev2(fd, &iov, 1, 2, 0) != 1 || pwrite(fd, "c", 1, 3) != 1 ||
	    pread(fd, &byte, 1, 0) != 1 || preadv(fd, &iov, 1, 0) != 1 ||
	    preadv2(fd, &iov, 1, 0, 0) != 1 || lseek(fd, 0, SEEK_SET) ||
	    ftruncate(fd, 100) < 0 || fsync(fd) < 0 || fdatasync(fd) < 0 ||
	    syncfs(fd) < 0 || futimens(fd, NULL) < 0)
		return errno;
	/* Whether the file system can is not the question. */
	discard(fallocate(fd, 0, 0, 4096));
	discard(ioctl(fd, FICLONE, copy));
	discard(copy_file_range(fd, &from, copy, &to, 4, 0));
	discard(fgetxattr(fd, "user.x", &byte, 1));
	discard(flistxattr(fd, &byte, 1));
	return 0;
}

static int use_names(const struct place *p)
{
	char buf[64];
	struct statx stx;
	struct stat st;
	struct statfs fs;

	if (mkdirat(p->w, "d", 0700) < 0 ||
	    renameat(p->w, "d", p->w, "e") < 0 ||
	    renameat2(p->w, "e", p->w, "d", RENAME_NOREPLACE) < 0 ||
	    unlinkat(p->w, "d", AT_REMOVEDIR) < 0 ||
	    open_in(p->w, "t", O_CREAT | O_EXCL | O_WRONLY) ||
	    unlinkat(p->w, "t", 0) < 0 ||
	    fstatat(p->r, "f", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    statx(p->r, "f", 0, STATX_BASIC_STATS, &stx) < 0 ||
	    fstatfs(p->r, &fs) < 0)
		return errno;
	return readlinkat(p->r, "f", buf, sizeof(buf)) < 0 && errno == EINVAL
		       ? 0
		       : 1;
}

static int use_listing(const struct place *p)
{
	int fd = openat(p->r, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n == 5 ? 0 : 1;
}

static int use_memory(const struct place *p unused)
{
	size_t len = (size_t)8 * 1024 * 1024;
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *wide;

	if (map == MAP_FAILED)
		return errno;
	map[0] = 1;
	wide = mremap(map, len, 2 * len, MREMAP_MAYMOVE);
	if (wide == MAP_FAILED || mprotect(wide, len, PROT_READ) < 0 ||
	    madvise(wide, len, MADV_DONTNEED) < 0 || munmap(wide, 2 * len) < 0)
		return errno;
	return 0;
}

static int use_events(const struct place *p unused)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	struct timespec now, soon = { .tv_nsec = 1000 };
	struct pollfd pfd = { .fd = -1 };
	char byte;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, STDIN_FILENO, &event) > 0 ||
	    epoll_wait(ep, &event, 1, 0) < 0 || poll(&pfd, 1, 0) < 0 ||
	    ppoll(&pfd, 1, &soon, NULL) < 0 ||
	    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) < 0 ||
	    clock_nanosleep(CLOCK_MONOTONIC, 0, &soon, NULL) ||
	    syscall(SYS_getrandom, &byte, 1, 0) != 1)
		return 1;
	return 0;
}

/* A socket that was there before the cage. */
static int sockets[2] = { -1, -1 };

static int use_socket(const struct place *p unused)
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (sendmsg(sockets[0], &msg, MSG_NOSIGNAL) != 1 ||
	    send(sockets[0], "y", 1, MSG_NOSIGNAL) != 1 ||
	    recvmsg(sockets[1], &msg, 0) != 1)
		return errno;
	return 0;
}

static const struct use_case {
	const char *name;
	act_fn *act;
} uses[] = {
	{ "content", use_content }, { "names", use_names },
	{ "listing", use_listing }, { "memory", use_memory },
	{ "events", use_events },   { "socket", use_socket },
};

static void test_serving_works_in_the_cage(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_OK(fd_socketpair(sockets, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		struct place p;
		int status;

		setup(&p);
		status = run(&p, true, true, uses[i].act);
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status),
		      "%s: status 0x%x", uses[i].name, (unsigned int)status);
		teardown(&p);
	}
	fd_close(&sockets[0]);
	fd_close(&sockets[1]);
}

/* What abort(3) does. */
static int act_abort(const struct place *p unused)
{
	return raise(SIGABRT);
}

static void test_failed_assertion_is_seen_as_one(void **state unused)
{
	struct place p;
	int status;

	setup(&p);
	status = run(&p, true, true, act_abort);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status 0x%x",
	      (unsigned int)status);
	teardown(&p);
}

/* The arguments matter only to what is judged by them. */
#define NEG1 (-1L)
static const struct kill_case {
	const char *name;
	long call, args[6];
} kills[] = {
	/* clang-format off */
	{ "socket",         SYS_socket,      { AF_INET, SOCK_STREAM, 0 } },
	{ "socket unix",    SYS_socket,      { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socketpair",     SYS_socketpair,  { AF_UNIX, SOCK_STREAM, 0 } },
	{ "connect",        SYS_connect,     { NEG1 } },
	{ "accept4",        SYS_accept4,     { NEG1 } },
	{ "sendto address", SYS_sendto,      { NEG1, 0, 0, 0, 4096, 16 } },
	{ "sendto high",    SYS_sendto,      { NEG1, 0, 0, 0, 1L << 40, 16 } },
	{ "execve",         SYS_execve,      { 0 } },
	{ "execveat",       SYS_execveat,    { NEG1 } },
	{ "clone",          SYS_clone,       { SIGCHLD } },
	{ "clone3",         SYS_clone3,      { 0 } },
	{ "unshare",        SYS_unshare,     { 0 } },
	{ "setns",          SYS_setns,       { NEG1 } },
	{ "ptrace",         SYS_ptrace,      { NEG1 } },
	{ "read another",   SYS_process_vm_readv,  { 1 } },
	{ "write another",  SYS_process_vm_writev, { 1 } },
	{ "kill",           SYS_kill,        { 1, 0 } },
	{ "tgkill another", SYS_tgkill,      { 1, 1, 0 } },
	{ "pidfd_open",     SYS_pidfd_open,  { 1, 0 } },
	{ "prctl",          SYS_prctl,       { PR_GET_DUMPABLE } },
	{ "seccomp",        SYS_seccomp,     { 0 } },
	{ "bpf",            SYS_bpf,         { 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 1 } },
	{ "userfaultfd",    SYS_userfaultfd, { 0 } },
	{ "mount",          SYS_mount,       { 0 } },
	{ "chroot",         SYS_chroot,      { 0 } },
	{ "by handle",      SYS_open_by_handle_at, { NEG1 } },
	{ "memfd_create",   SYS_memfd_create, { 0 } },
	{ "fchmod",         SYS_fchmod,      { NEG1 } },
	{ "fchmodat",       SYS_fchmodat,    { NEG1 } },
	{ "fchownat",       SYS_fchownat,    { NEG1 } },
	{ "fsetxattr",      SYS_fsetxattr,   { NEG1 } },
	{ "linkat",         SYS_linkat,      { NEG1 } },
	{ "symlinkat",      SYS_symlinkat,   { 0 } },
	{ "mknodat",        SYS_mknodat,     { NEG1 } },
	{ "mmap exec",      SYS_mmap,
	  { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, NEG1 } },
	{ "mprotect exec",  SYS_mprotect,    { 0, 4096, PROT_EXEC } },
	{ "pkey_mprotect",  SYS_pkey_mprotect, { 0, 4096, PROT_EXEC, NEG1 } },
	{ "ioctl",          SYS_ioctl,       { NEG1, TIOCSTI } },
	{ "ioctl range",    SYS_ioctl,       { NEG1, FICLONERANGE } },
	{ "ioctl above 32", SYS_ioctl,       { NEG1, 1L << 32 | TIOCSTI } },
	{ "fcntl owner",    SYS_fcntl,       { NEG1, F_SETOWN } },
	{ "fcntl lock",     SYS_fcntl,       { NEG1, F_SETLK } },
	{ "fcntl dup",      SYS_fcntl,       { NEG1, F_DUPFD } },
	{ "no such call",   1 << 20,         { 0 } },
	/* clang-format on */
};

static const struct kill_case *now_killed;

static int act_kill(const struct place *p unused)
{
	const long *a = now_killed->args;

	discard(syscall(now_killed->call, a[0], a[1], a[2], a[3], a[4], a[5]));
	return 0;
}

static void check_killed(const char *name, int status)
{
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	      "%s: status 0x%x", name, (unsigned int)status);
}

static void test_other_calls_kill(void **state unused)
{
	struct place p;

	setup(&p);
	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		now_killed = &kills[i];
		check_killed(now_killed->name, run(&p, false, true, act_kill));
	}
	teardown(&p);
}

#if defined(__x86_64__)
/* getpid(2), which is allowed, by the numbers of two other ABIs. */
static int act_i386(const struct place *p unused)
{
	long r = 20;

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "cc");
	return 0;
}

static int act_x32(const struct place *p unused)
{
	discard(syscall(0x40000000L | SYS_getpid));
	return 0;
}

static void test_other_abis_kill(void **state unused)
{
	struct place p;

	setup(&p);
	check_killed("i386", run(&p, false, true, act_i386));
	check_killed("x32", run(&p, false, true, act_x32));
	teardown(&p);
}
#endif

/* Files: the call of each must end with the errno. */

static int read_r(const struct place *p)
{
	return open_in(p->r, "d/g", O_RDONLY);
}

static int read_w(const struct place *p)
{
	return open_in(p->w, "f", O_RDONLY);
}

static int write_r(const struct place *p)
{
	return open_in(p->r, "f", O_WRONLY);
}

static int truncate_r(const struct place *p)
{
	return open_in(p->r, "f", O_RDONLY | O_TRUNC);
}

static int create_r(const struct place *p)
{
	return open_in(p->r, "new", O_WRONLY | O_CREAT);
}

static int remove_r(const struct place *p)
{
	return errno_if(unlinkat(p->r, "f", 0) < 0);
}

static int mkdir_r(const struct place *p)
{
	return errno_if(mkdirat(p->r, "new", 0700) < 0);
}

static int take_from_r(const struct place *p)
{
	return errno_if(renameat(p->r, "f", p->w, "taken") < 0) ? EACCES : 0;
}

static int put_into_r(const struct place *p)
{
	return errno_if(renameat(p->w, "f", p->r, "put") < 0) ? EACCES : 0;
}

static int link_from_r(const struct place *p)
{
	return errno_if(linkat(p->r, "f", p->w, "l", 0) < 0) ? EACCES : 0;
}

static int execute_r(const struct place *p)
{
	static char *const none[] = { NULL };
	auto_free char *path = tree_path(p->dir, "r/run");

	return errno_if(execve(path, none, none) < 0);
}

static int read_o(const struct place *p)
{
	return open_in(p->top, "o/f", O_RDONLY);
}

static int climb_to_o(const struct place *p)
{
	return open_in(p->r, "../o/f", O_RDONLY);
}

static int list_top(const struct place *p)
{
	return open_in(p->top, ".", O_RDONLY | O_DIRECTORY);
}

static int read_passwd(const struct place *p unused)
{
	return open_in(AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static int read_proc(const struct place *p unused)
{
	return open_in(AT_FDCWD, "/proc/self/environ", O_RDONLY);
}

static int write_w(const struct place *p)
{
	return open_in(p->w, "f", O_RDWR | O_TRUNC);
}

static int create_w(const struct place *p)
{
	return open_in(p->w, "new", O_RDWR | O_CREAT | O_EXCL);
}

static int fifo_w(const struct place *p)
{
	return errno_if(mkfifoat(p->w, "fifo", 0600) < 0);
}

static int symlink_w(const struct place *p)
{
	return errno_if(symlinkat("/etc/passwd", p->w, "l") < 0);
}

static const struct file_case {
	const char *name;
	act_fn *act;
	int want;
} files[] = {
	{ "read share", read_r, 0 },
	{ "read state", read_w, 0 },
	{ "write state", write_w, 0 },
	{ "create in state", create_w, 0 },
	{ "write share", write_r, EACCES },
	{ "truncate share", truncate_r, EACCES },
	{ "create in share", create_r, EACCES },
	{ "remove from share", remove_r, EACCES },
	{ "directory in share", mkdir_r, EACCES },
	{ "move out of share", take_from_r, EACCES },
	{ "move into share", put_into_r, EACCES },
	{ "link out of share", link_from_r, EACCES },
	{ "execute in share", execute_r, EACCES },
	{ "read elsewhere", read_o, EACCES },
	{ "climb", climb_to_o, EACCES },
	{ "list above", list_top, EACCES },
	{ "read /etc/passwd", read_passwd, EACCES },
	{ "read /proc", read_proc, EACCES },
	{ "fifo in state", fifo_w, EACCES },
	{ "symlink in state", symlink_w, EACCES },
};

static bool has_landlock(void)
{
	/* From version 3 on everything of the list is judged. */
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION) >= 3;
}

static void test_only_two_directories_are_left(void **state unused)
{
	if (!has_landlock())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const struct file_case *c = &files[i];
		struct place p;
		int status;

		setup(&p);
		/* It must be the cage that is in the way. */
		status = run(&p, false, false, c->act);
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status),
		      "%s without a cage: status 0x%x", c->name,
		      (unsigned int)status);
		teardown(&p);
		setup(&p);
		status = run(&p, true, false, c->act);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == c->want,
		      "%s: status 0x%x", c->name, (unsigned int)status);
		teardown(&p);
	}
}

static int act_without_state(const struct place *p)
{
	if (fs_cage_enter_files(p->r, -1, &no_log, ERR_IGNORE) < 0)
		return EXIT_NO_CAGE;
	return read_r(p) ? 1 : write_w(p) != EACCES ? 2 : read_w(p);
}

static void test_read_only_share_leaves_no_place_to_write(void **state unused)
{
	struct place p;
	int status;

	if (!has_landlock())
		skip();
	setup(&p);
	status = run(&p, false, false, act_without_state);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EACCES, "status 0x%x",
	      (unsigned int)status);
	teardown(&p);
}

/* The share of which everything is the guest's to change, with a descriptor
 * of /proc from before, as the pass-through has it. */
static int share_proc_fd = -1;

static int use_share(const struct place *p)
{
	auto_close int path = openat(p->w, "f", O_PATH | O_CLOEXEC);
	auto_close int fd = -1;
	char name[16], text[64];
	struct stat st;

	snprintf(name, sizeof(name), "%d", path);
	fd = openat(share_proc_fd, name, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0600) < 0 || ftruncate(fd, 1) < 0 ||
	    linkat(share_proc_fd, name, p->w, "h", AT_SYMLINK_FOLLOW) < 0 ||
	    mkdirat(p->w, "d", 0700) < 0 ||
	    renameat2(p->w, "h", p->w, "d/h", RENAME_NOREPLACE) < 0 ||
	    linkat(share_proc_fd, name, p->w, "d/i", AT_SYMLINK_FOLLOW) < 0 ||
	    symlinkat("/etc/passwd", p->w, "s") < 0 ||
	    linkat(p->w, "s", p->w, "t", 0) < 0 ||
	    mkfifoat(p->w, "p", 0600) < 0 ||
	    mknodat(p->w, "u", S_IFSOCK | 0600, 0) < 0 ||
	    utimensat(path, "", NULL, AT_EMPTY_PATH) < 0 ||
	    unlinkat(p->w, "d/h", 0) < 0 || unlinkat(p->w, "d/i", 0) < 0 ||
	    unlinkat(p->w, "d", AT_REMOVEDIR) < 0 || fstat(fd, &st) < 0)
		return errno;
	/* Whether the file system can is not the question. */
	discard(fsetxattr(fd, "user.x", "1", 1, 0));
	discard(fremovexattr(fd, "user.x"));
	return readlinkat(share_proc_fd, name, text, sizeof(text)) > 0 ? 0 : 1;
}

/* By a descriptor of what is not in the share. */
static int reopen_o(const struct place *p)
{
	auto_close int path = openat(p->top, "o/f", O_PATH | O_CLOEXEC);
	char name[16];

	snprintf(name, sizeof(name), "%d", path);
	return open_in(share_proc_fd, name, O_RDONLY);
}

static int link_o(const struct place *p)
{
	auto_close int path = openat(p->top, "o/f", O_PATH | O_CLOEXEC);
	char name[16];

	snprintf(name, sizeof(name), "%d", path);
	return errno_if(linkat(share_proc_fd, name, p->w, "stolen",
			       AT_SYMLINK_FOLLOW) < 0)
		       ? EACCES
		       : 0;
}

static int put_into_o(const struct place *p)
{
	return errno_if(renameat(p->w, "f", p->top, "o/put") < 0) ? EACCES : 0;
}

static int symlink_o(const struct place *p)
{
	return errno_if(symlinkat("f", p->top, "o/l") < 0);
}

static int device_w(const struct place *p)
{
	/* Who is not root cannot in any case. */
	return errno_if(mknodat(p->w, "c", S_IFCHR | 0600, 0x103) < 0) ? EACCES
								       : 0;
}

static const struct file_case share_cases[] = {
	{ "use the share", use_share, 0 },
	{ "read share", read_w, 0 },
	{ "write share", write_w, 0 },
	{ "read elsewhere", read_o, EACCES },
	{ "read another directory", read_r, EACCES },
	{ "list above", list_top, EACCES },
	{ "reopen elsewhere", reopen_o, EACCES },
	{ "link from elsewhere", link_o, EACCES },
	{ "move elsewhere", put_into_o, EACCES },
	{ "symlink elsewhere", symlink_o, EACCES },
	{ "device", device_w, EACCES },
	{ "read /etc/passwd", read_passwd, EACCES },
	{ "read /proc", read_proc, EACCES },
};

static int in_share_cage(const struct place *p, act_fn *act)
{
	share_proc_fd = open("/proc/self/fd", O_PATH | O_CLOEXEC);
	if (share_proc_fd < 0 ||
	    fs_cage_enter_share(p->w, &no_log, ERR_IGNORE) < 0 ||
	    fs_cage_enter_share_calls(ERR_IGNORE) < 0)
		return EXIT_NO_CAGE;
	return act(p);
}

static const struct file_case *now_acting;

static int act_in_share(const struct place *p)
{
	return in_share_cage(p, now_acting->act);
}

static void test_one_directory_is_the_guests(void **state unused)
{
	if (!has_landlock())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(share_cases); i++) {
		struct place p;
		int status;

		setup(&p);
		now_acting = &share_cases[i];
		status = run(&p, false, false, act_in_share);
		CHECK(WIFEXITED(status) &&
			      WEXITSTATUS(status) == now_acting->want,
		      "%s: status 0x%x", now_acting->name,
		      (unsigned int)status);
		teardown(&p);
	}
}

/* Whose paths no cage looks at. */
static int chmod_path(const struct place *p)
{
	return (int)syscall(SYS_fchmodat, p->w, "f", 0600);
}

static int set_attribute(const struct place *p unused)
{
	return (int)syscall(SYS_setxattr, "f", "user.x", "1", 1, 0);
}

static int chown_path(const struct place *p)
{
	return (int)syscall(SYS_fchownat, p->w, "f", 0, 0, 0);
}

static void test_paths_that_nobody_judges_kill(void **state unused)
{
	static const struct file_case cases[] = {
		{ "fchmodat", chmod_path, 0 },
		{ "setxattr", set_attribute, 0 },
		{ "fchownat", chown_path, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct place p;

		setup(&p);
		now_acting = &cases[i];
		check_killed(now_acting->name,
			     run(&p, false, false, act_in_share));
		teardown(&p);
	}
}

static int act_no_new_privs(const struct place *p unused)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1 ? 0 : 1;
}

static void test_no_new_privileges(void **state unused)
{
	struct place p;
	int status;

	setup(&p);
	status = run(&p, true, false, act_no_new_privs);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x",
	      (unsigned int)status);
	teardown(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serving_works_in_the_cage),
		cmocka_unit_test(test_failed_assertion_is_seen_as_one),
		cmocka_unit_test(test_other_calls_kill),
#if defined(__x86_64__)
		cmocka_unit_test(test_other_abis_kill),
#endif
		cmocka_unit_test(test_only_two_directories_are_left),
		cmocka_unit_test(test_read_only_share_leaves_no_place_to_write),
		cmocka_unit_test(test_one_directory_is_the_guests),
		cmocka_unit_test(test_paths_that_nobody_judges_kill),
		cmocka_unit_test(test_no_new_privileges),
	};

	return RUN_TESTS(tests);
}
