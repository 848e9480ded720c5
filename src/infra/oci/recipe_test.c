// SPDX-License-Identifier: Apache-2.0
/*
 * recipe_test.c - recipes: read completely, or refused by name.
 */
#include "infra/oci/recipe.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "support/check.h"

#define HASH                                                              \
	"sha512-9Gn+V7DtJ8M1nztP9CeDVl9g3RtrepI7rOFTyPRRnZe8D6zebIHKmC7O" \
	"vBauucuAP0X0k85SDN/LPVZyjsGezQ=="
#define DEBIAN	 "debian: {suite: bookworm, user: sandbox}\n"
#define NPM_HEAD "name: x\nfrom: base\nnpm:\n - arch: amd64\n"

static const char full_debian[] =
	"# comment\n"
	"name: base\n"
	"debian:\n"
	"  suite: bookworm\n"
	"  packages: [bash, 'libc6-dev', g++]\n"
	"  exclude: [/usr/share/doc/*]\n"
	"  include: [/usr/share/doc/*/copyright]\n"
	"  user: sandbox\n"
	"files:\n"
	"  - {path: /home/sandbox/.ssh, mode: 0700, owner: 1000}\n"
	"  - {path: /a, link: /b}\n"
	"  - path: /etc/profile.d/x.sh\n"
	"    text: |\n"
	"      one\n"
	"      two\n"
	"env: ['A=1', B=]\n"
	"entrypoint: [/bin/sh, -c]\n"
	"cmd: [x]\n"
	"user: sandbox\n"
	"working_dir: /workspace\n";

static void test_debian_recipe_is_read(void **state unused)
{
	auto_recipe struct recipe r = RECIPE_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(recipe_parse(SPAN_STR(full_debian), &r, &err), &err);
	assert_string_equal(r.name, "base");
	assert_null(r.from);
	assert_string_equal(r.suite, "bookworm");
	assert_string_equal(r.debian_user, "sandbox");
	assert_int_equal(r.packages.n, 3);
	assert_string_equal(r.packages.v[2], "g++");
	assert_int_equal(r.exclude.n, 1);
	assert_int_equal(r.include.n, 1);
	assert_int_equal(r.file_count, 3);
	assert_int_equal(r.files[0].mode, 0700);
	assert_int_equal(r.files[0].owner, 1000);
	assert_string_equal(r.files[1].link, "/b");
	assert_string_equal(r.files[2].text, "one\ntwo\n");
	assert_int_equal(r.files[2].mode, 0644);
	assert_int_equal(r.env.n, 2);
	assert_int_equal(r.entrypoint.n, 2);
	assert_int_equal(r.cmd.n, 1);
	assert_string_equal(r.user, "sandbox");
	assert_string_equal(r.working_dir, "/workspace");
}

static void test_npm_recipe_is_read(void **state unused)
{
	static const char yaml[] =
		NPM_HEAD "   package: '@scope/tool'\n   version: 1.2.3-rc.1\n"
			 "   integrity: " HASH "\n   size: 175385311\n"
			 "   files: [{from: package/tool, to: /usr/bin/tool, "
			 "mode: 0755}]\n";
	auto_recipe struct recipe r = RECIPE_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(recipe_parse(SPAN_STR(yaml), &r, &err), &err);
	assert_string_equal(r.from, "base");
	assert_int_equal(r.npm_count, 1);
	assert_string_equal(r.npm[0].package, "@scope/tool");
	assert_string_equal(r.npm[0].integrity, HASH);
	assert_int_equal(r.npm[0].size, 175385311);
	assert_int_equal(r.npm[0].pick_count, 1);
	assert_string_equal(r.npm[0].picks[0].to, "/usr/bin/tool");
	assert_int_equal(r.npm[0].picks[0].mode, 0755);
}

