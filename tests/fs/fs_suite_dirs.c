// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_dirs.c - mkdir, rmdir and unlink.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* One of each kind, by the names that the tables use. */
static int make_kinds(void)
{
	int r = put_text("file", "text");

	r |= mkdir("empty", 0755);
	r |= mkdir("full", 0755);
	r |= put_text("full/x", "x");
	r |= symlink("file", "to-file");
	r |= symlink("empty", "to-dir");
	r |= symlink("nowhere", "dangling");
	r |= mkfifo("fifo", 0644);
	r |= mknod("socket", S_IFSOCK | 0644, 0);
	return r;
}

static void by_kind(void)
{
	static const struct {
		const char *name;
		int mkdir, rmdir, unlink; /* errno, 0 for success */
	} rows[] = {
		{ "file", EEXIST, ENOTDIR, 0 },
		{ "full", EEXIST, ENOTEMPTY, EISDIR },
		{ "to-file", EEXIST, ENOTDIR, 0 },
		{ "to-dir", EEXIST, ENOTDIR, 0 },
		{ "dangling", EEXIST, ENOTDIR, 0 },
		{ "fifo", EEXIST, ENOTDIR, 0 },
		{ "socket", EEXIST, ENOTDIR, 0 },
	};

	NEED(make_kinds());
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ROW("%s", rows[i].name);
		FAILS(mkdir(rows[i].name, 0755), rows[i].mkdir);
		FAILS(mkfifo(rows[i].name, 0644), EEXIST);
		FAILS(symlink("x", rows[i].name), EEXIST);
		FAILS(mknod(rows[i].name, S_IFREG | 0644, 0), EEXIST);
		FAILS(rmdir(rows[i].name), rows[i].rmdir);
		if (rows[i].unlink)
			FAILS(unlink(rows[i].name), rows[i].unlink);
		else
			WORKS(unlink(rows[i].name));
		EQUAL(exists(rows[i].name), rows[i].unlink != 0);
		if (!rows[i].unlink)
			FAILS(unlink(rows[i].name), ENOENT);
	}
	ROW("an empty directory");
	FAILS(mkdir("empty", 0755), EEXIST);
	FAILS(unlink("empty"), EISDIR);
	WORKS(rmdir("empty"));
	FAILS(rmdir("empty"), ENOENT);
	EQUAL(entries_of("."), 1);
	TRUE(holds_text("full/x", "x"));
}

static void what_fills_a_directory(void)
{
	static const char *const kinds[] = { "file", "dir",  "link",
					     "fifo", "sock", ".hidden" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *x = "d/x";
		int r;

		ROW("a directory with a %s", kinds[i]);
		NEED(mkdir("d", 0755));
		switch (i) {
		case 1:
			r = mkdir(x, 0755);
			break;
		case 2:
			r = symlink("nowhere", x);
			break;
		case 3:
			r = mkfifo(x, 0644);
			break;
		case 4:
			r = mknod(x, S_IFSOCK | 0644, 0);
			break;
		case 5:
			x = "d/.hidden";
			r = put_text(x, "");
			break;
		default:
			r = put_text(x, "");
		}
		NEED(r);
		FAILS(rmdir("d"), ENOTEMPTY);
		WORKS(i == 1 ? rmdir(x) : unlink(x));
		WORKS(rmdir("d"));
	}
}

static void link_counts(void)
{
	struct stat st;
	bool counts_subdirs;

	NEED(mkdir("d", 0755));
	/* 1 means "not counted" to those who know file systems. */
	counts_subdirs = links_of("d") == 2;
	TRUE(links_of("d") == 2 || links_of("d") == 1);
	NEED(mkdir("d/a", 0755));
	NEED(mkdir("d/b", 0755));
	NEED(put_text("d/f", ""));
	EQUAL(links_of("d"), counts_subdirs ? 4 : 1);
	NEED(rename("d/a", "a"));
	EQUAL(links_of("d"), counts_subdirs ? 3 : 1);
	EQUAL(links_of("a"), counts_subdirs ? 2 : 1);
	NEED(rmdir("d/b"));
	EQUAL(links_of("d"), counts_subdirs ? 2 : 1);
	NEED(put_text("f", ""));
	EQUAL(links_of("f"), 1);
	NEED(link("f", "g"));
	EQUAL(links_of("f"), 2);
	EQUAL(links_of("g"), 2);
	NEED(unlink("f"));
	EQUAL(links_of("g"), 1);
	WORKS(stat("d", &st));
	TRUE(st.st_size >= 0);
}

