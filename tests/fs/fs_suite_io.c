// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_io.c - reading, writing, seeking and truncating.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define KIB ((size_t)1024)

static uint8_t pattern[3 * 1024 * 1024], scratch[sizeof(pattern)];

static int open_new(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* A write of each length at each offset, read back in one and in pieces. */
static void lengths_and_offsets(void)
{
	static const size_t lens[] = { 1,    511,  512,	  4095,	  4096,
				       4097, 8192, 65536, 131073, 1048577 };
	static const off_t offsets[] = { 0, 1, 4095, 4096, 65537, 1 << 20 };

	fill(pattern, sizeof(pattern), 1);
	for (size_t l = 0; l < ARRAY_SIZE(lens); l++) {
		for (size_t o = 0; o < ARRAY_SIZE(offsets); o++) {
			size_t at = (size_t)offsets[o];
			int fd = open_new("file");

			NEED(fd);
			ROW("%zu bytes at %zu", lens[l], at);
			EQUAL(pwrite(fd, pattern, lens[l], offsets[o]),
			      lens[l]);
			EQUAL(size_of("file"), at + lens[l]);
			memset(scratch, 0, at);
			memcpy(scratch + at, pattern, lens[l]);
			TRUE(fd_holds(fd, scratch, at + lens[l]));
			close(fd);
		}
	}
}

static void in_small_pieces(void)
{
	static const size_t pieces[] = { 1, 7, 100, 1000, 4096, 5000 };

	fill(pattern, sizeof(pattern), 2);
	for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
		size_t total = pieces[p] * 500, done = 0;
		int fd = open_new("file");
		bool all = true;

		NEED(fd);
		ROW("500 pieces of %zu bytes", pieces[p]);
		for (; done < total; done += pieces[p])
			all &= write(fd, pattern + done, pieces[p]) ==
			       (ssize_t)pieces[p];
		TRUE(all);
		EQUAL(lseek(fd, 0, SEEK_CUR), total);
		TRUE(holds("file", pattern, total));
		all = lseek(fd, 0, SEEK_SET) == 0;
		for (done = 0; done < total; done += pieces[p])
			all &= read(fd, scratch, pieces[p]) ==
				       (ssize_t)pieces[p] &&
			       !memcmp(scratch, pattern + done, pieces[p]);
		TRUE(all);
		EQUAL(read(fd, scratch, 1), 0);
		close(fd);
	}
}

static void overwriting(void)
{
	int fd = open_new("file");

	NEED(fd);
	fill(pattern, 64 * KIB, 3);
	EQUAL(pwrite(fd, pattern, 64 * KIB, 0), 64 * KIB);
	/* Backwards, so that no page is written in one go. */
	for (size_t at = 64 * KIB - 1000; at >= 1000; at -= 1000) {
		fill(pattern + at, 10, (unsigned)at);
		NEED(pwrite(fd, pattern + at, 10, (off_t)at));
	}
	TRUE(fd_holds(fd, pattern, 64 * KIB));
	EQUAL(size_of("file"), 64 * KIB);
	EQUAL(pwrite(fd, pattern, 0, 1 << 20), 0);
	EQUAL(size_of("file"), 64 * KIB);
	close(fd);
}

static void ends_and_errors(void)
{
	void *nowhere =
		mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char buf[8];
	int fd = open_new("file");

	NEED(fd);
	EQUAL(read(fd, buf, sizeof(buf)), 0);
	EQUAL(write(fd, "", 0), 0);
	EQUAL(write(fd, "abc", 3), 3);
	EQUAL(read(fd, buf, sizeof(buf)), 0);
	EQUAL(pread(fd, buf, sizeof(buf), 1), 2);
	EQUAL(pread(fd, buf, sizeof(buf), 3), 0);
	EQUAL(pread(fd, buf, sizeof(buf), 1 << 20), 0);
	EQUAL(pread(fd, buf, 0, 0), 0);
	FAILS(pread(fd, buf, 1, -1), EINVAL);
	FAILS(pwrite(fd, buf, 1, -1), EINVAL);
	FAILS(write(fd, nowhere, 1), EFAULT);
	FAILS(pread(fd, nowhere, 1, 0), EFAULT);
	EQUAL(lseek(fd, 0, SEEK_CUR), 3);
	EQUAL(size_of("file"), 3);
	/* Two descriptors see each other's writes at once. */
	TRUE(holds_text("file", "abc"));
	close(fd);
	FAILS(read(fd, buf, 1), EBADF);
	FAILS(write(fd, buf, 1), EBADF);
}

