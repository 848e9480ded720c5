// SPDX-License-Identifier: Apache-2.0
#include "domain/git/identity.h"

#include "support/check.h"

#include <string.h>

#include "base/buf.h"
#include "domain/git/config.h"

static const struct identity_case {
	const char *name, *text;
	const char *want_name, *want_email; /* NULL: not set */
	bool complete;
} identity_cases[] = {
	{ "GI1", "[user]\n\tname = Jane Doe\n\temail = jane@example.com\n",
	  "Jane Doe", "jane@example.com", true },
	{ "GI2 name", "[user]\n\tname = Jane\n", "Jane", NULL, false },
	{ "GI2 email", "[user]\n\temail = a@b\n", NULL, "a@b", false },
	{ "GI2 neither", "[core]\n\tname = Jane\n", NULL, NULL, false },
	{ "GI2 no text", "", NULL, NULL, false },
	{ "GI3 upper case", "[USER]\n\tName = Jane\n\tEMAIL = a@b\n", "Jane",
	  "a@b", true },
	{ "GI3 mixed case", "[User]\nname=Jane\nemail=a@b", "Jane", "a@b",
	  true },
	{ "GI4",
	  "[core]\n\teditor = vi\n[user]\n# name = X\n\tname = Jane\n; email = Y\n"
	  "\tsigningkey = K\n\temail = a@b\n[alias]\n\tname = Z\n",
	  "Jane", "a@b", true },
	{ "last one wins",
	  "[user]\nname = A\n[x]\n[user]\nname = B\nemail = a@b\n", "B", "a@b",
	  true },
	{ "emptied", "[user]\nname = A\nemail = a@b\nname =\n", "", "a@b",
	  false },
	{ "no value", "[user]\nname = A\nname\n", "A", NULL, false },
	{ "quoted, comment", "[user]\nname = \"J; D\" # x\n", "J; D", NULL,
	  false },
	{ "header line", "[user] name = A\n", "A", NULL, false },
	{ "subsection", "[user \"x\"]\nname = A\n", NULL, NULL, false },
	{ "bad lines", "[user]\nthis is no line\nname = A\n= x\nemail = a@b\n",
	  "A", "a@b", true },
	{ "bad header", "[user\nname = A\n", NULL, NULL, false },
	{ "other letters", "[user]\nname = \xe7\x94\xb0\xe4\xb8\xad\n",
	  "\xe7\x94\xb0\xe4\xb8\xad", NULL, false },
};

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void test_name_and_email_are_found(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(identity_cases); i++) {
		const struct identity_case *c = &identity_cases[i];
		auto_git_identity struct git_identity id = GIT_IDENTITY_INIT;
		struct err err = ERR_INIT;

		CHECK(git_identity_parse(SPAN_STR(c->text), &id, &err) == 0,
		      "%s: %s", c->name, err.msg);
		CHECK(same(id.name, c->want_name) &&
			      same(id.email, c->want_email),
		      "%s: got '%s', '%s'", c->name, id.name, id.email);
		CHECK(git_identity_is_complete(&id) == c->complete,
		      "%s: complete", c->name);
		CHECK(id.n == 0, "%s: rewrites", c->name);
	}
}

/* GI5, GI6 */
static void test_rewrites_are_found_in_order(void **state unused)
{
	static const char text[] =
		"[url \"https://github.com/\"]\n\tinsteadOf = gh:\n"
		"[remote \"origin\"]\n\turl = x\n\tinsteadOf = y\n"
		"[url \"\"]\ninsteadOf = z\n[url]\ninsteadof = z\n"
		"[URL \"git@h:\"]\n\tINSTEADOF = https://h/\n\tinsteadof =\n"
		"\tpushInsteadOf = w\n\tinsteadOf = h:\n";
	static const char *const want[][2] = {
		{ "https://github.com/", "gh:" },
		{ "git@h:", "https://h/" },
		{ "git@h:", "h:" },
	};
	auto_git_identity struct git_identity id = GIT_IDENTITY_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(git_identity_parse(SPAN_STR(text), &id, &err), &err);
	assert_int_equal(id.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_string_equal(id.rewrites[i].base, want[i][0]);
		assert_string_equal(id.rewrites[i].instead_of, want[i][1]);
	}
}

static void test_limits_are_kept(void **state unused)
{
	auto_git_identity struct git_identity id = GIT_IDENTITY_INIT;
	auto_buf struct buf text = BUF_INIT(GIT_CONFIG_SIZE_MAX + 1);
	struct err err = ERR_INIT;
	char *room;

	CHECK_OK(buf_adds(&text, "[url \"x\"]\n", &err), &err);
	for (size_t i = 0; i <= GIT_REWRITES_MAX; i++)
		CHECK_OK(buf_adds(&text, "insteadOf=y\n", &err), &err);
	CHECK_FAILS(git_identity_parse(buf_span(&text), &id, &err), &err,
		    ERR_LIMIT, "more than 1024 URL rewrites");
	buf_reset(&text);
	CHECK_OK(buf_room(&text, GIT_CONFIG_SIZE_MAX + 1, &room, &err), &err);
	memset(room, '\n', GIT_CONFIG_SIZE_MAX + 1);
	buf_grew(&text, GIT_CONFIG_SIZE_MAX + 1);
	CHECK_FAILS(git_identity_parse(buf_span(&text), &id, &err), &err,
		    ERR_LIMIT, "more than 1048576 bytes");
	assert_null(id.rewrites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_and_email_are_found),
		cmocka_unit_test(test_rewrites_are_found_in_order),
		cmocka_unit_test(test_limits_are_kept),
	};

	return RUN_TESTS(tests);
}
