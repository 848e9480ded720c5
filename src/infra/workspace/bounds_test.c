// SPDX-License-Identifier: Apache-2.0
#include "infra/workspace/bounds.h"

#include "support/tree.h"

/* clang-format off */
static const struct text_case {
	const char *base, *target;
	bool want;
} text_cases[] = {
	{ "/workspace", "/workspace",               true },
	{ "/workspace", "/workspace/file.go",       true },
	{ "/workspace", "/workspace/a/b/c.go",      true },
	{ "/workspace", "/workspace/../etc/passwd", false },
	{ "/workspace", "/workspacex/a",            false },
	{ "/workspace", "/",                        false },
};
/* clang-format on */

static void test_missing_paths_are_judged_by_text(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_cases); i++) {
		const struct text_case *c = &text_cases[i];
		struct err err = ERR_INIT;
		int r = bounds_check(c->base, c->target, NULL, &err);

		CHECK((r == 0) == c->want, "'%s' in '%s'", c->target, c->base);
	}
}

static void test_error_names_both_paths(void **state unused)
{
	struct err err = ERR_INIT;

	CHECK_FAILS(bounds_check("/workspace", "/etc/x", NULL, &err), &err,
		    ERR_PERMISSION, "'/etc/x' is outside of '/workspace'");
}

static void test_symlinks_on_the_way_are_resolved(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *base = tree_path(dir, "w");
	auto_free char *by_link = tree_path(dir, "link");
	auto_free char *out = tree_path(dir, "w/out/x");
	auto_free char *in = tree_path(dir, "link/a/new");
	auto_free char *rest = NULL;
	struct err err = ERR_INIT;

	tree_mkdir(dir, "w/a");
	tree_link(dir, "w/out", "/etc");
	tree_link(dir, "link", "w");
	CHECK_FAILS(bounds_check(base, out, NULL, &err), &err, ERR_PERMISSION,
		    "outside");
	CHECK_OK(bounds_check(base, in, &rest, &err), &err);
	assert_string_equal(rest, "a/new");
	CHECK_OK(bounds_check(by_link, in, NULL, &err), &err);
	tree_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_paths_are_judged_by_text),
		cmocka_unit_test(test_error_names_both_paths),
		cmocka_unit_test(test_symlinks_on_the_way_are_resolved),
	};

	return RUN_TESTS(tests);
}
