// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_mmap.c - files that are mapped into memory.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define LEN  (16 * PAGE)

static uint8_t data[2 * LEN];

/* Without its NUL. */
static void place(void *at, const char *text)
{
	memcpy(at, text, strlen(text));
}

/* A new file "f" of LEN bytes; the mapping, or NULL after a failed case. */
static uint8_t *map_file(int *fd, int prot, int flags)
{
	void *p;

	fill(data, LEN, 11);
	*fd = -1;
	if (put("f", data, LEN) == 0)
		*fd = open("f", O_RDWR | O_CLOEXEC);
	p = *fd < 0 ? MAP_FAILED : mmap(NULL, LEN, prot, flags, *fd, 0);
	TRUE(p != MAP_FAILED);
	return p == MAP_FAILED ? NULL : p;
}

static void shared(void)
{
	int fd, other;
	uint8_t *p = map_file(&fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!p)
		return;
	TRUE(!memcmp(p, data, LEN));
	/* Written through the mapping, seen by read(2). */
	place(p + 5000, "mapped");
	place(data + 5000, "mapped");
	TRUE(fd_holds(fd, data, LEN));
	other = open("f", O_RDWR | O_CLOEXEC);
	NEED(other);
	TRUE(fd_holds(other, data, LEN));
	/* And the other way round. */
	EQUAL(pwrite(other, "written", 7, 9000), 7);
	place(data + 9000, "written");
	TRUE(!memcmp(p, data, LEN));
	WORKS(msync(p, LEN, MS_SYNC));
	WORKS(munmap(p, LEN));
	close(fd);
	close(other);
	TRUE(holds("f", data, LEN));
	EQUAL(size_of("f"), LEN);
}

static void private(void)
{
	int fd;
	uint8_t *p = map_file(&fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	if (!p)
		return;
	place(p, "private");
	TRUE(!memcmp(p, "private", 7));
	TRUE(fd_holds(fd, data, LEN));
	WORKS(munmap(p, LEN));
	close(fd);
	TRUE(holds("f", data, LEN));
}

static void two_mappings(void)
{
	int fd;
	uint8_t *q, *p = map_file(&fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!p)
		return;
	q = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRUE(q != MAP_FAILED);
	close(fd);
	place(p + 100, "one");
	TRUE(!memcmp(q + 100, "one", 3));
	place(q + LEN - 3, "two");
	TRUE(!memcmp(p + LEN - 3, "two", 3));
	munmap(p, LEN);
	place(q + 200, "three");
	munmap(q, LEN);
	place(data + 100, "one");
	place(data + 200, "three");
	place(data + LEN - 3, "two");
	TRUE(holds("f", data, LEN));
}

static int change_in_child(void *p)
{
	place(p, "child");
	return 0;
}

static int touch_last_page(void *p)
{
	return ((volatile uint8_t *)p)[LEN - 1];
}

static void between_processes(void)
{
	int fd;
	uint8_t *p = map_file(&fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!p)
		return;
	EQUAL(in_child(change_in_child, p), 0);
	TRUE(!memcmp(p, "child", 5));
	place(data, "child");
	TRUE(fd_holds(fd, data, LEN));
	munmap(p, LEN);
	close(fd);
}

/*
 * tmpfs has nothing but the page. The kernel's FUSE writes a page back up to
 * the size that the file has by then, with the tail that ext4 would have made
 * zeros; a server cannot tell the two apart.
 */
static bool keeps_page_tails(void)
{
	struct statfs fs;

	return statfs(".", &fs) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == FUSE_SUPER_MAGIC);
}

