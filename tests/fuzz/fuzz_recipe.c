// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_recipe.c - a recipe that is accepted holds nothing that a shell or a
 * tool could misread.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "infra/oci/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_recipe struct recipe r = RECIPE_INIT;
	struct err err = ERR_INIT;

	if (recipe_parse((struct span){ data, size }, &r, &err) < 0) {
		INVARIANT(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
		return 0;
	}
	INVARIANT(r.name && *r.name);
	INVARIANT(!r.from == !!r.suite);
	if (r.suite)
		INVARIANT(!strpbrk(r.debian_user, " \t\n;&|<>$`'\"\\*?()"));
	for (size_t i = 0; i < r.packages.n; i++)
		INVARIANT(r.packages.v[i][0] != '-' &&
			  !strpbrk(r.packages.v[i], " ,\n"));
	for (size_t i = 0; i < r.file_count; i++)
		INVARIANT(r.files[i].path[0] == '/' &&
			  r.files[i].mode <= 07777);
	return 0;
}
