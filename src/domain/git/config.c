// SPDX-License-Identifier: Apache-2.0
/*
 * config.c - read the text of a git configuration file, piece by piece.
 *
 * Theory of operation
 *
 * git reads such a file byte by byte, and so do we, because a filter that
 * reads lines is deceived: a key may follow a header on its line, a quoted
 * value may hold what looks like a comment, a comment does not continue on the
 * next line while a value does, and a value may do so within quotes.
 *
 * "\r\n" counts as "\n"; any other '\r' is a blank, except behind a key
 * without value. The end of the text ends a line. A value ends in front of a
 * comment, which becomes a piece of its own, as do the blanks in between.
 */
#include "domain/git/config.h"

#include <string.h>

#define AT_END (-1)

static const char byte_order_mark[] = "\xef\xbb\xbf";

void git_config_parser_init(struct git_config_parser *p, struct span text)
{
	size_t mark = strlen(byte_order_mark);

	*p = (struct git_config_parser){
		.text = text,
		.line = 1,
		.section = BUF_INIT(GIT_CONFIG_SIZE_MAX),
		.subsection = BUF_INIT(GIT_CONFIG_SIZE_MAX),
		.key = BUF_INIT(GIT_CONFIG_SIZE_MAX),
		.value = BUF_INIT(GIT_CONFIG_SIZE_MAX),
	};
	if (text.len >= mark && !memcmp(text.p, byte_order_mark, mark))
		p->pos = mark;
}

void git_config_parser_release(struct git_config_parser *p)
{
	buf_release(&p->section);
	buf_release(&p->subsection);
	buf_release(&p->key);
	buf_release(&p->value);
}

static const unsigned char *bytes(const struct git_config_parser *p)
{
	return p->text.p;
}

static int peek(const struct git_config_parser *p)
{
	size_t left = p->text.len - p->pos;

	if (!left)
		return AT_END;
	if (left > 1 && bytes(p)[p->pos] == '\r' &&
	    bytes(p)[p->pos + 1] == '\n')
		return '\n';
	return bytes(p)[p->pos];
}

/* Moves past what peek() saw. */
static void skip(struct git_config_parser *p)
{
	if (peek(p) == '\n') {
		p->pos += bytes(p)[p->pos] == '\r';
		p->line++;
	}
	p->pos++;
}

