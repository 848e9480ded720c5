// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_paths.c - every call that takes a path, with every bad path.
 */
#include "fs_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static int call_open(const char *p)
{
	return try_open(p, O_RDONLY);
}

static int call_open_directory(const char *p)
{
	return try_open(p, O_RDONLY | O_DIRECTORY);
}

static int call_create(const char *p)
{
	return try_open(p, O_WRONLY | O_CREAT);
}

static int call_create_excl(const char *p)
{
	return try_open(p, O_WRONLY | O_CREAT | O_EXCL);
}

static int call_mkdir(const char *p)
{
	return mkdir(p, 0755);
}

static int call_rename_from(const char *p)
{
	return rename(p, "new");
}

static int call_rename_to(const char *p)
{
	return rename("file", p);
}

static int call_link_from(const char *p)
{
	return link(p, "new");
}

static int call_link_to(const char *p)
{
	return link("file", p);
}

static int call_symlink(const char *p)
{
	return symlink("text", p);
}

static int call_readlink(const char *p)
{
	char buf[8];

	return (int)readlink(p, buf, sizeof(buf));
}

static int call_chmod(const char *p)
{
	return chmod(p, 0644);
}

static int call_chown(const char *p)
{
	return chown(p, geteuid(), getegid());
}

static int call_lchown(const char *p)
{
	return lchown(p, geteuid(), getegid());
}

static int call_truncate(const char *p)
{
	return truncate(p, 0);
}

static int call_utimensat(const char *p)
{
	return utimensat(AT_FDCWD, p, NULL, 0);
}

static int call_stat(const char *p)
{
	struct stat st;

	return stat(p, &st);
}

static int call_lstat(const char *p)
{
	struct stat st;

	return lstat(p, &st);
}

static int call_access(const char *p)
{
	return access(p, F_OK);
}

static int call_mkfifo(const char *p)
{
	return mkfifo(p, 0644);
}

static int call_mknod_socket(const char *p)
{
	return mknod(p, S_IFSOCK | 0644, 0);
}

static int call_getxattr(const char *p)
{
	return (int)getxattr(p, "user.x", NULL, 0);
}

static int call_setxattr(const char *p)
{
	return setxattr(p, "user.x", "v", 1, 0);
}

static int call_listxattr(const char *p)
{
	return (int)listxattr(p, NULL, 0);
}

static int call_statfs(const char *p)
{
	struct statfs st;

	return statfs(p, &st);
}

static int call_opendir(const char *p)
{
	DIR *d = opendir(p);

	return d ? closedir(d) : -1;
}

static const struct {
	const char *name;
	int (*run)(const char *path);
	bool makes; /* a name that is not there is what it wants */
} calls[] = {
	{ "open", call_open, false },
	{ "open(O_DIRECTORY)", call_open_directory, false },
	{ "open(O_CREAT)", call_create, true },
	{ "open(O_CREAT|O_EXCL)", call_create_excl, true },
	{ "mkdir", call_mkdir, true },
	{ "rmdir", rmdir, false },
	{ "unlink", unlink, false },
	{ "rename from", call_rename_from, false },
	{ "rename to", call_rename_to, true },
	{ "link from", call_link_from, false },
	{ "link to", call_link_to, true },
	{ "symlink", call_symlink, true },
	{ "readlink", call_readlink, false },
	{ "chmod", call_chmod, false },
	{ "chown", call_chown, false },
	{ "lchown", call_lchown, false },
	{ "truncate", call_truncate, false },
	{ "utimensat", call_utimensat, false },
	{ "stat", call_stat, false },
	{ "lstat", call_lstat, false },
	{ "access", call_access, false },
	{ "chdir", chdir, false },
	{ "mkfifo", call_mkfifo, true },
	{ "mknod socket", call_mknod_socket, true },
	{ "getxattr", call_getxattr, false },
	{ "setxattr", call_setxattr, false },
	{ "listxattr", call_listxattr, false },
	{ "statfs", call_statfs, false },
	{ "opendir", call_opendir, false },
};

static char name255[NAME_MAX + 1], name256[NAME_MAX + 2];
static char below256[NAME_MAX + 8], long_path[PATH_MAX + 1];

static void make_names(void)
{
	memset(name255, 'n', NAME_MAX);
	memset(name256, 'n', NAME_MAX + 1);
	snprintf(below256, sizeof(below256), "dir/%s", name256);
	/* "././././file", one byte longer than a path may be. */
	for (size_t i = 0; i < PATH_MAX; i++)
		long_path[i] = i % 2 ? '/' : '.';
	long_path[PATH_MAX - 1] = 'x';
}

static void bad_paths(void)
{
	const struct {
		const char *name, *path;
		int want;
	} bad[] = {
		{ "empty path", "", ENOENT },
		{ "missing directory", "none/x", ENOENT },
		{ "missing twice", "dir/none/x", ENOENT },
		{ "file as directory", "file/x", ENOTDIR },
		{ "fifo as directory", "fifo/x", ENOTDIR },
		{ "link to file as directory", "to-file/x", ENOTDIR },
		{ "dangling link as directory", "dangling/x", ENOENT },
		{ "loop as directory", "loop/x", ELOOP },
		{ "256 bytes", name256, ENAMETOOLONG },
		{ "256 bytes below", below256, ENAMETOOLONG },
		{ "path of PATH_MAX", long_path, ENAMETOOLONG },
	};

	make_names();
	NEED(put_text("file", "text"));
	NEED(mkdir("dir", 0755));
	NEED(mkfifo("fifo", 0644));
	NEED(symlink("file", "to-file"));
	NEED(symlink("nowhere", "dangling"));
	NEED(symlink("loop", "loop"));
	for (size_t b = 0; b < ARRAY_SIZE(bad); b++) {
		for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
			ROW("%s of %s", calls[c].name, bad[b].name);
			FAILS(calls[c].run(bad[b].path), bad[b].want);
		}
	}
	ROW("afterwards");
	EQUAL(entries_of("."), 6);
	EQUAL(entries_of("dir"), 0);
	TRUE(holds_text("file", "text"));
}

