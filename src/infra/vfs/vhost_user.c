// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_user.c - do what the front end says, and carry requests to the file
 * server.
 *
 * Theory of operation
 *
 * A queue runs while everything it needs is there: size, ring addresses that
 * lie in memory, a descriptor for kicks, and leave to run. Each message that
 * changes one of these stops the queues it touches, is applied, and lets them
 * start again (queue_start() does nothing when something is missing). So the
 * order of messages does not matter, and a change of memory while the guest is
 * busy is nothing special: between two requests we hold no pointer but those
 * in a running struct virtqueue. A queue that starts is looked at once, kicked
 * or not, because a kick may have come while it was stopped.
 *
 * The loop waits for messages and kicks. A busy guest cannot keep us from the
 * messages: after QUEUE_BATCH requests the loop goes round. Kicks are asked
 * for only when a queue was found empty for a while (linger()), and it is
 * looked at once more after that (virtqueue_listen()).
 *
 * The first queue ("hiprio") carries FORGET only, for whose end nobody waits,
 * and a guest that removes files sends one for each. To be woken for it, and to
 * interrupt the guest afterwards, costs more than the work. So while the guest
 * is busy that queue is looked at whenever we are awake anyway, and kicks and
 * signals are for many at once. When nothing has come for a while all is made
 * up for, and the queue is like the other.
 *
 * Nothing waits for a peer: the socket is used with MSG_DONTWAIT, and the
 * descriptors of the queues must be eventfds, which we make non-blocking.
 *
 * A broken ring is the guest's doing: the queue stays stopped until the front
 * end asks for its position (GET_VRING_BASE), as it does at a reset. A broken
 * protocol is the front end's doing, and ends the connection.
 */
#include "infra/vfs/vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/loop.h"
#include "infra/vfs/vhost_wire.h"

/* Requests of one queue before messages and the other queue get a turn. */
#define QUEUE_BATCH 64

/* The queue of FORGET; VIRTIO 1.2, 5.11.2. */
#define HIPRIO 0
/* How many of its requests one kick, or one signal, may be for. */
#define HIPRIO_TOGETHER 32
/* How long they may wait for each other. */
#define HIPRIO_WAIT_MS 10

/* How long we look out for the next request before we ask to be woken. */
#define LINGER_NS INT64_C(50000)

/* Records in the log for one connection: both peers can cause them. */
#define LOG_RECORDS_MAX 500U

struct queue {
	struct virtqueue ring; /* running or zero */
	struct virtqueue_addr addr;
	uint16_t size, base; /* 0: not told yet; where to start */
	bool has_addr, enabled;
	bool broken;	      /* until the front end resets it */
	bool pending;	      /* may hold requests that nobody kicks for */
	uint16_t together;    /* requests that a kick and a signal are for */
	uint16_t unsignalled; /* that were given back */
	int kick_fd, call_fd, err_fd; /* owned; -1 means none */
};

#define QUEUE_INIT       \
	((struct queue){ \
		.together = 1, .kick_fd = -1, .call_fd = -1, .err_fd = -1 })

struct session {
	const struct vhost_user_config *config;
	struct vhost_wire wire;
	struct guest_memory memory;
	struct queue queues[VHOST_QUEUES_MAX];
	uint64_t features, protocol_features;
	unsigned int log_records;
	bool busy; /* a request came not long ago */
	bool ended;
	struct virtqueue_chain chain; /* the request at hand */
};

static bool may_log(struct session *s)
{
	if (s->log_records >= LOG_RECORDS_MAX)
		return false;
	if (++s->log_records == LOG_RECORDS_MAX)
		log_warn(s->config->log,
			 "vhost-user: too many records, dropping the rest");
	return s->log_records < LOG_RECORDS_MAX;
}

static unsigned int queue_index(const struct session *s, const struct queue *q)
{
	return (unsigned int)(q - s->queues);
}

static void poke(int fd)
{
	const uint64_t one = 1;

	/* EAGAIN: it was poked 2^64 times and will wake its reader. */
	if (fd >= 0)
		discard(write(fd, &one, sizeof(one)));
}

static void queue_signal(struct queue *q)
{
	if (!q->unsignalled)
		return;
	q->unsignalled = 0;
	if (virtqueue_must_signal(&q->ring))
		poke(q->call_fd);
}

static void queue_stop(struct queue *q)
{
	if (!virtqueue_is_running(&q->ring))
		return;
	queue_signal(q);
	q->base = q->ring.next_avail;
	q->ring = (struct virtqueue){ .size = 0 };
	q->pending = false;
}

