// SPDX-License-Identifier: Apache-2.0
/*
 * session_test.c - the life of a session's keys.
 */
#include "domain/session/session.h"

#include "base/mem.h"
#include "support/check.h"

static void test_release_empties_and_may_come_twice(void **state unused)
{
	struct session_keys k = SESSION_KEYS_INIT;

	k.client_private = xstrdup("secret");
	k.client_public = xstrdup("public");
	k.host_private = xstrdup("secret");
	k.host_public = xstrdup("public");
	session_keys_release(&k);
	CHECK(!k.client_private && !k.client_public && !k.host_private &&
		      !k.host_public,
	      "something is left");
	session_keys_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_empties_and_may_come_twice),
	};

	return RUN_TESTS(tests);
}
