/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ancestor.h - find what the guest started from in the user's repository.
 */
#ifndef BBOX_INFRA_DIFF_ANCESTOR_H
#define BBOX_INFRA_DIFF_ANCESTOR_H

#include "base/buf.h"
#include "domain/snapshot/change.h"

/*
 * Fills @out with the content that @change is based on: the file of the index
 * or of the last commit, if it has the hash of the base. Otherwise @out stays
 * empty. The library must have been initialised.
 */
void ancestor_find(const char *original, const struct change *change,
		   struct buf *out);

#endif /* BBOX_INFRA_DIFF_ANCESTOR_H */