static bool queue_is_complete(const struct session *s, const struct queue *q)
{
	/* Who does not know about enabling has its queues enabled. */
	return q->size && q->has_addr && q->kick_fd >= 0 && !q->broken &&
	       (q->enabled || !(s->features & VHOST_F_PROTOCOL));
}

static void queue_start(struct session *s, struct queue *q)
{
	const struct virtqueue_setup setup = {
		.addr = q->addr,
		.size = q->size,
		.base = q->base,
		.event_idx = s->features & VHOST_F_EVENT,
		.indirect = s->features & VHOST_F_INDIRECT,
	};
	struct err err = ERR_INIT;

	if (!queue_is_complete(s, q))
		return;
	/* Memory or address may still be to come: not an error yet. */
	if (virtqueue_start(&q->ring, &setup, &s->memory, &err) < 0) {
		if (may_log(s))
			log_debug(s->config->log,
				  "vhost-user: queue %u cannot run: %s",
				  queue_index(s, q), err.msg);
		return;
	}
	q->pending = true;
	if (may_log(s))
		log_debug(s->config->log, "vhost-user: queue %u runs",
			  queue_index(s, q));
}

static void queue_break(struct session *s, struct queue *q, const char *why)
{
	if (may_log(s))
		log_warn(s->config->log,
			 "vhost-user: queue %u is broken, stopping it: %s",
			 queue_index(s, q), why);
	queue_stop(q);
	q->broken = true;
	poke(q->err_fd);
}

static void serve_request(struct session *s, struct queue *q)
{
	const struct virtqueue_chain *c = &s->chain;
	const struct vhost_request request = {
		.in = c->iov,
		.in_count = c->in_count,
		.in_len = c->in_len,
		.out = c->iov + c->in_count,
		.out_count = c->out_count,
		.out_len = c->out_len,
	};
	size_t len = s->config->handle(s->config->ctx, &request);

	assert(len <= request.out_len);
	virtqueue_done(&q->ring, c->head, (uint32_t)len);
	if (++q->unsignalled >= q->together)
		queue_signal(q);
}

/*
 * The next request of a busy guest comes before it would have woken us. True
 * when there is one.
 */
static bool linger(const struct session *s, const struct queue *q)
{
	int64_t end = clock_now_ns() + LINGER_NS;

	if (queue_index(s, q) == HIPRIO)
		return false;
	while (!virtqueue_has_request(&q->ring)) {
		if (clock_now_ns() >= end)
			return false;
		/* Nobody waits for a processor because of us. */
		sched_yield();
	}
	return true;
}

static void serve_queue(struct session *s, struct queue *q)
{
	struct err err = ERR_INIT;
	int r;

	virtqueue_mute(&q->ring);
	for (int i = 0; i < QUEUE_BATCH; i++) {
		r = virtqueue_next(&q->ring, &s->memory, &s->chain, &err);
		if (r < 0) {
			queue_break(s, q, err.msg);
			return;
		}
		if (r) {
			serve_request(s, q);
			continue;
		}
		if (linger(s, q))
			continue;
		if (!virtqueue_listen(&q->ring, q->together)) {
			q->pending = false;
			return;
		}
		virtqueue_mute(&q->ring);
	}
	q->pending = true;
}

static void take_kick(struct session *s, struct queue *q)
{
	uint64_t kicks;
	ssize_t n = read(q->kick_fd, &kicks, sizeof(kicks));

	if (n == (ssize_t)sizeof(kicks))
		q->pending = true;
	else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		queue_break(s, q, "kicks cannot be read");
}

/*
 * Takes the one descriptor of the message. Eventfds, and few other things,
 * have no file type; what has one could block or raise SIGPIPE.
 */
static int take_event_fd(struct session *s, int *fd, struct err *err)
{
	struct stat st;
	int received;

	assert(s->wire.fd_count == 1);
	received = s->wire.fds[0];
	if (fstat(received, &st) < 0)
		return err_sys(err, errno, "stat event descriptor");
	if (st.st_mode & S_IFMT)
		return err_set(err, ERR_PROTOCOL,
			       "descriptor is not an eventfd");
	if (fd_set_nonblocking(received, err) < 0)
		return -1;
	fd_close(fd);
	*fd = fd_take(&s->wire.fds[0]);
	return 0;
}

static int set_event_fd(struct session *s, const struct vhost_msg *m,
			struct err *err)
{
	struct queue *q = &s->queues[m->queue];
	int *fd = &q->err_fd;

