// SPDX-License-Identifier: Apache-2.0
/*
 * ref_table_test.c - references come together, loose ones first.
 */
#include "domain/git/ref_table.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void check_ref(struct git_ref_table *t, const char *name,
		      const char *want)
{
	struct span got = git_ref_table_find(t, name);

	CHECK(span_equals(got, want), "%s: '%.*s', not '%s'", name,
	      (int)got.len, (const char *)got.p, want);
}

static void test_loose_hides_packed(void **state unused)
{
	auto_git_ref_table struct git_ref_table t = GIT_REF_TABLE_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(git_ref_table_add_loose(&t, SPAN_STR("refs/heads/x"),
					 SPAN_STR(A "\n"), &err),
		 &err);
	CHECK_OK(
		git_ref_table_add_packed(&t,
					 SPAN_STR("# pack-refs with: peeled\n" B
						  " refs/heads/x\n" C
						  " refs/tags/v1\n^" A "\n"),
					 &err),
		&err);
	check_ref(&t, "refs/heads/x", A);
	check_ref(&t, "refs/tags/v1", C);
	check_ref(&t, "refs/heads/y", "");
	/* What was looked for once can be added to. */
	CHECK_OK(git_ref_table_add(&t, SPAN_STR("refs/heads/x"), SPAN_STR(B),
				   &err),
		 &err);
	CHECK_OK(git_ref_table_add(&t, SPAN_STR("refs/heads/y"), SPAN_STR(B),
				   &err),
		 &err);
	check_ref(&t, "refs/heads/x", A);
	check_ref(&t, "refs/heads/y", B);
	assert_int_equal(git_ref_table_count(&t), 3);
	assert_string_equal(git_ref_table_at(&t, 2)->name, "refs/tags/v1");
}

/* clang-format off */
static const struct {
	const char *name, *ref, *text, *want;
} loose[] = {
	{ "id",                "refs/heads/x", A "\n",            A  },
	{ "no line end",       "refs/heads/x", A,                 A  },
	{ "more behind it",    "refs/heads/x", A " \r\nrest\n",   A  },
	{ "long id",           "refs/heads/x", C "\n",            C  },
	{ "symbolic",          "refs/heads/x", "ref: refs/a/b\n", "" },
	{ "empty",             "refs/heads/x", "",                "" },
	{ "short id",          "refs/heads/x", "aaaa\n",          "" },
	{ "name that is none", "refs/heads/a..b", A "\n",         "" },
};
/* clang-format on */

static void test_loose_files_are_read_as_git_does(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
		auto_git_ref_table struct git_ref_table t = GIT_REF_TABLE_INIT;
		struct err err = ERR_INIT;

		CHECK_OK(git_ref_table_add_loose(&t, SPAN_STR(loose[i].ref),
						 SPAN_STR(loose[i].text), &err),
			 &err);
		check_ref(&t, loose[i].ref, loose[i].want);
	}
}

static void test_saved_table_is_read_again(void **state unused)
{
	auto_git_ref_table struct git_ref_table t = GIT_REF_TABLE_INIT;
	auto_git_ref_table struct git_ref_table again = GIT_REF_TABLE_INIT;
	auto_buf struct buf text = BUF_INIT(4096);
	struct err err = ERR_INIT;

	CHECK_OK(git_ref_table_add_packed(
			 &t, SPAN_STR(B " refs/heads/y\n" A " refs/heads/x\n"),
			 &err),
		 &err);
	CHECK_OK(git_ref_table_save(&t, &text, &err), &err);
	assert_string_equal(text.data, A " refs/heads/x\n" B " refs/heads/y\n");
	CHECK_OK(git_ref_table_add_packed(&again, buf_span(&text), &err), &err);
	check_ref(&again, "refs/heads/y", B);
	CHECK_FAILS(git_ref_table_add_packed(
			    &again, SPAN_STR(A " refs/heads/../x\n"), &err),
		    &err, ERR_INVALID, "packed-refs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loose_hides_packed),
		cmocka_unit_test(test_loose_files_are_read_as_git_does),
		cmocka_unit_test(test_saved_table_is_read_again),
	};

	return RUN_TESTS(tests);
}
