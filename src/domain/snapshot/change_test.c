// SPDX-License-Identifier: Apache-2.0
/*
 * change_test.c - the list of changes.
 */
#include "domain/snapshot/change.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

static void add(struct change_list *list, const char *path,
		enum change_decision decision)
{
	const struct change c = { .path = xstrdup(path), .decision = decision };

	change_list_add(list, &c);
}

static void test_changes_are_sorted_bytewise(void **state unused)
{
	static const char *const want[] = { "A.go", "a-b",  "a/b",
					    "a0",   "z.go", "\xc3\xa9" };
	auto_change_list struct change_list list = CHANGE_LIST_INIT;

	add(&list, "z.go", CHANGE_REJECTED);
	add(&list, "\xc3\xa9", CHANGE_REJECTED);
	add(&list, "a/b", CHANGE_REJECTED);
	add(&list, "a0", CHANGE_REJECTED);
	add(&list, "A.go", CHANGE_REJECTED);
	add(&list, "a-b", CHANGE_REJECTED);
	change_list_sort(&list);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		CHECK(!strcmp(list.v[i].path, want[i]), "%zu: got '%s'", i,
		      list.v[i].path);
}

static void test_undecided_changes_are_not_accepted(void **state unused)
{
	auto_change_list struct change_list list = CHANGE_LIST_INIT;

	change_list_sort(&list);
	CHECK(!change_list_accepted(&list), "an empty list accepts");
	add(&list, "a", CHANGE_ACCEPTED);
	add(&list, "b", (enum change_decision)0);
	add(&list, "c", CHANGE_ACCEPTED);
	add(&list, "d", CHANGE_POSTPONED);
	CHECK(change_list_accepted(&list) == 2, "got %zu",
	      change_list_accepted(&list));
	CHECK(change_list_postponed(&list) == 1, "got %zu",
	      change_list_postponed(&list));
}

static void test_kinds_have_names(void **state unused)
{
	CHECK(!strcmp(change_kind_name(CHANGE_ADDED), "added"), "added");
	CHECK(!strcmp(change_kind_name(CHANGE_MODIFIED), "modified"),
	      "modified");
	CHECK(!strcmp(change_kind_name(CHANGE_DELETED), "deleted"), "deleted");
	CHECK(!strcmp(change_kind_name(CHANGE_KIND_COUNT), "unknown"),
	      "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_are_sorted_bytewise),
		cmocka_unit_test(test_undecided_changes_are_not_accepted),
		cmocka_unit_test(test_kinds_have_names),
	};

	return RUN_TESTS(tests);
}
