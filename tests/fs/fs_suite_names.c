// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_names.c - unusual names, deep trees, many files, and objects that
 * are neither files nor directories.
 */
#include "fs_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEPTH 300 /* of 20 bytes: deeper than a path may be long */
#define MANY  5000

static bool is_listed(const char *name)
{
	DIR *d = opendir(".");
	const struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)))
		found = !strcmp(e->d_name, name);
	if (d)
		closedir(d);
	return found;
}

static void unusual(void)
{
	static const char *const rows[] = {
		"-rf",		" ",
		"a b",		"new\nline",
		"tab\t",	"\x01\x02",
		"\x7f",		"\xff\xfe\xfd",
		"caf\xe9",	"caf\xc3\xa9",
		"cafe\xcc\x81", "\xc0\x80",
		"\xed\xa0\x80", "back\\slash",
		"star*?[",	"$HOME;`x`",
		"'\"",		"...",
		"..a",		"a.",
		"con",		"a:b",
		"#x",		"~",
		".wh.a",	".wh..opq",
		"\xe2\x80\x8b", "%s%n",
		"trailing ",	".fuse_hidden1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = rows[i];

		ROW("name number %zu", i);
		WORKS(put_text(name, name));
		TRUE(holds_text(name, name));
		TRUE(is_listed(name));
		WORKS(rename(name, "plain"));
		TRUE(!exists(name));
		WORKS(link("plain", name));
		WORKS(unlink(name));
		WORKS(mkdir(name, 0755));
		TRUE(is_listed(name));
		WORKS(rmdir(name));
		NEED(unlink("plain"));
	}
	EQUAL(entries_of("."), 0);
}

/* Names that some file systems take for one. */
static void different(void)
{
	static const char *const rows[] = { "name",	    "Name",
					    "NAME",	    "caf\xc3\xa9",
					    "cafe\xcc\x81", "name ",
					    "name." };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		WORKS(try_open(rows[i], O_WRONLY | O_CREAT | O_EXCL));
	EQUAL(entries_of("."), ARRAY_SIZE(rows));
}

static void every_byte(void)
{
	char name[4] = "x0y";
	unsigned made = 0;

	for (int c = 1; c < 256; c++) {
		if (c == '/')
			continue;
		name[1] = (char)c;
		made += try_open(name, O_WRONLY | O_CREAT | O_EXCL) == 0;
	}
	EQUAL(made, 254);
	EQUAL(entries_of("."), 254);
}

static void every_length(void)
{
	char name[NAME_MAX + 1];
	unsigned made = 0;

	for (size_t len = 1; len <= NAME_MAX; len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		made += try_open(name, O_WRONLY | O_CREAT | O_EXCL) == 0;
	}
	EQUAL(made, NAME_MAX);
	EQUAL(entries_of("."), NAME_MAX);
}

static void deep(void)
{
	const char *name = "a-directory-of-a-dep";
	char path[PATH_MAX], cwd[2 * PATH_MAX];
	int made = 0, up = 0;

	for (; made < DEPTH; made++)
		if (mkdir(name, 0755) < 0 || chdir(name) < 0)
			break;
	EQUAL(made, DEPTH);
	/* Here no path leads, but names do. */
	WORKS(put_text("bottom", "text"));
	TRUE(holds_text("bottom", "text"));
	FAILS(getcwd(cwd, PATH_MAX) ? 0 : -1, ERANGE);
	WORKS(rename("bottom", "moved"));
	WORKS(unlink("moved"));
	for (; up < made; up++)
		if (chdir("..") < 0 || (up < 200 && rmdir(name) < 0))
			break;
	EQUAL(up, made);
	/* 100 are left, which a path can say. */
	*path = '\0';
	for (int i = 0; i < 100; i++)
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			 "%s/", name);
	EQUAL(type_of(path), S_IFDIR);
	EQUAL(entries_of(path), 0);
}

static void many(void)
{
	const unsigned n = suite_scaled(MANY);
	char name[16];
	unsigned made = 0, good = 0;

	for (unsigned i = 0; i < n; i++)
		made += put_text(numbered(name, sizeof(name), "f", i), name) ==
			0;
	EQUAL(made, n);
	EQUAL(entries_of("."), n);
	for (unsigned i = 0; i < n; i += 7) {
		numbered(name, sizeof(name), "f", i);
		good += holds_text(name, name);
	}
	EQUAL(good, (n + 6) / 7);
	for (unsigned i = 0; i < n; i++)
		made -= unlink(numbered(name, sizeof(name), "f", i)) == 0;
	EQUAL(made, 0);
	EQUAL(entries_of("."), 0);
}

/* Many files that are open at once. */
static void many_open(void)
{
	char name[16];
	int fds[500];
	unsigned good = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
		numbered(name, sizeof(name), "f", i);
		fds[i] = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		NEED(fds[i]);
		good += write(fds[i], name, strlen(name)) > 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
		numbered(name, sizeof(name), "f", i);
		good += fd_holds(fds[i], name, strlen(name));
		close(fds[i]);
	}
	EQUAL(good, 2 * ARRAY_SIZE(fds));
}

