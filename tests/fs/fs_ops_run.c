// SPDX-License-Identifier: Apache-2.0
/*
 * fs_ops_run.c - the operations of fs-ops.
 *
 * Some calls leave it to the file system whether they set the time of a file
 * or clear its set-id bits (a truncation to the same size, fallocate, a write
 * through a mapping). They are followed by settle(), which sets both.
 */
#include "fs_ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static uint8_t buffer[OPS_FILE_MAX];

static void make_bytes(const struct op *op)
{
	uint32_t x = op->seed * 2654435761u + 1;

	for (size_t i = 0; i < op->len; i++) {
		x = x * 1664525u + 1013904223u;
		buffer[i] = (uint8_t)(x >> 24);
	}
}

static uint64_t digest(uint64_t d, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		d = (d ^ p[i]) * 1099511628211u;
	return d;
}

/* O_NONBLOCK, because there are fifos. */
static int open_path(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC | O_NONBLOCK, 0644);
}

/* Closes and keeps errno; so every function here ends. */
static long long finish(int fd, long long value)
{
	int error = errno;

	close(fd);
	errno = error;
	return value;
}

static void settle(int fd, const struct op *op)
{
	const struct timespec ts[2] = { { op->sec, op->nsec },
					{ op->sec, op->nsec } };
	int error = errno;

	if (fchmod(fd, 0644) < 0 || futimens(fd, ts) < 0)
		perror("fs-ops: settle");
	errno = error;
}

static long long do_create(struct side *side unused, const struct op *op,
			   struct outcome *out unused)
{
	static const int flags[] = { 0, O_EXCL, O_TRUNC, O_EXCL | O_TRUNC };
	int how = flags[op->choice % 4];
	int fd = open_path(op->from, O_WRONLY | O_CREAT | how);

	if (fd < 0)
		return -1;
	if (how & O_TRUNC)
		settle(fd, op);
	return finish(fd, 0);
}

static long long write_to(int fd, const struct op *op)
{
	make_bytes(op);
	return pwrite(fd, buffer, op->len, (off_t)op->offset);
}

static long long do_write(struct side *side unused, const struct op *op,
			  struct outcome *out unused)
{
	int fd = open_path(op->from, O_WRONLY | O_CREAT);

	return fd < 0 ? -1 : finish(fd, write_to(fd, op));
}

static long long do_append(struct side *side unused, const struct op *op,
			   struct outcome *out unused)
{
	int fd = open_path(op->from, O_WRONLY | O_APPEND);
	struct stat st;

	if (fd < 0)
		return -1;
	/* Else a popular file would grow for ever. */
	if (fstat(fd, &st) < 0 || st.st_size > OPS_FILE_MAX)
		return finish(fd, 0);
	return finish(fd, write_to(fd, op));
}

static long long read_from(int fd, const struct op *op, struct outcome *out)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < op->len && n > 0) {
		n = pread(fd, buffer + done, op->len - done,
			  (off_t)(op->offset + done));
		done += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return -1;
	out->digest = digest(1, buffer, done);
	return (long long)done;
}

static long long do_read(struct side *side unused, const struct op *op,
			 struct outcome *out)
{
	int fd = open_path(op->from, O_RDONLY);

	return fd < 0 ? -1 : finish(fd, read_from(fd, op, out));
}

static long long do_truncate(struct side *side unused, const struct op *op,
			     struct outcome *out unused)
{
	int fd = open_path(op->from, O_WRONLY), r;

	if (fd < 0)
		return -1;
	r = op->choice % 2 ? ftruncate(fd, (off_t)op->offset)
			   : truncate(op->from, (off_t)op->offset);
	if (r == 0)
		settle(fd, op);
	return finish(fd, r);
}

