/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term_progress.h - progress for people: a spinner on a terminal, plain lines
 * elsewhere.
 *
 * On a terminal a started phase owns the current line until any other event
 * takes it away; from then on nothing is drawn until the next PROGRESS_START
 * (or progress_advance() of a phase that is not finished), so that whoever
 * uses the terminal next is not disturbed.
 */
#ifndef BBOX_INFRA_PROGRESS_TERM_PROGRESS_H
#define BBOX_INFRA_PROGRESS_TERM_PROGRESS_H

#include <stdbool.h>

#include "base/err.h"
#include "domain/progress/progress.h"
#include "infra/sys/loop.h"

struct term_progress_options {
	int fd;	       /* borrowed; where to draw, usually standard error */
	bool terminal; /* spinner and bar; else plain lines */
	bool colour;   /* only on a terminal */
};

/*
 * What suits @fd: a spinner if it is a terminal that can move its cursor,
 * colour unless $NO_COLOR is set (to anything but nothing).
 */
struct term_progress_options term_progress_options_for(int fd);

struct term_progress;

/**
 * term_progress_new() - start reporting progress
 * @l:		borrowed, must outlive the result; its timer event animates
 *		the spinner whenever somebody is in loop_run()
 * @options:	borrowed for the call
 * @out:	set on success; release with term_progress_free()
 */
must_check int term_progress_new(struct loop *l,
				 const struct term_progress_options *options,
				 struct term_progress **out, struct err *err);

/* The port; valid until term_progress_free(). */
struct progress *term_progress_base(struct term_progress *t);

/* Takes the spinner off the terminal. Does nothing for NULL. */
void term_progress_free(struct term_progress *t);

#endif /* BBOX_INFRA_PROGRESS_TERM_PROGRESS_H */
