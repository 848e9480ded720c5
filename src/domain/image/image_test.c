// SPDX-License-Identifier: Apache-2.0
/*
 * image_test.c - the life of an image description.
 */
#include "domain/image/image.h"

#include "base/mem.h"
#include "support/check.h"

static void test_release_empties_and_may_come_twice(void **state unused)
{
	struct image image = IMAGE_INIT;

	image.ref = xstrdup("base");
	image.user = xstrdup("root");
	image.working_dir = xstrdup("/");
	image.layers[0].path = xstrdup("/a");
	image.layers[1].path = xstrdup("/b");
	image.layer_count = 2;
	strv_add(&image.env, "A=b");
	strv_add(&image.entrypoint, "sh");
	strv_add(&image.cmd, "-c");
	image_release(&image);
	CHECK(!image.ref && !image.layer_count && !image.layers[0].path &&
		      !image.env.n && !image.user && !image.working_dir,
	      "something is left");
	image_release(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_empties_and_may_come_twice),
	};

	return RUN_TESTS(tests);
}
