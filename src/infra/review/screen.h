/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h - text for a person, gathered and then written at once.
 *
 * Whoever adds a text from outside makes it visible first, but for diffs,
 * which screen_add_diff() makes visible itself.
 */
#ifndef BBOX_INFRA_REVIEW_SCREEN_H
#define BBOX_INFRA_REVIEW_SCREEN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Visible text grows fourfold, bytes. */
#define SCREEN_MAX ((size_t)1024 * 1024 * 1024)

#define STYLE_BOLD   "\033[1m"
#define STYLE_DIM    "\033[90m"
#define STYLE_RED    "\033[31m"
#define STYLE_GREEN  "\033[32m"
#define STYLE_YELLOW "\033[33m"
#define STYLE_CYAN   "\033[36m"
#define STYLE_ALARM  "\033[1;33m"

struct screen {
	int out_fd; /* borrowed */
	bool styled;
	struct buf text; /* what is to be written next */
};

#define SCREEN_INIT(fd, with_styles)               \
	((struct screen){ .out_fd = (fd),          \
			  .styled = (with_styles), \
			  .text = BUF_INIT(SCREEN_MAX) })

void screen_release(struct screen *s);

/* A styled text; @style (NULL for none) and its end never split it. */
must_check printf_like(4, 5) int screen_add(struct screen *s, const char *style,
					    struct err *err, const char *fmt,
					    ...);

/*
 * A unified diff, or its hunks. Only a line that the diff itself begins is
 * shown as a header: a line of the file that looks like one is not.
 */
must_check int screen_add_diff(struct screen *s, struct span diff,
			       struct err *err);

/* Writes what was added. */
must_check int screen_show(struct screen *s, struct err *err);

#endif /* BBOX_INFRA_REVIEW_SCREEN_H */
