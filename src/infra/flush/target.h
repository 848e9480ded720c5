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
#include "domain/workspace/baseline.h"
#include "domain/workspace/journal.h"
#include "domain/workspace/threeway.h"

struct target {
	const char *path; /* borrowed; plain, relative to the workspace */
	const char *name; /* borrowed; its last component */
	int dirfd;	  /* owned; the directory, -1 when there is none */
	bool is_file;	  /* a regular file is there, described by @st */
	struct stat st;
	enum threeway_original state;
};

#define TARGET_INIT ((struct target){ .dirfd = -1 })

/**
 * target_look() - find out what is at a change's path now
 * @root:	descriptor of the workspace
 * @base:	what the guest started from; NULL when it had nothing there
 * @out:	release in any case
 * @err:	ERR_INVALID for a path or a parent that leads elsewhere, and for
 *		a symlink at the path
 */
must_check int target_look(int root, const struct change *change,
			   const struct baseline_entry *base,
			   struct target *out, struct err *err);
void target_release(struct target *t);
#define auto_target cleanup_with(target_release)

/* Creates the missing directories of the path. */
must_check int target_make_dir(int root, struct target *t, struct err *err);

/*
 * Moves the finished file @temp (of the same directory) to the path.
 * ERR_CONFLICT when the path is not as it was looked at; then it is left as it
 * is. @temp is gone afterwards in any case, unless @err says that it is the
 * user's own version now.
 */
must_check int target_place(const struct target *t, const char *temp,
			    struct err *err);

/* Removes the file by way of @temp; ERR_CONFLICT as above. */
must_check int target_remove(const struct target *t, const char *temp,
			     struct err *err);

/* Sets the permission bits of the file, if it is the one looked at. */
must_check int target_chmod(const struct target *t, mode_t mode,
			    struct err *err);

/* Says that the user's version is kept; returns -1. */
int target_conflict(const struct target *t, struct err *err);

#endif /* BBOX_INFRA_FLUSH_TARGET_H */
