// SPDX-License-Identifier: Apache-2.0
/*
 * log.c - format log records for whoever writes them.
 */
#include "domain/log/log.h"

#include <stdio.h>

#define RECORD_MAX 2048 /* bytes, with the NUL */

void log_at(struct log *log, enum log_level level, const char *fmt, ...)
{
	char msg[RECORD_MAX];
	va_list ap;

	if (!log->ops)
		return;
	va_start(ap, fmt);
	/* A longer record is cut. */
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	log->ops->write(log, level, msg);
}
