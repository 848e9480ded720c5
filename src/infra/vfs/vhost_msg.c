// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_msg.c - decode the messages of a front end.
 *
 * Everything that can be judged without knowing what was said before is judged
 * here, so that whoever acts on a message finds only possible values in it.
 */
#include "infra/vfs/vhost_msg.h"

#include <inttypes.h>

/* KICK, CALL, ERR: a queue and whether no descriptor is attached. */
#define FD_QUEUE_MASK UINT64_C(0xff)
#define FD_NONE	      UINT64_C(0x100)

enum payload {
	PAYLOAD_REFUSED, /* zero: a type without a row is not known */
	PAYLOAD_NONE,
	PAYLOAD_VALUE,
	PAYLOAD_STATE, /* queue, number */
	PAYLOAD_ADDR,
	PAYLOAD_FD,
	PAYLOAD_TABLE,
	PAYLOAD_REGION,

	PAYLOAD_COUNT
};

/* Bytes. */
static const struct {
	size_t min, max;
} sizes[] = {
	[PAYLOAD_REFUSED] = { 0, 0 },
	[PAYLOAD_NONE] = { 0, 0 },
	[PAYLOAD_VALUE] = { 8, 8 },
	[PAYLOAD_STATE] = { 8, 8 },
	[PAYLOAD_ADDR] = { 40, 40 },
	[PAYLOAD_FD] = { 8, 8 },
	[PAYLOAD_TABLE] = { 8, VHOST_PAYLOAD_MAX },
	[PAYLOAD_REGION] = { 40, 40 },
};
static_assert(ARRAY_SIZE(sizes) == PAYLOAD_COUNT,
	      "sizes[] and enum payload differ");

/* clang-format off */
static const struct request_row {
	const char *name;
	enum payload payload;
	size_t fds_max;
	uint64_t value_max; /* VALUE, STATE */
	bool answers;
} rows[] = {
	[VHOST_GET_FEATURES] =
		{ "GET_FEATURES", PAYLOAD_NONE, 0, 0, true },
	[VHOST_SET_FEATURES] =
		{ "SET_FEATURES", PAYLOAD_VALUE, 0, UINT64_MAX, false },
	[VHOST_SET_OWNER] =
		{ "SET_OWNER", PAYLOAD_NONE, 0, 0, false },
	[VHOST_RESET_OWNER] =
		{ "RESET_OWNER", PAYLOAD_NONE, 0, 0, false },
	[VHOST_SET_MEM_TABLE] =
		{ "SET_MEM_TABLE", PAYLOAD_TABLE, VHOST_FDS_MAX, 0, false },
	/* Logs of dirty pages are for migration, which we do not offer. */
	[VHOST_SET_LOG_BASE] =
		{ "SET_LOG_BASE", PAYLOAD_REFUSED, 0, 0, false },
	[VHOST_SET_LOG_FD] =
		{ "SET_LOG_FD", PAYLOAD_REFUSED, 0, 0, false },
	[VHOST_SET_VRING_NUM] =
		{ "SET_VRING_NUM", PAYLOAD_STATE, 0, VIRTQUEUE_SIZE_MAX,
		  false },
	[VHOST_SET_VRING_ADDR] =
		{ "SET_VRING_ADDR", PAYLOAD_ADDR, 0, 0, false },
	[VHOST_SET_VRING_BASE] =
		{ "SET_VRING_BASE", PAYLOAD_STATE, 0, UINT16_MAX, false },
	[VHOST_GET_VRING_BASE] =
		{ "GET_VRING_BASE", PAYLOAD_STATE, 0, UINT32_MAX, true },
	[VHOST_SET_VRING_KICK] =
		{ "SET_VRING_KICK", PAYLOAD_FD, 1, 0, false },
	[VHOST_SET_VRING_CALL] =
		{ "SET_VRING_CALL", PAYLOAD_FD, 1, 0, false },
	[VHOST_SET_VRING_ERR] =
		{ "SET_VRING_ERR", PAYLOAD_FD, 1, 0, false },
	[VHOST_GET_PROTOCOL_FEATURES] =
		{ "GET_PROTOCOL_FEATURES", PAYLOAD_NONE, 0, 0, true },
	[VHOST_SET_PROTOCOL_FEATURES] =
		{ "SET_PROTOCOL_FEATURES", PAYLOAD_VALUE, 0, UINT64_MAX,
		  false },
	[VHOST_GET_QUEUE_NUM] =
		{ "GET_QUEUE_NUM", PAYLOAD_NONE, 0, 0, true },
	[VHOST_SET_VRING_ENABLE] =
		{ "SET_VRING_ENABLE", PAYLOAD_STATE, 0, 1, false },
	[VHOST_GET_MAX_MEM_SLOTS] =
		{ "GET_MAX_MEM_SLOTS", PAYLOAD_NONE, 0, 0, true },
	[VHOST_ADD_MEM_REG] =
		{ "ADD_MEM_REG", PAYLOAD_REGION, 1, 0, false },
	/* The descriptor is a mistake of old front ends: "must be closed". */
	[VHOST_REM_MEM_REG] =
		{ "REM_MEM_REG", PAYLOAD_REGION, 1, 0, false },
};
/* clang-format on */
static_assert(ARRAY_SIZE(rows) == VHOST_MSG_TYPE_COUNT,
	      "rows[] and enum vhost_msg_type differ");

