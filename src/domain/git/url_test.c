// SPDX-License-Identifier: Apache-2.0
#include "domain/git/url.h"

#include "support/check.h"

/* clang-format off */
static const struct url_case {
	const char *text;
	enum git_url_kind kind;
	const char *info; /* for URLs with a user */
} url_cases[] = {
	{ "",                                  GIT_URL_OTHER,      NULL },
	{ "/srv/git/repo.git",                 GIT_URL_OTHER,      NULL },
	{ "../repo.git",                       GIT_URL_OTHER,      NULL },
	{ "git@github.com:org/repo.git",       GIT_URL_OTHER,      NULL },
	{ "a:b@host:path",                     GIT_URL_OTHER,      NULL },
	{ "https://github.com/org/repo.git",   GIT_URL_OTHER,      NULL },
	{ "https://h/@scope/x",                GIT_URL_OTHER,      NULL },
	{ "https://h?a=b:c@d",                 GIT_URL_OTHER,      NULL },
	{ "https://h#a:b@c",                   GIT_URL_OTHER,      NULL },
	{ "https://a:1/b@c",                   GIT_URL_OTHER,      NULL },
	{ "ssh://git@github.com/org/repo.git", GIT_URL_USER,       "git@" },
	{ "ssh://git@host:22/~u/repo",         GIT_URL_USER,       "git@" },
	{ "ssh://git@[::1]:22/repo",           GIT_URL_USER,       "git@" },
	{ "https://token@github.com/",         GIT_URL_USER,       "token@" },
	{ "HTTPS://@h",                        GIT_URL_USER,       "@" },
	{ "https://a%3Ab@h/",                  GIT_URL_USER,       "a%3Ab@" },
	{ "https://user:token@github.com/o/r", GIT_URL_PASSWORD,   "user:token@" },
	{ "https://:token@h",                  GIT_URL_PASSWORD,   ":token@" },
	{ "https://user:@h",                   GIT_URL_PASSWORD,   "user:@" },
	{ "https://a:b:c@h:80/x?y#z",          GIT_URL_PASSWORD,   "a:b:c@" },
	{ "svn+ssh://a:b@h",                   GIT_URL_PASSWORD,   "a:b@" },
	{ "https://a:b@",                      GIT_URL_PASSWORD,   "a:b@" },
	{ "https://a:b@c@d/",                  GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b/c@d",                   GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b#c@d",                   GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:%zz@h/",                  GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b%4@h/",                  GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@h/%",                   GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@h/#c#d",                GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@h:port/",               GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@[::1/",                 GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@[::1]8/",               GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@h/x y",                 GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b\\@h/",                  GIT_URL_SUSPICIOUS, NULL },
	{ " https://a:b@h/",                   GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@h/\n",                  GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@h/\xc3\xa9",            GIT_URL_SUSPICIOUS, NULL },
	{ "1https://a:b@h/",                   GIT_URL_SUSPICIOUS, NULL },
	{ "://a:b@h/",                         GIT_URL_SUSPICIOUS, NULL },
	{ "https::https://a:b@h/",             GIT_URL_SUSPICIOUS, NULL },
	{ "git@h:https://a",                   GIT_URL_SUSPICIOUS, NULL },
	{ "https://m/https://a:b@h/r",         GIT_URL_SUSPICIOUS, NULL },
	{ "https://https://a:b@h/r",           GIT_URL_SUSPICIOUS, NULL },
	{ "https://a:b@m/?u=https://c:d@h",    GIT_URL_SUSPICIOUS, NULL },
	{ "https://m/https://h/r",             GIT_URL_OTHER,      NULL },
	{ "see https://h and a@b",             GIT_URL_SUSPICIOUS, NULL },
};
/* clang-format on */

static void test_users_and_passwords_are_found(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(url_cases); i++) {
		const struct url_case *c = &url_cases[i];
		struct git_url url = git_url_parse(SPAN_STR(c->text));
		struct span info = { .p = c->text + url.info_start,
				     .len = url.info_end - url.info_start };

		CHECK(url.kind == c->kind, "'%s': got %d, want %d", c->text,
		      url.kind, c->kind);
		CHECK(!c->info || span_equals(info, c->info), "'%s': %zu, %zu",
		      c->text, url.info_start, url.info_end);
	}
}

static void test_http_is_told_from_the_rest(void **state unused)
{
	assert_true(git_url_parse(SPAN_STR("http://a@h")).is_http);
	assert_true(git_url_parse(SPAN_STR("HttpS://a@h")).is_http);
	assert_false(git_url_parse(SPAN_STR("ssh://a@h")).is_http);
	assert_false(git_url_parse(SPAN_STR("httpx://a@h")).is_http);
	assert_false(git_url_parse(SPAN_STR("htt://a@h")).is_http);
}

static void test_nul_is_no_part_of_a_url(void **state unused)
{
	static const char text[] = "https://a:b@h/\0";
	struct span span = { .p = text, .len = sizeof(text) - 1 };

	assert_int_equal(git_url_parse(span).kind, GIT_URL_SUSPICIOUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_and_passwords_are_found),
		cmocka_unit_test(test_http_is_told_from_the_rest),
		cmocka_unit_test(test_nul_is_no_part_of_a_url),
	};

	return RUN_TESTS(tests);
}
