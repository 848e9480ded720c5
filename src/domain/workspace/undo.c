// SPDX-License-Identifier: Apache-2.0
/*
 * undo.c - write and read what a flush replaced.
 *
 * Theory of operation
 *
 * A manifest is a sequence of fields, each with a NUL behind it. A record
 * begins with a field of one letter, which tells how many fields follow. So a
 * record is whole when all of its fields are, and what a crash cut short is
 * seen as such. Numbers are decimal.
 */
#include "domain/workspace/undo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/paths.h"

#define FORMAT	    "bbox-undo 1"
#define MODE_MAX    07777
#define SIDE_FIELDS 4 /* type, mode, hash, target */
/* path, two sides, object, size */
#define ENTRY_FIELDS (1 + 2 * SIDE_FIELDS + 2)
#define HEAD_FIELDS  4 /* format, workspace, time, kind */

#define RECORD_ENTRY  "E"
#define RECORD_VOID   "V"
#define RECORD_UNDONE "U"

static const char *const type_names[] = {
	[UNDO_ABSENT] = "absent",
	[UNDO_FILE] = "file",
	[UNDO_SYMLINK] = "symlink",
	[UNDO_DIR] = "directory",
};
static_assert(ARRAY_SIZE(type_names) == UNDO_TYPE_COUNT,
	      "type_names[] and enum undo_type differ");

void undo_entry_release(struct undo_entry *e)
{
	free(e->path);
	free(e->before.target);
	free(e->after.target);
	*e = (struct undo_entry){ .path = NULL };
}

void undo_manifest_release(struct undo_manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		undo_entry_release(&m->v[i]);
	free(m->v);
	free(m->head.workspace);
	*m = UNDO_MANIFEST_INIT;
}

char *undo_object_path(uint64_t object)
{
	return xasprintf(UNDO_OBJECTS "/%016" PRIx64, object);
}

static int add_field(struct buf *out, const char *text, struct err *err)
{
	return buf_add(out, text, strlen(text) + 1, err);
}

static int add_number(struct buf *out, uint64_t n, struct err *err)
{
	if (buf_addf(out, err, "%" PRIu64, n) < 0)
		return -1;
	return buf_addc(out, '\0', err);
}

int undo_add_head(struct buf *out, const struct undo_head *head,
		  struct err *err)
{
	if (add_field(out, FORMAT, err) < 0 ||
	    add_field(out, head->workspace, err) < 0 ||
	    add_number(out, (uint64_t)head->time_ns, err) < 0)
		return -1;
	return add_field(out, head->is_undo ? "undo" : "flush", err);
}

static int add_side(struct buf *out, const struct undo_side *side,
		    struct err *err)
{
	if (add_field(out, type_names[side->type], err) < 0 ||
	    add_number(out, side->mode, err) < 0 ||
	    add_field(out, side->hash, err) < 0)
		return -1;
	return add_field(out, side->target ? side->target : "", err);
}

int undo_add_entry(struct buf *out, const struct undo_entry *entry,
		   struct err *err)
{
	if (add_field(out, RECORD_ENTRY, err) < 0 ||
	    add_field(out, entry->path, err) < 0 ||
	    add_side(out, &entry->before, err) < 0 ||
	    add_side(out, &entry->after, err) < 0 ||
	    add_number(out, entry->object, err) < 0)
		return -1;
	return add_number(out, entry->size, err);
}

int undo_add_void(struct buf *out, struct err *err)
{
	return add_field(out, RECORD_VOID, err);
}

int undo_add_undone(struct buf *out, struct err *err)
{
	return add_field(out, RECORD_UNDONE, err);
}

/* Takes @n fields, or none when they are not all there. */
static bool take_fields(struct span *from, const char **out, size_t n)
{
	struct span rest = *from;

	for (size_t i = 0; i < n; i++) {
		const char *end =
			rest.len ? memchr(rest.p, '\0', rest.len) : NULL;

		if (!end)
			return false;
		out[i] = rest.p;
		if (!span_skip(&rest, (size_t)(end - out[i]) + 1))
			return false;
	}
	*from = rest;
	return true;
}

