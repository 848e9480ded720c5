// SPDX-License-Identifier: Apache-2.0
/*
 * bytesize_test.c - memory sizes as users write them.
 */
#include "domain/bytesize/bytesize.h"

#include <string.h>

#include "support/check.h"

static const struct parse_case {
	const char *text;
	uint32_t mib;
	enum err_kind kind; /* ERR_NONE: accepted */
	const char *refused;
} parse_cases[] = {
	{ "512", 512, ERR_NONE, NULL },
	{ "0", 0, ERR_NONE, NULL },
	{ "", 0, ERR_NONE, NULL },
	{ "  ", 0, ERR_NONE, NULL },
	{ "256m", 256, ERR_NONE, NULL },
	{ "256M", 256, ERR_NONE, NULL },
	{ "256MiB", 256, ERR_NONE, NULL },
	{ "256mi", 256, ERR_NONE, NULL },
	{ "2g", 2048, ERR_NONE, NULL },
	{ "2G", 2048, ERR_NONE, NULL },
	{ "2GiB", 2048, ERR_NONE, NULL },
	{ "1g", 1024, ERR_NONE, NULL },
	{ " 1 g ", 1024, ERR_NONE, NULL },
	{ "007", 7, ERR_NONE, NULL },
	{ "4294967295", UINT32_MAX, ERR_NONE, NULL },
	{ "512k", 0, ERR_INVALID, "unknown suffix" },
	{ "1t", 0, ERR_INVALID, "unknown suffix" },
	{ "1.5g", 0, ERR_INVALID, "unknown suffix" },
	{ "0x10", 0, ERR_INVALID, "unknown suffix" },
	{ "1 g g", 0, ERR_INVALID, "unknown suffix" },
	{ "1gb", 0, ERR_INVALID, "unknown suffix" },
	{ "m", 0, ERR_INVALID, "no numeric value" },
	{ "abc", 0, ERR_INVALID, "no numeric value" },
	{ "-1", 0, ERR_INVALID, "no numeric value" },
	{ "+1", 0, ERR_INVALID, "no numeric value" },
	{ "99999999g", 0, ERR_LIMIT, "exceeds maximum" },
	{ "4194304g", 0, ERR_LIMIT, "exceeds maximum" },
	{ "4294967296", 0, ERR_LIMIT, "exceeds maximum" },
	{ "99999999999999999999999999", 0, ERR_LIMIT, "exceeds maximum" },
	{ "99999999999999999999k", 0, ERR_INVALID, "unknown suffix" },
};

static void test_sizes_are_parsed(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		struct err err = ERR_INIT;
		uint32_t mib = 77;

		if (c->kind != ERR_NONE) {
			CHECK_FAILS(bytesize_parse(c->text, &mib, &err), &err,
				    c->kind, c->refused);
			CHECK(mib == 77, "'%s': output touched", c->text);
			continue;
		}
		CHECK_OK(bytesize_parse(c->text, &mib, &err), &err);
		CHECK(mib == c->mib, "'%s': got %u", c->text, mib);
	}
}

static const struct format_case {
	uint32_t mib;
	const char *want;
} format_cases[] = {
	{ 0, "0" },	{ 512, "512m" },   { 1024, "1g" },
	{ 2048, "2g" }, { 1025, "1025m" }, { UINT32_MAX, "4294967295m" },
};

static void test_sizes_are_formatted(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(format_cases); i++) {
		const struct format_case *c = &format_cases[i];
		char text[BYTESIZE_TEXT_SIZE];

		bytesize_format(c->mib, text);
		CHECK(!strcmp(text, c->want), "%u: got '%s'", c->mib, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_are_parsed),
		cmocka_unit_test(test_sizes_are_formatted),
	};

	return RUN_TESTS(tests);
}
