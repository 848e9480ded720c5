// SPDX-License-Identifier: Apache-2.0
/*
 * agent_test.c - built-in agents and agent names.
 */
#include "domain/agent/agent.h"

#include <string.h>

#include "base/mem.h"
#include "domain/agent/env.h"
#include "support/check.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct name_case {
	const char *name;
	bool valid;
} name_cases[] = {
	/* clang-format off */
	{ "claude-code", true },	{ "my_agent", true },
	{ "MyAgent", true },		{ "123", true },
	{ "a", true },			{ "my-custom_agent-2", true },
	{ A64, true },
	{ "", false },			{ "../etc", false },
	{ ".hidden", false },		{ "-start", false },
	{ "_start", false },		{ "a b", false },
	{ "agent!", false },		{ "*", false },
	{ "a/b", false },		{ "a:b", false },
	{ "agent;rm", false },		{ "agent|cmd", false },
	{ "a.b", false },		{ "caf\xc3\xa9", false },
	{ "a\n", false },		{ A64 "a", false },
	/* clang-format on */
};

static void test_names_follow_the_grammar(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_cases); i++) {
		const struct name_case *c = &name_cases[i];
		struct err err = ERR_INIT;

		CHECK((agent_name_check(c->name, &err) == 0) == c->valid,
		      "'%s'", c->name);
		CHECK(c->valid || (err.kind == ERR_INVALID &&
				   strstr(err.msg, "invalid agent name")),
		      "'%s': %s", c->name, err.msg);
	}
}

static const struct derive_case {
	const char *ref, *want;
} derive_cases[] = {
	{ "ghcr.io/me/Aider-Bbox:latest", "aider-bbox" },
	{ "ubuntu:24.04", "ubuntu" },
	{ "ghcr.io/stacklok/brood-box/claude-code", "claude-code" },
	{ "ghcr.io/acme/tool@sha256:0123", "tool" },
	{ "ghcr.io/acme/tool:v1@sha256:0123", "tool" },
	{ "ghcr.io/acme/my_image:1", "my-image" },
	{ "localhost:5000/a/b", "b" },
	{ "a..__b", "a-b" },
	{ "--x--", "x" },
	{ "___", "run-image" },
	{ "", "run-image" },
	{ "a/", "run-image" },
	{ "@sha256:0", "run-image" },
	{ "\x1b[31mX\xff", "31mx" },
};

static void test_names_are_derived_from_images(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(derive_cases); i++) {
		const struct derive_case *c = &derive_cases[i];
		auto_free char *got = agent_name_from_image(c->ref);

		CHECK(!strcmp(got, c->want), "'%s': got '%s'", c->ref, got);
	}
}

static void
test_derived_names_of_long_references_are_bounded(void **state unused)
{
	auto_free char *ref = xcalloc(1, 100001);
	auto_free char *got = NULL;

	memset(ref, 'x', 100000);
	got = agent_name_from_image(ref);
	CHECK(strlen(got) < 1024, "%zu bytes", strlen(got));
}

static void test_built_ins_are_valid_and_sorted(void **state unused)
{
	for (size_t i = 0; i < agents_builtin_count; i++) {
		const struct agent *a = &agents_builtin[i];
		struct err err = ERR_INIT;

		CHECK_OK(agent_name_check(a->name, &err), &err);
		CHECK(!i || strcmp(agents_builtin[i - 1].name, a->name) < 0,
		      "'%s' is out of order", a->name);
		CHECK(a->command[0] && a->cpus && a->mem_mib, "'%s'", a->name);
		for (size_t k = 0; a->env_patterns[k]; k++)
			CHECK_OK(env_pattern_check(a->env_patterns[k], &err),
				 &err);
		CHECK(agent_find(a->name) == a, "'%s' is not found", a->name);
	}
	CHECK(!agent_find("nobody"), "found nobody");
	CHECK(!agent_find(""), "found nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_follow_the_grammar),
		cmocka_unit_test(test_names_are_derived_from_images),
		cmocka_unit_test(
			test_derived_names_of_long_references_are_bounded),
		cmocka_unit_test(test_built_ins_are_valid_and_sorted),
	};

	return RUN_TESTS(tests);
}
