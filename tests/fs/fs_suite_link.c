// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_link.c - hard and symbolic links.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void kinds(void)
{
	NEED(put_text("file", "text"));
	NEED(symlink("file", "sym"));
	NEED(symlink("nowhere", "dangling"));
	NEED(mkfifo("fifo", 0644));
	NEED(mknod("sock", S_IFSOCK | 0644, 0));
	NEED(mkdir("dir", 0755));
	WORKS(link("file", "file2"));
	EQUAL(ino_of("file2"), ino_of("file"));
	/* The link itself, not what it leads to. */
	WORKS(link("sym", "sym2"));
	EQUAL(type_of("sym2"), S_IFLNK);
	EQUAL(links_of("sym"), 2);
	WORKS(link("dangling", "dangling2"));
	WORKS(linkat(AT_FDCWD, "sym", AT_FDCWD, "file3", AT_SYMLINK_FOLLOW));
	EQUAL(type_of("file3"), S_IFREG);
	EQUAL(links_of("file"), 3);
	FAILS(linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW),
	      ENOENT);
	WORKS(link("fifo", "fifo2"));
	EQUAL(links_of("fifo"), 2);
	WORKS(link("sock", "sock2"));
	EQUAL(type_of("sock2"), S_IFSOCK);
	FAILS(link("dir", "dir2"), EPERM);
	FAILS(link("file", "file2"), EEXIST);
	FAILS(link("file", "dir"), EEXIST);
	FAILS(link("file", "dangling"), EEXIST);
	FAILS(link("file", "file"), EEXIST);
	FAILS(linkat(AT_FDCWD, "file", AT_FDCWD, "x", 1 << 30), EINVAL);
	EQUAL(links_of("file"), 3);
}

static void one_file(void)
{
	int fd;

	NEED(put_text("a", "one"));
	NEED(mkdir("d", 0755));
	NEED(link("a", "b"));
	NEED(link("b", "d/c"));
	EQUAL(links_of("a"), 3);
	fd = open("d/c", O_WRONLY | O_CLOEXEC);
	NEED(fd);
	EQUAL(write(fd, "two", 3), 3);
	TRUE(holds_text("a", "two"));
	TRUE(holds_text("b", "two"));
	WORKS(chmod("b", 0600));
	EQUAL(mode_of("a"), 0600);
	EQUAL(mode_of("d/c"), 0600);
	WORKS(set_times("a", 5000, 5));
	EQUAL(mtime_ns_of("d/c"), 5000LL * 1000000000 + 5);
	WORKS(truncate("b", 1));
	EQUAL(size_of("d/c"), 1);
	WORKS(unlink("a"));
	EQUAL(links_of("b"), 2);
	EQUAL(write(fd, "!", 1), 1);
	TRUE(holds("b", "t\0\0!", 4));
	WORKS(unlink("b"));
	EQUAL(links_of("d/c"), 1);
	TRUE(holds("d/c", "t\0\0!", 4));
	close(fd);
	WORKS(rename("d/c", "a"));
	EQUAL(links_of("a"), 1);
}

static void many(void)
{
	char name[16];
	unsigned made = 0;

	NEED(put_text("file", "text"));
	for (unsigned i = 0; i < 500; i++)
		made += link("file", numbered(name, sizeof(name), "l", i)) == 0;
	EQUAL(made, 500);
	EQUAL(links_of("file"), 501);
	EQUAL(links_of("l499"), 501);
	WORKS(unlink("file"));
	for (unsigned i = 1; i < 500; i++)
		made -= unlink(numbered(name, sizeof(name), "l", i)) == 0;
	EQUAL(made, 1);
	EQUAL(links_of("l0"), 1);
	TRUE(holds_text("l0", "text"));
}

static void unlinked_and_times(void)
{
	long long changed;
	int fd;

	NEED(put_text("a", "text"));
	NEED(set_times("a", 1000, 0));
	changed = ctime_ns_of("a");
	let_time_pass();
	NEED(link("a", "b"));
	TRUE(ctime_ns_of("a") > changed);
	EQUAL(mtime_ns_of("a"), 1000LL * 1000000000);
	changed = ctime_ns_of("a");
	let_time_pass();
	NEED(unlink("a"));
	TRUE(ctime_ns_of("b") > changed);
	EQUAL(mtime_ns_of("b"), 1000LL * 1000000000);
	fd = open("b", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	NEED(unlink("b"));
	/* A file that was deleted stays so. */
	FAILS(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH), ENOENT);
	close(fd);
}

static void texts(void)
{
	static const size_t lens[] = { 1,   59,	 60,   61,   127,
				       255, 256, 1000, 4000, PATH_MAX - 1 };
	char text[PATH_MAX + 8], got[PATH_MAX + 8];

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		ROW("a text of %zu bytes", lens[i]);
		memset(text, 'a' + (int)i, sizeof(text));
		text[lens[i]] = '\0';
		WORKS(symlink(text, "link"));
		EQUAL(size_of("link"), lens[i]);
		EQUAL(readlink("link", got, sizeof(got)), lens[i]);
		TRUE(!memcmp(got, text, lens[i]));
		EQUAL(readlink("link", got, 1), 1);
		WORKS(unlink("link"));
	}
	memset(text, 'x', sizeof(text));
	text[PATH_MAX] = '\0';
	ROW("too long");
	FAILS(symlink(text, "link"), ENAMETOOLONG);
	FAILS(symlink("", "link"), ENOENT);
	EQUAL(entries_of("."), 0);
}

