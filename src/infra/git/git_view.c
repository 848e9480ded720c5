// SPDX-License-Identifier: Apache-2.0
/*
 * git_view.c - the git_view port.
 */
#include "infra/git/git_view.h"

#include <fcntl.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/notices.h"
#include "infra/git/git_copy.h"
#include "infra/git/git_link.h"
#include "infra/git/git_read.h"
#include "infra/git/git_return.h"
#include "infra/git/git_rules.h"
#include "infra/git/git_store.h"
#include "infra/git/git_worktree.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

struct git_adapter {
	struct git_view base;
	struct git_view_config config;
	struct git_parked_list parked; /* by the last judge() */
};

static struct git_adapter *adapter_of(struct git_view *base)
{
	return container_of(base, struct git_adapter, base);
}

/* What the references of the workspace's own repository are compared with. */
static int keep_packed(const struct workspace_snapshot *s, struct err *err)
{
	auto_close int root = fd_open_dir(s->original, err);
	auto_close int state = -1, src = -1, dst = -1;

	if (root < 0)
		return -1;
	state = fd_open_dir(s->path, err);
	if (state < 0)
		return -1;
	dst = fd_open_no_symlinks(state, GIT_VIEW_PACKED,
				  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
				  0600, err);
	if (dst < 0)
		return -1;
	/* No such file, or none that git would read: it is empty. */
	src = git_open_file(root, ".git/packed-refs", /* st */ NULL,
			    ERR_IGNORE);
	if (src < 0)
		return 0;
	return fs_copy_fd(src, dst, /* reflinked */ NULL, err);
}

static void warn_not_followed(struct git_adapter *a, const char *why)
{
	auto_free char *text = text_visible(why);

	progress_warn(a->config.progress,
		      "Git does not work in this session: '.git' is not "
		      "followed, %s",
		      text);
	log_warn(a->config.log, "git: '.git' is not followed: %s", text);
}

static int prepare_lazy(struct git_adapter *a,
			const struct workspace_snapshot *s, char **objects,
			struct err *err)
{
	auto_git_link struct git_link link = GIT_LINK_INIT;
	auto_free char *why = NULL;
	int r = git_link_find(s->original, &link, &why, err);

	if (r < 0)
		return -1;
	if (why)
		warn_not_followed(a, why);
	if (!r)
		return keep_packed(s, err);
	if (git_worktree_build(s, &link, err) < 0)
		return -1;
	*objects = xasprintf("%s/objects", link.main);
	return 0;
}

static int prepare_copy(struct git_adapter *a,
			const struct workspace_snapshot *s, struct err *err)
{
	auto_git_link struct git_link link = GIT_LINK_INIT;
	auto_free char *why = NULL;
	int r = git_link_find(s->original, &link, &why, err);

	if (r < 0)
		return -1;
	if (r > 0)
		warn_not_followed(a, "a copied workspace has no share for its "
				     "objects");
	return git_copy_clean(s, a->config.log, err);
}

static int git_prepare(struct git_view *base,
		       const struct workspace_snapshot *s, char **objects,
		       struct err *err)
{
	struct git_adapter *a = adapter_of(base);
	int r = 0;

	*objects = NULL;
	switch (s->view) {
	case WORKSPACE_VIEW_LAZY:
		r = prepare_lazy(a, s, objects, err);
		break;
	case WORKSPACE_VIEW_COPY:
		r = prepare_copy(a, s, err);
		break;
	case WORKSPACE_VIEW_COUNT:
		assert(false);
	}
	return r < 0 ? err_make_visible(err) : 0;
}

/* `.git` of our making is no part of the workspace. */
static bool is_git(const struct change *change, void *ctx unused)
{
	return !strcmp(change->path, ".git") ||
	       text_starts_with(change->path, ".git/");
}

static int git_judge(struct git_view *base, const struct workspace_snapshot *s,
		     struct change_list *changes, struct err *err)
{
	struct git_adapter *a = adapter_of(base);
	auto_git_worktree struct git_worktree w = GIT_WORKTREE_INIT;
	int r = git_worktree_load(s, &w, err);

	git_parked_list_release(&a->parked);
	if (r > 0)
		change_list_drop(changes, is_git, NULL);
	else if (!r)
		r = git_rules_apply(&a->config, s, changes, &a->parked, err);
	return r < 0 ? err_make_visible(err) : 0;
}

static int park(struct git_adapter *a, const struct workspace_snapshot *s,
		const struct git_parked *p, struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", s->original, p->repository);
	auto_git_store struct git_store store = GIT_STORE_INIT;

	if (git_store_open(path, s, &a->config, &store, err) < 0)
		return -1;
	return git_store_park(&store, p->ref, p->oid, err);
}

/* One that cannot be kept is no reason to give up the others. */
static int park_all(struct git_adapter *a, const struct workspace_snapshot *s,
		    struct err *err)
{
	struct err first = ERR_INIT;

	for (size_t i = 0; i < a->parked.n; i++) {
		struct err why = ERR_INIT;

		if (park(a, s, &a->parked.v[i], &why) == 0)
			continue;
		log_warn(a->config.log, "git: %s", why.msg);
		if (first.kind == ERR_NONE)
			first = why;
	}
	git_parked_list_release(&a->parked);
	if (first.kind == ERR_NONE)
		return 0;
	*err = first;
	return -1;
}

static int git_finish(struct git_view *base, const struct workspace_snapshot *s,
		      struct err *err)
{
	struct git_adapter *a = adapter_of(base);
	auto_git_worktree struct git_worktree w = GIT_WORKTREE_INIT;
	int r = git_worktree_load(s, &w, err);

	if (r > 0)
		r = git_return(&a->config, s, &w, err);
	else if (!r)
		r = park_all(a, s, err);
	return r < 0 ? err_make_visible(err) : 0;
}

static const struct git_view_ops git_ops = {
	.prepare = git_prepare,
	.judge = git_judge,
	.finish = git_finish,
};

int git_view_new(const struct git_view_config *config, struct git_view **out,
		 struct err *err)
{
	struct git_adapter *a;

	if (git_libgit2_init() < 0)
		return err_set(err, ERR_UNSUPPORTED, "initialise libgit2");
	/* What was brought back must survive what ends us. */
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	a = xcalloc(1, sizeof(*a));
	a->base.ops = &git_ops;
	a->config = *config;
	*out = &a->base;
	return 0;
}

void git_view_free(struct git_view *base)
{
	struct git_adapter *a;

	if (!base)
		return;
	a = adapter_of(base);
	git_parked_list_release(&a->parked);
	git_libgit2_shutdown();
	free(a);
}
