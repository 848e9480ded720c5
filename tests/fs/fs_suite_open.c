// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_open.c - the flags of open(2).
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What open(2) says to each kind of object with each set of flags. */
static void flags_and_types(void)
{
	static const struct {
		const char *path;
		int flags, want; /* want: errno, 0 for success */
	} rows[] = {
		{ "file", O_RDONLY, 0 },
		{ "file", O_WRONLY, 0 },
		{ "file", O_RDWR, 0 },
		{ "file", O_RDONLY | O_DIRECTORY, ENOTDIR },
		{ "file", O_RDONLY | O_NOFOLLOW, 0 },
		{ "file", O_PATH, 0 },
		{ "file", O_WRONLY | O_CREAT, 0 },
		{ "file", O_WRONLY | O_CREAT | O_EXCL, EEXIST },
		{ "dir", O_RDONLY, 0 },
		{ "dir", O_RDONLY | O_DIRECTORY, 0 },
		{ "dir", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0 },
		{ "dir", O_WRONLY, EISDIR },
		{ "dir", O_RDWR, EISDIR },
		{ "dir", O_WRONLY | O_CREAT, EISDIR },
		{ "dir", O_RDONLY | O_CREAT, EISDIR },
		{ "dir", O_WRONLY | O_CREAT | O_EXCL, EEXIST },
		{ "dir", O_RDONLY | O_TRUNC, EISDIR },
		{ "to-file", O_RDONLY, 0 },
		{ "to-file", O_RDONLY | O_NOFOLLOW, ELOOP },
		{ "to-file", O_WRONLY | O_CREAT, 0 },
		{ "to-file", O_WRONLY | O_CREAT | O_EXCL, EEXIST },
		{ "to-file", O_RDONLY | O_DIRECTORY, ENOTDIR },
		{ "to-file", O_PATH | O_NOFOLLOW, 0 },
		{ "to-dir", O_RDONLY | O_DIRECTORY, 0 },
		{ "to-dir", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, ENOTDIR },
		{ "to-dir", O_WRONLY, EISDIR },
		{ "dangling", O_RDONLY, ENOENT },
		{ "dangling", O_WRONLY | O_CREAT | O_EXCL, EEXIST },
		{ "dangling", O_PATH | O_NOFOLLOW, 0 },
		{ "dangling-deep", O_WRONLY | O_CREAT, ENOENT },
		{ "fifo", O_WRONLY | O_NONBLOCK, ENXIO },
		{ "fifo", O_RDONLY | O_NONBLOCK, 0 },
		{ "fifo", O_RDONLY | O_DIRECTORY, ENOTDIR },
		{ "socket", O_RDONLY, ENXIO },
		{ "socket", O_PATH, 0 },
		{ "none", O_RDONLY, ENOENT },
		{ "none", O_WRONLY | O_TRUNC, ENOENT },
		{ "none", O_RDONLY | O_DIRECTORY, ENOENT },
	};

	NEED(put_text("file", "text"));
	NEED(mkdir("dir", 0755));
	NEED(symlink("file", "to-file"));
	NEED(symlink("dir", "to-dir"));
	NEED(symlink("nowhere", "dangling"));
	NEED(symlink("none/x", "dangling-deep"));
	NEED(mkfifo("fifo", 0644));
	NEED(mknod("socket", S_IFSOCK | 0644, 0));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ROW("%s, flags %#o", rows[i].path, (unsigned)rows[i].flags);
		if (rows[i].want)
			FAILS(try_open(rows[i].path, rows[i].flags),
			      rows[i].want);
		else
			WORKS(try_open(rows[i].path, rows[i].flags));
	}
	ROW("afterwards");
	TRUE(holds_text("file", "text"));
	EQUAL(entries_of("."), 8);
}

