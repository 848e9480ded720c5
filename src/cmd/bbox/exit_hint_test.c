// SPDX-License-Identifier: Apache-2.0
/*
 * exit_hint_test.c - only the ends that surprise get a hint.
 */
#include "cmd/bbox/exit_hint.h"

#include <string.h>

#include "support/check.h"

static void test_hints(void **state unused)
{
	/* clang-format off */
	static const struct {
		int code;
		const char *signal, *text; /* NULL: no hint */
	} cases[] = {
		{ 137, "KILL", "--memory" },
		{ 137, "",     "--memory" },
		{ 139, "SEGV", "segmentation fault" },
		{ 139, "",     "segmentation fault" },
		{ 134, "ABRT", "assertion" },
		{ 143, "TERM", NULL },
		{ 130, "INT",  NULL },
		{ 130, "",     NULL },
		{ 1,   "",     NULL },
		{ 0,   "",     NULL },
	};
	/* clang-format on */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct session_result r = { .exit_code = cases[i].code };
		const char *hint;

		snprintf(r.signal_name, sizeof(r.signal_name), "%s",
			 cases[i].signal);
		hint = exit_hint(&r);
		CHECK(cases[i].text ? hint && strstr(hint, cases[i].text)
				    : !hint,
		      "%d %s: '%s'", r.exit_code, r.signal_name,
		      hint ? hint : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hints) };

	return RUN_TESTS(tests);
}
