// SPDX-License-Identifier: Apache-2.0
/*
 * notices.c - a bounded number of remarks about paths.
 */
#include "domain/workspace/notices.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"

#define TEXT_MAX 512 /* bytes, with the NUL */

void notices_add(struct notices *n, const char *path, const char *fmt, ...)
{
	auto_free char *shown = text_visible(path);
	char raw[TEXT_MAX];
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	/* A longer remark is cut. */
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	/* The remark may quote the system on a hostile name. */
	text = text_visible(raw);
	if (n->n < NOTICES_SHOWN_MAX)
		progress_warn(n->progress, "'%s' %s", shown, text);
	if (n->n < NOTICES_LOGGED_MAX)
		log_warn(n->log, "%s: '%s' %s", n->area, shown, text);
	n->n++;
}

void notices_end(struct notices *n)
{
	if (n->n <= NOTICES_SHOWN_MAX)
		return;
	progress_warn(n->progress, "%zu more of these, see the log",
		      n->n - NOTICES_SHOWN_MAX);
	if (n->n > NOTICES_LOGGED_MAX)
		log_warn(n->log, "%s: %zu more of these", n->area,
			 n->n - NOTICES_LOGGED_MAX);
}

int err_make_visible(struct err *err)
{
	auto_free char *shown = text_visible(err->msg);
	int sys = err->sys;

	/* err_set() has no ERR_SYSTEM; kind and errno are put back. */
	enum err_kind kind = err->kind;

	err_set(err, ERR_INVALID, "%s", shown);
	err->kind = kind;
	err->sys = sys;
	return -1;
}
