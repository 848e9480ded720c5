// SPDX-License-Identifier: Apache-2.0
/*
 * paths.c - calculate with path texts.
 */
#include "domain/workspace/paths.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"

static bool is_dots(struct span name)
{
	return span_equals(name, "..");
}

char *path_clean(const char *path)
{
	bool absolute = path[0] == '/';
	struct span rest = SPAN_STR(path), name;
	/* Longer than @path only when it is empty: "." */
	char *out = xcalloc(1, strlen(path) + 2);
	size_t len = 0, floor = 0;

	while (span_take_until(&rest, '/', &name)) {
		if (!name.len || span_equals(name, "."))
			continue;
		if (is_dots(name) && len > floor) {
			while (len > floor && out[len - 1] != '/')
				len--;
			len -= len > floor;
			continue;
		}
		if (is_dots(name) && absolute)
			continue;
		if (len)
			out[len++] = '/';
		memcpy(out + len, name.p, name.len);
		len += name.len;
		/* What leads out of the start is never taken back. */
		if (is_dots(name))
			floor = len;
	}
	if (absolute) {
		memmove(out + 1, out, len);
		out[0] = '/';
		len++;
	} else if (!len) {
		out[len++] = '.';
	}
	out[len] = '\0';
	return out;
}

bool path_is_plain(const char *path)
{
	struct span rest = SPAN_STR(path), name;
	size_t len = rest.len;

	if (!len || path[len - 1] == '/')
		return false;
	while (span_take_until(&rest, '/', &name)) {
		if (!name.len || span_equals(name, ".") || is_dots(name))
			return false;
	}
	return true;
}

const char *path_below(const char *base, const char *path)
{
	size_t len = strlen(base);

	if (!strcmp(base, "/"))
		return path + 1;
	if (strncmp(path, base, len))
		return NULL;
	if (!path[len])
		return path + len;
	return path[len] == '/' ? path + len + 1 : NULL;
}

/* How many bytes of whole components, with their '/', both begin with. */
static size_t common_len(const char *dir, const char *to)
{
	size_t common = 0, i;

	for (i = 0; dir[i] && dir[i] == to[i]; i++) {
		if (dir[i] == '/')
			common = i + 1;
	}
	if (!dir[i] && i && (to[i] == '/' || !to[i]))
		common = to[i] ? i + 1 : i;
	return common;
}

char *path_relative(const char *from_dir, const char *to)
{
	size_t common = common_len(from_dir, to), ups = 0;
	bool below = common <= strlen(from_dir);
	const char *rest = below ? from_dir + common : "";
	char *out, *at;

	ups = *rest ? 1 : 0;
	for (; *rest; rest++)
		ups += *rest == '/';
	to += common;
	at = out = xcalloc(1, ups * 3 + strlen(to) + 2);
	for (size_t i = 0; i < ups; i++) {
		memcpy(at, "../", 3);
		at += 3;
	}
	memcpy(at, to, strlen(to));
	at += strlen(to);
	if (at > out && at[-1] == '/')
		*--at = '\0';
	if (at == out)
		*at = '.';
	return out;
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xmemdup0(path, (size_t)(slash - path)) : xstrdup("");
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
