// SPDX-License-Identifier: Apache-2.0
/*
 * env_test.c - a session's environment and command line.
 */
#include "domain/agent/env.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

#define TEXT_MAX ((size_t)4096)

static const struct pattern_case {
	const char *pattern, *refused; /* NULL: accepted */
} pattern_cases[] = {
	{ "HOME", NULL },
	{ "AWS_*", NULL },
	{ " HOME ", NULL },
	{ "*", "bare \"*\"" },
	{ " * ", "bare \"*\"" },
	{ "", "empty pattern" },
	{ " \t", "empty pattern" },
	{ "*_API_KEY", "leading-star" },
	{ "A*B", "must come last" },
	{ "A**", "must come last" },
};

static void test_patterns_are_checked(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(pattern_cases); i++) {
		const struct pattern_case *c = &pattern_cases[i];
		struct err err = ERR_INIT;

		if (c->refused)
			CHECK_FAILS(env_pattern_check(c->pattern, &err), &err,
				    ERR_INVALID, c->refused);
		else
			CHECK_OK(env_pattern_check(c->pattern, &err), &err);
	}
}

static const struct match_case {
	const char *pattern, *name;
	bool want;
} match_cases[] = {
	{ "HOME", "HOME", true },
	{ "HOME", "HOMER", false },
	{ "HOME", "home", false },
	{ " HOME ", "HOME", true },
	{ "AWS_*", "AWS_KEY", true },
	{ "AWS_*", "AWS_", true },
	{ "AWS_*", "AWS", false },
	{ "*", "HOME", false },
	{ "", "", false },
	{ " ", " ", false },
	{ "A*B", "AXB", false },
};

static void test_patterns_match_names(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(match_cases); i++) {
		const struct match_case *c = &match_cases[i];

		CHECK(env_pattern_matches(c->pattern, c->name) == c->want,
		      "'%s' against '%s'", c->name, c->pattern);
	}
}

static const char *const host_env[] = {
	"ANTHROPIC_API_KEY=k",
	"OTHER=o",
	"CLAUDE_A=1",
	"CLAUDE_B=2",
	"DSN=a=b?c=d",
	"EMPTY=",
	"NOEQUALS",
	"BAD-NAME=x",
	"1BAD=x",
	"BASH_FUNC%%=",
	"=x",
	NULL,
};

static const struct forward_case {
	const char *name;
	const char *patterns[4];
	const char *want;
} forward_cases[] = {
	{ "exact", { "ANTHROPIC_API_KEY" }, "export ANTHROPIC_API_KEY='k'\n" },
	{ "prefix",
	  { "CLAUDE_*" },
	  "export CLAUDE_A='1'\nexport CLAUDE_B='2'\n" },
	{ "missing", { "MISSING_*" }, "" },
	{ "none", { NULL }, "" },
	{ "value keeps '='", { "DSN" }, "export DSN='a=b?c=d'\n" },
	{ "empty value", { "EMPTY" }, "export EMPTY=''\n" },
	{ "no '='", { "NOEQUALS" }, "" },
	{ "bad names", { "BAD*", "1BAD", "BASH_*" }, "" },
	{ "everything is never wanted", { "*", "" }, "" },
};

static void test_forwarding_takes_what_is_named(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(forward_cases); i++) {
		const struct forward_case *c = &forward_cases[i];
		auto_buf struct buf text = BUF_INIT(TEXT_MAX);
		struct env_map *m = env_map_new();
		struct err err = ERR_INIT;

		env_map_forward(m, host_env, c->patterns);
		CHECK_OK(env_map_render(m, &text, &err), &err);
		CHECK(!strcmp(text.data, c->want), "%s: got '%s'", c->name,
		      text.data);
		env_map_free(m);
	}
}

static const struct quote_case {
	const char *word, *want;
} quote_cases[] = {
	{ "hello", "'hello'" },
	{ "hello world", "'hello world'" },
	{ "it's", "'it'\\''s'" },
	{ "it's a 'test'", "'it'\\''s a '\\''test'\\'''" },
	{ "", "''" },
	{ "'", "''\\'''" },
	{ "$HOME `x` \\ \n", "'$HOME `x` \\ \n'" },
};

static void test_words_are_quoted(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(quote_cases); i++) {
		const struct quote_case *c = &quote_cases[i];
		auto_buf struct buf text = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;

		CHECK_OK(shell_quote(&text, c->word, &err), &err);
		CHECK(!strcmp(text.data, c->want), "'%s': got %s", c->word,
		      text.data);
	}
}

static void test_last_setting_wins_and_output_is_sorted(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	struct env_map *m = env_map_new();
	struct err err = ERR_INIT;

	CHECK(env_map_set(m, "B", "1") && env_map_set(m, "C", "x\ny") &&
		      env_map_set(m, "A", "it's") && env_map_set(m, "B", "2"),
	      "not set");
	CHECK(!env_map_set(m, "FOO;rm -rf /", "") &&
		      !env_map_set(m, "1BAD", "") && !env_map_set(m, "", ""),
	      "set a bad name");
	CHECK(!strcmp(env_map_get(m, "B"), "2"), "B is not 2");
	CHECK(!env_map_get(m, "D"), "D is there");
	CHECK_OK(env_map_render(m, &text, &err), &err);
	CHECK(!strcmp(text.data, "export A='it'\\''s'\nexport B='2'\n"
				 "export C='x\ny'\n"),
	      "got '%s'", text.data);
	env_map_free(m);
}

static void
test_environment_beyond_the_limit_names_the_variable(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(8);
	struct env_map *m = env_map_new();
	struct err err = ERR_INIT;

	CHECK(env_map_set(m, "LONG", "value"), "not set");
	CHECK_FAILS(env_map_render(m, &text, &err), &err, ERR_LIMIT, "'LONG'");
	env_map_free(m);
}

static void test_command_line_is_exact(void **state unused)
{
	const char *const words[] = { "opencode", "--flag", "value with spaces",
				      "it's",	  "",	    NULL };
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	CHECK_OK(session_command(words, &text, &err), &err);
	CHECK(!strcmp(text.data, ". /etc/profile 2>/dev/null || true && "
				 ". /etc/sandbox-env 2>/dev/null || true && "
				 "cd /workspace && exec 'opencode' '--flag' "
				 "'value with spaces' 'it'\\''s' ''"),
	      "got '%s'", text.data);
}

static void test_empty_command_is_refused(void **state unused)
{
	const char *const none[] = { NULL }, *const blank[] = { "", NULL };
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	CHECK_FAILS(session_command(none, &text, &err), &err, ERR_INVALID,
		    "command cannot be empty");
	CHECK_FAILS(session_command(blank, &text, &err), &err, ERR_INVALID,
		    "command cannot be empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns_are_checked),
		cmocka_unit_test(test_patterns_match_names),
		cmocka_unit_test(test_forwarding_takes_what_is_named),
		cmocka_unit_test(test_words_are_quoted),
		cmocka_unit_test(test_last_setting_wins_and_output_is_sorted),
		cmocka_unit_test(
			test_environment_beyond_the_limit_names_the_variable),
		cmocka_unit_test(test_command_line_is_exact),
		cmocka_unit_test(test_empty_command_is_refused),
	};

	return RUN_TESTS(tests);
}