static void vectors(void)
{
	char a[4] = "", b[4] = "", c[8] = "";
	char text[] = "abcdef";
	const struct iovec out[] = { { text, 2 },
				     { text, 0 },
				     { text + 2, 4 } };
	const struct iovec in[] = { { a, 3 }, { b, 1 }, { c, 8 } };
	/* Volatile: the compiler knows what is refused. */
	volatile int negative = -1;
	struct iovec many[200];
	int fd = open_new("file");

	NEED(fd);
	EQUAL(writev(fd, out, 3), 6);
	TRUE(holds_text("file", "abcdef"));
	EQUAL(lseek(fd, 0, SEEK_SET), 0);
	EQUAL(readv(fd, in, 3), 6);
	TRUE(!memcmp(a, "abc", 3) && *b == 'd' && !memcmp(c, "ef", 2));
	EQUAL(pwritev(fd, out, 3, 4), 6);
	TRUE(holds_text("file", "abcdabcdef"));
	EQUAL(preadv(fd, in, 3, 8), 2);
	TRUE(!memcmp(a, "ef", 2));
	EQUAL(lseek(fd, 0, SEEK_CUR), 6);
	EQUAL(writev(fd, out, 0), 0);
	FAILS(writev(fd, out, negative), EINVAL);
	fill(pattern, 200 * 333, 4);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct iovec){ pattern + i * 333, 333 };
	EQUAL(pwritev(fd, many, 200, 0), 200 * 333);
	TRUE(fd_holds(fd, pattern, 200 * 333));
	close(fd);
}

const struct suite_test suite_io[] = {
	{ "lengths and offsets", lengths_and_offsets },
	{ "small pieces", in_small_pieces },
	{ "overwriting", overwriting },
	{ "ends and errors", ends_and_errors },
	{ "vectors", vectors },
	{ NULL, NULL },
};

static void seeking(void)
{
	int fd = open_new("file");

	NEED(fd);
	EQUAL(write(fd, "0123456789", 10), 10);
	EQUAL(lseek(fd, 0, SEEK_CUR), 10);
	EQUAL(lseek(fd, 3, SEEK_SET), 3);
	EQUAL(lseek(fd, 2, SEEK_CUR), 5);
	EQUAL(lseek(fd, -5, SEEK_CUR), 0);
	EQUAL(lseek(fd, 0, SEEK_END), 10);
	EQUAL(lseek(fd, -1, SEEK_END), 9);
	EQUAL(lseek(fd, 100, SEEK_END), 110);
	EQUAL(lseek(fd, 1LL << 40, SEEK_SET), 1LL << 40);
	EQUAL(size_of("file"), 10);
	FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
	FAILS(lseek(fd, -11, SEEK_END), EINVAL);
	FAILS(lseek(fd, 0, 99), EINVAL);
	EQUAL(lseek(fd, 12, SEEK_SET), 12);
	EQUAL(write(fd, "x", 1), 1);
	TRUE(holds("file", "0123456789\0\0x", 13));
	/* The end is where it is now, not where it was at open(2). */
	NEED(truncate("file", 4));
	EQUAL(lseek(fd, 0, SEEK_END), 4);
	close(fd);
}

static void data_and_holes(void)
{
	const off_t mib = 1 << 20;
	int fd = open_new("file");

	NEED(fd);
	FAILS(lseek(fd, 0, SEEK_DATA), ENXIO);
	FAILS(lseek(fd, 0, SEEK_HOLE), ENXIO);
	fill(pattern, 64 * KIB, 5);
	EQUAL(pwrite(fd, pattern, 64 * KIB, 0), 64 * KIB);
	EQUAL(lseek(fd, 0, SEEK_DATA), 0);
	EQUAL(lseek(fd, 100, SEEK_DATA), 100);
	/* There is always a hole at the end. */
	EQUAL(lseek(fd, 0, SEEK_HOLE), 64 * KIB);
	EQUAL(lseek(fd, 100, SEEK_HOLE), 64 * KIB);
	FAILS(lseek(fd, 64 * KIB, SEEK_DATA), ENXIO);
	FAILS(lseek(fd, mib, SEEK_HOLE), ENXIO);
	EQUAL(pwrite(fd, pattern, 64 * KIB, mib), 64 * KIB);
	WORKS(fsync(fd));
	if (lseek(fd, 0, SEEK_HOLE) == mib + (off_t)(64 * KIB)) {
		SKIP("no holes here");
	} else {
		EQUAL(lseek(fd, 0, SEEK_HOLE), 64 * KIB);
		EQUAL(lseek(fd, 64 * KIB, SEEK_DATA), mib);
		EQUAL(lseek(fd, mib / 2, SEEK_HOLE), mib / 2);
		EQUAL(lseek(fd, mib / 2, SEEK_DATA), mib);
		EQUAL(lseek(fd, mib, SEEK_HOLE), mib + 65536);
	}
	close(fd);
}

