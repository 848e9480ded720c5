// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/threeway.h"

#include "support/check.h"

/* Every pair; whatever is not spelled out here must be a conflict. */
static void test_users_work_is_never_replaced(void **state unused)
{
	static const struct {
		enum change_kind kind;
		enum threeway_original original;
		enum threeway_verdict want;
	} cases[] = {
		{ CHANGE_ADDED, THREEWAY_ABSENT, THREEWAY_APPLY },
		{ CHANGE_ADDED, THREEWAY_UNTOUCHED, THREEWAY_CONFLICT },
		{ CHANGE_ADDED, THREEWAY_EDITED, THREEWAY_CONFLICT },
		{ CHANGE_ADDED, THREEWAY_SAME_AS_GUEST, THREEWAY_NOTHING },
		{ CHANGE_MODIFIED, THREEWAY_ABSENT, THREEWAY_CONFLICT },
		{ CHANGE_MODIFIED, THREEWAY_UNTOUCHED, THREEWAY_APPLY },
		{ CHANGE_MODIFIED, THREEWAY_EDITED, THREEWAY_CONFLICT },
		{ CHANGE_MODIFIED, THREEWAY_SAME_AS_GUEST, THREEWAY_NOTHING },
		{ CHANGE_DELETED, THREEWAY_ABSENT, THREEWAY_NOTHING },
		{ CHANGE_DELETED, THREEWAY_UNTOUCHED, THREEWAY_APPLY },
		{ CHANGE_DELETED, THREEWAY_EDITED, THREEWAY_CONFLICT },
		{ CHANGE_DELETED, THREEWAY_SAME_AS_GUEST, THREEWAY_CONFLICT },
	};

	assert_int_equal(ARRAY_SIZE(cases),
			 CHANGE_KIND_COUNT * THREEWAY_ORIGINAL_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(cases) * CHANGE_TYPE_COUNT; i++) {
		size_t k = i / CHANGE_TYPE_COUNT;
		enum change_type type =
			(enum change_type)(i % CHANGE_TYPE_COUNT);
		bool harmless = type == CHANGE_DIR &&
				cases[k].kind == CHANGE_MODIFIED &&
				cases[k].original == THREEWAY_ABSENT;

		CHECK(threeway_judge(cases[k].kind, type, cases[k].original) ==
			      (harmless ? THREEWAY_APPLY : cases[k].want),
		      "kind %d, type %d, original %d", (int)cases[k].kind,
		      (int)type, (int)cases[k].original);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_work_is_never_replaced),
	};

	return RUN_TESTS(tests);
}
