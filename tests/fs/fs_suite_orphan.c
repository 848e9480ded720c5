// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_orphan.c - files that are open and have no name.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int open_and_remove(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) < 0 || unlink(path) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void still_a_file(void)
{
	static const char cut[4] = { 't', 'e' };
	struct stat st;
	int fd = open_and_remove("f", "text");

	NEED(fd);
	WORKS(fstat(fd, &st));
	EQUAL(st.st_nlink, 0);
	EQUAL(st.st_size, 4);
	TRUE(fd_holds(fd, "text", 4));
	EQUAL(pwrite(fd, "more", 4, 4), 4);
	TRUE(fd_holds(fd, "textmore", 8));
	WORKS(ftruncate(fd, 2));
	TRUE(fd_holds(fd, "text", 2));
	WORKS(ftruncate(fd, 4));
	TRUE(fd_holds(fd, cut, sizeof(cut)));
	WORKS(fchmod(fd, 0600));
	WORKS(fchown(fd, geteuid(), getegid()));
	WORKS(fsync(fd));
	NEED(fstat(fd, &st));
	EQUAL(st.st_mode & 07777, 0600);
	EQUAL(st.st_size, 4);
	const struct timespec ts[2] = { { 10, 1 }, { 20, 2 } };

	WORKS(futimens(fd, ts));
	NEED(fstat(fd, &st));
	TRUE(st.st_mtim.tv_sec == 20 && st.st_mtim.tv_nsec == 2);
	EQUAL(lseek(fd, 0, SEEK_END), 4);
	close(fd);
	EQUAL(entries_of("."), 0);
}

static void not_the_new_file(void)
{
	struct stat st;
	int fd = open_and_remove("f", "old");

	NEED(fd);
	NEED(put_text("f", "a new file"));
	TRUE(fd_holds(fd, "old", 3));
	EQUAL(pwrite(fd, "OLD", 3, 0), 3);
	TRUE(holds_text("f", "a new file"));
	NEED(fstat(fd, &st));
	TRUE(st.st_ino != (ino_t)ino_of("f"));
	EQUAL(st.st_nlink, 0);
	WORKS(ftruncate(fd, 0));
	EQUAL(size_of("f"), 10);
	close(fd);
	TRUE(holds_text("f", "a new file"));
}

