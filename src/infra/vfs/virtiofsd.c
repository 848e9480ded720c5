// SPDX-License-Identifier: Apache-2.0
/*
 * virtiofsd.c - serve a directory with QEMU's virtiofsd, as an ordinary user.
 *
 * Theory of operation
 *
 * virtiofsd wants to be root. It gets a user namespace in which the caller is
 * 1000:1000, the guest's user, and holds all capabilities. That makes owners
 * come out right on both sides: what belongs to the caller belongs to the
 * guest's user, and what that user creates belongs to the caller.
 *
 * Such a namespace does not allow setgroups(2), and virtiofsd ends when it
 * cannot drop its supplementary groups. A seccomp filter answers that one
 * call with success. The groups stay, which gives the guest no right to the
 * share that the caller lacks.
 *
 * virtiofsd forks: the outer process waits, the inner one, PID 1 of a
 * namespace, serves. Both inherit the pipe we read their messages from, so
 * the end of file on that pipe proves that both are gone. If bbox is killed,
 * the outer one is killed with it, which ends the inner one; the same
 * happens when the vhost-user socket is closed.
 */
#include "infra/vfs/virtiofsd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/loop.h"
#include "infra/sys/proc.h"
#include "infra/vfs/vhost_pair.h"
#include "infra/vfs/virtiofsd_args.h"

#define START_TIMEOUT_MS 5000
/* To finish what is being written. */
#define STOP_TIMEOUT_MS 2000
#define OUTPUT_MAX	((size_t)4096) /* bytes of messages */
#define NS_PER_MS	INT64_C(1000000)
#define OPEN_FILES_MAX	UINT64_C(1000000)

/* Where Debian's qemu-system-common has it, and where others do. */
static const char *const well_known[] = {
	"/usr/lib/qemu/virtiofsd",
	"/usr/local/libexec/virtiofsd",
};

static const struct sock_filter setgroups_filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 0, 1),
	/* Error number 0 is success. */
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

struct virtiofsd {
	struct file_server base;
	struct virtiofsd_config config;
};

struct virtiofsd_share {
	struct file_share base;
	struct log *log;   /* borrowed */
	char *tag;	   /* owned */
	struct proc proc;  /* the outer process */
	int output_fd;	   /* ends when both processes are gone */
	struct buf output; /* what they said */
};

static int find_binary(const struct virtiofsd *server, const char **out,
		       struct err *err)
{
	const char *binary = server->config.binary;

	for (size_t i = 0; !binary && i < ARRAY_SIZE(well_known); i++) {
		if (!access(well_known[i], X_OK))
			binary = well_known[i];
	}
	if (!binary)
		return err_set(err, ERR_NOT_FOUND,
			       "virtiofsd is not installed: "
			       "apt install qemu-system-common");
	*out = binary;
	return 0;
}

static uint64_t open_files_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return OPEN_FILES_MAX;
	return limit.rlim_max < OPEN_FILES_MAX ? limit.rlim_max
					       : OPEN_FILES_MAX;
}

/* A pipe whose writers never block on a reader that is busy elsewhere. */
static int open_output(int out[2], struct err *err)
{
	if (fd_pipe(out, err) < 0)
		return -1;
	if (fd_set_nonblocking(out[0], err) == 0 &&
	    fd_set_nonblocking(out[1], err) == 0)
		return 0;
	fd_close(&out[0]);
	fd_close(&out[1]);
	return -1;
}

static int spawn(struct virtiofsd_share *s, const char *binary,
		 const char *source, int listen_fd, struct err *err)
{
	/* The kernel only reads it. */
	union {
		const struct sock_filter *given;
		struct sock_filter *wanted;
	} filter = { .given = setgroups_filter };
	const struct sock_fprog seccomp = {
		.len = ARRAY_SIZE(setgroups_filter),
		.filter = filter.wanted,
	};
	const struct virtiofsd_args args = {
		.binary = binary,
		.source = source,
		.listen_fd = listen_fd,
		.open_files_max = open_files_max(),
	};
	static const char *const no_env[] = { NULL };
	auto_strv struct strv argv = STRV_INIT;
	auto_close int output = -1;
	int ends[2];

	if (open_output(ends, err) < 0)
		return -1;
	s->output_fd = ends[0];
	output = ends[1];
	virtiofsd_args_build(&args, &argv);
	return proc_spawn(
		&(struct proc_spec){
			.path = binary,
			.argv = strv_list(&argv),
			.envp = no_env,
			.stdio = { -1, output, output },
			.keep_fds = (int[]){ listen_fd, -1 },
			.userns_id = GUEST_UID,
			.no_new_privs = true,
			.seccomp = &seccomp,
		},
		&s->proc, err);
}

/*
 * Reads what the server says until all its processes are gone or the time is
 * over (-1: never). True when they are gone.
 */
static bool drain_output(struct virtiofsd_share *s, int timeout_ms)
{
	int64_t deadline_ns = clock_now_ns() + timeout_ms * NS_PER_MS;
	struct pollfd pfd = { .fd = s->output_fd, .events = POLLIN };
	char chunk[1024];
	ssize_t n;

	for (;;) {
		/* A server that talks all the time must not delay us. */
		int64_t left_ms = (deadline_ns - clock_now_ns()) / NS_PER_MS;
		int r = poll(&pfd, 1,
			     timeout_ms < 0 ? -1
			     : left_ms > 0  ? (int)left_ms
					    : 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0 || (timeout_ms >= 0 && left_ms < 0))
			return false;
		n = read(s->output_fd, chunk, sizeof(chunk));
		if (!n)
			return true;
		/* What does not fit any more is not worth keeping. */
		if (n > 0 && (size_t)n <= s->output.max - s->output.len)
			discard(buf_add(&s->output, chunk, (size_t)n,
					ERR_IGNORE));
	}
}