static void any_text(void)
{
	static const char *const rows[] = {
		"/",
		"//",
		"..",
		"../../../../..",
		"a//b/",
		"\n",
		"\xff\xfe\x01",
		" ",
		"/proc/self/exe",
		".",
		"nul:",
		"c:\\x",
		"~root",
		"-rf",
	};
	char got[64];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ssize_t n;

		ROW("text number %zu", i);
		WORKS(symlink(rows[i], "link"));
		n = readlink("link", got, sizeof(got));
		EQUAL(n, strlen(rows[i]));
		TRUE(n > 0 && !memcmp(got, rows[i], (size_t)n));
		EQUAL(mode_of("link"), 0777);
		WORKS(unlink("link"));
	}
}

static void following(void)
{
	char buf[8];

	NEED(mkdir("d", 0755));
	NEED(put_text("d/file", "text"));
	NEED(symlink("d", "to-d"));
	NEED(symlink("to-d/file", "to-file"));
	NEED(symlink("../d/file", "d/up"));
	TRUE(holds_text("to-file", "text"));
	TRUE(holds_text("d/up", "text"));
	TRUE(holds_text("to-d/up", "text"));
	EQUAL(ino_of("to-d/file"), ino_of("d/file"));
	WORKS(put_text("to-file", "new"));
	TRUE(holds_text("d/file", "new"));
	WORKS(mkdir("to-d/sub", 0755));
	EQUAL(type_of("d/sub"), S_IFDIR);
	WORKS(chmod("to-file", 0600));
	EQUAL(mode_of("d/file"), 0600);
	WORKS(unlink("to-d/file"));
	TRUE(!exists("d/file"));
	FAILS(try_open("to-file", O_RDONLY), ENOENT);
	/* It leads to whatever has that name now. */
	WORKS(put_text("d/file", "third"));
	TRUE(holds_text("to-file", "third"));
	WORKS(unlink("to-file"));
	TRUE(holds_text("d/file", "third"));
	FAILS(readlink("d", buf, 8), EINVAL);
	FAILS(readlink("d/file", buf, 8), EINVAL);
	FAILS(readlink("to-d", buf, 0), EINVAL);
}

static void chains(void)
{
	char name[16], next[16];

	NEED(put_text("l0", "text"));
	for (unsigned i = 1; i <= 45; i++) {
		numbered(name, sizeof(name), "l", i);
		numbered(next, sizeof(next), "l", i - 1);
		NEED(symlink(next, name));
	}
	TRUE(holds_text("l1", "text"));
	TRUE(holds_text("l40", "text"));
	FAILS(try_open("l41", O_RDONLY), ELOOP);
	FAILS(try_open("l45", O_RDONLY), ELOOP);
	WORKS(unlink("l20"));
	FAILS(try_open("l40", O_RDONLY), ENOENT);
	NEED(symlink("self", "self"));
	FAILS(try_open("self", O_RDONLY), ELOOP);
	FAILS(try_open("self", O_WRONLY | O_CREAT), ELOOP);
	FAILS(try_open("self/x", O_RDONLY), ELOOP);
	EQUAL(type_of("self"), S_IFLNK);
	WORKS(rename("self", "other"));
	/* Now it leads to a name that is not there. */
	WORKS(put_text("other", "text"));
	EQUAL(type_of("self"), S_IFREG);
}

static void attributes(void)
{
	const struct timespec ts[2] = { { 100, 1 }, { 200, 2 } };

	NEED(put_text("file", "text"));
	NEED(symlink("file", "link"));
	NEED(set_times("file", 5000, 0));
	WORKS(utimensat(AT_FDCWD, "link", ts, AT_SYMLINK_NOFOLLOW));
	EQUAL(mtime_ns_of("link"), 200LL * 1000000000 + 2);
	EQUAL(mtime_ns_of("file"), 5000LL * 1000000000);
	WORKS(lchown("link", geteuid(), getegid()));
	WORKS(fchownat(AT_FDCWD, "link", geteuid(), getegid(),
		       AT_SYMLINK_NOFOLLOW));
	EQUAL(links_of("link"), 1);
	EQUAL(size_of("link"), 4);
}

const struct suite_test suite_link[] = {
	{ "hard links of each kind", kinds },
	{ "one file, many names", one_file },
	{ "many hard links", many },
	{ "times, and removed files", unlinked_and_times },
	{ "texts of symbolic links", texts },
	{ "any text", any_text },
	{ "following", following },
	{ "chains", chains },
	{ "attributes of a link", attributes },
	{ NULL, NULL },
};
