/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_front.h - a front end and a guest in one, for tests of the back end:
 * memory, queues, chains, and a thread that serves them.
 *
 * The guest has two regions that are neighbours in its own address space and
 * far from each other in the front end's. The back end's handler copies what
 * is readable to what is writable. Whatever fails here fails the test.
 */
#ifndef BBOX_TESTS_SUPPORT_VHOST_FRONT_H
#define BBOX_TESTS_SUPPORT_VHOST_FRONT_H

#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "domain/log/log.h"
#include "infra/sys/fd.h"
#include "infra/vfs/vhost_msg.h"
#include "infra/vfs/vhost_user.h"

#define FRONT_QUEUE_SIZE UINT16_C(128)
#define FRONT_REGION	 UINT64_C(0x40000) /* bytes of each of two */
#define FRONT_GUEST	 UINT64_C(0x100000)
#define FRONT_USER_A	 UINT64_C(0x7f0000000000)
#define FRONT_USER_B	 UINT64_C(0x7e0000000000)
/* Offsets: the queues' rings, then room for tables and buffers. */
#define FRONT_RINGS 0x4000U /* bytes for each queue */
#define FRONT_AVAIL 0x1000U
#define FRONT_USED  0x2000U
#define FRONT_DATA  0x10000U

#define FRONT_WAIT_MS  5000
#define FRONT_QUIET_MS 50 /* long enough to believe that nothing comes */

struct front_queue {
	int kick, call, err; /* owned */
	uint16_t next_avail, next_used;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

struct front {
	int fd, theirs, memory_fd; /* owned */
	unsigned char *memory;	   /* both regions */
	struct front_queue queues[VHOST_QUEUES_MAX];
	pthread_t thread;
	struct vhost_user_config config;
	struct log log;
	unsigned int records; /* in @log */
	struct err err;	      /* of the back end, once it has ended */
	int result;
};

/* What the back end does with a request. */
static inline size_t front_echo(void *ctx unused, const struct vhost_request *r)
{
	size_t done = 0, in_at = 0, out_at = 0;
	int in = 0, out = 0;

	while (in < r->in_count && out < r->out_count) {
		const char *from = r->in[in].iov_base;
		char *to = r->out[out].iov_base;

		to[out_at++] = from[in_at++];
		done++;
		if (in_at == r->in[in].iov_len) {
			in++;
			in_at = 0;
		}
		if (out_at == r->out[out].iov_len) {
			out++;
			out_at = 0;
		}
	}
	return done;
}

static inline void front_log(struct log *log, enum log_level level unused,
			     const char *msg unused)
{
	container_of(log, struct front, log)->records++;
}

static const struct log_ops front_log_ops = { .write = front_log };

static inline void *front_thread(void *data)
{
	struct front *f = data;

	f->result = vhost_user_serve(&f->config, &f->err);
	/* Who waits for an answer learns that there is none. */
	(void)shutdown(f->theirs, SHUT_RDWR);
	return NULL;
}

/* @handle gets the struct front. */
static inline void front_start(struct front *f, vhost_handle_fn *handle)
{
	struct err err = ERR_INIT;
	int ends[2];

	*f = (struct front){ .log = { .ops = &front_log_ops } };
	CHECK_OK(fd_socketpair(ends, &err), &err);
	f->fd = ends[0];
	f->theirs = ends[1];
	f->memory_fd = fd_memfd("guest", &err);
	CHECK(f->memory_fd >= 0 && !ftruncate(f->memory_fd, 2 * FRONT_REGION),
	      "guest memory");
	f->memory = mmap(NULL, 2 * FRONT_REGION, PROT_READ | PROT_WRITE,
			 MAP_SHARED, f->memory_fd, 0);
	CHECK(f->memory != MAP_FAILED, "map guest memory");
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++) {
		unsigned char *rings = f->memory + i * FRONT_RINGS;
		struct front_queue *q = &f->queues[i];

		q->kick = eventfd(0, EFD_CLOEXEC);
		q->call = eventfd(0, EFD_CLOEXEC);
		q->err = eventfd(0, EFD_CLOEXEC);
		CHECK(q->kick >= 0 && q->call >= 0 && q->err >= 0, "eventfd");
		q->desc = (void *)rings;
		q->avail = (void *)(rings + FRONT_AVAIL);
		q->used = (void *)(rings + FRONT_USED);
	}
	f->config = (struct vhost_user_config){
		.socket_fd = f->theirs,
		.handle = handle,
		.ctx = f,
		.log = &f->log,
	};
	CHECK(!pthread_create(&f->thread, NULL, front_thread, f), "thread");
}

