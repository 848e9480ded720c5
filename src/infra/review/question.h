/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question.h - ask a person who may type anything.
 */
#ifndef BBOX_INFRA_REVIEW_QUESTION_H
#define BBOX_INFRA_REVIEW_QUESTION_H

#include "infra/review/line_reader.h"
#include "infra/review/screen.h"

/* An answer: its letter, or its word in any case. */
struct choice {
	char key; /* as typed; of "a" and "A" the case counts, else not */
	const char *word; /* NULL for none */
	const char *help;
};

struct question {
	const char *prompt; /* visible; asked anew after each invalid answer */
	const char *hint;   /* a line above it, or NULL */
	const struct choice *choices;
	size_t n;
	const char *absent; /* keys that are not offered this time, or NULL */
	char otherwise;	    /* an empty line, or the end of input */
};

/* Where questions are asked. */
struct asker {
	struct screen *screen; /* borrowed; what it holds is shown first */
	struct line_reader reader;
	bool has_person; /* a terminal is on the other end */
};

/**
 * ask() - ask until there is an answer
 * @out:	the key of a choice that is not absent
 * @err:	ERR_CANCELLED, ERR_SYSTEM
 *
 * What was typed on a terminal before the question was there does not answer
 * it. "?" shows what the answers mean.
 */
must_check int ask(struct asker *a, const struct question *q, char *out,
		   struct err *err);

#endif /* BBOX_INFRA_REVIEW_QUESTION_H */
