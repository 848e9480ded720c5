// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - parse numbers and make outside text visible.
 */
#include "base/text.h"

#include <string.h>

#include "base/ckd.h"
#include "base/mem.h"

#define VISIBLE_MAX ((size_t)4096) /* bytes, text_visible() */

bool text_starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool text_ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), want = strlen(suffix);

	return len >= want && !memcmp(s + len - want, suffix, want);
}

bool text_parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (ckd_mul(&value, value, 10U) ||
		    ckd_add(&value, value, (unsigned int)(*s - '0')))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

/* How many bytes a UTF-8 sequence has, by its first byte; 0 if it has none. */
static size_t sequence_len(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

/*
 * Decodes one code point from the front of @s. Returns its length in bytes,
 * 0 when the bytes are not valid UTF-8 (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF).
 */
static size_t decode(const uint8_t *p, size_t len, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = sequence_len(p[0]);
	uint32_t cp;

	if (!n || n > len)
		return 0;
	cp = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*out = cp;
	return n;
}

/* Characters that change what a reader sees without being seen themselves. */
static bool is_deceptive(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00ad, 0x00ad },   /* soft hyphen */
		{ 0x034f, 0x034f },   /* combining grapheme joiner */
		{ 0x061c, 0x061c },   /* Arabic letter mark */
		{ 0x115f, 0x1160 },   /* Hangul fillers */
		{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
		{ 0x180b, 0x180f },   /* Mongolian selectors */
		{ 0x200b, 0x200f },   /* zero width, direction marks */
		{ 0x2028, 0x202e },   /* separators, bidi embeddings */
		{ 0x2060, 0x206f },   /* word joiner, bidi isolates */
		{ 0x3164, 0x3164 },   /* Hangul filler */
		{ 0xfe00, 0xfe0f },   /* variation selectors */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
		{ 0xfff9, 0xfffb },   /* interlinear annotation */
		{ 0x1bca0, 0x1bca3 }, /* shorthand controls */
		{ 0x1d173, 0x1d17a }, /* musical controls */
		{ 0xe0000, 0xe0fff }, /* tags, more selectors */
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	}
	return false;
}

static int add_visible(struct buf *b, struct span s, bool lines,
		       struct err *err)
{
	const uint8_t *p = s.p;
	size_t len = s.len, n;
	uint32_t cp = 0;
	int r;

	for (; len; p += n, len -= n) {
		n = decode(p, len, &cp);
		if (!n) {
			n = 1;
			r = buf_addf(b, err, "\\x%02x", p[0]);
		} else if ((cp == '\n' || cp == '\t') && !lines) {
			r = buf_adds(b, cp == '\n' ? "\\n" : "\\t", err);
		} else if (cp == '\n' || cp == '\t') {
			r = buf_addc(b, (char)cp, err);
		} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			r = buf_addf(b, err, "\\x%02x", (unsigned int)cp);
		} else if (is_deceptive(cp)) {
			r = buf_addf(b, err, "\\u{%x}", (unsigned int)cp);
		} else {
			r = buf_add(b, p, n, err);
		}
		if (r < 0)
			return -1;
	}
	return 0;
}

int text_add_visible(struct buf *b, struct span s, struct err *err)
{
	return add_visible(b, s, /* lines */ false, err);
}

int text_add_visible_lines(struct buf *b, struct span s, struct err *err)
{
	return add_visible(b, s, /* lines */ true, err);
}

char *text_visible(const char *s)
{
	auto_buf struct buf b = BUF_INIT(VISIBLE_MAX);

	/* Text beyond the limit is cut: a shortened name beats none. */
	discard(text_add_visible(&b, SPAN_STR(s), ERR_IGNORE));
	return buf_take(&b, /* len */ NULL);
}
