/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo.h - what a flush replaced, so that it can be put back. Pure.
 *
 * The manifest of a flush is NUL-terminated texts: the head, then an entry for
 * each path, written before the path is. What stands at the end of a crashed
 * one is ignored.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_UNDO_H
#define BBOX_DOMAIN_WORKSPACE_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "base/strv.h"
#include "domain/snapshot/change.h"

#define UNDO_OBJECTS	  "objects"  /* old contents, by number in hex */
#define UNDO_MANIFEST	  "manifest" /* names in the directory of a flush */
#define UNDO_MANIFEST_MAX ((size_t)256 * 1024 * 1024) /* bytes */
#define UNDO_ENTRIES_MAX  ((size_t)2 * 1000 * 1000)
#define UNDO_ENTRY_MAX	  ((size_t)64 * 1024) /* bytes of one entry */

/* What is left of what a flush replaced: bounds. */
#define UNDO_SESSIONS_MAX 20 /* flushes of one workspace */
#define UNDO_FILE_MAX	  ((uint64_t)256 * 1024 * 1024)	     /* bytes */
#define UNDO_FLUSH_MAX	  ((uint64_t)2 * 1024 * 1024 * 1024) /* bytes */

enum undo_type {
	UNDO_ABSENT,
	UNDO_FILE,
	UNDO_SYMLINK,
	UNDO_DIR,

	UNDO_TYPE_COUNT
};

/* A path at one time. */
struct undo_side {
	enum undo_type type;
	uint32_t mode;		     /* permission bits */
	char hash[CHANGE_HASH_SIZE]; /* of a file's content, else "" */
	char *target;		     /* owned; of a symlink: its text */
};

struct undo_entry {
	char *path;		 /* owned; relative to the workspace */
	struct undo_side before; /* what was replaced */
	struct undo_side after;	 /* what the flush wrote */
	uint64_t object;	 /* 0: no content was kept */
	uint64_t size;		 /* of @before's content, bytes */
};

struct undo_head {
	char *workspace; /* owned; real path */
	int64_t time_ns; /* since the epoch */
	bool is_undo;	 /* this flush was an undo itself */
};

struct undo_manifest {
	struct undo_head head;
	struct undo_entry *v; /* owned */
	size_t n;
	bool undone; /* everything was put back */
};

#define UNDO_MANIFEST_INIT ((struct undo_manifest){ .v = NULL })

void undo_manifest_release(struct undo_manifest *m);
#define auto_undo_manifest cleanup_with(undo_manifest_release)
void undo_entry_release(struct undo_entry *e);
#define auto_undo_entry cleanup_with(undo_entry_release)

must_check int undo_add_head(struct buf *out, const struct undo_head *head,
			     struct err *err);
must_check int undo_add_entry(struct buf *out, const struct undo_entry *entry,
			      struct err *err);
/* The last entry came to nothing: the path was not written. */
must_check int undo_add_void(struct buf *out, struct err *err);
/* Everything was put back. */
must_check int undo_add_undone(struct buf *out, struct err *err);

/*
 * Parses a manifest up to its end or what was cut short. ERR_INVALID without a
 * head, ERR_LIMIT. @out is to be released in any case.
 */
must_check int undo_parse(struct span text, struct undo_manifest *out,
			  struct err *err);

/**
 * undo_changes() - what puts everything back
 * @out:	accepted changes, sorted; their base is what the flush wrote
 * @lost:	paths whose old content was not kept
 */
void undo_changes(const struct undo_manifest *m, struct change_list *out,
		  struct strv *lost);

/* The path of an object in the directory of its flush; the caller frees. */
must_check char *undo_object_path(uint64_t object);

#endif /* BBOX_DOMAIN_WORKSPACE_UNDO_H */
