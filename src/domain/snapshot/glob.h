/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.h - match one path component against one component of a gitignore
 * pattern: * ? [a-z] [!a] [[:alpha:]] and backslash escapes. Pure.
 */
#ifndef BBOX_DOMAIN_SNAPSHOT_GLOB_H
#define BBOX_DOMAIN_SNAPSHOT_GLOB_H

#include <stdbool.h>

#include "base/span.h"

/* False when @pattern has an open bracket or a trailing backslash. */
bool glob_is_valid(struct span pattern);

/**
 * glob_match() - does the whole of @text match?
 * @pattern:	no slash; a pattern that is not valid matches nothing
 * @text:	no slash
 * @fold:	ASCII letters match in either case
 *
 * Takes at most time proportional to the product of the two lengths.
 */
bool glob_match(struct span pattern, struct span text, bool fold);

#endif /* BBOX_DOMAIN_SNAPSHOT_GLOB_H */
