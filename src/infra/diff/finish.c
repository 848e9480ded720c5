// SPDX-License-Identifier: Apache-2.0
/*
 * finish.c - judge the changes of a session as a whole.
 */
#include "infra/diff/finish.h"

#include <git2.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "domain/workspace/paths.h"
#include "infra/diff/conflict.h"
#include "infra/diff/embedded.h"
#include "infra/sys/fd.h"

/* More of either side are not compared with each other. */
#define RENAME_CANDIDATES_MAX ((size_t)1000)

/* In the order of the list, so that it can be asked while it shrinks. */
struct implied {
	bool *v; /* owned */
	size_t next;
};

static bool is_implied(const struct change *change unused, void *ctx)
{
	struct implied *implied = ctx;

	return implied->v[implied->next++];
}

/* Whoever adds "a/b/c" makes "a" and "a/b" on the way. */
static void drop_implied_dirs(struct change_list *list)
{
	/* One more, for calloc() of nothing may be NULL. */
	struct implied implied = {
		.v = xcalloc(list->n + 1, sizeof(*implied.v)),
	};

	for (size_t i = 0; i < list->n; i++) {
		const struct change *change = &list->v[i];
		size_t n = 0;

		if (change->kind == CHANGE_ADDED && change->type == CHANGE_DIR)
			discard(change_list_beneath(list, change->path, &n));
		implied.v[i] = n > 0;
	}
	change_list_drop(list, is_implied, &implied);
	free(implied.v);
}

static bool is_rename_target(const struct change *change)
{
	return change->kind == CHANGE_ADDED && change->type == CHANGE_FILE &&
	       change->size && !change->renamed_from;
}

static bool is_rename_source(const struct change *change)
{
	return change->kind == CHANGE_DELETED && change->type == CHANGE_FILE &&
	       change->base_hash[0];
}

static size_t count_if(const struct change_list *list,
		       bool (*test)(const struct change *change))
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += test(&list->v[i]);
	return n;
}

static void find_source(const struct change_list *list, struct change *change)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct change *from = &list->v[i];

		if (is_rename_source(from) &&
		    !strcmp(from->base_hash, change->hash)) {
			change->renamed_from = xstrdup(from->path);
			return;
		}
	}
}

static void find_renames(struct change_list *list)
{
	bool few = count_if(list, is_rename_target) <= RENAME_CANDIDATES_MAX &&
		   count_if(list, is_rename_source) <= RENAME_CANDIDATES_MAX;

	for (size_t i = 0; i < list->n; i++) {
		struct change *change = &list->v[i];

		/* A link to a file that stays is no rename. */
		if (change->renamed_from &&
		    !change_list_find(list, change->renamed_from)) {
			free(change->renamed_from);
			change->renamed_from = NULL;
		}
		if (few && is_rename_target(change))
			find_source(list, change);
	}
}

/* Where hooks are by the user's configuration of git, relative; or NULL. */
static char *find_hooks_dir(const char *original)
{
	auto_free char *local = xasprintf("%s/.git/config", original);
	auto_free char *clean = NULL;
	git_config *config = NULL;
	git_buf value = GIT_BUF_INIT;
	const char *below;
	char *out = NULL;

	if (git_config_open_default(&config) < 0)
		return NULL;
	/* Not there, perhaps: the user's own configuration still counts. */
	discard(git_config_add_file_ondisk(config, local,
					   GIT_CONFIG_LEVEL_LOCAL, NULL, 0));
	if (!git_config_get_path(&value, config, "core.hooksPath") &&
	    value.ptr && *value.ptr) {
		clean = path_clean(value.ptr);
		below = *clean == '/' ? path_below(original, clean) : clean;
		if (below)
			out = xstrdup(below);
	}
	git_buf_dispose(&value);
	git_config_free(config);
	return out;
}

static void mark_hooks(struct change_list *list, const char *original)
{
	auto_free char *dir = list->n ? find_hooks_dir(original) : NULL;
	size_t len = dir ? strlen(dir) : 0;

	if (!dir)
		return;
	for (size_t i = 0; i < list->n; i++) {
		struct change *change = &list->v[i];
		size_t own = strlen(change->path);
		size_t common = own < len ? own : len;
		bool inside = own >= len &&
			      (!change->path[len] || change->path[len] == '/');
		/* A symlink above it leads to other hooks. */
		bool above = own < len && dir[own] == '/' &&
			     change->type == CHANGE_SYMLINK;

		change->is_hook = !strncasecmp(change->path, dir, common) &&
				  (inside || above);
	}
}

void finish_changes(struct change_list *changes, const char *original,
		    struct notices *notices)
{
	auto_close int root = fd_open_dir(original, ERR_IGNORE);

	change_list_sort(changes);
	if (root >= 0)
		embedded_drop(changes, root, notices);
	drop_implied_dirs(changes);
	find_renames(changes);
	mark_hooks(changes, original);
	if (root >= 0)
		conflict_mark(changes, root);
}
