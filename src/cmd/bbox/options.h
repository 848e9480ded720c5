/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - command lines by table: name, argument, handler, help.
 *
 * "--name value", "--name=value", "--flag", "--flag=false"; options and
 * positionals may be mixed up to "--" (chapter 10, section 1.3).
 */
#ifndef BBOX_CMD_BBOX_OPTIONS_H
#define BBOX_CMD_BBOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

struct option {
	const char *name;  /* without the dashes */
	const char *value; /* what --help calls the value; NULL: a boolean */
	const char *help;
	/* @value of a boolean is "true" or "false". */
	int (*set)(void *target, const char *value, struct err *err);
};

struct option_words {
	struct strv before; /* positionals in front of "--" */
	struct strv after;  /* everything behind it */
	bool has_dashes;    /* was there a "--"? */
	bool wants_help;    /* -h or --help */
};

#define OPTION_WORDS_INIT ((struct option_words){ .has_dashes = false })

void option_words_release(struct option_words *w);
#define auto_option_words cleanup_with(option_words_release)

/**
 * options_parse() - go through a command line
 * @table:	ends with a NULL name
 * @target:	handed to the handlers
 * @argv:	NULL-terminated, without the program and command words
 * @err:	ERR_USAGE, or what a handler said wrapped in the option's name
 */
must_check int options_parse(const struct option *table, void *target,
			     const char *const *argv, struct option_words *out,
			     struct err *err);

/* Appends one line an option, aligned, for --help. */
must_check int options_help(const struct option *table, struct buf *out,
			    struct err *err);

/*
 * Splits one CSV record on commas and appends the fields; double quotes
 * protect commas, a doubled quote stands for one. ERR_USAGE for an open quote.
 */
must_check int options_split_csv(const char *text, struct strv *out,
				 struct err *err);

/* Parses "true" or "false" (also "1", "0"). */
must_check int options_bool(const char *value, bool *out, struct err *err);

#endif /* BBOX_CMD_BBOX_OPTIONS_H */
