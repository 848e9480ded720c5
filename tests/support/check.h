/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - cmocka, and a check that says which row of a table failed.
 *
 * A test is `static void test_sentence_about_behaviour(void **state unused)`;
 * main() is `return RUN_TESTS(tests);` over an array of cmocka_unit_test().
 */
#ifndef BBOX_TESTS_SUPPORT_CHECK_H
#define BBOX_TESTS_SUPPORT_CHECK_H

/* cmocka.h wants these four in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/macros.h"

#define CHECK(cond, ...)                       \
	do {                                   \
		if (!(cond))                   \
			fail_msg(__VA_ARGS__); \
	} while (0)

/* The call must succeed; on failure its error message is shown. */
#define CHECK_OK(call, err)                                    \
	do {                                                   \
		if ((call) < 0)                                \
			fail_msg("%s: %s", #call, (err)->msg); \
	} while (0)

/* The call must fail with @kind and a message that contains @text. */
#define CHECK_FAILS(call, err, want_kind, text)                                \
	do {                                                                   \
		*(err) = ERR_INIT;                                             \
		if ((call) >= 0)                                               \
			fail_msg("%s: succeeded", #call);                      \
		if ((err)->kind != (want_kind) || !strstr((err)->msg, (text))) \
			fail_msg("%s: got %s '%s', want %s '%s'", #call,       \
				 err_kind_name((err)->kind), (err)->msg,       \
				 err_kind_name(want_kind), (text));            \
	} while (0)

#define RUN_TESTS(tests) cmocka_run_group_tests(tests, NULL, NULL)

#endif /* BBOX_TESTS_SUPPORT_CHECK_H */