static bool parse_type(const char *text, enum undo_type *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
		if (!strcmp(text, type_names[i])) {
			*out = (enum undo_type)i;
			return true;
		}
	}
	return false;
}

static bool is_hash(const char *text)
{
	return strlen(text) == CHANGE_HASH_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == CHANGE_HASH_SIZE - 1;
}

static bool parse_side(const char *const *fields, struct undo_side *out)
{
	uint64_t mode;

	if (!parse_type(fields[0], &out->type) ||
	    !text_parse_u64(fields[1], MODE_MAX, &mode))
		return false;
	/* A file has a hash and a symlink a text, and nothing else has. */
	if (out->type == UNDO_FILE ? !is_hash(fields[2]) : *fields[2] != '\0')
		return false;
	if ((out->type == UNDO_SYMLINK) != (*fields[3] != '\0'))
		return false;
	out->mode = (uint32_t)mode;
	memcpy(out->hash, fields[2], strlen(fields[2]) + 1);
	if (*fields[3])
		out->target = xstrdup(fields[3]);
	return true;
}

static bool parse_entry(const char *const *fields, struct undo_entry *out)
{
	if (!path_is_plain(fields[0]) ||
	    !parse_side(fields + 1, &out->before) ||
	    !parse_side(fields + 1 + SIDE_FIELDS, &out->after) ||
	    !text_parse_u64(fields[ENTRY_FIELDS - 2], UINT64_MAX,
			    &out->object) ||
	    !text_parse_u64(fields[ENTRY_FIELDS - 1], UINT64_MAX, &out->size))
		return false;
	out->path = xstrdup(fields[0]);
	return true;
}

static bool parse_head(struct span *text, struct undo_head *out)
{
	const char *fields[HEAD_FIELDS];
	uint64_t time;

	if (!take_fields(text, fields, HEAD_FIELDS) ||
	    strcmp(fields[0], FORMAT) != 0 || fields[1][0] != '/' ||
	    !text_parse_u64(fields[2], INT64_MAX, &time) ||
	    (strcmp(fields[3], "undo") != 0 && strcmp(fields[3], "flush") != 0))
		return false;
	out->workspace = xstrdup(fields[1]);
	out->time_ns = (int64_t)time;
	out->is_undo = !strcmp(fields[3], "undo");
	return true;
}

static void drop_last(struct undo_manifest *m)
{
	if (m->n)
		undo_entry_release(&m->v[--m->n]);
}

static int add_parsed(struct undo_manifest *m, const char *const *fields,
		      size_t *capacity, struct err *err)
{
	auto_undo_entry struct undo_entry entry = { .path = NULL };

	if (!parse_entry(fields, &entry))
		return err_set(err, ERR_INVALID,
			       "the record of what was replaced is damaged");
	if (m->n >= UNDO_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu files to undo",
			       UNDO_ENTRIES_MAX);
	if (m->n == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 64;
		m->v = xreallocarray(m->v, *capacity, sizeof(*m->v));
	}
	m->v[m->n++] = entry;
	entry = (struct undo_entry){ .path = NULL };
	return 0;
}

int undo_parse(struct span text, struct undo_manifest *out, struct err *err)
{
	const char *fields[ENTRY_FIELDS], *letter;
	size_t capacity = 0;

	*out = UNDO_MANIFEST_INIT;
	if (!parse_head(&text, &out->head))
		return err_set(err, ERR_INVALID,
			       "this is no record of what was replaced");
	while (take_fields(&text, &letter, 1)) {
		if (!strcmp(letter, RECORD_VOID)) {
			drop_last(out);
		} else if (!strcmp(letter, RECORD_UNDONE)) {
			out->undone = true;
		} else if (strcmp(letter, RECORD_ENTRY) != 0) {
			return err_set(err, ERR_INVALID,
				       "the record of what was replaced is "
				       "damaged");
		} else if (!take_fields(&text, fields, ENTRY_FIELDS)) {
			return 0;
		} else if (add_parsed(out, fields, &capacity, err) < 0) {
			return -1;
		}
	}
	return 0;
}

