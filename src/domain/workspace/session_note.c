// SPDX-License-Identifier: Apache-2.0
/*
 * session_note.c - write and read the description of a session.
 *
 * The first line names the format. Each field is a line with its name and the
 * number of its bytes, then these and a newline. The order is fixed.
 */
#include "domain/workspace/session_note.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/paths.h"

#define FORMAT	   "bbox-session 1\n"
#define NUMBER_MAX 20 /* digits */

enum field {
	FIELD_WORKSPACE,
	FIELD_NAME,
	FIELD_STARTED,
	FIELD_SNAPSHOT_EXCLUDE,
	FIELD_DIFF_EXCLUDE,

	FIELD_COUNT
};

static const struct field_row {
	const char *name;
	size_t max; /* bytes */
} fields[] = {
	[FIELD_WORKSPACE] = { "workspace", SESSION_NOTE_PATH_MAX },
	[FIELD_NAME] = { "name", SESSION_NOTE_NAME_MAX },
	[FIELD_STARTED] = { "started", NUMBER_MAX },
	[FIELD_SNAPSHOT_EXCLUDE] = { "hidden", EXCLUDE_SAVED_MAX },
	[FIELD_DIFF_EXCLUDE] = { "unwritten", EXCLUDE_SAVED_MAX },
};
static_assert(ARRAY_SIZE(fields) == FIELD_COUNT,
	      "fields[] and enum field differ");

void session_note_release(struct session_note *n)
{
	free(n->workspace);
	free(n->name);
	exclude_free(n->diff_exclude);
	exclude_free(n->snapshot_exclude);
	*n = SESSION_NOTE_INIT;
}

static int add_field(struct buf *out, enum field field, struct span value,
		     struct err *err)
{
	if (value.len > fields[field].max)
		return err_set(err, ERR_LIMIT, "%s exceeds %zu bytes",
			       fields[field].name, fields[field].max);
	if (buf_addf(out, err, "%s %zu\n", fields[field].name, value.len) < 0 ||
	    buf_add(out, value.p, value.len, err) < 0)
		return -1;
	return buf_addc(out, '\n', err);
}

static int add_exclude(struct buf *out, enum field field,
		       const struct exclude *x, struct err *err)
{
	auto_buf struct buf saved = BUF_INIT(EXCLUDE_SAVED_MAX);

	if (exclude_save(x, &saved, err) < 0)
		return -1;
	return add_field(out, field, buf_span(&saved), err);
}

int session_note_write(const struct session_note *n, struct buf *out,
		       struct err *err)
{
	auto_free char *started = xasprintf("%" PRId64, n->started_s);

	if (buf_adds(out, FORMAT, err) < 0 ||
	    add_field(out, FIELD_WORKSPACE, SPAN_STR(n->workspace), err) < 0 ||
	    add_field(out, FIELD_NAME, SPAN_STR(n->name), err) < 0 ||
	    add_field(out, FIELD_STARTED, SPAN_STR(started), err) < 0 ||
	    add_exclude(out, FIELD_SNAPSHOT_EXCLUDE, n->snapshot_exclude, err) <
		    0)
		return -1;
	return add_exclude(out, FIELD_DIFF_EXCLUDE, n->diff_exclude, err);
}

/* Takes exactly @text. */
static bool take_literal(struct span *from, const char *text)
{
	size_t len = strlen(text);

	return from->len >= len && !memcmp(from->p, text, len) &&
	       span_skip(from, len);
}

static bool take_length(struct span *from, size_t max, size_t *out)
{
	char digits[NUMBER_MAX + 1];
	struct span line;
	uint64_t n;

	if (!span_take_until(from, '\n', &line) || line.len > NUMBER_MAX)
		return false;
	memcpy(digits, line.p, line.len);
	digits[line.len] = '\0';
	if (memchr(digits, '\0', line.len) || !text_parse_u64(digits, max, &n))
		return false;
	*out = (size_t)n;
	return true;
}

static bool take_field(struct span *from, enum field field, struct span *out)
{
	size_t len;

	if (!take_literal(from, fields[field].name) ||
	    !take_literal(from, " ") ||
	    !take_length(from, fields[field].max, &len) || len > from->len)
		return false;
	*out = (struct span){ .p = from->p, .len = len };
	return span_skip(from, len) && take_literal(from, "\n");
}

/* NULL when there is a NUL in it, or nothing. */
static char *text_of(struct span value)
{
	if (!value.len || memchr(value.p, '\0', value.len))
		return NULL;
	return xmemdup0(value.p, value.len);
}

/* Absolute, without "." or ".." or empty components, and not the root. */
static bool is_real_path(const char *path)
{
	return path[0] == '/' && path_is_plain(path + 1);
}

static bool parse_texts(const struct span *values, struct session_note *out)
{
	auto_free char *started = text_of(values[FIELD_STARTED]);
	uint64_t seconds;

	out->workspace = text_of(values[FIELD_WORKSPACE]);
	out->name = text_of(values[FIELD_NAME]);
	if (!out->workspace || !out->name || !is_real_path(out->workspace) ||
	    !started || !text_parse_u64(started, INT64_MAX, &seconds))
		return false;
	out->started_s = (int64_t)seconds;
	return true;
}

static bool parse(struct span text, struct session_note *out)
{
	struct span values[FIELD_COUNT];

	if (!take_literal(&text, FORMAT))
		return false;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (!take_field(&text, (enum field)i, &values[i]))
			return false;
	}
	if (text.len || !parse_texts(values, out) ||
	    exclude_load(values[FIELD_SNAPSHOT_EXCLUDE], &out->snapshot_exclude,
			 ERR_IGNORE) < 0 ||
	    exclude_load(values[FIELD_DIFF_EXCLUDE], &out->diff_exclude,
			 ERR_IGNORE) < 0)
		return false;
	exclude_also(out->diff_exclude, out->snapshot_exclude);
	return true;
}

int session_note_parse(struct span text, struct session_note *out,
		       struct err *err)
{
	auto_session_note struct session_note n = SESSION_NOTE_INIT;

	if (!parse(text, &n))
		return err_set(err, ERR_INVALID,
			       "the description of the session is damaged");
	*out = n;
	n = SESSION_NOTE_INIT;
	return 0;
}
