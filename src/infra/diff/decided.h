/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decided.h - which changes of a session a person has decided already, while
 * the session is kept for the others. The guest is gone, so that a path is
 * enough to know a change by.
 */
#ifndef BBOX_INFRA_DIFF_DECIDED_H
#define BBOX_INFRA_DIFF_DECIDED_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/snapshot/change.h"

/* In the session directory: paths, each with its NUL. */
#define DECIDED_FILE "decided"

/* Adds those of @changes that say so; @session is the directory's path. */
must_check int decided_add(const char *session,
			   const struct change_list *changes, struct err *err);
/* Appends the paths to @out, and sorts it. */
must_check int decided_read(int session, struct strv *out, struct err *err);

#endif /* BBOX_INFRA_DIFF_DECIDED_H */
