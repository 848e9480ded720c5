// SPDX-License-Identifier: Apache-2.0
/*
 * progress.c - format progress messages for whoever shows them.
 */
#include "domain/progress/progress.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_MAX 1024 /* bytes, with the NUL */

void progress_event(struct progress *p, enum progress_event event,
		    const char *fmt, ...)
{
	char msg[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	/* A longer message is cut. */
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	p->ops->event(p, event, msg);
}
