/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h - memory that is there or the program stops.
 *
 * Every size that comes from outside is checked against a named limit before
 * it gets here; that is what makes aborting honest.
 */
#ifndef BBOX_BASE_MEM_H
#define BBOX_BASE_MEM_H

#include <stdlib.h>

#include "base/macros.h"

must_check void *xmalloc(size_t size);
must_check void *xcalloc(size_t n, size_t size);
must_check void *xreallocarray(void *p, size_t n, size_t size);
must_check char *xstrdup(const char *s);
/* Copies @len bytes and adds a NUL; the bytes may hold NULs themselves. */
must_check char *xmemdup0(const void *p, size_t len);
must_check printf_like(1, 2) char *xasprintf(const char *fmt, ...);

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}
#define auto_free cleanup_with(free_ptr)

/* Hands over @p and leaves NULL behind, so that a cleanup finds nothing. */
#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#endif /* BBOX_BASE_MEM_H */
