/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - what the guest changed, and what became of each change.
 *
 * A change says all that is needed to show it, to decide about it and to write
 * it: nobody has to look into the guest's view again.
 */
#ifndef BBOX_DOMAIN_SNAPSHOT_CHANGE_H
#define BBOX_DOMAIN_SNAPSHOT_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "domain/workspace/baseline.h"

#define CHANGE_HASH_SIZE 65 /* hex SHA-256 with the NUL */

enum change_kind {
	CHANGE_ADDED,
	CHANGE_MODIFIED,
	CHANGE_DELETED,

	CHANGE_KIND_COUNT
};

enum change_type {
	CHANGE_FILE,
	CHANGE_SYMLINK,
	CHANGE_DIR,

	CHANGE_TYPE_COUNT
};

/* Where the path of a change's content starts. */
enum change_root {
	CHANGE_FROM_SESSION,  /* the directory of the session or the view */
	CHANGE_FROM_ORIGINAL, /* the user's directory: a file that was moved */
};

enum change_decision {
	CHANGE_REJECTED, /* zero: forgetting to decide is safe */
	CHANGE_ACCEPTED,
	CHANGE_POSTPONED, /* not now: it stays in the session for later */
};

struct change {
	char *path; /* owned; relative */
	enum change_kind kind;
	enum change_decision decision;
	bool is_asked; /* a person made the decision */

	/* What the guest has there now; of a deletion only @type counts. */
	enum change_type type;	     /* of a deletion: as @base_type */
	char hash[CHANGE_HASH_SIZE]; /* of a file's content, else "" */
	uint32_t mode;		     /* permission bits */
	uint64_t size;		     /* of a file, bytes */
	enum change_root source_root;
	char *source; /* owned; of a file: relative to @source_root */
	char *target; /* owned; of a symlink: its text */

	/* What the guest started from; for conflicts. */
	bool base_known; /* there was something, and this is what it was */
	enum change_type base_type;
	uint32_t base_mode;		  /* permission bits */
	char base_hash[CHANGE_HASH_SIZE]; /* "": only the identity tells */
	char *base_target;		  /* owned; of a symlink: its text */
	struct file_identity base_identity;

	bool is_conflict; /* the user changed the path, too */
	struct file_identity conflict_identity; /* what is there instead */

	char *renamed_from; /* owned or NULL; only to be shown */
	bool is_hook;	    /* in the directory that core.hooksPath names */
};

/* Ordered bytewise by path, once sorted. */
struct change_list {
	struct change *v; /* owned */
	size_t n;
};

#define CHANGE_LIST_INIT ((struct change_list){ .v = NULL })

/* Frees the strings. */
void change_release(struct change *change);
#define auto_change cleanup_with(change_release)

/* Takes over @change's strings. */
void change_list_add(struct change_list *list, const struct change *change);
void change_list_sort(struct change_list *list);
void change_list_release(struct change_list *list);
size_t change_list_accepted(const struct change_list *list);
/* Of these the session must be kept. */
size_t change_list_postponed(const struct change_list *list);
#define auto_change_list cleanup_with(change_list_release)

/* Removes the changes for which @drop says so. */
void change_list_drop(struct change_list *list,
		      bool (*drop)(const struct change *change, void *ctx),
		      void *ctx);

/* These want a sorted list. NULL when there is none of that path. */
struct change *change_list_find(const struct change_list *list,
				const char *path);
/* The changes below @path are the @n ones from the returned index; "" is the
 * root. */
size_t change_list_beneath(const struct change_list *list, const char *path,
			   size_t *n);

/* Does something else than before stand at the path, a file for a symlink? */
bool change_is_type_change(const struct change *change);
/* Does a file only differ in whether it may be executed? */
bool change_is_mode_only(const struct change *change);
/* May the owner execute what the guest has, but not what was there before? */
bool change_makes_executable(const struct change *change);

/*
 * Does a symlink at @path with @text lead to somewhere in the workspace? An
 * absolute text does not, nor one with ".." behind a name: that name may be
 * a symlink itself, and then the text alone does not tell.
 */
bool change_link_stays_inside(const char *path, const char *text);

/* "added", "modified", "deleted". */
const char *change_kind_name(enum change_kind kind);
/* "file", "symlink", "directory". */
const char *change_type_name(enum change_type type);

#endif /* BBOX_DOMAIN_SNAPSHOT_CHANGE_H */
