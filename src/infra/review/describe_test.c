// SPDX-License-Identifier: Apache-2.0
#include "infra/review/describe.h"

#include "support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static char evil[] = "x'\n\033[2J";
static char plain[] = "a/b";

static const struct describe_case {
	const char *name;
	struct change change;
	const char *want;
} describe_cases[] = {
	/* clang-format off */
	{ "new file", { .kind = CHANGE_ADDED, .mode = 0644 }, "" },
	{ "new program", { .kind = CHANGE_ADDED, .mode = 0755 },
	  " (new executable file)" },
	{ "new symlink",
	  { .kind = CHANGE_ADDED, .type = CHANGE_SYMLINK, .target = plain },
	  " (new symlink -> 'a/b')" },
	{ "hostile symlink",
	  { .kind = CHANGE_ADDED, .type = CHANGE_SYMLINK, .target = evil },
	  " (new symlink -> 'x'\\n\\x1b[2J')" },
	{ "new directory", { .kind = CHANGE_ADDED, .type = CHANGE_DIR },
	  " (new directory)" },
	{ "renamed",
	  { .kind = CHANGE_ADDED, .mode = 0644, .renamed_from = plain },
	  " (renamed from 'a/b')" },
	{ "renamed program",
	  { .kind = CHANGE_ADDED, .mode = 0755, .renamed_from = evil },
	  " (executable file, renamed from 'x'\\n\\x1b[2J')" },
	{ "content", { .kind = CHANGE_MODIFIED, .mode = 0644,
		       .base_known = true, .base_mode = 0600 }, "" },
	{ "mode", { .kind = CHANGE_MODIFIED, .mode = 0755, .base_known = true,
		    .base_mode = 0644 }, " (now executable)" },
	{ "mode back", { .kind = CHANGE_MODIFIED, .mode = 0644,
			 .base_known = true, .base_mode = 0755 },
	  " (no longer executable)" },
	{ "other text",
	  { .kind = CHANGE_MODIFIED, .type = CHANGE_SYMLINK, .target = plain,
	    .base_known = true, .base_type = CHANGE_SYMLINK,
	    .base_target = evil },
	  " (symlink -> 'a/b', was symlink -> 'x'\\n\\x1b[2J')" },
	{ "file for a directory",
	  { .kind = CHANGE_MODIFIED, .base_known = true,
	    .base_type = CHANGE_DIR },
	  " (file, was directory)" },
	{ "symlink for a file",
	  { .kind = CHANGE_MODIFIED, .type = CHANGE_SYMLINK, .target = plain,
	    .base_known = true },
	  " (symlink -> 'a/b', was file)" },
	{ "deleted", { .kind = CHANGE_DELETED }, "" },
	{ "deleted directory", { .kind = CHANGE_DELETED, .type = CHANGE_DIR },
	  " (directory)" },
	{ "deleted symlink",
	  { .kind = CHANGE_DELETED, .type = CHANGE_SYMLINK }, " (symlink)" },
	/* clang-format on */
};

static void test_words_say_what_the_path_does_not(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(describe_cases); i++) {
		const struct describe_case *c = &describe_cases[i];
		auto_free char *got = describe_change(&c->change);

		CHECK(!strcmp(got, c->want), "%s: got '%s'", c->name, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_say_what_the_path_does_not),
	};

	return RUN_TESTS(tests);
}