const char *vhost_msg_name(uint32_t type)
{
	if (type >= ARRAY_SIZE(rows) || !rows[type].name)
		return "unknown";
	return rows[type].name;
}

int vhost_header_check(const struct vhost_header *h, struct err *err)
{
	const char *name = vhost_msg_name(h->request);
	enum payload payload;

	if ((h->flags & ~VHOST_FLAG_NEEDS_ACK) != VHOST_VERSION)
		return err_set(err, ERR_PROTOCOL,
			       "message %" PRIu32 " has flags 0x%" PRIx32,
			       h->request, h->flags);
	payload = h->request < ARRAY_SIZE(rows) ? rows[h->request].payload
						: PAYLOAD_REFUSED;
	if (payload == PAYLOAD_REFUSED)
		return err_set(err, ERR_PROTOCOL,
			       "message %" PRIu32 " (%s) was not offered",
			       h->request, name);
	if (h->size < sizes[payload].min || h->size > sizes[payload].max)
		return err_set(err, ERR_PROTOCOL, "%s of %" PRIu32 " bytes",
			       name, h->size);
	return 0;
}

/* Its callers have checked that the payload is long enough. */
static void take(struct span *s, void *out, size_t len)
{
	bool taken = span_take(s, out, len);

	assert(taken);
}

static uint32_t take_u32(struct span *s)
{
	uint32_t value;

	take(s, &value, sizeof(value));
	return value;
}

static uint64_t take_u64(struct span *s)
{
	uint64_t value;

	take(s, &value, sizeof(value));
	return value;
}

static void take_range(struct span *s, struct guest_range *out)
{
	out->guest_addr = take_u64(s);
	out->size = take_u64(s);
	out->user_addr = take_u64(s);
	out->file_offset = take_u64(s);
}

static int take_addr(struct span *s, struct vhost_msg *out, struct err *err)
{
	uint32_t flags;

	out->queue = take_u32(s);
	flags = take_u32(s);
	out->addr.desc = take_u64(s);
	out->addr.used = take_u64(s);
	out->addr.avail = take_u64(s);
	/* The only flag asks for a log; the log's address follows. */
	if (flags)
		return err_set(err, ERR_PROTOCOL, "flags 0x%" PRIx32, flags);
	return 0;
}

static int take_fd(struct span *s, size_t fds, struct vhost_msg *out,
		   struct err *err)
{
	uint64_t value = take_u64(s);

