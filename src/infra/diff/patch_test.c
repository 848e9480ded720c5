// SPDX-License-Identifier: Apache-2.0
#include "infra/diff/patch.h"

#include "support/check.h"

#include <git2.h>
#include <string.h>

static const struct patch_case {
	const char *name, *path;
	const char *before, *after; /* NULL: it does not exist */
	bool before_exec, after_exec;
	const char *want;
} patch_cases[] = {
	{ "modified", "a.c", "one\ntwo\n", "one\n2\n", false, false,
	  "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
	  "@@ -1,2 +1,2 @@\n one\n-two\n+2\n" },
	{ "added", "d/a.c", NULL, "one\n", false, false,
	  "diff --git a/d/a.c b/d/a.c\nnew file mode 100644\n"
	  "--- /dev/null\n+++ b/d/a.c\n@@ -0,0 +1 @@\n+one\n" },
	{ "added script", "a", NULL, "x\n", false, true,
	  "diff --git a/a b/a\nnew file mode 100755\n"
	  "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n" },
	{ "deleted", "a", "x\n", NULL, true, false,
	  "diff --git a/a b/a\ndeleted file mode 100755\n"
	  "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n" },
	{ "added, empty", "a", NULL, "", false, false,
	  "diff --git a/a b/a\nnew file mode 100644\n" },
	{ "mode only", "a", "x\n", "x\n", false, true,
	  "diff --git a/a b/a\nold mode 100644\nnew mode 100755\n" },
	{ "no final newline", "a", "x", "y", false, false,
	  "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n"
	  "\\ No newline at end of file\n+y\n"
	  "\\ No newline at end of file\n" },
	{ "blank in name", "a b", "x\n", "y\n", false, false,
	  "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n"
	  "@@ -1 +1 @@\n-x\n+y\n" },
	{ "hostile name", "a\n\"\x1b\xc3", "x\n", "y\n", false, false,
	  "diff --git \"a/a\\n\\\"\\033\\303\" \"b/a\\n\\\"\\033\\303\"\n"
	  "--- \"a/a\\n\\\"\\033\\303\"\n+++ \"b/a\\n\\\"\\033\\303\"\n"
	  "@@ -1 +1 @@\n-x\n+y\n" },
};

static struct patch_side side(const char *text, bool executable)
{
	return (struct patch_side){
		.content = SPAN_STR(text ? text : ""),
		.exists = text != NULL,
		.executable = executable,
	};
}

static void test_patch_reads_as_git_wrote_it(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(patch_cases); i++) {
		const struct patch_case *c = &patch_cases[i];
		struct patch_side before = side(c->before, c->before_exec);
		struct patch_side after = side(c->after, c->after_exec);
		auto_buf struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;

		CHECK_OK(patch_add(&out, c->path, &before, &after, &err), &err);
		CHECK(!strcmp(out.data, c->want), "%s: got\n%s", c->name,
		      out.data);
	}
}

static void test_full_buffer_is_an_error(void **state unused)
{
	struct patch_side before = side("one\n", false);
	struct patch_side after = side("two\n", false);
	auto_buf struct buf out = BUF_INIT(48);
	struct err err = ERR_INIT;

	CHECK_FAILS(patch_add(&out, "a", &before, &after, &err), &err,
		    ERR_LIMIT, "48");
}

static void test_nul_near_the_start_means_binary(void **state unused)
{
	static char text[PATCH_PROBE_MAX + 1];

	memset(text, 'x', sizeof(text));
	text[PATCH_PROBE_MAX] = '\0';
	assert_false(patch_is_binary(
		(struct span){ .p = text, .len = sizeof(text) }));
	text[PATCH_PROBE_MAX - 1] = '\0';
	assert_true(patch_is_binary(
		(struct span){ .p = text, .len = sizeof(text) }));
	assert_false(patch_is_binary((struct span){ .p = NULL, .len = 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patch_reads_as_git_wrote_it),
		cmocka_unit_test(test_full_buffer_is_an_error),
		cmocka_unit_test(test_nul_near_the_start_means_binary),
	};
	int r;

	git_libgit2_init();
	r = RUN_TESTS(tests);
	git_libgit2_shutdown();
	return r;
}
