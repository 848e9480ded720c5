/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_note.h - what must be known of a session that died to bring its
 * changes back: the file "session" beside its records. Pure.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_SESSION_NOTE_H
#define BBOX_DOMAIN_WORKSPACE_SESSION_NOTE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "domain/snapshot/exclude.h"

#define SESSION_NOTE_FILE     "session"
#define SESSION_NOTE_NAME_MAX ((size_t)255)  /* bytes */
#define SESSION_NOTE_PATH_MAX ((size_t)4095) /* bytes */
#define SESSION_NOTE_MAX      (2 * EXCLUDE_SAVED_MAX + (size_t)16 * 1024)

/* What is borrowed when it is written down, is owned when it is parsed. */
struct session_note {
	char *workspace;   /* real path */
	char *name;	   /* of the agent or image */
	int64_t started_s; /* since the epoch */
	struct exclude *snapshot_exclude;
	struct exclude *diff_exclude; /* without what the other lends it */
};

#define SESSION_NOTE_INIT ((struct session_note){ .workspace = NULL })

/* Of a parsed one. */
void session_note_release(struct session_note *n);
#define auto_session_note cleanup_with(session_note_release)

/* @out takes SESSION_NOTE_MAX bytes: ERR_LIMIT. */
must_check int session_note_write(const struct session_note *n, struct buf *out,
				  struct err *err);
/* All of @text, or ERR_INVALID and nothing. @diff_exclude borrows the other. */
must_check int session_note_parse(struct span text, struct session_note *out,
				  struct err *err);

#endif /* BBOX_DOMAIN_WORKSPACE_SESSION_NOTE_H */
