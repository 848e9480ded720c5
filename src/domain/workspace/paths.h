/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h - calculations with path texts; nothing is looked up. Pure.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_PATHS_H
#define BBOX_DOMAIN_WORKSPACE_PATHS_H

#include <stdbool.h>

#include "base/macros.h"

/*
 * @path without empty, "." and ".." components, as far as text can tell; the
 * caller frees. An absolute path stays absolute, a relative one keeps the
 * ".." that lead out of it; an empty result is ".".
 */
must_check char *path_clean(const char *path);

/* Are all components of @path names, and is it relative and not empty? */
bool path_is_plain(const char *path);

/*
 * @path when it is @base or lies below it, as the rest without a leading '/'
 * ("" for @base itself), else NULL. Both clean and absolute. Borrowed.
 */
const char *path_below(const char *base, const char *path);

/**
 * path_relative() - how to get from a directory to a path
 * @from_dir:	plain and relative to some root, "" for the root itself
 * @to:		likewise
 *
 * Return: as a symlink in @from_dir would say it; the caller frees.
 */
must_check char *path_relative(const char *from_dir, const char *to);

/* The directory part: "a/b" of "a/b/c", "" of "a"; the caller frees. */
must_check char *path_dir(const char *path);
/* The last component. Borrowed. */
const char *path_name(const char *path);

#endif /* BBOX_DOMAIN_WORKSPACE_PATHS_H */
