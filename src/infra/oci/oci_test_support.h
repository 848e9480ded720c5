/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_test_support.h - for tests: tar archives by hand, and what a squashfs
 * image holds as text.
 */
#ifndef BBOX_INFRA_OCI_OCI_TEST_SUPPORT_H
#define BBOX_INFRA_OCI_OCI_TEST_SUPPORT_H

#include "base/buf.h"
#include "infra/oci/source.h"

/* A source of bytes in memory that hands out a few at a time. */
struct source_memory {
	struct source base;
	struct span rest;
	size_t step; /* bytes a time */
};

void source_memory_init(struct source_memory *s, struct span bytes,
			size_t step);

struct tar_member {
	char type; /* as in the header: '0' file, '5' directory, ... */
	const char *name;
	const char *link; /* NULL means none */
	const char *text; /* contents; NULL means none */
	unsigned int mode, uid, gid, mtime;
};

/* Appends a ustar header and the contents. Names are at most 100 bytes. */
void tar_add(struct buf *tar, const struct tar_member *m);
/* Appends the two blocks of zeros that end an archive. */
void tar_end(struct buf *tar);

/*
 * One line for each name: "TYPE MODE UID:GID NLINK MTIME /PATH", then for a
 * symlink " -> TARGET", for a file "=CONTENTS", for an opaque directory
 * " opaque". Sorted by path; the caller frees. Fails the test on any error.
 */
char *image_text(const char *path);

/* A new directory for one test; the caller frees the name. */
char *test_dir_new(void);
void test_dir_remove(char *dir);
/* Entries of a directory but "." and "..". */
size_t test_dir_count(const char *dir);

#endif /* BBOX_INFRA_OCI_OCI_TEST_SUPPORT_H */