/* clang-format off */
static const struct refusal_case {
	const char *yaml, *text;
} refusal_cases[] = {
	{ "", "" },
	{ "[]", "'recipe' is not a mapping" },
	{ "%YAML 1.2\n---\nname: x\n", "byte 0 starts a directive" },
	{ "# x\n%\n", "byte 4 starts a directive" },
	{ "name: \xff\n", "byte 6 is not plain text" },
	{ "name: x\r\n", "byte 7 is not plain text" },
	{ "name: [", "not valid YAML: line" },
	{ "name: x\nname: y\n" DEBIAN, "duplicate key" },
	{ "name: x\ndebain: {}\n", "unknown key 'debain' in 'recipe'" },
	{ "name: x\ndebian: {suit: y}\n", "unknown key 'suit' in 'debian'" },
	{ "name: x\n" DEBIAN "files: [{path: /x, mod: 1}]\n",
	  "unknown key 'mod' in 'files'" },
	{ "name: {}\n" DEBIAN, "'name' is not a text" },
	{ DEBIAN, "'name' is missing" },
	{ "name: X\n" DEBIAN, "'name' cannot be 'X'" },
	{ "name: -x\n" DEBIAN, "'name' cannot be '-x'" },
	{ "name: x\n", "'suite' is missing" },
	{ "name: x\nfrom: base\n" DEBIAN, "both 'from' and 'debian'" },
	{ "name: x\nfrom: ../base\n", "'from' cannot be '../base'" },
	{ "name: x\ndebian: {suite: a, user: 'x; rm -rf /'}\n",
	  "'debian user' cannot be" },
	{ "name: x\ndebian: {suite: a, user: u, packages: [--x]}\n",
	  "'packages' cannot be '--x'" },
	{ "name: x\ndebian: {suite: a, user: u, packages: ['a,b']}\n",
	  "'packages' cannot be 'a,b'" },
	{ "name: x\ndebian: {suite: a, user: u, packages: bash}\n",
	  "'packages' is not a list" },
	{ "name: x\nenv: &a [A=1]\ncmd: *a\n" DEBIAN, "'cmd' is not a list" },
	{ "name: x\n" DEBIAN "files: [{path: x}]\n", "'path' is not absolute" },
	{ "name: x\n" DEBIAN "files: [{path: /a/../x}]\n",
	  "'path' is not clean" },
	{ "name: x\n" DEBIAN "files: [{path: /}]\n", "'path' is not clean" },
	{ "name: x\n" DEBIAN "files: [{path: /x, mode: 0999}]\n",
	  "'mode' is not a number" },
	{ "name: x\n" DEBIAN "files: [{path: /x, mode: 17777}]\n", "mode" },
	{ "name: x\n" DEBIAN "files: [{path: /x, owner: -1}]\n",
	  "'owner' is not a number" },
	{ "name: x\n" DEBIAN "files: [{path: /x, link: y, text: z}]\n",
	  "a link and something else" },
	{ "name: x\n" DEBIAN "env: [NAME]\n", "not NAME=value: 'NAME'" },
	{ "name: x\n" DEBIAN "env: [=x]\n", "not NAME=value" },
	{ "name: x\n" DEBIAN "user: 'a b'\n", "'user' cannot be" },
	{ "name: x\n" DEBIAN "working_dir: w\n", "'working_dir'" },
	{ NPM_HEAD "   package: '../x'\n   version: 1\n", "'integrity'" },
	{ NPM_HEAD "   package: x\n   version: '1 --y'\n", "'version'" },
	{ NPM_HEAD "   package: x\n   version: 1\n   integrity: sha1-x\n",
	  "'integrity' is not sha512" },
	{ NPM_HEAD "   package: x\n   version: 1\n   integrity: " HASH "\n",
	  "'size' is missing" },
	{ NPM_HEAD "   package: x\n   version: 1\n   integrity: " HASH "\n"
	  "   size: 1\n", "'files' of 'x' is missing" },
	{ NPM_HEAD "   package: x\n   version: 1\n   integrity: " HASH "\n"
	  "   size: 1\n   files: [{from: a, to: b}]\n",
	  "'to' is not absolute" },
};
/* clang-format on */

static void test_wrong_recipes_are_refused_by_name(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		auto_recipe struct recipe r = RECIPE_INIT;
		struct err err = ERR_INIT;

		CHECK(recipe_parse(SPAN_STR(c->yaml), &r, &err) < 0,
		      "accepted:\n%s", c->yaml);
		CHECK(err.kind == ERR_INVALID && strstr(err.msg, c->text),
		      "got '%s' for\n%s", err.msg, c->yaml);
	}
}

static void test_sizes_are_limited(void **state unused)
{
	auto_free char *big = xcalloc(RECIPE_SIZE_MAX + 2, 1);
	auto_buf struct buf many = BUF_INIT(RECIPE_SIZE_MAX);
	auto_recipe struct recipe r = RECIPE_INIT;
	struct err err = ERR_INIT;

	memset(big, '#', RECIPE_SIZE_MAX + 1);
	CHECK_FAILS(recipe_parse(SPAN_STR(big), &r, &err), &err, ERR_LIMIT,
		    "exceeds 65536 bytes");
	CHECK_OK(buf_adds(&many, "name: x\n" DEBIAN "files:\n", &err), &err);
	for (size_t i = 0; i <= RECIPE_FILES_MAX; i++)
		CHECK_OK(buf_adds(&many, " - {path: /x}\n", &err), &err);
	CHECK_FAILS(recipe_parse(buf_span(&many), &r, &err), &err, ERR_LIMIT,
		    "recipe: 'files' exceeds 64 entries");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debian_recipe_is_read),
		cmocka_unit_test(test_npm_recipe_is_read),
		cmocka_unit_test(test_wrong_recipes_are_refused_by_name),
		cmocka_unit_test(test_sizes_are_limited),
	};

	return RUN_TESTS(tests);
}