static bool is_line_end(int c)
{
	return c == '\n' || c == AT_END;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_comment(int c)
{
	return c == '#' || c == ';';
}

/* git knows ASCII only, whatever the locale. */
static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_key_char(int c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

static char lower(int c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int refuse(const struct git_config_parser *p, const char *what,
		  struct err *err)
{
	return err_set(err, ERR_INVALID, "line %zu: %s", p->line, what);
}

/* Behind the '"': up to the closing one, and the ']'. */
static int read_quoted_subsection(struct git_config_parser *p, struct err *err)
{
	for (;;) {
		int c = peek(p);

		if (c == '"')
			break;
		/* Here a backslash takes away the meaning, and adds none. */
		if (c == '\\') {
			skip(p);
			c = peek(p);
		}
		if (is_line_end(c))
			return refuse(p, "section header is not closed", err);
		skip(p);
		if (buf_addc(&p->subsection, (char)c, err) < 0)
			return -1;
	}
	skip(p);
	if (peek(p) != ']')
		return refuse(p, "no ']' behind the name of a subsection", err);
	skip(p);
	return 0;
}

static int read_subsection(struct git_config_parser *p, struct err *err)
{
	while (is_blank(peek(p)))
		skip(p);
	if (peek(p) != '"')
		return refuse(p, "section header with a blank", err);
	skip(p);
	/* Both ways at once, [a.b "c"], make one name. */
	if (p->has_subsection && buf_addc(&p->subsection, '.', err) < 0)
		return -1;
	p->has_subsection = true;
	return read_quoted_subsection(p, err);
}

static int read_section(struct git_config_parser *p, struct err *err)
{
	bool empty = true;
	int c;

	buf_reset(&p->section);
	buf_reset(&p->subsection);
	p->has_subsection = false;
	for (skip(p); (c = peek(p)) != ']'; skip(p)) {
		if (is_blank(c))
			return read_subsection(p, err);
		if (!is_key_char(c) && c != '.')
			return refuse(p, "bad section header", err);
		empty = false;
		if (c == '.' && !p->has_subsection) {
			p->has_subsection = true;
			continue;
		}
		if (buf_addc(p->has_subsection ? &p->subsection : &p->section,
			     lower(c), err) < 0)
			return -1;
	}
	if (empty)
		return refuse(p, "section without name", err);
	skip(p);
	return 0;
}

/*
 * What a backslash means, p->pos being behind it: '\n' as a letter, or a
 * continuation, which adds nothing (and the end of the text is one).
 */
static int read_escape(struct git_config_parser *p, struct err *err)
{
	static const char names[] = "tbn\\\"", meanings[] = "\t\b\n\\\"";
	size_t after = p->pos;
	const char *name;
	int c = peek(p);

	name = c > 0 ? strchr(names, c) : NULL;
	if (name) {
		skip(p);
		return buf_addc(&p->value, meanings[name - names], err);
	}
	while (is_blank(peek(p)))
		skip(p);
	if (!is_line_end(peek(p))) {
		p->pos = after;
		return refuse(p, "unknown escape in a value", err);
	}
	if (peek(p) != AT_END)
		skip(p);
	return 0;
}

/*
 * Up to the end of the line or a comment. @end is where the last byte of the
 * value ends that is not a blank: those in front of it belong to the value,
 * those behind it do not, and neither do the first ones.
 */
static int read_value(struct git_config_parser *p, size_t *end, struct err *err)
{
	bool quoted = false;
	size_t blanks = 0;

	for (;;) {
		int c = peek(p);

		if (is_line_end(c) && quoted)
			return refuse(p, "quote is not closed", err);
		if (is_line_end(c) || (!quoted && is_comment(c)))
			break;
		if (!quoted && is_blank(c)) {
			skip(p);
			blanks += p->value.len > 0;
			continue;
		}
		if (buf_add(&p->value, bytes(p) + p->pos - blanks, blanks,
			    err) < 0)
			return -1;
		blanks = 0;
		skip(p);
		if (c == '\\') {
			if (read_escape(p, err) < 0)
				return -1;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (buf_addc(&p->value, (char)c, err) < 0) {
			return -1;
		}
		*end = p->pos;
	}
	/* Blanks that turned out to be the last ones are read again. */
	p->pos = *end;
	return 0;
}

static int read_entry(struct git_config_parser *p, struct git_config_item *item,
		      struct err *err)
{
	int c = peek(p);

	buf_reset(&p->key);
	buf_reset(&p->value);
	if (!is_letter(c))
		return refuse(p, "neither a key nor a section header", err);
	for (; is_key_char(c); c = peek(p)) {
		if (buf_addc(&p->key, lower(c), err) < 0)
			return -1;
		skip(p);
	}
	item->end = p->pos;
	/* No '\r' here: git does not take it for a blank behind a key. */
	while ((c = peek(p)) == ' ' || c == '\t')
		skip(p);
	if (is_line_end(c)) {
		p->pos = item->end;
		return 0;
	}
	if (c != '=')
		return refuse(p, "no '=' behind a key", err);
	item->equals = p->pos;
	item->has_value = true;
	skip(p);
	item->end = p->pos;
	while (is_blank(peek(p)))
		skip(p);
	item->value_start = p->pos;
	if (read_value(p, &item->end, err) < 0)
		return -1;
	if (item->value_start > item->end)
		item->value_start = item->end;
	return 0;
}

static int read_item(struct git_config_parser *p, struct git_config_item *item,
		     struct err *err)
{
	int c = peek(p), r = 0;

	if (is_blank(c)) {
		item->kind = GIT_CONFIG_BLANK;
		while (is_blank(peek(p)))
			skip(p);
	} else if (c == '\n') {
		item->kind = GIT_CONFIG_NEWLINE;
		skip(p);
	} else if (is_comment(c)) {
		item->kind = GIT_CONFIG_COMMENT;
		while (!is_line_end(peek(p)))
			skip(p);
	} else if (c == '[') {
		item->kind = GIT_CONFIG_SECTION;
		r = read_section(p, err);
	} else {
		item->kind = GIT_CONFIG_ENTRY;
		r = read_entry(p, item, err);
	}
	item->end = p->pos;
	return r;
}

int git_config_take(struct git_config_parser *p, struct git_config_item *out,
		    struct err *err)
{
	struct git_config_item item = { .start = p->pos, .line = p->line };

	if (p->text.len > GIT_CONFIG_SIZE_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu bytes",
			       GIT_CONFIG_SIZE_MAX);
	if (peek(p) == AT_END)
		return 0;
	p->start = p->pos;
	if (read_item(p, &item, err) < 0)
		return -1;
	if (memchr(bytes(p) + item.start, '\0', item.end - item.start))
		return refuse(p, "NUL byte", err);
	*out = item;
	return 1;
}

struct span git_config_skip_line(struct git_config_parser *p)
{
	while (!is_line_end(peek(p)))
		skip(p);
	if (peek(p) != AT_END)
		skip(p);
	/* Half a name is none: what follows belongs to no section. */
	if (bytes(p)[p->start] == '[') {
		buf_reset(&p->section);
		buf_reset(&p->subsection);
		p->has_subsection = false;
	}
	return (struct span){ .p = bytes(p) + p->start,
			      .len = p->pos - p->start };
}
