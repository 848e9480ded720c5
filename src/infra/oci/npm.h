/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npm.h - files out of a package of the npm registry, by npm.
 */
#ifndef BBOX_INFRA_OCI_NPM_H
#define BBOX_INFRA_OCI_NPM_H

#include "infra/oci/build.h"
#include "infra/oci/synth.h"

/*
 * Downloads the package, checks that it is the one the recipe names, and adds
 * the files that the recipe picks. No code of the package runs.
 */
must_check int npm_add(const struct build *b, const struct recipe_npm *npm,
		       struct synth *s, struct err *err);

#endif /* BBOX_INFRA_OCI_NPM_H */
