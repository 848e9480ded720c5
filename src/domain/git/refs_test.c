// SPDX-License-Identifier: Apache-2.0
#include "domain/git/refs.h"

#include "support/check.h"

#include <string.h>

#include "base/mem.h"

#define A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C    "0123456789abcdef0123456789abcdef01234567"
#define LONG A "aaaaaaaaaaaaaaaaaaaaaaaa"

/* clang-format off */
static const struct name_case {
	const char *name;
	bool valid, may_arrive;
} name_cases[] = {
	{ "refs/heads/main",       true,  true },
	{ "refs/heads/a/b.c-d_e",  true,  true },
	{ "refs/heads/\xc3\xa9",   true,  true },
	{ "refs/heads/@",          true,  true },
	{ "refs/heads/a@b",        true,  true },
	{ "refs/tags/v1",          true,  true },
	{ "refs/notes/commits",    true,  true },
	{ "refs/remotes/o/main",   true,  true },
	{ "refs/stash",            true,  true },
	{ "refs/stash/x",          true,  false },
	{ "refs/replace/" A,       true,  false },
	{ "refs/bbox/s/heads/x",   true,  false },
	{ "refs/bisect/bad",       true,  false },
	{ "refs/worktree/x",       true,  false },
	{ "refs/heads",            true,  false },
	{ "a/b",                   true,  false },
	{ "",                      false, false },
	{ "HEAD",                  false, false },
	{ "@",                     false, false },
	{ "/refs/heads/a",         false, false },
	{ "refs/heads/",           false, false },
	{ "refs//heads/a",         false, false },
	{ "refs/heads/.a",         false, false },
	{ "refs/heads/../../x",    false, false },
	{ "refs/heads/a..b",       false, false },
	{ "refs/heads/a.",         false, false },
	{ "refs/heads/a.lock",     false, false },
	{ "refs/a.lock/b",         false, false },
	{ "refs/heads/.lock",      false, false },
	{ "refs/heads/a@{b",       false, false },
	{ "refs/heads/a b",        false, false },
	{ "refs/heads/a\tb",       false, false },
	{ "refs/heads/a\nb",       false, false },
	{ "refs/heads/a\x7f",      false, false },
	{ "refs/heads/a~",         false, false },
	{ "refs/heads/a^",         false, false },
	{ "refs/heads/a:",         false, false },
	{ "refs/heads/a?",         false, false },
	{ "refs/heads/a*",         false, false },
	{ "refs/heads/a[",         false, false },
	{ "refs/heads/a\\b",       false, false },
};
/* clang-format on */

static void test_names_are_as_git_wants_them(void **state unused)
{
	static const char nul[] = "refs/heads/a\0b";

	for (size_t i = 0; i < ARRAY_SIZE(name_cases); i++) {
		const struct name_case *c = &name_cases[i];
		struct span name = SPAN_STR(c->name);

		CHECK(git_ref_name_is_valid(name) == c->valid, "'%s'", c->name);
		CHECK(git_ref_may_arrive(name) == c->may_arrive, "'%s'",
		      c->name);
	}
	assert_false(git_ref_name_is_valid(
		(struct span){ .p = nul, .len = sizeof(nul) - 1 }));
}

static void test_long_names_are_refused(void **state unused)
{
	auto_free char *name = xcalloc(1, GIT_REF_NAME_MAX + 2);

	memset(name, 'a', GIT_REF_NAME_MAX + 1);
	name[1] = '/';
	assert_false(git_ref_name_is_valid(SPAN_STR(name)));
	name[GIT_REF_NAME_MAX] = '\0';
	assert_true(git_ref_name_is_valid(SPAN_STR(name)));
}

static void test_object_ids_are_40_or_64_digits(void **state unused)
{
	assert_true(git_oid_is_valid(SPAN_STR(C)));
	assert_true(git_oid_is_valid(SPAN_STR(LONG)));
	assert_false(git_oid_is_valid(SPAN_STR("")));
	assert_false(git_oid_is_valid(SPAN_STR(C "0")));
	assert_false(git_oid_is_valid(SPAN_STR("A" A) /* 41 */));
	assert_false(git_oid_is_valid((struct span){ .p = "x" C, .len = 40 }));
	assert_false(git_oid_is_valid((struct span){ .p = "A" C, .len = 40 }));
}

