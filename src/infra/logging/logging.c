// SPDX-License-Identifier: Apache-2.0
/*
 * logging.c - write log records as JSON lines.
 *
 * Messages quote what guests and registries send. They are made visible as
 * for a terminal, since somebody will look at the file in one; that leaves
 * valid UTF-8 without controls, in which JSON only wants quotes and
 * backslashes escaped.
 *
 * A record that cannot be written is lost: the session matters more.
 */
#include "infra/logging/logging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "infra/sys/fd.h"

/* Above anything a message can grow to when it is made visible, bytes. */
#define RECORD_MAX ((size_t)64 * 1024)
/* "2026-01-02T03:04:05.678901234Z" and room for a year beyond 9999 */
#define TIME_SIZE 64

#define FULL_MESSAGE "log: full, discarding the rest"

struct file_log {
	struct log base;
	int fd;
	char *vm; /* owned; as a JSON string, with quotes */
	bool debug;
	bool full;
};

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "DEBUG",
	[LOG_LEVEL_INFO] = "INFO",
	[LOG_LEVEL_WARN] = "WARN",
	[LOG_LEVEL_ERROR] = "ERROR",
};

static int add_json_string(struct buf *b, const char *s, struct err *err)
{
	auto_buf struct buf visible = BUF_INIT(RECORD_MAX);

	if (text_add_visible(&visible, SPAN_STR(s), err) < 0 ||
	    buf_addc(b, '"', err) < 0)
		return -1;
	for (size_t i = 0; i < visible.len; i++) {
		char c = visible.data[i];

		if ((c == '"' || c == '\\') && buf_addc(b, '\\', err) < 0)
			return -1;
		if (buf_addc(b, c, err) < 0)
			return -1;
	}
	return buf_addc(b, '"', err);
}

/* RFC 3339, in UTC. */
static void format_now(char out[TIME_SIZE])
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + n, TIME_SIZE - n, ".%09ldZ", now.tv_nsec);
}

static int format_record(const struct file_log *f, enum log_level level,
			 const char *msg, struct buf *out, struct err *err)
{
	char now[TIME_SIZE];

	format_now(now);
	if (buf_addf(out, err, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":",
		     now, level_names[level]) < 0)
		return -1;
	if (add_json_string(out, msg, err) < 0)
		return -1;
	return buf_addf(out, err, ",\"vm\":%s}\n", f->vm);
}

static void file_log_write(struct log *log, enum log_level level,
			   const char *msg)
{
	struct file_log *f = container_of(log, struct file_log, base);
	auto_buf struct buf record = BUF_INIT(RECORD_MAX);
	off_t size;

	if (f->full || (level == LOG_LEVEL_DEBUG && !f->debug))
		return;
	if (format_record(f, level, msg, &record, ERR_IGNORE) < 0)
		return;
	/* Not our own count: helper processes may append to the same file. */
	size = lseek(f->fd, 0, SEEK_END);
	if (size < 0)
		return;
	if ((uint64_t)size + record.len > FILE_LOG_SIZE_MAX) {
		f->full = true;
		buf_reset(&record);
		if (format_record(f, LOG_LEVEL_WARN, FULL_MESSAGE, &record,
				  ERR_IGNORE) < 0)
			return;
	}
	/* See the top: a lost record is no reason to stop a session. */
	discard(fd_write_all(f->fd, record.data, record.len, ERR_IGNORE));
}

static const struct log_ops file_log_ops = { .write = file_log_write };

static int open_file(const char *path, struct err *err)
{
	/*
	 * O_NONBLOCK: a FIFO without a reader must not hold us up. O_APPEND:
	 * records of several writers stay whole.
	 */
	auto_close int fd = open(path,
				 O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK |
					 O_NOCTTY | O_CLOEXEC,
				 0600);
	struct stat st;

	if (fd < 0 && errno != ENXIO)
		return err_sys(err, errno, "open log file '%s'", path);
	if (fd >= 0 && fstat(fd, &st) < 0)
		return err_sys(err, errno, "examine log file '%s'", path);
	if (fd < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID,
			       "log file '%s' is not a regular file", path);
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0)
		return err_sys(err, errno, "prepare log file '%s'", path);
	return fd_take(&fd);
}

int file_log_open(const char *path, const char *vm_name, bool debug,
		  struct file_log **out, struct err *err)
{
	auto_buf struct buf vm = BUF_INIT(RECORD_MAX / 2);
	struct file_log *f;
	int fd;

	if (add_json_string(&vm, vm_name, err) < 0)
		return err_wrap(err, "name of virtual machine");
	fd = open_file(path, err);
	if (fd < 0)
		return -1;
	f = xcalloc(1, sizeof(*f));
	f->base.ops = &file_log_ops;
	f->fd = fd;
	f->vm = buf_take(&vm, /* len */ NULL);
	f->debug = debug;
	*out = f;
	return 0;
}

struct log *file_log_base(struct file_log *f)
{
	return &f->base;
}

void file_log_close(struct file_log *f)
{
	if (!f)
		return;
	fd_close(&f->fd);
	free(f->vm);
	free(f);
}