	if (value & ~(FD_QUEUE_MASK | FD_NONE))
		return err_set(err, ERR_PROTOCOL, "value 0x%" PRIx64, value);
	out->queue = (uint32_t)(value & FD_QUEUE_MASK);
	out->without_fd = value & FD_NONE;
	if (fds != (out->without_fd ? 0 : 1))
		return err_set(err, ERR_PROTOCOL, "%zu descriptors", fds);
	if (out->type == VHOST_SET_VRING_KICK && out->without_fd)
		return err_set(err, ERR_PROTOCOL, "polling was not offered");
	return 0;
}

static int take_table(struct span *s, size_t fds, struct vhost_msg *out,
		      struct err *err)
{
	uint32_t count = take_u32(s);

	/* Padding. */
	discard(take_u32(s));
	if (count > VHOST_FDS_MAX || count != fds)
		return err_set(err, ERR_PROTOCOL,
			       "%" PRIu32 " regions, %zu descriptors", count,
			       fds);
	if (s->len != count * sizeof(struct guest_range))
		return err_set(err, ERR_PROTOCOL,
			       "%" PRIu32 " regions in %zu bytes", count,
			       s->len);
	for (; out->region_count < count; out->region_count++)
		take_range(s, &out->regions[out->region_count]);
	return 0;
}

static int take_region(struct span *s, size_t fds, struct vhost_msg *out,
		       struct err *err)
{
	/* Padding. */
	discard(take_u64(s));
	take_range(s, &out->regions[0]);
	out->region_count = 1;
	if (out->type == VHOST_ADD_MEM_REG && fds != 1)
		return err_set(err, ERR_PROTOCOL, "%zu descriptors", fds);
	return 0;
}

static int take_payload(enum payload payload, struct span *s, size_t fds,
			struct vhost_msg *out, struct err *err)
{
	switch (payload) {
	case PAYLOAD_VALUE:
		out->value = take_u64(s);
		return 0;
	case PAYLOAD_STATE:
		out->queue = take_u32(s);
		out->value = take_u32(s);
		return 0;
	case PAYLOAD_ADDR:
		return take_addr(s, out, err);
	case PAYLOAD_FD:
		return take_fd(s, fds, out, err);
	case PAYLOAD_TABLE:
		return take_table(s, fds, out, err);
	case PAYLOAD_REGION:
		return take_region(s, fds, out, err);
	case PAYLOAD_REFUSED:
	case PAYLOAD_NONE:
	case PAYLOAD_COUNT:
		break;
	}
	return 0;
}

static int check_values(const struct vhost_msg *m, struct err *err)
{
	uint64_t n = m->value;

	if (m->queue >= VHOST_QUEUES_MAX)
		return err_set(err, ERR_PROTOCOL, "queue %" PRIu32 " of %u",
			       m->queue, VHOST_QUEUES_MAX);
	if (n > rows[m->type].value_max ||
	    (m->type == VHOST_SET_VRING_NUM && (!n || (n & (n - 1)))))
		return err_set(err, ERR_PROTOCOL, "value %" PRIu64, n);
	if ((m->type == VHOST_SET_FEATURES && (n & ~VHOST_FEATURES)) ||
	    (m->type == VHOST_SET_PROTOCOL_FEATURES &&
	     (n & ~VHOST_PROTOCOL_FEATURES)))
		return err_set(err, ERR_PROTOCOL,
			       "features 0x%" PRIx64 " were not offered", n);
	return 0;
}

int vhost_msg_decode(const struct vhost_header *h, struct span payload,
		     size_t fds, struct vhost_msg *out, struct err *err)
{
	const struct request_row *row = &rows[h->request];
	struct vhost_msg m = {
		.type = (enum vhost_msg_type)h->request,
		.needs_ack = !row->answers && (h->flags & VHOST_FLAG_NEEDS_ACK),
	};

	assert(payload.len == h->size);
	if (fds > row->fds_max)
		return err_set(err, ERR_PROTOCOL, "%s: %zu descriptors",
			       row->name, fds);
	if (take_payload(row->payload, &payload, fds, &m, err) < 0 ||
	    check_values(&m, err) < 0)
		return err_wrap(err, "%s", row->name);
	*out = m;
	return 0;
}