static void creating(void)
{
	int fd;

	WORKS(try_open("new", O_WRONLY | O_CREAT | O_EXCL));
	EQUAL(size_of("new"), 0);
	EQUAL(links_of("new"), 1);
	EQUAL(mode_of("new"), 0644);
	EQUAL(type_of("new"), S_IFREG);
	FAILS(try_open("new", O_WRONLY | O_CREAT | O_EXCL), EEXIST);
	NEED(symlink("target", "dangling"));
	WORKS(try_open("dangling", O_WRONLY | O_CREAT));
	EQUAL(type_of("target"), S_IFREG);
	EQUAL(type_of("dangling"), S_IFLNK);
	/* The mode holds for later opens, not for this one. */
	fd = open("sealed", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	WORKS(fd);
	EQUAL(write(fd, "abc", 3), 3);
	EQUAL(mode_of("sealed"), 0);
	TRUE(fd_holds(fd, "abc", 3));
	close(fd);
	fd = open("readonly", O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	WORKS(fd);
	EQUAL(write(fd, "abc", 3), 3);
	EQUAL(mode_of("readonly"), 0444);
	close(fd);
}

static void umask_and_mode(void)
{
	static const struct {
		mode_t mask, mode, want;
	} rows[] = {
		{ 000, 0777, 0777 },   { 022, 0777, 0755 },
		{ 077, 0777, 0700 },   { 0777, 0777, 0 },
		{ 022, 0666, 0644 },   { 027, 0640, 0640 },
		{ 000, 04755, 04755 }, { 000, 01644, 01644 },
	};
	char name[16];

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		ROW("mode %o, umask %o", rows[i].mode, rows[i].mask);
		numbered(name, sizeof(name), "f", i);
		umask(rows[i].mask);
		NEED(close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC,
				rows[i].mode)));
		EQUAL(mode_of(name), rows[i].want);
		numbered(name, sizeof(name), "p", i);
		NEED(mkfifo(name, rows[i].mode & 0777));
		EQUAL(mode_of(name), rows[i].want & 0777);
		numbered(name, sizeof(name), "d", i);
		NEED(mkdir(name, rows[i].mode & 0777));
		EQUAL(mode_of(name), rows[i].want & 0777);
	}
}