static long long do_mmap_write(struct side *side unused, const struct op *op,
			       struct outcome *out unused)
{
	int fd = open_path(op->from, O_RDWR);
	struct stat st;
	size_t size, at, len;
	uint8_t *p;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size)
		return finish(fd, 0);
	size = (size_t)st.st_size;
	at = op->offset % size;
	len = op->len < size - at ? op->len : size - at;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return finish(fd, -1);
	make_bytes(op);
	memcpy(p + at, buffer, len);
	if (msync(p, size, MS_SYNC) < 0 || munmap(p, size) < 0)
		return finish(fd, -1);
	settle(fd, op);
	return finish(fd, (long long)len);
}

static long long do_rename(struct side *side unused, const struct op *op,
			   struct outcome *out unused)
{
	return rename(op->from, op->to);
}

static long long do_noreplace(struct side *side unused, const struct op *op,
			      struct outcome *out unused)
{
	return renameat2(AT_FDCWD, op->from, AT_FDCWD, op->to,
			 RENAME_NOREPLACE);
}

static long long do_exchange(struct side *side unused, const struct op *op,
			     struct outcome *out unused)
{
	return renameat2(AT_FDCWD, op->from, AT_FDCWD, op->to, RENAME_EXCHANGE);
}

static long long do_link(struct side *side unused, const struct op *op,
			 struct outcome *out unused)
{
	return link(op->from, op->to);
}

static long long do_unlink(struct side *side unused, const struct op *op,
			   struct outcome *out unused)
{
	return unlink(op->from);
}

static long long do_mkdir(struct side *side unused, const struct op *op,
			  struct outcome *out unused)
{
	return mkdir(op->from, 0755);
}

static long long do_rmdir(struct side *side unused, const struct op *op,
			  struct outcome *out unused)
{
	return rmdir(op->from);
}

/* A text without "..": it must not lead out. */
static long long do_symlink(struct side *side unused, const struct op *op,
			    struct outcome *out unused)
{
	return symlink(op->from, op->to);
}

static long long do_readlink(struct side *side unused, const struct op *op,
			     struct outcome *out)
{
	ssize_t n = readlink(op->from, (char *)buffer, sizeof(buffer));

	if (n > 0)
		out->digest = digest(1, buffer, (size_t)n);
	return n;
}

static long long do_mkfifo(struct side *side unused, const struct op *op,
			   struct outcome *out unused)
{
	return mkfifo(op->from, 0644);
}

static long long do_chmod(struct side *side unused, const struct op *op,
			  struct outcome *out unused)
{
	struct stat st;
	mode_t mode = op->mode;

	/* Directories stay open to us. */
	if (stat(op->from, &st) == 0 && S_ISDIR(st.st_mode))
		mode |= 0700;
	return chmod(op->from, mode);
}

static long long do_utimens(struct side *side unused, const struct op *op,
			    struct outcome *out unused)
{
	struct timespec ts[2] = { { op->sec, op->nsec },
				  { op->sec, op->nsec } };

	if (op->choice % 4 == 0)
		ts[0].tv_nsec = UTIME_OMIT;
	if (op->choice % 4 == 1)
		ts[1].tv_nsec = UTIME_NOW;
	return utimensat(AT_FDCWD, op->from, ts, AT_SYMLINK_NOFOLLOW);
}

static long long do_fallocate(struct side *side unused, const struct op *op,
			      struct outcome *out unused)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	};
	int fd = open_path(op->from, O_WRONLY), r;

	if (fd < 0)
		return -1;
	r = fallocate(fd, modes[op->choice % 3], (off_t)op->offset,
		      (off_t)op->len + 1);
	if (r == 0)
		settle(fd, op);
	return finish(fd, r);
}

static long long do_copy(struct side *side unused, const struct op *op,
			 struct outcome *out unused)
{
	off64_t from = (off64_t)op->offset, to = (off64_t)op->seed % 65536;
	int in = open_path(op->from, O_RDONLY), fd;
	size_t done = 0;
	ssize_t n = 1;

