// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - load both sides of a change and say how they differ.
 */
#include "infra/diff/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "domain/workspace/notices.h"
#include "infra/diff/patch.h"
#include "infra/sys/fd.h"

/* Non-blocking: nobody promises that it still is a file. */
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
/* The text of two files of the limit, each line a hunk of its own, bytes. */
#define TEXT_MAX (PATCH_FILE_MAX * 16)

/* One side of the text of a change. */
struct side {
	struct patch_side patch;
	struct buf content;
	uint64_t size; /* bytes, too large for @content perhaps */
};

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
	out->patch = (struct patch_side){
		.content = SPAN_STR(target),
		.exists = true,
		.symlink = true,
	};
}

static int load_before(const struct workspace_snapshot *s,
		       const struct change *change, struct side *out,
		       struct err *err)
{
	if (change->kind == CHANGE_ADDED)
		return 0;
	if (change->base_type == CHANGE_FILE)
		return load_file(s->original, change->path,
				 /* required */ false, out, err);
	if (change->base_type == CHANGE_SYMLINK && change->base_target)
		load_link(change->base_target, out);
	return 0;
}

static int load_after(const struct workspace_snapshot *s,
		      const struct change *change, struct side *out,
		      struct err *err)
{
	bool moved = change->source_root == CHANGE_FROM_ORIGINAL;

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

static int add_text(const struct side *before, const struct side *after,
		    const char *path, struct buf *out, struct err *err)
{
	const struct patch_side none = { .exists = false };
	const struct side *large =
		before->size > PATCH_FILE_MAX ? before : after;

	if (!before->patch.exists && !after->patch.exists)
		return 0;
	if (large->size > PATCH_FILE_MAX)
		return buf_addf(out, err,
				"File too large for diff (%llu bytes)",
				(unsigned long long)large->size);
	if (patch_is_binary(before->patch.content) ||
	    patch_is_binary(after->patch.content))
		return buf_adds(out, "Binary file differs", err);
	if (before->patch.exists && after->patch.exists &&
	    before->patch.symlink != after->patch.symlink) {
		/* As git says it: one goes, the other comes. */
		if (patch_add(out, path, &before->patch, &none, err) < 0)
			return -1;
		return patch_add(out, path, &none, &after->patch, err);
	}
	return patch_add(out, path, &before->patch, &after->patch, err);
}

int diff_text(const struct workspace_snapshot *s, const struct change *change,
	      struct buf *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	struct side before = { .content = BUF_INIT(PATCH_FILE_MAX) };
	struct side after = { .content = BUF_INIT(PATCH_FILE_MAX) };
	int r;

	if (change->kind == CHANGE_DELETED || change->type == CHANGE_DIR)
		return 0;
	r = load_before(s, change, &before, err);
	if (!r)
		r = load_after(s, change, &after, err);
	if (!r)
		r = add_text(&before, &after, change->path, &text, err);
	buf_release(&before.content);
	buf_release(&after.content);
	if (r < 0)
		return err_make_visible(err);
	return buf_add(out, text.data, text.len, err);
}
