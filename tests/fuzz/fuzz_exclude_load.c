// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_exclude_load.c - no saved matcher lets a secret in, and what loads is
 * saved as it was.
 *
 * Input: what exclude_save() writes.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/snapshot/exclude.h"
#include "fuzz/fuzz.h"

static const char *const paths[] = {
	"a", "a/b", "node_modules/x", "keep.tmp", "x/y/z",
};

static void check_alike(const struct exclude *a, const struct exclude *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		INVARIANT(exclude_matches(a, paths[i], false) ==
			  exclude_matches(b, paths[i], false));
		INVARIANT(exclude_matches(a, paths[i], true) ==
			  exclude_matches(b, paths[i], true));
	}
	INVARIANT(exclude_matches(a, "deep/.env", false));
	INVARIANT(exclude_matches(a, ".ssh/id_rsa", false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf first = BUF_INIT(EXCLUDE_SAVED_MAX);
	auto_buf struct buf second = BUF_INIT(EXCLUDE_SAVED_MAX);
	struct exclude *x, *y;
	struct err err = ERR_INIT;

	if (exclude_load((struct span){ .p = data, .len = size }, &x, &err) < 0)
		return 0;
	INVARIANT(exclude_save(x, &first, &err) == 0);
	INVARIANT(first.len <= size);
	INVARIANT(exclude_load(buf_span(&first), &y, &err) == 0);
	INVARIANT(exclude_save(y, &second, &err) == 0);
	INVARIANT(first.len == second.len &&
		  !memcmp(first.data, second.data, first.len));
	check_alike(x, y);
	exclude_free(x);
	exclude_free(y);
	return 0;
}
