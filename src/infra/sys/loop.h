/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - one thread, one epoll set, every event is a descriptor.
 *
 * A source is embedded in its owner; handlers get back by container_of(). A
 * handler does not block, does not exit and does not free its own source; it
 * returns 0 to go on, -1 with an error to end loop_run(). Remove a source
 * before closing its descriptor.
 */
#ifndef BBOX_INFRA_SYS_LOOP_H
#define BBOX_INFRA_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_source;

/* @events: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR as in <sys/epoll.h>. */
typedef int loop_handler(struct loop_source *src, uint32_t events,
			 struct err *err);

struct loop_source {
	int fd; /* borrowed; -1 while not in a loop */
	loop_handler *handler;
};

#define LOOP_SOURCE_INIT ((struct loop_source){ .fd = -1 })

must_check int loop_new(struct loop **out, struct err *err);
void loop_free(struct loop *l);

must_check int loop_add(struct loop *l, struct loop_source *src, int fd,
			uint32_t events, loop_handler *handler,
			struct err *err);
must_check int loop_change(struct loop *l, struct loop_source *src,
			   uint32_t events, struct err *err);
/* Does nothing for a source that is not in the loop. */
void loop_remove(struct loop *l, struct loop_source *src);

/**
 * loop_run() - dispatch until something is true
 * @done:	ends the loop as soon as it is true; checked before waiting
 * @deadline_ns: monotonic, 0 means none; ERR_TIMEOUT when it passes first
 * @err:	ERR_CANCELLED when loop_cancel() was called, or a handler's
 *
 * May be nested in a handler's caller, never in a handler.
 */
must_check int loop_run(struct loop *l, const bool *done, int64_t deadline_ns,
			struct err *err);

/**
 * loop_catch_signals() - make SIGINT and SIGTERM cancel, SIGWINCH an event
 *
 * Blocks the three signals in this thread and reads them by signalfd. The
 * first SIGINT or SIGTERM makes every loop_run() fail with ERR_CANCELLED
 * until loop_forgive(); loop_cancel_count() says how many came in all.
 */
must_check int loop_catch_signals(struct loop *l, struct err *err);
/* Reads pending signals, so that it also works outside of loop_run(). */
unsigned int loop_cancel_count(struct loop *l);
/* Lets loop_run() work again after a cancellation, for the clean-up. */
void loop_forgive(struct loop *l);
/* Called on SIGWINCH; NULL unsets. */
typedef void loop_winch_fn(void *data);
void loop_on_winch(struct loop *l, loop_winch_fn *fn, void *data);

/* Monotonic nanoseconds. */
int64_t clock_now_ns(void);

#endif /* BBOX_INFRA_SYS_LOOP_H */
