// SPDX-License-Identifier: Apache-2.0
/*
 * timings_test.c - tests of infra/progress/timings.
 */
#include "infra/progress/timings.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

#define SUMMARY_MAX ((size_t)10000)
#define MS	    INT64_C(1000000)
#define SEC	    (1000 * MS)

static int64_t fake_now;

static int64_t fake_clock(void)
{
	return fake_now;
}

struct fake_progress {
	struct progress base;
	int events, advances;
	char last[100];
};

static void fake_event(struct progress *p, enum progress_event event unused,
		       const char *msg)
{
	struct fake_progress *f = container_of(p, struct fake_progress, base);

	f->events++;
	(void)snprintf(f->last, sizeof(f->last), "%s", msg);
}

static void fake_advance(struct progress *p, uint64_t done unused,
			 uint64_t total unused, const char *unit unused)
{
	container_of(p, struct fake_progress, base)->advances++;
}

static const struct progress_ops fake_ops = {
	.event = fake_event,
	.advance = fake_advance,
};

/* clang-format off */
static const struct duration_case {
	int64_t ns;
	const char *want;
} duration_cases[] = {
	{ 0,                        "0s"        },
	{ 499999,                   "0s"        },
	{ 500000,                   "1ms"       },
	{ 12 * MS,                  "12ms"      },
	{ 999 * MS + 499999,        "999ms"     },
	{ 999 * MS + 500000,        "1s"        },
	{ SEC,                      "1s"        },
	{ 1500 * MS,                "1.5s"      },
	{ 1234 * MS,                "1.234s"    },
	{ 1050 * MS,                "1.05s"     },
	{ 1001 * MS,                "1.001s"    },
	{ 60 * SEC,                 "1m0s"      },
	{ 62 * SEC + 500 * MS,      "1m2.5s"    },
	{ 59 * SEC + 999500000,     "1m0s"      },
	{ 3600 * SEC,               "1h0m0s"    },
	{ 3723 * SEC + 4 * MS,      "1h2m3.004s" },
};
/* clang-format on */

static void test_durations_are_short_and_rounded(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(duration_cases); i++) {
		const struct duration_case *c = &duration_cases[i];
		auto_buf struct buf b = BUF_INIT(SUMMARY_MAX);
		struct err err = ERR_INIT;

		CHECK_OK(timings_add_duration(&b, c->ns, &err), &err);
		CHECK(!strcmp(b.data, c->want), "'%s' is '%s'", c->want,
		      b.data);
	}
}

static void test_summary_lists_finished_phases_once(void **state unused)
{
	struct fake_progress fake = { .base.ops = &fake_ops };
	struct timings *t = timings_new(&fake.base, fake_clock);
	struct progress *p = timings_base(t);
	auto_buf struct buf b = BUF_INIT(SUMMARY_MAX);
	struct err err = ERR_INIT;

	fake_now = 100 * SEC;
	progress_start(p, "Resolving...");
	fake_now += 12 * MS;
	progress_done(p, "Resolved %s", "agent");
	progress_done(p, "without start");
	progress_fail(p, "without start");
	progress_start(p, "never ends");
	fake_now += 5 * SEC;
	progress_start(p, "Starting...");
	progress_info(p, "info");
	fake_now += 1500 * MS;
	progress_warn(p, "warn");
	progress_advance(p, 1, 2, "MiB");
	progress_fail(p, "Failed to start\n");
	progress_start(p, "über");
	progress_done(p, "über");
	CHECK_OK(timings_add_summary(t, &b, &err), &err);
	assert_string_equal(
		b.data,
		"\nTiming summary:\n"
		"  Resolved agent                           12ms\n"
		"  Failed to start\\n                        1.5s (failed)\n"
		"  über                                     0s\n");
	buf_reset(&b);
	CHECK_OK(timings_add_summary(t, &b, &err), &err);
	assert_string_equal(b.data, "");
	timings_free(t);
}

static void test_long_label_is_not_cut(void **state unused)
{
	struct fake_progress fake = { .base.ops = &fake_ops };
	struct timings *t = timings_new(&fake.base, fake_clock);
	auto_buf struct buf b = BUF_INIT(SUMMARY_MAX);
	struct err err = ERR_INIT;

	progress_start(timings_base(t), "x");
	progress_done(timings_base(t), "%050d", 7);
	CHECK_OK(timings_add_summary(t, &b, &err), &err);
	assert_non_null(strstr(b.data, "00007 0s\n"));
	timings_free(t);
}

static void test_nothing_finished_prints_nothing(void **state unused)
{
	struct fake_progress fake = { .base.ops = &fake_ops };
	struct timings *t = timings_new(&fake.base, fake_clock);
	auto_buf struct buf b = BUF_INIT(SUMMARY_MAX);
	struct err err = ERR_INIT;

	progress_start(timings_base(t), "Starting...");
	CHECK_OK(timings_add_summary(t, &b, &err), &err);
	assert_int_equal(b.len, 0);
	timings_free(t);
	timings_free(NULL);
}

static void test_everything_is_passed_on(void **state unused)
{
	struct fake_progress fake = { .base.ops = &fake_ops };
	struct timings *t = timings_new(&fake.base, fake_clock);

	for (int i = 0; i < PROGRESS_EVENT_COUNT; i++) {
		progress_event(timings_base(t), (enum progress_event)i,
			       "event %d", i);
		assert_int_equal(fake.events, i + 1);
	}
	assert_string_equal(fake.last, "event 4");
	progress_advance(timings_base(t), 1, 2, "MiB");
	assert_int_equal(fake.advances, 1);
	timings_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations_are_short_and_rounded),
		cmocka_unit_test(test_summary_lists_finished_phases_once),
		cmocka_unit_test(test_long_label_is_not_cut),
		cmocka_unit_test(test_nothing_finished_prints_nothing),
		cmocka_unit_test(test_everything_is_passed_on),
	};

	return RUN_TESTS(tests);
}
