// SPDX-License-Identifier: Apache-2.0
/*
 * bounds.c - resolve as much of a path as there is and compare.
 */
#include "infra/workspace/bounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/paths.h"

/* @path, clean and absolute, with its longest existing prefix resolved. */
static char *resolve(const char *path)
{
	auto_free char *prefix = xstrdup(path);
	auto_free char *real = NULL;
	auto_free char *joined = NULL;
	size_t len = strlen(prefix);

	for (;;) {
		real = realpath(len ? prefix : "/", NULL);
		if (real || !len)
			break;
		while (len && prefix[--len] != '/')
			;
		prefix[len] = '\0';
	}
	if (!real)
		return xstrdup(path);
	joined = xasprintf("%s%s", real, path + len);
	return path_clean(joined);
}

int bounds_check(const char *base, const char *target, char **out_rest,
		 struct err *err)
{
	auto_free char *clean_base = path_clean(base);
	auto_free char *clean_target = path_clean(target);
	auto_free char *real_base = resolve(clean_base);
	auto_free char *real_target = resolve(clean_target);
	const char *rest = path_below(real_base, real_target);

	assert(base[0] == '/' && target[0] == '/');
	if (!rest)
		return err_set(err, ERR_PERMISSION, "'%s' is outside of '%s'",
			       target, base);
	if (out_rest)
		*out_rest = xstrdup(rest);
	return 0;
}
