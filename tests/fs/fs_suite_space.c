// SPDX-License-Identifier: Apache-2.0
/*
 * fs_suite_space.c - fallocate, syncing, copy_file_range and sendfile.
 */
#include "fs_suite.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define KIB ((size_t)1024)
#define LEN (64 * KIB)

static uint8_t data[4 * LEN], want[4 * LEN];

static int open_filled(const char *path, size_t len)
{
	fill(data, len, 9);
	if (put(path, data, len) < 0)
		return -1;
	return open(path, O_RDWR | O_CLOEXEC);
}

enum effect { KEEP, ZERO, COLLAPSE, INSERT };

/*
 * Each mode, over the same range of a file of 64 KiB: its size and content
 * afterwards. Ranges that are shifted must be whole blocks.
 */
static const struct fallocate_row {
	const char *name;
	int mode;
	size_t at, len, size; /* size: afterwards */
	enum effect effect;
} fallocate_rows[] = {
	{ "allocate inside", 0, 100, 5000, LEN, KEEP },
	{ "allocate beyond the end", 0, 60000, 10000, 70000, KEEP },
	{ "allocate far", 0, 100000, 1000, 101000, KEEP },
	{ "KEEP_SIZE inside", FALLOC_FL_KEEP_SIZE, 100, 5000, LEN, KEEP },
	{ "KEEP_SIZE beyond", FALLOC_FL_KEEP_SIZE, 60000, 90000, LEN, KEEP },
	{ "punch a hole", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192,
	  8192, LEN, ZERO },
	{ "punch odd", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1001, 9999,
	  LEN, ZERO },
	{ "punch small", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5, 10, LEN,
	  ZERO },
	{ "punch over the end", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	  60000, 90000, LEN, ZERO },
	{ "zero a range", FALLOC_FL_ZERO_RANGE, 8192, 8192, LEN, ZERO },
	{ "zero odd", FALLOC_FL_ZERO_RANGE, 1001, 9999, LEN, ZERO },
	{ "zero over the end", FALLOC_FL_ZERO_RANGE, 60000, 10000, 70000,
	  ZERO },
	{ "zero, KEEP_SIZE", FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 60000,
	  10000, LEN, ZERO },
	{ "collapse", FALLOC_FL_COLLAPSE_RANGE, 8192, 8192, LEN - 8192,
	  COLLAPSE },
	{ "insert", FALLOC_FL_INSERT_RANGE, 8192, 8192, LEN + 8192, INSERT },
	{ "unshare", FALLOC_FL_UNSHARE_RANGE, 0, 8192, LEN, KEEP },
};

static void expected(const struct fallocate_row *row)
{
	size_t end = row->at + row->len;

	memset(want, 0, sizeof(want));
	memcpy(want, data, LEN);
	switch (row->effect) {
	case KEEP:
		break;
	case ZERO:
		memset(want + row->at, 0, row->len);
		break;
	case COLLAPSE:
		memmove(want + row->at, data + end, LEN - end);
		break;
	case INSERT:
		memcpy(want + end, data + row->at, LEN - row->at);
		memset(want + row->at, 0, row->len);
		break;
	}
}

static void allocating(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(fallocate_rows); i++) {
		const struct fallocate_row *row = &fallocate_rows[i];
		int fd = open_filled("f", LEN), r;

		NEED(fd);
		ROW("%s", row->name);
		r = fallocate(fd, row->mode, (off_t)row->at, (off_t)row->len);
		if (r < 0 && errno == EOPNOTSUPP) {
			SKIP("not supported here");
		} else {
			WORKS(r);
			EQUAL(size_of("f"), row->size);
			expected(row);
			TRUE(fd_holds(fd, want, row->size));
			/* And so in a new look at it. */
			close(fd);
			fd = -1;
			TRUE(holds("f", want, row->size));
		}
		if (fd >= 0)
			close(fd);
	}
}

static void allocating_refused(void)
{
	int fd = open_filled("f", LEN), ro;

	NEED(fd);
	if (fallocate(fd, 0, 0, 1) < 0 && errno == EOPNOTSUPP) {
		SKIP("no fallocate here");
		close(fd);
		return;
	}
	FAILS(fallocate(fd, 0, -1, 1), EINVAL);
	FAILS(fallocate(fd, 0, 0, 0), EINVAL);
	FAILS(fallocate(fd, 0, 0, -1), EINVAL);
	FAILS(fallocate(fd, 0, 0x7fffffffffffffff, 2), EFBIG);
	FAILS(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	ro = open("f", O_RDONLY | O_CLOEXEC);
	NEED(ro);
	FAILS(fallocate(ro, 0, 0, 1), EBADF);
	close(ro);
	EQUAL(posix_fallocate(fd, 0, (off_t)LEN * 2), 0);
	EQUAL(size_of("f"), LEN * 2);
	close(fd);
}

/* The space of a hole is given back. */
static void hole_gives_space_back(void)
{
	struct stat before, after;
	int fd = open_filled("f", sizeof(data));

	NEED(fd);
	NEED(fsync(fd));
	NEED(fstat(fd, &before));
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      (off_t)(2 * LEN)) < 0) {
		SKIP("no holes here");
		close(fd);
		return;
	}
	NEED(fsync(fd));
	NEED(fstat(fd, &after));
	TRUE(after.st_blocks < before.st_blocks);
	EQUAL(after.st_size, before.st_size);
	close(fd);
}

