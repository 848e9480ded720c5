// SPDX-License-Identifier: Apache-2.0
/*
 * decided.c - remember decisions in the session directory.
 */
#include "infra/diff/decided.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define SIZE_MAX_READ ((size_t)256 * 1024 * 1024) /* bytes */

static int read_file(int session, struct buf *out, struct err *err)
{
	struct err cause = ERR_INIT;
	auto_close int fd = fd_open_no_symlinks(
		session, DECIDED_FILE, O_RDONLY | O_NONBLOCK, 0, &cause);

	if (fd < 0 && cause.kind == ERR_NOT_FOUND)
		return 0;
	if (fd < 0) {
		*err = cause;
		return -1;
	}
	return fd_read_all(fd, out, err);
}

int decided_add(const char *session, const struct change_list *changes,
		struct err *err)
{
	auto_free char *path = xasprintf("%s/" DECIDED_FILE, session);
	auto_buf struct buf all = BUF_INIT(SIZE_MAX_READ);
	auto_close int dir = fd_open_dir(session, err);

	if (dir < 0 || read_file(dir, &all, err) < 0)
		return err_wrap(err, "keep decisions");
	for (size_t i = 0; i < changes->n; i++) {
		const struct change *change = &changes->v[i];

		if (change->is_asked &&
		    buf_add(&all, change->path, strlen(change->path) + 1, err) <
			    0)
			return err_wrap(err, "keep decisions");
	}
	if (!all.len)
		return 0;
	return fs_replace_file(path, all.data, all.len, 0600, err);
}

int decided_read(int session, struct strv *out, struct err *err)
{
	auto_buf struct buf all = BUF_INIT(SIZE_MAX_READ);
	struct span rest, path;

	if (read_file(session, &all, err) < 0)
		return err_wrap(err, "read decisions");
	rest = buf_span(&all);
	while (span_take_until(&rest, '\0', &path))
		if (path.len)
			strv_addf(out, "%.*s", (int)path.len,
				  (const char *)path.p);
	strv_sort(out);
	return 0;
}
