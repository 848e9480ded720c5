/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timings.h - measure the phases of a session for --timings.
 *
 * Stands in front of another struct progress and passes everything on.
 */
#ifndef BBOX_INFRA_PROGRESS_TIMINGS_H
#define BBOX_INFRA_PROGRESS_TIMINGS_H

#include <stdint.h>

#include "base/buf.h"
#include "domain/progress/progress.h"

typedef int64_t timings_clock_fn(void); /* monotonic nanoseconds */

struct timings;

/**
 * timings_new() - start measuring
 * @inner:	borrowed, must outlive the result; hears every event
 * @clock:	clock_now_ns()
 *
 * Return: never NULL; release with timings_free().
 */
must_check struct timings *timings_new(struct progress *inner,
				       timings_clock_fn *clock);

/* The port; valid until timings_free(). */
struct progress *timings_base(struct timings *t);

/*
 * Appends the summary, and forgets it, so that it is printed once; nothing
 * when no phase was finished.
 */
must_check int timings_add_summary(struct timings *t, struct buf *out,
				   struct err *err);

/* Does nothing for NULL. */
void timings_free(struct timings *t);

/* Appends "0s", "12ms", "1.5s", "1m2.5s", "1h0m3s": rounded to ms. */
must_check int timings_add_duration(struct buf *b, int64_t ns, struct err *err);

#endif /* BBOX_INFRA_PROGRESS_TIMINGS_H */
