/* SPDX-License-Identifier: Apache-2.0 */
/*
 * macros.h - attributes and helpers that every layer uses.
 */
#ifndef BBOX_BASE_MACROS_H
#define BBOX_BASE_MACROS_H

#include <assert.h>
#include <stddef.h>

#define must_check	       __attribute__((warn_unused_result))
#define unused		       __attribute__((unused))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define cleanup_with(fn)       __attribute__((cleanup(fn)))

/*
 * Ignores a must_check result on purpose; say why in a comment. (GCC warns
 * about a plain cast to void.)
 */
#define discard(expr) ((void)!(expr))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The struct of type @type whose member @member is at @ptr. */
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif /* BBOX_BASE_MACROS_H */
