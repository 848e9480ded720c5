// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_msg_test.c - messages that make sense, and those that do not.
 */
#include "infra/vfs/vhost_msg.h"

#include <string.h>

#include "support/check.h"

/* clang-format off */
static const struct header_case {
	const char *name;
	struct vhost_header header;
	const char *error; /* NULL: its payload is read */
} header_cases[] = {
	{ "a question", { VHOST_GET_FEATURES, 1, 0 }, NULL },
	{ "wants an acknowledgement", { VHOST_SET_OWNER, 9, 0 }, NULL },
	{ "empty table", { VHOST_SET_MEM_TABLE, 1, 8 }, NULL },
	{ "full table", { VHOST_SET_MEM_TABLE, 1, 264 }, NULL },
	{ "version 0", { VHOST_GET_FEATURES, 0, 0 }, "flags 0x0" },
	{ "version 3", { VHOST_GET_FEATURES, 3, 0 }, "flags 0x3" },
	{ "an answer", { VHOST_GET_FEATURES, 5, 0 }, "flags 0x5" },
	{ "unknown flag", { VHOST_GET_FEATURES, 0x11, 0 }, "flags 0x11" },
	{ "message 0", { 0, 1, 0 }, "0 (unknown) was not offered" },
	{ "between the known", { 25, 1, 0 }, "25 (unknown)" },
	{ "beyond the known", { 39, 1, 0 }, "39 (unknown)" },
	{ "far beyond", { UINT32_MAX, 1, 0 }, "(unknown)" },
	{ "log", { VHOST_SET_LOG_FD, 1, 0 }, "SET_LOG_FD" },
	{ "question with payload", { VHOST_GET_FEATURES, 1, 1 },
	  "GET_FEATURES of 1 bytes" },
	{ "short value", { VHOST_SET_FEATURES, 1, 7 }, "of 7 bytes" },
	{ "long value", { VHOST_SET_FEATURES, 1, 9 }, "of 9 bytes" },
	{ "short table", { VHOST_SET_MEM_TABLE, 1, 7 }, "of 7 bytes" },
	{ "long table", { VHOST_SET_MEM_TABLE, 1, 265 }, "of 265 bytes" },
	{ "huge", { VHOST_SET_MEM_TABLE, 1, UINT32_MAX }, "bytes" },
};
/* clang-format on */

static void test_headers(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(header_cases); i++) {
		const struct header_case *c = &header_cases[i];
		struct err err = ERR_INIT;
		int r = vhost_header_check(&c->header, &err);

		CHECK((r == 0) == !c->error, "%s: %d '%s'", c->name, r,
		      err.msg);
		CHECK(!c->error || (err.kind == ERR_PROTOCOL &&
				    strstr(err.msg, c->error)),
		      "%s: '%s'", c->name, err.msg);
	}
}

/* Two 32-bit numbers in one. */
#define PAIR(a, b) ((uint64_t)(b) << 32 | (a))

