// SPDX-License-Identifier: Apache-2.0
/*
 * err_test.c - tests of base/err.
 */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "support/check.h"

static void test_set_describes_and_returns_failure(void **state unused)
{
	struct err err = ERR_INIT;

	assert_int_equal(err_set(&err, ERR_INVALID, "port '%d'", 99999), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.msg, "port '99999'");
}

/* clang-format off */
static const struct errno_case {
	int sys;
	enum err_kind kind;
	const char *msg;
} errno_cases[] = {
	{ ENOENT,    ERR_NOT_FOUND,  "open 'x': No such file or directory" },
	{ EEXIST,    ERR_EXISTS,     "open 'x': File exists"               },
	{ EACCES,    ERR_PERMISSION, "open 'x': Permission denied"         },
	{ EPERM,     ERR_PERMISSION, "open 'x': Operation not permitted"   },
	{ EROFS,     ERR_PERMISSION, "open 'x': Read-only file system"     },
	{ ETIMEDOUT, ERR_TIMEOUT,    "open 'x': Connection timed out"      },
	{ EIO,       ERR_SYSTEM,     "open 'x': Input/output error"        },
	{ 99999,     ERR_SYSTEM,     "open 'x': unknown error"             },
};
/* clang-format on */

static void test_kind_follows_errno(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(errno_cases); i++) {
		const struct errno_case *c = &errno_cases[i];
		struct err err = ERR_INIT;

		CHECK(err_sys(&err, c->sys, "open '%s'", "x") == -1, "%d",
		      c->sys);
		CHECK(err.kind == c->kind, "%d: kind %s", c->sys,
		      err_kind_name(err.kind));
		CHECK(err.sys == c->sys, "%d: sys %d", c->sys, err.sys);
		CHECK(!strcmp(err.msg, c->msg), "%d: '%s'", c->sys, err.msg);
	}
}

static void test_wrap_puts_the_goal_in_front(void **state unused)
{
	struct err err = ERR_INIT;

	err_sys(&err, EACCES, "spawn '%s'", "/usr/bin/qemu");
	assert_int_equal(err_wrap(&err, "start %s", "vm"), -1);
	err_wrap(&err, "bbox");
	assert_string_equal(
		err.msg,
		"bbox: start vm: spawn '/usr/bin/qemu': Permission denied");
	assert_int_equal(err.kind, ERR_PERMISSION);
	assert_int_equal(err.sys, EACCES);
}

static void test_wrap_that_just_fits_is_kept(void **state unused)
{
	struct err err = ERR_INIT;
	char cause[ERR_MSG_MAX];

	/* "goal: " and the cause fill the message to its last byte. */
	memset(cause, 'c', sizeof(cause));
	cause[ERR_MSG_MAX - 1 - strlen("goal: ")] = '\0';
	err_set(&err, ERR_INVALID, "%s", cause);
	err_wrap(&err, "goal");
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
	assert_memory_equal(err.msg, "goal: ccc", 9);
}

static void test_wrap_that_does_not_fit_keeps_the_cause(void **state unused)
{
	struct err err = ERR_INIT;
	char cause[ERR_MSG_MAX];

	memset(cause, 'c', sizeof(cause));
	cause[ERR_MSG_MAX - strlen("goal: ")] = '\0';
	err_set(&err, ERR_INVALID, "%s", cause);
	err_wrap(&err, "goal");
	assert_string_equal(err.msg, cause);
	err_set(&err, ERR_INVALID, "cause");
	err_wrap(&err, "%2000s", "goal");
	assert_string_equal(err.msg, "cause");
}

static void test_long_message_is_cut(void **state unused)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_INVALID, "%2000s", "x");
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
	err_sys(&err, EIO, "%2000s", "x");
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
}

static void test_every_kind_has_its_own_name(void **state unused)
{
	for (int i = 0; i < ERR_KIND_COUNT; i++) {
		const char *name = err_kind_name((enum err_kind)i);

		CHECK(*name, "kind %d has no name", i);
		for (int j = 0; j < i; j++)
			CHECK(strcmp(name, err_kind_name((enum err_kind)j)),
			      "'%s' twice", name);
	}
	assert_string_equal(err_kind_name(ERR_KIND_COUNT), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_describes_and_returns_failure),
		cmocka_unit_test(test_kind_follows_errno),
		cmocka_unit_test(test_wrap_puts_the_goal_in_front),
		cmocka_unit_test(test_wrap_that_just_fits_is_kept),
		cmocka_unit_test(test_wrap_that_does_not_fit_keeps_the_cause),
		cmocka_unit_test(test_long_message_is_cut),
		cmocka_unit_test(test_every_kind_has_its_own_name),
	};

	return RUN_TESTS(tests);
}
