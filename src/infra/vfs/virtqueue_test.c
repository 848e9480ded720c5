// SPDX-License-Identifier: Apache-2.0
/*
 * virtqueue_test.c - chains that are right, chains that attack, and who wakes
 * whom.
 */
#include "infra/vfs/virtqueue.h"

#include <inttypes.h>
#include <string.h>

#include "support/check.h"

#define SIZE	 UINT16_C(8)
#define HALF	 0x10000U
#define BASE	 UINT64_C(0x10000)
#define END	 (BASE + 2 * HALF)
#define MIDDLE	 (BASE + HALF)
#define USER_A	 UINT64_C(0x7f0000000000)
#define USER_B	 UINT64_C(0x7f5500000000)
#define AVAIL	 0x5000U
#define USED	 0x6000U
#define INDIRECT (BASE + 0x8000)

/* Two regions, neighbours for the guest and nobody else. */
static _Alignas(16) unsigned char half_a[HALF], half_b[HALF];
static struct virtqueue_chain chain;

static struct guest_memory new_memory(void)
{
	memset(half_a, 0, sizeof(half_a));
	memset(half_b, 0, sizeof(half_b));
	return (struct guest_memory){
		.regions = {
			{ .range = { BASE, HALF, USER_A, 0 }, .host = half_a },
			{ .range = { MIDDLE, HALF, USER_B, 0 },
			  .host = half_b },
		},
		.count = 2,
	};
}

static struct vring_desc *descs(void)
{
	return (struct vring_desc *)(void *)half_a;
}

static struct vring_avail *avail(void)
{
	return (struct vring_avail *)(void *)(half_a + AVAIL);
}

static struct vring_used *used(void)
{
	return (struct vring_used *)(void *)(half_a + USED);
}

static struct virtqueue_setup new_setup(void)
{
	return (struct virtqueue_setup){
		.addr = { USER_A, USER_A + AVAIL, USER_A + USED },
		.size = SIZE,
		.event_idx = true,
		.indirect = true,
	};
}

static struct virtqueue start(const struct virtqueue_setup *setup,
			      const struct guest_memory *m)
{
	struct virtqueue vq = { .size = 0 };
	struct err err = ERR_INIT;

	CHECK_OK(virtqueue_start(&vq, setup, m, &err), &err);
	return vq;
}

#define N VRING_DESC_F_NEXT
#define W VRING_DESC_F_WRITE
#define I VRING_DESC_F_INDIRECT

