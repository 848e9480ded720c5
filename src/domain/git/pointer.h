/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pointer.h - the small files by which git finds a repository that is not
 * where it is used: `.git` as a file, commondir, gitdir (chapter 20, sections
 * 11.6 and 11.7). Pure: paths are texts, nothing is looked up, and a caller
 * that opens what is returned must not follow symlinks out of it.
 */
#ifndef BBOX_DOMAIN_GIT_POINTER_H
#define BBOX_DOMAIN_GIT_POINTER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

#define GIT_POINTER_SIZE_MAX ((size_t)8 * 1024) /* bytes */

/**
 * git_pointer_parse() - the path in a `.git` file
 * @out:	as it stands there, not empty; the caller frees
 * @err:	ERR_INVALID "malformed .git file", ERR_LIMIT
 */
must_check int git_pointer_parse(struct span text, char **out, struct err *err);

/*
 * The path in a commondir or gitdir file, which has nothing in front of it;
 * otherwise the same. @name is for the message.
 */
must_check int git_path_file_parse(struct span text, const char *name,
				   char **out, struct err *err);

/* @path, relative ones seen from @dir (absolute), cleaned; the caller frees. */
must_check char *git_path_resolve(const char *dir, const char *path);

/* Does @gitdir, clean and absolute, lie below some "/.git/worktrees/"? */
bool git_gitdir_is_worktree(const char *gitdir);

/**
 * git_main_dir() - the repository that a work tree belongs to
 * @gitdir:	clean and absolute
 * @commondir:	what the file of that name says, NULL without one
 * @out:	clean and absolute: @gitdir or above it; the caller frees
 * @err:	ERR_INVALID when it would be anywhere else
 */
must_check int git_main_dir(const char *gitdir, const char *commondir,
			    char **out, struct err *err);

/*
 * Does the gitdir file of a work tree (@backlink is what it says) lead to
 * this `.git` file? Both directories clean and absolute.
 */
bool git_backlink_matches(const char *gitdir, const char *backlink,
			  const char *workspace);

/**
 * git_path_inside() - a path of a pointer as a place in the snapshot
 * @workspace:	the original, clean and absolute
 * @dir:	where the pointer lies, relative to the workspace; "" for it
 * @path:	absolute ones count as paths of the original
 *
 * Return: relative to the workspace ("" for itself), to be freed by the
 * caller; NULL when it leads out of it.
 */
must_check char *git_path_inside(const char *workspace, const char *dir,
				 const char *path);

#endif /* BBOX_DOMAIN_GIT_POINTER_H */
