/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the temporary files a flush may leave in the workspace when it
 * is killed, so that the next start finds them. Pure.
 *
 * The journal stands beside the view (never inside, where the guest writes):
 * NUL-terminated texts, first the format and the workspace's path, then the
 * steps, each written before it is taken. Several steps may name the same
 * temporary file: the last one counts.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_JOURNAL_H
#define BBOX_DOMAIN_WORKSPACE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "domain/workspace/baseline.h"

#define JOURNAL_SUFFIX	  ".journal" /* after the path of the view */
#define JOURNAL_SIZE_MAX  ((size_t)256 * 1024 * 1024) /* bytes */
#define JOURNAL_STEP_MAX  ((size_t)8192)	      /* bytes of one step */
#define JOURNAL_TEMP_SIZE 27 /* ".bbox-", 16 hex digits, ".tmp", NUL */

enum journal_op {
	JOURNAL_COPY,	/* @temp is ours, the user's files are untouched */
	JOURNAL_SWAP,	/* @temp and what is at the destination change places */
	JOURNAL_CLEAR,	/* an empty directory gives way to @temp */
	JOURNAL_REMOVE, /* the user's file moves to @temp, to be removed */

	JOURNAL_OP_COUNT
};

/* @temp is finished, except for JOURNAL_COPY. */
struct journal_step {
	enum journal_op op;
	const char *temp; /* relative to the workspace */
	const char *name; /* last component of the destination, beside @temp */
	uint64_t ino;	  /* of @temp as we made it; SWAP and CLEAR */
	/* What the user has there: inode, size and mtime; SWAP and REMOVE. */
	struct file_identity old;
};

void journal_temp_name(uint64_t random, char out[JOURNAL_TEMP_SIZE]);
/* Is @path plain and its last component a journal_temp_name()? */
bool journal_is_temp(const char *path);

/* Append to @out, which takes JOURNAL_STEP_MAX bytes: ERR_LIMIT. */
must_check int journal_add_start(struct buf *out, const char *workspace,
				 struct err *err);
must_check int journal_add_step(struct buf *out,
				const struct journal_step *step,
				struct err *err);

/* Takes the head; false when it is none. @out borrows from the same bytes. */
must_check bool journal_start(struct span *journal, const char **out);
/*
 * Takes the next step, which borrows from the same bytes; false at the end.
 * A step that is none, or that was cut short by a crash, is the end.
 */
must_check bool journal_next(struct span *journal, struct journal_step *out);

#endif /* BBOX_DOMAIN_WORKSPACE_JOURNAL_H */
