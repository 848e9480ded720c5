// SPDX-License-Identifier: Apache-2.0
/*
 * fs.c - create, replace, copy and lock files. Removal is in fs_remove.c.
 */
#include "infra/sys/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/ckd.h"
#include "base/mem.h"
#include "infra/sys/fd.h"

#define TEMP_SUFFIX_LEN 8 /* letters, without the NUL */
#define TEMP_TRIES	64
/* What one copy_file_range(2) is asked for, bytes. */
#define COPY_CHUNK ((size_t)64 * 1024 * 1024)
#define READ_CHUNK ((size_t)128 * 1024) /* bytes */
/* There is no event to wait for when a lock becomes free. */
#define LOCK_POLL_MS 20

/* Makes sure that there is a directory at @path, whose parent exists. */
static int make_one_dir(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	int saved;

	if (!mkdir(path, mode))
		return 0;
	saved = errno;
	/* Some file systems refuse before they say that it exists. */
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return 0;
	if (saved == EEXIST)
		saved = ENOTDIR;
	return err_sys(err, saved, "create directory '%s'", path);
}

int fs_mkdir_all(const char *path, mode_t mode, struct err *err)
{
	auto_free char *copy = xstrdup(path);

	if (!*path)
		return err_set(err, ERR_INVALID, "empty path");
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		if (make_one_dir(copy, mode, err) < 0)
			return -1;
		*p = '/';
	}
	return make_one_dir(copy, mode, err);
}

int fs_mkdir_all_at(int dirfd, const char *path, mode_t mode, struct err *err)
{
	auto_free char *copy = xstrdup(path);
	auto_close int at = -1;
	char *rest = copy, *name;
	int next;

	if (path[0] == '/')
		return err_set(err, ERR_INVALID, "path '%s' is absolute", path);
	while ((name = strsep(&rest, "/"))) {
		if (!*name || !strcmp(name, "."))
			continue;
		if (!strcmp(name, ".."))
			return err_set(err, ERR_INVALID,
				       "path '%s' leads upwards", path);
		if (mkdirat(at < 0 ? dirfd : at, name, mode) < 0 &&
		    errno != EEXIST)
			return err_sys(err, errno, "create directory '%s'",
				       path);
		next = openat(at < 0 ? dirfd : at, name,
			      O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_sys(err, errno,
				       "open directory '%s' of '%s'", name,
				       path);
		fd_close(&at);
		at = next;
	}
	return 0;
}

int fs_read_file(const char *path, struct buf *out, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	auto_close int fd =
		open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	/* ENXIO: a socket, or a device without a driver. */
	if (fd < 0 && errno == ENXIO)
		return err_set(err, ERR_INVALID, "'%s' is not a regular file",
			       path);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "examine '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is not a regular file",
			       path);
	if (fd_read_all(fd, out, err) < 0)
		return err_wrap(err, "read '%s'", path);
	return 0;
}

static int random_letters(char out[TEMP_SUFFIX_LEN + 1], struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	unsigned char bytes[TEMP_SUFFIX_LEN];

	/* 256 bytes and less are never interrupted or short. */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_sys(err, errno, "get random bytes");
	for (size_t i = 0; i < TEMP_SUFFIX_LEN; i++)
		out[i] = letters[bytes[i] % 32];
	out[TEMP_SUFFIX_LEN] = '\0';
	return 0;
}