	if (in < 0)
		return -1;
	fd = open_path(op->to, O_WRONLY | O_CREAT);
	if (fd < 0)
		return finish(in, -1);
	while (done < op->len && n > 0) {
		n = copy_file_range(in, &from, fd, &to, op->len - done, 0);
		done += n > 0 ? (size_t)n : 0;
	}
	/* A fifo has no settled times of its own to set, but takes them. */
	settle(fd, op);
	n = (ssize_t)finish(fd, done || n == 0 ? (long long)done : -1);
	return finish(in, n);
}

/* The order of names is the file system's. */
static long long do_list(struct side *side unused, const struct op *op,
			 struct outcome *out)
{
	DIR *d = opendir(op->from);
	const struct dirent *e;
	long long n = 0;

	if (!d)
		return -1;
	while ((e = readdir(d))) {
		const uint8_t type = e->d_type;

		out->digest += digest(digest(1, &type, 1), e->d_name,
				      strlen(e->d_name));
		n++;
	}
	closedir(d);
	return n;
}

static const char *attribute(const struct op *op)
{
	static const char *const names[] = { "user.a", "user.b", "user.c" };

	return names[op->choice % ARRAY_SIZE(names)];
}

static long long do_setxattr(struct side *side unused, const struct op *op,
			     struct outcome *out unused)
{
	static const int flags[] = { 0, 0, XATTR_CREATE, XATTR_REPLACE };

	make_bytes(op);
	return lsetxattr(op->from, attribute(op), buffer, op->len % 100,
			 flags[op->seed % ARRAY_SIZE(flags)]);
}

static long long do_getxattr(struct side *side unused, const struct op *op,
			     struct outcome *out)
{
	ssize_t n = lgetxattr(op->from, attribute(op), buffer, op->len % 100);

	if (n > 0 && op->len % 100)
		out->digest = digest(1, buffer, (size_t)n);
	return n;
}

static long long do_removexattr(struct side *side unused, const struct op *op,
				struct outcome *out unused)
{
	return lremovexattr(op->from, attribute(op));
}

static long long do_stat(struct side *side unused, const struct op *op,
			 struct outcome *out unused)
{
	struct stat st;

	return stat(op->from, &st);
}

static long long do_fsync(struct side *side unused, const struct op *op,
			  struct outcome *out unused)
{
	int fd = open_path(op->from, O_RDONLY);
	int r;

	if (fd < 0)
		return -1;
	r = op->choice % 2 ? fsync(fd) : fdatasync(fd);
	return finish(fd, r);
}

static long long do_keep(struct side *side, const struct op *op,
			 struct outcome *out unused)
{
	int *fd = &side->kept[op->slot];

	if (*fd >= 0)
		close(*fd);
	*fd = open_path(op->from, O_RDWR | (op->choice % 2 ? O_CREAT : 0));
	return *fd < 0 ? -1 : 0;
}

/* A file that is removed at once and lives on in its slot. */
static long long do_keep_removed(struct side *side, const struct op *op,
				 struct outcome *out)
{
	if (do_keep(side, op, out) < 0)
		return -1;
	return unlink(op->from);
}

static long long do_kept_write(struct side *side, const struct op *op,
			       struct outcome *out unused)
{
	return write_to(side->kept[op->slot], op);
}

static long long do_kept_read(struct side *side, const struct op *op,
			      struct outcome *out)
{
	return read_from(side->kept[op->slot], op, out);
}

static long long do_kept_truncate(struct side *side, const struct op *op,
				  struct outcome *out unused)
{
	int fd = side->kept[op->slot];
	int r = ftruncate(fd, (off_t)op->offset);

	if (r == 0)
		settle(fd, op);
	return r;
}

static long long do_kept_chmod(struct side *side, const struct op *op,
			       struct outcome *out unused)
{
	return fchmod(side->kept[op->slot], op->mode);
}

static long long do_kept_close(struct side *side, const struct op *op,
			       struct outcome *out unused)
{
	int *fd = &side->kept[op->slot];
	int r = close(*fd);

	*fd = -1;
	return r;
}

