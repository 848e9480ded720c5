// SPDX-License-Identifier: Apache-2.0
/*
 * timings.c - note when phases start and end, and tell it as a table.
 */
#include "infra/progress/timings.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define LABEL_WIDTH 40 /* columns */
#define NS_PER_MS   INT64_C(1000000)
#define MS_PER_SEC  INT64_C(1000)

struct row {
	char *label; /* owned, visible */
	int64_t duration_ns;
	bool failed;
};

struct timings {
	struct progress base;
	struct progress *inner; /* borrowed */
	timings_clock_fn *clock;
	bool is_running;
	int64_t started_ns;
	struct row *rows; /* owned */
	size_t n_rows;
};

static void add_row(struct timings *t, const char *label, bool failed)
{
	t->rows = xreallocarray(t->rows, t->n_rows + 1, sizeof(*t->rows));
	t->rows[t->n_rows++] = (struct row){
		.label = text_visible(label),
		.duration_ns = t->clock() - t->started_ns,
		.failed = failed,
	};
	t->is_running = false;
}

static void timings_event(struct progress *p, enum progress_event event,
			  const char *msg)
{
	struct timings *t = container_of(p, struct timings, base);

	switch (event) {
	case PROGRESS_START:
		t->is_running = true;
		t->started_ns = t->clock();
		break;
	case PROGRESS_DONE:
	case PROGRESS_FAIL:
		if (t->is_running)
			add_row(t, msg, event == PROGRESS_FAIL);
		break;
	case PROGRESS_INFO:
	case PROGRESS_WARN:
	case PROGRESS_EVENT_COUNT:
		break;
	}
	t->inner->ops->event(t->inner, event, msg);
}

static void timings_advance(struct progress *p, uint64_t done, uint64_t total,
			    const char *unit)
{
	progress_advance(container_of(p, struct timings, base)->inner, done,
			 total, unit);
}

static const struct progress_ops timings_ops = {
	.event = timings_event,
	.advance = timings_advance,
};

struct timings *timings_new(struct progress *inner, timings_clock_fn *clock)
{
	struct timings *t = xcalloc(1, sizeof(*t));

	t->base.ops = &timings_ops;
	t->inner = inner;
	t->clock = clock;
	return t;
}

struct progress *timings_base(struct timings *t)
{
	return &t->base;
}

/* Adds @ms as seconds, without the zeros that say nothing. */
static int add_seconds(struct buf *b, int64_t ms, struct err *err)
{
	int64_t fraction = ms % MS_PER_SEC;
	int digits = 3;

	if (!fraction)
		return buf_addf(b, err, "%" PRId64 "s", ms / MS_PER_SEC);
	for (; fraction % 10 == 0; fraction /= 10)
		digits--;
	return buf_addf(b, err, "%" PRId64 ".%0*" PRId64 "s", ms / MS_PER_SEC,
			digits, fraction);
}

int timings_add_duration(struct buf *b, int64_t ns, struct err *err)
{
	int64_t ms = (ns + NS_PER_MS / 2) / NS_PER_MS;
	int64_t minutes = ms / (60 * MS_PER_SEC);

	if (!ms)
		return buf_adds(b, "0s", err);
	if (ms < MS_PER_SEC)
		return buf_addf(b, err, "%" PRId64 "ms", ms);
	if (minutes >= 60 && buf_addf(b, err, "%" PRId64 "h", minutes / 60) < 0)
		return -1;
	if (minutes && buf_addf(b, err, "%" PRId64 "m", minutes % 60) < 0)
		return -1;
	return add_seconds(b, ms % (60 * MS_PER_SEC), err);
}

/* How many characters, as "%-40s" would count if it knew UTF-8. */
static int count_characters(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static int add_line(struct buf *b, const struct row *row, struct err *err)
{
	int pad = LABEL_WIDTH - count_characters(row->label);

	if (buf_addf(b, err, "  %s%*s ", row->label, pad > 0 ? pad : 0, "") <
		    0 ||
	    timings_add_duration(b, row->duration_ns, err) < 0)
		return -1;
	return buf_adds(b, row->failed ? " (failed)\n" : "\n", err);
}

static void forget_rows(struct timings *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		free(t->rows[i].label);
	free(take_ptr(t->rows));
	t->n_rows = 0;
}

int timings_add_summary(struct timings *t, struct buf *out, struct err *err)
{
	if (!t->n_rows)
		return 0;
	if (buf_adds(out, "\nTiming summary:\n", err) < 0)
		return -1;
	for (size_t i = 0; i < t->n_rows; i++) {
		if (add_line(out, &t->rows[i], err) < 0)
			return -1;
	}
	forget_rows(t);
	return 0;
}

void timings_free(struct timings *t)
{
	if (!t)
		return;
	forget_rows(t);
	free(t);
}
