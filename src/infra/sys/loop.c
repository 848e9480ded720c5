// SPDX-License-Identifier: Apache-2.0
/*
 * loop.c - wait for events and call the handlers.
 *
 * Theory of operation
 *
 * epoll hands out events in batches. A handler may remove, and its owner may
 * then free, a source whose event lies further back in the batch; calling it
 * would be a use after free. So the batch lives in the loop, and
 * loop_remove() crosses the source out of it. A loop_run() started by the
 * code around a handler's caller sees a batch of its own: batches form a list
 * from the innermost outwards, and removal crosses out in all of them.
 *
 * A batch may still hold an event for a source that was changed or whose
 * descriptor was drained by an earlier handler. Handlers cope: descriptors
 * are non-blocking, and a spurious event is not an error.
 */
#include "infra/sys/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"

#define BATCH_MAX  64 /* events */
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)

struct batch {
	struct epoll_event events[BATCH_MAX];
	size_t n;
	struct batch *outer; /* of the loop_run() around this one */
};

struct loop {
	int epoll_fd;
	struct batch *batch; /* innermost, NULL while nothing runs */
	int signal_fd;
	struct loop_source signal_source;
	bool cancelled;
	unsigned int cancel_count;
	loop_winch_fn *winch_fn;
	void *winch_data; /* borrowed */
};

int64_t clock_now_ns(void)
{
	struct timespec ts;

	/* Cannot fail for this clock and a valid pointer. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int loop_new(struct loop **out, struct err *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop *l;

	if (fd < 0)
		return err_sys(err, errno, "create epoll set");
	l = xcalloc(1, sizeof(*l));
	l->epoll_fd = fd;
	l->signal_fd = -1;
	l->signal_source = LOOP_SOURCE_INIT;
	*out = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	assert(!l->batch);
	loop_remove(l, &l->signal_source);
	fd_close(&l->signal_fd);
	fd_close(&l->epoll_fd);
	free(l);
}

int loop_add(struct loop *l, struct loop_source *src, int fd, uint32_t events,
	     loop_handler *handler, struct err *err)
{
	struct epoll_event event = { .events = events, .data.ptr = src };

	assert(src->fd < 0 && fd >= 0);
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_sys(err, errno, "watch descriptor %d", fd);
	src->fd = fd;
	src->handler = handler;
	return 0;
}

int loop_change(struct loop *l, struct loop_source *src, uint32_t events,
		struct err *err)
{
	struct epoll_event event = { .events = events, .data.ptr = src };

	assert(src->fd >= 0);
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, src->fd, &event) < 0)
		return err_sys(err, errno, "watch descriptor %d", src->fd);
	return 0;
}

void loop_remove(struct loop *l, struct loop_source *src)
{
	struct epoll_event ignored = { .events = 0 };
	int r;

	if (src->fd < 0)
		return;
	r = epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, src->fd, &ignored);
	/*
	 * Were the descriptor closed already, a duplicate of it elsewhere
	 * could go on reporting events for freed memory.
	 */
	assert(!r);
	(void)r;
	for (struct batch *b = l->batch; b; b = b->outer) {
		for (size_t i = 0; i < b->n; i++) {
			if (b->events[i].data.ptr == src)
				b->events[i].data.ptr = NULL;
		}
	}
	src->fd = -1;
}

/* The time to wait in ms, rounded up so that the deadline has passed after. */
static int timeout_ms(int64_t deadline_ns)
{
	int64_t left = deadline_ns - clock_now_ns();

	if (!deadline_ns)
		return -1;
	if (left <= 0)
		return 0;
	left = (left + NS_PER_MS - 1) / NS_PER_MS;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static int dispatch(struct loop *l, struct batch *b, const bool *done,
		    struct err *err)
{
	for (size_t i = 0; i < b->n; i++) {
		struct loop_source *src = b->events[i].data.ptr;

		if (!src)
			continue;
		if (src->handler(src, b->events[i].events, err) < 0)
			return -1;
		/* What is left is level-triggered and comes again. */
		if (*done || l->cancelled)
			return 0;
	}
	return 0;
}

static int run(struct loop *l, struct batch *b, const bool *done,
	       int64_t deadline_ns, struct err *err)
{
	int n;

	for (;;) {
		if (*done)
			return 0;
		if (l->cancelled)
			return err_set(err, ERR_CANCELLED, "interrupted");
		b->n = 0;
		n = epoll_wait(l->epoll_fd, b->events, BATCH_MAX,
			       timeout_ms(deadline_ns));
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for events");
		if (n > 0) {
			b->n = (size_t)n;
			if (dispatch(l, b, done, err) < 0)
				return -1;
		}
		/* A busy descriptor must not keep the deadline from passing. */
		if (deadline_ns && !*done && clock_now_ns() >= deadline_ns)
			return err_set(err, ERR_TIMEOUT, "timed out");
	}
}

int loop_run(struct loop *l, const bool *done, int64_t deadline_ns,
	     struct err *err)
{
	static const bool never;
	struct batch batch = { .outer = l->batch };
	int r;

	l->batch = &batch;
	r = run(l, &batch, done ? done : &never, deadline_ns, err);
	l->batch = batch.outer;
	return r;
}

static int on_signal(struct loop_source *src, uint32_t events unused,
		     struct err *err)
{
	struct loop *l = container_of(src, struct loop, signal_source);
	struct signalfd_siginfo info;
	ssize_t n;

	for (;;) {
		n = read(l->signal_fd, &info, sizeof(info));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return err_sys(err, errno, "read signals");
		assert(n == sizeof(info));
		if (info.ssi_signo == SIGWINCH) {
			if (l->winch_fn)
				l->winch_fn(l->winch_data);
			continue;
		}
		l->cancelled = true;
		l->cancel_count++;
	}
}

int loop_catch_signals(struct loop *l, struct err *err)
{
	sigset_t set;

	assert(l->signal_fd < 0);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGWINCH);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return err_sys(err, errno, "ignore SIGPIPE");
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, errno, "block signals");
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0)
		return err_sys(err, errno, "create signal descriptor");
	if (loop_add(l, &l->signal_source, l->signal_fd, EPOLLIN, on_signal,
		     err) < 0) {
		fd_close(&l->signal_fd);
		return -1;
	}
	return 0;
}

unsigned int loop_cancel_count(struct loop *l)
{
	/* A failure to read is met again, and reported, by loop_run(). */
	if (l->signal_fd >= 0)
		discard(on_signal(&l->signal_source, EPOLLIN, ERR_IGNORE));
	return l->cancel_count;
}

void loop_forgive(struct loop *l)
{
	l->cancelled = false;
}

void loop_on_winch(struct loop *l, loop_winch_fn *fn, void *data)
{
	l->winch_fn = fn;
	l->winch_data = data;
}
