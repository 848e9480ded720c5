// SPDX-License-Identifier: Apache-2.0
/*
 * env_test.c - the environment file is read as a shell would, and later
 * sources win.
 */
#include "guest/env.h"

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"

/* clang-format off */
static const struct file_case {
	const char *name, *text;
	const char *want[4];
} file_cases[] = {
	{ "quoted",           "export FOO='bar'\n",           { "FOO=bar" } },
	{ "a quote inside",   "export Q='it'\\''s'\n",        { "Q=it's" } },
	{ "unquoted",         "export A=b c\n",               { "A=b c" } },
	{ "empty values",     "export A=''\nexport B=\n",     { "A=", "B=" } },
	{ "newlines inside",  "export A='1\n2\n'\nexport B='3'\n",
						      { "A=1\n2\n", "B=3" } },
	{ "a line inside that looks like an assignment",
	  "export A='x\nexport EVIL='\\''1'\\''\n'\nexport B='2'",
				{ "A=x\nexport EVIL='1'\n", "B=2" } },
	{ "dollar, backtick and backslash stay",
	  "export A='$HOME `id` \\n'\n",       { "A=$HOME `id` \\n" } },
	{ "no final newline", "export A='1'",                 { "A=1" } },
	{ "blank lines and comments",
	  "\n# export N='1'\n\nexport A='1'\n",               { "A=1" } },
	{ "without export",   "A='1'\nB=2\n",                 { NULL } },
	{ "without equals",   "export A\nexport B='1'\n",     { "B=1" } },
	{ "bad names",        "export 1A='1'\nexport A-B='1'\nexport ='1'\n",
							      { NULL } },
	{ "equals in the value", "export A='b=c'\n",          { "A=b=c" } },
	{ "the last one wins", "export A='1'\nexport A='2'\n", { "A=2" } },
	{ "empty file",       "",                             { NULL } },
	{ "only the keyword", "export ",                      { NULL } },
};
/* clang-format on */

static void check_strv(const char *name, const struct strv *have,
		       const char *const *want)
{
	size_t n = 0;

	for (; want[n]; n++) {
		CHECK(n < have->n, "%s: '%s' is missing", name, want[n]);
		CHECK(!strcmp(have->v[n], want[n]), "%s: got '%s', want '%s'",
		      name, have->v[n], want[n]);
	}
	CHECK(have->n == n, "%s: '%s' is too much", name,
	      n < have->n ? have->v[n] : "");
}

static void test_files_are_read_as_a_shell_does(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(file_cases); i++) {
		const struct file_case *c = &file_cases[i];
		auto_strv struct strv env = STRV_INIT;
		struct err err = ERR_INIT;

		CHECK_OK(env_file_parse(SPAN_STR(c->text), &env, &err), &err);
		check_strv(c->name, &env, c->want);
	}
}

static void test_bad_files_are_refused(void **state unused)
{
	static const char with_nul[] = "export A='1\0002'\n";
	auto_strv struct strv env = STRV_INIT;
	struct err err;

	CHECK_FAILS(env_file_parse(SPAN_STR("export A='1\n"), &env, &err), &err,
		    ERR_INVALID, "variable 'A': a quoted value does not end");
	CHECK_FAILS(env_file_parse((struct span){ .p = with_nul,
						  .len = sizeof(with_nul) - 1 },
				   &env, &err),
		    &err, ERR_INVALID, "NUL");
}

static void test_the_limit_is_one_mebibyte(void **state unused)
{
	static const char head[] = "export A='", tail[] = "'";
	auto_free char *text = xcalloc(ENV_FILE_MAX + 2, 1);
	auto_strv struct strv env = STRV_INIT;
	struct err err = ERR_INIT;

	memset(text, 'x', ENV_FILE_MAX);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + ENV_FILE_MAX - 1, tail, sizeof(tail));
	CHECK_OK(env_file_parse(SPAN_STR(text), &env, &err), &err);
	assert_int_equal(strlen(env.v[0]),
			 ENV_FILE_MAX - strlen("export ") - 2);
	text[ENV_FILE_MAX] = '\n';
	CHECK_FAILS(env_file_parse(SPAN_STR(text), &env, &err), &err, ERR_LIMIT,
		    "environment exceeds 1048576 bytes");
}

