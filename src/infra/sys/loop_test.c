// SPDX-License-Identifier: Apache-2.0
/*
 * loop_test.c - tests of infra/sys/loop.
 */
#include "infra/sys/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "support/check.h"

#define MS INT64_C(1000000)

/* One end of a pipe in a loop, and what its handler is to do. */
struct end {
	struct loop_source source;
	struct loop *loop;
	int fds[2];
	int calls;
	bool fails;
	bool *sets;	     /* set to true, may be NULL */
	struct end *removes; /* and frees, may be NULL */
};

static void end_free(struct end *e)
{
	loop_remove(e->loop, &e->source);
	fd_close(&e->fds[0]);
	fd_close(&e->fds[1]);
	free(e);
}

static int on_readable(struct loop_source *src, uint32_t events unused,
		       struct err *err)
{
	struct end *e = container_of(src, struct end, source);
	char c;

	e->calls++;
	if (e->fails)
		return err_set(err, ERR_PROTOCOL, "handler");
	if (read(e->fds[0], &c, 1) < 0)
		return err_set(err, ERR_SYSTEM, "read");
	if (e->sets)
		*e->sets = true;
	if (e->removes) {
		end_free(e->removes);
		e->removes = NULL;
	}
	return 0;
}

static struct end *end_new(struct loop *l, int bytes)
{
	struct end *e = xcalloc(1, sizeof(*e));
	struct err err = ERR_INIT;

	e->source = LOOP_SOURCE_INIT;
	e->loop = l;
	CHECK_OK(fd_pipe(e->fds, &err), &err);
	CHECK_OK(loop_add(l, &e->source, e->fds[0], EPOLLIN, on_readable, &err),
		 &err);
	for (int i = 0; i < bytes; i++)
		CHECK_OK(fd_write_all(e->fds[1], "x", 1, &err), &err);
	return e;
}

static struct loop *make_loop(void)
{
	struct err err = ERR_INIT;
	struct loop *l;

	CHECK_OK(loop_new(&l, &err), &err);
	return l;
}

static void test_runs_until_done(void **state unused)
{
	struct loop *l = make_loop();
	struct end *e = end_new(l, 2);
	struct err err = ERR_INIT;
	bool done = false;

	e->sets = &done;
	CHECK_OK(loop_run(l, &done, 0, &err), &err);
	assert_int_equal(e->calls, 1);
	/* True from the start: nothing is dispatched. */
	CHECK_OK(loop_run(l, &done, 0, &err), &err);
	assert_int_equal(e->calls, 1);
	done = false;
	CHECK_OK(loop_run(l, &done, 0, &err), &err);
	assert_int_equal(e->calls, 2);
	end_free(e);
	loop_free(l);
}

static void test_deadline_passes(void **state unused)
{
	struct loop *l = make_loop();
	int64_t start = clock_now_ns();
	struct err err;
	bool done = false;

	CHECK_FAILS(loop_run(l, &done, start + 20 * MS, &err), &err,
		    ERR_TIMEOUT, "timed out");
	CHECK(clock_now_ns() >= start + 20 * MS, "too early");
	/* One that lies in the past does not wait. */
	CHECK_FAILS(loop_run(l, &done, 1, &err), &err, ERR_TIMEOUT, "");
	CHECK_FAILS(loop_run(l, /* done */ NULL, 1, &err), &err, ERR_TIMEOUT,
		    "");
	loop_free(l);
}

static int on_always(struct loop_source *src, uint32_t events unused,
		     struct err *err unused)
{
	container_of(src, struct end, source)->calls++;
	return 0;
}

static void test_deadline_passes_while_busy(void **state unused)
{
	struct loop *l = make_loop();
	struct end *e = end_new(l, 1);
	struct err err;

	e->source.handler = on_always;
	CHECK_FAILS(loop_run(l, NULL, clock_now_ns() + 20 * MS, &err), &err,
		    ERR_TIMEOUT, "");
	CHECK(e->calls > 1, "%d calls", e->calls);
	end_free(e);
	loop_free(l);
}

static void test_handler_error_ends_the_loop(void **state unused)
{
	struct loop *l = make_loop();
	struct end *e = end_new(l, 1);
	struct err err;

	e->fails = true;
	CHECK_FAILS(loop_run(l, NULL, 0, &err), &err, ERR_PROTOCOL, "handler");
	end_free(e);
	loop_free(l);
}

/*
 * Both are readable, so both events are in one batch; whichever handler runs
 * first frees the other's memory. AddressSanitizer sees a late call.
 */
static void test_source_may_be_removed_and_freed_by_another(void **state unused)
{
	struct loop *l = make_loop();
	struct end *a = end_new(l, 1), *b = end_new(l, 1);
	struct err err;

	a->removes = b;
	b->removes = a;
	CHECK_FAILS(loop_run(l, NULL, clock_now_ns() + 20 * MS, &err), &err,
		    ERR_TIMEOUT, "");
	/* epoll reports in the order in which they became ready: a won. */
	assert_int_equal(a->calls, 1);
	end_free(a);
	loop_free(l);
}

