// SPDX-License-Identifier: Apache-2.0
/*
 * progress_test.c - progress messages on their way to a renderer.
 */
#include "domain/progress/progress.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

struct fake_progress {
	struct progress base;
	enum progress_event event;
	char *msg;
	uint64_t done, total;
};

static void fake_event(struct progress *p, enum progress_event event,
		       const char *msg)
{
	struct fake_progress *f = container_of(p, struct fake_progress, base);

	free(f->msg);
	f->msg = xstrdup(msg);
	f->event = event;
}

static void fake_advance(struct progress *p, uint64_t done, uint64_t total,
			 const char *unit unused)
{
	struct fake_progress *f = container_of(p, struct fake_progress, base);

	f->done = done;
	f->total = total;
}

static const struct progress_ops fake_ops = {
	.event = fake_event,
	.advance = fake_advance,
};

static void test_messages_are_formatted(void **state unused)
{
	struct fake_progress f = { .base.ops = &fake_ops };

	progress_done(&f.base, "%d file(s) changed", 2);
	CHECK(f.event == PROGRESS_DONE && !strcmp(f.msg, "2 file(s) changed"),
	      "got %d '%s'", (int)f.event, f.msg);
	progress_advance(&f.base, 3, 4, "MiB");
	CHECK(f.done == 3 && f.total == 4, "got %d of %d", (int)f.done,
	      (int)f.total);
	free(f.msg);
}

static void test_long_messages_are_cut(void **state unused)
{
	struct fake_progress f = { .base.ops = &fake_ops };

	progress_fail(&f.base, "%5000d", 1);
	CHECK(f.event == PROGRESS_FAIL && strlen(f.msg) == 1023, "%zu bytes",
	      strlen(f.msg));
	free(f.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_are_formatted),
		cmocka_unit_test(test_long_messages_are_cut),
	};

	return RUN_TESTS(tests);
}
