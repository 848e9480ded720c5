// SPDX-License-Identifier: Apache-2.0
/*
 * session_test.c - signals by the names of RFC 4254.
 */
#include "guest/session.h"

#include <signal.h>

#include "support/check.h"

static void test_signal_names(void **state unused)
{
	static const struct {
		const char *name;
		int number;
	} cases[] = {
		{ "KILL", SIGKILL }, { "TERM", SIGTERM }, { "INT", SIGINT },
		{ "USR2", SIGUSR2 }, { "ABRT", SIGABRT }, { "HUP", SIGHUP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK(session_signal_number(cases[i].name) == cases[i].number,
		      "%s", cases[i].name);
		assert_string_equal(session_signal_name(cases[i].number),
				    cases[i].name);
	}
}

static void test_other_names_are_no_signals(void **state unused)
{
	static const char *const names[] = { "",     "SIGKILL", "kill",
					     "STOP", "KILL ",	"9" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(session_signal_number(names[i]) == 0, "'%s'", names[i]);
	assert_null(session_signal_name(SIGSTOP));
	assert_null(session_signal_name(0));
}

static void test_releasing_nothing_does_nothing(void **state unused)
{
	struct session s = SESSION_INIT;
	int status = 7;

	/* Above all it must not signal group 0, which is our own. */
	session_signal(&s, SIGKILL);
	assert_int_equal(session_reap(&s, &status), 0);
	assert_int_equal(status, 7);
	session_release(&s);
	session_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signal_names),
		cmocka_unit_test(test_other_names_are_no_signals),
		cmocka_unit_test(test_releasing_nothing_does_nothing),
	};

	return RUN_TESTS(tests);
}
