// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_readdir.c - reading directories, also while they change.
 */
#include "fs_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY_MAX    10000
#define SOME	    2000
#define POSITIONS   300
#define STALE_AFTER 10

static uint8_t seen[MANY_MAX];

static int make_files(unsigned n)
{
	char name[16];

	for (unsigned i = 0; i < n; i++)
		if (try_open(numbered(name, sizeof(name), "f", i),
			     O_WRONLY | O_CREAT | O_EXCL) < 0)
			return -1;
	return 0;
}

/* The number of "f<number>"; -1 for another name. */
static long number_of(const char *name)
{
	char *end;
	long n;

	if (*name != 'f')
		return -1;
	n = strtol(name + 1, &end, 10);
	return *end || n < 0 || n >= MANY_MAX ? -1 : n;
}

/* Notes what comes from here on; how many entries there were. */
static long note(DIR *d, long max)
{
	const struct dirent *e;
	long n = 0;

	while (n < max && (e = readdir(d))) {
		long i = number_of(e->d_name);

		if (i >= 0)
			seen[i]++;
		n++;
	}
	return n;
}

static long seen_once(unsigned from, unsigned to, unsigned step)
{
	long n = 0;

	for (unsigned i = from; i < to; i += step)
		n += seen[i] == 1;
	return n;
}

static long missed(unsigned from, unsigned to, unsigned step)
{
	long n = 0;

	for (unsigned i = from; i < to; i += step)
		n += seen[i] == 0;
	return n;
}

static void many(void)
{
	const unsigned n = suite_scaled(MANY_MAX);
	char name[16];
	long removed = 0;
	DIR *d;

	NEED(make_files(n));
	d = opendir(".");
	TRUE(d != NULL);
	if (!d)
		return;
	EQUAL(note(d, 2L * n), n + 2);
	EQUAL(seen_once(0, n, 1), n);
	/* At the end it stays at the end. */
	TRUE(readdir(d) == NULL);
	TRUE(readdir(d) == NULL);
	rewinddir(d);
	EQUAL(note(d, 2L * n), n + 2);
	closedir(d);
	for (unsigned i = 0; i < n; i++)
		removed += unlink(numbered(name, sizeof(name), "f", i)) == 0;
	EQUAL(removed, n);
	EQUAL(entries_of("."), 0);
}

static void types(void)
{
	static const struct {
		const char *name;
		unsigned char type;
	} rows[] = {
		{ "file", DT_REG },  { "dir", DT_DIR },	  { "link", DT_LNK },
		{ "fifo", DT_FIFO }, { "sock", DT_SOCK }, { ".", DT_DIR },
		{ "..", DT_DIR },
	};
	const struct dirent *e;
	unsigned found = 0;
	DIR *d;

	NEED(put_text("file", "text"));
	NEED(mkdir("dir", 0755));
	NEED(symlink("file", "link"));
	NEED(mkfifo("fifo", 0644));
	NEED(mknod("sock", S_IFSOCK | 0644, 0));
	d = opendir(".");
	TRUE(d != NULL);
	if (!d)
		return;
	while ((e = readdir(d))) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			if (strcmp(rows[i].name, e->d_name))
				continue;
			found++;
			ROW("%s", e->d_name);
			EQUAL(e->d_type, rows[i].type);
			EQUAL(e->d_ino, ino_of(e->d_name));
		}
	}
	ROW("all");
	EQUAL(found, ARRAY_SIZE(rows));
	closedir(d);
}

/* seekdir() to each remembered position finds what followed it. */
static void positions(void)
{
	static long at[POSITIONS + 2];
	static char names[POSITIONS + 2][16];
	const struct dirent *e;
	unsigned good = 0, n = 0;
	DIR *d;

	NEED(make_files(POSITIONS));
	d = opendir(".");
	TRUE(d != NULL);
	if (!d)
		return;
	for (; n < POSITIONS + 2; n++) {
		at[n] = telldir(d);
		e = readdir(d);
		if (!e)
			break;
		snprintf(names[n], sizeof(names[n]), "%.15s", e->d_name);
	}
	EQUAL(n, POSITIONS + 2);
	for (unsigned i = 0; i < n; i++) {
		unsigned j = i * 7 % n; /* in no order */

		seekdir(d, at[j]);
		e = readdir(d);
		good += e && !strcmp(e->d_name, names[j]);
	}
	EQUAL(good, n);
	closedir(d);
}