static void truncating(void)
{
	int fd;

	NEED(put_text("file", "some text"));
	fd = open("file", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	WORKS(try_open("file", O_WRONLY | O_TRUNC));
	EQUAL(size_of("file"), 0);
	TRUE(fd_holds(fd, "", 0));
	close(fd);
	NEED(put_text("file", "some text"));
	WORKS(try_open("file", O_WRONLY | O_CREAT | O_TRUNC));
	EQUAL(size_of("file"), 0);
	NEED(put_text("file", "some text"));
	NEED(symlink("file", "link"));
	WORKS(try_open("link", O_RDWR | O_TRUNC));
	EQUAL(size_of("file"), 0);
	NEED(put_text("file", "some text"));
	FAILS(try_open("file", O_WRONLY | O_CREAT | O_EXCL | O_TRUNC), EEXIST);
	TRUE(holds_text("file", "some text"));
}

static void appending(void)
{
	int fd, other;

	NEED(put_text("file", "ab"));
	fd = open("file", O_RDWR | O_APPEND | O_CLOEXEC);
	NEED(fd);
	EQUAL(write(fd, "cd", 2), 2);
	TRUE(holds_text("file", "abcd"));
	EQUAL(lseek(fd, 0, SEEK_SET), 0);
	EQUAL(write(fd, "ef", 2), 2);
	TRUE(holds_text("file", "abcdef"));
	EQUAL(lseek(fd, 0, SEEK_CUR), 6);
	/* Linux appends whatever the offset of pwrite(2) is. */
	EQUAL(pwrite(fd, "gh", 2, 0), 2);
	TRUE(holds_text("file", "abcdefgh"));
	other = open("file", O_WRONLY | O_APPEND | O_CLOEXEC);
	NEED(other);
	EQUAL(write(other, "1", 1), 1);
	EQUAL(write(fd, "2", 1), 1);
	EQUAL(write(other, "3", 1), 1);
	TRUE(holds_text("file", "abcdefgh123"));
	WORKS(ftruncate(fd, 2));
	EQUAL(write(other, "4", 1), 1);
	TRUE(holds_text("file", "ab4"));
	/* Taken off the descriptor, it writes where it stands. */
	WORKS(fcntl(fd, F_SETFL, 0));
	EQUAL(pwrite(fd, "X", 1, 0), 1);
	TRUE(holds_text("file", "Xb4"));
	close(other);
	close(fd);
}

static void access_modes(void)
{
	char c;
	int fd;

	NEED(put_text("file", "text"));
	fd = open("file", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	FAILS(write(fd, "x", 1), EBADF);
	FAILS(pwrite(fd, "x", 1, 0), EBADF);
	FAILS(ftruncate(fd, 0), EINVAL);
	close(fd);
	fd = open("file", O_WRONLY | O_CLOEXEC);
	NEED(fd);
	FAILS(read(fd, &c, 1), EBADF);
	FAILS(pread(fd, &c, 1, 0), EBADF);
	close(fd);
	fd = open("file", O_PATH | O_CLOEXEC);
	NEED(fd);
	FAILS(read(fd, &c, 1), EBADF);
	FAILS(fchmod(fd, 0600), EBADF);
	close(fd);
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(fd);
	FAILS(read(fd, &c, 1), EISDIR);
	FAILS(write(fd, &c, 1), EBADF);
	FAILS(ftruncate(fd, 0), EINVAL);
	WORKS(fsync(fd));
	close(fd);
}

static void relative_to_descriptors(void)
{
	int dir, file, fd;

	NEED(mkdir("dir", 0755));
	NEED(put_text("file", "x"));
	dir = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = open("file", O_RDONLY | O_CLOEXEC);
	NEED(dir);
	NEED(file);
	fd = openat(dir, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	WORKS(fd);
	close(fd);
	TRUE(exists("dir/new"));
	FAILS(openat(file, "new", O_RDONLY), ENOTDIR);
	FAILS(openat(-1, "new", O_RDONLY), EBADF);
	WORKS(mkdirat(dir, "sub", 0755));
	WORKS(renameat(dir, "new", dir, "sub/moved"));
	WORKS(linkat(dir, "sub/moved", dir, "again", 0));
	WORKS(symlinkat("again", dir, "link"));
	FAILS(unlinkat(dir, "sub", 0), EISDIR);
	FAILS(unlinkat(dir, "again", AT_REMOVEDIR), ENOTDIR);
	WORKS(unlinkat(dir, "again", 0));
	/* A descriptor follows its directory. */
	WORKS(rename("dir", "other"));
	WORKS(faccessat(dir, "sub/moved", F_OK, 0));
	WORKS(unlinkat(dir, "sub/moved", 0));
	WORKS(unlinkat(dir, "link", 0));
	WORKS(unlinkat(dir, "sub", AT_REMOVEDIR));
	/* Nothing can be made in a directory that is gone. */
	WORKS(rmdir("other"));
	FAILS(openat(dir, "x", O_WRONLY | O_CREAT, 0644), ENOENT);
	FAILS(mkdirat(dir, "x", 0755), ENOENT);
	FAILS(symlinkat("x", dir, "x"), ENOENT);
	close(file);
	close(dir);
}

static void descriptors_are_independent(void)
{
	char c[2];
	int a, b, d;

	NEED(put_text("file", "abcdef"));
	a = open("file", O_RDONLY | O_CLOEXEC);
	b = open("file", O_RDWR | O_CLOEXEC);
	d = fcntl(a, F_DUPFD_CLOEXEC, 3);
	NEED(a);
	NEED(b);
	NEED(d);
	EQUAL(read(a, c, 2), 2);
	EQUAL(lseek(d, 0, SEEK_CUR), 2);
	EQUAL(lseek(b, 0, SEEK_CUR), 0);
	EQUAL(write(b, "AB", 2), 2);
	EQUAL(pread(a, c, 2, 0), 2);
	TRUE(!memcmp(c, "AB", 2));
	NEED(put_text("new", "other"));
	NEED(rename("new", "file"));
	/* They stay with the file that they opened. */
	TRUE(fd_holds(a, "ABcdef", 6));
	TRUE(holds_text("file", "other"));
	close(a);
	close(b);
	close(d);
}

const struct suite_test suite_open[] = {
	{ "flags and types", flags_and_types },
	{ "creating", creating },
	{ "umask", umask_and_mode },
	{ "O_TRUNC", truncating },
	{ "O_APPEND", appending },
	{ "access modes", access_modes },
	{ "relative to descriptors", relative_to_descriptors },
	{ "independent descriptors", descriptors_are_independent },
	{ NULL, NULL },
};
