// SPDX-License-Identifier: Apache-2.0
/*
 * harden_test.c - what the stages of hardening decide.
 */
#include "guest/harden.h"

#include <linux/capability.h>

#include "support/check.h"

static void test_sysctl_keys_become_paths(void **state unused)
{
	char path[64];
	struct err err = ERR_INIT;

	CHECK_OK(harden_sysctl_path("net.ipv4.ip_forward", path, sizeof(path),
				    &err),
		 &err);
	assert_string_equal(path, "/proc/sys/net/ipv4/ip_forward");
	CHECK_FAILS(harden_sysctl_path("kernel.sysrq", path, 12, &err), &err,
		    ERR_LIMIT, "setting 'kernel.sysrq' is too long");
}

static void test_last_capability_falls_back(void **state unused)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "40\n", 40 }, { "40", 40 },	 { "0\n", 0 },
		{ "abc", 41 },	{ "", 41 },	 { "-1\n", 41 },
		{ "99\n", 41 }, { "40x\n", 41 }, { "12345678901", 41 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int have = harden_last_capability(SPAN_STR(cases[i].text));

		CHECK(have == cases[i].want, "'%s': got %d, want %d",
		      cases[i].text, have, cases[i].want);
	}
}

static void
test_three_capabilities_stay_in_the_bounding_set(void **state unused)
{
	int kept = 0;

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		kept += harden_keeps(cap);
	assert_int_equal(kept, 3);
	assert_true(harden_keeps(6) && harden_keeps(7) && harden_keeps(10));
	assert_false(harden_keeps(0) || harden_keeps(5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sysctl_keys_become_paths),
		cmocka_unit_test(test_last_capability_falls_back),
		cmocka_unit_test(
			test_three_capabilities_stay_in_the_bounding_set),
	};

	return RUN_TESTS(tests);
}
