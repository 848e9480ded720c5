// SPDX-License-Identifier: Apache-2.0
/*
 * disks_test.c - serial numbers say what a disk is for, exactly.
 */
#include "guest/disks.h"

#include "support/check.h"

static const struct serial_case {
	const char *serial;
	enum disk_role role;
	uint32_t layer;
} serial_cases[] = {
	{ "layer0", DISK_LAYER, 0 },
	{ "layer7", DISK_LAYER, 7 },
	{ "layer255", DISK_LAYER, 255 },
	{ "layer3\n", DISK_LAYER, 3 },
	{ "scratch", DISK_SCRATCH, 0 },
	{ "scratch\n", DISK_SCRATCH, 0 },
	{ "", DISK_OTHER, 0 },
	{ "\n", DISK_OTHER, 0 },
	{ "layer", DISK_OTHER, 0 },
	{ "layer256", DISK_OTHER, 0 },
	{ "layer00", DISK_OTHER, 0 },
	{ "layer01", DISK_OTHER, 0 },
	{ "layer-1", DISK_OTHER, 0 },
	{ "layer+1", DISK_OTHER, 0 },
	{ "layer1 ", DISK_OTHER, 0 },
	{ "layer1x", DISK_OTHER, 0 },
	{ "Layer1", DISK_OTHER, 0 },
	{ "xlayer1", DISK_OTHER, 0 },
	{ "scratch0", DISK_OTHER, 0 },
	{ "layer11111111111111111", DISK_OTHER, 0 },
};

static void test_serials_are_matched_exactly(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(serial_cases); i++) {
		const struct serial_case *c = &serial_cases[i];
		struct disk_id id = disk_identify(SPAN_STR(c->serial));

		CHECK(id.role == c->role && id.layer == c->layer,
		      "'%s': role %d, layer %u", c->serial, (int)id.role,
		      id.layer);
	}
}

static void test_a_nul_does_not_end_a_serial(void **state unused)
{
	static const char serial[] = "scratch\0x";
	struct disk_id id = disk_identify(
		(struct span){ .p = serial, .len = sizeof(serial) - 1 });

	assert_int_equal(id.role, DISK_OTHER);
}

static void test_the_number_of_layers_is_bounded(void **state unused)
{
	static struct disks d;
	struct err err;

	d.layer_count = 0;
	CHECK_FAILS(disks_find(&d, &err), &err, ERR_INVALID,
		    "0 layers; 1 to 256 can be");
	d.layer_count = DISKS_LAYERS_MAX + 1;
	CHECK_FAILS(disks_find(&d, &err), &err, ERR_INVALID, "257 layers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serials_are_matched_exactly),
		cmocka_unit_test(test_a_nul_does_not_end_a_serial),
		cmocka_unit_test(test_the_number_of_layers_is_bounded),
	};

	return RUN_TESTS(tests);
}
