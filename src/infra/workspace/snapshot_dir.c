// SPDX-License-Identifier: Apache-2.0
/*
 * snapshot_dir.c - make, remove and keep the directory of a snapshot.
 */
#include "infra/workspace/snapshot_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/workspace/sentinel.h"

static void snapshot_dir_free(struct snapshot_dir *s)
{
	if (!s)
		return;
	free(s->base.original);
	free(s->base.path);
	baseline_free(s->base.baseline);
	fd_close(&s->sentinel_fd);
	free(s);
}

static void snapshot_dir_free_ptr(struct snapshot_dir **s)
{
	snapshot_dir_free(*s);
}
#define auto_snapshot_dir cleanup_with(snapshot_dir_free_ptr)

/* Where snapshots go; never around the workspace, which would hold itself. */
static int prepare_base(struct snapshot_dir *s, const char *cache_dir,
			char **out, struct err *err)
{
	auto_free char *base = xasprintf("%s/" SNAPSHOT_DIR_BASE, cache_dir);
	auto_free char *real = NULL;
	struct stat st;

	if (fs_mkdir_all(base, 0700, err) < 0 ||
	    fs_real_path(base, &real, err) < 0)
		return -1;
	if (path_below(real, s->base.original))
		return err_set(err, ERR_INVALID,
			       "workspace '%s' lies in the directory of "
			       "snapshots",
			       s->base.original);
	if (stat(real, &st) < 0)
		return err_sys(err, errno, "look at '%s'", real);
	s->base_dev = st.st_dev;
	s->base_ino = st.st_ino;
	*out = take_ptr(real);
	return 0;
}

int snapshot_dir_new(const char *cache_dir, const char *workspace,
		     enum workspace_view view, struct snapshot_dir **out,
		     struct err *err)
{
	auto_snapshot_dir struct snapshot_dir *s = xcalloc(1, sizeof(*s));
	auto_free char *base = NULL;

	s->sentinel_fd = -1;
	s->base.view = view;
	if (fs_real_path(workspace, &s->base.original, err) < 0 ||
	    prepare_base(s, cache_dir, &base, err) < 0 ||
	    sentinel_create(base, &s->base.path, &s->sentinel_fd, err) < 0)
		return -1;
	*out = take_ptr(s);
	return 0;
}

int snapshot_dir_adopt(const char *path, const char *workspace,
		       struct snapshot_dir **out, struct err *err)
{
	auto_snapshot_dir struct snapshot_dir *s = xcalloc(1, sizeof(*s));

	s->sentinel_fd = -1;
	s->base.view = WORKSPACE_VIEW_LAZY;
	s->base.original = xstrdup(workspace);
	s->base.path = xstrdup(path);
	if (sentinel_adopt(path, &s->sentinel_fd, err) < 0)
		return -1;
	*out = take_ptr(s);
	return 0;
}

void snapshot_dir_close(struct snapshot_dir *s)
{
	snapshot_dir_free(s);
}

int snapshot_dir_discard(struct snapshot_dir *s, struct err *err)
{
	int r = sentinel_remove(s->base.path, err);

	/* Unlocks what is left, which the next sweep then finds. */
	snapshot_dir_free(s);
	return r;
}

void snapshot_dir_keep(struct snapshot_dir *s, struct log *log)
{
	struct err err = ERR_INIT;

	if (sentinel_forget(s->base.path, &err) < 0)
		log_error(log, "snapshot: %s", err.msg);
	snapshot_dir_free(s);
}
