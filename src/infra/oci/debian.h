/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debian.h - a layer made of Debian packages, by mmdebstrap.
 */
#ifndef BBOX_INFRA_OCI_DEBIAN_H
#define BBOX_INFRA_OCI_DEBIAN_H

#include "infra/oci/build.h"

/* Needs no root; see debian.c for what it needs instead. */
must_check int debian_build(const struct build *b, const struct recipe *r,
			    char diff_id[IMAGE_DIGEST_SIZE], struct err *err);

/* Removes scratch directories of builds that were killed. */
void debian_clean(const struct build *b);

#endif /* BBOX_INFRA_OCI_DEBIAN_H */
