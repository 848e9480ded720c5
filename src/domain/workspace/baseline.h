/* SPDX-License-Identifier: Apache-2.0 */
/*
 * baseline.h - what the guest started from: for each path of its view, how
 * the user's file looked and how the guest's did. Pure.
 *
 * Contents are not kept. A file whose identity is still the recorded one has
 * not been written since; only where it differs are contents compared.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_BASELINE_H
#define BBOX_DOMAIN_WORKSPACE_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/macros.h"

/*
 * Changes whenever a file is written, replaced or chmod'ed: nobody but the
 * kernel sets ctime. An @ino of 0 means unknown, which equals nothing.
 */
struct file_identity {
	uint64_t dev, ino;
	uint64_t size; /* bytes */
	int64_t mtime_ns, ctime_ns;
};

#define FILE_IDENTITY_UNKNOWN ((struct file_identity){ .ino = 0 })

struct file_identity file_identity_make(uint64_t dev, uint64_t ino,
					uint64_t size, struct timespec mtime,
					struct timespec ctime);
/* From a struct stat *; a macro, because only adapters know that type. */
#define file_identity_of(st)                                             \
	({                                                               \
		const __typeof__(*(st)) *st_ = (st);                     \
		file_identity_make(st_->st_dev, st_->st_ino,             \
				   (uint64_t)st_->st_size, st_->st_mtim, \
				   st_->st_ctim);                        \
	})

bool file_identity_equals(const struct file_identity *a,
			  const struct file_identity *b);
/* As above without ctime, which a rename changes too. */
bool file_identity_equals_moved(const struct file_identity *a,
				const struct file_identity *b);

enum baseline_kind {
	BASELINE_FILE,
	BASELINE_DIR,
	BASELINE_SYMLINK,
};

struct baseline_entry {
	char *path; /* owned; relative */
	enum baseline_kind kind;
	uint32_t mode; /* permission bits */
	char *hash;    /* owned; hex SHA-256 of the content, NULL when only
			* @original can tell */
	char *link;    /* owned; text of a symlink in the view, else NULL */
	struct file_identity original; /* the user's file, then */
	struct file_identity view;     /* the guest's file, then */
};

struct baseline;

must_check struct baseline *baseline_new(void);
void baseline_free(struct baseline *b);

/* Takes over @entry's strings. Not after baseline_seal(). */
void baseline_add(struct baseline *b, const struct baseline_entry *entry);

/**
 * baseline_seal() - end the recording; lookups work from now on
 * @now_ns:	the time of the view's file system
 *
 * A file of the view that was written at @now_ns or later could be written
 * again within the same tick of the clock and look untouched: its identity is
 * forgotten, so that its content decides.
 */
void baseline_seal(struct baseline *b, int64_t now_ns);

/* Something else than the user's file was put at the path, if it has an entry:
 * its content has this hash. After baseline_seal(). */
void baseline_update(struct baseline *b, const char *path, const char *hash);

/* NULL when the guest did not have it; @b may be NULL. Borrowed. */
const struct baseline_entry *baseline_find(const struct baseline *b,
					   const char *path);

/* Entries are ordered bytewise by path. */
size_t baseline_count(const struct baseline *b);
const struct baseline_entry *baseline_at(const struct baseline *b, size_t i);
size_t baseline_index(const struct baseline *b,
		      const struct baseline_entry *entry);
/* The entries below @path are the @n ones from the returned index. */
size_t baseline_beneath(const struct baseline *b, const char *path, size_t *n);

#endif /* BBOX_DOMAIN_WORKSPACE_BASELINE_H */
