// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_xattr.c - extended attributes of users.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Makes the file; false, after a skip, where there are no attributes. */
static bool can(const char *path)
{
	if (!exists(path) && put_text(path, "text") < 0)
		return TRUE(false);
	if (setxattr(path, "user.probe", "", 0, 0) == 0 &&
	    removexattr(path, "user.probe") == 0)
		return true;
	SKIP("no user attributes here");
	return false;
}

/* Whether the list has exactly so many names, and this one. */
static bool listed(const char *path, size_t count, const char *name)
{
	char list[4096];
	ssize_t len = listxattr(path, list, sizeof(list));
	bool found = false;
	size_t n = 0;

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(list + at) + 1) {
		/* Security modules have names of their own. */
		n += !strncmp(list + at, "user.", 5);
		found |= !strcmp(list + at, name);
	}
	return len >= 0 && n == count && found;
}

static void setting(void)
{
	char buf[64];

	if (!can("f"))
		return;
	FAILS(getxattr("f", "user.a", buf, sizeof(buf)), ENODATA);
	WORKS(setxattr("f", "user.a", "one", 3, 0));
	EQUAL(getxattr("f", "user.a", buf, sizeof(buf)), 3);
	TRUE(!memcmp(buf, "one", 3));
	WORKS(setxattr("f", "user.a", "longer value", 12, 0));
	EQUAL(getxattr("f", "user.a", buf, sizeof(buf)), 12);
	WORKS(setxattr("f", "user.a", "x", 1, 0));
	EQUAL(getxattr("f", "user.a", buf, sizeof(buf)), 1);
	WORKS(setxattr("f", "user.b", "\0\xff\n", 3, 0));
	EQUAL(getxattr("f", "user.b", buf, sizeof(buf)), 3);
	TRUE(!memcmp(buf, "\0\xff\n", 3));
	WORKS(setxattr("f", "user.empty", "", 0, 0));
	EQUAL(getxattr("f", "user.empty", buf, sizeof(buf)), 0);
	TRUE(listed("f", 3, "user.a"));
	TRUE(listed("f", 3, "user.b"));
	TRUE(listed("f", 3, "user.empty"));
	WORKS(removexattr("f", "user.a"));
	FAILS(removexattr("f", "user.a"), ENODATA);
	FAILS(getxattr("f", "user.a", buf, sizeof(buf)), ENODATA);
	TRUE(listed("f", 2, "user.b"));
	TRUE(holds_text("f", "text"));
}