/* Each name that is there all the time comes once, whatever the others do. */
static void removed_while_reading(void)
{
	const unsigned some = suite_scaled(SOME) & ~3U;
	char name[16];
	DIR *d;

	NEED(make_files(some));
	d = opendir(".");
	TRUE(d != NULL);
	if (!d)
		return;
	EQUAL(note(d, STALE_AFTER), STALE_AFTER);
	for (unsigned i = 1; i < some; i += 2)
		NEED(unlink(numbered(name, sizeof(name), "f", i)));
	note(d, 2L * some);
	EQUAL(missed(0, some, 2), 0);
	EQUAL(seen_once(0, some, 2), some / 2);
	memset(seen, 0, sizeof(seen));
	rewinddir(d);
	EQUAL(note(d, 2L * some), some / 2 + 2);
	EQUAL(seen_once(0, some, 2), some / 2);
	closedir(d);
}

static void added_while_reading(void)
{
	const unsigned some = suite_scaled(SOME) & ~3U;
	char name[16];
	DIR *d;

	NEED(make_files(some));
	d = opendir(".");
	TRUE(d != NULL);
	if (!d)
		return;
	EQUAL(note(d, STALE_AFTER), STALE_AFTER);
	for (unsigned i = some; i < some + 500; i++)
		NEED(put_text(numbered(name, sizeof(name), "f", i), ""));
	note(d, 4L * some);
	EQUAL(missed(0, some, 1), 0);
	EQUAL(seen_once(0, some, 1), some);
	memset(seen, 0, sizeof(seen));
	rewinddir(d);
	note(d, 4L * some);
	EQUAL(seen_once(0, some + 500, 1), some + 500);
	closedir(d);
}

static void renamed_while_reading(void)
{
	const unsigned some = suite_scaled(SOME) & ~3U;
	char name[16], to[16];
	long before;
	DIR *d;

	NEED(make_files(some));
	NEED(mkdir("other", 0755));
	d = opendir(".");
	TRUE(d != NULL);
	if (!d)
		return;
	EQUAL(note(d, STALE_AFTER), STALE_AFTER);
	for (unsigned i = 0; i < some; i += 4) {
		numbered(name, sizeof(name), "f", i);
		numbered(to, sizeof(to), "other/f", i);
		NEED(rename(name, to));
	}
	note(d, 2L * some);
	before = seen_once(1, some, 4) + seen_once(2, some, 4) +
		 seen_once(3, some, 4);
	EQUAL(before, some / 4 * 3);
	EQUAL(entries_of("other"), some / 4);
	closedir(d);
}

/* As rm -r does: remove what was just read, in one go. */
static void emptied_while_reading(void)
{
	const unsigned some = suite_scaled(SOME) & ~3U;
	const struct dirent *e;
	long removed = 0;
	DIR *d;

	NEED(mkdir("d", 0755));
	NEED(chdir("d"));
	NEED(make_files(some));
	d = opendir(".");
	TRUE(d != NULL);
	if (!d)
		return;
	while ((e = readdir(d)))
		removed += number_of(e->d_name) >= 0 && unlink(e->d_name) == 0;
	EQUAL(removed, some);
	closedir(d);
	NEED(chdir(".."));
	WORKS(rmdir("d"));
}

static void two_readers(void)
{
	const struct dirent *x, *y;
	long same = 0;
	DIR *a, *b;

	NEED(make_files(500));
	a = opendir(".");
	b = opendir(".");
	TRUE(a && b);
	if (!a || !b)
		return;
	for (int i = 0; i < 502; i++) {
		x = readdir(a);
		y = readdir(b);
		same += x && y && !strcmp(x->d_name, y->d_name);
	}
	EQUAL(same, 502);
	TRUE(!readdir(a) && !readdir(b));
	closedir(a);
	closedir(b);
}

static void changes_show_at_once(void)
{
	unsigned good = 0;

	NEED(mkdir("d", 0755));
	for (int i = 0; i < 20; i++) {
		good += entries_of("d") == 0;
		NEED(put_text("d/a", ""));
		good += entries_of("d") == 1;
		NEED(mkdir("d/b", 0755));
		good += entries_of("d") == 2;
		NEED(rename("d/a", "d/c"));
		good += entries_of("d") == 2 && exists("d/c");
		NEED(rmdir("d/b"));
		NEED(unlink("d/c"));
	}
	EQUAL(good, 80);
}

static void refusals(void)
{
	NEED(put_text("file", "text"));
	FAILS(opendir("file") ? 0 : -1, ENOTDIR);
	FAILS(opendir("none") ? 0 : -1, ENOENT);
	NEED(symlink("none", "dangling"));
	FAILS(opendir("dangling") ? 0 : -1, ENOENT);
}

const struct suite_test suite_readdir[] = {
	{ "many entries", many },
	{ "types and numbers", types },
	{ "positions", positions },
	{ "removed while reading", removed_while_reading },
	{ "added while reading", added_while_reading },
	{ "renamed while reading", renamed_while_reading },
	{ "emptied while reading", emptied_while_reading },
	{ "two readers", two_readers },
	{ "changes show at once", changes_show_at_once },
	{ "refusals", refusals },
	{ NULL, NULL },
};