/* clang-format off */
static const struct decode_case {
	const char *name;
	uint32_t type;
	uint64_t payload[9];
	uint32_t size;
	size_t fds;
	const char *error; /* NULL: it is understood */
} decode_cases[] = {
	{ "features", VHOST_SET_FEATURES, { 0x170000000 }, 8, 0, NULL },
	{ "queue 1", VHOST_SET_VRING_NUM, { PAIR(1, 1024) }, 8, 0, NULL },
	{ "base", VHOST_SET_VRING_BASE, { PAIR(1, 0xffff) }, 8, 0, NULL },
	{ "kick", VHOST_SET_VRING_KICK, { 1 }, 8, 1, NULL },
	{ "no call", VHOST_SET_VRING_CALL, { 0x101 }, 8, 0, NULL },
	{ "no regions", VHOST_SET_MEM_TABLE, { 0 }, 8, 0, NULL },
	{ "region", VHOST_SET_MEM_TABLE, { 1, 1, 1, 1, 1 }, 40, 1, NULL },
	{ "added region", VHOST_ADD_MEM_REG, { 0 }, 40, 1, NULL },
	{ "removed region", VHOST_REM_MEM_REG, { 0 }, 40, 0, NULL },
	{ "removed with descriptor", VHOST_REM_MEM_REG, { 0 }, 40, 1, NULL },

	{ "packed rings", VHOST_SET_FEATURES, { UINT64_C(1) << 34 }, 8, 0,
	  "SET_FEATURES: features 0x400000000 were not offered" },
	{ "ring reset", VHOST_SET_FEATURES, { UINT64_C(1) << 40 }, 8, 0,
	  "not offered" },
	{ "log of dirty pages", VHOST_SET_FEATURES, { 1 << 26 }, 8, 0,
	  "not offered" },
	{ "requests in flight", VHOST_SET_PROTOCOL_FEATURES, { 1 << 12 }, 8, 0,
	  "not offered" },
	{ "queue 2", VHOST_SET_VRING_BASE, { PAIR(2, 0) }, 8, 0,
	  "queue 2 of 2" },
	{ "queue 7", VHOST_GET_VRING_BASE, { PAIR(7, 0) }, 8, 0,
	  "queue 7 of 2" },
	{ "queue 7 of addresses", VHOST_SET_VRING_ADDR, { PAIR(7, 0) }, 40, 0,
	  "queue 7 of 2" },
	{ "queue 7 of kicks", VHOST_SET_VRING_KICK, { 7 }, 8, 1,
	  "queue 7 of 2" },
	{ "queue 7 of errors", VHOST_SET_VRING_ERR, { 7 }, 8, 1,
	  "queue 7 of 2" },
	{ "size 0", VHOST_SET_VRING_NUM, { PAIR(0, 0) }, 8, 0, "value 0" },
	{ "size 3", VHOST_SET_VRING_NUM, { PAIR(0, 3) }, 8, 0, "value 3" },
	{ "size 2048", VHOST_SET_VRING_NUM, { PAIR(0, 2048) }, 8, 0,
	  "value 2048" },
	{ "base beyond", VHOST_SET_VRING_BASE, { PAIR(0, 0x10000) }, 8, 0,
	  "value 65536" },
	{ "enable twice", VHOST_SET_VRING_ENABLE, { PAIR(0, 2) }, 8, 0,
	  "value 2" },
	{ "log of a ring", VHOST_SET_VRING_ADDR, { PAIR(0, 1) }, 40, 0,
	  "SET_VRING_ADDR: flags 0x1" },
	{ "kick without descriptor", VHOST_SET_VRING_KICK, { 0 }, 8, 0,
	  "0 descriptors" },
	{ "two kicks", VHOST_SET_VRING_KICK, { 0 }, 8, 2, "2 descriptors" },
	{ "no call, with descriptor", VHOST_SET_VRING_CALL, { 0x100 }, 8, 1,
	  "1 descriptors" },
	{ "polling", VHOST_SET_VRING_KICK, { 0x100 }, 8, 0, "polling" },
	{ "unknown bit", VHOST_SET_VRING_CALL, { 0x200 }, 8, 1,
	  "value 0x200" },
	{ "too few regions", VHOST_SET_MEM_TABLE, { 2 }, 40, 2,
	  "2 regions in 32 bytes" },
	{ "too many regions", VHOST_SET_MEM_TABLE, { 1 }, 72, 1,
	  "1 regions in 64 bytes" },
	{ "part of a region", VHOST_SET_MEM_TABLE, { 1 }, 39, 1,
	  "1 regions in 31 bytes" },
	{ "nine regions", VHOST_SET_MEM_TABLE, { 9 }, 8, 8, "9 regions" },
	{ "4 billion regions", VHOST_SET_MEM_TABLE, { UINT32_MAX }, 8, 8,
	  "regions, 8 descriptors" },
	{ "descriptor missing", VHOST_SET_MEM_TABLE, { 2 }, 72, 1,
	  "2 regions, 1 descriptors" },
	{ "region without", VHOST_ADD_MEM_REG, { 0 }, 40, 0,
	  "0 descriptors" },
	{ "region with two", VHOST_ADD_MEM_REG, { 0 }, 40, 2,
	  "2 descriptors" },
	{ "question with descriptor", VHOST_GET_FEATURES, { 0 }, 0, 1,
	  "GET_FEATURES: 1 descriptors" },
};
/* clang-format on */

