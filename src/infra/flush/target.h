/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - one path of the user's workspace that a change is for: what is
 * there now, and how it is replaced or removed without losing a user's edit.
 */
#ifndef BBOX_INFRA_FLUSH_TARGET_H
#define BBOX_INFRA_FLUSH_TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "domain/snapshot/change.h"
#include "domain/workspace/journal.h"
#include "domain/workspace/threeway.h"

enum target_type {
	TARGET_ABSENT,
	TARGET_FILE,
	TARGET_SYMLINK,
	TARGET_DIR,
	TARGET_SPECIAL, /* never touched */
};

struct target {
	const char *path; /* borrowed; plain, relative to the workspace */
	const char *name; /* borrowed; its last component */
	int dirfd;	  /* owned; the directory, -1 when there is none */
	enum target_type type;
	struct stat st; /* unless TARGET_ABSENT */
	enum threeway_original state;
};

#define TARGET_INIT ((struct target){ .dirfd = -1 })

/**
 * target_look() - find out what is at a change's path now
 * @root:	descriptor of the workspace
 * @out:	release in any case
 * @err:	ERR_INVALID for a path or a parent that leads elsewhere, and for
 *		a symlink at the path that the change knows nothing about
 */
must_check int target_look(int root, const struct change *change,
			   struct target *out, struct err *err);
void target_release(struct target *t);
#define auto_target cleanup_with(target_release)

/* Creates the missing directories above the path. */
must_check int target_make_parents(int root, struct target *t, struct err *err);

/*
 * Moves what was finished at @temp (of the same directory: a file, a symlink
 * or an empty directory) to the path. A directory there must be empty.
 * ERR_CONFLICT when the path is not as it was looked at; then it is left as it
 * is. @temp is gone afterwards in any case, unless @err says that it is the
 * user's own version now.
 */
must_check int target_place(const struct target *t, const char *temp,
			    struct err *err);

/* Makes a directory at the path where nothing is; ERR_CONFLICT as above. */
must_check int target_make_dir(const struct target *t, mode_t mode,
			       struct err *err);

/* Removes @temp, which is ours. */
void target_drop_temp(const struct target *t, const char *temp);

/* Removes the file or symlink by way of @temp; ERR_CONFLICT as above. */
must_check int target_remove(const struct target *t, const char *temp,
			     struct err *err);

/* Removes the directory; one that is not empty is kept, which is no error. */
must_check int target_remove_dir(const struct target *t, struct err *err);

/* Sets the permission bits of the file, if it is the one looked at. */
must_check int target_chmod(const struct target *t, mode_t mode,
			    struct err *err);

/* Says that the user's version is kept; returns -1. */
int target_conflict(const struct target *t, struct err *err);

#endif /* BBOX_INFRA_FLUSH_TARGET_H */