/* Hangs up, waits for the back end to end, and frees; its result is left. */
static inline void front_stop(struct front *f)
{
	fd_close(&f->fd);
	CHECK(!pthread_join(f->thread, NULL), "join");
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++) {
		fd_close(&f->queues[i].kick);
		fd_close(&f->queues[i].call);
		fd_close(&f->queues[i].err);
	}
	fd_close(&f->theirs);
	fd_close(&f->memory_fd);
	CHECK(!munmap(f->memory, 2 * FRONT_REGION), "unmap guest memory");
}

/* Any bytes with any descriptors; false when the back end is gone. */
static inline bool front_send_raw(struct front *f, const void *p, size_t len,
				  const int *fds, size_t fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 32)];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	if (fd_count) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
	}
	return sendmsg(f->fd, &msg, MSG_NOSIGNAL) == (ssize_t)len;
}

static inline bool front_send(struct front *f, uint32_t type,
			      const void *payload, size_t len, const int *fds,
			      size_t fd_count)
{
	struct vhost_header header = { type, VHOST_VERSION, (uint32_t)len };
	unsigned char bytes[sizeof(header) + 1024];

	assert_true(len <= 1024);
	memcpy(bytes, &header, sizeof(header));
	if (len)
		memcpy(bytes + sizeof(header), payload, len);
	return front_send_raw(f, bytes, sizeof(header) + len, fds, fd_count);
}

static inline bool front_send_u64(struct front *f, uint32_t type,
				  uint64_t value)
{
	return front_send(f, type, &value, sizeof(value), NULL, 0);
}

static inline bool front_send_state(struct front *f, uint32_t type,
				    uint32_t queue, uint32_t value)
{
	const uint32_t state[] = { queue, value };

	return front_send(f, type, state, sizeof(state), NULL, 0);
}

static inline bool front_send_fd(struct front *f, uint32_t type, uint64_t queue,
				 int fd)
{
	return front_send(f, type, &queue, sizeof(queue), &fd, 1);
}

/* The next answer; false when the back end is gone instead. */
static inline bool front_answer(struct front *f, uint32_t type, uint64_t *out)
{
	struct {
		struct vhost_header header;
		uint32_t value[2];
	} answer;

	if (recv(f->fd, &answer, sizeof(answer), MSG_WAITALL) !=
	    (ssize_t)sizeof(answer))
		return false;
	CHECK(answer.header.request == type && answer.header.size == 8 &&
		      answer.header.flags == (VHOST_VERSION | VHOST_FLAG_REPLY),
	      "answer to %u: %u flags 0x%x size %u", type,
	      answer.header.request, answer.header.flags, answer.header.size);
	memcpy(out, answer.value, sizeof(*out));
	return true;
}

static inline bool front_ask(struct front *f, uint32_t type, uint64_t *out)
{
	return front_send(f, type, NULL, 0, NULL, 0) &&
	       front_answer(f, type, out);
}

/* Waits until everything that was sent has been acted on. */
static inline bool front_sync(struct front *f)
{
	uint64_t features;

	return front_ask(f, VHOST_GET_FEATURES, &features);
}

static inline bool front_send_memory(struct front *f)
{
	const struct {
		uint32_t count, padding;
		struct guest_range ranges[2];
	} table = {
		.count = 2,
		.ranges = {
			{ FRONT_GUEST, FRONT_REGION, FRONT_USER_A, 0 },
			{ FRONT_GUEST + FRONT_REGION, FRONT_REGION,
			  FRONT_USER_B, FRONT_REGION },
		},
	};
	const int fds[] = { f->memory_fd, f->memory_fd };

	return front_send(f, VHOST_SET_MEM_TABLE, &table, sizeof(table), fds,
			  2);
}

static inline bool front_send_addr(struct front *f, uint32_t queue)
{
	const uint64_t rings = FRONT_USER_A + queue * FRONT_RINGS;
	const struct {
		uint32_t queue, flags;
		uint64_t desc, used, avail, log;
	} addr = {
		queue, 0, rings, rings + FRONT_USED, rings + FRONT_AVAIL, 0
	};

	return front_send(f, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), NULL,
			  0);
}

