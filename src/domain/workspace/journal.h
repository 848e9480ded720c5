/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the temporary files a flush may leave in the workspace when it
 * is killed, so that the next start finds them. Pure.
 *
 * The journal stands beside the view (never inside, where the guest writes):
 * NUL-terminated records, first the workspace's path, then one relative path
 * for each temporary file, written before the file is made.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_JOURNAL_H
#define BBOX_DOMAIN_WORKSPACE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define JOURNAL_SUFFIX	  ".journal" /* after the path of the view */
#define JOURNAL_SIZE_MAX  ((size_t)256 * 1024 * 1024) /* bytes */
#define JOURNAL_TEMP_SIZE 27 /* ".bbox-", 16 hex digits, ".tmp", NUL */

void journal_temp_name(uint64_t random, char out[JOURNAL_TEMP_SIZE]);
/* Is @path plain and its last component a journal_temp_name()? */
bool journal_is_temp(const char *path);

/*
 * Takes the next record, which borrows from the same bytes; false at the end.
 * A record cut short by a crash is the end.
 */
must_check bool journal_next(struct span *journal, const char **out);

#endif /* BBOX_DOMAIN_WORKSPACE_JOURNAL_H */
