// SPDX-License-Identifier: Apache-2.0
/*
 * side.c - load both sides of a change.
 */
#include "infra/diff/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "infra/diff/compare.h"
#include "infra/sys/fd.h"

/* Non-blocking: nobody promises that it still is a file. */
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* @required: else a missing file is an absent side. */
static int load_file(const char *root, const char *path, bool required,
		     struct side *out, struct err *err)
{
	auto_close int dir = fd_open_dir(root, err);
	auto_close int fd = -1;
	struct err why = ERR_INIT;
	struct stat st;

	if (dir < 0)
		return -1;
	fd = fd_open_no_symlinks(dir, path, FILE_FLAGS, 0, &why);
	if (fd < 0 && !required && why.kind == ERR_NOT_FOUND)
		return 0;
	if (fd < 0) {
		*err = why;
		return -1;
	}
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is no regular file",
			       path);
	out->patch.exists = true;
	out->patch.executable = st.st_mode & S_IXUSR;
	out->size = (uint64_t)st.st_size;
	if (out->size > PATCH_FILE_MAX)
		return 0;
	if (fd_read_all(fd, &out->content, err) < 0)
		return err_wrap(err, "read '%s'", path);
	out->patch.content = buf_span(&out->content);
	return 0;
}

static void load_link(const char *target, struct side *out)
{
	out->target = xstrdup(target);
	out->patch = (struct patch_side){
		.content = SPAN_STR(out->target),
		.exists = true,
		.symlink = true,
	};
}

/* What the user put there instead of what the guest started from. */
static int load_conflict(const struct workspace_snapshot *s,
			 const struct change *change, struct side *out,
			 struct err *err)
{
	auto_close int root = fd_open_dir(s->original, err);
	auto_sight struct sight now = { .state = SIGHT_UNKNOWN };

	if (root < 0)
		return -1;
	sight_look(root, change->path, &now);
	if (now.state != SIGHT_THERE)
		return 0;
	if (now.type == CHANGE_FILE)
		return load_file(s->original, change->path,
				 /* required */ false, out, err);
	if (now.type == CHANGE_SYMLINK)
		load_link(now.target, out);
	return 0;
}

int side_load_before(const struct workspace_snapshot *s,
		     const struct change *change, struct side *out,
		     struct err *err)
{
	if (change->is_conflict)
		return load_conflict(s, change, out, err);
	if (change->kind == CHANGE_ADDED)
		return 0;
	if (change->base_type == CHANGE_FILE)
		return load_file(s->original, change->path,
				 /* required */ false, out, err);
	if (change->base_type == CHANGE_SYMLINK && change->base_target)
		load_link(change->base_target, out);
	return 0;
}

int side_load_after(const struct workspace_snapshot *s,
		    const struct change *change, struct side *out,
		    struct err *err)
{
	bool moved = change->source_root == CHANGE_FROM_ORIGINAL;

	if (change->kind == CHANGE_DELETED)
		return 0;
	if (change->type == CHANGE_SYMLINK)
		load_link(change->target, out);
	if (change->type != CHANGE_FILE)
		return 0;
	if (load_file(moved ? s->original : s->path, change->source,
		      /* required */ true, out, err) < 0)
		return -1;
	/* An object of the session does not carry the guest's mode. */
	out->patch.executable = change->mode & S_IXUSR;
	return 0;
}

void side_release(struct side *side)
{
	buf_release(&side->content);
	free(side->target);
	*side = SIDE_INIT;
}

bool side_is_text(const struct side *side)
{
	return side->patch.exists && !side->patch.symlink &&
	       side->size <= PATCH_FILE_MAX &&
	       !patch_is_binary(side->patch.content);
}
