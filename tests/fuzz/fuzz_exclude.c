// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_exclude.c - no ignore file lets a secret in, and below an excluded
 * directory everything is excluded.
 *
 * Input: an ignore file, a NUL, a path.
 */
#include <string.h>

#include "base/mem.h"
#include "domain/snapshot/exclude.h"
#include "fuzz/fuzz.h"

static const char *const secrets[] = {
	".env",
	"sub/.env.local",
	"a/b/server.pem",
	".ssh/id_ed25519",
	".GIT/../.aws/credentials",
};

static void check_path(const struct exclude *x, const char *path)
{
	bool excluded = exclude_matches(x, path, false);
	auto_free char *below = xasprintf("%s/below", path);

	INVARIANT(excluded == exclude_matches(x, path, false));
	INVARIANT(!exclude_is_security(x, path, false) || excluded);
	/* What holds for a file holds for a directory and what is in it. */
	if (*path && excluded && path[strlen(path) - 1] != '/') {
		INVARIANT(exclude_matches(x, path, true));
		INVARIANT(exclude_matches(x, below, false));
	}
	if (*path && exclude_matches(x, path, true) &&
	    path[strlen(path) - 1] != '/')
		INVARIANT(exclude_matches(x, below, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct span in = { .p = data, .len = size }, text;
	struct err err = ERR_INIT;

	if (span_take_until(&in, '\0', &text)) {
		auto_free char *path = xmemdup0(in.p, in.len);

		/* Up to a bad line, the file counts all the same. */
		discard(exclude_add_file(x, text, &err));
		for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
			INVARIANT(exclude_matches(x, secrets[i], false));
		check_path(x, path);
	}
	exclude_free(x);
	return 0;
}