/* clang-format off */
static const struct head_case {
	const char *text, *target; /* NULL: malformed */
	bool is_detached;
} head_cases[] = {
	{ "ref: refs/heads/main\n",     "refs/heads/main", false },
	{ "ref: refs/heads/main",       "refs/heads/main", false },
	{ "ref:refs/heads/a/b \r\n",    "refs/heads/a/b",  false },
	{ "ref: \t refs/heads/.invalid\n", NULL,           false },
	{ A "\n",                       A,                 true },
	{ LONG,                         LONG,              true },
	{ "",                           NULL,              false },
	{ "\n",                         NULL,              false },
	{ "ref:",                       NULL,              false },
	{ "ref: main\n",                NULL,              false },
	{ "ref: HEAD\n",                NULL,              false },
	{ "ref: refs/../config\n",      NULL,              false },
	{ "ref: ../x/y\n",              NULL,              false },
	{ "ref: refs/heads/a\nx\n",     NULL,              false },
	{ A "x\n",                      NULL,              false },
	{ " " A,                        NULL,              false },
};
/* clang-format on */

static void test_head_is_a_branch_or_a_commit(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(head_cases); i++) {
		const struct head_case *c = &head_cases[i];
		struct git_head head = { .is_detached = false };
		struct err err = ERR_INIT;
		int r = git_head_parse(SPAN_STR(c->text), &head, &err);

		CHECK((r == 0) == !!c->target, "'%s': %d", c->text, r);
		if (r < 0)
			CHECK(err.kind == ERR_INVALID &&
				      !strcmp(err.msg, "malformed HEAD"),
			      "'%s': %s", c->text, err.msg);
		else
			CHECK(span_equals(head.target, c->target) &&
				      head.is_detached == c->is_detached,
			      "'%s': wrong", c->text);
	}
}

static void test_long_head_is_refused(void **state unused)
{
	auto_free char *text = xcalloc(1, GIT_REF_NAME_MAX + 2);
	struct git_head head;
	struct err err;

	memset(text, 'a', GIT_REF_NAME_MAX + 1);
	CHECK_FAILS(git_head_parse(SPAN_STR(text), &head, &err), &err,
		    ERR_LIMIT, "HEAD has more than 1024 bytes");
}

static void test_packed_references_are_taken_one_by_one(void **state unused)
{
	struct span rest =
		SPAN_STR("# pack-refs with: peeled fully-peeled sorted \n" A
			 " refs/heads/main\n" B " refs/tags/v1\n^" C "\n" C
			 " refs/tags/v2");
	static const char *const want[][2] = {
		{ A, "refs/heads/main" },
		{ B, "refs/tags/v1" },
		{ C, "refs/tags/v2" },
	};
	struct git_packed_ref ref;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		CHECK(git_packed_refs_next(&rest, &ref, &err) == 1, "%zu: %s",
		      i, err.msg);
		assert_true(span_equals(ref.oid, want[i][0]));
		assert_true(span_equals(ref.name, want[i][1]));
	}
	assert_int_equal(git_packed_refs_next(&rest, &ref, &err), 0);
}

static void test_bad_packed_references_are_refused(void **state unused)
{
	static const char *const texts[] = {
		"\n",
		A "\n",
		A " \n",
		A " HEAD\n",
		A " heads/main\n",
		A " refs/../../x\n",
		"x" A " refs/heads/main\n",
		A "  refs/heads/main\n",
		A " refs/heads/a b\n",
	};
	struct git_packed_ref ref;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct span rest = SPAN_STR(texts[i]);

		CHECK_FAILS(git_packed_refs_next(&rest, &ref, &err), &err,
			    ERR_INVALID, "malformed packed-refs");
	}
}

