// SPDX-License-Identifier: Apache-2.0
/*
 * virtqueue.c - walk descriptor chains that somebody else wrote.
 *
 * Theory of operation
 *
 * Two rings of indices and a table of descriptors lie in the guest's memory.
 * The guest publishes a request by writing the head of its chain into the
 * avail ring and then raising avail->idx; we publish the answer by writing to
 * the used ring and then raising used->idx. Loads of avail->idx acquire, stores
 * of used->idx release. Two places need more, because a store must be seen
 * before a load of the other side's: asking whether to signal, and asking for
 * kicks; both have a full barrier, as the guest's driver has in its mirror
 * image of the code.
 *
 * Nothing in a ring is trusted. A descriptor is copied before it is looked at,
 * each index is compared with its table, a chain is left after as many
 * descriptors as its table has (so a loop ends), and each buffer is translated
 * in pieces that lie within one region. All numbers of ours (where we are in
 * the rings) are kept outside of the guest's memory.
 */
#include "infra/vfs/virtqueue.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#define DESC_ALIGN  16U
#define AVAIL_ALIGN 2U
#define USED_ALIGN  4U

/* A table of descriptors: the queue's own or an indirect one. */
struct table {
	const struct vring_desc *desc; /* maybe not aligned */
	uint32_t size;
	bool is_indirect;
};

