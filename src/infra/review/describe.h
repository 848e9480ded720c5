/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe.h - say about a change what its path and its diff do not.
 */
#ifndef BBOX_INFRA_REVIEW_DESCRIBE_H
#define BBOX_INFRA_REVIEW_DESCRIBE_H

#include "domain/snapshot/change.h"

/*
 * " (new symlink -> 'text')" and the like, made visible; "" for a file of
 * which only the content changed. The caller frees.
 */
must_check char *describe_change(const struct change *change);

#endif /* BBOX_INFRA_REVIEW_DESCRIBE_H */