/* clang-format off */
static const struct decide_case {
	const char *name, *before, *ours, *theirs; /* "": does not exist */
	enum git_ref_verdict want;
} decide_cases[] = {
	{ "nobody moved",         A,  A,  A,  GIT_REF_LEAVE },
	{ "never there",          "", "", "", GIT_REF_LEAVE },
	{ "we moved",             A,  B,  A,  GIT_REF_LEAVE },
	{ "we deleted",           A,  "", A,  GIT_REF_LEAVE },
	{ "we made it",           "", A,  "", GIT_REF_LEAVE },
	{ "they moved",           A,  A,  B,  GIT_REF_TAKE },
	{ "they made it",         "", "", A,  GIT_REF_TAKE },
	{ "they deleted",         A,  A,  "", GIT_REF_TAKE },
	{ "both, the same",       A,  B,  B,  GIT_REF_LEAVE },
	{ "both made the same",   "", A,  A,  GIT_REF_LEAVE },
	{ "both deleted",         A,  "", "", GIT_REF_LEAVE },
	{ "both moved",           A,  B,  C,  GIT_REF_PARK },
	{ "both made it",         "", B,  C,  GIT_REF_PARK },
	{ "we deleted, they moved", A, "", B, GIT_REF_PARK },
	{ "we moved, they deleted", A, B, "", GIT_REF_LEAVE },
};
/* clang-format on */

static void test_ours_is_never_lost(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(decide_cases); i++) {
		const struct decide_case *c = &decide_cases[i];

		CHECK(git_ref_decide(SPAN_STR(c->before), SPAN_STR(c->ours),
				     SPAN_STR(c->theirs)) == c->want,
		      "%s", c->name);
	}
}

/* clang-format off */
static const struct park_case {
	const char *session, *ref, *want; /* NULL: refused */
} park_cases[] = {
	{ "abc-1", "refs/heads/main", "refs/bbox/abc-1/heads/main" },
	{ "abc-1", "refs/tags/v/1",   "refs/bbox/abc-1/tags/v/1" },
	{ "abc-1", "HEAD",            "refs/bbox/abc-1/HEAD" },
	{ "a b",   "refs/heads/main", NULL },
	{ "",      "refs/heads/main", NULL },
	{ "..",    "refs/heads/main", NULL },
	{ "a/b",   "refs/heads/main", NULL },
	{ "abc",   "refs/",           NULL },
	{ "abc",   "refs/heads/a..b", NULL },
	{ "abc",   "",                NULL },
};
/* clang-format on */

static void test_theirs_is_parked_under_the_session(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(park_cases); i++) {
		const struct park_case *c = &park_cases[i];
		struct err err = ERR_INIT;
		auto_free char *got =
			git_ref_park_name(c->session, SPAN_STR(c->ref), &err);

		CHECK(!got == !c->want, "'%s', '%s': got '%s'", c->session,
		      c->ref, got);
		if (c->want)
			assert_string_equal(got, c->want);
		else
			assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void test_nul_in_a_parked_name_is_refused(void **state unused)
{
	static const char ref[] = "refs/heads/a\0b";
	struct span span = { .p = ref, .len = sizeof(ref) - 1 };
	struct err err = ERR_INIT;
	auto_free char *got = git_ref_park_name("abc", span, &err);

	assert_null(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_as_git_wants_them),
		cmocka_unit_test(test_long_names_are_refused),
		cmocka_unit_test(test_object_ids_are_40_or_64_digits),
		cmocka_unit_test(test_head_is_a_branch_or_a_commit),
		cmocka_unit_test(test_long_head_is_refused),
		cmocka_unit_test(test_packed_references_are_taken_one_by_one),
		cmocka_unit_test(test_bad_packed_references_are_refused),
		cmocka_unit_test(test_ours_is_never_lost),
		cmocka_unit_test(test_theirs_is_parked_under_the_session),
		cmocka_unit_test(test_nul_in_a_parked_name_is_refused),
	};

	return RUN_TESTS(tests);
}