/* clang-format off */
static const struct chain_case {
	const char *name;
	struct vring_desc descs[4], indirect[4];
	uint16_t head;
	bool no_indirect;
	int in_count, out_count;
	size_t in_len, out_len;
	const char *error; /* NULL: it is a chain */
} chain_cases[] = {
	{ "one readable", { { BASE, 40, 0, 0 } }, { { 0 } }, 0, false,
	  1, 0, 40, 0, NULL },
	{ "one writable", { { BASE, 40, W, 0 } }, { { 0 } }, 0, false,
	  0, 1, 0, 40, NULL },
	{ "question and answer",
	  { { BASE, 40, N, 2 }, { BASE, 20, W, 0 }, { BASE, 40, N | W, 1 } },
	  { { 0 } },
	  0, false, 1, 2, 40, 60, NULL },
	{ "empty buffers add nothing",
	  { { BASE, 0, N, 1 }, { 0, 0, N | W, 2 }, { BASE, 7, W, 0 } },
	  { { 0 } }, 0, false, 0, 1, 0, 7, NULL },
	{ "up to the end of memory", { { END - 8, 8, 0, 0 } }, { { 0 } }, 0,
	  false, 1, 0, 8, 0, NULL },
	{ "across regions", { { MIDDLE - 8, 24, W, 0 } }, { { 0 } }, 0, false,
	  0, 2, 0, 24, NULL },
	{ "indirect", { { INDIRECT, 32, I, 0 } },
	  { { BASE, 5, N, 1 }, { BASE, 6, W, 0 } }, 0, false, 1, 1, 5, 6,
	  NULL },
	{ "indirect, marked as writable", { { INDIRECT, 16, I | W, 0 } },
	  { { BASE, 5, 0, 0 } }, 0, false, 1, 0, 5, 0, NULL },
	{ "indirect behind a buffer",
	  { { BASE, 3, N, 1 }, { INDIRECT, 16, I, 0 } },
	  { { BASE, 5, W, 0 } }, 0, false, 1, 1, 3, 5, NULL },
	{ "indirect table at an odd address", { { INDIRECT + 1, 16, I, 0 } },
	  { { 0 } }, 0, false, 0, 0, 0, 0, NULL },

	{ "head outside", { { 0 } }, { { 0 } }, SIZE, false, 0, 0, 0, 0,
	  "descriptor 8 of 8" },
	{ "next outside", { { BASE, 1, N, SIZE } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "descriptor 8 of 8" },
	{ "next far outside", { { BASE, 1, N, 0xffff } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "descriptor 65535 of 8" },
	{ "a circle of one", { { BASE, 1, N, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "circle" },
	{ "a circle of two", { { BASE, 0, N, 1 }, { BASE, 0, N, 0 } },
	  { { 0 } }, 0, false, 0, 0, 0, 0, "circle" },
	{ "below memory", { { BASE - 1, 1, 0, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "outside of memory" },
	{ "above memory", { { END, 1, 0, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "outside of memory" },
	{ "past the end", { { END - 8, 9, 0, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "outside of memory" },
	{ "wraps", { { UINT64_MAX - 3, 0xffffffff, 0, 0 } }, { { 0 } }, 0,
	  false, 0, 0, 0, 0, "outside of memory" },
	{ "readable behind writable",
	  { { BASE, 1, N | W, 1 }, { BASE, 1, 0, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "behind a writable" },
	{ "4 GiB in all",
	  { { BASE, 1, N, 1 }, { BASE, 0xffffffff, 0, 0 } }, { { 0 } }, 0,
	  false, 0, 0, 0, 0, "exceeds 4 GiB" },
	{ "indirect not negotiated", { { INDIRECT, 16, I, 0 } },
	  { { BASE, 1, 0, 0 } }, 0, true, 0, 0, 0, 0, "where none may be" },
	{ "indirect goes on", { { INDIRECT, 16, I | N, 1 } },
	  { { BASE, 1, 0, 0 } }, 0, false, 0, 0, 0, 0, "where none may be" },
	{ "indirect in indirect", { { INDIRECT, 16, I, 0 } },
	  { { INDIRECT, 16, I, 0 } }, 0, false, 0, 0, 0, 0,
	  "where none may be" },
	{ "indirect, empty", { { INDIRECT, 0, I, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "table of 0 bytes" },
	{ "indirect, uneven", { { INDIRECT, 17, I, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "table of 17 bytes" },
	{ "indirect, huge", { { INDIRECT, 16400, I, 0 } }, { { 0 } }, 0,
	  false, 0, 0, 0, 0, "table of 16400 bytes" },
	{ "indirect, outside", { { END, 16, I, 0 } }, { { 0 } }, 0, false,
	  0, 0, 0, 0, "table is outside" },
	{ "indirect, across regions", { { MIDDLE - 16, 32, I, 0 } },
	  { { 0 } }, 0, false, 0, 0, 0, 0, "table is outside" },
	{ "indirect, next outside", { { INDIRECT, 32, I, 0 } },
	  { { BASE, 1, N, 2 } }, 0, false, 0, 0, 0, 0, "descriptor 2 of 2" },
	{ "indirect, circle", { { INDIRECT, 32, I, 0 } },
	  { { BASE, 1, N, 1 }, { BASE, 1, N, 0 } }, 0, false, 0, 0, 0, 0,
	  "circle" },
};
/* clang-format on */

static void test_chains_are_walked_or_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(chain_cases); i++) {
		const struct chain_case *c = &chain_cases[i];
		struct guest_memory m = new_memory();
		struct virtqueue_setup setup = new_setup();
		struct err err = ERR_INIT;
		struct virtqueue vq;
		int r;

		setup.indirect = !c->no_indirect;
		vq = start(&setup, &m);
		memcpy(descs(), c->descs, sizeof(c->descs));
		memcpy(half_a + (INDIRECT - BASE), c->indirect,
		       sizeof(c->indirect));
		avail()->ring[0] = c->head;
		avail()->idx = 1;
		r = virtqueue_next(&vq, &m, &chain, &err);
		if (c->error) {
			CHECK(r == -1 && err.kind == ERR_PROTOCOL &&
				      strstr(err.msg, c->error),
			      "%s: %d '%s'", c->name, r, err.msg);
			continue;
		}
		CHECK(r == 1, "%s: %d '%s'", c->name, r, err.msg);
		CHECK(chain.in_count == c->in_count &&
			      chain.out_count == c->out_count &&
			      chain.in_len == c->in_len &&
			      chain.out_len == c->out_len,
		      "%s: in %d/%zu out %d/%zu", c->name, chain.in_count,
		      chain.in_len, chain.out_count, chain.out_len);
		CHECK(virtqueue_next(&vq, &m, &chain, &err) == 0,
		      "%s: there is another", c->name);
	}
}

static void
test_buffer_across_regions_is_split_where_they_meet(void **state unused)
{
	struct guest_memory m = new_memory();
	struct virtqueue_setup setup = new_setup();
	struct virtqueue vq = start(&setup, &m);
	struct err err = ERR_INIT;

	descs()[0] = (struct vring_desc){ MIDDLE - 8, 24, 0, 0 };
	avail()->idx = 1;
	CHECK(virtqueue_next(&vq, &m, &chain, &err) == 1, "%s", err.msg);
	assert_ptr_equal(chain.iov[0].iov_base, half_a + HALF - 8);
	assert_int_equal(chain.iov[0].iov_len, 8);
	assert_ptr_equal(chain.iov[1].iov_base, half_b);
	assert_int_equal(chain.iov[1].iov_len, 16);
}

/* @n descriptors of one byte in the table at @table. */
static void fill_table(struct vring_desc *table, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		table[i] = (struct vring_desc){
			.addr = BASE,
			.len = 1,
			.flags = i + 1 < n ? N : 0,
			.next = (uint16_t)(i + 1),
		};
}

static void test_longest_chains(void **state unused)
{
	struct guest_memory m = new_memory();
	struct virtqueue_setup setup = new_setup();
	struct err err = ERR_INIT;
	struct virtqueue vq;

	setup.size = VIRTQUEUE_SIZE_MAX;
	vq = start(&setup, &m);
	fill_table(descs(), VIRTQUEUE_SIZE_MAX);
	avail()->idx = 1;
	CHECK(virtqueue_next(&vq, &m, &chain, &err) == 1, "%s", err.msg);
	assert_int_equal(chain.in_count, VIRTQUEUE_IOV_MAX);

	/* An indirect table may be longer than the queue. */
	setup.size = SIZE;
	vq = start(&setup, &m);
	fill_table((struct vring_desc *)(void *)(half_a + 0x8000),
		   VIRTQUEUE_SIZE_MAX);
	descs()[0] =
		(struct vring_desc){ INDIRECT, VIRTQUEUE_SIZE_MAX * 16, I, 0 };
	CHECK(virtqueue_next(&vq, &m, &chain, &err) == 1, "%s", err.msg);
	assert_int_equal(chain.in_count, VIRTQUEUE_IOV_MAX);

	/* One is two pieces: one too many. */
	vq = start(&setup, &m);
	((struct vring_desc *)(void *)(half_a + 0x8000))[5].addr = MIDDLE - 1;
	((struct vring_desc *)(void *)(half_a + 0x8000))[5].len = 2;
	CHECK_FAILS(virtqueue_next(&vq, &m, &chain, &err), &err, ERR_PROTOCOL,
		    "more than 1024 buffers");
}

/* clang-format off */
static const struct start_case {
	const char *name;
	struct virtqueue_addr addr;
	uint16_t size;
	const char *error; /* NULL: it runs */
} start_cases[] = {
	{ "rings in two regions", { USER_A, USER_B, USER_A + USED }, 8, NULL },
	{ "used ring ends with memory",
	  { USER_A, USER_A + AVAIL, USER_B + HALF - 72 }, 8, NULL },
	{ "used ring ends past it",
	  { USER_A, USER_A + AVAIL, USER_B + HALF - 68 }, 8, "outside" },
	{ "avail ring ends past it",
	  { USER_A, USER_B + HALF - 20, USER_A + USED }, 8, "outside" },
	{ "table ends past it",
	  { USER_B + HALF - 112, USER_A + AVAIL, USER_A + USED }, 8,
	  "outside" },
	{ "guest addresses", { BASE, BASE + AVAIL, BASE + USED }, 8,
	  "outside" },
	{ "wraps", { UINT64_MAX - 15, USER_A, USER_A }, 8, "outside" },
	{ "table not aligned",
	  { USER_A + 8, USER_A + AVAIL, USER_A + USED }, 8, "misaligned" },
	{ "avail ring not aligned",
	  { USER_A, USER_A + AVAIL + 1, USER_A + USED }, 8, "misaligned" },
	{ "used ring not aligned",
	  { USER_A, USER_A + AVAIL, USER_A + USED + 2 }, 8, "misaligned" },
	{ "no descriptors", { USER_A, USER_A, USER_A }, 0, "0 descriptors" },
	{ "not a power of two", { USER_A, USER_A, USER_A }, 12,
	  "12 descriptors" },
	{ "too many", { USER_A, USER_A, USER_A }, 2048, "2048 descriptors" },
};
/* clang-format on */

static void test_rings_must_lie_in_memory(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(start_cases); i++) {
		const struct start_case *c = &start_cases[i];
		struct guest_memory m = new_memory();
		struct virtqueue_setup setup = { .addr = c->addr,
						 .size = c->size };
		struct virtqueue vq = { .size = 0 };
		struct err err = ERR_INIT;
		int r = virtqueue_start(&vq, &setup, &m, &err);

		CHECK((r == 0) == !c->error && virtqueue_is_running(&vq) == !r,
		      "%s: %d '%s'", c->name, r, err.msg);
		CHECK(!c->error || strstr(err.msg, c->error), "%s: '%s'",
		      c->name, err.msg);
	}
}

static void test_index_that_jumps_ahead_is_refused(void **state unused)
{
	struct guest_memory m = new_memory();
	struct virtqueue_setup setup = new_setup();
	struct virtqueue vq;
	struct err err = ERR_INIT;

	setup.base = 0xfffe;
	vq = start(&setup, &m);
	avail()->idx = (uint16_t)(0xfffe + SIZE + 1);
	CHECK_FAILS(virtqueue_next(&vq, &m, &chain, &err), &err, ERR_PROTOCOL,
		    "9 requests in a queue of 8");
	/* Backwards is ahead, too. */
	avail()->idx = 0xfffd;
	CHECK_FAILS(virtqueue_next(&vq, &m, &chain, &err), &err, ERR_PROTOCOL,
		    "65535 requests in a queue of 8");
}

static void test_indices_wrap(void **state unused)
{
	struct guest_memory m = new_memory();
	struct virtqueue_setup setup = new_setup();
	struct err err = ERR_INIT;
	struct virtqueue vq;

	used()->idx = setup.base = 0xfffd;
	vq = start(&setup, &m);
	for (uint16_t i = 0; i < 6; i++) {
		uint16_t at = (uint16_t)(0xfffd + i), head = i % SIZE;

		descs()[head] = (struct vring_desc){ BASE, 4, W, 0 };
		avail()->ring[at % SIZE] = head;
		avail()->idx = (uint16_t)(at + 1);
		CHECK(virtqueue_next(&vq, &m, &chain, &err) == 1, "%u: %s", i,
		      err.msg);
		virtqueue_done(&vq, chain.head, i);
		CHECK(used()->idx == (uint16_t)(at + 1) &&
			      used()->ring[at % SIZE].id == head &&
			      used()->ring[at % SIZE].len == i,
		      "%u: used %u", i, used()->idx);
	}
	assert_int_equal(virtqueue_next(&vq, &m, &chain, &err), 0);
}

/* clang-format off */
static const struct signal_case {
	const char *name;
	bool event_idx;
	uint16_t flags, event; /* what the guest says */
	uint16_t before, now;  /* given back when last asked, and in all */
	bool want;
} signal_cases[] = {
	{ "flag is clear",      false, 0, 0,      0,      1, true  },
	{ "flag is set",        false, 1, 0,      0,      1, false },
	{ "the awaited one",    true,  0, 0,      0,      1, true  },
	{ "flag does not count", true, 1, 0,      0,      1, true  },
	{ "among several",      true,  0, 2,      0,      4, true  },
	{ "the last of several", true, 0, 3,      0,      4, true  },
	{ "not yet",            true,  0, 4,      0,      4, false },
	{ "long ago",           true,  0, 0,      1,      4, false },
	{ "across the end",     true,  0, 0xffff, 0xfffe, 2, true  },
	{ "nothing given back", true,  0, 3,      4,      4, false },
};
/* clang-format on */

static void test_guest_hears_what_it_asked_for(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(signal_cases); i++) {
		const struct signal_case *c = &signal_cases[i];
		struct guest_memory m = new_memory();
		struct virtqueue_setup setup = new_setup();
		struct virtqueue vq;

		setup.event_idx = c->event_idx;
		used()->idx = c->before;
		vq = start(&setup, &m);
		/* Whatever was before, the first answer is announced. */
		avail()->ring[SIZE] = (uint16_t)(c->before + 100);
		CHECK(virtqueue_must_signal(&vq), "%s: first", c->name);
		avail()->flags = c->flags;
		avail()->ring[SIZE] = c->event;
		while (vq.next_used != c->now)
			virtqueue_done(&vq, 0, 0);
		CHECK(virtqueue_must_signal(&vq) == c->want, "%s", c->name);
	}
}

static void test_kicks_are_asked_for_only_when_idle(void **state unused)
{
	const __virtio16 *event =
		(const __virtio16 *)(const void *)&used()->ring[SIZE];

	for (int event_idx = 0; event_idx <= 1; event_idx++) {
		struct guest_memory m = new_memory();
		struct virtqueue_setup setup = new_setup();
		struct err err = ERR_INIT;
		struct virtqueue vq;

		setup.event_idx = event_idx;
		setup.base = 5;
		avail()->idx = 5;
		vq = start(&setup, &m);
		virtqueue_mute(&vq);
		assert_int_equal(used()->flags, event_idx ? 0 : 1);
		assert_int_equal(*event, 0);
		assert_false(virtqueue_listen(&vq, 1));
		assert_int_equal(used()->flags, 0);
		assert_int_equal(*event, event_idx ? 5 : 0);
		avail()->idx = 6;
		assert_true(virtqueue_listen(&vq, 1));
		descs()[0] = (struct vring_desc){ BASE, 1, 0, 0 };
		assert_int_equal(virtqueue_next(&vq, &m, &chain, &err), 1);
		assert_false(virtqueue_listen(&vq, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains_are_walked_or_refused),
		cmocka_unit_test(
			test_buffer_across_regions_is_split_where_they_meet),
		cmocka_unit_test(test_longest_chains),
		cmocka_unit_test(test_rings_must_lie_in_memory),
		cmocka_unit_test(test_index_that_jumps_ahead_is_refused),
		cmocka_unit_test(test_indices_wrap),
		cmocka_unit_test(test_guest_hears_what_it_asked_for),
		cmocka_unit_test(test_kicks_are_asked_for_only_when_idle),
	};

	return RUN_TESTS(tests);
}
