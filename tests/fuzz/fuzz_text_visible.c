// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_text_visible.c - whatever comes in, a terminal gets valid UTF-8
 * without a control character, and visible text is left as it is.
 */
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "fuzz/fuzz.h"

#define OUT_MAX ((size_t)16 * 1024 * 1024)

/* Bytes of the UTF-8 sequence at @p, 0 if it is none (RFC 3629). */
static size_t sequence(const uint8_t *p, size_t len, uint32_t *cp)
{
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;

	if (!n || n > len)
		return 0;
	*cp = n == 1 ? p[0] : p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && (*cp < 0x800 || *cp >> 11 == 0x1b)) ||
	    (n == 4 && (*cp < 0x10000 || *cp > 0x10ffff)))
		return 0;
	return n;
}

static void check(const struct buf *b, bool lines)
{
	const uint8_t *p = (const uint8_t *)b->data;
	uint32_t cp = 0;
	size_t n;

	for (size_t at = 0; at < b->len; at += n) {
		n = sequence(p + at, b->len - at, &cp);
		INVARIANT(n > 0);
		if (lines && (cp == '\n' || cp == '\t'))
			continue;
		INVARIANT(cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0));
		/* Nothing turns the reading direction, nothing is empty. */
		INVARIANT(cp < 0x200b || cp > 0x200f);
		INVARIANT(cp < 0x2028 || cp > 0x202e);
		INVARIANT(cp < 0x2060 || cp > 0x206f);
		INVARIANT(cp != 0xfeff && !(cp >= 0xe0000 && cp < 0xe1000));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { .p = data, .len = size };
	auto_buf struct buf once = BUF_INIT(OUT_MAX);
	auto_buf struct buf twice = BUF_INIT(OUT_MAX);
	auto_buf struct buf lines = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;

	if (size > OUT_MAX / 8)
		return 0;
	INVARIANT(!text_add_visible(&once, in, &err));
	check(&once, /* lines */ false);
	INVARIANT(!text_add_visible(&twice, buf_span(&once), &err));
	INVARIANT(once.len == twice.len &&
		  !memcmp(once.data, twice.data, once.len));
	INVARIANT(!text_add_visible_lines(&lines, in, &err));
	check(&lines, /* lines */ true);
	return 0;
}