static uint16_t load16(const __virtio16 *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static uint16_t load16_acquire(const __virtio16 *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

static void store16(__virtio16 *p, uint16_t value)
{
	__atomic_store_n(p, htole16(value), __ATOMIC_RELAXED);
}

/*
 * With VIRTIO_RING_F_EVENT_IDX one more number follows each ring (2.7.6,
 * 2.7.8).
 */
static __virtio16 *used_event(const struct virtqueue *vq)
{
	return &vq->avail->ring[vq->size];
}

static __virtio16 *avail_event(const struct virtqueue *vq)
{
	return (__virtio16 *)(void *)&vq->used->ring[vq->size];
}

static void *find_ring(const struct guest_memory *memory, uint64_t addr,
		       size_t len, uint64_t align)
{
	void *p = guest_memory_at_user(memory, addr, len);

	/* Regions of a file need not be aligned in memory as they claim. */
	return (uintptr_t)p % align == 0 ? p : NULL;
}

int virtqueue_start(struct virtqueue *vq, const struct virtqueue_setup *setup,
		    const struct guest_memory *memory, struct err *err)
{
	const size_t n = setup->size;
	struct virtqueue new = {
		.size = setup->size,
		.next_avail = setup->base,
		.event_idx = setup->event_idx,
		.indirect = setup->indirect,
	};

	if (!n || n > VIRTQUEUE_SIZE_MAX || (n & (n - 1)))
		return err_set(err, ERR_PROTOCOL, "queue of %zu descriptors",
			       n);
	new.desc = find_ring(memory, setup->addr.desc, n * sizeof(*new.desc),
			     DESC_ALIGN);
	new.avail = find_ring(memory, setup->addr.avail,
			      sizeof(*new.avail) +
				      (n + 1) * sizeof(new.avail->ring[0]),
			      AVAIL_ALIGN);
	new.used = find_ring(memory, setup->addr.used,
			     sizeof(*new.used) + n * sizeof(new.used->ring[0]) +
				     sizeof(__virtio16),
			     USED_ALIGN);
	if (!new.desc || !new.avail || !new.used)
		return err_set(err, ERR_PROTOCOL,
			       "ring is misaligned or outside of memory");
	new.next_used = load16(&new.used->idx);
	*vq = new;
	return 0;
}

static struct vring_desc read_desc(const struct table *t, uint32_t i)
{
	struct vring_desc d;

	memcpy(&d, (const char *)t->desc + i * sizeof(d), sizeof(d));
	/* What was copied is what counts: no second look at the original. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return (struct vring_desc){
		.addr = le64toh(d.addr),
		.len = le32toh(d.len),
		.flags = le16toh(d.flags),
		.next = le16toh(d.next),
	};
}

static int add_piece(struct virtqueue_chain *c, void *p, size_t len,
		     bool is_out, struct err *err)
{
	int n = c->in_count + c->out_count;

	if (n == VIRTQUEUE_IOV_MAX)
		return err_set(err, ERR_PROTOCOL,
			       "chain of more than %d buffers",
			       VIRTQUEUE_IOV_MAX);
	c->iov[n] = (struct iovec){ .iov_base = p, .iov_len = len };
	if (is_out) {
		c->out_count++;
		c->out_len += len;
	} else {
		c->in_count++;
		c->in_len += len;
	}
	return 0;
}

/* An empty buffer adds nothing. */
static int add_buffer(struct virtqueue_chain *c,
		      const struct guest_memory *memory,
		      const struct vring_desc *d, struct err *err)
{
	bool is_out = d->flags & VRING_DESC_F_WRITE;
	uint64_t addr = d->addr;
	size_t left = d->len, len;

	if (!is_out && c->out_count)
		return err_set(err, ERR_PROTOCOL,
			       "readable buffer behind a writable one");
	/* 2.7.4.2 allows 2^32; used elements cannot tell that much. */
	if (left > UINT32_MAX - c->in_len - c->out_len)
		return err_set(err, ERR_PROTOCOL, "chain exceeds 4 GiB");
	while (left) {
		void *p = guest_memory_find(memory, addr, left, &len);

		if (!p)
			return err_set(err, ERR_PROTOCOL,
				       "buffer at 0x%" PRIx64
				       " is outside of memory",
				       addr);
		if (add_piece(c, p, len, is_out, err) < 0)
			return -1;
		addr += len;
		left -= len;
	}
	return 0;
}

/* 2.7.5.3: an indirect table ends the chain that leads to it. */
static int enter_table(const struct virtqueue *vq,
		       const struct guest_memory *memory,
		       const struct vring_desc *d, struct table *t,
		       struct err *err)
{
	size_t len = 0;

	if (!vq->indirect || t->is_indirect || (d->flags & VRING_DESC_F_NEXT))
		return err_set(err, ERR_PROTOCOL,
			       "indirect table where none may be");
	if (!d->len || d->len % sizeof(struct vring_desc) ||
	    d->len / sizeof(struct vring_desc) > VIRTQUEUE_SIZE_MAX)
		return err_set(err, ERR_PROTOCOL,
			       "indirect table of %" PRIu32 " bytes", d->len);
	t->desc = guest_memory_find(memory, d->addr, d->len, &len);
	if (len != d->len)
		return err_set(err, ERR_PROTOCOL,
			       "indirect table is outside of memory");
	t->size = d->len / (uint32_t)sizeof(struct vring_desc);
	t->is_indirect = true;
	return 0;
}

static int walk_chain(const struct virtqueue *vq,
		      const struct guest_memory *memory,
		      struct virtqueue_chain *c, struct err *err)
{
	struct table t = { .desc = vq->desc, .size = vq->size };
	uint32_t i = c->head, seen = 0;
	struct vring_desc d;

	for (;;) {
		if (i >= t.size)
			return err_set(err, ERR_PROTOCOL,
				       "descriptor %" PRIu32 " of %" PRIu32, i,
				       t.size);
		if (seen++ == t.size)
			return err_set(err, ERR_PROTOCOL,
				       "chain runs in a circle");
		d = read_desc(&t, i);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (enter_table(vq, memory, &d, &t, err) < 0)
				return -1;
			i = seen = 0;
			continue;
		}
		if (add_buffer(c, memory, &d, err) < 0)
			return -1;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		i = d.next;
	}
}

int virtqueue_next(struct virtqueue *vq, const struct guest_memory *memory,
		   struct virtqueue_chain *out, struct err *err)
{
	uint16_t waiting =
		(uint16_t)(load16_acquire(&vq->avail->idx) - vq->next_avail);

	if (!waiting)
		return 0;
	if (waiting > vq->size)
		return err_set(err, ERR_PROTOCOL,
			       "%u requests in a queue of %u", waiting,
			       vq->size);
	out->in_count = out->out_count = 0;
	out->in_len = out->out_len = 0;
	out->head = load16(&vq->avail->ring[vq->next_avail & (vq->size - 1)]);
	if (walk_chain(vq, memory, out, err) < 0)
		return -1;
	vq->next_avail++;
	return 1;
}

void virtqueue_done(struct virtqueue *vq, uint16_t head, uint32_t len)
{
	struct vring_used_elem *e =
		&vq->used->ring[vq->next_used & (vq->size - 1)];

	__atomic_store_n(&e->id, htole32(head), __ATOMIC_RELAXED);
	__atomic_store_n(&e->len, htole32(len), __ATOMIC_RELAXED);
	vq->next_used++;
	__atomic_store_n(&vq->used->idx, htole16(vq->next_used),
			 __ATOMIC_RELEASE);
}

bool virtqueue_must_signal(struct virtqueue *vq)
{
	uint16_t old = vq->signalled;
	bool valid = vq->signalled_valid;
	uint16_t since, to_event;

	vq->signalled = vq->next_used;
	vq->signalled_valid = true;
	/* used->idx must be seen before we look whether anybody waits. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!vq->event_idx)
		return !(load16(&vq->avail->flags) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	/* 2.7.7.2: signal when used_event lies among what was added. */
	to_event = (uint16_t)(vq->next_used - load16(used_event(vq)) - 1);
	since = (uint16_t)(vq->next_used - old);
	return !valid || to_event < since;
}

bool virtqueue_has_request(const struct virtqueue *vq)
{
	return load16_acquire(&vq->avail->idx) != vq->next_avail;
}

void virtqueue_mute(struct virtqueue *vq)
{
	/* With an event index it is enough not to move it. */
	if (!vq->event_idx)
		store16(&vq->used->flags, VRING_USED_F_NO_NOTIFY);
}

bool virtqueue_listen(struct virtqueue *vq, uint16_t nth)
{
	if (vq->event_idx)
		store16(avail_event(vq), (uint16_t)(vq->next_avail + nth - 1));
	else
		store16(&vq->used->flags, 0);
	/* Either the guest sees that and kicks, or we see its request. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return virtqueue_has_request(vq);
}
