// SPDX-License-Identifier: Apache-2.0
/*
 * sanitise.c - the part of a repository's configuration that a guest may see.
 *
 * Theory of operation
 *
 * Line ends are made LF first, then the text is read in pieces (config.h) and
 * each piece is kept or dropped: a header by its name, an entry by its section
 * and key, a comment with the entry or header in front of it. A kept entry
 * follows a kept header, so that git reads it under the name that was judged.
 *
 * Lines are put together from the pieces. A line of which something was kept
 * is written; one of which nothing was kept is not; a line without pieces
 * (blanks) follows its section. LF stands between lines, not behind them.
 *
 * Two things that name files stay, core.excludesFile and core.attributesFile:
 * what they can do in a guest, a file of the workspace can do as well.
 */
#include "domain/git/sanitise.h"

#include <string.h>

#include "domain/git/config.h"
#include "domain/git/url.h"

static const char *const kept_sections[] = {
	"core", "remote", "branch", "user",	 "merge",
	"diff", "fetch",  "push",   "submodule", "color",
	"log",	"rerere", "rebase", "tag",	 "pack",
	"gc",	"status", "advice", "init",	 "extensions",
};

static const struct {
	const char *section, *key;
} dropped_keys[] = {
	{ "core", "sshcommand" },
	{ "core", "pager" },
	{ "core", "editor" },
	{ "core", "fsmonitor" },
	{ "core", "alternaterefscommand" },
	{ "core", "hookspath" },
	{ "core", "gitproxy" },
	{ "core", "askpass" },
	{ "core", "worktree" },
	/* A hook of some builds for other systems. */
	{ "core", "virtualfilesystem" },
	{ "remote", "uploadpack" },
	{ "remote", "receivepack" },
	{ "remote", "vcs" },
	{ "remote", "proxy" },
	{ "merge", "driver" },
	{ "diff", "external" },
	{ "diff", "driver" },
	{ "diff", "textconv" },
	{ "diff", "command" },
	{ "submodule", "update" },
	{ "gc", "recentobjectshook" },
	{ "gc", "repackfilterto" },
	{ "init", "templatedir" },
	{ "extensions", "worktreeconfig" },
};

static bool section_is_kept(struct span section)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept_sections); i++) {
		if (span_equals(section, kept_sections[i]))
			return true;
	}
	return false;
}

static bool key_is_dropped(struct span section, struct span key)
{
	if (span_equals(section, "user"))
		return !span_equals(key, "name") && !span_equals(key, "email");
	for (size_t i = 0; i < ARRAY_SIZE(dropped_keys); i++) {
		if (span_equals(section, dropped_keys[i].section) &&
		    span_equals(key, dropped_keys[i].key))
			return true;
	}
	return false;
}

static bool is_url_key(struct span section, struct span key)
{
	return (span_equals(section, "remote") ||
		span_equals(section, "submodule")) &&
	       (span_equals(key, "url") || span_equals(key, "pushurl"));
}

struct sanitiser {
	const char *text; /* borrowed, with LF only */
	struct git_config_parser parser;
	struct buf out;
	bool section_kept;
	bool wrote_line; /* before the current one */
	/* Of the current line: */
	bool kept, dropped;   /* a piece of it */
	bool comment_dropped; /* what follows it goes with an entry */
	struct span blanks;   /* not written yet */
};

static int write_blanks(struct sanitiser *s, struct err *err)
{
	struct span blanks = s->blanks;

	s->blanks = (struct span){ .len = 0 };
	return buf_add(&s->out, blanks.p, blanks.len, err);
}

static int begin_piece(struct sanitiser *s, struct err *err)
{
	if (!s->kept && s->wrote_line && buf_addc(&s->out, '\n', err) < 0)
		return -1;
	s->kept = true;
	s->wrote_line = true;
	return write_blanks(s, err);
}

static int keep(struct sanitiser *s, size_t start, size_t end, struct err *err)
{
	if (begin_piece(s, err) < 0)
		return -1;
	return buf_add(&s->out, s->text + start, end - start, err);
}

static void drop(struct sanitiser *s)
{
	s->dropped = true;
	s->blanks = (struct span){ .len = 0 };
}

static int end_line(struct sanitiser *s, struct err *err)
{
	bool is_blank = !s->kept && !s->dropped;

	if (is_blank && s->section_kept && begin_piece(s, err) < 0)
		return -1;
	if (s->kept && !s->dropped && write_blanks(s, err) < 0)
		return -1;
	s->blanks = (struct span){ .len = 0 };
	s->kept = false;
	s->dropped = false;
	s->comment_dropped = false;
	return 0;
}

/* Does a URL of this kind show what the guest must not see? */
static bool must_hide(const struct git_url *url)
{
	return url->kind == GIT_URL_SUSPICIOUS ||
	       url->kind == GIT_URL_PASSWORD ||
	       (url->kind == GIT_URL_USER && url->is_http);
}

