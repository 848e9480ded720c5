// SPDX-License-Identifier: Apache-2.0
/*
 * modules.c - load the drivers that came in the initramfs, while PID 1 does
 * something else.
 *
 * Theory of operation
 *
 * Loading takes longer than all the rest of the boot, and most of it is work
 * of one processor. So a child does it. On a pipe it writes a dot for each
 * module, which wakes up who waits for a device, and the reason when it
 * fails; the end of file is the end of the loader.
 */
#include "guest/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/strv.h"
#include "infra/sys/fd.h"

#define DOT		'.'
#define FILESYSTEMS	"/proc/filesystems"
#define FILESYSTEMS_MAX ((size_t)64 * 1024) /* bytes */

static int load_one(int dirfd, const char *name, struct err *err)
{
	auto_close int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open module '%s'", name);
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return err_sys(err, errno, "load module '%s'", name);
	if (unlinkat(dirfd, name, 0) < 0)
		return err_sys(err, errno, "remove module '%s'", name);
	return 0;
}

static int load_all(DIR *dir, int progress_fd, struct err *err)
{
	auto_strv struct strv names = STRV_INIT;
	const struct dirent *entry;
	const char dot = DOT;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			strv_add(&names, entry->d_name);
	}
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		if (load_one(dirfd(dir), names.v[i], err) < 0 ||
		    fd_write_all(progress_fd, &dot, 1, err) < 0)
			return -1;
	}
	return 0;
}

static _Noreturn void loader_main(DIR *dir, int progress_fd)
{
	struct err err = ERR_INIT;

	if (load_all(dir, progress_fd, &err) == 0)
		_exit(0);
	/* The parent sees the exit code even when this is lost. */
	discard(fd_write_all(progress_fd, err.msg, strlen(err.msg),
			     ERR_IGNORE));
	_exit(1);
}

static int start(struct modules *m, DIR *dir, struct err *err)
{
	int progress[2];

	if (fd_pipe(progress, err) < 0)
		return -1;
	m->loader = fork();
	if (m->loader == 0)
		loader_main(dir, progress[1]);
	fd_close(&progress[1]);
	m->progress_fd = progress[0];
	if (m->loader < 0) {
		m->loader = 0;
		return err_sys(err, errno, "start the loader of modules");
	}
	return fd_set_nonblocking(m->progress_fd, err);
}

int modules_start(struct modules *m, const char *path, struct err *err)
{
	DIR *dir = opendir(path);
	int r;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(err, errno, "open '%s'", path);
	r = start(m, dir, err);
	closedir(dir);
	return r;
}

static int end(struct modules *m, struct err *err)
{
	int status = 0;
	pid_t pid = waitpid(m->loader, &status, 0);

	m->loader = 0;
	fd_close(&m->progress_fd);
	if (pid > 0 && status == 0)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "%s",
		       m->reason[0] ? m->reason : "the loader died");
}

int modules_progress(struct modules *m, struct err *err)
{
	char chunk[ERR_MSG_MAX];
	size_t used = strlen(m->reason);
	ssize_t n;

	while (m->loader) {
		n = read(m->progress_fd, chunk, sizeof(chunk));
		if (n < 0)
			return 0; /* EAGAIN: no news */
		if (n == 0)
			return end(m, err);
		for (ssize_t i = 0; i < n; i++) {
			bool is_dot = !used && chunk[i] == DOT;

			if (!is_dot && used < sizeof(m->reason) - 1)
				m->reason[used++] = chunk[i];
		}
	}
	return 0;
}

int modules_finish(struct modules *m, struct err *err)
{
	while (m->loader) {
		struct pollfd p = { .fd = m->progress_fd, .events = POLLIN };

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for modules");
		if (modules_progress(m, err) < 0)
			return -1;
	}
	return 0;
}

int modules_have_filesystem(void *name, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(FILESYSTEMS_MAX);
	auto_close int fd = open(FILESYSTEMS, O_RDONLY | O_CLOEXEC);
	struct span rest, line, word;

	if (fd < 0)
		return err_sys(err, errno, "open '" FILESYSTEMS "'");
	if (fd_read_all(fd, &text, err) < 0)
		return err_wrap(err, "read '" FILESYSTEMS "'");
	rest = buf_span(&text);
	/* Each line is "nodev", or nothing, a tab and the name. */
	while (span_take_until(&rest, '\n', &line)) {
		if (span_take_until(&line, '\t', &word) &&
		    span_equals(line, name))
			return 1;
	}
	return 0;
}
