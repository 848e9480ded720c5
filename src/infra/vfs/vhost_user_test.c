// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_user_test.c - a front end and a guest that behave, and some that do
 * not.
 */
#include "infra/vfs/vhost_user.h"

#include <dirent.h>
#include <inttypes.h>

#include "base/buf.h"
#include "support/vhost_front.h"

#define N VRING_DESC_F_NEXT
#define W VRING_DESC_F_WRITE
#define I VRING_DESC_F_INDIRECT

/* Where a test puts an indirect table. */
#define TABLE 0x20000U

#define END (FRONT_GUEST + 2 * FRONT_REGION)

static size_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* How often the guest's memory is mapped in this process. */
static size_t count_maps(void)
{
	auto_buf struct buf text = BUF_INIT((size_t)1 << 20);
	auto_close int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	struct err err = ERR_INIT;
	size_t n = 0;

	CHECK_OK(fd_read_all(fd, &text, &err), &err);
	for (const char *p = text.data; (p = strstr(p, "memfd:guest")); p++)
		n++;
	return n;
}

static void stop_cleanly(struct front *f)
{
	front_stop(f);
	CHECK(!f->result, "%s", f->err.msg);
}

static void test_offers_just_what_it_can_do(void **state unused)
{
	/* clang-format off */
	static const struct {
		const char *name;
		uint32_t type;
		uint64_t want;
	} questions[] = {
		{ "features", VHOST_GET_FEATURES, 0x170000000 },
		{ "protocol", VHOST_GET_PROTOCOL_FEATURES, 0x8009 },
		{ "queues",   VHOST_GET_QUEUE_NUM, 2 },
		{ "slots",    VHOST_GET_MAX_MEM_SLOTS, 32 },
	};
	/* clang-format on */
	struct front f;
	uint64_t got = 0;

	front_start(&f, front_echo);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		CHECK(front_ask(&f, questions[i].type, &got), "%s: no answer",
		      questions[i].name);
		CHECK(got == questions[i].want, "%s: 0x%" PRIx64,
		      questions[i].name, got);
	}
	stop_cleanly(&f);
}

static void test_requests_are_answered_and_nothing_is_left(void **state unused)
{
	static const uint64_t features[] = {
		VHOST_FEATURES,
		VHOST_FEATURES & ~VHOST_F_EVENT,
	};
	size_t fds = count_fds();

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		struct front f;

		front_start(&f, front_echo);
		front_set_up(&f, features[i]);
		for (int n = 0; n < 100; n++)
			for (uint32_t queue = 0; queue < VHOST_QUEUES_MAX;
			     queue++)
				CHECK(front_echoes(&f, queue, "hello"),
				      "queue %u, request %d", queue, n);
		CHECK(front_event(f.queues[0].call, FRONT_WAIT_MS), "no call");
		assert_int_equal(count_maps(), 3);
		stop_cleanly(&f);
		assert_int_equal(count_maps(), 0);
		CHECK(count_fds() == fds, "%zu descriptors, now %zu", fds,
		      count_fds());
	}
}

static void
test_queues_run_at_once_when_enabling_is_unknown(void **state unused)
{
	struct front f;

	front_start(&f, front_echo);
	CHECK(front_send_u64(&f, VHOST_SET_FEATURES, VHOST_F_VERSION1) &&
		      front_send_memory(&f) && front_send_queue(&f, 0) &&
		      front_send_state(&f, VHOST_SET_VRING_ENABLE, 0, 0) &&
		      front_sync(&f),
	      "set up");
	CHECK(front_echoes(&f, 0, "x"), "not answered");
	stop_cleanly(&f);
}