/* clang-format off */
const struct op_type op_types[] = {
	{ "create",	   30, do_create,	 false, true },
	{ "write",	   60, do_write,	 false, true },
	{ "append",	   30, do_append,	 false, false },
	{ "read",	   40, do_read,		 false, false },
	{ "truncate",	   30, do_truncate,	 false, false },
	{ "mmap-write",	   15, do_mmap_write,	 false, false },
	{ "rename",	   50, do_rename,	 true,  true },
	{ "noreplace",	   10, do_noreplace,	 true,  true },
	{ "exchange",	   15, do_exchange,	 true,  true },
	{ "link",	   25, do_link,		 true,  true },
	{ "unlink",	   25, do_unlink,	 false, false },
	{ "mkdir",	   40, do_mkdir,	 false, true },
	{ "rmdir",	   12, do_rmdir,	 false, false },
	{ "symlink",	   10, do_symlink,	 true,  true },
	{ "readlink",	   10, do_readlink,	 false, false },
	{ "mkfifo",	    3, do_mkfifo,	 false, true },
	{ "chmod",	   20, do_chmod,	 false, false },
	{ "utimens",	   20, do_utimens,	 false, false },
	{ "fallocate",	   15, do_fallocate,	 false, false },
	{ "copy",	   15, do_copy,		 true,  true },
	{ "list",	   20, do_list,		 false, false },
	{ "setxattr",	   15, do_setxattr,	 false, false },
	{ "getxattr",	   10, do_getxattr,	 false, false },
	{ "removexattr",    5, do_removexattr,	 false, false },
	{ "stat",	   20, do_stat,		 false, false },
	{ "fsync",	    2, do_fsync,	 false, false },
	{ "keep",	   20, do_keep,		 false, true },
	{ "keep-removed",   8, do_keep_removed,	 false, false },
	{ "kept-write",	   30, do_kept_write,	 false, false },
	{ "kept-read",	   20, do_kept_read,	 false, false },
	{ "kept-truncate", 10, do_kept_truncate, false, false },
	{ "kept-chmod",	    5, do_kept_chmod,	 false, false },
	{ "kept-close",	    5, do_kept_close,	 false, false },
};
/* clang-format on */
const size_t op_type_count = ARRAY_SIZE(op_types);

static void facts_of_stat(const struct stat *st, struct facts *out)
{
	*out = (struct facts){ .mode = st->st_mode };
	if (!S_ISDIR(st->st_mode)) {
		out->links = st->st_nlink;
		out->size = (uint64_t)st->st_size;
	}
	if (st->st_mtim.tv_sec < OPS_SEC_MAX) {
		out->mtime_sec = st->st_mtim.tv_sec;
		out->mtime_nsec = st->st_mtim.tv_nsec;
	}
}

void facts_of_path(const char *path, struct facts *out)
{
	struct stat st;

	*out = (struct facts){ 0 };
	if (lstat(path, &st) == 0)
		facts_of_stat(&st, out);
	else
		out->error = errno;
}

void op_run(struct side *side, const struct op *op, struct outcome *out)
{
	struct stat st;

	*out = (struct outcome){ 0 };
	errno = 0;
	out->value = op->type->run(side, op, out);
	if (out->value < 0)
		out->error = errno;
	facts_of_path(op->from, &out->from);
	if (op->type->has_to)
		facts_of_path(op->to, &out->to);
	else if (side->kept[op->slot] >= 0) {
		if (fstat(side->kept[op->slot], &st) == 0)
			facts_of_stat(&st, &out->to);
		else
			out->to.error = errno;
	}
}

void op_print(const struct op *op)
{
	printf("%s '%s'", op->type->name, op->from);
	if (op->type->has_to)
		printf(" '%s'", op->to);
	printf(" offset=%zu len=%zu seed=%u choice=%u slot=%u mode=%o"
	       " time=%lld.%09ld",
	       op->offset, op->len, op->seed, op->choice, op->slot, op->mode,
	       (long long)op->sec, op->nsec);
}
