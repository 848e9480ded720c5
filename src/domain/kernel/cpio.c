// SPDX-License-Identifier: Apache-2.0
/*
 * cpio.c - write "newc" archives.
 */
#include "domain/kernel/cpio.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/ckd.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/paths.h"

#define MAGIC	   "070701"
#define HEADER_LEN ((size_t)110)
#define HEX_LEN	   8
#define ALIGNMENT  ((size_t)4)
#define TRAILER	   "TRAILER!!!"
/* The kernel drops entries whose name or link target is longer. */
#define NAME_SIZE_MAX ((size_t)4096) /* bytes, with the NUL */

/* File types of st_mode; a pure layer has no <sys/stat.h>. */
#define TYPE_MASK   0170000U
#define TYPE_DIR    0040000U
#define TYPE_REG    0100000U
#define TYPE_LINK   0120000U
#define MODE_MASK   0177777U
#define PARENT_MODE (TYPE_DIR | 0755U)

/* Where two fields stand, counted in fields behind the magic. */
enum { FIELD_FILESIZE = 6, FIELD_NAMESIZE = 11 };

static size_t padding(size_t len)
{
	return (ALIGNMENT - len % ALIGNMENT) % ALIGNMENT;
}

/* The trailer's name would end the archive. */
static bool is_usable_path(const char *path)
{
	return path_is_plain(path) && strlen(path) < NAME_SIZE_MAX &&
	       strcmp(path, TRAILER) != 0;
}

static int check_entry(const struct cpio_entry *e, struct err *err)
{
	uint32_t type = e->mode & TYPE_MASK;

	if (!is_usable_path(e->path)) {
		auto_free char *shown = text_visible(e->path);

		return err_set(err, ERR_INVALID, "bad archive path '%s'",
			       shown);
	}
	if ((e->mode & ~MODE_MASK) ||
	    (type != TYPE_REG && type != TYPE_DIR && type != TYPE_LINK))
		return err_set(err, ERR_INVALID,
			       "archive entry '%s': mode 0%o is not a file, "
			       "directory or symlink",
			       e->path, e->mode);
	if (type == TYPE_DIR && e->len)
		return err_set(err, ERR_INVALID,
			       "archive entry '%s': a directory with content",
			       e->path);
	if (type == TYPE_LINK && (!e->len || e->len >= NAME_SIZE_MAX))
		return err_set(err, ERR_INVALID,
			       "archive entry '%s': bad symlink target",
			       e->path);
	if (e->len > UINT32_MAX)
		return err_set(err, ERR_LIMIT,
			       "archive entry '%s' exceeds 4 GiB", e->path);
	return 0;
}

/* @e was checked. On failure @out is as it was. */
static int add_entry(struct buf *out, const struct cpio_entry *e,
		     struct err *err)
{
	size_t name_size = strlen(e->path) + 1;
	size_t name_end = HEADER_LEN + name_size;
	size_t data_start = name_end + padding(name_end);
	size_t total;
	char *p;

	assert(out->len % ALIGNMENT == 0);
	if (ckd_add(&total, data_start, e->len) ||
	    ckd_add(&total, total, padding(e->len)))
		return err_set(err, ERR_LIMIT,
			       "archive entry '%s' is too "
			       "large",
			       e->path);
	if (buf_room(out, total, &p, err) < 0)
		return err_wrap(err, "archive entry '%s'", e->path);
	memset(p, 0, total);
	/* ino, mode, uid, gid, nlink, mtime, filesize, 4 device numbers. */
	snprintf(p, HEADER_LEN + 1,
		 MAGIC "%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 0U, e->mode, e->uid, e->gid, 1U, 0U, (uint32_t)e->len, 0U, 0U,
		 0U, 0U, (uint32_t)name_size, 0U);
	memcpy(p + HEADER_LEN, e->path, name_size);
	if (e->len)
		memcpy(p + data_start, e->data, e->len);
	buf_grew(out, total);
	return 0;
}

int cpio_add(struct buf *out, const struct cpio_entry *entry, struct err *err)
{
	if (check_entry(entry, err) < 0)
		return -1;
	return add_entry(out, entry, err);
}

/* A header field of an entry that we wrote ourselves. */
static size_t field(const char *header, size_t index)
{
	const char *p = header + strlen(MAGIC) + index * HEX_LEN;
	size_t value = 0;

	for (size_t i = 0; i < HEX_LEN; i++) {
		size_t digit =
			(size_t)(p[i] <= '9' ? p[i] - '0' : p[i] - 'a' + 10);

		assert(digit < 16);
		value = value << 4 | digit;
	}
	return value;
}

static bool has_entry(const struct buf *out, const char *path)
{
	size_t at = 0;

	while (at < out->len) {
		const char *header = out->data + at;
		size_t name_end = HEADER_LEN + field(header, FIELD_NAMESIZE);
		size_t len = field(header, FIELD_FILESIZE);

		assert(!memcmp(header, MAGIC, strlen(MAGIC)));
		if (!strcmp(header + HEADER_LEN, path))
			return true;
		at += name_end + padding(name_end) + len + padding(len);
	}
	return false;
}

int cpio_add_parents(struct buf *out, const char *path, struct err *err)
{
	struct cpio_entry parent = { .mode = PARENT_MODE };

	if (!is_usable_path(path)) {
		auto_free char *shown = text_visible(path);

		return err_set(err, ERR_INVALID, "bad archive path '%s'",
			       shown);
	}
	for (const char *slash = strchr(path, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		auto_free char *dir = xmemdup0(path, (size_t)(slash - path));

		if (has_entry(out, dir))
			continue;
		parent.path = dir;
		if (add_entry(out, &parent, err) < 0)
			return -1;
	}
	return 0;
}

int cpio_end(struct buf *out, struct err *err)
{
	static const struct cpio_entry trailer = { .path = TRAILER };

	return add_entry(out, &trailer, err);
}