static void test_full_queue_is_answered_in_order(void **state unused)
{
	struct front_queue *q;
	struct vring_used_elem used;
	struct front f;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	q = &f.queues[1];
	for (uint16_t i = 0; i < FRONT_QUEUE_SIZE; i = (uint16_t)(i + 2))
		front_write_text(&f, q, i, "batch");
	for (int round = 0; round < 200; round++) {
		for (uint16_t i = 0; i < FRONT_QUEUE_SIZE;
		     i = (uint16_t)(i + 2))
			front_push(q, i, i == FRONT_QUEUE_SIZE - 2);
		for (uint16_t i = 0; i < FRONT_QUEUE_SIZE;
		     i = (uint16_t)(i + 2))
			CHECK(front_pop(q, &used) && used.id == i &&
				      used.len == 5,
			      "round %d, request %u", round, i);
	}
	stop_cleanly(&f);
}

/* VIRTIO 1.2, 2.7.7.2: at the next answer. */
static void want_signal(struct front_queue *q)
{
	q->avail->ring[FRONT_QUEUE_SIZE] = q->next_used;
}

/* FORGET, for whose end nobody waits, is told to the guest for many at once. */
static void test_hiprio_requests_share_signals(void **state unused)
{
	enum { COUNT = 100 };
	struct vring_used_elem used;
	struct front_queue *q;
	uint64_t signals = 0, n;
	struct front f;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	q = &f.queues[0];
	/* A guest that is busy: the other queue, then ours. */
	CHECK(front_echoes(&f, 1, "busy"), "busy");
	for (int i = 0; i < COUNT; i++) {
		want_signal(q);
		CHECK(front_echoes(&f, 0, "forget"), "%d", i);
	}
	/* Each has been told of in the end, even if nothing else comes. */
	while ((n = front_event(q->call, FRONT_QUIET_MS)))
		signals += n;
	CHECK(signals && signals <= COUNT / 10, "%" PRIu64 " signals", signals);

	/* Once it is quiet, the first one does not wait for others. */
	front_write_text(&f, q, 0, "alone");
	want_signal(q);
	front_push(q, 0, true);
	CHECK(front_pop(q, &used) && front_event(q->call, FRONT_WAIT_MS) == 1,
	      "alone");
	stop_cleanly(&f);
}

static void test_many_pieces_across_regions(void **state unused)
{
	/* Three bytes in, five bytes out in each piece of an indirect table. */
	const uint16_t pieces = 400;
	const uint64_t middle = FRONT_GUEST + FRONT_REGION;
	struct vring_used_elem used;
	struct vring_desc *table;
	struct front f;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	table = (struct vring_desc *)(void *)(f.memory + TABLE);
	for (uint16_t i = 0; i < pieces; i++)
		table[i] = (struct vring_desc){
			.addr = i < pieces / 2 ? middle - 301 + i * 3U
					       : END - 1000 + i % 200U * 5U,
			.len = i < pieces / 2 ? 3 : 5,
			.flags = (uint16_t)((i + 1 < pieces ? N : 0) |
					    (i < pieces / 2 ? 0 : W)),
			.next = (uint16_t)(i + 1),
		};
	for (size_t i = 0; i < 600; i++)
		f.memory[FRONT_REGION - 301 + i] = (unsigned char)(i % 251);
	f.queues[1].desc[0] =
		(struct vring_desc){ FRONT_GUEST + TABLE, pieces * 16U, I, 0 };
	front_push(&f.queues[1], 0, true);
	CHECK(front_pop(&f.queues[1], &used) && used.len == 600, "answer");
	assert_memory_equal(f.memory + FRONT_REGION - 301,
			    f.memory + 2 * FRONT_REGION - 1000, 600);
	stop_cleanly(&f);
}