static int decode(uint32_t type, const void *payload, uint32_t size, size_t fds,
		  struct vhost_msg *out, struct err *err)
{
	const struct vhost_header header = { type, VHOST_VERSION, size };

	CHECK_OK(vhost_header_check(&header, err), err);
	return vhost_msg_decode(&header, (struct span){ payload, size }, fds,
				out, err);
}

static void test_payloads(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(decode_cases); i++) {
		const struct decode_case *c = &decode_cases[i];
		struct err err = ERR_INIT;
		struct vhost_msg m;
		int r = decode(c->type, c->payload, c->size, c->fds, &m, &err);

		CHECK((r == 0) == !c->error, "%s: %d '%s'", c->name, r,
		      err.msg);
		CHECK(!c->error || (err.kind == ERR_PROTOCOL &&
				    strstr(err.msg, c->error)),
		      "%s: '%s'", c->name, err.msg);
	}
}

static void test_members_are_where_the_protocol_has_them(void **state unused)
{
	const uint64_t addr[] = { PAIR(1, 0), 11, 12, 13, 14 };
	const uint64_t region[] = { 0, 21, 22, 23, 24 };
	const uint64_t table[] = { 2, 31, 32, 33, 34, 41, 42, 43, 44 };
	const uint64_t value[] = { PAIR(1, 256) };
	struct err err = ERR_INIT;
	struct vhost_msg m;

	CHECK_OK(decode(VHOST_SET_VRING_ADDR, addr, sizeof(addr), 0, &m, &err),
		 &err);
	CHECK(m.type == VHOST_SET_VRING_ADDR && m.queue == 1 &&
		      m.addr.desc == 11 && m.addr.used == 12 &&
		      m.addr.avail == 13,
	      "addresses");
	CHECK_OK(decode(VHOST_ADD_MEM_REG, region, sizeof(region), 1, &m, &err),
		 &err);
	CHECK(m.region_count == 1 && m.regions[0].guest_addr == 21 &&
		      m.regions[0].size == 22 && m.regions[0].user_addr == 23 &&
		      m.regions[0].file_offset == 24,
	      "region");
	CHECK_OK(decode(VHOST_SET_MEM_TABLE, table, sizeof(table), 2, &m, &err),
		 &err);
	CHECK(m.region_count == 2 && m.regions[0].guest_addr == 31 &&
		      m.regions[1].guest_addr == 41 &&
		      m.regions[1].file_offset == 44,
	      "table");
	CHECK_OK(decode(VHOST_SET_VRING_NUM, value, sizeof(value), 0, &m, &err),
		 &err);
	CHECK(m.queue == 1 && m.value == 256, "size");
}

static void test_only_the_mute_can_be_acknowledged(void **state unused)
{
	static const struct {
		uint32_t type, flags;
		bool want;
	} cases[] = {
		{ VHOST_SET_OWNER, 9, true },
		{ VHOST_SET_OWNER, 1, false },
		{ VHOST_GET_FEATURES, 9, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vhost_header header = { cases[i].type,
						     cases[i].flags, 0 };
		struct err err = ERR_INIT;
		struct vhost_msg m;

		CHECK_OK(vhost_msg_decode(&header, (struct span){ "", 0 }, 0,
					  &m, &err),
			 &err);
		CHECK(m.needs_ack == cases[i].want, "case %zu", i);
	}
}

static void test_names(void **state unused)
{
	assert_string_equal(vhost_msg_name(VHOST_REM_MEM_REG), "REM_MEM_REG");
	assert_string_equal(vhost_msg_name(VHOST_SET_LOG_BASE), "SET_LOG_BASE");
	assert_string_equal(vhost_msg_name(0), "unknown");
	assert_string_equal(vhost_msg_name(20), "unknown");
	assert_string_equal(vhost_msg_name(UINT32_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_members_are_where_the_protocol_has_them),
		cmocka_unit_test(test_only_the_mute_can_be_acknowledged),
		cmocka_unit_test(test_names),
	};

	return RUN_TESTS(tests);
}