static void missing_names(void)
{
	make_names();
	NEED(put_text("file", "text"));
	NEED(mkdir("dir", 0755));
	for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
		if (calls[c].makes)
			continue;
		ROW("%s of what is not there", calls[c].name);
		FAILS(calls[c].run("none"), ENOENT);
		FAILS(calls[c].run("dir/none"), ENOENT);
		FAILS(calls[c].run(name255), ENOENT);
	}
}

static void closed_directories(void)
{
	NOT_ROOT();
	NEED(put_text("file", "text"));
	NEED(mkdir("closed", 0755));
	NEED(mkdir("closed/x", 0755));
	NEED(put_text("closed/y", "text"));
	NEED(chmod("closed", 0600));
	for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
		ROW("%s below a directory without x", calls[c].name);
		FAILS(calls[c].run("closed/x"), EACCES);
		FAILS(calls[c].run("closed/none"), EACCES);
	}
	NEED(chmod("closed", 0700));
	EQUAL(entries_of("closed"), 2);
}

static void loops(void)
{
	static const char *const followed[] = {
		"open",	     "open(O_CREAT)", "chmod",	 "chown", "truncate",
		"utimensat", "stat",	      "access",	 "chdir", "getxattr",
		"setxattr",  "statfs",	      "opendir",
	};

	NEED(symlink("b", "a"));
	NEED(symlink("a", "b"));
	for (size_t f = 0; f < ARRAY_SIZE(followed); f++) {
		for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
			if (strcmp(calls[c].name, followed[f]))
				continue;
			ROW("%s of a loop", calls[c].name);
			FAILS(calls[c].run("a"), ELOOP);
		}
	}
}

static void trailing_slashes(void)
{
	NEED(put_text("file", "text"));
	NEED(mkdir("dir", 0755));
	NEED(symlink("dir", "to-dir"));
	FAILS(try_open("file/", O_RDONLY), ENOTDIR);
	FAILS(try_open("new/", O_WRONLY | O_CREAT), EISDIR);
	FAILS(unlink("file/"), ENOTDIR);
	FAILS(call_lstat("file/"), ENOTDIR);
	FAILS(rename("file/", "new"), ENOTDIR);
	FAILS(rename("file", "new/"), ENOTDIR);
	FAILS(link("file", "new/"), ENOENT);
	FAILS(symlink("text", "new/"), ENOENT);
	FAILS(rmdir("to-dir/"), ENOTDIR);
	FAILS(unlink("to-dir/"), ENOTDIR);
	EQUAL(type_of("to-dir/"), S_IFDIR);
	WORKS(mkdir("made/", 0755));
	WORKS(rename("made/", "moved/"));
	WORKS(rmdir("moved/"));
	EQUAL(entries_of("."), 3);
}

static void dots(void)
{
	NEED(put_text("file", "text"));
	NEED(mkdir("dir", 0755));
	NEED(mkdir("dir/sub", 0755));
	FAILS(mkdir(".", 0755), EEXIST);
	FAILS(mkdir("dir/.", 0755), EEXIST);
	FAILS(mkdir("dir/..", 0755), EEXIST);
	FAILS(rmdir("."), EINVAL);
	FAILS(rmdir("dir/."), EINVAL);
	FAILS(rmdir("dir/.."), ENOTEMPTY);
	FAILS(unlink("."), EISDIR);
	FAILS(rename(".", "new"), EBUSY);
	FAILS(rename("dir/..", "new"), EBUSY);
	FAILS(rename("dir", "."), EBUSY);
	FAILS(link("file", "."), EEXIST);
	FAILS(symlink("text", "."), EEXIST);
	EQUAL(ino_of("dir/sub/.."), ino_of("dir"));
	EQUAL(ino_of("dir/sub/../../file"), ino_of("file"));
}

static void longest_names(void)
{
	char path[PATH_MAX];

	make_names();
	WORKS(put_text(name255, "long"));
	TRUE(holds_text(name255, "long"));
	WORKS(unlink(name255));
	WORKS(mkdir(name255, 0755));
	snprintf(path, sizeof(path), "%s/%s", name255, name255);
	WORKS(symlink("text", path));
	EQUAL(type_of(path), S_IFLNK);
	WORKS(rename(path, "short"));
	WORKS(link("short", path));
	EQUAL(links_of("short"), 2);
	FAILS(rename("short", name256), ENAMETOOLONG);
	FAILS(rename(name255, name256), ENAMETOOLONG);
	WORKS(unlink(path));
	WORKS(rmdir(name255));
}

const struct suite_test suite_paths[] = {
	{ "bad paths", bad_paths },
	{ "missing names", missing_names },
	{ "closed directories", closed_directories },
	{ "loops of links", loops },
	{ "trailing slashes", trailing_slashes },
	{ "dots", dots },
	{ "longest names", longest_names },
	{ NULL, NULL },
};
