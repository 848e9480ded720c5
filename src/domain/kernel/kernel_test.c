// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_test.c - the life of a kernel description.
 */
#include "domain/kernel/kernel.h"

#include "base/mem.h"
#include "support/check.h"

static void test_release_empties_and_may_come_twice(void **state unused)
{
	struct kernel k = KERNEL_INIT;

	k.version = xstrdup("6.1");
	k.image_path = xstrdup("/vmlinuz");
	k.modules_dir = xstrdup("/lib/modules/6.1");
	kernel_release(&k);
	CHECK(!k.version && !k.image_path && !k.modules_dir,
	      "something is left");
	kernel_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_empties_and_may_come_twice),
	};

	return RUN_TESTS(tests);
}
