// SPDX-License-Identifier: Apache-2.0
/*
 * hunk.c - compose a text of the accepted hunks of a change.
 *
 * Theory of operation
 *
 * Both texts are the same outside of the hunks; hunk_list_locate() proves it
 * byte by byte. So any choice of hunks gives a text: what is outside, and of
 * each hunk either its old or its new lines. Whoever finds the hunks is not
 * trusted with that, because the result is written into the user's files.
 */
#include "domain/snapshot/hunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Walks through a text line by line, only ever forwards. */
struct cursor {
	const char *p;
	size_t len, at; /* bytes */
	size_t line;
};

void hunk_list_add(struct hunk_list *list, const struct hunk *hunk)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = *hunk;
}

void hunk_list_release(struct hunk_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].text);
	free(list->v);
	free(list->before);
	free(list->after);
	*list = HUNK_LIST_INIT;
}

size_t hunk_list_accepted(const struct hunk_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->v[i].accepted;
	return n;
}

/* False when the text has fewer lines, or the cursor is behind already. */
static bool go_to(struct cursor *c, size_t line)
{
	const char *end;

	if (line < c->line)
		return false;
	for (; c->line < line; c->line++) {
		if (c->at == c->len)
			return false;
		end = memchr(c->p + c->at, '\n', c->len - c->at);
		c->at = end ? (size_t)(end - c->p) + 1 : c->len;
	}
	return true;
}

static bool take_range(struct cursor *c, size_t line, size_t count,
		       size_t *start, size_t *end)
{
	if (!go_to(c, line))
		return false;
	*start = c->at;
	/* A sum that wraps around is behind the cursor. */
	if (!go_to(c, line + count))
		return false;
	*end = c->at;
	return true;
}

static bool is_same(const struct hunk_list *list, size_t old_from,
		    size_t old_to, size_t new_from, size_t new_to)
{
	size_t len = old_to - old_from;

	return len == new_to - new_from &&
	       (!len ||
		!memcmp(list->before + old_from, list->after + new_from, len));
}

int hunk_list_locate(struct hunk_list *list, struct err *err)
{
	struct cursor old = { .p = list->before, .len = list->before_len };
	struct cursor new = { .p = list->after, .len = list->after_len };

	for (size_t i = 0; i < list->n; i++) {
		struct hunk *h = &list->v[i];
		size_t old_from = old.at, new_from = new.at;

		if (!take_range(&old, h->old_line, h->old_count, &h->old_start,
				&h->old_end) ||
		    !take_range(&new, h->new_line, h->new_count, &h->new_start,
				&h->new_end))
			return err_set(err, ERR_INVALID,
				       "hunk %zu is outside of the text",
				       i + 1);
		if (!is_same(list, old_from, h->old_start, new_from,
			     h->new_start))
			return err_set(err, ERR_INVALID,
				       "the texts differ before hunk %zu",
				       i + 1);
	}
	if (!is_same(list, old.at, old.len, new.at, new.len))
		return err_set(err, ERR_INVALID,
			       "the texts differ behind the last hunk");
	return 0;
}

int hunk_list_compose(const struct hunk_list *list, struct buf *out,
		      struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct hunk *h = &list->v[i];
		const char *p = h->accepted ? list->after + h->new_start
					    : list->before + h->old_start;
		size_t len = h->accepted ? h->new_end - h->new_start
					 : h->old_end - h->old_start;

		if (buf_add(out, list->before + at, h->old_start - at, err) <
			    0 ||
		    buf_add(out, p, len, err) < 0)
			return -1;
		at = h->old_end;
	}
	return buf_add(out, list->before + at, list->before_len - at, err);
}
