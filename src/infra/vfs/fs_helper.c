// SPDX-License-Identifier: Apache-2.0
/*
 * fs_helper.c - the life of a file server process: read what it is to do, go
 * into the cage, serve.
 *
 * Nothing that comes from the guest or the VMM is read before the cage is
 * closed.
 */
#include "infra/vfs/fs_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "domain/log/log.h"
#include "infra/sys/fd.h"
#include "infra/vfs/cow_fs.h"
#include "infra/vfs/fs_cage.h"
#include "infra/vfs/fs_config.h"
#include "infra/vfs/fuse_server.h"
#include "infra/vfs/pass_fs.h"
#include "infra/vfs/vhost_user.h"

#define OPEN_FILES_MAX ((rlim_t)1024 * 1024)
/* For everything but the guest's files: sockets, eventfds, memory. */
#define OPEN_FILES_OWN ((rlim_t)128)
/* Of the guest's files; more would only cost the host memory. */
#define OPEN_FILES_GUEST_MAX ((rlim_t)64 * 1024)

struct helper {
	struct log log;
	struct fs_config config;
	int socket_fd, lower_fd, state_fd, config_fd;
	int proc_fd; /* what the pass-through needs */
	uint32_t uid, gid;
};

static void write_record(struct log *log unused, enum log_level level,
			 const char *msg)
{
	char line[FS_HELPER_LINE_MAX];
	int n = snprintf(line, sizeof(line), "%c%s\n", FS_HELPER_LEVELS[level],
			 msg);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len >= sizeof(line)) {
		len = sizeof(line);
		line[len - 1] = '\n';
	}
	/* The pipe does not block. When it is full the record is lost. */
	discard(write(STDERR_FILENO, line, len));
}

static const struct log_ops log_ops = { .write = write_record };

