/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds.h - does a path lead out of a directory, symlinks included?
 */
#ifndef BBOX_INFRA_WORKSPACE_BOUNDS_H
#define BBOX_INFRA_WORKSPACE_BOUNDS_H

#include "base/err.h"

/**
 * bounds_check() - check that a path stays below a directory
 * @base:	absolute
 * @target:	absolute; need not exist: the longest existing prefix is
 *		resolved, the rest taken as it is
 * @out_rest:	@target resolved, relative to @base resolved, "" for @base
 *		itself; the caller frees; may be NULL
 * @err:	ERR_PERMISSION naming both paths
 *
 * What is checked may be replaced afterwards: open without symlinks all the
 * same.
 */
must_check int bounds_check(const char *base, const char *target,
			    char **out_rest, struct err *err);

#endif /* BBOX_INFRA_WORKSPACE_BOUNDS_H */
