/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - read the text of a git configuration file, piece by piece. Pure.
 *
 * The grammar is git's own (git-config(1), "Syntax", and what git does where
 * the manual is silent). The pieces cover the whole text, in order and without
 * gaps, but for a byte order mark at the start: what is wanted of a file can
 * be copied byte by byte.
 *
 * Where this parser differs from git:
 *  - a NUL byte is refused wherever it stands; git ends a value at it;
 *  - a backslash continues the line even with blanks behind it; git refuses
 *    such a file;
 *  - blanks within a value are kept as they are; git before 2.45 makes spaces
 *    of them.
 */
#ifndef BBOX_DOMAIN_GIT_CONFIG_H
#define BBOX_DOMAIN_GIT_CONFIG_H

#include <stdbool.h>

#include "base/buf.h"

#define GIT_CONFIG_SIZE_MAX ((size_t)1024 * 1024) /* bytes */

enum git_config_kind {
	GIT_CONFIG_BLANK,   /* blanks within a line */
	GIT_CONFIG_NEWLINE, /* "\n" or "\r\n" */
	GIT_CONFIG_COMMENT, /* '#' or ';' and the rest of the line */
	GIT_CONFIG_SECTION, /* "[name]" or "[name "sub"]", brackets included */
	GIT_CONFIG_ENTRY,   /* a key with its value: several lines, perhaps */
};

/* Offsets count the bytes of the text from its start. */
struct git_config_item {
	enum git_config_kind kind;
	size_t start, end;
	size_t line; /* of @start, from 1 */
	/* Of an entry. Without '=' it is a true boolean: no value at all. */
	bool has_value;
	size_t value_start; /* behind '=' and blanks; up to @end */
	size_t equals;	    /* of '=' */
};

/*
 * Valid after a section or an entry, until the next call: @section in lower
 * case, up to the first dot; @subsection, in lower case where it was written
 * with a dot, else as it is; @key in lower case; @value as git understands it.
 * All but @section and @key may hold any byte but NUL. Before the first
 * section, @section is empty.
 */
struct git_config_parser {
	struct span text; /* borrowed */
	size_t pos;
	size_t start; /* of the piece that is being read */
	size_t line;
	bool has_subsection;
	struct buf section, subsection, key, value; /* owned */
};

/* @text is borrowed as long as the parser is used. */
void git_config_parser_init(struct git_config_parser *p, struct span text);
void git_config_parser_release(struct git_config_parser *p);

/**
 * git_config_take() - read one piece
 * @p:		not moved past a piece that cannot be read
 * @out:	set when a piece was read
 * @err:	ERR_INVALID with the number of the line for what is not git's
 *		grammar, ERR_LIMIT for more than GIT_CONFIG_SIZE_MAX bytes
 *
 * Return: 1 for a piece, 0 at the end, -1 on failure.
 */
must_check int git_config_take(struct git_config_parser *p,
			       struct git_config_item *out, struct err *err);

/*
 * After an ERR_INVALID: goes on with the line behind the one where reading
 * failed, and returns what was left out. For readers that want what can be
 * had; never for a filter.
 */
struct span git_config_skip_line(struct git_config_parser *p);

#define auto_git_config_parser cleanup_with(git_config_parser_release)

#endif /* BBOX_DOMAIN_GIT_CONFIG_H */
