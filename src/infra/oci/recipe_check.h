/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipe_check.h - what the values of a recipe may be.
 */
#ifndef BBOX_INFRA_OCI_RECIPE_CHECK_H
#define BBOX_INFRA_OCI_RECIPE_CHECK_H

#include "base/err.h"

struct recipe;

/* Also fills in defaults: mode 0755 for directories, 0644 for texts. */
must_check int recipe_check(struct recipe *r, struct err *err);

#endif /* BBOX_INFRA_OCI_RECIPE_CHECK_H */