/* clang-format off */
static const struct ring_case {
	const char *name;
	struct vring_desc descs[2];
	uint16_t head, jump;
} ring_cases[] = {
	{ "head out of range", { { FRONT_GUEST, 1, 0, 0 } }, FRONT_QUEUE_SIZE,
	  1 },
	{ "next out of range", { { FRONT_GUEST, 1, N, 999 } }, 0, 1 },
	{ "circle", { { FRONT_GUEST, 1, N, 1 }, { FRONT_GUEST, 1, N, 0 } },
	  0, 1 },
	{ "outside of memory", { { END, 1, 0, 0 } }, 0, 1 },
	{ "past the end", { { END - 1, 2, 0, 0 } }, 0, 1 },
	{ "below memory", { { 0, 1, W, 0 } }, 0, 1 },
	{ "order", { { FRONT_GUEST, 1, N | W, 1 }, { FRONT_GUEST, 1, 0, 0 } },
	  0, 1 },
	{ "index jumps ahead", { { FRONT_GUEST, 1, 0, 0 } }, 0,
	  FRONT_QUEUE_SIZE + 1 },
	{ "index goes back", { { FRONT_GUEST, 1, 0, 0 } }, 0, 0xffff },
	{ "table outside", { { END, 16, I, 0 } }, 0, 1 },
	{ "table of tables", { { FRONT_GUEST, 16, I, 0 } }, 0, 1 },
};
/* clang-format on */

static void break_ring(struct front *f, const struct ring_case *c)
{
	struct front_queue *q = &f->queues[1];
	const uint64_t one = 1;

	memcpy(q->desc, c->descs, sizeof(c->descs));
	/* "table of tables": the queue's own table is at FRONT_GUEST. */
	f->queues[0].desc[0] = (struct vring_desc){ 0, 16, I, 0 };
	q->avail->ring[q->next_avail % FRONT_QUEUE_SIZE] = c->head;
	__atomic_store_n(&q->avail->idx, (uint16_t)(q->next_avail + c->jump),
			 __ATOMIC_SEQ_CST);
	CHECK(write(q->kick, &one, sizeof(one)) == sizeof(one), "kick");
}

static void test_broken_ring_stops_its_queue_until_reset(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(ring_cases); i++) {
		const struct ring_case *c = &ring_cases[i];
		struct front_queue *q;
		uint64_t state_now;
		struct front f;

		front_start(&f, front_echo);
		front_set_up(&f, VHOST_FEATURES);
		q = &f.queues[1];
		CHECK(front_echoes(&f, 1, "before"), "%s: before", c->name);
		break_ring(&f, c);
		CHECK(front_event(q->err, FRONT_WAIT_MS) == 1, "%s: no report",
		      c->name);
		CHECK(q->used->idx == q->next_used, "%s: answered", c->name);
		CHECK(front_echoes(&f, 0, "other"), "%s: other", c->name);

		/* Neither a kick nor new settings wake it. */
		q->avail->idx = q->next_avail;
		front_write_text(&f, q, 0, "again");
		front_push(q, 0, true);
		CHECK(front_send_queue(&f, 1) && front_sync(&f) &&
			      q->used->idx == q->next_used,
		      "%s: woken", c->name);
		CHECK(front_send_state(&f, VHOST_GET_VRING_BASE, 1, 0) &&
			      front_answer(&f, VHOST_GET_VRING_BASE,
					   &state_now) &&
			      front_send_queue(&f, 1),
		      "%s: reset", c->name);
		CHECK(front_echoes(&f, 1, "after"), "%s: after", c->name);
		stop_cleanly(&f);
	}
}

static void test_guest_cannot_fill_the_log(void **state unused)
{
	struct front_queue *q;
	struct front f;
	uint64_t base;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	q = &f.queues[1];
	for (int i = 0; i < 300; i++) {
		break_ring(&f, &ring_cases[0]);
		CHECK(front_event(q->err, FRONT_WAIT_MS), "not broken: %d", i);
		CHECK(front_send_state(&f, VHOST_GET_VRING_BASE, 1, 0) &&
			      front_answer(&f, VHOST_GET_VRING_BASE, &base) &&
			      front_send_fd(&f, VHOST_SET_VRING_KICK, 1,
					    q->kick) &&
			      front_sync(&f),
		      "reset");
	}
	stop_cleanly(&f);
	assert_int_equal(f.records, 500);
}

