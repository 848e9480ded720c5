/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - port: the session log. Records go to a file, never to the terminal.
 *
 * Messages are lower case, "area: what", outside text in single quotes, no
 * secrets, no line breaks.
 */
#ifndef BBOX_DOMAIN_LOG_LOG_H
#define BBOX_DOMAIN_LOG_LOG_H

#include <stdarg.h>

#include "base/macros.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

struct log;

struct log_ops {
	/* Writes one record; cannot fail visibly. */
	void (*write)(struct log *log, enum log_level level, const char *msg);
};

struct log {
	const struct log_ops *ops; /* NULL discards everything */
};

#define LOG_DISCARD ((struct log){ .ops = NULL })

/* Formats (at most 2 KiB, the rest is cut) and writes one record. */
printf_like(3, 4) void log_at(struct log *log, enum log_level level,
			      const char *fmt, ...);

#define log_debug(log, ...) log_at((log), LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(log, ...)  log_at((log), LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(log, ...)  log_at((log), LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(log, ...) log_at((log), LOG_LEVEL_ERROR, __VA_ARGS__)

#endif /* BBOX_DOMAIN_LOG_LOG_H */
