// SPDX-License-Identifier: Apache-2.0
/*
 * unpack.c - libarchive on a struct source.
 */
#include "infra/oci/unpack.h"

#include <errno.h>

#include "base/mem.h"

#define READ_SIZE ((size_t)128 * 1024) /* bytes */

static la_ssize_t on_read(struct archive *a, void *data, const void **out)
{
	struct unpack *u = data;
	size_t len = 0;

	if (source_read(u->source, u->buffer, READ_SIZE, &len, u->err) < 0) {
		u->source_failed = true;
		archive_set_error(a, EIO, "source failed");
		return ARCHIVE_FATAL;
	}
	*out = u->buffer;
	return (la_ssize_t)len;
}

static int fail(struct unpack *u, struct err *err)
{
	const char *text = archive_error_string(u->a);

	if (u->source_failed)
		return -1;
	return err_set(err, ERR_INVALID, "read archive: %s",
		       text ? text : "it is damaged");
}

int unpack_open(struct unpack *u, struct source *source,
		enum unpack_format format, struct err *err)
{
	*u = (struct unpack){
		.a = archive_read_new(),
		.source = source,
		.err = err,
		.buffer = xmalloc(READ_SIZE),
	};
	if (!u->a)
		abort(); /* out of memory, as in mem.h */
	if ((format == UNPACK_RAW
		     ? archive_read_support_format_raw(u->a)
		     : archive_read_support_format_tar(u->a)) != ARCHIVE_OK ||
	    archive_read_support_format_empty(u->a) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(u->a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(u->a) != ARCHIVE_OK ||
	    archive_read_open(u->a, u, /* open */ NULL, on_read,
			      /* close */ NULL) != ARCHIVE_OK)
		return fail(u, err);
	return 0;
}

void unpack_release(struct unpack *u)
{
	/* Only fails where closing the source does, and ours has nothing. */
	archive_read_free(u->a);
	free(u->buffer);
	*u = UNPACK_INIT;
}

int unpack_next(struct unpack *u, struct archive_entry **entry, struct err *err)
{
	int r;

	u->err = err;
	r = archive_read_next_header(u->a, entry);
	if (r == ARCHIVE_EOF)
		return 0;
	/* A warning is about a name's encoding; see struct raw_names. */
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return fail(u, err);
	return 1;
}

int unpack_data(struct unpack *u, const void **p, size_t *len, uint64_t *offset,
		struct err *err)
{
	la_int64_t at;
	int r;

	u->err = err;
	r = archive_read_data_block(u->a, p, len, &at);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return fail(u, err);
	*offset = (uint64_t)at;
	return 1;
}

int raw_names_begin(struct raw_names *r, struct err *err)
{
	r->ours = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	r->before = (locale_t)0;
	if (!r->ours)
		return err_sys(err, errno, "prepare the C locale");
	r->before = uselocale(r->ours);
	return 0;
}

void raw_names_end(struct raw_names *r)
{
	if (r->before)
		uselocale(r->before);
	if (r->ours)
		freelocale(r->ours);
	*r = (struct raw_names){ .ours = (locale_t)0 };
}
