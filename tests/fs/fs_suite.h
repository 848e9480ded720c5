/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_suite.h - what the areas of fs-suite share.
 *
 * A test is a function that runs in a process and in an empty directory of its
 * own (its working directory), with umask 022. It consists of cases; each of
 * the macros in capitals is one, is named by its source text, and goes on
 * whatever the result, but for NEED(), which ends a test that cannot go on.
 */
#ifndef BBOX_TESTS_FS_FS_SUITE_H
#define BBOX_TESTS_FS_FS_SUITE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/macros.h"

#define SUITE_HERE __FILE__, __LINE__

/* The call succeeds: not -1 (nor anything below 0). */
#define WORKS(call) \
	(errno = 0, suite_works(SUITE_HERE, #call, (long long)(call)))
/* The call returns -1 and sets errno to @want. */
#define FAILS(call, want) \
	(errno = 0, suite_fails(SUITE_HERE, #call, (long long)(call), (want)))
#define EQUAL(got, want) \
	(errno = 0,      \
	 suite_equal(SUITE_HERE, #got, (long long)(got), (long long)(want)))
#define TRUE(cond) (errno = 0, suite_true(SUITE_HERE, #cond, (cond)))
/* A step without which the rest of the test says nothing; no case if it
 * works. */
#define NEED(call)                                          \
	do {                                                \
		errno = 0;                                  \
		if ((call) < 0) {                           \
			suite_works(SUITE_HERE, #call, -1); \
			return;                             \
		}                                           \
	} while (0)
/* One case that cannot be decided here. */
#define SKIP(...) suite_skip(__VA_ARGS__)
/* Ends the test, skipped, when the superuser runs it. */
#define NOT_ROOT()                                       \
	do {                                             \
		if (suite_root) {                        \
			SKIP("the superuser may do it"); \
			return;                          \
		}                                        \
	} while (0)
#define ONLY_ROOT()                              \
	do {                                     \
		if (!suite_root) {               \
			SKIP("needs superuser"); \
			return;                  \
		}                                \
	} while (0)
/* What the cases from here on are about; goes in front of their names. */
#define ROW(...) suite_row(__VA_ARGS__)

struct suite_test {
	const char *name; /* NULL ends a table */
	void (*run)(void);
};

extern const struct suite_test suite_paths[], suite_open[], suite_io[],
	suite_seek[], suite_truncate[], suite_dirs[], suite_rename[],
	suite_link[], suite_attr[], suite_times[], suite_access[],
	suite_readdir[], suite_orphan[], suite_space[], suite_copy[],
	suite_mmap[], suite_xattr[], suite_lock[], suite_names[],
	suite_special[], suite_race[];

/* Whether the superuser runs the suite. */
extern bool suite_root;

/* How many of something to make: @n, or less where FS_SUITE_SCALE says so. */
unsigned suite_scaled(unsigned n);

bool suite_works(const char *file, int line, const char *text, long long got);
bool suite_fails(const char *file, int line, const char *text, long long got,
		 int want);
bool suite_equal(const char *file, int line, const char *text, long long got,
		 long long want);
bool suite_true(const char *file, int line, const char *text, bool got);
void suite_skip(const char *fmt, ...) printf_like(1, 2);
void suite_row(const char *fmt, ...) printf_like(1, 2);

/* --- helpers; 0 or more, or -1 with errno --- */

/* Makes or replaces a file of mode 0644. */
int put(const char *path, const void *data, size_t len);
int put_text(const char *path, const char *text);
/* Opens with mode 0644 where a file is made, and closes. */
int try_open(const char *path, int flags);
/* Whether the file is exactly that long and has that content. */
bool holds(const char *path, const void *data, size_t len);
bool holds_text(const char *path, const char *text);
/* The same from a descriptor, whatever its offset. */
bool fd_holds(int fd, const void *data, size_t len);
/* Bytes that differ by @seed and position. */
void fill(uint8_t *buf, size_t len, unsigned seed);
/* @path below a buffer of PATH_MAX: "<prefix><number>". */
const char *numbered(char *buf, size_t size, const char *prefix, unsigned i);

/* Of lstat(2); -1 when it fails. */
long long links_of(const char *path);
long long size_of(const char *path);
long long ino_of(const char *path);
long long mode_of(const char *path); /* permission and set-id bits */
long long type_of(const char *path); /* S_IFREG, ... */
long long mtime_ns_of(const char *path);
long long ctime_ns_of(const char *path);
bool exists(const char *path);

/* Entries of a directory without "." and "..". */
long long entries_of(const char *path);
int bind_socket(const char *path);
/* Sets both times. */
int set_times(const char *path, time_t sec, long nsec);
/* Longer than the clock of any file system ticks. */
void let_time_pass(void);

/* Runs it in a child; its exit status, or 256 and the signal that ended it. */
int in_child(int (*run)(void *arg), void *arg);

/* Removes everything in the working directory. */
int remove_all_here(void);

#endif /* BBOX_TESTS_FS_FS_SUITE_H */
