// SPDX-License-Identifier: Apache-2.0
/*
 * threeway.c - decide between the user's and the guest's change of a path.
 */
#include "domain/workspace/threeway.h"

/* Whatever is not named is THREEWAY_CONFLICT. */
static const enum threeway_verdict
	verdicts[CHANGE_KIND_COUNT][THREEWAY_ORIGINAL_COUNT] = {
		[CHANGE_ADDED] = {
			[THREEWAY_ABSENT] = THREEWAY_APPLY,
			[THREEWAY_SAME_AS_GUEST] = THREEWAY_NOTHING,
		},
		[CHANGE_MODIFIED] = {
			[THREEWAY_UNTOUCHED] = THREEWAY_APPLY,
			[THREEWAY_SAME_AS_GUEST] = THREEWAY_NOTHING,
		},
		[CHANGE_DELETED] = {
			[THREEWAY_UNTOUCHED] = THREEWAY_APPLY,
			[THREEWAY_ABSENT] = THREEWAY_NOTHING,
		},
	};

enum threeway_verdict threeway_judge(enum change_kind kind,
				     enum change_type type,
				     enum threeway_original original)
{
	assert(kind < CHANGE_KIND_COUNT && original < THREEWAY_ORIGINAL_COUNT);
	/* A directory takes nothing from a user who removed what was there. */
	if (kind == CHANGE_MODIFIED && type == CHANGE_DIR &&
	    original == THREEWAY_ABSENT)
		return THREEWAY_APPLY;
	return verdicts[kind][original];
}
