// SPDX-License-Identifier: Apache-2.0
/*
 * err.c - fill and extend error descriptions without allocating.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const char *const kind_names[] = {
	[ERR_NONE] = "none",
	[ERR_INVALID] = "invalid",
	[ERR_USAGE] = "usage",
	[ERR_NOT_FOUND] = "not-found",
	[ERR_EXISTS] = "exists",
	[ERR_PERMISSION] = "permission",
	[ERR_LIMIT] = "limit",
	[ERR_TIMEOUT] = "timeout",
	[ERR_CANCELLED] = "cancelled",
	[ERR_UNSUPPORTED] = "unsupported",
	[ERR_CONFLICT] = "conflict",
	[ERR_INTEGRITY] = "integrity",
	[ERR_PROTOCOL] = "protocol",
	[ERR_SYSTEM] = "system",
};
/* clang-format on */
static_assert(ARRAY_SIZE(kind_names) == ERR_KIND_COUNT,
	      "kind_names[] and enum err_kind differ");

const char *err_kind_name(enum err_kind kind)
{
	return kind < ERR_KIND_COUNT ? kind_names[kind] : "unknown";
}

static enum err_kind kind_of_errno(int sys)
{
	switch (sys) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_SYSTEM;
	}
}

/* Text that does not fit is cut: a shortened message beats none. */
printf_like(2, 0) static void set_text(struct err *err, const char *fmt,
				       va_list ap)
{
	if (vsnprintf(err->msg, sizeof(err->msg), fmt, ap) < 0)
		err->msg[0] = '\0';
}

int(err_set)(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	assert(kind != ERR_NONE);
	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	err->kind = kind;
	err->sys = 0;
	return -1;
}

int(err_sys)(struct err *err, int sys, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	err->kind = kind_of_errno(sys);
	err->sys = sys;
	len = strlen(err->msg);
	/* strerrordesc_np() needs no buffer and no locale. */
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
		 strerrordesc_np(sys) ? strerrordesc_np(sys) : "unknown error");
	return -1;
}

int(err_wrap)(struct err *err, const char *fmt, ...)
{
	char goal[ERR_MSG_MAX];
	size_t goal_len, msg_len;
	va_list ap;
	int n;

	assert(err->kind != ERR_NONE);
	va_start(ap, fmt);
	n = vsnprintf(goal, sizeof(goal), fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	goal_len = (size_t)n;
	msg_len = strlen(err->msg);
	if (goal_len + 2 > sizeof(err->msg) - 1 - msg_len)
		return -1;
	memmove(err->msg + goal_len + 2, err->msg, msg_len + 1);
	memcpy(err->msg, goal, goal_len);
	memcpy(err->msg + goal_len, ": ", 2);
	return -1;
}