static void test_order_of_settings_does_not_matter(void **state unused)
{
	struct vring_used_elem used;
	struct front f;

	front_start(&f, front_echo);
	CHECK(front_send_queue(&f, 1), "queue");
	front_write_text(&f, &f.queues[1], 0, "early");
	front_push(&f.queues[1], 0, true);
	CHECK(front_send_u64(&f, VHOST_SET_FEATURES, VHOST_FEATURES) &&
		      front_sync(&f) && !f.queues[1].used->idx,
	      "answered without memory");
	CHECK(front_send_memory(&f) && front_pop(&f.queues[1], &used) &&
		      used.len == 5,
	      "not answered with memory");
	stop_cleanly(&f);
}

static void test_memory_changes_while_the_guest_is_busy(void **state unused)
{
	const struct {
		uint64_t padding;
		struct guest_range range;
	} region = {
		.range = { FRONT_GUEST, FRONT_REGION, FRONT_USER_A, 0 },
	};
	struct vring_used_elem used;
	struct front f;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	for (int i = 0; i < 50; i++)
		CHECK(front_send_memory(&f) && front_echoes(&f, 1, "busy"),
		      "round %d", i);
	CHECK(front_sync(&f), "sync");
	assert_int_equal(count_maps(), 3);

	/* Without the region of the rings nothing runs; with it, all does. */
	CHECK(front_send(&f, VHOST_REM_MEM_REG, &region, sizeof(region), NULL,
			 0) &&
		      front_sync(&f),
	      "remove");
	assert_int_equal(count_maps(), 2);
	front_write_text(&f, &f.queues[1], 0, "later");
	front_push(&f.queues[1], 0, true);
	CHECK(front_sync(&f) && f.queues[1].used->idx == f.queues[1].next_used,
	      "answered without memory");
	CHECK(front_send(&f, VHOST_ADD_MEM_REG, &region, sizeof(region),
			 &f.memory_fd, 1) &&
		      front_pop(&f.queues[1], &used) && used.len == 5,
	      "not answered with memory");

	/* Removing with a descriptor, which old front ends attach. */
	CHECK(front_send(&f, VHOST_REM_MEM_REG, &region, sizeof(region),
			 &f.memory_fd, 1) &&
		      front_sync(&f),
	      "remove");
	stop_cleanly(&f);
}

static void test_disabled_queue_waits(void **state unused)
{
	struct vring_used_elem used;
	struct front_queue *q;
	struct front f;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	q = &f.queues[1];
	CHECK(front_send_state(&f, VHOST_SET_VRING_ENABLE, 1, 0) &&
		      front_sync(&f),
	      "disable");
	front_write_text(&f, q, 0, "wait");
	front_push(q, 0, true);
	CHECK(front_sync(&f) && q->used->idx == q->next_used, "not disabled");
	CHECK(front_send_state(&f, VHOST_SET_VRING_ENABLE, 1, 1) &&
		      front_pop(q, &used) && used.len == 4,
	      "not enabled");
	stop_cleanly(&f);
}

static void test_stopped_queue_tells_where_it_was(void **state unused)
{
	struct front f;
	uint64_t answer = 0;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	for (int i = 0; i < 3; i++)
		CHECK(front_echoes(&f, 1, "count"), "request %d", i);
	CHECK(front_send_state(&f, VHOST_GET_VRING_BASE, 1, 0) &&
		      front_answer(&f, VHOST_GET_VRING_BASE, &answer),
	      "base");
	/* Queue and base, 32 bits each. */
	CHECK(answer == (UINT64_C(3) << 32 | 1), "0x%" PRIx64, answer);
	front_write_text(&f, &f.queues[1], 0, "stopped");
	front_push(&f.queues[1], 0, true);
	CHECK(front_sync(&f) && f.queues[1].used->idx == 3, "not stopped");
	stop_cleanly(&f);
}

static void test_acknowledges_when_negotiated(void **state unused)
{
	const struct vhost_header header = {
		VHOST_SET_OWNER, VHOST_VERSION | VHOST_FLAG_NEEDS_ACK, 0
	};
	struct front f;
	uint64_t answer = 1;

	front_start(&f, front_echo);
	/* Not yet: what comes is the answer to another question. */
	CHECK(front_send_raw(&f, &header, sizeof(header), NULL, 0) &&
		      front_sync(&f),
	      "before");
	CHECK(front_send_u64(&f, VHOST_SET_PROTOCOL_FEATURES,
			     VHOST_P_REPLY_ACK) &&
		      front_send_raw(&f, &header, sizeof(header), NULL, 0) &&
		      front_answer(&f, VHOST_SET_OWNER, &answer) && !answer,
	      "acknowledgement");
	stop_cleanly(&f);
}