static void several(void)
{
	char text[32];
	struct stat st;
	int fds[50];
	unsigned good = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
		snprintf(text, sizeof(text), "file number %u", i);
		fds[i] = open_and_remove("same-name", text);
		NEED(fds[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
		snprintf(text, sizeof(text), "file number %u", i);
		good += fd_holds(fds[i], text, strlen(text)) &&
			fstat(fds[i], &st) == 0 && st.st_nlink == 0;
		close(fds[i]);
	}
	EQUAL(good, ARRAY_SIZE(fds));
	EQUAL(entries_of("."), 0);
}

static void by_descriptor_path(void)
{
	char path[64];
	int fd = open_and_remove("f", "text"), again;

	NEED(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	TRUE(holds_text(path, "text"));
	again = open(path, O_RDWR | O_CLOEXEC);
	WORKS(again);
	EQUAL(pwrite(again, "T", 1, 0), 1);
	TRUE(fd_holds(fd, "Text", 4));
	WORKS(truncate(path, 1));
	TRUE(fd_holds(again, "T", 1));
	close(fd);
	/* The last descriptor keeps it. */
	EQUAL(pwrite(again, "est", 3, 1), 3);
	TRUE(fd_holds(again, "Test", 4));
	close(again);
}

static void replaced_by_rename(void)
{
	struct stat st;
	int fd;

	NEED(put_text("f", "old"));
	NEED(put_text("g", "new"));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	NEED(rename("g", "f"));
	NEED(fstat(fd, &st));
	EQUAL(st.st_nlink, 0);
	EQUAL(pwrite(fd, "OLD!", 4, 0), 4);
	TRUE(fd_holds(fd, "OLD!", 4));
	TRUE(holds_text("f", "new"));
	close(fd);
}

static void with_another_name(void)
{
	struct stat st;
	int fd;

	NEED(put_text("f", "text"));
	NEED(link("f", "g"));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	NEED(unlink("f"));
	NEED(fstat(fd, &st));
	EQUAL(st.st_nlink, 1);
	EQUAL(pwrite(fd, "T", 1, 0), 1);
	TRUE(holds_text("g", "Text"));
	close(fd);
}

static void mapped(void)
{
	char *p;
	int fd = open_and_remove("f", "text");

	NEED(fd);
	p = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRUE(p != MAP_FAILED);
	if (p == MAP_FAILED)
		return;
	p[0] = 'T';
	TRUE(fd_holds(fd, "Text", 4));
	close(fd);
	TRUE(p[3] == 't');
	p[3] = 'T';
	WORKS(msync(p, 4, MS_SYNC));
	munmap(p, 4);
}

static void removed_directory(void)
{
	struct stat st;
	int fd;

	NEED(mkdir("d", 0755));
	fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(fd);
	NEED(rmdir("d"));
	WORKS(fstat(fd, &st));
	TRUE(S_ISDIR(st.st_mode));
	TRUE(st.st_nlink < 2);
	WORKS(fchmod(fd, 0700));
	FAILS(openat(fd, "x", O_WRONLY | O_CREAT, 0644), ENOENT);
	FAILS(openat(fd, "x", O_RDONLY), ENOENT);
	NEED(mkdir("d", 0755));
	NEED(put_text("d/x", "new"));
	FAILS(openat(fd, "x", O_RDONLY), ENOENT);
	close(fd);
}

/* A file that never had a name; -1 where there are none, after a skip. */
static int open_unnamed(int flags)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0640);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		SKIP("no O_TMPFILE here");
	else
		WORKS(fd);
	return fd;
}

static void unnamed(void)
{
	char path[64];
	struct stat st;
	int fd = open_unnamed(0);

	if (fd < 0)
		return;
	NEED(fstat(fd, &st));
	EQUAL(st.st_nlink, 0);
	EQUAL(st.st_size, 0);
	EQUAL(st.st_mode, S_IFREG | 0640);
	EQUAL(st.st_uid, geteuid());
	EQUAL(write(fd, "text", 4), 4);
	TRUE(fd_holds(fd, "text", 4));
	EQUAL(entries_of("."), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	WORKS(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	TRUE(holds_text("f", "text"));
	NEED(fstat(fd, &st));
	EQUAL(st.st_nlink, 1);
	EQUAL(ino_of("f"), st.st_ino);
	EQUAL(write(fd, "!", 1), 1);
	TRUE(holds_text("f", "text!"));
	FAILS(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW), EEXIST);
	WORKS(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
	EQUAL(links_of("f"), 2);
	close(fd);
	EQUAL(entries_of("."), 2);
}

static void unnamed_for_good(void)
{
	char path[64];
	int fd = open_unnamed(O_EXCL);

	if (fd < 0)
		return;
	EQUAL(write(fd, "text", 4), 4);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FAILS(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW), ENOENT);
	close(fd);
	EQUAL(entries_of("."), 0);
	FAILS(open(".", O_TMPFILE | O_RDONLY, 0640), EINVAL);
	NEED(put_text("file", ""));
	FAILS(open("file", O_TMPFILE | O_RDWR, 0640), ENOTDIR);
	FAILS(open("none", O_TMPFILE | O_RDWR, 0640), ENOENT);
}

const struct suite_test suite_orphan[] = {
	{ "removed, still a file", still_a_file },
	{ "not the new file of that name", not_the_new_file },
	{ "several of one name", several },
	{ "by /proc/self/fd", by_descriptor_path },
	{ "replaced by a rename", replaced_by_rename },
	{ "another name is left", with_another_name },
	{ "mapped", mapped },
	{ "removed directory", removed_directory },
	{ "O_TMPFILE", unnamed },
	{ "O_TMPFILE with O_EXCL", unnamed_for_good },
	{ NULL, NULL },
};
