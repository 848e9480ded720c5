// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_lock.c - flock(2) and the two kinds of record locks.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static int lock_range(int fd, int command, int type, off_t at, off_t len)
{
	struct flock l = {
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = at,
		.l_len = len,
	};

	return fcntl(fd, command, &l);
}

/* What another process asks for. */
struct request {
	int command; /* 0: flock(2) with @type as its operation */
	int type;
	off_t at, len;
};

/* Exit status: 0, or the errno. */
static int ask(void *arg)
{
	const struct request *r = arg;
	int fd = open("f", O_RDWR | O_CLOEXEC);
	int result;

	if (fd < 0)
		return errno;
	result = r->command ? lock_range(fd, r->command, r->type, r->at, r->len)
			    : flock(fd, r->type);
	return result < 0 ? errno : 0;
}

static int asks(int command, int type, off_t at, off_t len)
{
	struct request r = { command, type, at, len };

	return in_child(ask, &r);
}

static void whole_files(void)
{
	int a, b;

	NEED(put_text("f", "text"));
	a = open("f", O_RDONLY | O_CLOEXEC);
	b = open("f", O_RDONLY | O_CLOEXEC);
	NEED(a);
	NEED(b);
	WORKS(flock(a, LOCK_SH));
	WORKS(flock(b, LOCK_SH | LOCK_NB));
	EQUAL(asks(0, LOCK_SH | LOCK_NB, 0, 0), 0);
	EQUAL(asks(0, LOCK_EX | LOCK_NB, 0, 0), EWOULDBLOCK);
	FAILS(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	WORKS(flock(b, LOCK_UN));
	WORKS(flock(a, LOCK_EX | LOCK_NB));
	FAILS(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	EQUAL(asks(0, LOCK_SH | LOCK_NB, 0, 0), EWOULDBLOCK);
	close(a);
	WORKS(flock(b, LOCK_EX | LOCK_NB));
	EQUAL(asks(0, LOCK_EX | LOCK_NB, 0, 0), EWOULDBLOCK);
	close(b);
	EQUAL(asks(0, LOCK_EX | LOCK_NB, 0, 0), 0);
}

static void records(void)
{
	static const struct {
		int held, type;
		off_t at, len;
		int want;
	} rows[] = {
		{ F_WRLCK, F_WRLCK, 10, 10, EAGAIN },
		{ F_WRLCK, F_RDLCK, 10, 10, EAGAIN },
		{ F_RDLCK, F_RDLCK, 10, 10, 0 },
		{ F_RDLCK, F_WRLCK, 10, 10, EAGAIN },
		{ F_WRLCK, F_WRLCK, 0, 10, 0 },
		{ F_WRLCK, F_WRLCK, 0, 11, EAGAIN },
		{ F_WRLCK, F_WRLCK, 19, 1, EAGAIN },
		{ F_WRLCK, F_WRLCK, 20, 10, 0 },
		{ F_WRLCK, F_WRLCK, 0, 0, EAGAIN },
		{ F_WRLCK, F_WRLCK, 20, 0, 0 },
	};
	static const int commands[] = { F_SETLK, F_OFD_SETLK };
	int fd;

	NEED(put_text("f", "text"));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	for (size_t i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		size_t n = i / 2;
		int command = commands[i % 2];

		ROW("%s: held %d, asked for %d at %lld, %lld",
		    i % 2 ? "open file" : "process", rows[n].held, rows[n].type,
		    (long long)rows[n].at, (long long)rows[n].len);
		WORKS(lock_range(fd, command, rows[n].held, 10, 10));
		EQUAL(asks(F_SETLK, rows[n].type, rows[n].at, rows[n].len),
		      rows[n].want);
		EQUAL(asks(F_OFD_SETLK, rows[n].type, rows[n].at, rows[n].len),
		      rows[n].want);
		WORKS(lock_range(fd, command, F_UNLCK, 0, 0));
		EQUAL(asks(F_SETLK, F_WRLCK, 0, 0), 0);
	}
	close(fd);
}

static void splitting(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, again;

	NEED(put_text("f", "text"));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	WORKS(lock_range(fd, F_SETLK, F_WRLCK, 0, 100));
	WORKS(lock_range(fd, F_SETLK, F_UNLCK, 40, 20));
	EQUAL(asks(F_SETLK, F_WRLCK, 40, 20), 0);
	EQUAL(asks(F_SETLK, F_WRLCK, 39, 1), EAGAIN);
	EQUAL(asks(F_SETLK, F_WRLCK, 60, 1), EAGAIN);
	/* The process itself is never in its own way. */
	WORKS(lock_range(fd, F_SETLK, F_RDLCK, 0, 10));
	WORKS(fcntl(fd, F_GETLK, &l));
	EQUAL(l.l_type, F_UNLCK);
	/* Closing any descriptor of the file gives up all. */
	again = open("f", O_RDONLY | O_CLOEXEC);
	NEED(again);
	close(again);
	EQUAL(asks(F_SETLK, F_WRLCK, 0, 0), 0);
	close(fd);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	FAILS(lock_range(fd, F_SETLK, F_WRLCK, 0, 0), EBADF);
	WORKS(lock_range(fd, F_SETLK, F_RDLCK, 0, 0));
	close(fd);
}

/* Waits for a lock of its parent's and says when it has it. */
static int wait_for_lock(void *arg)
{
	const int *pipes = arg;
	int fd = open("f", O_RDWR | O_CLOEXEC);

	if (fd < 0 || lock_range(fd, F_SETLKW, F_WRLCK, 0, 0) < 0)
		return 1;
	/* Written below the lock: the parent has let go by now. */
	return write(pipes[1], "x", 1) == 1 ? 0 : 1;
}

static void waiting(void)
{
	int fd, pipes[2], status;
	char c = 0;
	pid_t pid;

	NEED(put_text("f", "text"));
	NEED(pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	NEED(lock_range(fd, F_SETLK, F_WRLCK, 0, 0));
	fflush(stdout);
	pid = fork();
	NEED(pid);
	if (!pid)
		_exit(wait_for_lock(pipes));
	let_time_pass();
	let_time_pass();
	FAILS(read(pipes[0], &c, 1), EAGAIN);
	WORKS(lock_range(fd, F_SETLK, F_UNLCK, 0, 0));
	NEED(waitpid(pid, &status, 0));
	EQUAL(status, 0);
	EQUAL(read(pipes[0], &c, 1), 1);
	close(fd);
}

static void on_a_directory(void)
{
	int a, b;

	NEED(mkdir("d", 0755));
	a = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(a);
	NEED(b);
	WORKS(flock(a, LOCK_EX | LOCK_NB));
	FAILS(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	close(a);
	WORKS(flock(b, LOCK_EX | LOCK_NB));
	close(b);
}

const struct suite_test suite_lock[] = {
	{ "whole files", whole_files },	   { "records", records },
	{ "splitting", splitting },	   { "waiting", waiting },
	{ "a directory", on_a_directory }, { NULL, NULL },
};