	if (m->type == VHOST_SET_VRING_KICK)
		fd = &q->kick_fd;
	else if (m->type == VHOST_SET_VRING_CALL)
		fd = &q->call_fd;
	if (m->without_fd) {
		fd_close(fd);
		return 0;
	}
	if (take_event_fd(s, fd, err) < 0)
		return -1;
	/* The guest must hear of what was finished without a listener. */
	if (m->type == VHOST_SET_VRING_CALL)
		poke(q->call_fd);
	return 0;
}

static int set_memory(struct session *s, const struct vhost_msg *m,
		      struct err *err)
{
	auto_guest_memory struct guest_memory new = GUEST_MEMORY_INIT;
	struct guest_memory old = s->memory;

	for (size_t i = 0; i < m->region_count; i++)
		if (guest_memory_add(&new, &m->regions[i], s->wire.fds[i],
				     err) < 0)
			return -1;
	/* Trade places; the old maps go with @new. */
	s->memory = new;
	new = old;
	return 0;
}

static int change_memory(struct session *s, const struct vhost_msg *m,
			 struct err *err)
{
	if (m->type == VHOST_SET_MEM_TABLE)
		return set_memory(s, m, err);
	if (m->type == VHOST_REM_MEM_REG)
		return guest_memory_remove(&s->memory, &m->regions[0], err);
	return guest_memory_add(&s->memory, &m->regions[0], s->wire.fds[0],
				err);
}

static int answer_u64(struct session *s, const struct vhost_msg *m,
		      uint64_t value, struct err *err)
{
	return vhost_wire_answer(&s->wire, m->type, &value, sizeof(value), err);
}

static void queue_reset(struct queue *q)
{
	queue_stop(q);
	fd_close(&q->kick_fd);
	q->broken = false;
}

static int give_base(struct session *s, const struct vhost_msg *m,
		     struct err *err)
{
	struct queue *q = &s->queues[m->queue];
	uint32_t state[2] = { m->queue, 0 };

	queue_reset(q);
	state[1] = q->base;
	return vhost_wire_answer(&s->wire, m->type, state, sizeof(state), err);
}

static void reset_owner(struct session *s)
{
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++) {
		queue_reset(&s->queues[i]);
		s->queues[i].enabled = false;
	}
}

/* Called with the queues stopped that the message is about. */
static int apply(struct session *s, const struct vhost_msg *m, struct err *err)
{
	struct queue *q = &s->queues[m->queue];

	switch (m->type) {
	case VHOST_GET_FEATURES:
		return answer_u64(s, m, VHOST_FEATURES, err);
	case VHOST_GET_PROTOCOL_FEATURES:
		return answer_u64(s, m, VHOST_PROTOCOL_FEATURES, err);
	case VHOST_GET_QUEUE_NUM:
		return answer_u64(s, m, VHOST_QUEUES_MAX, err);
	case VHOST_GET_MAX_MEM_SLOTS:
		return answer_u64(s, m, GUEST_REGIONS_MAX, err);
	case VHOST_SET_FEATURES:
		s->features = m->value;
		return 0;
	case VHOST_SET_PROTOCOL_FEATURES:
		s->protocol_features = m->value;
		return 0;
	case VHOST_RESET_OWNER:
		reset_owner(s);
		return 0;
	case VHOST_SET_MEM_TABLE:
	case VHOST_ADD_MEM_REG:
	case VHOST_REM_MEM_REG:
		return change_memory(s, m, err);
	case VHOST_SET_VRING_NUM:
		q->size = (uint16_t)m->value;
		return 0;
	case VHOST_SET_VRING_ADDR:
		q->addr = m->addr;
		q->has_addr = true;
		return 0;
	case VHOST_SET_VRING_BASE:
		q->base = (uint16_t)m->value;
		return 0;
	case VHOST_GET_VRING_BASE:
		return give_base(s, m, err);
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_ERR:
		return set_event_fd(s, m, err);
	case VHOST_SET_VRING_ENABLE:
		q->enabled = m->value;
		return 0;
	case VHOST_SET_OWNER:
	/* The decoder refuses these. */
	case VHOST_SET_LOG_BASE:
	case VHOST_SET_LOG_FD:
	case VHOST_MSG_TYPE_COUNT:
		break;
	}
	return 0;
}

