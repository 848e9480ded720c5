// SPDX-License-Identifier: Apache-2.0
/*
 * pointer.c - the small files by which git finds a repository that is not
 * where it is used.
 */
#include "domain/git/pointer.h"

#include <string.h>

#include "base/mem.h"
#include "domain/workspace/paths.h"

#define POINTER	  "gitdir: "
#define WORKTREES "/.git/worktrees/"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span s)
{
	const char *p = s.p;

	while (s.len && is_blank(p[s.len - 1]))
		s.len--;
	while (s.len && is_blank(*p++))
		discard(span_skip(&s, 1));
	return s;
}

int git_path_file_parse(struct span text, const char *name, char **out,
			struct err *err)
{
	struct span path = trim(text);

	if (text.len > GIT_POINTER_SIZE_MAX)
		return err_set(err, ERR_LIMIT, "%s has more than %zu bytes",
			       name, GIT_POINTER_SIZE_MAX);
	/* A line break within is part of the path, as it is for git. */
	if (!path.len || memchr(path.p, '\0', path.len))
		return err_set(err, ERR_INVALID, "malformed %s", name);
	*out = xmemdup0(path.p, path.len);
	return 0;
}

int git_pointer_parse(struct span text, char **out, struct err *err)
{
	static const char name[] = ".git file";
	struct span path = trim(text);

	if (text.len > GIT_POINTER_SIZE_MAX)
		return err_set(err, ERR_LIMIT, "%s has more than %zu bytes",
			       name, GIT_POINTER_SIZE_MAX);
	if (path.len <= strlen(POINTER) ||
	    memcmp(path.p, POINTER, strlen(POINTER)))
		return err_set(err, ERR_INVALID, "malformed %s", name);
	discard(span_skip(&path, strlen(POINTER)));
	return git_path_file_parse(path, name, out, err);
}

char *git_path_resolve(const char *dir, const char *path)
{
	auto_free char *joined =
		*path == '/' ? xstrdup(path) : xasprintf("%s/%s", dir, path);

	return path_clean(joined);
}

bool git_gitdir_is_worktree(const char *gitdir)
{
	return strstr(gitdir, WORKTREES) != NULL;
}

int git_main_dir(const char *gitdir, const char *commondir, char **out,
		 struct err *err)
{
	auto_free char *dir = git_path_resolve(gitdir, commondir ?: ".");

	if (!path_below(dir, gitdir))
		return err_set(err, ERR_INVALID,
			       "commondir '%s' is not above '%s'", dir, gitdir);
	*out = take_ptr(dir);
	return 0;
}

bool git_backlink_matches(const char *gitdir, const char *backlink,
			  const char *workspace)
{
	auto_free char *there = git_path_resolve(gitdir, backlink);
	auto_free char *here = git_path_resolve(workspace, ".git");

	return !strcmp(there, here);
}

char *git_path_inside(const char *workspace, const char *dir, const char *path)
{
	auto_free char *from = git_path_resolve(workspace, *dir ? dir : ".");
	auto_free char *there = git_path_resolve(from, path);
	const char *rest = path_below(workspace, there);

	return rest ? xstrdup(rest) : NULL;
}
