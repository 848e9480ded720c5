// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_attr.c - modes, owners, times and the other fields of stat(2).
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SEC 1000000000LL /* nanoseconds */

static void modes(void)
{
	static const mode_t rows[] = {
		0,    0400,  0200,  0100,  0777,  0644,
		0555, 01777, 04755, 02755, 06711, 07777
	};
	int fd;

	NEED(put_text("f", ""));
	NEED(mkdir("d", 0755));
	fd = open("f", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ROW("mode %o", rows[i]);
		WORKS(chmod("f", rows[i]));
		EQUAL(mode_of("f"), rows[i]);
		EQUAL(type_of("f"), S_IFREG);
		WORKS(chmod("d", rows[i]));
		EQUAL(mode_of("d"), rows[i]);
		WORKS(fchmod(fd, 0640));
		EQUAL(mode_of("f"), 0640);
		WORKS(fchmodat(AT_FDCWD, "f", rows[i], 0));
		EQUAL(mode_of("f"), rows[i]);
	}
	close(fd);
}

static int write_some(void)
{
	int fd = open("f", O_WRONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -1;
	r = write(fd, "x", 1) == 1 ? 0 : -1;
	close(fd);
	return r;
}

static int append_some(void)
{
	int fd = open("f", O_WRONLY | O_APPEND | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -1;
	r = write(fd, "x", 1) == 1 ? 0 : -1;
	close(fd);
	return r;
}

static int truncate_it(void)
{
	return truncate("f", 1);
}

static int open_truncate(void)
{
	return try_open("f", O_WRONLY | O_TRUNC);
}

static int chown_it(void)
{
	return chown("f", geteuid(), getegid());
}

/* Whoever changes a set-id program gets no set-id program of his own. */
static void set_id_bits(void)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} ways[] = {
		{ "write", write_some },     { "append", append_some },
		{ "truncate", truncate_it }, { "O_TRUNC", open_truncate },
		{ "chown", chown_it },
	};
	static const mode_t rows[] = { 04755, 02755, 06755, 04711 };

	NOT_ROOT();
	for (size_t i = 0; i < ARRAY_SIZE(ways) * ARRAY_SIZE(rows); i++) {
		mode_t mode = rows[i % ARRAY_SIZE(rows)];
		size_t way = i / ARRAY_SIZE(rows);

		ROW("%s of mode %o", ways[way].name, mode);
		NEED(put_text("f", "text"));
		NEED(chmod("f", mode));
		EQUAL(mode_of("f"), mode);
		WORKS(ways[way].run());
		EQUAL(mode_of("f"), mode & 0777);
	}
	ROW("through a descriptor that was open before");
	NEED(chmod("f", 0755));
	int fd = open("f", O_WRONLY | O_CLOEXEC);

	NEED(fd);
	NEED(fchmod(fd, 06755));
	EQUAL(write(fd, "x", 1), 1);
	EQUAL(mode_of("f"), 0755);
	NEED(fchmod(fd, 06755));
	WORKS(ftruncate(fd, 0));
	EQUAL(mode_of("f"), 0755);
	close(fd);
}

static void set_gid_directory(void)
{
	NEED(mkdir("d", 0755));
	NEED(chmod("d", 02755));
	NEED(mkdir("d/sub", 0755));
	NEED(put_text("d/file", ""));
	EQUAL(mode_of("d/sub"), 02755);
	EQUAL(mode_of("d/file"), 0644);
	NEED(chmod("d", 0755));
	NEED(mkdir("d/plain", 0755));
	EQUAL(mode_of("d/plain"), 0755);
	EQUAL(mode_of("d/sub"), 02755);
}

