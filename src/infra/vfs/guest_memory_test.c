// SPDX-License-Identifier: Apache-2.0
/*
 * guest_memory_test.c - regions that fit and regions that lie.
 */
#include "infra/vfs/guest_memory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "support/check.h"

#define PAGE  UINT64_C(4096)
#define GUEST UINT64_C(0x100000)
#define USER  UINT64_C(0x7f0000000000)

static int new_file(uint64_t size)
{
	struct err err = ERR_INIT;
	int fd = fd_memfd("test", &err);

	CHECK(fd >= 0 && !ftruncate(fd, (off_t)size), "memory file");
	return fd;
}

/* clang-format off */
static const struct add_case {
	const char *name;
	struct guest_range range; /* in a file of 4 pages */
	const char *error;	  /* NULL: it is mapped */
} add_cases[] = {
	{ "all of it",       { GUEST, 4 * PAGE, USER, 0 }, NULL },
	{ "its end",         { GUEST, PAGE, USER, 3 * PAGE }, NULL },
	{ "odd addresses",   { GUEST + 1, 10, USER + 1, 5 }, NULL },
	{ "top of addresses", { UINT64_MAX - PAGE, PAGE, USER, 0 }, NULL },
	{ "empty",           { GUEST, 0, USER, 0 }, "empty or wraps" },
	{ "wraps",           { UINT64_MAX - 5, 10, USER, 0 }, "wraps" },
	{ "wraps in front end", { GUEST, 10, UINT64_MAX - 5, 0 }, "wraps" },
	{ "wraps in file",   { GUEST, PAGE, USER, UINT64_MAX - 1 }, "wraps" },
	{ "past the file",   { GUEST, 4 * PAGE + 1, USER, 0 }, "exceeds" },
	{ "end past the file", { GUEST, PAGE, USER, 3 * PAGE + 1 }, "exceeds" },
	{ "far past it",     { GUEST, UINT64_C(1) << 62, USER, 0 }, "exceeds" },
};
/* clang-format on */

static void test_regions_must_lie_in_their_file(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(add_cases); i++) {
		const struct add_case *c = &add_cases[i];
		auto_guest_memory struct guest_memory m = GUEST_MEMORY_INIT;
		auto_close int fd = new_file(4 * PAGE);
		struct err err = ERR_INIT;
		int r = guest_memory_add(&m, &c->range, fd, &err);

		CHECK((r == 0) == !c->error, "%s: %d '%s'", c->name, r,
		      err.msg);
		CHECK(!c->error || (err.kind == ERR_PROTOCOL &&
				    strstr(err.msg, c->error)),
		      "%s: '%s'", c->name, err.msg);
		CHECK(m.count == (r ? 0 : 1), "%s: %zu", c->name, m.count);
	}
}

static void test_file_cannot_be_cut_off_below_us(void **state unused)
{
	auto_guest_memory struct guest_memory m = GUEST_MEMORY_INIT;
	const struct guest_range range = { GUEST, PAGE, USER, 0 };
	auto_close int fd = new_file(PAGE);
	auto_close int sealed = new_file(PAGE);
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_close int plain = memfd_create("plain", MFD_CLOEXEC);
	struct err err = ERR_INIT;

	CHECK_OK(guest_memory_add(&m, &range, fd, &err), &err);
	CHECK(ftruncate(fd, 0) < 0, "the file was cut off");
	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_SEAL), 0);
	guest_memory_release(&m);
	CHECK_FAILS(guest_memory_add(&m, &range, sealed, &err), &err,
		    ERR_PROTOCOL, "may shrink");
	CHECK_FAILS(guest_memory_add(&m, &range, null, &err), &err,
		    ERR_PROTOCOL, "may shrink");
	assert_int_equal(ftruncate(plain, PAGE), 0);
	CHECK_FAILS(guest_memory_add(&m, &range, plain, &err), &err,
		    ERR_PROTOCOL, "may shrink");
}

/* clang-format off */
static const struct overlap_case {
	const char *name;
	uint64_t guest_addr, user_addr; /* of one page, beside another */
	bool accepted;
} overlap_cases[] = {
	{ "neighbours above", GUEST + PAGE,     USER + PAGE,     true  },
	{ "neighbours below", GUEST - PAGE,     USER - PAGE,     true  },
	{ "the same",         GUEST,            USER,            false },
	{ "for the guest",    GUEST + PAGE - 1, USER + PAGE,     false },
	{ "from below",       GUEST - PAGE + 1, USER + PAGE,     false },
	{ "for the front end", GUEST + PAGE,    USER + PAGE - 1, false },
};
/* clang-format on */

