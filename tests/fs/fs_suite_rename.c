// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_rename.c - rename(2) and renameat2(2).
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum kind { FILE_, LINK, FIFO, SOCK, EMPTY, FULL, NONE, KIND_COUNT };

static const char *const kind_names[] = {
	[FILE_] = "file",   [LINK] = "symlink",		 [FIFO] = "fifo",
	[SOCK] = "socket",  [EMPTY] = "empty directory", [FULL] = "directory",
	[NONE] = "nothing",
};
static_assert(ARRAY_SIZE(kind_names) == KIND_COUNT,
	      "kind_names[] and enum kind differ");

static int make(enum kind kind, const char *path)
{
	char below[64];

	switch (kind) {
	case FILE_:
		return put_text(path, path);
	case LINK:
		return symlink("nowhere", path);
	case FIFO:
		return mkfifo(path, 0644);
	case SOCK:
		return mknod(path, S_IFSOCK | 0644, 0);
	case FULL:
		snprintf(below, sizeof(below), "%s/x", path);
		return mkdir(path, 0755) < 0 ? -1 : put_text(below, "x");
	case EMPTY:
		return mkdir(path, 0755);
	case NONE:
	case KIND_COUNT:
		break;
	}
	return 0;
}

static bool is_dir(enum kind kind)
{
	return kind == EMPTY || kind == FULL;
}

static int want_plain(enum kind from, enum kind to)
{
	if (from == NONE)
		return ENOENT;
	if (to == NONE)
		return 0;
	if (is_dir(from) && !is_dir(to))
		return ENOTDIR;
	if (!is_dir(from) && is_dir(to))
		return EISDIR;
	return to == FULL ? ENOTEMPTY : 0;
}

static int want_noreplace(enum kind from, enum kind to)
{
	if (from == NONE)
		return ENOENT;
	return to == NONE ? 0 : EEXIST;
}

static int want_exchange(enum kind from, enum kind to)
{
	return from == NONE || to == NONE ? ENOENT : 0;
}

/* One rename, and what is where afterwards. */
static void one_pair(enum kind from, enum kind to, const char *a, const char *b,
		     unsigned flags, int want)
{
	long long ino_a, ino_b;

	NEED(make(from, a));
	NEED(make(to, b));
	ino_a = ino_of(a);
	ino_b = ino_of(b);
	if (want) {
		FAILS(renameat2(AT_FDCWD, a, AT_FDCWD, b, flags), want);
		EQUAL(ino_of(a), ino_a);
		EQUAL(ino_of(b), ino_b);
		return;
	}
	WORKS(renameat2(AT_FDCWD, a, AT_FDCWD, b, flags));
	EQUAL(ino_of(b), ino_a);
	EQUAL(ino_of(a), flags & RENAME_EXCHANGE ? ino_b : -1);
	if (from == FILE_)
		TRUE(holds_text(b, a));
	if (from == FULL)
		EQUAL(entries_of(b), 1);
}

static void all_pairs(const char *name, unsigned flags, const char *a,
		      const char *b, int (*want)(enum kind from, enum kind to))
{
	for (unsigned i = 0; i < KIND_COUNT * KIND_COUNT; i++) {
		enum kind from = i / KIND_COUNT, to = i % KIND_COUNT;

		ROW("%s %s over %s", name, kind_names[from], kind_names[to]);
		NEED(mkdir("p", 0755));
		NEED(mkdir("p/q", 0755));
		NEED(chdir("p"));
		one_pair(from, to, a, b, flags, want(from, to));
		NEED(remove_all_here());
		NEED(chdir(".."));
		NEED(rmdir("p"));
	}
}

static void plain_pairs(void)
{
	all_pairs("rename", 0, "a", "b", want_plain);
}

static void pairs_across_directories(void)
{
	all_pairs("rename up", 0, "q/a", "b", want_plain);
	all_pairs("rename down", 0, "a", "q/b", want_plain);
}

static void noreplace_pairs(void)
{
	all_pairs("RENAME_NOREPLACE", RENAME_NOREPLACE, "a", "q/b",
		  want_noreplace);
}

static bool can_exchange(void)
{
	bool can;

	if (put_text("x", "") < 0 || put_text("y", "") < 0)
		return true;
	can = renameat2(AT_FDCWD, "x", AT_FDCWD, "y", RENAME_EXCHANGE) == 0 ||
	      errno != EINVAL;
	if (!can)
		SKIP("no RENAME_EXCHANGE here");
	return can && unlink("x") == 0 && unlink("y") == 0;
}

