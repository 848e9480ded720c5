// SPDX-License-Identifier: Apache-2.0
/*
 * draw.c - compose what a user sees of progress.
 */
#include "infra/progress/draw.h"

#include <inttypes.h>

#include "base/ckd.h"

#define BAR_WIDTH 20 /* columns */

#define CLEAR_LINE "\r\033[K"
/*
 * A line wider than the terminal would wrap and could not be taken away by
 * CLEAR_LINE. With wrapping off, the terminal cuts it: it alone knows how wide
 * each character is.
 */
#define WRAP_OFF   "\033[?7l"
#define WRAP_ON	   "\033[?7h"
#define COLOUR_OFF "\033[0m"
#define CYAN	   "\033[36m"

struct style {
	const char *plain;  /* in front of the message */
	const char *symbol; /* of a terminal's line */
	const char *colour;
};

static const struct style styles[] = {
	[PROGRESS_START] = { ":: ", "", "" },
	[PROGRESS_DONE] = { "   done: ", "✓", "\033[32m" },
	[PROGRESS_INFO] = { "   info: ", "ℹ", CYAN },
	[PROGRESS_WARN] = { "   warn: ", "⚠", "\033[33m" },
	[PROGRESS_FAIL] = { "   FAILED: ", "✗", "\033[31m" },
};
static_assert(ARRAY_SIZE(styles) == PROGRESS_EVENT_COUNT,
	      "styles[] and enum progress_event differ");

static const char *const frames[] = { "⠋", "⠙", "⠹", "⠸", "⠼",
				      "⠴", "⠦", "⠧", "⠇", "⠏" };

unsigned int draw_percent(const struct draw_amount *a)
{
	uint64_t hundredfold;

	if (!a->total)
		return 0;
	if (a->done >= a->total)
		return 100;
	if (!ckd_mul(&hundredfold, a->done, 100U))
		return (unsigned int)(hundredfold / a->total);
	/* So large that a hundredth is exact enough, and never 0. */
	hundredfold = a->done / (a->total / 100);
	return hundredfold > 99 ? 99 : (unsigned int)hundredfold;
}

int draw_plain(struct buf *b, enum progress_event event, const char *msg,
	       struct err *err)
{
	return buf_addf(b, err, "%s%s\n", styles[event].plain, msg);
}

int draw_plain_amount(struct buf *b, const struct draw_amount *a,
		      struct err *err)
{
	return buf_addf(b, err, "   %u%% (%" PRIu64 " of %" PRIu64 " %s)\n",
			draw_percent(a), a->done, a->total, a->unit);
}

int draw_clear(struct buf *b, struct err *err)
{
	return buf_adds(b, CLEAR_LINE, err);
}

int draw_event(struct buf *b, enum progress_event event, const char *msg,
	       bool colour, struct err *err)
{
	const struct style *s = &styles[event];

	return buf_addf(b, err, "  %s%s%s %s\n", colour ? s->colour : "",
			s->symbol, colour ? COLOUR_OFF : "", msg);
}

static int add_bar(struct buf *b, const struct draw_amount *a, struct err *err)
{
	unsigned int percent = draw_percent(a);
	unsigned int filled = percent * BAR_WIDTH / 100;

	if (buf_adds(b, " [", err) < 0)
		return -1;
	for (unsigned int i = 0; i < BAR_WIDTH; i++) {
		if (buf_addc(b, i < filled ? '=' : ' ', err) < 0)
			return -1;
	}
	return buf_addf(b, err, "] %3u%%", percent);
}

static int add_amount(struct buf *b, const struct draw_amount *a,
		      struct err *err)
{
	if (!a->total)
		return buf_addf(b, err, " %" PRIu64 " %s", a->done, a->unit);
	if (add_bar(b, a, err) < 0)
		return -1;
	return buf_addf(b, err, " %" PRIu64 "/%" PRIu64 " %s", a->done,
			a->total, a->unit);
}

int draw_spinner(struct buf *b, int64_t elapsed_ms, const char *msg,
		 const struct draw_amount *a, bool colour, struct err *err)
{
	size_t frame =
		(size_t)(elapsed_ms / DRAW_FRAME_MS) % ARRAY_SIZE(frames);

	if (buf_addf(b, err, CLEAR_LINE WRAP_OFF "  %s%s%s %s",
		     colour ? CYAN : "", frames[frame],
		     colour ? COLOUR_OFF : "", msg) < 0)
		return -1;
	if (a && add_amount(b, a, err) < 0)
		return -1;
	return buf_adds(b, WRAP_ON, err);
}
