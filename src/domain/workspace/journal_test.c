// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/journal.h"

#include "support/check.h"

#include <string.h>

#define TEMP ".bbox-0123456789abcdef.tmp"

/* clang-format off */
static const struct temp_case {
	const char *path;
	bool want;
} temp_cases[] = {
	{ ".bbox-0123456789abcdef.tmp",       true },
	{ "a/b/.bbox-0123456789abcdef.tmp",   true },
	{ "a\n/.bbox-0123456789abcdef.tmp",   true },
	{ "/a/.bbox-0123456789abcdef.tmp",    false },
	{ "../.bbox-0123456789abcdef.tmp",    false },
	{ ".bbox-0123456789ABCDEF.tmp",       false },
	{ ".bbox-0123456789abcde.tmp",        false },
	{ ".bbox-0123456789abcdef.tmp/",      false },
	{ ".bbox-0123456789abcdef.tmp/x",     false },
	{ ".bbox-0123456789abcdefg.tmp",      false },
	{ "main.c",                           false },
	{ "",                                 false },
};
/* clang-format on */

static void test_only_own_names_are_temporary(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(temp_cases); i++)
		CHECK(journal_is_temp(temp_cases[i].path) == temp_cases[i].want,
		      "'%s'", temp_cases[i].path);
}

static void test_made_name_is_recognised(void **state unused)
{
	char name[JOURNAL_TEMP_SIZE];

	journal_temp_name(UINT64_C(0xab), name);
	assert_string_equal(name, ".bbox-00000000000000ab.tmp");
	assert_true(journal_is_temp(name));
}

static const struct journal_step steps[] = {
	{ .op = JOURNAL_COPY, .temp = TEMP, .name = "f" },
	{ .op = JOURNAL_SWAP,
	  .temp = "a\nb/" TEMP,
	  .name = "x y",
	  .ino = UINT64_MAX,
	  .old = { .ino = 7, .size = 1, .mtime_ns = INT64_MIN } },
	{ .op = JOURNAL_CLEAR, .temp = TEMP, .name = "d", .ino = 9 },
	{ .op = JOURNAL_REMOVE,
	  .temp = TEMP,
	  .name = "f",
	  .old = { .ino = 7, .size = UINT64_MAX, .mtime_ns = -1 } },
};

static void test_steps_come_back(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(JOURNAL_STEP_MAX);
	struct journal_step step;
	struct err err = ERR_INIT;
	const char *workspace;
	struct span rest;

	CHECK_OK(journal_add_start(&text, "/w", &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		CHECK_OK(journal_add_step(&text, &steps[i], &err), &err);
	rest = buf_span(&text);
	assert_true(journal_start(&rest, &workspace));
	assert_string_equal(workspace, "/w");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_true(journal_next(&rest, &step));
		assert_int_equal(step.op, steps[i].op);
		assert_string_equal(step.temp, steps[i].temp);
		assert_string_equal(step.name, steps[i].name);
		assert_true(step.ino == steps[i].ino);
		assert_true(step.old.ino == steps[i].old.ino);
		assert_true(step.old.size == steps[i].old.size);
		assert_true(step.old.mtime_ns == steps[i].old.mtime_ns);
	}
	assert_false(journal_next(&rest, &step));
	assert_int_equal(rest.len, 0);
}

static void test_every_cut_is_the_end(void **state unused)
{
	auto_buf struct buf text = BUF_INIT(JOURNAL_STEP_MAX);
	struct journal_step step;
	struct err err = ERR_INIT;
	const char *workspace;

	CHECK_OK(journal_add_start(&text, "/w", &err), &err);
	CHECK_OK(journal_add_step(&text, &steps[1], &err), &err);
	for (size_t len = 0; len < text.len; len++) {
		struct span rest = { .p = text.data, .len = len };

		CHECK(!journal_start(&rest, &workspace) ||
			      !journal_next(&rest, &step),
		      "%zu bytes", len);
	}
}

#define DIGITS "00000000000000000000000000000000"
#define HEAD   DIGITS DIGITS
#define START  "bbox-journal 2\0/w\0"

/* clang-format off */
static const struct bad_case {
	const char *name;
	const char *text;
	size_t len;
} bad_cases[] = {
#define BAD(name, text) { name, text, sizeof(text) - 1 }
	BAD("other format",   "/w\0" TEMP "\0"),
	BAD("relative",       "bbox-journal 2\0w\0c" HEAD TEMP "\0f\0"),
	BAD("unknown step",   START "z" HEAD TEMP "\0f\0"),
	BAD("no number",      START "c" DIGITS TEMP "\0f\0"),
	BAD("capital digit",  START "cA" DIGITS "000000000000000000000000000"
			      "0000" TEMP "\0f\0"),
	BAD("no temporary",   START "c" HEAD "main.c\0f\0"),
	BAD("outside",        START "c" HEAD "../" TEMP "\0f\0"),
	BAD("path for name",  START "c" HEAD TEMP "\0a/f\0"),
	BAD("dots for name",  START "c" HEAD TEMP "\0..\0"),
	BAD("empty name",     START "c" HEAD TEMP "\0\0"),
#undef BAD
};
/* clang-format on */

static void test_what_is_no_step_is_the_end(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		struct span rest = { .p = c->text, .len = c->len };
		struct journal_step step;
		const char *workspace;

		CHECK(!journal_start(&rest, &workspace) ||
			      !journal_next(&rest, &step),
		      "%s", c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_own_names_are_temporary),
		cmocka_unit_test(test_made_name_is_recognised),
		cmocka_unit_test(test_steps_come_back),
		cmocka_unit_test(test_every_cut_is_the_end),
		cmocka_unit_test(test_what_is_no_step_is_the_end),
	};

	return RUN_TESTS(tests);
}
