// SPDX-License-Identifier: Apache-2.0
/*
 * describe.c - a change's type, mode and origin in words.
 */
#include "infra/review/describe.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"

#define OWNER_EXECUTES 0100u

/* "symlink -> 'text'", "executable file", "file", "directory". */
static char *describe_now(const struct change *change)
{
	auto_free char *target = NULL;

	if (change->type == CHANGE_FILE && change->mode & OWNER_EXECUTES)
		return xstrdup("executable file");
	if (change->type != CHANGE_SYMLINK || !change->target)
		return xstrdup(change_type_name(change->type));
	target = text_visible(change->target);
	return xasprintf("symlink -> '%s'", target);
}

static char *describe_base(const struct change *change)
{
	auto_free char *target = NULL;

	if (change->base_type != CHANGE_SYMLINK || !change->base_target)
		return xstrdup(change_type_name(change->base_type));
	target = text_visible(change->base_target);
	return xasprintf("symlink -> '%s'", target);
}

static char *describe_added(const struct change *change)
{
	auto_free char *now = describe_now(change);
	auto_free char *from = NULL;

	if (change->renamed_from) {
		from = text_visible(change->renamed_from);
		return change->type == CHANGE_FILE &&
				       !change_makes_executable(change)
			       ? xasprintf(" (renamed from '%s')", from)
			       : xasprintf(" (%s, renamed from '%s')", now,
					   from);
	}
	if (change->type == CHANGE_FILE && !change_makes_executable(change))
		return xstrdup("");
	return xasprintf(" (new %s)", now);
}

static char *describe_modified(const struct change *change)
{
	bool had = change->base_mode & OWNER_EXECUTES;
	bool has = change->mode & OWNER_EXECUTES;
	auto_free char *now = describe_now(change);
	auto_free char *base = describe_base(change);
	auto_free char *from = NULL;

	if (change_is_type_change(change) || change->type == CHANGE_SYMLINK)
		return xasprintf(" (%s, was %s)", now, base);
	if (change->renamed_from) {
		from = text_visible(change->renamed_from);
		return xasprintf(" (renamed from '%s')", from);
	}
	if (!change->base_known || had == has)
		return xstrdup("");
	return xstrdup(has ? " (now executable)" : " (no longer executable)");
}

char *describe_change(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_ADDED:
		return describe_added(change);
	case CHANGE_MODIFIED:
		return describe_modified(change);
	case CHANGE_DELETED:
		return change->type == CHANGE_FILE
			       ? xstrdup("")
			       : xasprintf(" (%s)",
					   change_type_name(change->type));
	case CHANGE_KIND_COUNT:
		break;
	}
	assert(false);
	return xstrdup("");
}
