/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - visit a tree by directory descriptors, following no symlink,
 * whatever its owner or a hostile writer made of it.
 */
#ifndef BBOX_INFRA_SYS_WALK_H
#define BBOX_INFRA_SYS_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

/* Each level costs the walker a descriptor, and the cloner another. */
#define WALK_DEPTH_MAX ((size_t)200)
/* Bytes of a relative path: what a system call still takes, with the NUL. */
#define WALK_PATH_MAX ((size_t)4095)

struct walk_entry {
	int dirfd;	       /* the directory that holds it */
	const char *name;      /* in @dirfd */
	const char *path;      /* relative to the root */
	size_t depth;	       /* 1 for the root's own entries */
	const struct stat *st; /* of the entry itself; NULL if unknown */
};

struct walk;

/* What visit() returns besides -1, which ends the walk. */
enum walk_step {
	WALK_PASS,
	WALK_ENTER, /* only for a directory */
};

struct walk_ops {
	int (*visit)(struct walk *w, const struct walk_entry *e,
		     struct err *err);
	/* After each WALK_ENTER and what lay below; may be NULL. */
	int (*leave)(struct walk *w, const struct walk_entry *e,
		     struct err *err);
	/*
	 * An entry that cannot be looked at, or a directory that was entered
	 * and cannot be read (to its end). Return 0 to go on.
	 */
	int (*unreadable)(struct walk *w, const struct walk_entry *e,
			  const struct err *why, struct err *err);
};

struct walk {
	const struct walk_ops *ops;
	/* Give the owner access to directories that deny it. */
	bool force;
	char path[WALK_PATH_MAX + 1]; /* the walker's own */
	size_t len;		      /* of @path */
};

#define WALK_INIT(table) ((struct walk){ .ops = (table) })

/**
 * walk_tree() - visit everything below a directory, parents first
 * @rootfd:	borrowed; not visited itself, and must be readable
 * @err:	what a callback said, or why the root cannot be read
 *
 * What lies deeper than WALK_DEPTH_MAX or has a longer path than
 * WALK_PATH_MAX is reported as unreadable (ERR_LIMIT).
 */
must_check int walk_tree(struct walk *w, int rootfd, struct err *err);

/*
 * Gives the owner @bits of a regular file or directory that stays what it is;
 * symlinks are not followed.
 */
must_check int walk_allow(int dirfd, const char *name, mode_t bits,
			  struct err *err);

#endif /* BBOX_INFRA_SYS_WALK_H */
