// SPDX-License-Identifier: Apache-2.0
/*
 * ssh_signal_test.c - exit status and exit signal as a shell reports them.
 */
#include "infra/ssh/ssh_signal.h"

#include "support/check.h"

static const struct status_case {
	uint32_t status;
	int want;
} status_cases[] = {
	{ 0, 0 },     { 1, 1 },	    { 137, 137 },
	{ 255, 255 }, { 256, 255 }, { UINT32_MAX, 255 },
};

static void test_a_status_never_wraps_to_success(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_cases); i++) {
		const struct status_case *c = &status_cases[i];
		struct session_result r = ssh_exit_from_status(c->status);

		CHECK(r.exit_code == c->want, "%u: %d, want %d", c->status,
		      r.exit_code, c->want);
		assert_string_equal(r.signal_name, "");
	}
}

/* clang-format off */
static const struct signal_case {
	const char *name;
	int want;
	const char *want_name;
} signal_cases[] = {
	{ "KILL",             137, "KILL" },
	{ "SEGV",             139, "SEGV" },
	{ "TERM",             143, "TERM" },
	{ "ABRT",             134, "ABRT" },
	{ "SIGKILL",          1,   "" },
	{ "",                 1,   "" },
	{ "x@example.com",    1,   "" },
	{ "KILL\x1b[2J",      1,   "" },
};
/* clang-format on */

static void test_a_signal_is_128_and_its_number(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(signal_cases); i++) {
		const struct signal_case *c = &signal_cases[i];
		struct session_result r = ssh_exit_from_signal(c->name);

		CHECK(r.exit_code == c->want, "'%s': %d, want %d", c->name,
		      r.exit_code, c->want);
		assert_string_equal(r.signal_name, c->want_name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_status_never_wraps_to_success),
		cmocka_unit_test(test_a_signal_is_128_and_its_number),
	};

	return RUN_TESTS(tests);
}
