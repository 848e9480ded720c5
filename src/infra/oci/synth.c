// SPDX-License-Identifier: Apache-2.0
/*
 * synth.c - a layer made of single entries instead of a tar stream.
 */
#include "infra/oci/synth.h"

#include <errno.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"

struct synth {
	struct layer *layer; /* borrowed */
	struct archive *a;
	struct err *err;  /* of the call that is going on */
	bool hash_failed; /* and *err says why */
};

static la_ssize_t on_write(struct archive *a, void *data, const void *p,
			   size_t len)
{
	struct synth *s = data;

	if (layer_hash(s->layer, p, len, s->err) < 0) {
		s->hash_failed = true;
		archive_set_error(a, EFBIG, "too large");
		return ARCHIVE_FATAL;
	}
	return (la_ssize_t)len;
}

static int fail(struct synth *s, struct err *err)
{
	const char *text = archive_error_string(s->a);

	if (s->hash_failed)
		return -1;
	return err_set(err, ERR_INVALID, "describe entry: %s",
		       text ? text : "unexpected failure");
}

int synth_new(struct layer *l, struct synth **out, struct err *err)
{
	auto_synth struct synth *s = xcalloc(1, sizeof(*s));

	s->layer = l;
	s->err = err;
	s->a = archive_write_new();
	if (!s->a)
		abort(); /* out of memory, as in mem.h */
	/* No padding behind the end that the format itself asks for. */
	if (archive_write_set_format_ustar(s->a) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(s->a, 1) != ARCHIVE_OK ||
	    archive_write_open(s->a, s, /* open */ NULL, on_write,
			       /* close */ NULL) != ARCHIVE_OK)
		return fail(s, err);
	*out = take_ptr(s);
	return 0;
}

void synth_free(struct synth *s)
{
	struct err ignored = ERR_INIT;

	if (!s)
		return;
	/* Freeing an unfinished archive still writes its end. */
	s->err = &ignored;
	archive_write_free(s->a);
	free(s);
}

static struct archive_entry *describe(const struct layer_entry *e)
{
	struct archive_entry *ae = archive_entry_new();

	if (!ae)
		abort(); /* out of memory, as in mem.h */
	archive_entry_set_pathname(ae, e->path);
	archive_entry_set_perm(ae, e->meta.mode);
	archive_entry_set_uid(ae, e->meta.uid);
	archive_entry_set_gid(ae, e->meta.gid);
	archive_entry_set_mtime(ae, e->meta.mtime, 0);
	archive_entry_set_size(ae, 0);
	if (e->kind == LAYER_DIR) {
		archive_entry_set_filetype(ae, AE_IFDIR);
	} else if (e->kind == LAYER_SYMLINK) {
		archive_entry_set_filetype(ae, AE_IFLNK);
		archive_entry_set_symlink(ae, e->target);
	} else {
		archive_entry_set_filetype(ae, AE_IFREG);
		archive_entry_set_size(ae, (la_int64_t)e->size);
	}
	return ae;
}

int synth_add(struct synth *s, const struct layer_entry *entry, struct err *err)
{
	struct archive_entry *ae;
	bool is_open = false;
	int r;

	assert(entry->kind == LAYER_DIR || entry->kind == LAYER_SYMLINK ||
	       entry->kind == LAYER_FILE);
	if (layer_add(s->layer, entry, &is_open, err) < 0)
		return -1;
	assert(is_open == (entry->kind == LAYER_FILE));
	s->err = err;
	ae = describe(entry);
	r = archive_write_header(s->a, ae);
	archive_entry_free(ae);
	return r == ARCHIVE_OK ? 0 : fail(s, err);
}

int synth_write(struct synth *s, const void *p, size_t len, struct err *err)
{
	if (layer_write(s->layer, p, len, err) < 0)
		return -1;
	s->err = err;
	if (archive_write_data(s->a, p, len) != (la_ssize_t)len)
		return fail(s, err);
	return 0;
}

int synth_end_file(struct synth *s, struct err *err)
{
	s->err = err;
	if (archive_write_finish_entry(s->a) != ARCHIVE_OK)
		return fail(s, err);
	return layer_end_file(s->layer, err);
}

int synth_finish(struct synth *s, struct err *err)
{
	s->err = err;
	return archive_write_close(s->a) == ARCHIVE_OK ? 0 : fail(s, err);
}
