/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threeway.h - what may be done with a guest's change, now that the user may
 * have changed the same path. Pure.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_THREEWAY_H
#define BBOX_DOMAIN_WORKSPACE_THREEWAY_H

#include "domain/snapshot/change.h"

/* The path in the user's workspace now, against what the guest started from. */
enum threeway_original {
	THREEWAY_EDITED, /* zero: not knowing counts as the user's work */
	THREEWAY_SAME_AS_GUEST,
	THREEWAY_UNTOUCHED,
	THREEWAY_ABSENT,

	THREEWAY_ORIGINAL_COUNT
};

enum threeway_verdict {
	THREEWAY_CONFLICT, /* keep the user's, report */
	THREEWAY_APPLY,
	THREEWAY_NOTHING, /* it is there already */
};

/* @type is what the guest has there now. */
enum threeway_verdict threeway_judge(enum change_kind kind,
				     enum change_type type,
				     enum threeway_original original);

#endif /* BBOX_DOMAIN_WORKSPACE_THREEWAY_H */
