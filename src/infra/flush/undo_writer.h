/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_writer.h - keep what a flush is about to replace.
 *
 * A directory of its own for each flush, see domain/workspace/undo.h.
 */
#ifndef BBOX_INFRA_FLUSH_UNDO_WRITER_H
#define BBOX_INFRA_FLUSH_UNDO_WRITER_H

#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "domain/workspace/undo.h"
#include "domain/workspace/workspace.h"
#include "infra/flush/target.h"

#define UNDO_LOCK_FILE	  "lock" /* in the directory of all flushes */
#define UNDO_LOCK_WAIT_MS (60 * 1000)
#define UNDO_ID_SIZE	  24 /* 16 hex digits, "-NNNN" */

struct undo_writer {
	const char *base; /* borrowed; directory of all, NULL: keep nothing */
	const struct workspace_snapshot *snapshot; /* borrowed */
	struct progress *progress;		   /* borrowed */
	struct log *log;			   /* borrowed */
	int lock;
	int base_fd;
	int dir, manifest; /* -1 until there is something to keep */
	char id[UNDO_ID_SIZE];
	uint64_t objects; /* the last one's number */
	uint64_t kept;	  /* bytes of them */
	size_t entries;
};

#define UNDO_WRITER_INIT       \
	((struct undo_writer){ \
		.lock = -1, .base_fd = -1, .dir = -1, .manifest = -1 })

/*
 * Waits for another flush of this user to end: ERR_TIMEOUT. Set @base, the
 * borrowed members and the snapshot first; nothing is done without a @base.
 */
must_check int undo_writer_open(struct undo_writer *w, struct err *err);

/**
 * undo_writer_save() - keep what is at the path of a change
 * @t:		what was looked at
 * @mode:	of the file that will be there
 * @err:	ERR_CONFLICT when the path is not as it was looked at
 *
 * All of it is on the disk when this returns.
 */
must_check int undo_writer_save(struct undo_writer *w, const struct target *t,
				const struct change *change, mode_t mode,
				struct err *err);
/* Says that a directory will be made where nothing is. */
must_check int undo_writer_save_new_dir(struct undo_writer *w, const char *path,
					struct err *err);
/* What was saved last was not replaced after all. */
void undo_writer_void(struct undo_writer *w);

/* Removes what is too old. */
void undo_writer_close(struct undo_writer *w);

#endif /* BBOX_INFRA_FLUSH_UNDO_WRITER_H */