static void truncated(void)
{
	int fd;
	uint8_t *p = map_file(&fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!p)
		return;
	WORKS(ftruncate(fd, PAGE + 100));
	/* Zeros behind the end in its page, and nothing behind that. */
	TRUE(p[PAGE + 99] == data[PAGE + 99]);
	TRUE(p[PAGE + 100] == 0 && p[2 * PAGE - 1] == 0);
	EQUAL(in_child(touch_last_page, p), 256 + SIGBUS);
	/* What is written behind the end in the page is not content. */
	if (keeps_page_tails())
		SKIP("page tails are kept here");
	else
		p[PAGE + 200] = 'x';
	WORKS(ftruncate(fd, LEN));
	memset(data + PAGE + 100, 0, LEN - PAGE - 100);
	TRUE(fd_holds(fd, data, LEN));
	TRUE(p[LEN - 1] == 0);
	p[LEN - 1] = 'y';
	data[LEN - 1] = 'y';
	TRUE(fd_holds(fd, data, LEN));
	munmap(p, LEN);
	close(fd);
}

static void extended(void)
{
	int fd;
	uint8_t *p = map_file(&fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!p)
		return;
	munmap(p, LEN);
	p = mmap(NULL, 2 * LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRUE(p != MAP_FAILED);
	EQUAL(pwrite(fd, "end", 3, 2 * LEN - 3), 3);
	TRUE(!memcmp(p + 2 * LEN - 3, "end", 3));
	TRUE(p[LEN] == 0);
	p[LEN] = 'x';
	memset(data + LEN, 0, LEN);
	data[LEN] = 'x';
	place(data + 2 * LEN - 3, "end");
	TRUE(fd_holds(fd, data, 2 * LEN));
	munmap(p, 2 * LEN);
	close(fd);
	TRUE(holds("f", data, 2 * LEN));
}

static void at_an_offset(void)
{
	uint8_t *p;
	int fd;

	fill(data, LEN, 12);
	NEED(put("f", data, LEN));
	fd = open("f", O_RDWR | O_CLOEXEC);
	NEED(fd);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 3 * PAGE);
	TRUE(p != MAP_FAILED);
	TRUE(!memcmp(p, data + 3 * PAGE, PAGE));
	p[1] = 'x';
	munmap(p, PAGE);
	data[3 * PAGE + 1] = 'x';
	TRUE(fd_holds(fd, data, LEN));
	close(fd);
}

static int try_map(int fd, int prot, int flags, off_t at)
{
	void *p = mmap(NULL, PAGE, prot, flags, fd, at);

	return p == MAP_FAILED ? -1 : munmap(p, PAGE);
}

static void refusals(void)
{
	int fd;

	NEED(put_text("f", "text"));
	fd = open("f", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	FAILS(try_map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0), EACCES);
	FAILS(try_map(fd, PROT_READ, MAP_SHARED, 1), EINVAL);
	WORKS(try_map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0));
	WORKS(try_map(fd, PROT_READ, MAP_SHARED, 0));
	close(fd);
	fd = open("f", O_WRONLY | O_CLOEXEC);
	NEED(fd);
	FAILS(try_map(fd, PROT_READ, MAP_SHARED, 0), EACCES);
	FAILS(try_map(fd, PROT_READ, MAP_PRIVATE, 0), EACCES);
	close(fd);
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(fd);
	FAILS(try_map(fd, PROT_READ, MAP_SHARED, 0), ENODEV);
	close(fd);
}

/* A read into memory that is mapped from the file itself. */
static void read_into_the_mapping(void)
{
	int fd;
	uint8_t *p = map_file(&fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!p)
		return;
	EQUAL(pread(fd, p + PAGE, 100, 0), 100);
	memcpy(data + PAGE, data, 100);
	TRUE(fd_holds(fd, data, LEN));
	EQUAL(pwrite(fd, p, 100, 2 * PAGE), 100);
	memcpy(data + 2 * PAGE, data, 100);
	TRUE(fd_holds(fd, data, LEN));
	munmap(p, LEN);
	close(fd);
}

const struct suite_test suite_mmap[] = {
	{ "shared", shared },
	{ "private", private },
	{ "two mappings", two_mappings },
	{ "between processes", between_processes },
	{ "truncated", truncated },
	{ "extended", extended },
	{ "at an offset", at_an_offset },
	{ "refusals", refusals },
	{ "read into the mapping", read_into_the_mapping },
	{ NULL, NULL },
};
