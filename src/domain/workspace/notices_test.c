// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/notices.h"

#include "support/check.h"

#include <stdbool.h>
#include <string.h>

struct fake {
	struct progress progress;
	struct log log;
	size_t shown, logged;
	char last[1024];
};

static void fake_event(struct progress *p, enum progress_event event,
		       const char *msg)
{
	struct fake *f = container_of(p, struct fake, progress);

	assert_int_equal(event, PROGRESS_WARN);
	f->shown++;
	snprintf(f->last, sizeof(f->last), "%s", msg);
}

static void fake_write(struct log *log, enum log_level level unused,
		       const char *msg unused)
{
	container_of(log, struct fake, log)->logged++;
}

static const struct progress_ops progress_ops = { .event = fake_event };
static const struct log_ops log_ops = { .write = fake_write };

static void test_flood_is_counted_not_shown(void **state unused)
{
	struct fake f = { .progress = { &progress_ops }, .log = { &log_ops } };
	struct notices n = {
		.progress = &f.progress,
		.log = &f.log,
		.area = "test",
	};

	for (int i = 0; i < 5000; i++)
		notices_add(&n, "x", "is odd");
	assert_int_equal(f.shown, NOTICES_SHOWN_MAX);
	assert_int_equal(f.logged, NOTICES_LOGGED_MAX);
	notices_end(&n);
	assert_string_equal(f.last, "4980 more of these, see the log");
}

static void test_hostile_names_cannot_forge_lines(void **state unused)
{
	struct fake f = { .progress = { &progress_ops }, .log = { &log_ops } };
	struct notices n = {
		.progress = &f.progress,
		.log = &f.log,
		.area = "test",
	};

	notices_add(&n, "a\nb\033[2J", "is odd: %s", "c\rd");
	assert_string_equal(f.last, "'a\\nb\\x1b[2J' is odd: c\\x0dd");
}

static void test_error_keeps_its_kind_when_made_visible(void **state unused)
{
	struct err err = ERR_INIT;

	err_sys(&err, 2, "open 'a\nb'");
	assert_int_equal(err_make_visible(&err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(err.sys, 2);
	assert_string_equal(err.msg, "open 'a\\nb': No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flood_is_counted_not_shown),
		cmocka_unit_test(test_hostile_names_cannot_forge_lines),
		cmocka_unit_test(test_error_keeps_its_kind_when_made_visible),
	};

	return RUN_TESTS(tests);
}
