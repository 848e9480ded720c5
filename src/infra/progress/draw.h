/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw.h - the texts of progress reports; no output, no clock.
 *
 * Messages must be made visible before they come here. All of these append;
 * they fail with ERR_LIMIT only.
 */
#ifndef BBOX_INFRA_PROGRESS_DRAW_H
#define BBOX_INFRA_PROGRESS_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "domain/progress/progress.h"

#define DRAW_FRAME_MS 80 /* the time one frame of the spinner stays */

/* How far long work is. */
struct draw_amount {
	uint64_t done, total; /* @total 0: not known */
	const char *unit;     /* borrowed; "MiB", "files" */
};

/* 0 to 100; 100 only when all is done. */
unsigned int draw_percent(const struct draw_amount *a);

/* One line, with its newline, for a file or a pipe. */
must_check int draw_plain(struct buf *b, enum progress_event event,
			  const char *msg, struct err *err);
/* The same for how far it is: "   40% (12 of 30 MiB)". */
must_check int draw_plain_amount(struct buf *b, const struct draw_amount *a,
				 struct err *err);

/* Takes the spinner's line away; the cursor is at the line's start. */
must_check int draw_clear(struct buf *b, struct err *err);
/* A finished line with its symbol, for a terminal. */
must_check int draw_event(struct buf *b, enum progress_event event,
			  const char *msg, bool colour, struct err *err);
/**
 * draw_spinner() - replace the current line of a terminal by the spinner
 * @elapsed_ms:	selects the frame
 * @a:		adds a bar, or the bare amount; NULL for neither
 *
 * The line ends without a newline and never wraps.
 */
must_check int draw_spinner(struct buf *b, int64_t elapsed_ms, const char *msg,
			    const struct draw_amount *a, bool colour,
			    struct err *err);

#endif /* BBOX_INFRA_PROGRESS_DRAW_H */