static void owners(void)
{
	struct stat st;
	int fd;

	NEED(put_text("f", "text"));
	NEED(mkdir("d", 0755));
	WORKS(stat("f", &st));
	EQUAL(st.st_uid, geteuid());
	EQUAL(st.st_gid, getegid());
	WORKS(chown("f", geteuid(), getegid()));
	WORKS(chown("f", (uid_t)-1, (gid_t)-1));
	WORKS(chown("d", geteuid(), (gid_t)-1));
	WORKS(chown("d", (uid_t)-1, getegid()));
	fd = open("f", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	WORKS(fchown(fd, geteuid(), getegid()));
	close(fd);
	if (suite_root)
		return;
	FAILS(chown("f", 0, (gid_t)-1), EPERM);
	FAILS(chown("f", (uid_t)-1, 0), EPERM);
	FAILS(lchown("f", geteuid() + 1, getegid()), EPERM);
	FAILS(mknod("null", S_IFCHR | 0666, 0x103), EPERM);
	FAILS(mknod("disk", S_IFBLK | 0666, 0x700), EPERM);
	WORKS(stat("f", &st));
	EQUAL(st.st_uid, geteuid());
	EQUAL(st.st_gid, getegid());
	TRUE(!exists("null"));
}

static void owners_for_root(void)
{
	struct stat st;

	ONLY_ROOT();
	NEED(put_text("f", "text"));
	WORKS(chown("f", 12, 34));
	NEED(stat("f", &st));
	EQUAL(st.st_uid, 12);
	EQUAL(st.st_gid, 34);
	NEED(mkdir("d", 0777));
	NEED(chmod("d", 01777));
	NEED(put_text("d/mine", ""));
	NEED(setegid(65534));
	NEED(seteuid(65534));
	FAILS(chmod("f", 0777), EPERM);
	FAILS(unlink("f"), EACCES);
	FAILS(unlink("d/mine"), EPERM);
	FAILS(rename("d/mine", "d/yours"), EPERM);
	WORKS(put_text("d/own", ""));
	WORKS(unlink("d/own"));
	NEED(seteuid(0));
	NEED(setegid(0));
}

static void fields(void)
{
	struct stat a, b;
	int fd;

	NEED(put_text("f", "text"));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	NEED(stat("f", &a));
	NEED(fstat(fd, &b));
	TRUE(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	TRUE(a.st_ino != 0);
	TRUE(a.st_blksize > 0);
	NEED(put_text("g", "text"));
	NEED(stat("g", &b));
	TRUE(a.st_ino != b.st_ino);
	TRUE(a.st_dev == b.st_dev);
	NEED(stat(".", &b));
	TRUE(a.st_dev == b.st_dev);
	/* The number of a file is its own as long as it lives. */
	NEED(rename("f", "moved"));
	EQUAL(ino_of("moved"), a.st_ino);
	NEED(truncate("moved", 100000));
	EQUAL(ino_of("moved"), a.st_ino);
	NEED(chmod("moved", 0600));
	EQUAL(ino_of("moved"), a.st_ino);
	close(fd);
	fd = open("moved", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	NEED(fstat(fd, &b));
	EQUAL(b.st_ino, a.st_ino);
	EQUAL(b.st_size, 100000);
	close(fd);
}

static void blocks(void)
{
	static uint8_t data[256 * 1024];
	struct stat st;
	int fd;

	fill(data, sizeof(data), 8);
	NEED(put("f", data, sizeof(data)));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	NEED(fsync(fd));
	NEED(fstat(fd, &st));
	TRUE(st.st_blocks >= 256 * 2);
	TRUE(st.st_blocks < 1024 * 2);
	NEED(ftruncate(fd, 0));
	NEED(ftruncate(fd, 100 << 20));
	NEED(fstat(fd, &st));
	EQUAL(st.st_size, 100 << 20);
	TRUE(st.st_blocks < 100 * 1024 * 2);
	close(fd);
}

static void file_system(void)
{
	struct statfs fs;
	struct statvfs vfs;
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	NEED(fd);
	WORKS(statfs(".", &fs));
	TRUE(fs.f_bsize > 0);
	TRUE(fs.f_blocks > 0);
	TRUE(fs.f_bfree <= fs.f_blocks);
	TRUE(fs.f_bavail <= fs.f_blocks);
	EQUAL(fs.f_namelen, 255);
	WORKS(fstatfs(fd, &fs));
	WORKS(statvfs(".", &vfs));
	EQUAL(vfs.f_namemax, 255);
	TRUE(vfs.f_frsize > 0);
	close(fd);
}

const struct suite_test suite_attr[] = {
	{ "modes", modes },
	{ "set-id bits", set_id_bits },
	{ "set-group-id directory", set_gid_directory },
	{ "owners", owners },
	{ "owners, for the superuser", owners_for_root },
	{ "fields of stat", fields },
	{ "blocks", blocks },
	{ "file system", file_system },
	{ NULL, NULL },
};

static void exact_times(void)
{
	static const struct {
		time_t sec;
		long nsec;
	} rows[] = {
		{ 0, 0 },
		{ 0, 1 },
		{ 1, 999999999 },
		{ 951782400, 5 },
		{ 1700000000, 123456789 },
		{ 2147483647, 0 },
		{ 2147483648, 1 }, /* 2038 */
		{ 4102444800, 500 },
		{ 4133980799, 999999999 }, /* 2100 */
	};

	NEED(put_text("f", "text"));
	NEED(mkdir("d", 0755));
	NEED(mkfifo("p", 0644));
	for (size_t i = 0; i < ARRAY_SIZE(rows) * 3; i++) {
		const char *path = &"f\0d\0p"[i % 3 * 2];
		const time_t sec = rows[i / 3].sec;
		const long nsec = rows[i / 3].nsec;
		struct stat st;

		ROW("%s at %lld.%09ld", path, (long long)sec, nsec);
		WORKS(set_times(path, sec, nsec));
		NEED(stat(path, &st));
		TRUE(st.st_mtim.tv_sec == sec && st.st_mtim.tv_nsec == nsec);
		TRUE(st.st_atim.tv_sec == sec && st.st_atim.tv_nsec == nsec);
	}
}

static void now_and_omit(void)
{
	const struct timespec old[2] = { { 100, 1 }, { 200, 2 } };
	const struct timespec atime[2] = { { 300, 3 }, { 0, UTIME_OMIT } };
	const struct timespec mtime[2] = { { 0, UTIME_OMIT }, { 400, 4 } };
	const struct timespec both[2] = { { 0, UTIME_OMIT },
					  { 0, UTIME_OMIT } };
	const struct timespec now[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	const struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } };
	long long day = 86400 * SEC, changed;
	struct stat st;

	NEED(put_text("f", "text"));
	NEED(put_text("new", "text"));
	WORKS(utimensat(AT_FDCWD, "f", old, 0));
	WORKS(utimensat(AT_FDCWD, "f", atime, 0));
	NEED(stat("f", &st));
	TRUE(st.st_atim.tv_sec == 300 && st.st_atim.tv_nsec == 3);
	TRUE(st.st_mtim.tv_sec == 200 && st.st_mtim.tv_nsec == 2);
	WORKS(utimensat(AT_FDCWD, "f", mtime, 0));
	NEED(stat("f", &st));
	TRUE(st.st_atim.tv_sec == 300 && st.st_atim.tv_nsec == 3);
	TRUE(st.st_mtim.tv_sec == 400 && st.st_mtim.tv_nsec == 4);
	changed = ctime_ns_of("f");
	WORKS(utimensat(AT_FDCWD, "f", both, 0));
	EQUAL(ctime_ns_of("f"), changed);
	let_time_pass();
	WORKS(utimensat(AT_FDCWD, "f", now, 0));
	NEED(stat("f", &st));
	EQUAL(st.st_atim.tv_sec, 300);
	/* The file system may have a clock of its own. */
	TRUE(mtime_ns_of("f") > mtime_ns_of("new") - day);
	TRUE(ctime_ns_of("f") > changed);
	FAILS(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
	FAILS(utimensat(AT_FDCWD, "none", now, 0), ENOENT);
	WORKS(utimensat(AT_FDCWD, "f", NULL, 0));
	TRUE(mtime_ns_of("f") > mtime_ns_of("new") - day);
	int fd = open("f", O_RDONLY | O_CLOEXEC);

	NEED(fd);
	WORKS(futimens(fd, old));
	EQUAL(mtime_ns_of("f"), 200 * SEC + 2);
	close(fd);
}

/* A time that was set stays until the content changes, and not longer. */
static void set_times_stay(void)
{
	const long long set = 1000 * SEC + 7;
	char c;
	int fd;

	NEED(put_text("f", "text"));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	NEED(set_times("f", 1000, 7));
	NEED(chmod("f", 0600));
	EQUAL(mtime_ns_of("f"), set);
	EQUAL(read(fd, &c, 1), 1);
	EQUAL(mtime_ns_of("f"), set);
	NEED(fsync(fd));
	EQUAL(mtime_ns_of("f"), set);
	NEED(link("f", "g"));
	NEED(unlink("g"));
	EQUAL(mtime_ns_of("f"), set);
	EQUAL(write(fd, "", 0), 0);
	EQUAL(mtime_ns_of("f"), set);
	EQUAL(write(fd, "x", 1), 1);
	TRUE(mtime_ns_of("f") > set);
	NEED(set_times("f", 1000, 7));
	/* A write that came before must not undo it, not even at close. */
	close(fd);
	EQUAL(mtime_ns_of("f"), set);
	NEED(truncate("f", 2));
	TRUE(mtime_ns_of("f") > set);
	NEED(set_times("f", 1000, 7));
	NEED(try_open("f", O_WRONLY | O_TRUNC));
	TRUE(mtime_ns_of("f") > set);
}

static int do_chmod(void)
{
	return chmod("f", 0600);
}

static int do_chmod_same(void)
{
	return chmod("f", 0600);
}

static int do_chown(void)
{
	return chown("f", geteuid(), getegid());
}

static int do_link(void)
{
	return link("f", "g");
}

static int do_unlink(void)
{
	return unlink("g");
}

static int do_rename(void)
{
	return rename("f", "g") < 0 ? -1 : rename("g", "f");
}

static int do_utimens(void)
{
	return set_times("f", 1, 1);
}

static int do_setxattr(void)
{
	int r = setxattr("f", "user.x", "v", 1, 0);

	/* Where there are none, the case says nothing. */
	return r < 0 && errno == EOPNOTSUPP ? chmod("f", 0600) : r;
}

static void change_time_moves(void)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} ways[] = {
		{ "write", write_some },
		{ "truncate", truncate_it },
		{ "O_TRUNC", open_truncate },
		{ "chmod", do_chmod },
		{ "chmod to the same", do_chmod_same },
		{ "chown", do_chown },
		{ "link", do_link },
		{ "unlink", do_unlink },
		{ "rename", do_rename },
		{ "utimens", do_utimens },
		{ "setxattr", do_setxattr },
	};

	NEED(put_text("f", "text"));
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		long long before = ctime_ns_of("f");

		ROW("%s", ways[i].name);
		let_time_pass();
		WORKS(ways[i].run());
		TRUE(ctime_ns_of("f") > before);
	}
}

const struct suite_test suite_times[] = {
	{ "exact", exact_times },
	{ "UTIME_NOW and UTIME_OMIT", now_and_omit },
	{ "what was set stays", set_times_stay },
	{ "change time", change_time_moves },
	{ NULL, NULL },
};
