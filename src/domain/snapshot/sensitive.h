/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sensitive.h - paths whose change can make the host run code (chapter 20,
 * section 5). Pure.
 */
#ifndef BBOX_DOMAIN_SNAPSHOT_SENSITIVE_H
#define BBOX_DOMAIN_SNAPSHOT_SENSITIVE_H

#include "base/macros.h"
#include "domain/snapshot/change.h"

enum sensitivity {
	SENSITIVITY_NONE,
	SENSITIVITY_BUILD,     /* "build/ci": runs when the user builds */
	SENSITIVITY_AUTO_EXEC, /* "auto-exec": runs by itself */

	SENSITIVITY_COUNT
};

/* @reason (may be NULL) is set to static text, NULL for SENSITIVITY_NONE. */
enum sensitivity sensitivity_of(const char *path, const char **reason);
/*
 * As above for what a change does there: a symlink counts as what it redirects,
 * a file that becomes executable or that git calls as a hook counts, too.
 */
enum sensitivity sensitivity_of_change(const struct change *change,
				       const char **reason);
const char *sensitivity_name(enum sensitivity s);

#endif /* BBOX_DOMAIN_SNAPSHOT_SENSITIVE_H */
