/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_link.h - is a workspace a work tree of a repository that lies elsewhere
 * (chapter 20, section 11.6)?
 */
#ifndef BBOX_INFRA_GIT_GIT_LINK_H
#define BBOX_INFRA_GIT_GIT_LINK_H

#include "base/err.h"

struct git_link {
	char *gitdir, *main; /* owned; real paths, no symlink in them */
	int gitdir_fd, main_fd;
};

#define GIT_LINK_INIT ((struct git_link){ .gitdir_fd = -1, .main_fd = -1 })

void git_link_release(struct git_link *l);
#define auto_git_link cleanup_with(git_link_release)

/**
 * git_link_find() - follow the `.git` file of a workspace, with all checks
 * @workspace:	its real path
 * @out:	set when it is one
 * @why:	set to why a `.git` file is not followed, to be told to the
 *		user; the caller frees; else untouched
 *
 * Nothing outside the workspace is believed unless it points back to it.
 *
 * Return: 1 when it is one, 0 when there is nothing to do, -1 on failure.
 */
must_check int git_link_find(const char *workspace, struct git_link *out,
			     char **why, struct err *err);
/* Opens what was found once. Both paths are borrowed. */
must_check int git_link_open(const char *gitdir, const char *main,
			     struct git_link *out, struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_LINK_H */