const struct suite_test suite_seek[] = {
	{ "seeking", seeking },
	{ "data and holes", data_and_holes },
	{ NULL, NULL },
};

static int by_path(off_t len)
{
	return truncate("file", len);
}

static int by_descriptor(off_t len)
{
	int fd = open("file", O_WRONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -1;
	r = ftruncate(fd, len);
	close(fd);
	return r;
}

/* From each size to each, down and up again, by both calls. */
static void sizes(void)
{
	static const size_t lens[] = { 0, 1, 4095, 4096, 4097, 65536, 200001 };
	int (*const ways[])(off_t len) = { by_path, by_descriptor };

	for (size_t i = 0; i < ARRAY_SIZE(lens) * ARRAY_SIZE(lens) * 2; i++) {
		size_t from = lens[i / 2 % ARRAY_SIZE(lens)];
		size_t to = lens[i / 2 / ARRAY_SIZE(lens)];
		size_t kept = from < to ? from : to;

		ROW("%s from %zu to %zu", i % 2 ? "ftruncate" : "truncate",
		    from, to);
		fill(scratch, from, 6);
		NEED(put("file", scratch, from));
		WORKS(ways[i % 2]((off_t)to));
		memset(scratch + kept, 0, to - kept);
		TRUE(holds("file", scratch, to));
	}
}

/* What was cut off must not come back. */
static void down_and_up(void)
{
	static const size_t cuts[] = { 0, 1, 100, 4000, 4096, 5000, 9999 };
	int fd = open_new("file");

	NEED(fd);
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		ROW("cut at %zu", cuts[i]);
		fill(pattern, 10000, 7);
		NEED(pwrite(fd, pattern, 10000, 0));
		WORKS(ftruncate(fd, (off_t)cuts[i]));
		EQUAL(lseek(fd, 0, SEEK_END), cuts[i]);
		WORKS(ftruncate(fd, 10000));
		memset(pattern + cuts[i], 0, 10000 - cuts[i]);
		TRUE(fd_holds(fd, pattern, 10000));
		WORKS(ftruncate(fd, (off_t)cuts[i]));
		EQUAL(pwrite(fd, "z", 1, 9999), 1);
		pattern[9999] = 'z';
		TRUE(fd_holds(fd, pattern, 10000));
	}
	close(fd);
}

static void refusals(void)
{
	NEED(put_text("file", "text"));
	NEED(mkdir("dir", 0755));
	NEED(symlink("file", "link"));
	NEED(mkfifo("fifo", 0644));
	FAILS(truncate("file", -1), EINVAL);
	FAILS(truncate("dir", 0), EISDIR);
	FAILS(truncate("fifo", 0), EINVAL);
	TRUE(holds_text("file", "text"));
	WORKS(truncate("link", 2));
	TRUE(holds("file", "text", 2));
	EQUAL(type_of("link"), S_IFLNK);
	/* Big, and nothing but a hole. */
	WORKS(truncate("file", 1LL << 33));
	EQUAL(size_of("file"), 1LL << 33);
	WORKS(truncate("file", 2));
	TRUE(holds("file", "text", 2));
}

static void beyond_4_gib(void)
{
	const off_t at = (1LL << 32) + 5;
	char buf[8];
	int fd = open_new("file");

	NEED(fd);
	EQUAL(pwrite(fd, "big", 3, at), 3);
	EQUAL(size_of("file"), at + 3);
	EQUAL(pread(fd, buf, 8, at), 3);
	TRUE(!memcmp(buf, "big", 3));
	EQUAL(pread(fd, buf, 8, at - 4), 7);
	TRUE(!memcmp(buf, "\0\0\0\0big", 7));
	EQUAL(pread(fd, buf, 4, 5), 4);
	TRUE(!memcmp(buf, "\0\0\0\0", 4));
	WORKS(ftruncate(fd, 0));
	close(fd);
}

const struct suite_test suite_truncate[] = {
	{ "sizes", sizes },	  { "down and up", down_and_up },
	{ "refusals", refusals }, { "beyond 4 GiB", beyond_4_gib },
	{ NULL, NULL },
};
