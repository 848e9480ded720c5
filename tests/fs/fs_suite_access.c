// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_access.c - who may do what. The superuser may do everything, so
 * that these tests are for all others.
 */
#include "fs_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static void files(void)
{
	static const struct {
		mode_t mode;
		int read, write, both; /* errno, 0 for success */
	} rows[] = {
		{ 0000, EACCES, EACCES, EACCES },
		{ 0400, 0, EACCES, EACCES },
		{ 0200, EACCES, 0, EACCES },
		{ 0600, 0, 0, 0 },
		{ 0100, EACCES, EACCES, EACCES },
		{ 0077, EACCES, EACCES, EACCES },
	};
	static const struct {
		int flags, which;
	} opens[] = {
		{ O_RDONLY, 0 },
		{ O_WRONLY, 1 },
		{ O_RDWR, 2 },
		{ O_WRONLY | O_TRUNC, 1 },
		{ O_WRONLY | O_APPEND, 1 },
		{ O_RDWR | O_CREAT, 2 },
	};

	NOT_ROOT();
	for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(opens); i++) {
		size_t m = i / ARRAY_SIZE(opens), o = i % ARRAY_SIZE(opens);
		const int want[] = { rows[m].read, rows[m].write,
				     rows[m].both };
		int number = want[opens[o].which];

		ROW("mode %o, flags %#o", rows[m].mode,
		    (unsigned)opens[o].flags);
		NEED(put_text("f", "text"));
		NEED(chmod("f", rows[m].mode));
		if (number)
			FAILS(try_open("f", opens[o].flags), number);
		else
			WORKS(try_open("f", opens[o].flags));
		EQUAL(size_of("f") == 0, !number && opens[o].flags & O_TRUNC);
		NEED(unlink("f"));
	}
}

static void asking(void)
{
	static const mode_t modes[] = { 0, 0400, 0200, 0100, 0700, 0500 };

	NOT_ROOT();
	NEED(put_text("f", "text"));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		mode_t m = modes[i];

		ROW("mode %o", m);
		NEED(chmod("f", m));
		WORKS(access("f", F_OK));
		EQUAL(access("f", R_OK), m & 0400 ? 0 : -1);
		EQUAL(access("f", W_OK), m & 0200 ? 0 : -1);
		EQUAL(access("f", X_OK), m & 0100 ? 0 : -1);
		EQUAL(access("f", R_OK | W_OK), (m & 0600) == 0600 ? 0 : -1);
	}
}

static void directory_without_x(void)
{
	const struct dirent *e;
	unsigned seen = 0;
	DIR *d;

	NOT_ROOT();
	NEED(mkdir("d", 0755));
	NEED(put_text("d/f", "text"));
	NEED(chmod("d", 0600));
	FAILS(try_open("d/f", O_RDONLY), EACCES);
	FAILS(unlink("d/f"), EACCES);
	FAILS(chdir("d"), EACCES);
	FAILS(mkdir("d/new", 0755), EACCES);
	/* Its names may be read all the same. */
	d = opendir("d");
	TRUE(d != NULL);
	while (d && (e = readdir(d)))
		seen += e->d_name[0] == 'f';
	EQUAL(seen, 1);
	if (d)
		closedir(d);
	NEED(chmod("d", 0755));
	TRUE(holds_text("d/f", "text"));
}

static void directory_without_r(void)
{
	NOT_ROOT();
	NEED(mkdir("d", 0755));
	NEED(put_text("d/f", "text"));
	NEED(chmod("d", 0300));
	FAILS(try_open("d", O_RDONLY), EACCES);
	FAILS(entries_of("d"), EACCES);
	TRUE(holds_text("d/f", "text"));
	WORKS(put_text("d/new", "new"));
	WORKS(unlink("d/new"));
	WORKS(chdir("d"));
	WORKS(chdir(".."));
	NEED(chmod("d", 0755));
	EQUAL(entries_of("d"), 1);
}

static void directory_without_w(void)
{
	NOT_ROOT();
	NEED(mkdir("d", 0755));
	NEED(put_text("d/f", "text"));
	NEED(mkdir("d/sub", 0755));
	NEED(put_text("g", "text"));
	NEED(chmod("d", 0555));
	FAILS(try_open("d/new", O_WRONLY | O_CREAT), EACCES);
	FAILS(mkdir("d/new", 0755), EACCES);
	FAILS(symlink("x", "d/new"), EACCES);
	FAILS(mkfifo("d/new", 0644), EACCES);
	FAILS(link("g", "d/new"), EACCES);
	FAILS(rename("g", "d/new"), EACCES);
	FAILS(rename("d/f", "new"), EACCES);
	FAILS(rename("d/f", "d/new"), EACCES);
	FAILS(unlink("d/f"), EACCES);
	FAILS(rmdir("d/sub"), EACCES);
	/* What is there may be changed. */
	WORKS(put_text("d/f", "changed"));
	WORKS(chmod("d/f", 0600));
	WORKS(put_text("d/sub/new", "new"));
	TRUE(holds_text("d/f", "changed"));
	NEED(chmod("d", 0755));
	EQUAL(entries_of("d"), 2);
}

static void moving_directories(void)
{
	NOT_ROOT();
	NEED(mkdir("a", 0755));
	NEED(mkdir("b", 0755));
	NEED(mkdir("a/d", 0555));
	/* Its ".." would change, so it must be writable itself. */
	FAILS(rename("a/d", "b/d"), EACCES);
	WORKS(rename("a/d", "a/e"));
	NEED(chmod("a/e", 0755));
	WORKS(rename("a/e", "b/e"));
}

static void open_stays_open(void)
{
	char c;
	int fd, dir;

	NEED(mkdir("d", 0755));
	NEED(put_text("d/f", "text"));
	fd = open("d/f", O_RDWR | O_CLOEXEC);
	dir = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(fd);
	NEED(dir);
	NEED(chmod("d/f", 0));
	NEED(chmod("d", 0));
	EQUAL(read(fd, &c, 1), 1);
	EQUAL(write(fd, "E", 1), 1);
	WORKS(ftruncate(fd, 3));
	WORKS(fsync(fd));
	if (!suite_root) {
		FAILS(openat(dir, "f", O_RDONLY), EACCES);
		FAILS(try_open("d/f", O_RDONLY), EACCES);
	}
	WORKS(fchmod(dir, 0755));
	WORKS(fchmod(fd, 0644));
	TRUE(holds_text("d/f", "tEx"));
	close(fd);
	close(dir);
}

/* Only the owner's class counts for the owner, whatever the others may do. */
static void changing_what_is_closed(void)
{
	NEED(put_text("f", "text"));
	NEED(chmod("f", 0));
	WORKS(chmod("f", 0400));
	WORKS(set_times("f", 1000, 0));
	WORKS(link("f", "g"));
	WORKS(rename("g", "h"));
	WORKS(unlink("h"));
	if (!suite_root)
		FAILS(truncate("f", 0), EACCES);
	TRUE(holds_text("f", "text"));
	WORKS(unlink("f"));
}

const struct suite_test suite_access[] = {
	{ "files", files },
	{ "access(2)", asking },
	{ "directory without x", directory_without_x },
	{ "directory without r", directory_without_r },
	{ "directory without w", directory_without_w },
	{ "moving directories", moving_directories },
	{ "what is open stays open", open_stays_open },
	{ "the owner of a closed file", changing_what_is_closed },
	{ NULL, NULL },
};