static void test_the_number_of_variables_is_limited(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(ENV_FILE_MAX);
	auto_strv struct strv env = STRV_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ENV_VARS_MAX; i++)
		CHECK_OK(buf_addf(&text, &err, "export A%zu=''\n", i), &err);
	CHECK_OK(env_file_parse(buf_span(&text), &env, &err), &err);
	assert_int_equal(env.n, ENV_VARS_MAX);
	CHECK_FAILS(env_file_parse(SPAN_STR("export B='' "), &env, &err), &err,
		    ERR_LIMIT, "more than 4096 variables");
}

static void test_only_listed_names_may_be_set_by_clients(void **state unused)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
		{ "TERM", true },	 { "LANG", true },
		{ "LC_ALL", true },	 { "LC_CTYPE", true },
		{ "COLORTERM", true },	 { "EDITOR", true },
		{ "VISUAL", true },	 { "PATH", false },
		{ "LD_PRELOAD", false }, { "term", false },
		{ "", false },		 { "LC_TIME", false },
		{ "TERM=x", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK(env_client_may_set(cases[i].name) == cases[i].want,
		      "'%s'", cases[i].name);
}

static const char *value_of(const struct strv *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++) {
		if (!strncmp(env->v[i], name, len) && env->v[i][len] == '=')
			return env->v[i] + len + 1;
	}
	return NULL;
}

static void test_later_sources_win(void **state unused)
{
	auto_strv struct strv image = STRV_INIT, file = STRV_INIT;
	auto_strv struct strv client = STRV_INIT, env = STRV_INIT;
	const struct env_sources s = { .image = &image,
				       .file = &file,
				       .shell = "/bin/sh",
				       .term = "vt100",
				       .client = &client };
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "PATH", "/image" },	{ "IS_SANDBOX", "1" },
		{ "TOKEN", "file" },	{ "HOME", "/home/sandbox" },
		{ "USER", "sandbox" },	{ "LOGNAME", "sandbox" },
		{ "SHELL", "/bin/sh" }, { "TERM", "xterm" },
		{ "LANG", "C" },
	};

	strv_add(&image, "PATH=/image");
	strv_add(&image, "IS_SANDBOX=1");
	strv_add(&image, "TOKEN=image");
	strv_add(&image, "no assignment");
	strv_add(&file, "TOKEN=file");
	strv_add(&file, "HOME=/root");
	strv_add(&client, "TERM=xterm");
	strv_add(&client, "LANG=C");
	env_compose(&s, &env);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *have = value_of(&env, cases[i].name);

		CHECK(have && !strcmp(have, cases[i].want),
		      "%s is '%s', want '%s'", cases[i].name,
		      have ? have : "(unset)", cases[i].want);
	}
	assert_int_equal(env.n, ARRAY_SIZE(cases));
}

static void test_without_sources_there_is_a_path(void **state unused)
{
	const struct strv none = STRV_INIT;
	auto_strv struct strv env = STRV_INIT;
	const struct env_sources s = { .image = &none,
				       .file = &none,
				       .shell = "/bin/bash",
				       .client = &none };

	env_compose(&s, &env);
	assert_string_equal(value_of(&env, "PATH"),
			    "/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			    "/usr/bin:/sbin:/bin");
	assert_null(value_of(&env, "TERM"));
}

static void test_a_name_is_not_taken_for_its_prefix(void **state unused)
{
	auto_strv struct strv env = STRV_INIT;

	env_set(&env, "AB=1");
	env_set(&env, "A=2");
	env_set(&env, "=3");
	assert_int_equal(env.n, 2);
	assert_string_equal(value_of(&env, "AB"), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_read_as_a_shell_does),
		cmocka_unit_test(test_bad_files_are_refused),
		cmocka_unit_test(test_the_limit_is_one_mebibyte),
		cmocka_unit_test(test_the_number_of_variables_is_limited),
		cmocka_unit_test(test_only_listed_names_may_be_set_by_clients),
		cmocka_unit_test(test_later_sources_win),
		cmocka_unit_test(test_without_sources_there_is_a_path),
		cmocka_unit_test(test_a_name_is_not_taken_for_its_prefix),
	};

	return RUN_TESTS(tests);
}
