// SPDX-License-Identifier: Apache-2.0
/*
 * draw_test.c - tests of infra/progress/draw.
 */
#include "infra/progress/draw.h"

#include <string.h>

#include "support/check.h"

#define LINE_MAX_BYTES ((size_t)1000)

/* clang-format off */
static const struct event_case {
	enum progress_event event;
	const char *plain, *bare, *coloured;
} event_cases[] = {
	{ PROGRESS_DONE, "   done: m\n",   "  ✓ m\n", "  \033[32m✓\033[0m m\n" },
	{ PROGRESS_INFO, "   info: m\n",   "  ℹ m\n", "  \033[36mℹ\033[0m m\n" },
	{ PROGRESS_WARN, "   warn: m\n",   "  ⚠ m\n", "  \033[33m⚠\033[0m m\n" },
	{ PROGRESS_FAIL, "   FAILED: m\n", "  ✗ m\n", "  \033[31m✗\033[0m m\n" },
};
/* clang-format on */

static void test_events_look_as_specified(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_cases); i++) {
		const struct event_case *c = &event_cases[i];
		auto_buf struct buf b = BUF_INIT(LINE_MAX_BYTES);
		struct err err = ERR_INIT;

		CHECK_OK(draw_plain(&b, c->event, "m", &err), &err);
		CHECK(!strcmp(b.data, c->plain), "%d: '%s'", c->event, b.data);
		buf_reset(&b);
		CHECK_OK(draw_event(&b, c->event, "m", false, &err), &err);
		CHECK(!strcmp(b.data, c->bare), "%d: '%s'", c->event, b.data);
		buf_reset(&b);
		CHECK_OK(draw_event(&b, c->event, "m", true, &err), &err);
		CHECK(!strcmp(b.data, c->coloured), "%d: '%s'", c->event,
		      b.data);
	}
}

static void test_start_is_a_plain_line(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(LINE_MAX_BYTES);
	struct err err = ERR_INIT;

	CHECK_OK(draw_plain(&b, PROGRESS_START, "Starting...", &err), &err);
	assert_string_equal(b.data, ":: Starting...\n");
}

/* clang-format off */
static const struct percent_case {
	uint64_t done, total;
	unsigned int want;
} percent_cases[] = {
	{ 0,              0,              0   },
	{ 5,              0,              0   },
	{ 0,              10,             0   },
	{ 1,              3,              33  },
	{ 999,            1000,           99  },
	{ 10,             10,             100 },
	{ 11,             10,             100 },
	{ UINT64_MAX / 2, UINT64_MAX,     50  },
	{ UINT64_MAX - 1, UINT64_MAX,     99  },
	{ UINT64_MAX,     UINT64_MAX,     100 },
	{ UINT64_MAX,     1,              100 },
};
/* clang-format on */

static void test_percent_is_right_for_any_amount(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(percent_cases); i++) {
		const struct percent_case *c = &percent_cases[i];
		const struct draw_amount a = { c->done, c->total, "x" };

		CHECK(draw_percent(&a) == c->want, "%zu: %u", i,
		      draw_percent(&a));
	}
}

/* clang-format off */
static const struct spinner_case {
	const char *name;
	int64_t elapsed_ms;
	struct draw_amount amount; /* no unit: none */
	bool colour;
	const char *want;
} spinner_cases[] = {
	{ "first frame",  0,   { 0, 0, NULL }, false, "  ⠋ Pull" },
	{ "still",        79,  { 0, 0, NULL }, false, "  ⠋ Pull" },
	{ "second frame", 80,  { 0, 0, NULL }, false, "  ⠙ Pull" },
	{ "last frame",   799, { 0, 0, NULL }, false, "  ⠏ Pull" },
	{ "round",        800, { 0, 0, NULL }, false, "  ⠋ Pull" },
	{ "colour",       0,   { 0, 0, NULL }, true,
	  "  \033[36m⠋\033[0m Pull" },
	{ "bar",          0,   { 15, 30, "MiB" }, false,
	  "  ⠋ Pull [==========          ]  50% 15/30 MiB" },
	{ "full bar",     0,   { 30, 30, "MiB" }, false,
	  "  ⠋ Pull [====================] 100% 30/30 MiB" },
	{ "no total",     0,   { 7, 0, "files" }, false,
	  "  ⠋ Pull 7 files" },
};
/* clang-format on */

static void test_spinner_owns_one_line(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(spinner_cases); i++) {
		const struct spinner_case *c = &spinner_cases[i];
		auto_buf struct buf b = BUF_INIT(LINE_MAX_BYTES);
		auto_buf struct buf want = BUF_INIT(LINE_MAX_BYTES);
		struct err err = ERR_INIT;

		CHECK_OK(draw_spinner(&b, c->elapsed_ms, "Pull",
				      c->amount.unit ? &c->amount : NULL,
				      c->colour, &err),
			 &err);
		CHECK_OK(buf_addf(&want, &err, "\r\033[K\033[?7l%s\033[?7h",
				  c->want),
			 &err);
		CHECK(!strcmp(b.data, want.data), "%s: '%s'", c->name, b.data);
	}
}

static void test_plain_amount_is_a_line(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(LINE_MAX_BYTES);
	const struct draw_amount a = { 12, 30, "MiB" };
	struct err err = ERR_INIT;

	CHECK_OK(draw_plain_amount(&b, &a, &err), &err);
	assert_string_equal(b.data, "   40% (12 of 30 MiB)\n");
}

static void test_limit_is_an_error(void **state unused)
{
	auto_buf struct buf b = BUF_INIT(10);
	struct err err;

	CHECK_FAILS(draw_spinner(&b, 0, "message", NULL, true, &err), &err,
		    ERR_LIMIT, "10");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_look_as_specified),
		cmocka_unit_test(test_start_is_a_plain_line),
		cmocka_unit_test(test_percent_is_right_for_any_amount),
		cmocka_unit_test(test_spinner_owns_one_line),
		cmocka_unit_test(test_plain_amount_is_a_line),
		cmocka_unit_test(test_limit_is_an_error),
	};

	return RUN_TESTS(tests);
}