/* Creates a new file in @dirfd; @name is set to the caller's to free. */
static int create_temp_at(int dirfd, char **name, struct err *err)
{
	char letters[TEMP_SUFFIX_LEN + 1];
	int fd;

	for (int i = 0; i < TEMP_TRIES; i++) {
		auto_free char *candidate = NULL;

		if (random_letters(letters, err) < 0)
			return -1;
		candidate = xasprintf(".bbox-%s", letters);
		fd = openat(dirfd, candidate,
			    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return err_sys(err, errno, "create temporary file");
		*name = take_ptr(candidate);
		return fd;
	}
	return err_set(err, ERR_EXISTS, "no free name for a temporary file");
}

static int fill_and_rename(int dirfd, int fd, const char *temp,
			   const char *name, struct span content, mode_t mode,
			   struct err *err)
{
	if (fd_write_all(fd, content.p, content.len, err) < 0)
		return -1;
	/* Not the mode given to open(2): that is subject to the umask. */
	if (fchmod(fd, mode) < 0)
		return err_sys(err, errno, "set mode");
	if (fsync(fd) < 0)
		return err_sys(err, errno, "sync");
	if (renameat(dirfd, temp, dirfd, name) < 0)
		return err_sys(err, errno, "rename");
	return 0;
}

int fs_replace_file(const char *path, const void *p, size_t len, mode_t mode,
		    struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	auto_free char *dir = NULL, *temp = NULL;
	auto_close int dirfd = -1, fd = -1;
	struct span content = { .p = p, .len = len };

	if (!*name)
		return err_set(err, ERR_INVALID, "'%s' names no file", path);
	if (slash == path)
		dir = xstrdup("/");
	else
		dir = slash ? xmemdup0(path, (size_t)(slash - path))
			    : xstrdup(".");
	dirfd = fd_open_dir(dir, err);
	if (dirfd < 0)
		return err_wrap(err, "replace '%s'", path);
	fd = create_temp_at(dirfd, &temp, err);
	if (fd < 0)
		return err_wrap(err, "replace '%s'", path);
	assert(temp);
	if (fill_and_rename(dirfd, fd, temp, name, content, mode, err) < 0) {
		unlinkat(dirfd, temp, 0);
		return err_wrap(err, "replace '%s'", path);
	}
	/* The new name must survive a crash as well as the content. */
	if (fsync(dirfd) < 0)
		return err_sys(err, errno, "sync directory of '%s'", path);
	return 0;
}

static int copy_by_hand(int src, int dst, struct err *err)
{
	auto_free char *chunk = xmalloc(READ_CHUNK);
	ssize_t n;

	for (;;) {
		n = read(src, chunk, READ_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read");
		if (!n)
			return 0;
		if (fd_write_all(dst, chunk, (size_t)n, err) < 0)
			return -1;
	}
}

int fs_copy_fd(int src, int dst, bool *reflinked, struct err *err)
{
	bool cloned = !ioctl(dst, FICLONE, src);
	ssize_t n;

	if (reflinked)
		*reflinked = cloned;
	if (cloned)
		return 0;
	if (lseek(src, 0, SEEK_SET) < 0 || lseek(dst, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewind");
	do
		n = copy_file_range(src, NULL, dst, NULL, COPY_CHUNK, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	/*
	 * Whatever made it fail, the plain copy goes on where it stopped and
	 * meets the real error, if there is one. It also looks behind an end
	 * that was reported too early, as by some virtual file systems.
	 */
	return copy_by_hand(src, dst, err);
}

int fs_make_temp_dir(const char *parent, const char *prefix, char **out_path,
		     struct err *err)
{
	char letters[TEMP_SUFFIX_LEN + 1];

	for (int i = 0; i < TEMP_TRIES; i++) {
		auto_free char *path = NULL;

		if (random_letters(letters, err) < 0)
			return -1;
		path = xasprintf("%s/%s%s", parent, prefix, letters);
		if (!mkdir(path, 0700)) {
			*out_path = take_ptr(path);
			return 0;
		}
		if (errno != EEXIST)
			return err_sys(err, errno,
				       "create temporary directory in '%s'",
				       parent);
	}
	return err_set(err, ERR_EXISTS,
		       "no free name for a temporary directory in '%s'",
		       parent);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int wait_for_flock(int fd, int64_t deadline_ms, struct err *err)
{
	bool for_ever = deadline_ms < 0;

	for (;;) {
		if (!flock(fd, for_ever ? LOCK_EX : LOCK_EX | LOCK_NB))
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return err_sys(err, errno, "lock");
		if (now_ms() >= deadline_ms)
			return err_set(err, ERR_TIMEOUT,
				       "somebody else holds the lock");
		poll(NULL, 0, LOCK_POLL_MS);
	}
}

/* Is the file that was locked still the one that others would find? */
static bool is_same_file(int fd, const char *path)
{
	struct stat locked, named;

	return !fstat(fd, &locked) && !stat(path, &named) &&
	       locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

int fs_lock(const char *path, int wait_ms, struct err *err)
{
	int64_t deadline_ms = wait_ms < 0 ? -1 : now_ms() + wait_ms;

	for (;;) {
		auto_close int fd = open(
			path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return err_sys(err, errno, "open lock '%s'", path);
		if (wait_for_flock(fd, deadline_ms, err) < 0)
			return err_wrap(err, "lock '%s'", path);
		if (is_same_file(fd, path))
			return fd_take(&fd);
	}
}

int fs_real_path(const char *path, char **out, struct err *err)
{
	char *real = realpath(path, NULL);

	if (!real)
		return err_sys(err, errno, "resolve '%s'", path);
	*out = real;
	return 0;
}

int fs_available(const char *path, uint64_t *out, struct err *err)
{
	struct statvfs st;

	if (statvfs(path, &st) < 0)
		return err_sys(err, errno, "examine file system of '%s'", path);
	if (ckd_mul(out, (uint64_t)st.f_bavail, (uint64_t)st.f_frsize))
		*out = UINT64_MAX;
	return 0;
}
