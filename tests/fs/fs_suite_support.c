// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_support.c - the helpers that fs_suite.h promises.
 */
#include "fs_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_NS (25L * 1000 * 1000)

int put(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, data, len);
	if (close(fd) < 0)
		return -1;
	return n == (ssize_t)len ? 0 : -1;
}

int put_text(const char *path, const char *text)
{
	return put(path, text, strlen(text));
}

int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : close(fd);
}

bool fd_holds(int fd, const void *data, size_t len)
{
	uint8_t *buf = malloc(len + 1);
	size_t have = 0;
	ssize_t n = 1;
	bool same;

	if (!buf)
		return false;
	/* One byte more than expected shows a file that is too long. */
	while (have <= len && n > 0) {
		n = pread(fd, buf + have, len + 1 - have, (off_t)have);
		if (n > 0)
			have += (size_t)n;
	}
	same = n >= 0 && have == len && (!len || !memcmp(buf, data, len));
	free(buf);
	return same;
}

bool holds(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool same;

	if (fd < 0)
		return false;
	same = fd_holds(fd, data, len);
	close(fd);
	return same;
}

bool holds_text(const char *path, const char *text)
{
	return holds(path, text, strlen(text));
}

void fill(uint8_t *buf, size_t len, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		buf[i] = (uint8_t)(x >> 24);
	}
}

const char *numbered(char *buf, size_t size, const char *prefix, unsigned i)
{
	snprintf(buf, size, "%s%u", prefix, i);
	return buf;
}

#define STAT_ACCESSOR(name, value)         \
	long long name(const char *path)   \
	{                                  \
		struct stat st;            \
                                           \
		if (lstat(path, &st) < 0)  \
			return -1;         \
		return (long long)(value); \
	}
#define NS(ts) ((long long)(ts).tv_sec * 1000000000 + (ts).tv_nsec)

STAT_ACCESSOR(links_of, st.st_nlink)
STAT_ACCESSOR(size_of, st.st_size)
STAT_ACCESSOR(ino_of, st.st_ino)
STAT_ACCESSOR(mode_of, st.st_mode & 07777)
STAT_ACCESSOR(type_of, st.st_mode &S_IFMT)
STAT_ACCESSOR(mtime_ns_of, NS(st.st_mtim))
STAT_ACCESSOR(ctime_ns_of, NS(st.st_ctim))

bool exists(const char *path)
{
	return type_of(path) >= 0;
}

long long entries_of(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	long long n = 0;

	if (!d)
		return -1;
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(d);
	return n;
}

int bind_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

int set_times(const char *path, time_t sec, long nsec)
{
	const struct timespec ts[2] = { { sec, nsec }, { sec, nsec } };

	return utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW);
}

void let_time_pass(void)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };

	nanosleep(&tick, NULL);
}

int in_child(int (*run)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(arg));
	}
	if (waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/*
 * Unlinks what it can here; true with the name of a directory that must be
 * emptied first.
 */
static bool next_full_directory(char name[NAME_MAX + 1])
{
	DIR *d = opendir(".");
	const struct dirent *e;
	bool found = false;

	if (!d)
		return false;
	while (!found && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlink(e->d_name) == 0 || rmdir(e->d_name) == 0)
			continue;
		snprintf(name, NAME_MAX + 1, "%s", e->d_name);
		found = true;
	}
	closedir(d);
	return found;
}

/* By chdir(2), because a tree may be deeper than paths are long. */
int remove_all_here(void)
{
	char name[NAME_MAX + 1];

	while (next_full_directory(name)) {
		if (chmod(name, 0700) < 0 || chdir(name) < 0)
			return -1;
		if (remove_all_here() < 0 || chdir("..") < 0 || rmdir(name) < 0)
			return -1;
	}
	return 0;
}
