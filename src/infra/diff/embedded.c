// SPDX-License-Identifier: Apache-2.0
/*
 * embedded.c - find directories that git would take for a repository.
 *
 * Theory of operation
 *
 * Git believes a directory to be a repository when it has HEAD, objects and
 * refs; a file "commondir" may stand for the latter two. Whoever then runs git
 * in it, a shell's prompt for instance, runs the commands that its
 * configuration names. So, outside of ".git" (which the exclude patterns
 * watch), a directory that would be one after the flush and got its HEAD from
 * the guest is not brought back at all. Where the directory is the user's, or
 * has been a repository before, only the members with power are held back.
 *
 * Names are compared without regard to ASCII case, as file systems may do.
 */
#include "infra/diff/embedded.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/strv.h"
#include "domain/workspace/paths.h"
#include "infra/diff/compare.h"

/* The guest's HEAD alone makes no repository, but it makes one of a rest. */
static const char *const powerful[] = {
	"HEAD", "commondir", "config", "config.worktree", "hooks",
};

struct job {
	const struct change_list *changes;
	int original;
	struct notices *notices;
	struct strv whole; /* nothing below these comes back */
	struct strv parts; /* nothing powerful in these does */
	/* What was judged last, so that a full directory is judged once. */
	char *last_dir, *last_hooks; /* owned or NULL */
};

static char *join(const char *dir, const char *name)
{
	return *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name);
}

static bool in_git_dir(const char *dir)
{
	struct span rest = SPAN_STR(dir), name;

	while (span_take_until(&rest, '/', &name)) {
		if (name.len == 4 && !strncasecmp(name.p, ".git", 4))
			return true;
	}
	return false;
}

/* Does @path start with the component @name, in whatever case? */
static bool starts_with_name(const char *path, const char *name)
{
	size_t len = strlen(name);

	return !strncasecmp(path, name, len) &&
	       (!path[len] || path[len] == '/');
}

/* Will there be something called @name in @dir? */
static bool will_have(const struct job *j, const char *dir, const char *name)
{
	auto_sight struct sight sight = { .state = SIGHT_UNKNOWN };
	auto_free char *path = join(dir, name);
	size_t skip = *dir ? strlen(dir) + 1 : 0, n;
	size_t first = change_list_beneath(j->changes, dir, &n);

	for (size_t i = first; i < first + n; i++) {
		const struct change *change = &j->changes->v[i];

		if (change->kind != CHANGE_DELETED &&
		    starts_with_name(change->path + skip, name))
			return true;
	}
	sight_look(j->original, path, &sight);
	return sight.state != SIGHT_ABSENT;
}

static bool will_be_repository(const struct job *j, const char *dir)
{
	return will_have(j, dir, "HEAD") &&
	       (will_have(j, dir, "commondir") ||
		(will_have(j, dir, "objects") && will_have(j, dir, "refs")));
}

static bool is_users_dir(const struct job *j, const char *dir)
{
	auto_sight struct sight sight = { .state = SIGHT_UNKNOWN };

	if (!*dir)
		return true;
	sight_look(j->original, dir, &sight);
	return sight.state == SIGHT_THERE && sight.type == CHANGE_DIR;
}

static bool is_powerful(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(powerful); i++) {
		if (starts_with_name(name, powerful[i]))
			return true;
	}
	return false;
}

/* A list that is filled in order holds what it holds twice side by side. */
static void add_once(struct strv *list, const char *dir)
{
	if (!list->n || strcmp(list->v[list->n - 1], dir))
		strv_add(list, dir);
}

static void judge_dir(struct job *j, const char *dir, char **last)
{
	if (*last && !strcmp(*last, dir))
		return;
	free(*last);
	*last = xstrdup(dir);
	if (in_git_dir(dir) || !will_be_repository(j, dir))
		return;
	add_once(is_users_dir(j, dir) ? &j->parts : &j->whole, dir);
}

/* The directories in which @path may be a part of a repository. */
static void judge_path(struct job *j, const char *path)
{
	auto_free char *dir = path_dir(path);
	const char *name = path_name(path);

	if (starts_with_name(name, "HEAD") ||
	    starts_with_name(name, "commondir") ||
	    starts_with_name(name, "config") ||
	    starts_with_name(name, "config.worktree"))
		judge_dir(j, dir, &j->last_dir);
	/* A hook stands right in "hooks". */
	if (starts_with_name(path_name(dir), "hooks")) {
		auto_free char *parent = path_dir(dir);

		judge_dir(j, parent, &j->last_hooks);
	}
}

static bool has(const struct strv *list, const char *dir)
{
	size_t first = 0, last = list->n;

	while (first < last) {
		size_t middle = first + (last - first) / 2;
		int order = strcmp(list->v[middle], dir);

		if (!order)
			return true;
		if (order < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return false;
}

static bool is_held_back(const struct change *change, void *ctx)
{
	const struct job *j = ctx;
	auto_free char *dir = xstrdup(change->path);
	char *slash;

	if (change->kind == CHANGE_DELETED)
		return false;
	if (has(&j->whole, dir))
		return true;
	while ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		if (has(&j->whole, dir))
			return true;
		if (is_powerful(change->path + strlen(dir) + 1) &&
		    has(&j->parts, dir))
			return true;
	}
	return is_powerful(change->path) && has(&j->parts, "");
}

static void report(const struct job *j)
{
	for (size_t i = 0; i < j->whole.n; i++)
		notices_add(j->notices, j->whole.v[i],
			    "looks like a git repository of its own, whose "
			    "configuration runs commands; not brought back");
	for (size_t i = 0; i < j->parts.n; i++)
		notices_add(j->notices, *j->parts.v[i] ? j->parts.v[i] : ".",
			    "looks like a git repository: its HEAD, "
			    "configuration and hooks are not brought back");
}

void embedded_drop(struct change_list *changes, int original,
		   struct notices *notices)
{
	struct job j = {
		.changes = changes,
		.original = original,
		.notices = notices,
	};

	for (size_t i = 0; i < changes->n; i++) {
		if (changes->v[i].kind != CHANGE_DELETED)
			judge_path(&j, changes->v[i].path);
	}
	if (j.whole.n || j.parts.n) {
		strv_sort(&j.whole);
		strv_sort(&j.parts);
		report(&j);
		change_list_drop(changes, is_held_back, &j);
	}
	free(j.last_dir);
	free(j.last_hooks);
	strv_release(&j.whole);
	strv_release(&j.parts);
}