static void exchange_pairs(void)
{
	if (!can_exchange())
		return;
	all_pairs("RENAME_EXCHANGE", RENAME_EXCHANGE, "a", "b", want_exchange);
	all_pairs("RENAME_EXCHANGE across", RENAME_EXCHANGE, "a", "q/b",
		  want_exchange);
}

static void into_itself(void)
{
	NEED(mkdir("a", 0755));
	NEED(mkdir("a/b", 0755));
	NEED(mkdir("a/b/c", 0755));
	NEED(mkdir("other", 0755));
	FAILS(rename("a", "a/x"), EINVAL);
	FAILS(rename("a", "a/b/x"), EINVAL);
	FAILS(rename("a", "a/b/c/x"), EINVAL);
	FAILS(rename("a", "a/b"), EINVAL);
	FAILS(rename("a/b/c", "a"), ENOTEMPTY);
	FAILS(rename("a/b", "a"), ENOTEMPTY);
	WORKS(rename("a", "a"));
	WORKS(rename("a/b", "a/b"));
	FAILS(renameat2(AT_FDCWD, "a", AT_FDCWD, "a", RENAME_NOREPLACE),
	      EEXIST);
	WORKS(rename("a/b/c", "other/c"));
	WORKS(rename("a", "other/c/a"));
	EQUAL(entries_of("other/c/a/b"), 0);
	EQUAL(ino_of("other/c/a/.."), ino_of("other/c"));
	FAILS(rename("other", "other/c/a/b/x"), EINVAL);
	EQUAL(entries_of("."), 1);
}

static void bad_flags(void)
{
	NEED(put_text("a", "a"));
	NEED(put_text("b", "b"));
	FAILS(renameat2(AT_FDCWD, "a", AT_FDCWD, "c",
			RENAME_NOREPLACE | RENAME_EXCHANGE),
	      EINVAL);
	FAILS(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", 1u << 30), EINVAL);
	FAILS(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE),
	      EEXIST);
	TRUE(holds_text("a", "a"));
	TRUE(holds_text("b", "b"));
	EQUAL(entries_of("."), 2);
}

static void hard_links(void)
{
	NEED(put_text("a", "text"));
	NEED(link("a", "b"));
	/* Two names of one file: nothing happens, and that is success. */
	WORKS(rename("a", "b"));
	EQUAL(links_of("a"), 2);
	EQUAL(links_of("b"), 2);
	NEED(mkdir("d", 0755));
	NEED(link("a", "d/c"));
	WORKS(rename("d/c", "a"));
	EQUAL(links_of("d/c"), 3);
	NEED(put_text("other", "other"));
	WORKS(rename("other", "a"));
	EQUAL(links_of("b"), 2);
	EQUAL(links_of("a"), 1);
	TRUE(holds_text("b", "text"));
	TRUE(holds_text("a", "other"));
	WORKS(rename("b", "a"));
	EQUAL(links_of("a"), 2);
	TRUE(holds_text("d/c", "text"));
	EQUAL(ino_of("a"), ino_of("d/c"));
}

static void over_open_files(void)
{
	struct stat st;
	int fd;

	NEED(put_text("old", "old text"));
	NEED(put_text("new", "new text"));
	fd = open("old", O_RDWR | O_CLOEXEC);
	NEED(fd);
	WORKS(rename("new", "old"));
	WORKS(fstat(fd, &st));
	EQUAL(st.st_nlink, 0);
	TRUE(fd_holds(fd, "old text", 8));
	EQUAL(pwrite(fd, "OLD", 3, 0), 3);
	TRUE(fd_holds(fd, "OLD text", 8));
	TRUE(holds_text("old", "new text"));
	close(fd);
	/* A descriptor follows the file to its new name. */
	fd = open("old", O_RDWR | O_CLOEXEC);
	NEED(fd);
	WORKS(rename("old", "moved"));
	EQUAL(pwrite(fd, "NEW", 3, 0), 3);
	TRUE(holds_text("moved", "NEW text"));
	FAILS(try_open("old", O_RDONLY), ENOENT);
	close(fd);
}

