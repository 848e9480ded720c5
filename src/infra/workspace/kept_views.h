/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_views.h - a session_store over the directories of lazy views.
 */
#ifndef BBOX_INFRA_WORKSPACE_KEPT_VIEWS_H
#define BBOX_INFRA_WORKSPACE_KEPT_VIEWS_H

#include "domain/log/log.h"
#include "domain/workspace/session_store.h"

/* @cache_dir as in struct cloner_config, copied; @log is borrowed. */
must_check struct session_store *kept_views_new(const char *cache_dir,
						struct log *log);
void kept_views_free(struct session_store *base);

/* The id of a lazy view by its path; NULL when it has none. Borrowed. */
const char *kept_views_id(const char *path);

#endif /* BBOX_INFRA_WORKSPACE_KEPT_VIEWS_H */
