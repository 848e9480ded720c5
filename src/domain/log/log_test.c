// SPDX-License-Identifier: Apache-2.0
/*
 * log_test.c - log records on their way to a writer.
 */
#include "domain/log/log.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

struct fake_log {
	struct log base;
	enum log_level level;
	char *msg;
	int written;
};

static void fake_write(struct log *log, enum log_level level, const char *msg)
{
	struct fake_log *f = container_of(log, struct fake_log, base);

	free(f->msg);
	f->msg = xstrdup(msg);
	f->level = level;
	f->written++;
}

static const struct log_ops fake_ops = { .write = fake_write };

static void test_records_are_formatted(void **state unused)
{
	struct fake_log f = { .base.ops = &fake_ops };

	log_warn(&f.base, "vm: %s %d", "cpu", 3);
	CHECK(f.written == 1 && f.level == LOG_LEVEL_WARN &&
		      !strcmp(f.msg, "vm: cpu 3"),
	      "got '%s'", f.msg);
	free(f.msg);
}

static void test_long_records_are_cut(void **state unused)
{
	struct fake_log f = { .base.ops = &fake_ops };

	log_error(&f.base, "%5000d", 1);
	CHECK(strlen(f.msg) == 2047, "%zu bytes", strlen(f.msg));
	free(f.msg);
}

static void test_discarding_log_takes_everything(void **state unused)
{
	struct log log = LOG_DISCARD;

	log_debug(&log, "x");
	CHECK(!log.ops, "it has a writer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_formatted),
		cmocka_unit_test(test_long_records_are_cut),
		cmocka_unit_test(test_discarding_log_takes_everything),
	};

	return RUN_TESTS(tests);
}
