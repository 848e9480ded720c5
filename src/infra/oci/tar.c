// SPDX-License-Identifier: Apache-2.0
/*
 * tar.c - read a tar stream into a layer.
 *
 * Theory of operation
 *
 * Two readers in a row. The outer one only uncompresses; all bytes that it
 * yields are counted and hashed, for they are what the diff id stands for,
 * and then feed the inner one, which finds the entries. When the inner one
 * has seen the end of the archive, the rest is read and hashed all the same.
 */
#include "infra/oci/tar.h"

#include <sys/stat.h>

#include "infra/oci/unpack.h"

struct tar_stream {
	struct source base; /* of uncompressed bytes, for the inner reader */
	struct layer *layer;
	struct tar_watch *watch; /* may be NULL */
	struct unpack outer;
	bool has_entry; /* the outer reader found anything at all */
	/* What the outer reader yielded and the inner one has not taken. */
	const char *rest;
	size_t rest_len;
};

/* The next bytes of uncompressed tar; *@len is 0 at the end. */
static int next_bytes(struct tar_stream *t, const char **p, size_t *len,
		      struct err *err)
{
	const void *block = NULL;
	uint64_t offset;
	int r = 1;

	*len = 0;
	while (t->has_entry && r && !*len) {
		r = unpack_data(&t->outer, &block, len, &offset, err);
		if (r < 0)
			return -1;
		if (!r)
			*len = 0;
	}
	*p = block;
	if (*len && layer_hash(t->layer, block, *len, err) < 0)
		return -1;
	if (t->watch)
		t->watch->seen(t->watch, layer_hashed(t->layer));
	return 0;
}

static int stream_read(struct source *base, void *buffer, size_t size,
		       size_t *len, struct err *err)
{
	struct tar_stream *t = container_of(base, struct tar_stream, base);

	if (!t->rest_len && next_bytes(t, &t->rest, &t->rest_len, err) < 0)
		return -1;
	*len = t->rest_len < size ? t->rest_len : size;
	if (!*len)
		return 0;
	memcpy(buffer, t->rest, *len);
	t->rest += *len;
	t->rest_len -= *len;
	return 0;
}

static const struct source_ops stream_ops = { .read = stream_read };

static int convert_id(la_int64_t id, const char *what, uint32_t *out,
		      struct err *err)
{
	/* The last value means "no id" to the kernel. */
	if (id < 0 || id >= UINT32_MAX)
		return err_set(err, ERR_INVALID, "%s %lld is out of range",
			       what, (long long)id);
	*out = (uint32_t)id;
	return 0;
}

/* Squashfs has 32 bits for seconds since 1970. */
static uint32_t convert_time(time_t t)
{
	if (t < 0)
		return 0;
	return t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static enum layer_entry_kind kind_of(struct archive_entry *ae)
{
	if (archive_entry_hardlink(ae))
		return LAYER_HARDLINK;
	/* Holes could make a few bytes claim exabytes. */
	if (archive_entry_sparse_count(ae) > 0)
		return LAYER_SKIPPED;
	switch (archive_entry_filetype(ae)) {
	case AE_IFREG:
		return LAYER_FILE;
	case AE_IFDIR:
		return LAYER_DIR;
	case AE_IFLNK:
		return LAYER_SYMLINK;
	default:
		return LAYER_SKIPPED;
	}
}

static int convert(struct archive_entry *ae, struct layer_entry *out,
		   struct err *err)
{
	const char *path = archive_entry_pathname(ae);
	la_int64_t size = archive_entry_size(ae);

	if (!path)
		return err_set(err, ERR_INVALID, "an entry has no name");
	*out = (struct layer_entry){
		.kind = kind_of(ae),
		.path = path,
		.meta = { .mode = (uint16_t)(archive_entry_perm(ae) & 07777),
			  .mtime = convert_time(archive_entry_mtime(ae)) },
	};
	if (out->kind == LAYER_SKIPPED)
		return 0;
	if (out->kind == LAYER_HARDLINK)
		out->target = archive_entry_hardlink(ae);
	if (out->kind == LAYER_SYMLINK)
		out->target = archive_entry_symlink(ae);
	if ((out->kind == LAYER_HARDLINK || out->kind == LAYER_SYMLINK) &&
	    !out->target)
		return err_set(err, ERR_INVALID, "'%.128s' has no target",
			       path);
	if (size < 0)
		return err_set(err, ERR_INVALID, "'%.128s' has no size", path);
	out->size = (uint64_t)size;
	if (convert_id(archive_entry_uid(ae), "uid", &out->meta.uid, err) < 0 ||
	    convert_id(archive_entry_gid(ae), "gid", &out->meta.gid, err) < 0)
		return err_wrap(err, "'%.128s'", path);
	return 0;
}

static int copy_data(struct layer *l, struct unpack *inner, struct err *err)
{
	const void *p = NULL;
	size_t len = 0;
	uint64_t offset = 0, written = 0;
	int r;

	while ((r = unpack_data(inner, &p, &len, &offset, err)) > 0) {
		if (offset != written)
			return err_set(err, ERR_INVALID,
				       "a file has holes that it hides");
		if (layer_write(l, p, len, err) < 0)
			return -1;
		written += len;
	}
	return r < 0 ? -1 : layer_end_file(l, err);
}

static int read_entries(struct layer *l, struct unpack *inner, struct err *err)
{
	struct archive_entry *ae;
	int r;

	while ((r = unpack_next(inner, &ae, err)) > 0) {
		struct layer_entry entry;
		bool is_open = false;

		if (convert(ae, &entry, err) < 0 ||
		    layer_add(l, &entry, &is_open, err) < 0)
			return -1;
		if (is_open && copy_data(l, inner, err) < 0)
			return err_wrap(err, "'%.128s'", entry.path);
	}
	return r;
}

static int read_stream(struct tar_stream *t, struct source *source,
		       struct err *err)
{
	auto_unpack struct unpack inner = UNPACK_INIT;
	struct archive_entry *ignored;
	const char *p;
	size_t len;
	int r;

	if (unpack_open(&t->outer, source, UNPACK_RAW, err) < 0)
		return -1;
	r = unpack_next(&t->outer, &ignored, err);
	if (r < 0)
		return -1;
	t->has_entry = r > 0;
	if (unpack_open(&inner, &t->base, UNPACK_TAR, err) < 0 ||
	    read_entries(t->layer, &inner, err) < 0)
		return -1;
	do {
		if (next_bytes(t, &p, &len, err) < 0)
			return -1;
	} while (len);
	return 0;
}

int tar_read_layer(struct layer *l, struct source *source,
		   struct tar_watch *watch, struct err *err)
{
	auto_raw_names struct raw_names names = { .ours = (locale_t)0 };
	struct tar_stream t = {
		.base = { .ops = &stream_ops },
		.layer = l,
		.watch = watch,
		.outer = UNPACK_INIT,
	};
	int r;

	if (raw_names_begin(&names, err) < 0)
		return -1;
	r = read_stream(&t, source, err);
	unpack_release(&t.outer);
	return r;
}
