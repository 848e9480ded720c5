// SPDX-License-Identifier: Apache-2.0
/*
 * embed.c - where the linker put the embedded files.
 */
#include "cmd/bbox/embed.h"

#include <stdint.h>

#include "init_id.h" /* made by the build */

extern const char embed_init[];
extern const char embed_recipe_base[];
extern const char embed_recipe_claude_code[];
extern const uint64_t embed_init_len;
extern const uint64_t embed_recipe_base_len;
extern const uint64_t embed_recipe_claude_code_len;

/* The build's shell has no safe way to write quotes. */
#define TEXT_OF_(x) #x
#define TEXT_OF(x)  TEXT_OF_(x)

#define SPAN_OF(symbol) ((struct span){ .p = (symbol), .len = symbol##_len })

void embedded_fill(struct runtime_config *cfg)
{
	static struct oci_recipe recipes[] = {
		{ .name = "base" },
		{ .name = "claude-code" },
	};

	/* A length the build finds is no constant for an initialiser. */
	recipes[0].yaml = SPAN_OF(embed_recipe_base);
	recipes[1].yaml = SPAN_OF(embed_recipe_claude_code);
	cfg->init = SPAN_OF(embed_init);
	cfg->init_id = TEXT_OF(BBOX_INIT_ID);
	cfg->recipes = recipes;
	cfg->recipe_count = ARRAY_SIZE(recipes);
}