static void test_removed_source_is_silent_and_may_return(void **state unused)
{
	struct loop *l = make_loop();
	struct end *e = end_new(l, 1);
	struct err err = ERR_INIT;
	bool done = false;

	loop_remove(l, &e->source);
	loop_remove(l, &e->source);
	CHECK_FAILS(loop_run(l, &done, clock_now_ns() + 5 * MS, &err), &err,
		    ERR_TIMEOUT, "");
	assert_int_equal(e->calls, 0);
	assert_int_equal(e->source.fd, -1);
	/* And it may come back. */
	CHECK_OK(loop_add(l, &e->source, e->fds[0], EPOLLIN, on_readable, &err),
		 &err);
	e->sets = &done;
	CHECK_OK(loop_run(l, &done, 0, &err), &err);
	end_free(e);
	loop_free(l);
}

static void test_events_can_be_changed(void **state unused)
{
	struct loop *l = make_loop();
	struct end *e = end_new(l, 1);
	struct err err = ERR_INIT;
	bool done = false;

	CHECK_OK(loop_change(l, &e->source, 0, &err), &err);
	CHECK_FAILS(loop_run(l, &done, clock_now_ns() + 5 * MS, &err), &err,
		    ERR_TIMEOUT, "");
	assert_int_equal(e->calls, 0);
	CHECK_OK(loop_change(l, &e->source, EPOLLIN, &err), &err);
	e->sets = &done;
	CHECK_OK(loop_run(l, &done, 0, &err), &err);
	end_free(e);
	loop_free(l);
}

static void test_regular_file_cannot_be_watched(void **state unused)
{
	struct loop *l = make_loop();
	struct loop_source src = LOOP_SOURCE_INIT;
	struct err err = ERR_INIT;
	auto_close int fd = fd_memfd("test", &err);

	CHECK_FAILS(loop_add(l, &src, fd, EPOLLIN, on_readable, &err), &err,
		    ERR_PERMISSION, "watch descriptor");
	assert_int_equal(src.fd, -1);
	loop_free(l);
}

static void count(void *data)
{
	++*(int *)data;
}

static void test_signals_cancel_until_forgiven(void **state unused)
{
	struct loop *l = make_loop();
	struct err err = ERR_INIT;
	bool done = false;
	int winches = 0;

	CHECK_OK(loop_catch_signals(l, &err), &err);
	loop_on_winch(l, count, &winches);
	raise(SIGWINCH);
	CHECK_FAILS(loop_run(l, &done, clock_now_ns() + 5 * MS, &err), &err,
		    ERR_TIMEOUT, "");
	assert_int_equal(winches, 1);
	assert_int_equal(loop_cancel_count(l), 0);

	raise(SIGINT);
	raise(SIGTERM);
	CHECK_FAILS(loop_run(l, &done, 0, &err), &err, ERR_CANCELLED,
		    "interrupted");
	CHECK_FAILS(loop_run(l, &done, 0, &err), &err, ERR_CANCELLED,
		    "interrupted");
	assert_int_equal(loop_cancel_count(l), 2);

	loop_forgive(l);
	CHECK_FAILS(loop_run(l, &done, clock_now_ns() + 5 * MS, &err), &err,
		    ERR_TIMEOUT, "");
	raise(SIGTERM);
	CHECK_FAILS(loop_run(l, &done, 0, &err), &err, ERR_CANCELLED, "");
	assert_int_equal(loop_cancel_count(l), 3);
	loop_on_winch(l, NULL, NULL);
	loop_free(l);
}

static void test_broken_pipe_is_an_error_not_a_death(void **state unused)
{
	struct loop *l = make_loop();
	struct err err = ERR_INIT;
	int fds[2];

	CHECK_OK(loop_catch_signals(l, &err), &err);
	CHECK_OK(fd_pipe(fds, &err), &err);
	fd_close(&fds[0]);
	CHECK_FAILS(fd_write_all(fds[1], "x", 1, &err), &err, ERR_SYSTEM,
		    "write: Broken pipe");
	fd_close(&fds[1]);
	loop_free(l);
}

static void test_clock_goes_forward(void **state unused)
{
	int64_t a = clock_now_ns(), b = clock_now_ns();

	assert_true(a > 0);
	assert_true(b >= a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_until_done),
		cmocka_unit_test(test_deadline_passes),
		cmocka_unit_test(test_deadline_passes_while_busy),
		cmocka_unit_test(test_handler_error_ends_the_loop),
		cmocka_unit_test(
			test_source_may_be_removed_and_freed_by_another),
		cmocka_unit_test(test_removed_source_is_silent_and_may_return),
		cmocka_unit_test(test_events_can_be_changed),
		cmocka_unit_test(test_regular_file_cannot_be_watched),
		cmocka_unit_test(test_signals_cancel_until_forgiven),
		cmocka_unit_test(test_broken_pipe_is_an_error_not_a_death),
		cmocka_unit_test(test_clock_goes_forward),
	};

	return RUN_TESTS(tests);
}
