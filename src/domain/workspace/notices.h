/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notices.h - tell the user about paths that are left alone, without letting
 * a hostile tree fill the terminal or the disk. Pure.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_NOTICES_H
#define BBOX_DOMAIN_WORKSPACE_NOTICES_H

#include <stddef.h>

#include "base/err.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"

#define NOTICES_SHOWN_MAX  ((size_t)20)
#define NOTICES_LOGGED_MAX ((size_t)1000)

struct notices {
	struct progress *progress; /* borrowed */
	struct log *log;	   /* borrowed */
	const char *area;	   /* "snapshot", "diff", ... */
	size_t n;
};

/* Shows "'<path>' <text>", the path made visible. */
printf_like(3, 4) void notices_add(struct notices *n, const char *path,
				   const char *fmt, ...);
/* Says how many were not shown. */
void notices_end(struct notices *n);

/* Makes the message of a filled @err safe to show; always returns -1. */
int err_make_visible(struct err *err);

#endif /* BBOX_DOMAIN_WORKSPACE_NOTICES_H */
