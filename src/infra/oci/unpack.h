/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.h - libarchive on a struct source, with our errors and raw names.
 */
#ifndef BBOX_INFRA_OCI_UNPACK_H
#define BBOX_INFRA_OCI_UNPACK_H

#include <locale.h>
#include <stdbool.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"
#include "infra/oci/source.h"

/* gzip or zstd, or neither, decided by the first bytes. */
struct unpack {
	struct archive *a;
	struct source *source; /* borrowed */
	struct err *err;       /* of the call that is going on */
	bool source_failed;    /* and *err says why */
	char *buffer;	       /* owned */
};

#define UNPACK_INIT ((struct unpack){ .a = NULL })

enum unpack_format {
	UNPACK_TAR, /* entries of a tar archive */
	UNPACK_RAW, /* one entry: the bytes, uncompressed */
};

/* The struct must not move until unpack_release(). */
must_check int unpack_open(struct unpack *u, struct source *source,
			   enum unpack_format format, struct err *err);
void unpack_release(struct unpack *u);
#define auto_unpack cleanup_with(unpack_release)

/* Return: 1 with @entry set (borrowed), 0 at the end. */
must_check int unpack_next(struct unpack *u, struct archive_entry **entry,
			   struct err *err);

/**
 * unpack_data() - the next bytes of the current entry
 * @p:		borrowed until the next call
 * @offset:	where they belong
 *
 * Return: 1 with the outputs set, 0 at the end.
 */
must_check int unpack_data(struct unpack *u, const void **p, size_t *len,
			   uint64_t *offset, struct err *err);

/*
 * Names must stay the bytes they are. libarchive would convert the UTF-8 of
 * pax headers to the locale's encoding, and to another normal form when that
 * is UTF-8 too; in the "C" locale it gives up and hands out the bytes. Sets
 * this for the calling thread until it is released.
 */
struct raw_names {
	locale_t ours, before;
};

must_check int raw_names_begin(struct raw_names *r, struct err *err);
void raw_names_end(struct raw_names *r);
#define auto_raw_names cleanup_with(raw_names_end)

#endif /* BBOX_INFRA_OCI_UNPACK_H */
