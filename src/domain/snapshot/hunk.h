/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunk.h - the places where two texts differ, and the text that comes of
 * accepting some of them. Pure.
 *
 * Texts are bytes: nothing is assumed about their encoding or the ends of
 * their lines, and the last line may lack one.
 */
#ifndef BBOX_DOMAIN_SNAPSHOT_HUNK_H
#define BBOX_DOMAIN_SNAPSHOT_HUNK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* A range of lines of each side; lines count from 0 and end with "\n". */
struct hunk {
	size_t old_line, old_count;
	size_t new_line, new_count;
	char *text; /* owned; as a unified diff shows it, raw */
	size_t text_len;
	bool accepted;

	/* By hunk_list_locate(): the same ranges in bytes. */
	size_t old_start, old_end;
	size_t new_start, new_end;
};

/* What two texts have in common, and where they differ. */
struct hunk_list {
	char *before, *after; /* owned */
	size_t before_len, after_len;
	struct hunk *v; /* owned; in the order of the texts */
	size_t n;
};

#define HUNK_LIST_INIT ((struct hunk_list){ .v = NULL })

/* Takes over the hunk's text. */
void hunk_list_add(struct hunk_list *list, const struct hunk *hunk);
void hunk_list_release(struct hunk_list *list);
size_t hunk_list_accepted(const struct hunk_list *list);
#define auto_hunk_list cleanup_with(hunk_list_release)

/**
 * hunk_list_locate() - find the bytes of each hunk
 * @list:	its texts and the hunks' lines are set
 * @err:	ERR_INVALID when the hunks overlap, lie outside of the texts, or
 *		when the texts differ where no hunk is
 */
must_check int hunk_list_locate(struct hunk_list *list, struct err *err);

/**
 * hunk_list_compose() - the text with the accepted hunks alone
 * @list:	located
 * @out:	appended to; "before" when none is accepted, "after" when all
 * are
 * @err:	ERR_LIMIT
 */
must_check int hunk_list_compose(const struct hunk_list *list, struct buf *out,
				 struct err *err);

#endif /* BBOX_DOMAIN_SNAPSHOT_HUNK_H */