/* All but absent has one. */
static enum change_type change_type_of(enum undo_type type)
{
	switch (type) {
	case UNDO_FILE:
		return CHANGE_FILE;
	case UNDO_SYMLINK:
		return CHANGE_SYMLINK;
	case UNDO_DIR:
	case UNDO_ABSENT:
	case UNDO_TYPE_COUNT:
		break;
	}
	return CHANGE_DIR;
}

static bool is_same(const struct undo_side *a, const struct undo_side *b)
{
	if (a->type != b->type || strcmp(a->hash, b->hash) != 0)
		return false;
	if (a->type == UNDO_SYMLINK)
		return !strcmp(a->target, b->target);
	return a->type != UNDO_FILE || a->mode == b->mode;
}

static void fill_base(const struct undo_side *after, struct change *change)
{
	if (after->type == UNDO_ABSENT)
		return;
	change->base_known = true;
	change->base_type = change_type_of(after->type);
	change->base_mode = after->mode;
	memcpy(change->base_hash, after->hash, CHANGE_HASH_SIZE);
	if (after->target)
		change->base_target = xstrdup(after->target);
}

static void fill_wanted(const struct undo_entry *e,
			const struct undo_side *before, struct change *change)
{
	if (before->type == UNDO_ABSENT) {
		change->kind = CHANGE_DELETED;
		change->type = change->base_type;
		return;
	}
	change->kind = change->base_known ? CHANGE_MODIFIED : CHANGE_ADDED;
	change->type = change_type_of(before->type);
	change->mode = before->mode;
	memcpy(change->hash, before->hash, CHANGE_HASH_SIZE);
	if (before->target)
		change->target = xstrdup(before->target);
	if (before->type != UNDO_FILE || !e->object)
		return;
	change->size = e->size;
	change->source = undo_object_path(e->object);
}

/* @e knows what was there first, @after what the flush left there. */
static void add_change(const struct undo_entry *e,
		       const struct undo_side *after, struct change_list *out,
		       struct strv *lost)
{
	struct change change = { .decision = CHANGE_ACCEPTED };

	if (is_same(&e->before, after))
		return;
	if (e->before.type == UNDO_FILE && !e->object &&
	    strcmp(e->before.hash, after->hash) != 0) {
		strv_add(lost, e->path);
		return;
	}
	change.path = xstrdup(e->path);
	fill_base(after, &change);
	fill_wanted(e, &e->before, &change);
	change_list_add(out, &change);
}

static int compare(const void *a, const void *b)
{
	const struct undo_entry *x = *(const struct undo_entry *const *)a;
	const struct undo_entry *y = *(const struct undo_entry *const *)b;
	int order = strcmp(x->path, y->path);

	if (order)
		return order;
	/* Entries of one path stay in the order in which they were written. */
	return x < y ? -1 : x > y;
}

void undo_changes(const struct undo_manifest *m, struct change_list *out,
		  struct strv *lost)
{
	const struct undo_entry **sorted;

	if (!m->n)
		return;
	sorted = xcalloc(m->n, sizeof(*sorted));
	for (size_t i = 0; i < m->n; i++)
		sorted[i] = &m->v[i];
	qsort((void *)sorted, m->n, sizeof(*sorted), compare);
	for (size_t i = 0, last; i < m->n; i = last + 1) {
		for (last = i; last + 1 < m->n; last++) {
			if (strcmp(sorted[last + 1]->path, sorted[i]->path) !=
			    0)
				break;
		}
		add_change(sorted[i], &sorted[last]->after, out, lost);
	}
	free((void *)sorted);
}
