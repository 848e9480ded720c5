/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtqueue.h - the device's side of a split virtqueue: VIRTIO 1.2, section
 * 2.7.
 *
 * The guest writes the rings while we read them: what is read is read once.
 */
#ifndef BBOX_INFRA_VFS_VIRTQUEUE_H
#define BBOX_INFRA_VFS_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "infra/vfs/guest_memory.h"

#define VIRTQUEUE_SIZE_MAX 1024U /* descriptors; what QEMU allows */
/* Pieces of memory in one chain: each descriptor is at least one. */
#define VIRTQUEUE_IOV_MAX 1024

/* Where the rings are, by address in the front end. */
struct virtqueue_addr {
	uint64_t desc, avail, used;
};

struct virtqueue_setup {
	struct virtqueue_addr addr;
	uint16_t size; /* descriptors, a power of two */
	uint16_t base; /* the first entry of the avail ring to look at */
	bool event_idx, indirect;
};

/* Zero is a queue that is not running. */
struct virtqueue {
	/* All three borrowed from the guest's memory. */
	const struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t size;
	uint16_t next_avail, next_used;
	uint16_t signalled; /* next_used when last asked whether to signal */
	bool signalled_valid;
	bool event_idx, indirect;
};

/* One request: what is readable comes first in @iov, then the writable. */
struct virtqueue_chain {
	struct iovec iov[VIRTQUEUE_IOV_MAX];
	int in_count, out_count;
	size_t in_len, out_len; /* bytes; together below 4 GiB */
	uint16_t head;
};

/**
 * virtqueue_start() - find the rings in memory
 * @memory:	borrowed as long as the queue runs
 * @err:	ERR_PROTOCOL: a ring that is misaligned or outside of memory,
 *		a size that is not a power of two up to VIRTQUEUE_SIZE_MAX
 */
must_check int virtqueue_start(struct virtqueue *vq,
			       const struct virtqueue_setup *setup,
			       const struct guest_memory *memory,
			       struct err *err);

static inline bool virtqueue_is_running(const struct virtqueue *vq)
{
	return vq->desc;
}

/**
 * virtqueue_next() - take the next request
 * @err:	ERR_PROTOCOL: what is wrong with the ring; the queue must not be
 *		used any more
 *
 * Return: 1 with @out filled, 0 when there is none, -1.
 */
must_check int virtqueue_next(struct virtqueue *vq,
			      const struct guest_memory *memory,
			      struct virtqueue_chain *out, struct err *err);

/* Gives a request back, with @len bytes of it written. */
void virtqueue_done(struct virtqueue *vq, uint16_t head, uint32_t len);

/* Whether the guest wants to hear of what was given back since last asked. */
must_check bool virtqueue_must_signal(struct virtqueue *vq);

/* Whether a request waits to be taken. */
bool virtqueue_has_request(const struct virtqueue *vq);

/* Tells the guest that it need not kick. It may do so all the same. */
void virtqueue_mute(struct virtqueue *vq);
/*
 * Asks for a kick at the @nth request from now on, 1 for the next one; true
 * when there is a request already. A guest without an event index kicks at the
 * next one.
 */
must_check bool virtqueue_listen(struct virtqueue *vq, uint16_t nth);

#endif /* BBOX_INFRA_VFS_VIRTQUEUE_H */
