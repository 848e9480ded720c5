/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_msg.h - what a front end says, decoded from bytes: which messages there
 * are, and which values may stand in them.
 *
 * "Vhost-user Protocol" in QEMU's docs/interop/vhost-user.rst. All numbers are
 * in the host's byte order.
 */
#ifndef BBOX_INFRA_VFS_VHOST_MSG_H
#define BBOX_INFRA_VFS_VHOST_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "infra/vfs/guest_memory.h"
#include "infra/vfs/virtqueue.h"

#define VHOST_QUEUES_MAX 2U /* high priority, one for requests */

#define VHOST_VERSION	     UINT32_C(1) /* two bits of the flags */
#define VHOST_FLAG_REPLY     UINT32_C(4)
#define VHOST_FLAG_NEEDS_ACK UINT32_C(8)

/* With a message, regions as well as descriptors. */
#define VHOST_FDS_MAX ((size_t)8)

enum vhost_msg_type {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES,
	VHOST_SET_OWNER,
	VHOST_RESET_OWNER,
	VHOST_SET_MEM_TABLE,
	VHOST_SET_LOG_BASE,
	VHOST_SET_LOG_FD,
	VHOST_SET_VRING_NUM,
	VHOST_SET_VRING_ADDR,
	VHOST_SET_VRING_BASE,
	VHOST_GET_VRING_BASE,
	VHOST_SET_VRING_KICK,
	VHOST_SET_VRING_CALL,
	VHOST_SET_VRING_ERR,
	VHOST_GET_PROTOCOL_FEATURES,
	VHOST_SET_PROTOCOL_FEATURES,
	VHOST_GET_QUEUE_NUM,
	VHOST_SET_VRING_ENABLE,
	VHOST_GET_MAX_MEM_SLOTS = 36,
	VHOST_ADD_MEM_REG,
	VHOST_REM_MEM_REG,

	VHOST_MSG_TYPE_COUNT
};

/* All that we have to offer: VIRTIO 1.2, section 6, and the protocol's own. */
#define VHOST_F_INDIRECT (UINT64_C(1) << 28)
#define VHOST_F_EVENT	 (UINT64_C(1) << 29)
#define VHOST_F_PROTOCOL (UINT64_C(1) << 30)
#define VHOST_F_VERSION1 (UINT64_C(1) << 32)
#define VHOST_FEATURES \
	(VHOST_F_INDIRECT | VHOST_F_EVENT | VHOST_F_PROTOCOL | VHOST_F_VERSION1)

#define VHOST_P_QUEUES	  (UINT64_C(1) << 0) /* GET_QUEUE_NUM */
#define VHOST_P_REPLY_ACK (UINT64_C(1) << 3)
#define VHOST_P_MEM_SLOTS (UINT64_C(1) << 15)
#define VHOST_PROTOCOL_FEATURES \
	(VHOST_P_QUEUES | VHOST_P_REPLY_ACK | VHOST_P_MEM_SLOTS)

struct vhost_header {
	uint32_t request, flags;
	uint32_t size; /* bytes of payload */
};
static_assert(sizeof(struct vhost_header) == 12, "the header is packed");

/* The largest: SET_MEM_TABLE. */
#define VHOST_PAYLOAD_MAX \
	(2 * sizeof(uint32_t) + VHOST_FDS_MAX * sizeof(struct guest_range))

/* Which members are set depends on the type. */
struct vhost_msg {
	enum vhost_msg_type type;
	bool needs_ack;	 /* has no answer of its own, and wants one */
	uint32_t queue;	 /* VRING: below VHOST_QUEUES_MAX */
	uint64_t value;	 /* features, size, base, whether to enable */
	bool without_fd; /* KICK, CALL, ERR */
	struct virtqueue_addr addr;
	struct guest_range regions[VHOST_FDS_MAX];
	size_t region_count;
};

/* "unknown" for what we do not know. */
const char *vhost_msg_name(uint32_t type);

/**
 * vhost_header_check() - judge a header before its payload is read
 * @err:	ERR_PROTOCOL: flags, size or request make no sense to us
 *
 * On success @header->size is at most VHOST_PAYLOAD_MAX.
 */
must_check int vhost_header_check(const struct vhost_header *header,
				  struct err *err);

/**
 * vhost_msg_decode() - understand a message whose header was checked
 * @payload:	of @header->size bytes
 * @fds:	how many descriptors came with it
 * @err:	ERR_PROTOCOL
 */
must_check int vhost_msg_decode(const struct vhost_header *header,
				struct span payload, size_t fds,
				struct vhost_msg *out, struct err *err);

#endif /* BBOX_INFRA_VFS_VHOST_MSG_H */
