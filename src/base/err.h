/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - why an operation failed: a kind for code, a message for people.
 *
 * Functions that can fail take a `struct err *` last and return 0 (or a
 * descriptor, or a count) on success, -1 on failure. The object lives on the
 * caller's stack and never allocates, so it works when memory is out, in PID 1
 * and after a fork. @err is untouched on success and never NULL.
 */
#ifndef BBOX_BASE_ERR_H
#define BBOX_BASE_ERR_H

#include "base/macros.h"

#define ERR_MSG_MAX 1024 /* bytes, with the terminating NUL */

enum err_kind {
	ERR_NONE,
	ERR_INVALID, /* input that cannot be accepted */
	ERR_USAGE,   /* a command line that cannot be parsed */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_PERMISSION,
	ERR_LIMIT, /* larger than a named limit */
	ERR_TIMEOUT,
	ERR_CANCELLED, /* SIGINT or SIGTERM asked us to stop */
	ERR_UNSUPPORTED,
	ERR_CONFLICT,  /* changed by someone else meanwhile */
	ERR_INTEGRITY, /* a hash or signature does not match */
	ERR_PROTOCOL,  /* the peer broke the rules */
	ERR_SYSTEM,    /* a system call failed; see @sys */

	ERR_KIND_COUNT
};

struct err {
	enum err_kind kind;
	int sys;	       /* errno value, 0 when not a system error */
	char msg[ERR_MSG_MAX]; /* "outer: inner: cause" */
};

#define ERR_INIT ((struct err){ .kind = ERR_NONE })

/* Pass where a failure does not matter; say why in a comment. */
#define ERR_IGNORE (&(struct err){ .kind = ERR_NONE })

/**
 * err_set() - describe a failure
 * @err:	filled; what it held is lost
 * @kind:	anything but ERR_NONE and ERR_SYSTEM
 *
 * Return: always -1, so that a failure is described and returned in one line.
 */
printf_like(3, 4) int err_set(struct err *err, enum err_kind kind,
			      const char *fmt, ...);

/**
 * err_sys() - describe a failed system call
 * @err:	filled; the kind is derived from @sys where one fits
 * @sys:	errno value; its text is appended after ": "
 *
 * ENOENT becomes ERR_NOT_FOUND, EEXIST ERR_EXISTS, EACCES, EPERM and EROFS
 * ERR_PERMISSION, ETIMEDOUT ERR_TIMEOUT, everything else ERR_SYSTEM.
 *
 * Return: always -1.
 */
printf_like(3, 4) int err_sys(struct err *err, int sys, const char *fmt, ...);

/**
 * err_wrap() - put the goal in front of the cause
 * @err:	already filled
 *
 * When the chain is too long the new context is dropped, never the cause.
 *
 * Return: always -1.
 */
printf_like(2, 3) int err_wrap(struct err *err, const char *fmt, ...);

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time and cannot know the return value. */
#define err_set(...)  (discard((err_set)(__VA_ARGS__)), -1)
#define err_sys(...)  (discard((err_sys)(__VA_ARGS__)), -1)
#define err_wrap(...) (discard((err_wrap)(__VA_ARGS__)), -1)
#endif

const char *err_kind_name(enum err_kind kind);

#endif /* BBOX_BASE_ERR_H */