static void test_reset_owner_stops_all_queues(void **state unused)
{
	struct front f;

	front_start(&f, front_echo);
	front_set_up(&f, VHOST_FEATURES);
	CHECK(front_send(&f, VHOST_RESET_OWNER, NULL, 0, NULL, 0) &&
		      front_sync(&f),
	      "reset");
	front_write_text(&f, &f.queues[0], 0, "stopped");
	front_push(&f.queues[0], 0, true);
	CHECK(front_sync(&f) && !f.queues[0].used->idx, "not stopped");
	stop_cleanly(&f);
}

/* Gives each request back to the queue before it is answered. */
static size_t handle_forever(void *ctx, const struct vhost_request *r)
{
	struct front *f = ctx;

	front_push(&f->queues[0], 0, false);
	return front_echo(ctx, r);
}

static void test_busy_queue_does_not_hold_messages_up(void **state unused)
{
	struct front f;

	front_start(&f, handle_forever);
	front_set_up(&f, VHOST_FEATURES);
	front_write_text(&f, &f.queues[0], 0, "again");
	front_push(&f.queues[0], 0, true);
	for (int i = 0; i < 20; i++)
		CHECK(front_sync(&f), "message %d", i);
	stop_cleanly(&f);
}

static void test_front_end_may_hang_up_at_any_moment(void **state unused)
{
	unsigned char bytes[sizeof(struct vhost_header) + 8] = {
		VHOST_SET_FEATURES, 0, 0, 0, VHOST_VERSION, 0, 0, 0, 8,
	};
	size_t fds = count_fds();

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		bool whole = len == 0 || len == sizeof(bytes);
		struct front f;

		front_start(&f, front_echo);
		if (len % 2)
			front_set_up(&f, VHOST_FEATURES);
		if (len)
			CHECK(front_send_raw(&f, bytes, len, &f.memory_fd,
					     whole ? 0 : 1),
			      "send %zu", len);
		front_stop(&f);
		CHECK(whole ? !f.result
			    : f.err.kind == ERR_PROTOCOL &&
				      strstr(f.err.msg, "hung up"),
		      "after %zu bytes: %d '%s'", len, f.result, f.err.msg);
	}
	assert_int_equal(count_fds(), fds);
	assert_int_equal(count_maps(), 0);
}

static void test_front_end_must_read_answers(void **state unused)
{
	struct front f;
	int n = 0;

	front_start(&f, front_echo);
	while (n < 100000 &&
	       front_send(&f, VHOST_GET_FEATURES, NULL, 0, NULL, 0))
		n++;
	front_stop(&f);
	CHECK(f.result < 0 && f.err.kind == ERR_PROTOCOL &&
		      strstr(f.err.msg, "does not read answers"),
	      "after %d: '%s'", n, f.err.msg);
}

/* Descriptors of the guest's memory, or @pipe; the peer must end. */
static void check_refused(const char *name, uint32_t type, const void *payload,
			  size_t len, size_t fd_count, bool pipe_fds,
			  const char *text)
{
	size_t before = count_fds();
	struct err err = ERR_INIT;
	struct front f;
	int fds[32], ends[2];
	uint64_t answer;

	CHECK_OK(fd_pipe(ends, &err), &err);
	front_start(&f, front_echo);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = pipe_fds ? ends[1] : f.memory_fd;
	CHECK(front_send(&f, type, payload, len, fds, fd_count), "%s: send",
	      name);
	CHECK(!front_ask(&f, VHOST_GET_FEATURES, &answer), "%s: accepted",
	      name);
	front_stop(&f);
	CHECK(f.result < 0 && f.err.kind == ERR_PROTOCOL &&
		      strstr(f.err.msg, text),
	      "%s: '%s'", name, f.err.msg);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	CHECK(count_fds() == before, "%s: %zu descriptors, now %zu", name,
	      before, count_fds());
}

