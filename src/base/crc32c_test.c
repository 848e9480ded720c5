// SPDX-License-Identifier: Apache-2.0
/*
 * crc32c_test.c - the examples of RFC 3720, appendix B.4.
 */
#include "base/crc32c.h"

#include <string.h>

#include "support/check.h"

#define LEN 32

static void test_knows_the_examples(void **state unused)
{
	uint8_t zeros[LEN] = { 0 }, ones[LEN], up[LEN], down[LEN];

	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < LEN; i++) {
		up[i] = i;
		down[i] = (uint8_t)(LEN - 1 - i);
	}
	assert_int_equal(crc32c(0, zeros, LEN), 0x8a9136aa);
	assert_int_equal(crc32c(0, ones, LEN), 0x62a8ab43);
	assert_int_equal(crc32c(0, up, LEN), 0x46dd794e);
	assert_int_equal(crc32c(0, down, LEN), 0x113fdb5c);
	assert_int_equal(crc32c(0, "", 0), 0);
}

static void test_goes_on(void **state unused)
{
	static const char text[] = "123456789";

	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(crc32c(crc32c(0, text, i), text + i,
					strlen(text) - (i < 9 ? i : 9)),
				 0xe3069283);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_knows_the_examples),
		cmocka_unit_test(test_goes_on),
	};

	return RUN_TESTS(tests);
}
