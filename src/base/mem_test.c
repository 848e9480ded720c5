// SPDX-License-Identifier: Apache-2.0
/*
 * mem_test.c - tests of base/mem.
 */
#include "base/mem.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

static void test_nothing_is_still_a_pointer(void **state unused)
{
	auto_free void *a = xmalloc(0);
	auto_free void *b = xcalloc(0, 8);
	auto_free void *c = xreallocarray(NULL, 0, 8);

	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
}

static void test_calloc_zeroes(void **state unused)
{
	auto_free char *p = xcalloc(16, 4);

	for (size_t i = 0; i < 64; i++)
		CHECK(!p[i], "byte %zu", i);
}

static void test_realloc_keeps_contents(void **state unused)
{
	auto_free char *p = xstrdup("abc");

	p = xreallocarray(p, 1000, 10);
	assert_string_equal(p, "abc");
}

static void test_memdup0_terminates_bytes(void **state unused)
{
	auto_free char *p = xmemdup0("ab\0cd", 4);
	auto_free char *none = xmemdup0(NULL, 0);

	assert_memory_equal(p, "ab\0c", 5);
	assert_string_equal(none, "");
}

static void test_asprintf_formats(void **state unused)
{
	auto_free char *p = xasprintf("%s-%d", "a", 7);

	assert_string_equal(p, "a-7");
}

static void test_take_ptr_leaves_null(void **state unused)
{
	char *p = xstrdup("x");
	auto_free char *taken = take_ptr(p);

	assert_null(p);
	assert_string_equal(taken, "x");
}

static void ask_for_too_much(void)
{
	/* Overflows size_t: 2^63 elements of four bytes. */
	volatile size_t many = SIZE_MAX / 2 + 1;
	void *p = xreallocarray(NULL, many, 4);

	free(p);
}

static void test_overflow_aborts(void **state unused)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		/* The sanitizer's report of it would only be noise. */
		close(STDERR_FILENO);
		ask_for_too_much();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	CHECK(!WIFEXITED(status) || WEXITSTATUS(status), "went on");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_still_a_pointer),
		cmocka_unit_test(test_calloc_zeroes),
		cmocka_unit_test(test_realloc_keeps_contents),
		cmocka_unit_test(test_memdup0_terminates_bytes),
		cmocka_unit_test(test_asprintf_formats),
		cmocka_unit_test(test_take_ptr_leaves_null),
		cmocka_unit_test(test_overflow_aborts),
	};

	return RUN_TESTS(tests);
}
