/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exclude.h - which paths of a workspace the guest never sees and which
 * changes never come back (chapter 20, section 3). Pure.
 *
 * Paths are relative to the workspace, '/'-separated byte strings without a
 * leading "./".
 */
#ifndef BBOX_DOMAIN_SNAPSHOT_EXCLUDE_H
#define BBOX_DOMAIN_SNAPSHOT_EXCLUDE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define EXCLUDE_FILE	     ".broodboxignore"
#define EXCLUDE_FILE_MAX     ((size_t)64 * 1024) /* bytes */
#define EXCLUDE_PATTERNS_MAX ((size_t)4096)	 /* of all tiers together */
#define EXCLUDE_PATTERN_MAX  ((size_t)1024)	 /* bytes of one pattern */
/* Bytes of exclude_save(): each pattern has a length in front. */
#define EXCLUDE_SAVED_MAX (EXCLUDE_PATTERNS_MAX * (EXCLUDE_PATTERN_MAX + 4))

/* The matcher for one purpose; which tiers apply depends on it. */
enum exclude_purpose {
	EXCLUDE_FOR_SNAPSHOT, /* what is left out of the guest's view */
	EXCLUDE_FOR_DIFF,     /* what is left out of the changes */
};

struct exclude;

/**
 * exclude_new() - a matcher with the built-in tiers only
 *
 * Performance patterns can be negated by later tiers; security patterns
 * (and for EXCLUDE_FOR_DIFF the diff security patterns) never.
 */
must_check struct exclude *exclude_new(enum exclude_purpose purpose);
void exclude_free(struct exclude *x);

/**
 * exclude_add_file() - add the lines of an ignore file
 * @text:	contents of .broodboxignore, later of .gitignore
 * @err:	ERR_LIMIT
 *
 * Comments and blank lines are skipped, surrounding blanks and a trailing CR
 * trimmed. Tiers must be added in the order of chapter 20, section 3.1.
 */
must_check int exclude_add_file(struct exclude *x, struct span text,
				struct err *err);
/*
 * The lines of ignore files that were left out because they negate a security
 * pattern, made visible; NULL ends the list. Borrowed. Worth a warning each.
 */
const char *const *exclude_dropped(const struct exclude *x);
/* One pattern as given by --exclude. */
must_check int exclude_add_pattern(struct exclude *x, const char *pattern,
				   struct err *err);

/*
 * A path that both must leave out for the diff to be sound: what the snapshot
 * lacks must not look deleted. @other is borrowed and must outlive @x.
 */
void exclude_also(struct exclude *x, const struct exclude *other);

/**
 * exclude_save() - write a matcher down, for another process of this program
 * @x:		what exclude_also() lends it is not written
 * @out:	appended to; must take EXCLUDE_SAVED_MAX bytes: ERR_LIMIT
 *
 * The built-in tiers are not written: who loads has the same. Neither is
 * what exclude_dropped() lists.
 */
must_check int exclude_save(const struct exclude *x, struct buf *out,
			    struct err *err);
/* All of @saved, or ERR_INVALID and no matcher. */
must_check int exclude_load(struct span saved, struct exclude **out,
			    struct err *err);

bool exclude_matches(const struct exclude *x, const char *path, bool is_dir);

/* Is it excluded by a tier that nobody can override? */
bool exclude_is_security(const struct exclude *x, const char *path,
			 bool is_dir);

#endif /* BBOX_DOMAIN_SNAPSHOT_EXCLUDE_H */
