/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_rules.h - changes below a `.git` directory are not files to git: decide
 * about them as git would.
 */
#ifndef BBOX_INFRA_GIT_GIT_RULES_H
#define BBOX_INFRA_GIT_GIT_RULES_H

#include "domain/git/refs.h"
#include "infra/git/git_view.h"

/* A reference of the guest that must not be lost. */
struct git_parked {
	char *repository; /* owned; a `.git`, relative to the workspace */
	char *ref;	  /* owned */
	char oid[GIT_OID_HEX_MAX + 1];
};

struct git_parked_list {
	struct git_parked *v; /* owned */
	size_t n;
};

void git_parked_list_release(struct git_parked_list *list);

/* Drops changes, and says what is to be parked once the objects are there. */
must_check int git_rules_apply(const struct git_view_config *config,
			       const struct workspace_snapshot *s,
			       struct change_list *changes,
			       struct git_parked_list *out, struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_RULES_H */
