/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_reader.h - lines typed by a person, until a signal says stop.
 */
#ifndef BBOX_INFRA_REVIEW_LINE_READER_H
#define BBOX_INFRA_REVIEW_LINE_READER_H

#include <stdbool.h>

#include "base/buf.h"
#include "infra/sys/loop.h"

#define LINE_READER_MAX ((size_t)256) /* bytes of a line, the rest is cut */

struct line_reader {
	int fd;		   /* borrowed */
	struct loop *loop; /* borrowed; NULL waits for input only */
	bool after_cr;	   /* a newline that follows belongs to it */
};

/**
 * line_reader_next() - read a line
 * @out:	filled without the end of line, surrounding blanks trimmed
 * @err:	ERR_CANCELLED, ERR_SYSTEM
 *
 * A line ends with "\n", "\r\n" or a lone "\r" (a terminal left in raw mode
 * sends that); the last one needs no end.
 *
 * Return: 1 with a line, 0 at the end of input, -1 on failure.
 */
must_check int line_reader_next(struct line_reader *r, struct buf *out,
				struct err *err);

#endif /* BBOX_INFRA_REVIEW_LINE_READER_H */
