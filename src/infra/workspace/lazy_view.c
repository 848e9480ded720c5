// SPDX-License-Identifier: Apache-2.0
/*
 * lazy_view.c - prepare the state directory of a copy-on-write view.
 */
#include "infra/workspace/lazy_view.h"

#include "base/mem.h"
#include "domain/workspace/notices.h"
#include "infra/sys/fd.h"
#include "infra/workspace/snapshot_dir.h"
#include "infra/workspace/view_state.h"

struct lazy_view {
	struct workspace_cloner base;
	struct lazy_view_config config;
};

/* A file or a workspace that nobody may read is better refused now. */
static int check_workspace(const char *path, struct err *err)
{
	auto_close int fd = fd_open_dir(path, err);

	return fd < 0 ? -1 : 0;
}

static int create(const struct lazy_view *l, const char *workspace,
		  struct workspace_snapshot **out, struct err *err)
{
	struct snapshot_dir *s;

	if (check_workspace(workspace, err) < 0 ||
	    snapshot_dir_new(l->config.cache_dir, workspace,
			     WORKSPACE_VIEW_LAZY, &s, err) < 0)
		return -1;
	*out = &s->base;
	return 0;
}

static int lazy_create(struct workspace_cloner *base, const char *workspace,
		       const struct exclude *exclude unused,
		       struct workspace_snapshot **out, struct err *err)
{
	const struct lazy_view *l = container_of(base, struct lazy_view, base);

	if (create(l, workspace, out, err) < 0)
		return err_make_visible(err);
	return 0;
}

static int lazy_discard(struct workspace_cloner *base unused,
			struct workspace_snapshot *s, struct err *err)
{
	if (snapshot_dir_discard(container_of(s, struct snapshot_dir, base),
				 err) < 0)
		return err_make_visible(err);
	return 0;
}

static void lazy_keep(struct workspace_cloner *base,
		      struct workspace_snapshot *s)
{
	const struct lazy_view *l = container_of(base, struct lazy_view, base);

	snapshot_dir_keep(container_of(s, struct snapshot_dir, base),
			  l->config.log);
}

static int lazy_describe(struct workspace_cloner *base unused,
			 const struct workspace_snapshot *s,
			 const struct session_note *note, struct err *err)
{
	struct session_note n = *note;

	/* As it is known from now on, whatever it was called. */
	n.workspace = s->original;
	if (view_state_note(s->path, &n, err) < 0)
		return err_make_visible(err);
	return 0;
}

static const struct workspace_cloner_ops lazy_ops = {
	.create = lazy_create,
	.discard = lazy_discard,
	.keep = lazy_keep,
	.describe = lazy_describe,
};

struct workspace_cloner *lazy_view_new(const struct lazy_view_config *config)
{
	struct lazy_view *l = xcalloc(1, sizeof(*l));

	l->base.ops = &lazy_ops;
	l->config = *config;
	return &l->base;
}

void lazy_view_free(struct workspace_cloner *base)
{
	if (base)
		free(container_of(base, struct lazy_view, base));
}