static int take_fd(const char *text, int *out, struct err *err)
{
	uint64_t n;

	if (!text_parse_u64(text, INT_MAX, &n) || n <= STDERR_FILENO ||
	    fcntl((int)n, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_USAGE,
			       "this program is started by bbox itself");
	*out = (int)n;
	return 0;
}

/* Out of reach in the cage. */
static int prepare_direct(struct helper *h, struct err *err)
{
	/* The guest's kernel has applied the guest's. */
	umask(0);
	h->proc_fd = fd_open_dir("/proc/self/fd", err);
	return h->proc_fd < 0 ? -1 : 0;
}

static int take_args(struct helper *h, int argc, char **argv, struct err *err)
{
	if (argc != FS_HELPER_ARGS + 1)
		return err_set(err, ERR_USAGE,
			       "this program is started by bbox itself");
	if (strcmp(argv[3], FS_HELPER_NO_FD) != 0 &&
	    take_fd(argv[3], &h->state_fd, err) < 0)
		return -1;
	if (take_fd(argv[1], &h->socket_fd, err) < 0 ||
	    take_fd(argv[2], &h->lower_fd, err) < 0 ||
	    take_fd(argv[4], &h->config_fd, err) < 0)
		return -1;
	if (fs_config_read(h->config_fd, &h->config, err) < 0)
		return -1;
	fd_close(&h->config_fd);
	if (h->config.direct)
		return prepare_direct(h, err);
	if (!h->config.read_only && h->state_fd < 0)
		return err_set(err, ERR_INVALID, "no place for changes");
	return 0;
}

/* How many files of the guest may be open. */
static int set_limits(size_t *out, struct err *err)
{
	const struct rlimit no_core = { .rlim_cur = 0 };
	struct rlimit files;

	/* A file too large for the user's limit is an error of the guest's. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* It would hold the guest's memory. */
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 ||
	    getrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_sys(err, errno, "limit resources");
	files.rlim_cur = files.rlim_max < OPEN_FILES_MAX ? files.rlim_max
							 : OPEN_FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_sys(err, errno, "raise the limit of open files");
	if (files.rlim_cur < OPEN_FILES_OWN + COW_FDS_MIN)
		return err_set(err, ERR_LIMIT,
			       "only %ju open files are allowed",
			       (uintmax_t)files.rlim_cur);
	files.rlim_cur -= OPEN_FILES_OWN;
	*out = files.rlim_cur < OPEN_FILES_GUEST_MAX
		       ? (size_t)files.rlim_cur
		       : (size_t)OPEN_FILES_GUEST_MAX;
	return 0;
}

static int enter_cage(struct helper *h, struct err *err)
{
	if (!FS_CAGE_FITS) {
		log_warn(&h->log, "fs: built with a sanitizer, not caged");
		return 0;
	}
	if (h->config.direct)
		return fs_cage_enter_share(h->lower_fd, &h->log, err) < 0
			       ? -1
			       : fs_cage_enter_share_calls(err);
	if (fs_cage_enter_files(h->lower_fd, h->state_fd, &h->log, err) < 0)
		return -1;
	return fs_cage_enter_calls(err);
}

static int serve(struct helper *h, struct fs *fs, struct err *err)
{
	struct fuse_server *fuse = fuse_server_new(
		fs, &(struct fuse_server_config){ .shared = h->config.direct,
						  .log = &h->log });
	const struct vhost_user_config config = {
		.socket_fd = h->socket_fd,
		.handle = fuse_server_handle,
		.ctx = fuse,
		.log = &h->log,
	};
	int r = vhost_user_serve(&config, err);

	fuse_server_free(fuse);
	return r;
}

static int serve_view(struct helper *h, size_t fds_max, struct err *err)
{
	const struct cow_fs_config config = {
		.lower_fd = h->lower_fd,
		.state_fd = h->state_fd,
		.read_only = h->config.read_only,
		.exclude = h->config.exclude,
		.host_uid = h->uid,
		.host_gid = h->gid,
		.fds_max = fds_max,
		.log = &h->log,
	};
	struct cow_fs *fs;
	int r;

	if (cow_fs_new(&config, &fs, err) < 0)
		return -1;
	r = serve(h, cow_fs_base(fs), err);
	cow_fs_free(fs);
	return r;
}

static int serve_direct(struct helper *h, size_t fds_max, struct err *err)
{
	const struct pass_fs_config config = {
		.share_fd = h->lower_fd,
		.proc_fd = h->proc_fd,
		.host_uid = h->uid,
		.host_gid = h->gid,
		.fds_max = fds_max,
	};
	struct pass_fs *fs;
	int r;

	if (pass_fs_new(&config, &fs, err) < 0)
		return -1;
	r = serve(h, pass_fs_base(fs), err);
	pass_fs_free(fs);
	return r;
}

static int run(struct helper *h, int argc, char **argv, struct err *err)
{
	size_t fds_max = 0;

	/* Else it is called after the link it was executed by, "exe". */
	(void)prctl(PR_SET_NAME, FS_HELPER_NAME);
	if (take_args(h, argc, argv, err) < 0 || set_limits(&fds_max, err) < 0)
		return -1;
	h->uid = geteuid();
	h->gid = getegid();
	if (enter_cage(h, err) < 0)
		return -1;
	return h->config.direct ? serve_direct(h, fds_max, err)
				: serve_view(h, fds_max, err);
}

int fs_helper_main(int argc, char **argv)
{
	struct helper h = {
		.log = { .ops = &log_ops },
		.config = FS_CONFIG_INIT,
		.socket_fd = -1,
		.lower_fd = -1,
		.state_fd = -1,
		.config_fd = -1,
		.proc_fd = -1,
	};
	struct err err = ERR_INIT;
	int r = run(&h, argc, argv, &err);

	if (r < 0)
		log_error(&h.log, "fs: %s", err.msg);
	fs_config_release(&h.config);
	fd_close(&h.proc_fd);
	fd_close(&h.config_fd);
	fd_close(&h.state_fd);
	fd_close(&h.lower_fd);
	fd_close(&h.socket_fd);
	return r < 0 ? 1 : 0;
}