/* Which queues a message may stop or start: a bit for each. */
static unsigned int queues_touched(enum vhost_msg_type type, unsigned int queue)
{
	static const uint64_t all = UINT64_C(1) << VHOST_SET_FEATURES |
				    UINT64_C(1) << VHOST_RESET_OWNER |
				    UINT64_C(1) << VHOST_SET_MEM_TABLE |
				    UINT64_C(1) << VHOST_ADD_MEM_REG |
				    UINT64_C(1) << VHOST_REM_MEM_REG;
	static const uint64_t one = UINT64_C(1) << VHOST_SET_VRING_NUM |
				    UINT64_C(1) << VHOST_SET_VRING_ADDR |
				    UINT64_C(1) << VHOST_SET_VRING_BASE |
				    UINT64_C(1) << VHOST_GET_VRING_BASE |
				    UINT64_C(1) << VHOST_SET_VRING_KICK |
				    UINT64_C(1) << VHOST_SET_VRING_ENABLE;

	static_assert(VHOST_MSG_TYPE_COUNT <= 64, "a bit for each type");
	if (all >> type & 1)
		return (1U << VHOST_QUEUES_MAX) - 1;
	return one >> type & 1 ? 1U << queue : 0;
}

static int act(struct session *s, const struct vhost_msg *m, struct err *err)
{
	const char *name = vhost_msg_name(m->type);
	unsigned int touched = queues_touched(m->type, m->queue);

	if (may_log(s))
		log_debug(s->config->log,
			  "vhost-user: %s queue %" PRIu32 " value 0x%" PRIx64
			  " regions %zu",
			  name, m->queue, m->value, m->region_count);
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++)
		if (touched >> i & 1)
			queue_stop(&s->queues[i]);
	if (apply(s, m, err) < 0)
		return err_wrap(err, "%s", name);
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++)
		if (touched >> i & 1)
			queue_start(s, &s->queues[i]);
	if (m->needs_ack && (s->protocol_features & VHOST_P_REPLY_ACK))
		return answer_u64(s, m, 0, err);
	return 0;
}

static int serve_message(struct session *s, struct err *err)
{
	struct vhost_msg m;
	int r = vhost_wire_read(&s->wire, &m, err);

	if (r < 0)
		return -1;
	if (r == VHOST_READ_END)
		s->ended = true;
	if (r != VHOST_READ_MESSAGE)
		return 0;
	r = act(s, &m, err);
	vhost_wire_next(&s->wire);
	return r;
}

/* Says whether the hiprio queue may wait for more, and looks at it. */
static void set_busy(struct session *s, bool busy)
{
	struct queue *q = &s->queues[HIPRIO];

	s->busy = busy;
	if (!virtqueue_is_running(&q->ring))
		return;
	q->together =
		busy && q->ring.event_idx && q->size >= 4 * HIPRIO_TOGETHER
			? HIPRIO_TOGETHER
			: 1;
	q->pending = true;
	if (!busy)
		queue_signal(q);
}

static bool has_pending(const struct session *s)
{
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++)
		if (s->queues[i].pending)
			return true;
	return false;
}

/* Waits for messages and kicks; not at all when there is something to do. */
static int serve_once(struct session *s, struct err *err)
{
	int timeout_ms = has_pending(s) ? 0 : s->busy ? HIPRIO_WAIT_MS : -1;
	struct pollfd fds[VHOST_QUEUES_MAX + 1];
	int r;

	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++) {
		const struct queue *q = &s->queues[i];
		bool runs = virtqueue_is_running(&q->ring);

		fds[i] = (struct pollfd){ .fd = runs ? q->kick_fd : -1,
					  .events = POLLIN };
	}
	fds[VHOST_QUEUES_MAX] =
		(struct pollfd){ .fd = s->wire.socket_fd, .events = POLLIN };
	r = poll(fds, ARRAY_SIZE(fds), timeout_ms);
	if (r < 0 && errno != EINTR)
		return err_sys(err, errno, "wait for guest");
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++)
		if (r > 0 && fds[i].revents)
			take_kick(s, &s->queues[i]);
	if (has_pending(s))
		set_busy(s, true);
	else if (!r)
		set_busy(s, false);
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++)
		if (s->queues[i].pending)
			serve_queue(s, &s->queues[i]);
	/* Last: a message may close what the others are about. */
	if (r > 0 && fds[VHOST_QUEUES_MAX].revents)
		return serve_message(s, err);
	return 0;
}

static void session_release(struct session *s)
{
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++) {
		queue_reset(&s->queues[i]);
		fd_close(&s->queues[i].call_fd);
		fd_close(&s->queues[i].err_fd);
	}
	vhost_wire_next(&s->wire);
	guest_memory_release(&s->memory);
}

int vhost_user_serve(const struct vhost_user_config *config, struct err *err)
{
	auto_free struct session *s = xcalloc(1, sizeof(*s));
	int r = 0;

	s->config = config;
	s->wire = VHOST_WIRE_INIT(config->socket_fd);
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++)
		s->queues[i] = QUEUE_INIT;
	while (!s->ended && !r)
		r = serve_once(s, err);
	session_release(s);
	return r < 0 ? err_wrap(err, "vhost-user") : 0;
}
