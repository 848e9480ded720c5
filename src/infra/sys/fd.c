// SPDX-License-Identifier: Apache-2.0
/*
 * fd.c - open, read, write and pass descriptors without surprises.
 */
#include "infra/sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How much room one read(2) is offered, bytes. */
#define READ_CHUNK ((size_t)64 * 1024)

void fd_close(int *fd)
{
	int saved = errno;

	/* EINTR: on Linux the descriptor is gone all the same. */
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int open_resolved(int dirfd, const char *path, int flags, mode_t mode,
			 __u64 resolve, struct err *err)
{
	const struct open_how how = {
		.flags = (__u64)(unsigned int)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	assert(dirfd >= 0);
	/* EAGAIN: something was renamed meanwhile, the walk is repeated. */
	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	return (int)fd;
}

int fd_open_beneath(int dirfd, const char *path, int flags, mode_t mode,
		    struct err *err)
{
	return open_resolved(dirfd, path, flags, mode, 0, err);
}

int fd_open_no_symlinks(int dirfd, const char *path, int flags, mode_t mode,
			struct err *err)
{
	return open_resolved(dirfd, path, flags, mode, RESOLVE_NO_SYMLINKS,
			     err);
}

int fd_open_dir(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open directory '%s'", path);
	return fd;
}

/*
 * The limit is checked by one read into the byte behind it, so that a file of
 * exactly the limit passes and an endless one is not read to its end.
 */
static int read_past_limit(int fd, const struct buf *out, struct err *err)
{
	ssize_t n;
	char c;

	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, errno, "read");
	if (n > 0)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", out->max);
	return 0;
}

int fd_read_all(int fd, struct buf *out, struct err *err)
{
	size_t want;
	char *room;
	ssize_t n;

	for (;;) {
		want = out->max - out->len;
		if (!want)
			return read_past_limit(fd, out, err);
		if (want > READ_CHUNK)
			want = READ_CHUNK;
		if (buf_room(out, want, &room, err) < 0)
			return -1;
		n = read(fd, room, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read");
		if (!n)
			return 0;
		buf_grew(out, (size_t)n);
	}
}

static void wait_writable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	/* When it fails, the next write tells why. */
	discard(poll(&pfd, 1, -1));
}

int fd_write_all(int fd, const void *p, size_t len, struct err *err)
{
	const char *at = p;
	ssize_t n;

	while (len) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			wait_writable(fd);
			continue;
		}
		if (n < 0)
			return err_sys(err, errno, "write");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_set_nonblocking(int fd, struct err *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(err, errno, "make descriptor non-blocking");
	return 0;
}

int fd_socketpair(int out[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out) < 0)
		return err_sys(err, errno, "create socket pair");
	return 0;
}

int fd_pipe(int out[2], struct err *err)
{
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(err, errno, "create pipe");
	return 0;
}

int fd_memfd(const char *name, struct err *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_sys(err, errno, "create memory file '%s'", name);
	return fd;
}

int fd_ensure_stdio(struct err *err)
{
	for (int fd = 0; fd <= 2; fd++) {
		int opened;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* Inherited by children on purpose: no O_CLOEXEC. */
		opened = open("/dev/null", O_RDWR);
		if (opened < 0)
			return err_sys(err, errno, "open '/dev/null'");
		/* The lowest free number is taken, and those below are open. */
		assert(opened == fd);
	}
	return 0;
}