const struct suite_test suite_names[] = {
	{ "unusual", unusual },
	{ "different", different },
	{ "every byte", every_byte },
	{ "every length", every_length },
	{ "deep", deep },
	{ "many files", many },
	{ "many open files", many_open },
	{ NULL, NULL },
};

static int write_to_fifo(void *arg unused)
{
	int fd = open("fifo", O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, "through", 7) == 7 ? 0 : 1;
}

static void fifos(void)
{
	char buf[16];
	int fd;

	WORKS(mkfifo("fifo", 0644));
	EQUAL(type_of("fifo"), S_IFIFO);
	EQUAL(links_of("fifo"), 1);
	FAILS(mkfifo("fifo", 0644), EEXIST);
	FAILS(open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC), ENXIO);
	fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	WORKS(fd);
	EQUAL(read(fd, buf, sizeof(buf)), 0);
	EQUAL(in_child(write_to_fifo, NULL), 0);
	EQUAL(read(fd, buf, sizeof(buf)), 7);
	TRUE(!memcmp(buf, "through", 7));
	FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
	EQUAL(size_of("fifo"), 0);
	/* Renamed, it is the same pipe. */
	WORKS(rename("fifo", "moved"));
	WORKS(symlink("moved", "fifo"));
	EQUAL(in_child(write_to_fifo, NULL), 0);
	EQUAL(read(fd, buf, sizeof(buf)), 7);
	WORKS(chmod("moved", 0600));
	EQUAL(mode_of("moved"), 0600);
	WORKS(unlink("moved"));
	close(fd);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void sockets(void)
{
	char buf[8];
	int server = bind_socket("sock"), client, peer;

	WORKS(server);
	NEED(server);
	EQUAL(type_of("sock"), S_IFSOCK);
	EQUAL(mode_of("sock"), 0755);
	FAILS(bind_socket("sock"), EADDRINUSE);
	FAILS(connect_to("sock"), ECONNREFUSED);
	WORKS(listen(server, 1));
	client = connect_to("sock");
	WORKS(client);
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	WORKS(peer);
	EQUAL(write(client, "hello", 5), 5);
	EQUAL(read(peer, buf, sizeof(buf)), 5);
	close(client);
	close(peer);
	FAILS(try_open("sock", O_RDONLY), ENXIO);
	WORKS(rename("sock", "moved"));
	client = connect_to("moved");
	WORKS(client);
	close(client);
	close(server);
	FAILS(connect_to("moved"), ECONNREFUSED);
	FAILS(connect_to("sock"), ENOENT);
	WORKS(unlink("moved"));
	server = bind_socket("moved");
	WORKS(server);
	close(server);
	NEED(put_text("file", "text"));
	FAILS(bind_socket("file"), EADDRINUSE);
	FAILS(bind_socket("none/sock"), ENOENT);
	FAILS(connect_to("file"), ECONNREFUSED);
}

static void made_by_mknod(void)
{
	WORKS(mknod("file", S_IFREG | 0640, 0));
	EQUAL(type_of("file"), S_IFREG);
	EQUAL(mode_of("file"), 0640);
	WORKS(mknod("zero", 0600, 0));
	EQUAL(type_of("zero"), S_IFREG);
	WORKS(put_text("file", "text"));
	TRUE(holds_text("file", "text"));
	WORKS(mknod("fifo", S_IFIFO | 0644, 0));
	EQUAL(type_of("fifo"), S_IFIFO);
	WORKS(mknod("sock", S_IFSOCK | 0644, 0));
	EQUAL(type_of("sock"), S_IFSOCK);
	FAILS(mknod("dir", S_IFDIR | 0755, 0), EPERM);
	FAILS(mknod("link", S_IFLNK | 0777, 0), EINVAL);
	EQUAL(entries_of("."), 4);
}

static const char *program;

static int run_program(void *arg unused)
{
	char name[] = "x", *argv[] = { name, NULL }, *envp[] = { NULL };

	execve(program, argv, envp);
	return errno;
}

/* Its exit status, or the errno that execve(2) set. */
static int status_of(const char *path)
{
	program = path;
	return in_child(run_program, NULL);
}

static void programs(void)
{
	NEED(put_text("script", "#!/bin/sh\nexit 42\n"));
	EQUAL(status_of("script"), EACCES);
	NEED(chmod("script", 0755));
	EQUAL(status_of("script"), 42);
	NEED(put_text("other", "#!/bin/sh\nexit 43\n"));
	NEED(chmod("other", 0755));
	NEED(rename("other", "script"));
	EQUAL(status_of("script"), 43);
	NEED(put_text("bad", "\x01\x02\x03"));
	NEED(chmod("bad", 0755));
	EQUAL(status_of("bad"), ENOEXEC);
	NEED(mkdir("dir", 0755));
	EQUAL(status_of("dir"), EACCES);
	EQUAL(status_of("none"), ENOENT);
}

const struct suite_test suite_special[] = {
	{ "fifos", fifos },
	{ "sockets", sockets },
	{ "mknod", made_by_mknod },
	{ "programs", programs },
	{ NULL, NULL },
};
