/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strv.h - a growing vector of owned strings, NULL-terminated so that it
 * serves as argv and envp.
 */
#ifndef BBOX_BASE_STRV_H
#define BBOX_BASE_STRV_H

#include <stdbool.h>

#include "base/macros.h"

struct strv {
	char **v; /* owned; NULL while empty, else v[n] is NULL */
	size_t n;
};

#define STRV_INIT ((struct strv){ .v = NULL })

void strv_release(struct strv *s);
/* Copies @text in. */
void strv_add(struct strv *s, const char *text);
printf_like(2, 3) void strv_addf(struct strv *s, const char *fmt, ...);
/* Copies every string of @from in. */
void strv_add_all(struct strv *s, const struct strv *from);
bool strv_contains(const struct strv *s, const char *text);
/* Sorts bytewise. */
void strv_sort(struct strv *s);
/* Never NULL: an empty vector yields an empty list. Borrowed. */
const char *const *strv_list(const struct strv *s);

#define auto_strv cleanup_with(strv_release)

#endif /* BBOX_BASE_STRV_H */