static void syncing(void)
{
	int fd = open_filled("f", LEN), ro, dir;

	NEED(fd);
	ro = open("f", O_RDONLY | O_CLOEXEC);
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(ro);
	NEED(dir);
	WORKS(fsync(fd));
	WORKS(fdatasync(fd));
	WORKS(fsync(ro));
	WORKS(fdatasync(ro));
	WORKS(fsync(dir));
	WORKS(fdatasync(dir));
	WORKS(syncfs(fd));
	WORKS(syncfs(dir));
	WORKS(sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
	EQUAL(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	TRUE(fd_holds(ro, data, LEN));
	WORKS(readahead(ro, 0, LEN));
	close(fd);
	fd = open("f", O_RDWR | O_SYNC | O_CLOEXEC);
	WORKS(fd);
	EQUAL(write(fd, "sync", 4), 4);
	TRUE(fd_holds(ro, memcpy(data, "sync", 4), LEN));
	close(fd);
	close(ro);
	close(dir);
}

const struct suite_test suite_space[] = {
	{ "fallocate", allocating },
	{ "fallocate refused", allocating_refused },
	{ "a hole gives space back", hole_gives_space_back },
	{ "syncing", syncing },
	{ NULL, NULL },
};

static void ranges(void)
{
	static const struct {
		size_t from, to, len, copied, size;
	} rows[] = {
		{ 0, 0, LEN, LEN, LEN },
		{ 0, 0, 10 * LEN, LEN, LEN },
		{ 100, 0, 1000, 1000, LEN },
		{ 0, 100, 1000, 1000, LEN },
		{ 4096, 8192, 8192, 8192, LEN },
		{ 0, LEN, LEN, LEN, 2 * LEN },
		{ 1000, 2 * LEN, 5000, 5000, 2 * LEN + 5000 },
		{ LEN, 0, 100, 0, LEN },
		{ 10 * LEN, 0, 100, 0, LEN },
		{ 0, 0, 0, 0, LEN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		off64_t from = (off64_t)rows[i].from, to = (off64_t)rows[i].to;
		int in = open_filled("in", LEN), out;

		ROW("%zu from %zu to %zu", rows[i].len, rows[i].from,
		    rows[i].to);
		NEED(in);
		memset(want, 'z', LEN);
		memset(want + LEN, 0, sizeof(want) - LEN);
		NEED(put("out", want, LEN));
		out = open("out", O_RDWR | O_CLOEXEC);
		NEED(out);
		EQUAL(copy_file_range(in, &from, out, &to, rows[i].len, 0),
		      rows[i].copied);
		EQUAL(from, rows[i].from + rows[i].copied);
		EQUAL(to, rows[i].to + rows[i].copied);
		if (rows[i].copied)
			memcpy(want + rows[i].to, data + rows[i].from,
			       rows[i].copied);
		TRUE(fd_holds(out, want, rows[i].size));
		TRUE(fd_holds(in, data, LEN));
		close(in);
		close(out);
	}
}

static void within_one_file(void)
{
	off64_t from = 0, to = (off64_t)LEN;
	int fd = open_filled("f", LEN);

	NEED(fd);
	EQUAL(copy_file_range(fd, &from, fd, &to, LEN, 0), LEN);
	memcpy(data + LEN, data, LEN);
	TRUE(fd_holds(fd, data, 2 * LEN));
	from = 0;
	to = 100;
	FAILS(copy_file_range(fd, &from, fd, &to, 1000, 0), EINVAL);
	TRUE(fd_holds(fd, data, 2 * LEN));
	close(fd);
}

static void offsets_and_refusals(void)
{
	int in = open_filled("in", LEN), out, dir;

	NEED(in);
	out = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	NEED(out);
	EQUAL(copy_file_range(in, NULL, out, NULL, 1000, 0), 1000);
	EQUAL(copy_file_range(in, NULL, out, NULL, 500, 0), 500);
	EQUAL(lseek(in, 0, SEEK_CUR), 1500);
	EQUAL(lseek(out, 0, SEEK_CUR), 1500);
	TRUE(fd_holds(out, data, 1500));
	FAILS(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(dir);
	FAILS(copy_file_range(dir, NULL, out, NULL, 1, 0), EISDIR);
	close(dir);
	close(out);
	out = open("out", O_RDONLY | O_CLOEXEC);
	NEED(out);
	FAILS(copy_file_range(in, NULL, out, NULL, 1, 0), EBADF);
	close(out);
	out = open("out", O_WRONLY | O_APPEND | O_CLOEXEC);
	NEED(out);
	FAILS(copy_file_range(in, NULL, out, NULL, 1, 0), EBADF);
	close(out);
	close(in);
}

static void sending(void)
{
	off_t at = 1000;
	size_t got = 0;
	ssize_t n = 1;
	int in = open_filled("in", LEN), out, pair[2];

	NEED(in);
	out = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	NEED(out);
	EQUAL(sendfile(out, in, NULL, LEN), LEN);
	TRUE(fd_holds(out, data, LEN));
	EQUAL(lseek(in, 0, SEEK_CUR), LEN);
	EQUAL(sendfile(out, in, NULL, 100), 0);
	EQUAL(sendfile(out, in, &at, 500), 500);
	EQUAL(at, 1500);
	memcpy(want, data, LEN);
	memcpy(want + LEN, data + 1000, 500);
	TRUE(fd_holds(out, want, LEN + 500));
	NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	at = 0;
	EQUAL(sendfile(pair[0], in, &at, 30000), 30000);
	close(pair[0]);
	while (n > 0) {
		n = read(pair[1], want + got, sizeof(want) - got);
		got += n > 0 ? (size_t)n : 0;
	}
	EQUAL(got, 30000);
	TRUE(!memcmp(want, data, got));
	close(pair[1]);
	close(out);
	close(in);
}

const struct suite_test suite_copy[] = {
	{ "copy_file_range", ranges },
	{ "within one file", within_one_file },
	{ "offsets and refusals", offsets_and_refusals },
	{ "sendfile", sending },
	{ NULL, NULL },
};