static void test_regions_do_not_overlap(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(overlap_cases); i++) {
		const struct overlap_case *c = &overlap_cases[i];
		auto_guest_memory struct guest_memory m = GUEST_MEMORY_INIT;
		const struct guest_range first = { GUEST, PAGE, USER, 0 };
		const struct guest_range second = { c->guest_addr, PAGE,
						    c->user_addr, 0 };
		auto_close int fd = new_file(PAGE);
		struct err err = ERR_INIT;
		int r;

		CHECK_OK(guest_memory_add(&m, &first, fd, &err), &err);
		r = guest_memory_add(&m, &second, fd, &err);
		CHECK((r == 0) == c->accepted, "%s: %d '%s'", c->name, r,
		      err.msg);
	}
}

static void test_number_of_regions_is_limited(void **state unused)
{
	auto_guest_memory struct guest_memory m = GUEST_MEMORY_INIT;
	struct guest_range range = { GUEST, PAGE, USER, 0 };
	auto_close int fd = new_file(PAGE);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < GUEST_REGIONS_MAX; i++) {
		CHECK_OK(guest_memory_add(&m, &range, fd, &err), &err);
		range.guest_addr += PAGE;
		range.user_addr += PAGE;
	}
	CHECK_FAILS(guest_memory_add(&m, &range, fd, &err), &err, ERR_LIMIT,
		    "more than 32");
}

static void test_addresses_lead_to_the_file(void **state unused)
{
	auto_guest_memory struct guest_memory m = GUEST_MEMORY_INIT;
	const struct guest_range range = { GUEST, PAGE, USER, PAGE + 5 };
	auto_close int fd = new_file(4 * PAGE);
	struct err err = ERR_INIT;
	size_t len = 0;
	char *p;

	CHECK(pwrite(fd, "abc", 3, PAGE + 5) == 3, "write");
	CHECK_OK(guest_memory_add(&m, &range, fd, &err), &err);
	p = guest_memory_find(&m, GUEST, 3, &len);
	CHECK(p && len == 3 && !memcmp(p, "abc", 3), "len %zu", len);
	CHECK(guest_memory_at_user(&m, USER, PAGE) == p, "by user address");
	CHECK(guest_memory_find(&m, GUEST + PAGE - 2, 9, &len) ==
			      p + PAGE - 2 &&
		      len == 2,
	      "cut at the end: %zu", len);
	CHECK(!guest_memory_find(&m, GUEST + PAGE, 1, &len), "above");
	CHECK(!guest_memory_find(&m, GUEST - 1, 1, &len), "below");
	CHECK(!guest_memory_at_user(&m, USER, PAGE + 1), "longer");
	CHECK(!guest_memory_at_user(&m, USER + 1, PAGE), "at the end");
	CHECK(!guest_memory_at_user(&m, USER - 1, 1), "below");
	CHECK(!guest_memory_at_user(&m, GUEST, 1), "guest address");
}

static void test_region_is_removed_when_all_agrees(void **state unused)
{
	auto_guest_memory struct guest_memory m = GUEST_MEMORY_INIT;
	const struct guest_range range = { GUEST, PAGE, USER, 0 };
	struct guest_range other = range;
	auto_close int fd = new_file(PAGE);
	struct err err = ERR_INIT;
	size_t len;

	CHECK_OK(guest_memory_add(&m, &range, fd, &err), &err);
	other.size--;
	CHECK_FAILS(guest_memory_remove(&m, &other, &err), &err, ERR_PROTOCOL,
		    "to remove");
	CHECK_OK(guest_memory_remove(&m, &range, &err), &err);
	CHECK(!guest_memory_find(&m, GUEST, 1, &len), "still there");
	CHECK_FAILS(guest_memory_remove(&m, &range, &err), &err, ERR_PROTOCOL,
		    "no memory region at 0x100000 to remove");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regions_must_lie_in_their_file),
		cmocka_unit_test(test_file_cannot_be_cut_off_below_us),
		cmocka_unit_test(test_regions_do_not_overlap),
		cmocka_unit_test(test_number_of_regions_is_limited),
		cmocka_unit_test(test_addresses_lead_to_the_file),
		cmocka_unit_test(test_region_is_removed_when_all_agrees),
	};

	return RUN_TESTS(tests);
}
