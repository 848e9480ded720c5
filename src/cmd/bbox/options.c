// SPDX-License-Identifier: Apache-2.0
/*
 * options.c - parse command lines by table.
 */
#include "cmd/bbox/options.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define HELP_COLUMN 30
#define FIELD_MAX   ((size_t)64 * 1024) /* bytes of one CSV field */

void option_words_release(struct option_words *w)
{
	strv_release(&w->before);
	strv_release(&w->after);
	*w = OPTION_WORDS_INIT;
}

/* The option that @word names up to its end or '=', or NULL. */
static const struct option *find(const struct option *table, const char *word,
				 size_t len)
{
	for (; table->name; table++) {
		if (strlen(table->name) == len &&
		    !memcmp(table->name, word, len))
			return table;
	}
	return NULL;
}

int options_bool(const char *value, bool *out, struct err *err)
{
	if (!strcmp(value, "true") || !strcmp(value, "1"))
		*out = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*out = false;
	else
		return err_set(err, ERR_USAGE, "'%s' is not true or false",
			       value);
	return 0;
}

/*
 * Handles the long option at *@argv, which moves past a value of its own.
 */
static int parse_long(const struct option *table, void *target,
		      const char *const **argv, struct err *err)
{
	const char *word = **argv + 2;
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option *o = find(table, word, len);
	const char *value;

	if (!o) {
		auto_free char *shown = text_visible(word);

		return err_set(err, ERR_USAGE,
			       "unknown flag: --%.*s (see --help)",
			       (int)strcspn(shown, "="), shown);
	}
	if (equals) {
		value = equals + 1;
	} else if (!o->value) {
		value = "true";
	} else if ((*argv)[1]) {
		value = *++*argv;
	} else {
		return err_set(err, ERR_USAGE,
			       "flag needs an argument: --%s %s", o->name,
			       o->value);
	}
	if (o->set(target, value, err) < 0)
		return err_wrap(err, "--%s", o->name);
	return 0;
}

int options_parse(const struct option *table, void *target,
		  const char *const *argv, struct option_words *out,
		  struct err *err)
{
	for (; *argv; argv++) {
		if (!strcmp(*argv, "--")) {
			out->has_dashes = true;
			while (*++argv)
				strv_add(&out->after, *argv);
			return 0;
		}
		if (!strcmp(*argv, "-h") || !strcmp(*argv, "--help")) {
			out->wants_help = true;
		} else if (text_starts_with(*argv, "--")) {
			if (parse_long(table, target, &argv, err) < 0)
				return -1;
		} else if (**argv == '-' && (*argv)[1]) {
			auto_free char *shown = text_visible(*argv);

			return err_set(err, ERR_USAGE,
				       "unknown shorthand flag: %s (see "
				       "--help)",
				       shown);
		} else {
			strv_add(&out->before, *argv);
		}
	}
	return 0;
}

int options_help(const struct option *table, struct buf *out, struct err *err)
{
	for (; table->name; table++) {
		auto_free char *left = xasprintf(
			"  --%s%s%s", table->name, table->value ? " " : "",
			table->value ? table->value : "");

		if (buf_addf(out, err, "%-*s %s\n", HELP_COLUMN, left,
			     table->help) < 0)
			return -1;
	}
	return 0;
}

/* Reads one field from *@text into @field and moves past it. */
static int take_field(const char **text, struct buf *field, struct err *err)
{
	const char *p = *text;
	bool quoted = *p == '"';

	if (quoted)
		p++;
	for (; *p && (quoted || *p != ','); p++) {
		if (quoted && *p == '"') {
			if (p[1] != '"')
				break;
			p++;
		}
		if (buf_addc(field, *p, err) < 0)
			return -1;
	}
	if (quoted && *p++ != '"')
		return err_set(err, ERR_USAGE, "quote without its end");
	if (*p && *p != ',')
		return err_set(err, ERR_USAGE, "text behind a quoted field");
	*text = p;
	return 0;
}

int options_split_csv(const char *text, struct strv *out, struct err *err)
{
	for (;;) {
		auto_buf struct buf field = BUF_INIT(FIELD_MAX);

		if (take_field(&text, &field, err) < 0)
			return -1;
		strv_add(out, field.data);
		if (!*text)
			return 0;
		text++;
	}
}