static int do_create(void)
{
	return try_open("d/new", O_WRONLY | O_CREAT | O_EXCL);
}

static int do_mkdir(void)
{
	return mkdir("d/dir", 0755);
}

static int do_symlink(void)
{
	return symlink("x", "d/link");
}

static int do_mkfifo(void)
{
	return mkfifo("d/fifo", 0644);
}

static int do_link(void)
{
	return link("d/new", "d/hard");
}

static int do_rename_within(void)
{
	return rename("d/new", "d/moved");
}

static int do_rename_out(void)
{
	return rename("d/moved", "out");
}

static int do_rename_in(void)
{
	return rename("out", "d/in");
}

static int do_rename_over(void)
{
	return rename("d/hard2", "d/new");
}

static int do_unlink(void)
{
	return unlink("d/hard2");
}

static int do_rmdir(void)
{
	return rmdir("d/dir");
}

static int do_link2(void)
{
	return link("d/hard", "d/hard2");
}

/* Each change of a directory's names sets its times, and no other does. */
static void times_of_the_parent(void)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} steps[] = {
		{ "create", do_create },
		{ "mkdir", do_mkdir },
		{ "symlink", do_symlink },
		{ "mkfifo", do_mkfifo },
		{ "link", do_link },
		{ "rename within", do_rename_within },
		{ "rename out", do_rename_out },
		{ "rename in", do_rename_in },
		{ "link again", do_link2 },
		{ "create again", do_create },
		{ "rename over", do_rename_over },
		{ "link a third time", do_link2 },
		{ "unlink", do_unlink },
		{ "rmdir", do_rmdir },
	};
	const long long old = 1000LL * 1000000000;
	long long changed;

	NEED(mkdir("d", 0755));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		ROW("%s", steps[i].name);
		NEED(set_times("d", 1000, 0));
		changed = ctime_ns_of("d");
		let_time_pass();
		WORKS(steps[i].run());
		TRUE(mtime_ns_of("d") > old);
		TRUE(ctime_ns_of("d") > changed);
	}
	ROW("a refused change");
	NEED(set_times("d", 1000, 0));
	FAILS(do_unlink(), ENOENT);
	FAILS(mkdir("d/in", 0755), EEXIST);
	FAILS(rename("d/none", "d/in"), ENOENT);
	EQUAL(mtime_ns_of("d"), old);
	ROW("a change of a file's content");
	NEED(put_text("d/hard", "new content"));
	EQUAL(mtime_ns_of("d"), old);
	NEED(chmod("d/hard", 0600));
	EQUAL(mtime_ns_of("d"), old);
}

static void as_working_directory(void)
{
	char buf[64];
	int fd;

	NEED(mkdir("d", 0755));
	NEED(mkdir("d/e", 0755));
	NEED(chdir("d/e"));
	/* It goes away below our feet, and is empty for ever. */
	WORKS(rmdir("../e"));
	FAILS(mkdir("x", 0755), ENOENT);
	FAILS(try_open("x", O_WRONLY | O_CREAT), ENOENT);
	FAILS(getcwd(buf, sizeof(buf)) ? 0 : -1, ENOENT);
	EQUAL(entries_of("."), 0);
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	WORKS(fd);
	close(fd);
	WORKS(chdir(".."));
	EQUAL(entries_of("."), 0);
	FAILS(chdir("e"), ENOENT);
}

static void same_name_again(void)
{
	long long changed = 0;

	/* A name may be used again at once, by any kind. */
	for (int i = 0; i < 50; i++) {
		NEED(put_text("n", "file"));
		NEED(unlink("n"));
		NEED(mkdir("n", 0755));
		changed += type_of("n") == S_IFDIR;
		NEED(rmdir("n"));
		NEED(symlink("x", "n"));
		changed += type_of("n") == S_IFLNK;
		NEED(unlink("n"));
	}
	EQUAL(changed, 100);
	FAILS(try_open("n", O_RDONLY), ENOENT);
}

const struct suite_test suite_dirs[] = {
	{ "by kind", by_kind },
	{ "what fills a directory", what_fills_a_directory },
	{ "link counts", link_counts },
	{ "times of the parent", times_of_the_parent },
	{ "removed working directory", as_working_directory },
	{ "same name again", same_name_again },
	{ NULL, NULL },
};
