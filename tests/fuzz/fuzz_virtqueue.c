// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_virtqueue.c - whatever is in the rings, a chain is bounded and lies in
 * the guest's memory, what is readable first.
 *
 * The first bytes are the setup, the rest is the guest's memory.
 */
#include <string.h>

#include "base/span.h"
#include "fuzz/fuzz.h"
#include "infra/vfs/virtqueue.h"

#define HALF	 0x2000U /* bytes of each of two regions */
#define GUEST	 UINT64_C(0x1000)
#define USER	 UINT64_C(0x7f0000000000)
#define AVAIL	 0x400U
#define USED	 0x600U
#define ROUNDS	 64
#define SIZE_LOG 5U

static _Alignas(16) unsigned char memory[2][HALF];

/* What may be written to: the pieces of a chain lie in a half each. */
static bool is_in_memory(const struct iovec *v)
{
	const unsigned char *p = v->iov_base;

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		if (p >= memory[i] && p < memory[i] + HALF)
			return v->iov_len &&
			       v->iov_len <= (size_t)(memory[i] + HALF - p);
	return false;
}

static void check_chain(const struct virtqueue *vq,
			const struct virtqueue_chain *c)
{
	size_t in_len = 0, out_len = 0;

	INVARIANT(c->head < vq->size);
	INVARIANT(c->in_count >= 0 && c->out_count >= 0 &&
		  c->in_count + c->out_count <= VIRTQUEUE_IOV_MAX);
	for (int i = 0; i < c->in_count + c->out_count; i++) {
		INVARIANT(is_in_memory(&c->iov[i]));
		*(i < c->in_count ? &in_len : &out_len) += c->iov[i].iov_len;
	}
	INVARIANT(in_len == c->in_len && out_len == c->out_len);
}

static void walk(struct virtqueue *vq, const struct guest_memory *m)
{
	static struct virtqueue_chain chain;
	struct err err = ERR_INIT;
	int r;

	for (int i = 0; i < ROUNDS; i++) {
		r = virtqueue_next(vq, m, &chain, &err);
		if (r < 0)
			INVARIANT(err.kind == ERR_PROTOCOL);
		if (r <= 0)
			return;
		check_chain(vq, &chain);
		/* This also changes the memory that is walked next. */
		virtqueue_done(vq, chain.head, (uint32_t)chain.out_len);
		discard(virtqueue_must_signal(vq));
		virtqueue_mute(vq);
		discard(virtqueue_listen(vq, 1));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct guest_memory m = {
		.regions = {
			{ .range = { GUEST, HALF, USER, 0 },
			  .host = memory[0] },
			{ .range = { GUEST + HALF, HALF, 2 * USER, 0 },
			  .host = memory[1] },
		},
		.count = 2,
	};
	struct span in = { data, size };
	struct virtqueue_setup setup = {
		.addr = { USER, USER + AVAIL, USER + USED },
	};
	struct virtqueue vq = { .size = 0 };
	struct err err = ERR_INIT;
	uint8_t flags, base, move;

	if (!span_take_u8(&in, &flags) || !span_take_u8(&in, &base) ||
	    !span_take_u8(&in, &move))
		return 0;
	setup.size = (uint16_t)(1U << (flags & 0xf) % (SIZE_LOG + 1));
	setup.event_idx = flags & 0x10;
	setup.indirect = !(flags & 0x20);
	setup.base = base;
	/* Rings elsewhere, even over one another or outside. */
	if (flags & 0x40)
		setup.addr.avail += move * 64U;
	if (flags & 0x80)
		setup.addr.used = 2 * USER + move * 33U;
	memset(memory, 0, sizeof(memory));
	memcpy(memory, in.p, in.len < sizeof(memory) ? in.len : sizeof(memory));
	if (!virtqueue_start(&vq, &setup, &m, &err))
		walk(&vq, &m);
	return 0;
}
