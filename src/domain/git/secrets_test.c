// SPDX-License-Identifier: Apache-2.0
#include "domain/git/secrets.h"

#include "support/check.h"

#include "base/mem.h"
#include "domain/git/config.h"

static const struct secret_case {
	const char *name, *text;
	bool want;
} secret_cases[] = {
	/* CD1 */
	{ "url", "[remote \"o\"]\n\turl = https://user:token@h/r\n", true },
	{ "pushurl", "[remote \"o\"]\n\tpushurl = https://user:token@h/r\n",
	  true },
	{ "credential", "[credential]\n\thelper = store\n", true },
	{ "of a host", "[credential \"https://github.com\"]\n", true },
	{ "rewritten", "[url \"https://u:t@h/\"]\n\tinsteadOf = x\n", true },
	/* CD2 */
	{ "scp", "[remote \"o\"]\n\turl = git@github.com:o/r.git\n", false },
	{ "plain", "[remote \"o\"]\n\turl = https://github.com/o/r\n", false },
	{ "user only", "[remote \"o\"]\n\turl = ssh://git@github.com/o/r\n",
	  false },
	{ "plain rewrite", "[url \"https://github.com/\"]\n\tinsteadOf = gh:\n",
	  false },
	{ "empty", "", false },

	{ "other letter case", "[Credential]\n", true },
	{ "CRLF", "[remote \"o\"]\r\n\turl = https://u:t@h/r\r\n", true },
	{ "any key", "[x]\ny = http://u:t@proxy:80\n", true },
	{ "quoted", "[x]\ny = \"https://u:\"t@h\n", true },
	{ "continued", "[x]\ny = https://u:\\\nt@h\n", true },
	{ "header line", "[x] y = https://u:t@h\n", true },
	{ "not a URL", "[x]\ny = https://u:%zz@h\n", true },
	{ "not git's grammar", "[x]\ny_z = https://u:t@h\n", true },
	{ "behind a bad line", "[x]\n??\ny = https://u:t@h\n", true },
	{ "comment", "# https://u:t@h\n[x]\ny = z ; https://u:t@h\n", false },
	{ "commented section", "#[credential]\n", false },
	{ "name that ends alike", "[xcredential]\ncredential = x\n", false },
	{ "bad lines", "[x\n=\ny = \"z\n", false },
};

static void test_secrets_are_found(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_cases); i++) {
		const struct secret_case *c = &secret_cases[i];

		CHECK(git_config_has_secrets(SPAN_STR(c->text)) == c->want,
		      "%s", c->name);
	}
}

static void test_what_is_too_long_is_suspicious(void **state unused)
{
	auto_free char *text = xcalloc(1, GIT_CONFIG_SIZE_MAX + 1);
	struct span span = { .p = text, .len = GIT_CONFIG_SIZE_MAX };

	memset(text, '\n', GIT_CONFIG_SIZE_MAX + 1);
	assert_false(git_config_has_secrets(span));
	span.len++;
	assert_true(git_config_has_secrets(span));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_found),
		cmocka_unit_test(test_what_is_too_long_is_suspicious),
	};

	return RUN_TESTS(tests);
}
