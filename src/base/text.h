/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - small questions about text, and text made safe to show.
 */
#ifndef BBOX_BASE_TEXT_H
#define BBOX_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

bool text_starts_with(const char *s, const char *prefix);
bool text_ends_with(const char *s, const char *suffix);

/*
 * Parses the whole of @s as an unsigned decimal number of at most @max.
 * No sign, no blanks, no empty text.
 */
must_check bool text_parse_u64(const char *s, uint64_t max, uint64_t *out);

/**
 * text_add_visible() - append outside text so that a terminal shows it as is
 * @b:		where to append; fails with ERR_LIMIT only
 * @s:		any bytes
 *
 * Control characters (C0, DEL, C1), invalid UTF-8, bidirectional controls,
 * zero-width and other invisible format characters become \xHH or \u{HHHH};
 * newline and tab become \n and \t. Everything else is copied.
 */
must_check int text_add_visible(struct buf *b, struct span s, struct err *err);

/* As text_add_visible(), but newline and tab stay: for diff bodies. */
must_check int text_add_visible_lines(struct buf *b, struct span s,
				      struct err *err);

/* A visible copy of @s; the caller frees it. Long text is cut at 4 KiB. */
must_check char *text_visible(const char *s);

#endif /* BBOX_BASE_TEXT_H */
