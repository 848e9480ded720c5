// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_paths.c - a clean path stays as it is, and what is calculated leads
 * where it should.
 *
 * Input: a path, a NUL, another path.
 */
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/text.h"
#include "domain/workspace/paths.h"
#include "fuzz/fuzz.h"

static void check_clean(const char *path, const char *clean)
{
	auto_free char *again = path_clean(clean);
	auto_free char *rooted = xasprintf("/%s", path);
	auto_free char *inside = path_clean(rooted);
	const char *rest = clean;

	INVARIANT(!strcmp(again, clean));
	INVARIANT((*path == '/') == (*clean == '/'));
	while (text_starts_with(rest, "../"))
		rest += 3;
	INVARIANT(*clean == '/' || path_is_plain(rest) || !strcmp(rest, "..") ||
		  !strcmp(clean, "."));
	/* Below the root nothing leads out. */
	INVARIANT(!strcmp(inside, "/") || path_is_plain(inside + 1));
	INVARIANT(path_below("/", inside) == inside + 1);
}

/* A directory and a name make up the path again. */
static void check_parts(const char *path)
{
	const char *name = path_name(path);
	auto_free char *dir = path_dir(path);
	auto_free char *whole =
		name == path ? xstrdup(name) : xasprintf("%s/%s", dir, name);

	INVARIANT(!strchr(name, '/') && !strcmp(whole, path));
}

/* @from and @to are plain. */
static void check_relative(const char *from, const char *to)
{
	auto_free char *way = path_relative(from, to);
	auto_free char *joined = xasprintf("/%s/%s", from, way);
	auto_free char *there = path_clean(joined);
	auto_free char *clean_way = path_clean(way);

	INVARIANT(!strcmp(clean_way, way));
	INVARIANT(*way != '/' && !strcmp(there + 1, to));
}

/* Both are clean and absolute. */
static void check_below(const char *a, const char *b)
{
	const char *rest = path_below(a, b);
	auto_free char *joined = xasprintf("%s/%s", a, rest ?: "");
	auto_free char *whole = path_clean(joined);
	auto_free char *under = xasprintf("%s%s", strcmp(a, "/") ? a : "", b);

	INVARIANT(!rest || !strcmp(whole, b));
	INVARIANT(path_below(a, under) != NULL);
	/* Each below the other: they are the same. */
	INVARIANT(!rest || !path_below(b, a) || !strcmp(a, b));
}

static void check_pair(const char *a, const char *b)
{
	auto_free char *rooted_a = xasprintf("/%s", a);
	auto_free char *rooted_b = xasprintf("/%s", b);
	auto_free char *first = path_clean(rooted_a);
	auto_free char *second = path_clean(rooted_b);

	check_below(first, second);
	/* Without the '/', a clean absolute path is plain, or the root: "". */
	check_relative(first + 1, second + 1);
	check_relative(second + 1, first + 1);
	check_relative("", second + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { .p = data, .len = size }, first;

	if (span_take_until(&in, '\0', &first)) {
		auto_free char *a = xmemdup0(first.p, first.len);
		auto_free char *b = xmemdup0(in.p, in.len);
		auto_free char *clean = path_clean(a);

		check_clean(a, clean);
		INVARIANT(!path_is_plain(a) || !strcmp(a, clean));
		check_parts(a);
		check_pair(a, b);
	}
	return 0;
}
