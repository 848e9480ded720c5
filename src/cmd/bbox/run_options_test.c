// SPDX-License-Identifier: Apache-2.0
/*
 * run_options_test.c - what the flags of a session are told.
 */
#include "cmd/bbox/run_options.h"

#include <string.h>

#include "support/check.h"

static int set(struct run_options *o, const char *name, const char *value,
	       struct err *err)
{
	for (const struct option *p = run_options_agent; p->name; p++)
		if (!strcmp(p->name, name))
			return p->set(o, value, err);
	fail_msg("no flag --%s", name);
	return -1;
}

static void test_snapshot_is_lazy_unless_told(void **state unused)
{
	static const struct {
		const char *value;
		enum workspace_view view;
		bool reflink_only;
	} rows[] = {
		{ "lazy", WORKSPACE_VIEW_LAZY, false },
		{ "reflink", WORKSPACE_VIEW_COPY, true },
		{ "copy", WORKSPACE_VIEW_COPY, false },
	};
	struct run_options o = RUN_OPTIONS_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(o.view, WORKSPACE_VIEW_LAZY);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_OK(set(&o, "workspace-snapshot", rows[i].value, &err),
			 &err);
		CHECK(o.view == rows[i].view &&
			      o.reflink_only == rows[i].reflink_only,
		      "%s", rows[i].value);
	}
	CHECK_FAILS(set(&o, "workspace-snapshot", "Lazy", &err), &err,
		    ERR_USAGE, "'Lazy' is none of lazy, reflink, copy");
	run_options_release(&o);
}

static void test_mode_is_snapshot_or_direct(void **state unused)
{
	struct run_options o = RUN_OPTIONS_INIT;
	struct err err = ERR_INIT;

	assert_false(o.direct);
	CHECK_OK(set(&o, "workspace-mode", "direct", &err), &err);
	assert_true(o.direct);
	CHECK_OK(set(&o, "workspace-mode", "snapshot", &err), &err);
	assert_false(o.direct);
	CHECK_FAILS(set(&o, "workspace-mode", "", &err), &err, ERR_USAGE,
		    "valid values are [snapshot direct]");
	run_options_release(&o);
}

static void test_sizes_are_bounded(void **state unused)
{
	struct run_options o = RUN_OPTIONS_INIT;
	struct err err = ERR_INIT;

	CHECK_OK(set(&o, "cpus", "4000000000", &err), &err);
	assert_int_equal(o.cpus, VM_CPUS_MAX);
	CHECK_FAILS(set(&o, "cpus", "-1", &err), &err, ERR_USAGE,
		    "not a number");
	CHECK_OK(set(&o, "memory", "999999g", &err), &err);
	assert_int_equal(o.mem_mib, VM_MEM_MIB_MAX);
	run_options_release(&o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot_is_lazy_unless_told),
		cmocka_unit_test(test_mode_is_snapshot_or_direct),
		cmocka_unit_test(test_sizes_are_bounded),
	};

	return RUN_TESTS(tests);
}
