// SPDX-License-Identifier: Apache-2.0
/*
 * term_progress.c - show progress on the user's terminal, or in a log.
 *
 * What cannot be written is not seen: nothing here may fail because of it.
 */
#include "infra/progress/term_progress.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "infra/progress/draw.h"
#include "infra/sys/fd.h"

/* A message of 1 KiB made visible, and what goes around it, bytes. */
#define OUTPUT_MAX ((size_t)16 * 1024)
#define NS_PER_MS  INT64_C(1000000)
#define PLAIN_STEP 10 /* percent; fewer make no line */

struct term_progress {
	struct progress base;
	struct term_progress_options options;
	struct loop *loop; /* borrowed */
	int timer_fd;
	struct loop_source timer;

	char *phase; /* owned, visible; NULL when none is unfinished */
	bool drawn;  /* the spinner is on the terminal */
	int64_t started_ns, drawn_ns;
	struct draw_amount amount;
	char *unit; /* owned; of @amount, NULL when there is none */
	unsigned int plain_step; /* of @amount, last printed */
};

static void put(struct term_progress *t, const struct buf *b)
{
	/* See the top. */
	discard(fd_write_all(t->options.fd, b->data, b->len, ERR_IGNORE));
}

static void set_timer(struct term_progress *t, bool on)
{
	const struct timespec frame = {
		.tv_nsec = on ? DRAW_FRAME_MS * NS_PER_MS : 0,
	};
	const struct itimerspec spec = {
		.it_value = frame,
		.it_interval = frame,
	};

	/* A still spinner is better than none. */
	discard(timerfd_settime(t->timer_fd, 0, &spec, NULL));
}

static void draw(struct term_progress *t)
{
	auto_buf struct buf b = BUF_INIT(OUTPUT_MAX);
	int64_t now = clock_now_ns();

	if (draw_spinner(&b, (now - t->started_ns) / NS_PER_MS, t->phase,
			 t->unit ? &t->amount : NULL, t->options.colour,
			 ERR_IGNORE) < 0)
		return;
	put(t, &b);
	t->drawn_ns = now;
	if (!t->drawn)
		set_timer(t, true);
	t->drawn = true;
}

static void stop_drawing(struct term_progress *t)
{
	auto_buf struct buf b = BUF_INIT(OUTPUT_MAX);

	if (!t->drawn)
		return;
	set_timer(t, false);
	t->drawn = false;
	if (!draw_clear(&b, ERR_IGNORE))
		put(t, &b);
}

static int on_timer(struct loop_source *src, uint32_t events unused,
		    struct err *err unused)
{
	struct term_progress *t =
		container_of(src, struct term_progress, timer);
	uint64_t n;

	/* Only empties the timer; how often it expired does not matter. */
	discard(read(t->timer_fd, &n, sizeof(n)));
	if (t->drawn)
		draw(t);
	return 0;
}

static void end_phase(struct term_progress *t)
{
	free(take_ptr(t->phase));
	free(take_ptr(t->unit));
	t->plain_step = 0;
}

static void start_phase(struct term_progress *t, const char *msg)
{
	end_phase(t);
	t->phase = xstrdup(msg);
	t->started_ns = clock_now_ns();
	if (t->options.terminal)
		draw(t);
}

static void print(struct term_progress *t, enum progress_event event,
		  const char *msg)
{
	auto_buf struct buf b = BUF_INIT(OUTPUT_MAX);
	int r;

	if (t->options.terminal)
		r = draw_event(&b, event, msg, t->options.colour, ERR_IGNORE);
	else
		r = draw_plain(&b, event, msg, ERR_IGNORE);
	if (!r)
		put(t, &b);
}

static void term_event(struct progress *p, enum progress_event event,
		       const char *msg)
{
	struct term_progress *t = container_of(p, struct term_progress, base);
	auto_free char *visible = text_visible(msg);

	stop_drawing(t);
	if (event != PROGRESS_START || !t->options.terminal)
		print(t, event, visible);
	if (event == PROGRESS_START)
		start_phase(t, visible);
	else if (event == PROGRESS_DONE || event == PROGRESS_FAIL)
		end_phase(t);
}

static void print_step(struct term_progress *t)
{
	auto_buf struct buf b = BUF_INIT(OUTPUT_MAX);
	unsigned int step = draw_percent(&t->amount) / PLAIN_STEP;

	if (step <= t->plain_step)
		return;
	t->plain_step = step;
	if (!draw_plain_amount(&b, &t->amount, ERR_IGNORE))
		put(t, &b);
}

static void term_advance(struct progress *p, uint64_t done, uint64_t total,
			 const char *unit)
{
	struct term_progress *t = container_of(p, struct term_progress, base);
	bool is_new = !t->unit || strcmp(t->unit, unit) != 0;

	if (!t->phase)
		return;
	if (is_new) {
		free(t->unit);
		t->unit = text_visible(unit);
	}
	t->amount = (struct draw_amount){
		.done = done,
		.total = total,
		.unit = t->unit,
	};
	if (!t->options.terminal)
		print_step(t);
	else if (is_new || !t->drawn ||
		 clock_now_ns() - t->drawn_ns >= DRAW_FRAME_MS * NS_PER_MS)
		draw(t);
}

static const struct progress_ops term_ops = {
	.event = term_event,
	.advance = term_advance,
};

struct term_progress_options term_progress_options_for(int fd)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	bool terminal = isatty(fd) && term && *term && strcmp(term, "dumb");

	return (struct term_progress_options){
		.fd = fd,
		.terminal = terminal,
		.colour = terminal && !(no_colour && *no_colour),
	};
}

int term_progress_new(struct loop *l,
		      const struct term_progress_options *options,
		      struct term_progress **out, struct err *err)
{
	auto_close int fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct term_progress *t;

	if (fd < 0)
		return err_sys(err, errno, "create timer");
	t = xcalloc(1, sizeof(*t));
	t->timer = LOOP_SOURCE_INIT;
	if (loop_add(l, &t->timer, fd, EPOLLIN, on_timer, err) < 0) {
		free(t);
		return -1;
	}
	t->base.ops = &term_ops;
	t->options = *options;
	t->loop = l;
	t->timer_fd = fd_take(&fd);
	*out = t;
	return 0;
}

struct progress *term_progress_base(struct term_progress *t)
{
	return &t->base;
}

void term_progress_free(struct term_progress *t)
{
	if (!t)
		return;
	stop_drawing(t);
	end_phase(t);
	loop_remove(t->loop, &t->timer);
	fd_close(&t->timer_fd);
	free(t);
}