static int on_section(struct sanitiser *s, const struct git_config_item *item,
		      struct err *err)
{
	struct git_url name = git_url_parse(buf_span(&s->parser.subsection));

	s->section_kept = section_is_kept(buf_span(&s->parser.section)) &&
			  !must_hide(&name);
	s->comment_dropped = !s->section_kept;
	if (s->section_kept)
		return keep(s, item->start, item->end, err);
	drop(s);
	return 0;
}

/* In a URL nothing needs an escape; but these two begin a comment. */
static int add_without_user(struct sanitiser *s, const struct git_url *url,
			    struct err *err)
{
	struct span value = buf_span(&s->parser.value);
	const char *p = value.p;
	const char *quote = strpbrk(p, "#;") ? "\"" : "";

	if (buf_adds(&s->out, quote, err) < 0 ||
	    buf_add(&s->out, p, url->info_start, err) < 0 ||
	    buf_add(&s->out, p + url->info_end, value.len - url->info_end,
		    err) < 0)
		return -1;
	return buf_adds(&s->out, quote, err);
}

static int keep_entry(struct sanitiser *s, const struct git_config_item *item,
		      bool is_url, const struct git_url *url, struct err *err)
{
	size_t value = item->value_start;

	if (!is_url && !must_hide(url))
		return keep(s, item->start, item->end, err);
	if (keep(s, item->start, item->equals + 1, err) < 0 ||
	    buf_addc(&s->out, ' ', err) < 0)
		return -1;
	if (must_hide(url))
		return add_without_user(s, url, err);
	return buf_add(&s->out, s->text + value, item->end - value, err);
}

static int on_entry(struct sanitiser *s, const struct git_config_item *item,
		    struct err *err)
{
	struct span section = buf_span(&s->parser.section);
	struct span key = buf_span(&s->parser.key);
	struct span value = buf_span(&s->parser.value);
	struct git_url url = git_url_parse(value);
	bool is_url = is_url_key(section, key);

	if (!s->section_kept || key_is_dropped(section, key) ||
	    (is_url && !value.len) || url.kind == GIT_URL_SUSPICIOUS) {
		s->comment_dropped = true;
		drop(s);
		return 0;
	}
	return keep_entry(s, item, is_url, &url, err);
}

/* Old URLs are commented out, not deleted. */
static bool comment_may_hide(const char *text, size_t len)
{
	const char *url = memmem(text, len, "://", 3);

	return url && memchr(url, '@', len - (size_t)(url - text));
}

static int on_comment(struct sanitiser *s, const struct git_config_item *item,
		      struct err *err)
{
	if (s->section_kept && !s->comment_dropped &&
	    !comment_may_hide(s->text + item->start, item->end - item->start))
		return keep(s, item->start, item->end, err);
	drop(s);
	return 0;
}

static int on_item(struct sanitiser *s, const struct git_config_item *item,
		   struct err *err)
{
	switch (item->kind) {
	case GIT_CONFIG_BLANK:
		s->blanks = (struct span){ .p = s->text + item->start,
					   .len = item->end - item->start };
		return 0;
	case GIT_CONFIG_NEWLINE:
		return end_line(s, err);
	case GIT_CONFIG_COMMENT:
		return on_comment(s, item, err);
	case GIT_CONFIG_SECTION:
		return on_section(s, item, err);
	case GIT_CONFIG_ENTRY:
		return on_entry(s, item, err);
	}
	return 0;
}

static int sanitise(struct sanitiser *s, struct err *err)
{
	struct git_config_item item;
	int r;

	while ((r = git_config_take(&s->parser, &item, err)) > 0) {
		if (on_item(s, &item, err) < 0)
			return -1;
	}
	return r < 0 ? -1 : end_line(s, err);
}

/* CRLF and CR become LF. */
static int add_with_lf(struct buf *b, struct span text, struct err *err)
{
	const char *p = text.p;
	char *room;
	size_t n = 0;

	if (buf_room(b, text.len, &room, err) < 0)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (p[i] == '\n' && i && p[i - 1] == '\r')
			continue;
		room[n++] = p[i] == '\r' ? '\n' : p[i];
	}
	buf_grew(b, n);
	return 0;
}

int git_config_sanitise(struct span text, struct buf *out, struct err *err)
{
	auto_buf struct buf plain = BUF_INIT(GIT_CONFIG_SIZE_MAX);
	/* Each line grows by one space at most. */
	struct sanitiser s = { .out = BUF_INIT(2 * GIT_CONFIG_SIZE_MAX) };
	int r;

	if (add_with_lf(&plain, text, err) < 0)
		return -1;
	s.text = plain.data;
	git_config_parser_init(&s.parser, buf_span(&plain));
	r = sanitise(&s, err);
	if (!r)
		r = buf_add(out, s.out.data, s.out.len, err);
	buf_release(&s.out);
	git_config_parser_release(&s.parser);
	return r;
}
