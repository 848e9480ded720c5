/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - copy what a descriptor says into a log file of bounded size,
 * and remember its last lines for a diagnosis.
 *
 * Both the guest's console and QEMU's own messages come this way. The other
 * side is hostile: it can neither fill the disk nor make us block.
 */
#ifndef BBOX_INFRA_VM_CAPTURE_H
#define BBOX_INFRA_VM_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strv.h"
#include "infra/sys/loop.h"

#define CAPTURE_FILE_MAX (UINT64_C(8) * 1024 * 1024) /* bytes */
/* A kernel that panics tells the reason first, and 40 lines of stack. */
#define CAPTURE_LINES	 60
#define CAPTURE_LINE_MAX ((size_t)256) /* bytes; the rest is dropped */

struct capture {
	struct loop *loop; /* borrowed */
	struct loop_source source;
	int fd;		   /* owned; what is read */
	int file_fd;	   /* owned */
	uint64_t file_len; /* bytes written */
	bool file_full;
	struct buf line;	    /* the one that has not ended */
	char *lines[CAPTURE_LINES]; /* owned; a ring */
	size_t line_count;	    /* in all */
};

#define CAPTURE_INIT                                   \
	((struct capture){ .source = LOOP_SOURCE_INIT, \
			   .fd = -1,                   \
			   .file_fd = -1,              \
			   .line = BUF_INIT(CAPTURE_LINE_MAX) })

/**
 * capture_start() - start copying whenever @loop runs
 * @c:		must stay where it is until capture_release()
 * @fd:		taken, also on failure
 * @path:	of the log file; created 0600 or emptied, never a symlink
 */
must_check int capture_start(struct capture *c, struct loop *loop, int fd,
			     const char *path, struct err *err);

/* Reads what is left without waiting, then stops reading. Twice is fine. */
void capture_finish(struct capture *c);
void capture_release(struct capture *c);

/* The last lines, oldest first, made visible. */
void capture_tail(const struct capture *c, struct strv *out);
/* The last line that is not empty, made visible; NULL when there is none.
 * The caller frees. */
must_check char *capture_last(const struct capture *c);
/* As capture_last(), but the last one that contains @text. */
must_check char *capture_find(const struct capture *c, const char *text);

#endif /* BBOX_INFRA_VM_CAPTURE_H */
