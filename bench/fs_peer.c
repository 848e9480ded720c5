// SPDX-License-Identifier: Apache-2.0
/*
 * fs_peer.c - run other people's file servers, to be measured against.
 *
 * They insist on accept(2), so we bind a socket inside a private directory,
 * connect to it, and remove name and directory again.
 *
 * QEMU's wants to be root. It gets a user namespace in which the caller is the
 * guest's user and holds all capabilities; a filter answers the one call that
 * such a namespace does not allow, setgroups(2), with success.
 */
#include "fs_peer.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/proc.h"

#define SOCKET_NAME "s"
#define STOP_MS	    2000
#define QEMU_FILES  500000

struct fs_peer {
	struct file_server base;
	const char *binary;
	bool is_qemu;
};

struct peer_share {
	struct file_share base;
	struct proc proc;
};

static int new_socket(struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "create socket");
	return fd;
}

/* out[0] is the server's, out[1] ours. */
static int listen_and_connect(int dirfd, int out[2], struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_close int listening = new_socket(err);
	auto_close int connected = listening < 0 ? -1 : new_socket(err);

	if (connected < 0)
		return -1;
	/* By descriptor: the directory's own path may be too long. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path),
		       "/proc/self/fd/%d/" SOCKET_NAME, dirfd);
	if (bind(listening, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_sys(err, errno, "bind socket");
	if (listen(listening, 1) < 0)
		return err_sys(err, errno, "listen on socket");
	if (connect(connected, (const struct sockaddr *)&addr, sizeof(addr)) <
	    0)
		return err_sys(err, errno, "connect to socket");
	out[0] = fd_take(&listening);
	out[1] = fd_take(&connected);
	return 0;
}

/* The name is gone when it returns. */
static int make_pair(int out[2], struct err *err)
{
	auto_close int dirfd = -1;
	auto_free char *dir = NULL;
	int r;

	if (fs_make_temp_dir("/tmp", "bbox-bench-", &dir, err) < 0)
		return -1;
	dirfd = fd_open_dir(dir, err);
	r = dirfd < 0 ? -1 : listen_and_connect(dirfd, out, err);
	if (fs_remove_tree(dir, r < 0 ? ERR_IGNORE : err) < 0)
		r = -1;
	return r;
}

/* It was built for Linux: the kernel only reads the filter. */
static const struct sock_filter setgroups_filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 0, 1),
	/* Error number 0 is success. */
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void qemu_args(const char *dir, struct strv *argv)
{
	strv_add(argv, "-f");
	strv_addf(argv, "--rlimit-nofile=%d", QEMU_FILES);
	strv_add(argv, "--thread-pool-size=0");
	strv_add(argv, "-o");
	strv_addf(argv, "source=%s", dir);
	strv_add(argv, "-o");
	strv_add(argv, "sandbox=namespace");
	strv_add(argv, "-o");
	strv_add(argv, "cache=auto");
	strv_add(argv, "-o");
	strv_add(argv, "log_level=err");
}

static void rust_args(const char *dir, struct strv *argv)
{
	strv_addf(argv, "--shared-dir=%s", dir);
	strv_add(argv, "--sandbox=none");
	strv_add(argv, "--cache=auto");
	strv_addf(argv, "--translate-uid=map:%u:%u:1", GUEST_UID, getuid());
	strv_addf(argv, "--translate-gid=map:%u:%u:1", GUEST_UID, getgid());
}

static int spawn(const struct fs_peer *p, const char *dir, int listen_fd,
		 struct proc *out, struct err *err)
{
	union {
		const struct sock_filter *given;
		struct sock_filter *wanted;
	} filter = { .given = setgroups_filter };
	const struct sock_fprog seccomp = {
		.len = ARRAY_SIZE(setgroups_filter),
		.filter = filter.wanted,
	};
	auto_strv struct strv argv = STRV_INIT;
	struct proc_spec spec = {
		.path = p->binary,
		.envp = (const char *const[]){ NULL },
		.stdio = { -1, STDERR_FILENO, STDERR_FILENO },
		.keep_fds = (int[]){ listen_fd, -1 },
	};

	strv_add(&argv, p->binary);
	strv_addf(&argv, "--fd=%d", listen_fd);
	if (p->is_qemu) {
		qemu_args(dir, &argv);
		spec.userns_id = GUEST_UID;
		spec.seccomp = &seccomp;
	} else {
		rust_args(dir, &argv);
	}
	spec.argv = strv_list(&argv);
	return proc_spawn(&spec, out, err);
}

/* It ends when its socket is closed. */
static void peer_stop(struct file_share *base)
{
	struct peer_share *s = container_of(base, struct peer_share, base);

	fd_close(&s->base.vhost_fd);
	discard(proc_wait(&s->proc, STOP_MS, NULL, ERR_IGNORE));
	proc_stop(&s->proc, STOP_MS);
	free(s);
}

static const struct file_share_ops peer_share_ops = { .stop = peer_stop };

static int peer_serve(struct file_server *base, const struct vm_share *share,
		      struct file_share **out, struct err *err)
{
	const struct fs_peer *p = container_of(base, struct fs_peer, base);
	auto_close int listen_fd = -1;
	struct peer_share *s;
	int ends[2];

	if (make_pair(ends, err) < 0)
		return -1;
	listen_fd = ends[0];
	s = xcalloc(1, sizeof(*s));
	s->base.ops = &peer_share_ops;
	s->base.vhost_fd = ends[1];
	s->proc = PROC_INIT;
	if (spawn(p, share->path, listen_fd, &s->proc, err) < 0) {
		peer_stop(&s->base);
		return -1;
	}
	*out = &s->base;
	return 0;
}

static const struct file_server_ops peer_ops = { .serve = peer_serve };

struct file_server *fs_peer_new(const char *binary)
{
	struct fs_peer *p = xcalloc(1, sizeof(*p));

	p->base.ops = &peer_ops;
	p->binary = binary ? binary : FS_PEER_QEMU;
	p->is_qemu = !binary;
	return &p->base;
}
