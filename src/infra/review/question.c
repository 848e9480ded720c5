// SPDX-License-Identifier: Apache-2.0
/*
 * question.c - prompts and answers.
 */
#include "infra/review/question.h"

#include <string.h>
#include <strings.h>
#include <termios.h>

static bool is_offered(const struct question *q, char key)
{
	return !q->absent || !strchr(q->absent, key);
}

static bool matches(const struct choice *c, const char *text)
{
	const char key[2] = { c->key };

	if (c->word && !strcasecmp(text, c->word))
		return true;
	/* Their cases are answers of opposite meaning. */
	if (c->key == 'a' || c->key == 'A')
		return !strcmp(text, key);
	return !strcasecmp(text, key);
}

/* False when it is no answer. A NUL would end the text early: it is none. */
static bool parse(const struct question *q, const struct buf *line, char *out)
{
	if (!line->len) {
		*out = q->otherwise;
		return true;
	}
	for (size_t i = 0; i < q->n; i++) {
		if (strlen(line->data) == line->len &&
		    is_offered(q, q->choices[i].key) &&
		    matches(&q->choices[i], line->data)) {
			*out = q->choices[i].key;
			return true;
		}
	}
	return false;
}

static int add_help(struct screen *s, const struct question *q, struct err *err)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct choice *c = &q->choices[i];

		if (is_offered(q, c->key) &&
		    screen_add(s, NULL, err, "  %c  %s%s\n", c->key, c->help,
			       c->key == q->otherwise ? " (or just Enter)"
						      : "") < 0)
			return -1;
	}
	return 0;
}

static int add_prompt(struct screen *s, const struct question *q,
		      struct err *err)
{
	if (q->hint && screen_add(s, STYLE_DIM, err, "%s", q->hint) < 0)
		return -1;
	return q->hint ? screen_add(s, NULL, err, "\n") : 0;
}

static int prompt(struct asker *a, const struct question *q, struct err *err)
{
	if (add_prompt(a->screen, q, err) < 0 ||
	    screen_add(a->screen, STYLE_BOLD, err, "%s", q->prompt) < 0 ||
	    screen_add(a->screen, NULL, err, " ") < 0)
		return -1;
	/* If that fails, what was typed early still is just an answer. */
	if (a->has_person)
		discard(tcflush(a->reader.fd, TCIFLUSH));
	return screen_show(a->screen, err);
}

int ask(struct asker *a, const struct question *q, char *out, struct err *err)
{
	auto_buf struct buf line = BUF_INIT(LINE_READER_MAX);
	int n;

	for (;;) {
		if (prompt(a, q, err) < 0)
			return -1;
		n = line_reader_next(&a->reader, &line, err);
		if (n < 0)
			return -1;
		if (!n)
			buf_reset(&line);
		if (parse(q, &line, out))
			return 0;
		if (strcmp(line.data, "?") != 0) {
			if (screen_add(a->screen, NULL, err,
				       "Invalid input. These are the "
				       "answers:\n") < 0)
				return -1;
		}
		if (add_help(a->screen, q, err) < 0)
			return -1;
	}
}