/* The last line of what the server said; the caller frees. */
static char *last_words(const struct virtiofsd_share *s)
{
	struct span rest = buf_span(&s->output), line, last = SPAN_STR("");
	auto_free char *text = NULL;

	while (span_take_until(&rest, '\n', &line)) {
		if (line.len)
			last = line;
	}
	text = xmemdup0(last.p, last.len);
	return text_visible(text);
}

/* The pid of the process that serves; 0 when it cannot be told. */
static pid_t inner_pid(const struct virtiofsd_share *s)
{
	auto_buf struct buf text = BUF_INIT(64);
	auto_free char *path = xasprintf("/proc/%d/task/%d/children",
					 (int)s->proc.pid, (int)s->proc.pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct span rest, word;
	auto_free char *digits = NULL;
	uint64_t pid;

	/* The file is there only with CONFIG_PROC_CHILDREN. */
	if (fd < 0 || fd_read_all(fd, &text, ERR_IGNORE) < 0)
		return 0;
	rest = buf_span(&text);
	if (!span_take_until(&rest, ' ', &word))
		return 0;
	digits = xmemdup0(word.p, word.len);
	return text_parse_u64(digits, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

/*
 * The outer process has not been reaped, so its child's pid is the child's
 * for as long as the outer one has not waited for it; the descriptor keeps
 * that true.
 */
static void kill_both(struct virtiofsd_share *s)
{
	pid_t pid = inner_pid(s);
	auto_close int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	/* Opened first, asked again second: then it cannot be another's. */
	if (fd >= 0 && inner_pid(s) == pid)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	discard(proc_signal(&s->proc, SIGKILL, ERR_IGNORE));
}

static void share_stop(struct file_share *base)
{
	struct virtiofsd_share *s =
		container_of(base, struct virtiofsd_share, base);

	/* The VMM's end went with the VMM; without ours the server ends. */
	fd_close(&s->base.vhost_fd);
	if (s->proc.pidfd >= 0 && !drain_output(s, STOP_TIMEOUT_MS)) {
		log_warn(s->log, "vfs: server of '%s' hangs, killing it",
			 s->tag);
		kill_both(s);
		discard(drain_output(s, -1));
	}
	proc_stop(&s->proc, STOP_TIMEOUT_MS);
	if (s->output.len) {
		auto_free char *words = last_words(s);

		log_debug(s->log, "vfs: server of '%s' said: '%s'", s->tag,
			  words);
	}
	fd_close(&s->output_fd);
	buf_release(&s->output);
	free(s->tag);
	free(s);
}

static const struct file_share_ops share_ops = { .stop = share_stop };

static int start(struct virtiofsd_share *s, const struct virtiofsd *server,
		 const char *source, struct err *err)
{
	auto_vhost_pair struct vhost_pair pair = VHOST_PAIR_INIT;
	const char *tmp_dir = server->config.tmp_dir;
	const char *binary = NULL;

	if (find_binary(server, &binary, err) < 0 ||
	    vhost_pair_open(tmp_dir ? tmp_dir : "/tmp", &pair, err) < 0)
		return -1;
	s->base.vhost_fd = fd_take(&pair.connect_fd);
	if (spawn(s, binary, source, pair.listen_fd, err) < 0)
		return -1;
	/* Ours would keep a dead server's connection open. */
	fd_close(&pair.listen_fd);
	if (vhost_ask_features(s->base.vhost_fd, START_TIMEOUT_MS, err) < 0) {
		auto_free char *words = NULL;

		discard(drain_output(s, /* timeout_ms */ 100));
		words = last_words(s);
		return words[0] ? err_wrap(err, "%s", words) : -1;
	}
	return 0;
}

static int serve(struct file_server *base, const struct vm_share *share,
		 struct file_share **out, struct err *err)
{
	struct virtiofsd *server = container_of(base, struct virtiofsd, base);
	struct virtiofsd_share *s;
	auto_free char *source = NULL;
	auto_close int dirfd = -1;

	/* It has no such option, and a guest's mount flag protects nothing. */
	if (share->mode != VM_SHARE_RW)
		return err_set(err, ERR_UNSUPPORTED,
			       "share '%s': virtiofsd serves '%s' with all "
			       "rights only",
			       share->tag, share->path);
	/* Fails for what is not a directory. */
	dirfd = fd_open_dir(share->path, err);
	if (dirfd < 0 || fs_real_path(share->path, &source, err) < 0)
		return err_wrap(err, "share '%s'", share->tag);
	s = xcalloc(1, sizeof(*s));
	s->base = (struct file_share){ .ops = &share_ops, .vhost_fd = -1 };
	s->log = server->config.log;
	s->tag = xstrdup(share->tag);
	s->proc = PROC_INIT;
	s->output_fd = -1;
	s->output = BUF_INIT(OUTPUT_MAX);
	if (start(s, server, source, err) < 0) {
		share_stop(&s->base);
		return err_wrap(err, "serve '%s'", share->path);
	}
	*out = &s->base;
	return 0;
}

static const struct file_server_ops server_ops = { .serve = serve };

void virtiofsd_new(const struct virtiofsd_config *config,
		   struct file_server **out)
{
	struct virtiofsd *server = xcalloc(1, sizeof(*server));

	server->base.ops = &server_ops;
	server->config = *config;
	*out = &server->base;
}

void virtiofsd_free(struct file_server *server)
{
	if (server)
		free(container_of(server, struct virtiofsd, base));
}
