// SPDX-License-Identifier: Apache-2.0
/*
 * glob.c - match names against shell patterns.
 *
 * Theory of operation: when a character does not match, only the latest star
 * needs another try, with one character more. Whatever an earlier star could
 * gain by taking more, the latest star can take as well, so earlier stars are
 * never tried again and the time is bounded by the product of the lengths.
 */
#include "domain/snapshot/glob.h"

/* Ranges of characters, first and last in turn. */
static const struct char_class {
	const char *name;
	const char *ranges;
} classes[] = {
	{ "alnum", "azAZ09" },	 { "alpha", "azAZ" },
	{ "blank", "  \t\t" },	 { "cntrl", "\x01\x1f\x7f\x7f" },
	{ "digit", "09" },	 { "graph", "!~" },
	{ "lower", "az" },	 { "print", " ~" },
	{ "punct", "!/:@[`{~" }, { "space", "  \t\r" },
	{ "upper", "AZ" },	 { "xdigit", "09afAF" },
};

static uint8_t folded(uint8_t c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static uint8_t raised(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

static bool in_range(uint8_t c, uint8_t first, uint8_t last, bool fold)
{
	if (c >= first && c <= last)
		return true;
	if (!fold)
		return false;
	return (folded(c, true) >= first && folded(c, true) <= last) ||
	       (raised(c) >= first && raised(c) <= last);
}

static bool in_ranges(uint8_t c, const char *ranges, bool fold)
{
	for (; *ranges; ranges += 2) {
		if (in_range(c, (uint8_t)ranges[0], (uint8_t)ranges[1], fold))
			return true;
	}
	return false;
}

/* Moves @p behind "[:name:]"; false when there is none. */
static bool take_class(struct span *p, const struct char_class **out)
{
	const char *text = p->p, *end;
	struct span name;

	if (p->len < 4 || text[0] != '[' || text[1] != ':')
		return false;
	end = memmem(text + 2, p->len - 2, ":]", 2);
	if (!end)
		return false;
	name = (struct span){ .p = text + 2, .len = (size_t)(end - text) - 2 };
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (span_equals(name, classes[i].name)) {
			*out = &classes[i];
			return span_skip(p, name.len + 4);
		}
	}
	return false;
}

/* One character of a bracket expression, with its backslash undone. */
static bool take_char(struct span *p, uint8_t *out)
{
	return span_take_u8(p, out) && (*out != '\\' || span_take_u8(p, out));
}

/*
 * One item of a bracket expression: a class, a range or a character. Sets
 * *@hit when @c is in it.
 */
static bool take_item(struct span *p, uint8_t c, bool fold, bool *hit)
{
	const struct char_class *class;
	uint8_t first, last;
	const char *text;

	if (take_class(p, &class)) {
		*hit |= in_ranges(c, class->ranges, fold);
		return true;
	}
	if (!take_char(p, &first))
		return false;
	last = first;
	text = p->p;
	if (p->len >= 2 && text[0] == '-' && text[1] != ']' &&
	    (!span_skip(p, 1) || !take_char(p, &last)))
		return false;
	*hit |= in_range(c, first, last, fold);
	return true;
}

/* @p stands behind '['; on success it has moved behind the matching ']'. */
static bool take_bracket(struct span *p, uint8_t c, bool fold, bool *matched)
{
	struct span rest = *p;
	const char *text = rest.p;
	bool negated = rest.len && (text[0] == '!' || text[0] == '^');
	bool hit = false;

	if (negated && !span_skip(&rest, 1))
		return false;
	/* A ']' that comes first stands for itself. */
	do {
		if (!take_item(&rest, c, fold, &hit))
			return false;
		text = rest.p;
	} while (rest.len && text[0] != ']');
	if (!span_skip(&rest, 1))
		return false;
	*p = rest;
	*matched = hit != negated;
	return true;
}

/* Takes one element that is no star; false when it is malformed. */
static bool take_element(struct span *p, uint8_t c, bool fold, bool *matched)
{
	uint8_t element;

	if (!span_take_u8(p, &element))
		return false;
	switch (element) {
	case '?':
		*matched = true;
		return true;
	case '[':
		return take_bracket(p, c, fold, matched);
	case '\\':
		if (!span_take_u8(p, &element))
			return false;
		break;
	default:
		break;
	}
	*matched = folded(c, fold) == folded(element, fold);
	return true;
}

static bool take_star(struct span *p)
{
	bool any = false;

	while (p->len && *(const char *)p->p == '*')
		any = span_skip(p, 1);
	return any;
}

bool glob_is_valid(struct span pattern)
{
	bool matched;

	while (pattern.len) {
		if (!take_star(&pattern) &&
		    !take_element(&pattern, 'x', false, &matched))
			return false;
	}
	return true;
}

bool glob_match(struct span pattern, struct span text, bool fold)
{
	struct span star_pattern = { .p = NULL }, star_text = { .p = NULL };
	bool matched;
	uint8_t c;

	for (;;) {
		if (take_star(&pattern)) {
			star_pattern = pattern;
			star_text = text;
		}
		if (!text.len && !pattern.len)
			return true;
		matched = false;
		if (text.len) {
			struct span next = text;

			if (!span_take_u8(&next, &c))
				return false;
			if (pattern.len &&
			    !take_element(&pattern, c, fold, &matched))
				return false;
			text = matched ? next : text;
		}
		if (matched)
			continue;
		/* Let the latest star take one character more. */
		if (!star_pattern.p || !span_skip(&star_text, 1))
			return false;
		pattern = star_pattern;
		text = star_text;
	}
}
