/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_worktree.h - a linked work tree's `.git`, made again within the view
 * (chapter 20, section 11.6).
 */
#ifndef BBOX_INFRA_GIT_GIT_WORKTREE_H
#define BBOX_INFRA_GIT_GIT_WORKTREE_H

#include "domain/git/ref_table.h"
#include "domain/workspace/workspace.h"
#include "infra/git/git_link.h"
#include "infra/sys/hash.h"

/* How the repository was when the session began; kept in GIT_VIEW_WORKTREE. */
struct git_worktree {
	char *gitdir, *main; /* owned; see struct git_link */
	char *head;	     /* owned; what HEAD said, without line end */
	char index[SHA256_HEX_SIZE]; /* hash of the index, "" for none */
	struct git_ref_table refs;
};

#define GIT_WORKTREE_INIT ((struct git_worktree){ .refs = GIT_REF_TABLE_INIT })

void git_worktree_release(struct git_worktree *w);
#define auto_git_worktree cleanup_with(git_worktree_release)

/* Makes `.git` in a session that has nothing yet. */
must_check int git_worktree_build(const struct workspace_snapshot *s,
				  const struct git_link *link, struct err *err);

/* 1 for a session of this kind, 0 for any other. */
must_check int git_worktree_load(const struct workspace_snapshot *s,
				 struct git_worktree *out, struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_WORKTREE_H */
