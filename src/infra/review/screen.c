// SPDX-License-Identifier: Apache-2.0
/*
 * screen.c - gather styled text.
 */
#include "infra/review/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "infra/sys/fd.h"

#define STYLE_RESET "\033[0m"

void screen_release(struct screen *s)
{
	buf_release(&s->text);
}

int screen_add(struct screen *s, const char *style, struct err *err,
	       const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(err, ERR_LIMIT, "text to show is too long");
	if (s->styled && style)
		r = buf_addf(&s->text, err, "%s%s" STYLE_RESET, style, text);
	else
		r = buf_adds(&s->text, text, err);
	free(text);
	return r;
}

/* A line of a hunk begins with one of " +-\", any other with a letter or @. */
static const char *line_style(struct span line, bool *in_hunk)
{
	char c = line.len ? *(const char *)line.p : '\0';

	if (c == '@') {
		*in_hunk = true;
		return STYLE_CYAN;
	}
	if (c == 'd')
		*in_hunk = false;
	if (!*in_hunk)
		return STYLE_BOLD;
	if (c == '+')
		return STYLE_GREEN;
	return c == '-' ? STYLE_RED : NULL;
}

int screen_add_diff(struct screen *s, struct span diff, struct err *err)
{
	bool in_hunk = false;
	struct span line;

	while (span_take_until(&diff, '\n', &line)) {
		const char *style = line_style(line, &in_hunk);

		if (!s->styled)
			style = NULL;
		if ((style && buf_adds(&s->text, style, err) < 0) ||
		    text_add_visible_lines(&s->text, line, err) < 0 ||
		    buf_adds(&s->text, style ? STYLE_RESET "\n" : "\n", err) <
			    0)
			return -1;
	}
	return 0;
}

int screen_show(struct screen *s, struct err *err)
{
	int r = fd_write_all(s->out_fd, s->text.data, s->text.len, err);

	buf_reset(&s->text);
	return r;
}