/* clang-format off */
static const struct refusal_case {
	const char *name;
	uint32_t type;
	uint64_t payload[9];
	size_t len, fds;
	bool pipe;
	const char *text;
} refusal_cases[] = {
	{ "unknown message", 99, { 0 }, 0, 0, false, "99 (unknown)" },
	{ "log", VHOST_SET_LOG_BASE, { 0 }, 16, 1, false, "SET_LOG_BASE" },
	{ "answer to nothing", 0, { 0 }, 8, 0, false, "not offered" },
	{ "surplus descriptors", VHOST_SET_OWNER, { 0 }, 0, 1, false,
	  "1 descriptors" },
	{ "nine descriptors", VHOST_SET_MEM_TABLE, { 0 }, 8, 9, false,
	  "more than 8" },
	{ "32 descriptors", VHOST_SET_OWNER, { 0 }, 0, 32, false,
	  "more than 8" },
	{ "kick without descriptor", VHOST_SET_VRING_KICK, { 0 }, 8, 0, false,
	  "0 descriptors" },
	{ "kick is a pipe", VHOST_SET_VRING_KICK, { 0 }, 8, 1, true,
	  "not an eventfd" },
	{ "call is a file", VHOST_SET_VRING_CALL, { 0 }, 8, 1, false,
	  "not an eventfd" },
	{ "memory is a pipe", VHOST_ADD_MEM_REG,
	  { 0, FRONT_GUEST, 4096, FRONT_USER_A, 0 }, 40, 1, true,
	  "may shrink" },
	{ "memory exceeds its file", VHOST_ADD_MEM_REG,
	  { 0, FRONT_GUEST, 4 * FRONT_REGION, FRONT_USER_A, 0 }, 40, 1, false,
	  "ADD_MEM_REG: memory region exceeds its file" },
	{ "regions overlap", VHOST_SET_MEM_TABLE,
	  { 2, 0, 4096, 0, 0, 0, 4096, 4096, 0 }, 72, 2, false, "overlap" },
	{ "nothing to remove", VHOST_REM_MEM_REG, { 0, 1, 1, 1, 1 }, 40, 0,
	  false, "to remove" },
	{ "queue 7", VHOST_SET_VRING_KICK, { 7 }, 8, 1, false,
	  "queue 7 of 2" },
};
/* clang-format on */

static void test_misbehaviour_ends_the_connection(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];

		check_refused(c->name, c->type, c->payload, c->len, c->fds,
			      c->pipe, c->text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers_just_what_it_can_do),
		cmocka_unit_test(
			test_requests_are_answered_and_nothing_is_left),
		cmocka_unit_test(
			test_queues_run_at_once_when_enabling_is_unknown),
		cmocka_unit_test(test_full_queue_is_answered_in_order),
		cmocka_unit_test(test_hiprio_requests_share_signals),
		cmocka_unit_test(test_many_pieces_across_regions),
		cmocka_unit_test(test_broken_ring_stops_its_queue_until_reset),
		cmocka_unit_test(test_guest_cannot_fill_the_log),
		cmocka_unit_test(test_order_of_settings_does_not_matter),
		cmocka_unit_test(test_memory_changes_while_the_guest_is_busy),
		cmocka_unit_test(test_disabled_queue_waits),
		cmocka_unit_test(test_stopped_queue_tells_where_it_was),
		cmocka_unit_test(test_acknowledges_when_negotiated),
		cmocka_unit_test(test_reset_owner_stops_all_queues),
		cmocka_unit_test(test_busy_queue_does_not_hold_messages_up),
		cmocka_unit_test(test_front_end_may_hang_up_at_any_moment),
		cmocka_unit_test(test_front_end_must_read_answers),
		cmocka_unit_test(test_misbehaviour_ends_the_connection),
	};

	return RUN_TESTS(tests);
}