static void flags(void)
{
	char buf[8];

	if (!can("f"))
		return;
	FAILS(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
	WORKS(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
	FAILS(setxattr("f", "user.a", "2", 1, XATTR_CREATE), EEXIST);
	EQUAL(getxattr("f", "user.a", buf, 8), 1);
	TRUE(buf[0] == '1');
	WORKS(setxattr("f", "user.a", "3", 1, XATTR_REPLACE));
	EQUAL(getxattr("f", "user.a", buf, 8), 1);
	TRUE(buf[0] == '3');
	FAILS(setxattr("f", "user.a", "4", 1, 0x100), EINVAL);
}

static void sizes(void)
{
	char buf[64];

	if (!can("f"))
		return;
	WORKS(setxattr("f", "user.a", "0123456789", 10, 0));
	EQUAL(getxattr("f", "user.a", NULL, 0), 10);
	FAILS(getxattr("f", "user.a", buf, 9), ERANGE);
	FAILS(getxattr("f", "user.a", buf, 1), ERANGE);
	EQUAL(getxattr("f", "user.a", buf, 10), 10);
	TRUE(listxattr("f", NULL, 0) >= 7);
	FAILS(listxattr("f", buf, 3), ERANGE);
}

static void names(void)
{
	char name[300], longest[256 + 1];

	if (!can("f"))
		return;
	snprintf(longest, sizeof(longest), "user.%0250d", 0);
	WORKS(setxattr("f", longest, "v", 1, 0));
	TRUE(listed("f", 1, longest));
	WORKS(removexattr("f", longest));
	snprintf(name, sizeof(name), "user.%0251d", 0);
	FAILS(setxattr("f", name, "v", 1, 0), ERANGE);
	FAILS(setxattr("f", "", "v", 1, 0), ERANGE);
	FAILS(setxattr("f", "user.", "v", 1, 0), EINVAL);
	FAILS(setxattr("f", "plain", "v", 1, 0), EOPNOTSUPP);
	WORKS(setxattr("f", "user.a.b c/\xff", "v", 1, 0));
	TRUE(listed("f", 1, "user.a.b c/\xff"));
	NOT_ROOT();
	/* What is root's looks as if it were not there. */
	FAILS(getxattr("f", "trusted.x", name, 8), ENODATA);
	FAILS(setxattr("f", "trusted.x", "v", 1, 0), EPERM);
}

static void big_values(void)
{
	static const size_t lens[] = {
		100, 1000, 2000, 3500, 8000, 32000, 65536
	};
	static uint8_t value[65537], got[65537];

	if (!can("f"))
		return;
	fill(value, sizeof(value), 13);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		int r = setxattr("f", "user.big", value, lens[i], 0);

		ROW("%zu bytes", lens[i]);
		if (r < 0 && (errno == ENOSPC || errno == E2BIG)) {
			SKIP("too big here");
			continue;
		}
		WORKS(r);
		EQUAL(getxattr("f", "user.big", got, sizeof(got)), lens[i]);
		TRUE(!memcmp(value, got, lens[i]));
	}
	ROW("more than any may have");
	FAILS(setxattr("f", "user.big", value, sizeof(value), 0), E2BIG);
}

static void many(void)
{
	char name[32], buf[8];
	unsigned good = 0;

	if (!can("f"))
		return;
	for (unsigned i = 0; i < 30; i++)
		good += setxattr("f", numbered(name, sizeof(name), "user.n", i),
				 name, 4, 0) == 0;
	EQUAL(good, 30);
	TRUE(listed("f", 30, "user.n29"));
	for (unsigned i = 0; i < 30; i += 2)
		good -= removexattr("f", numbered(name, sizeof(name), "user.n",
						  i)) == 0;
	EQUAL(good, 15);
	TRUE(listed("f", 15, "user.n29"));
	EQUAL(getxattr("f", "user.n1", buf, 8), 4);
}

static void kinds(void)
{
	char buf[8];
	int fd;

	if (!can("f"))
		return;
	NEED(mkdir("d", 0755));
	NEED(symlink("f", "to-f"));
	NEED(mkfifo("p", 0644));
	WORKS(setxattr("d", "user.a", "dir", 3, 0));
	EQUAL(getxattr("d", "user.a", buf, 8), 3);
	WORKS(setxattr("to-f", "user.a", "file", 4, 0));
	EQUAL(getxattr("f", "user.a", buf, 8), 4);
	EQUAL(lgetxattr("f", "user.a", buf, 8), 4);
	FAILS(lsetxattr("to-f", "user.a", "x", 1, 0), EPERM);
	FAILS(lgetxattr("to-f", "user.a", buf, 8), ENODATA);
	FAILS(setxattr("p", "user.a", "x", 1, 0), EPERM);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	WORKS(fsetxattr(fd, "user.fd", "v", 1, 0));
	EQUAL(fgetxattr(fd, "user.fd", buf, 8), 1);
	EQUAL(getxattr("f", "user.fd", buf, 8), 1);
	NEED(unlink("f"));
	EQUAL(fgetxattr(fd, "user.a", buf, 8), 4);
	WORKS(fsetxattr(fd, "user.late", "v", 1, 0));
	WORKS(fremovexattr(fd, "user.fd"));
	close(fd);
}

static void with_the_file(void)
{
	char buf[8];

	if (!can("f"))
		return;
	NEED(setxattr("f", "user.a", "v", 1, 0));
	NEED(link("f", "g"));
	EQUAL(getxattr("g", "user.a", buf, 8), 1);
	NEED(rename("f", "moved"));
	EQUAL(getxattr("moved", "user.a", buf, 8), 1);
	NEED(put_text("moved", "new content"));
	EQUAL(getxattr("moved", "user.a", buf, 8), 1);
	NEED(truncate("moved", 0));
	NEED(chmod("moved", 0600));
	EQUAL(getxattr("g", "user.a", buf, 8), 1);
	/* A new file of that name has none. */
	NEED(put_text("f", "new"));
	FAILS(getxattr("f", "user.a", buf, 8), ENODATA);
	NEED(rename("f", "moved"));
	FAILS(getxattr("moved", "user.a", buf, 8), ENODATA);
}

static void access_rules(void)
{
	char buf[8];

	if (!can("f"))
		return;
	NOT_ROOT();
	NEED(setxattr("f", "user.a", "v", 1, 0));
	NEED(chmod("f", 0400));
	FAILS(setxattr("f", "user.a", "x", 1, 0), EACCES);
	FAILS(removexattr("f", "user.a"), EACCES);
	EQUAL(getxattr("f", "user.a", buf, 8), 1);
	NEED(chmod("f", 0200));
	FAILS(getxattr("f", "user.a", buf, 8), EACCES);
	WORKS(setxattr("f", "user.a", "x", 1, 0));
	WORKS(listxattr("f", NULL, 0));
}

const struct suite_test suite_xattr[] = {
	{ "setting", setting },
	{ "flags", flags },
	{ "sizes", sizes },
	{ "names", names },
	{ "big values", big_values },
	{ "many", many },
	{ "kinds of objects", kinds },
	{ "they stay with the file", with_the_file },
	{ "access", access_rules },
	{ NULL, NULL },
};
