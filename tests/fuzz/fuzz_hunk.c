// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_hunk.c - hunks that are taken for right compose what they say: the old
 * text without any, the new one with all, nothing foreign in between.
 *
 * Input: a byte with the accepted hunks, groups of four bytes with the ranges
 * of a hunk up to one that begins with 255, the old text, a NUL, the new one.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/snapshot/hunk.h"
#include "fuzz/fuzz.h"

#define TEXT_MAX ((size_t)16 * 1024 * 1024)

static void take_hunks(struct span *in, unsigned int accepted,
		       struct hunk_list *list)
{
	uint8_t b[4];

	while (list->n < 8 && span_take(in, b, 1) && b[0] != 255 &&
	       span_take(in, b + 1, 3)) {
		const struct hunk h = {
			.old_line = b[0],
			.old_count = b[1],
			.new_line = b[2],
			.new_count = b[3],
			.accepted = accepted >> list->n & 1,
		};

		hunk_list_add(list, &h);
	}
}

static void check_bounds(const struct hunk_list *list)
{
	size_t old_at = 0, new_at = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct hunk *h = &list->v[i];

		INVARIANT(h->old_start >= old_at && h->old_end >= h->old_start);
		INVARIANT(h->new_start >= new_at && h->new_end >= h->new_start);
		old_at = h->old_end;
		new_at = h->new_end;
	}
	INVARIANT(old_at <= list->before_len && new_at <= list->after_len);
}

static void check_composed(struct hunk_list *list)
{
	auto_buf struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	size_t want = list->before_len;

	for (size_t i = 0; i < list->n; i++) {
		const struct hunk *h = &list->v[i];

		if (h->accepted)
			want += (h->new_end - h->new_start) -
				(h->old_end - h->old_start);
	}
	INVARIANT(hunk_list_compose(list, &out, &err) == 0);
	INVARIANT(out.len == want);
	for (int all = 0; all < 2; all++) {
		const char *text = all ? list->after : list->before;
		size_t len = all ? list->after_len : list->before_len;

		for (size_t i = 0; i < list->n; i++)
			list->v[i].accepted = all;
		buf_reset(&out);
		INVARIANT(hunk_list_compose(list, &out, &err) == 0);
		INVARIANT(out.len == len && !memcmp(out.data, text, len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_hunk_list struct hunk_list list = HUNK_LIST_INIT;
	struct span in = { .p = data, .len = size }, before = { .p = "" };
	struct err err = ERR_INIT;
	uint8_t accepted;

	if (!span_take_u8(&in, &accepted))
		return 0;
	take_hunks(&in, accepted, &list);
	discard(span_take_until(&in, '\0', &before)); /* may be the end */
	list.before = xmemdup0(before.p, before.len);
	list.before_len = before.len;
	list.after = xmemdup0(in.p, in.len);
	list.after_len = in.len;
	if (hunk_list_locate(&list, &err) < 0)
		return 0;
	check_bounds(&list);
	check_composed(&list);
	return 0;
}