static void directories_with_content(void)
{
	int fd;

	NEED(mkdir("a", 0755));
	NEED(mkdir("a/b", 0755));
	NEED(put_text("a/b/file", "text"));
	NEED(symlink("../b/file", "a/b/link"));
	NEED(mkdir("far", 0755));
	NEED(mkdir("far/away", 0755));
	fd = open("a/b/file", O_RDWR | O_CLOEXEC);
	NEED(fd);
	WORKS(rename("a", "far/away/z"));
	FAILS(try_open("a/b/file", O_RDONLY), ENOENT);
	TRUE(holds_text("far/away/z/b/file", "text"));
	TRUE(holds_text("far/away/z/b/link", "text"));
	EQUAL(write(fd, "TEXT", 4), 4);
	close(fd);
	TRUE(holds_text("far/away/z/b/file", "TEXT"));
	WORKS(put_text("far/away/z/b/more", "more"));
	/* The old name is free, and new things there are new. */
	WORKS(mkdir("a", 0755));
	EQUAL(entries_of("a"), 0);
	WORKS(rename("far/away/z/b", "a"));
	EQUAL(entries_of("a"), 3);
	EQUAL(entries_of("far/away/z"), 0);
	TRUE(holds_text("a/more", "more"));
}

static void attributes_stay(void)
{
	static const char *const kinds[] = { "f", "d" };
	char to[8];

	NEED(put_text("f", "text"));
	NEED(mkdir("d", 0755));
	NEED(mkdir("other", 0755));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *from = kinds[i];
		long long ino, changed;

		ROW("%s", i ? "a directory" : "a file");
		NEED(chmod(from, 0700));
		NEED(set_times(from, 12345, 678));
		ino = ino_of(from);
		changed = ctime_ns_of(from);
		let_time_pass();
		snprintf(to, sizeof(to), "%s2", from);
		WORKS(rename(from, to));
		EQUAL(ino_of(to), ino);
		EQUAL(mode_of(to), 0700);
		EQUAL(mtime_ns_of(to), 12345LL * 1000000000 + 678);
		TRUE(ctime_ns_of(to) > changed);
		snprintf(to, sizeof(to), "other/%s", from);
		changed = ctime_ns_of(i ? "d2" : "f2");
		let_time_pass();
		WORKS(rename(i ? "d2" : "f2", to));
		EQUAL(ino_of(to), ino);
		EQUAL(mtime_ns_of(to), 12345LL * 1000000000 + 678);
		TRUE(ctime_ns_of(to) > changed);
	}
}

static void exchanging(void)
{
	if (!can_exchange())
		return;
	NEED(mkdir("d", 0755));
	NEED(mkdir("d/e", 0755));
	NEED(put_text("d/f", "in d"));
	NEED(put_text("f", "outside"));
	WORKS(renameat2(AT_FDCWD, "f", AT_FDCWD, "d/f", RENAME_EXCHANGE));
	TRUE(holds_text("f", "in d"));
	TRUE(holds_text("d/f", "outside"));
	FAILS(renameat2(AT_FDCWD, "d", AT_FDCWD, "d/f", RENAME_EXCHANGE),
	      EINVAL);
	FAILS(renameat2(AT_FDCWD, "d/e", AT_FDCWD, "d", RENAME_EXCHANGE),
	      EINVAL);
	WORKS(renameat2(AT_FDCWD, "f", AT_FDCWD, "d/e", RENAME_EXCHANGE));
	EQUAL(type_of("f"), S_IFDIR);
	TRUE(holds_text("d/e", "in d"));
	WORKS(renameat2(AT_FDCWD, "d", AT_FDCWD, "f", RENAME_EXCHANGE));
	TRUE(holds_text("f/e", "in d"));
	EQUAL(entries_of("d"), 0);
	WORKS(renameat2(AT_FDCWD, "d", AT_FDCWD, "d", RENAME_EXCHANGE));
	EQUAL(entries_of("."), 2);
}

/* Forth and back often enough that any cache shows what it remembers. */
static void back_and_forth(void)
{
	unsigned good = 0;

	NEED(mkdir("d", 0755));
	NEED(put_text("a", "text"));
	for (int i = 0; i < 100; i++) {
		NEED(rename("a", "d/b"));
		good += !exists("a") && holds_text("d/b", "text");
		NEED(rename("d/b", "a"));
		good += exists("a") && !exists("d/b");
	}
	EQUAL(good, 200);
	EQUAL(links_of("a"), 1);
}

const struct suite_test suite_rename[] = {
	{ "all pairs", plain_pairs },
	{ "all pairs across directories", pairs_across_directories },
	{ "all pairs, NOREPLACE", noreplace_pairs },
	{ "all pairs, EXCHANGE", exchange_pairs },
	{ "into itself", into_itself },
	{ "bad flags", bad_flags },
	{ "hard links", hard_links },
	{ "over open files", over_open_files },
	{ "directories with content", directories_with_content },
	{ "attributes stay", attributes_stay },
	{ "exchanging", exchanging },
	{ "back and forth", back_and_forth },
	{ NULL, NULL },
};