static inline bool front_send_queue(struct front *f, uint32_t queue)
{
	const struct front_queue *q = &f->queues[queue];

	return front_send_state(f, VHOST_SET_VRING_NUM, queue,
				FRONT_QUEUE_SIZE) &&
	       front_send_state(f, VHOST_SET_VRING_BASE, queue,
				q->next_avail) &&
	       front_send_addr(f, queue) &&
	       front_send_fd(f, VHOST_SET_VRING_ERR, queue, q->err) &&
	       front_send_fd(f, VHOST_SET_VRING_CALL, queue, q->call) &&
	       front_send_fd(f, VHOST_SET_VRING_KICK, queue, q->kick) &&
	       front_send_state(f, VHOST_SET_VRING_ENABLE, queue, 1);
}

/* Takes what was signalled on an eventfd within some time; 0 if nothing. */
static inline uint64_t front_event(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t n = 0;

	if (poll(&pfd, 1, timeout_ms) > 0 &&
	    read(fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		n = 0;
	return n;
}

/* Negotiates @features and gets all queues running. */
static inline void front_set_up(struct front *f, uint64_t features)
{
	CHECK(front_send_u64(f, VHOST_SET_PROTOCOL_FEATURES,
			     VHOST_PROTOCOL_FEATURES) &&
		      front_send_u64(f, VHOST_SET_FEATURES, features) &&
		      front_send_memory(f),
	      "features and memory");
	for (uint32_t i = 0; i < VHOST_QUEUES_MAX; i++)
		CHECK(front_send_queue(f, i), "queue %u", i);
	CHECK(front_sync(f), "set up");
	/* Each new listener is told to look. */
	for (size_t i = 0; i < VHOST_QUEUES_MAX; i++)
		CHECK(front_event(f->queues[i].call, FRONT_WAIT_MS),
		      "first call of queue %zu", i);
}

/* Publishes a chain, and kicks if @kick. */
static inline void front_push(struct front_queue *q, uint16_t head, bool kick)
{
	const uint64_t one = 1;

	q->avail->ring[q->next_avail++ % FRONT_QUEUE_SIZE] = head;
	__atomic_store_n(&q->avail->idx, q->next_avail, __ATOMIC_SEQ_CST);
	if (kick)
		CHECK(write(q->kick, &one, sizeof(one)) == sizeof(one), "kick");
}

/* The next used element, or false when none comes. */
static inline bool front_pop(struct front_queue *q, struct vring_used_elem *out)
{
	const int step_ms = 1;

	for (int i = 0; i < FRONT_WAIT_MS; i += step_ms) {
		if (__atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) !=
		    q->next_used) {
			*out = q->used->ring[q->next_used++ % FRONT_QUEUE_SIZE];
			return true;
		}
		discard(poll(NULL, 0, step_ms));
	}
	return false;
}

/* @text as a request in descriptors @at and @at + 1, with room to answer. */
static inline void front_write_text(struct front *f, struct front_queue *q,
				    uint16_t at, const char *text)
{
	const size_t from = FRONT_DATA + at * 256U, to = from + 128;

	memcpy(f->memory + from, text, strlen(text));
	memset(f->memory + to, 0, 128);
	q->desc[at] =
		(struct vring_desc){ FRONT_GUEST + from, (uint32_t)strlen(text),
				     VRING_DESC_F_NEXT, (uint16_t)(at + 1) };
	q->desc[at + 1] = (struct vring_desc){ FRONT_GUEST + to, 128,
					       VRING_DESC_F_WRITE, 0 };
}

/* Whether a request on a queue is answered as it should be. */
static inline bool front_echoes(struct front *f, uint32_t queue,
				const char *text)
{
	struct front_queue *q = &f->queues[queue];
	struct vring_used_elem used;

	front_write_text(f, q, 0, text);
	front_push(q, 0, /* kick */ true);
	return front_pop(q, &used) && used.id == 0 &&
	       used.len == strlen(text) &&
	       !memcmp(f->memory + FRONT_DATA + 128, text, strlen(text));
}

#endif /* BBOX_TESTS_SUPPORT_VHOST_FRONT_H */
