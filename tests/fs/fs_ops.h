/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_ops.h - what the parts of fs-ops share; fs_ops.c has the design.
 */
#ifndef BBOX_TESTS_FS_FS_OPS_H
#define BBOX_TESTS_FS_FS_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/macros.h"

#define OPS_PATH_MAX 64		  /* bytes of a path that an operation has */
#define OPS_SLOTS    8		  /* descriptors that are kept */
#define OPS_FILE_MAX (128 * 1024) /* bytes that an operation writes up to */
#define OPS_SEC_MAX  1000000000	  /* times that were set are before */

/* One of the two directories. */
struct side {
	const char *path; /* as it was given */
	int root;
	int kept[OPS_SLOTS]; /* open files, also removed ones; -1: none */
};

/* Completely decided before it is run, so that both sides do the same. */
struct op {
	const struct op_type *type;
	char from[OPS_PATH_MAX], to[OPS_PATH_MAX];
	size_t offset, len;
	unsigned seed; /* of the bytes that are written */
	unsigned choice;
	unsigned slot;
	mode_t mode;
	time_t sec;
	long nsec;
};

/* What must be equal of one object; a directory has no links and size here,
 * and a time that nobody set is 0. */
struct facts {
	uint32_t mode; /* 0: there is none */
	int error;     /* errno of the call that should have told */
	uint64_t links, size;
	int64_t mtime_sec, mtime_nsec;
};

struct outcome {
	long long value; /* -1: failed */
	int error;
	uint64_t digest; /* of what was read */
	struct facts from, to;
};

struct op_type {
	const char *name;
	unsigned weight; /* how often, in relation to the others */
	/* Returns a value >= 0, or -1 and errno; in the side's directory. */
	long long (*run)(struct side *side, const struct op *op,
			 struct outcome *out);
	bool has_to; /* uses op.to */
	bool makes;  /* a success makes op.from, or op.to when it has one */
};

extern const struct op_type op_types[];
extern const size_t op_type_count;

/* Runs it on one side. */
void op_run(struct side *side, const struct op *op, struct outcome *out);
void op_print(const struct op *op);
void facts_print(const char *name, const struct facts *facts);
bool facts_equal(const struct facts *a, const struct facts *b);
/* Of a path, not followed; or of a descriptor. */
void facts_of_path(const char *path, struct facts *out);

/* Compares all; false after printing the first difference. @objects is their
 * number. */
bool trees_equal(const struct side *a, const struct side *b, size_t *objects);
/* Removes everything below a side. */
int side_clear(const struct side *side);

#endif /* BBOX_TESTS_FS_FS_OPS_H */
