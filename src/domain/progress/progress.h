/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - port: what the user sees of a session's life (chapter 10,
 * section 13.1).
 */
#ifndef BBOX_DOMAIN_PROGRESS_PROGRESS_H
#define BBOX_DOMAIN_PROGRESS_PROGRESS_H

#include <stdint.h>

#include "base/macros.h"

enum progress_event {
	PROGRESS_START, /* a phase begins; ends the one before implicitly */
	PROGRESS_DONE,
	PROGRESS_INFO,
	PROGRESS_WARN,
	PROGRESS_FAIL,

	PROGRESS_EVENT_COUNT
};

struct progress;

struct progress_ops {
	void (*event)(struct progress *p, enum progress_event event,
		      const char *msg);
	/*
	 * Long work inside the current phase: @done of @total @unit ("MiB",
	 * "files"); @total 0 means unknown. May be called often; the adapter
	 * limits how often it draws.
	 */
	void (*advance)(struct progress *p, uint64_t done, uint64_t total,
			const char *unit);
};

struct progress {
	const struct progress_ops *ops;
};

/* Formats (at most 1 KiB, the rest is cut) and reports. */
printf_like(3, 4) void progress_event(struct progress *p,
				      enum progress_event event,
				      const char *fmt, ...);

#define progress_start(p, ...) progress_event((p), PROGRESS_START, __VA_ARGS__)
#define progress_done(p, ...)  progress_event((p), PROGRESS_DONE, __VA_ARGS__)
#define progress_info(p, ...)  progress_event((p), PROGRESS_INFO, __VA_ARGS__)
#define progress_warn(p, ...)  progress_event((p), PROGRESS_WARN, __VA_ARGS__)
#define progress_fail(p, ...)  progress_event((p), PROGRESS_FAIL, __VA_ARGS__)

static inline void progress_advance(struct progress *p, uint64_t done,
				    uint64_t total, const char *unit)
{
	p->ops->advance(p, done, total, unit);
}

#endif /* BBOX_DOMAIN_PROGRESS_PROGRESS_H */
