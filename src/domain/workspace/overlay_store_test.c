// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_store_test.c - names of objects, and headers of slots.
 */
#include "domain/workspace/overlay_store.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

static const struct overlay_slot example = {
	.id = 0x123456789,
	.size = OVERLAY_SLOT_MAX,
	.atime_ns = -1,
	.mtime_ns = INT64_C(0x1122334455667788),
};

static void test_names_objects(void **state unused)
{
	auto_free char *path = overlay_content_path(0x1f);
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(1, name);
	assert_string_equal(name, "0000000000000001");
	overlay_object_name(UINT64_C(0xabc0000000000123), name);
	assert_string_equal(name, "abc0000000000123");
	assert_string_equal(path, "contents/000000000000001f");
}

static void test_hash_is_told_from_others(void **state unused)
{
	uint8_t hash[OVERLAY_HASH_SIZE] = { 0x00, 0xff, 0x0a };
	char hex[OVERLAY_HASH_HEX_SIZE] = "00ff0a";

	memset(hex + 6, '0', sizeof(hex) - 7);
	assert_true(overlay_hash_is(hash, hex));
	hash[OVERLAY_HASH_SIZE - 1] = 1;
	assert_false(overlay_hash_is(hash, hex));
	hex[OVERLAY_HASH_HEX_SIZE - 2] = '1';
	assert_true(overlay_hash_is(hash, hex));
}

static void test_slots_do_not_overlap(void **state unused)
{
	assert_int_equal(overlay_slot_offset(0), 0);
	assert_int_equal(overlay_slot_offset(2) - overlay_slot_offset(1),
			 OVERLAY_SLOT_HEADER + OVERLAY_SLOT_MAX);
	assert_int_equal(overlay_slot_offset(OVERLAY_SLOT_ID_MAX) +
				 OVERLAY_SLOT_SIZE,
			 INT64_C(8) << 40);
}

static void test_header_comes_back(void **state unused)
{
	uint8_t header[OVERLAY_SLOT_HEADER];
	struct overlay_slot got;

	overlay_slot_encode(&example, header);
	assert_true(overlay_slot_decode(header, example.id, &got));
	assert_int_equal(got.id, example.id);
	assert_int_equal(got.size, example.size);
	assert_int_equal(got.atime_ns, example.atime_ns);
	assert_int_equal(got.mtime_ns, example.mtime_ns);
	assert_false(overlay_slot_decode(header, example.id + 1, &got));
}

static void test_each_damaged_byte_is_seen(void **state unused)
{
	uint8_t header[OVERLAY_SLOT_HEADER] = { 0 };
	struct overlay_slot got;

	assert_false(overlay_slot_decode(header, 0, &got));
	overlay_slot_encode(&example, header);
	/* What follows the fields is not used. */
	for (size_t i = 0; i < 40; i++) {
		header[i] ^= 0x10;
		CHECK(!overlay_slot_decode(header, example.id, &got),
		      "byte %zu", i);
		header[i] ^= 0x10;
	}
}

static void test_size_beyond_the_slot_is_refused(void **state unused)
{
	struct overlay_slot slot = example, got;
	uint8_t header[OVERLAY_SLOT_HEADER];

	slot.size = OVERLAY_SLOT_MAX + 1;
	overlay_slot_encode(&slot, header);
	assert_false(overlay_slot_decode(header, slot.id, &got));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_objects),
		cmocka_unit_test(test_hash_is_told_from_others),
		cmocka_unit_test(test_slots_do_not_overlap),
		cmocka_unit_test(test_header_comes_back),
		cmocka_unit_test(test_each_damaged_byte_is_seen),
		cmocka_unit_test(test_size_beyond_the_slot_is_refused),
	};

	return RUN_TESTS(tests);
}
