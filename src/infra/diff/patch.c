// SPDX-License-Identifier: Apache-2.0
/*
 * patch.c - a header of our own around libgit2's hunks.
 *
 * The library's header knows neither the mode of a new file nor a change of
 * mode, because it is given buffers; "git apply" wants both.
 */
#include "infra/diff/patch.h"

#include <git2.h>
#include <string.h>

struct printer {
	struct buf *out; /* borrowed */
	struct err *err; /* borrowed */
};

bool patch_is_binary(struct span content)
{
	size_t len =
		content.len < PATCH_PROBE_MAX ? content.len : PATCH_PROBE_MAX;

	return len && memchr(content.p, '\0', len);
}

static bool needs_quotes(const char *path)
{
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return true;
	}
	return false;
}

/* "a/path", in quotes with octal escapes where git would. */
static int add_name(struct buf *b, const char *side, const char *path,
		    struct err *err)
{
	if (!needs_quotes(path))
		return buf_addf(b, err, "%s%s", side, path);
	if (buf_addf(b, err, "\"%s", side) < 0)
		return -1;
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		int r;

		if (c == '"' || c == '\\')
			r = buf_addf(b, err, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			r = buf_addf(b, err, "\\%03o", c);
		else
			r = buf_addc(b, (char)c, err);
		if (r < 0)
			return -1;
	}
	return buf_addc(b, '"', err);
}

/* A line "--- name"; a tab ends a name with blanks, as in git. */
static int add_file_line(struct buf *b, const char *mark, const char *side,
			 const char *path, struct err *err)
{
	bool tab = strchr(path, ' ') && !needs_quotes(path);

	if (buf_adds(b, mark, err) < 0 || add_name(b, side, path, err) < 0)
		return -1;
	return buf_adds(b, tab ? "\t\n" : "\n", err);
}

static int mode_of(const struct patch_side *side)
{
	if (side->symlink)
		return 120000;
	return side->executable ? 100755 : 100644;
}

static int add_header(struct buf *b, const char *path,
		      const struct patch_side *before,
		      const struct patch_side *after, struct err *err)
{
	if (buf_adds(b, "diff --git ", err) < 0 ||
	    add_name(b, "a/", path, err) < 0 || buf_addc(b, ' ', err) < 0 ||
	    add_name(b, "b/", path, err) < 0 || buf_addc(b, '\n', err) < 0)
		return -1;
	if (!before->exists)
		return buf_addf(b, err, "new file mode %d\n", mode_of(after));
	if (!after->exists)
		return buf_addf(b, err, "deleted file mode %d\n",
				mode_of(before));
	if (mode_of(before) != mode_of(after))
		return buf_addf(b, err, "old mode %d\nnew mode %d\n",
				mode_of(before), mode_of(after));
	return 0;
}

static int add_file_lines(struct buf *b, const char *path,
			  const struct patch_side *before,
			  const struct patch_side *after, struct err *err)
{
	if (!before->exists) {
		if (buf_adds(b, "--- /dev/null\n", err) < 0)
			return -1;
	} else if (add_file_line(b, "--- ", "a/", path, err) < 0) {
		return -1;
	}
	if (!after->exists)
		return buf_adds(b, "+++ /dev/null\n", err);
	return add_file_line(b, "+++ ", "b/", path, err);
}

static int print_line(const git_diff_delta *delta unused,
		      const git_diff_hunk *hunk unused,
		      const git_diff_line *line, void *data)
{
	struct printer *p = data;

	if (line->origin == GIT_DIFF_LINE_FILE_HDR)
		return 0;
	if (line->origin == GIT_DIFF_LINE_CONTEXT ||
	    line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION) {
		if (buf_addc(p->out, line->origin, p->err) < 0)
			return -1;
	}
	return buf_add(p->out, line->content, line->content_len, p->err);
}

static int git_failure(struct err *err, const char *what)
{
	const git_error *e = git_error_last();

	return err_set(err, ERR_INVALID, "%s: %s", what,
		       e && e->message ? e->message : "unknown error");
}

static int add_hunks(struct buf *b, git_patch *patch, struct err *err)
{
	struct err why = ERR_INIT;
	struct printer printer = { .out = b, .err = &why };

	if (!git_patch_print(patch, print_line, &printer))
		return 0;
	if (why.kind == ERR_NONE)
		return git_failure(err, "print diff");
	*err = why;
	return -1;
}

static void free_patch(git_patch **p)
{
	git_patch_free(*p);
}

int patch_add(struct buf *out, const char *path,
	      const struct patch_side *before, const struct patch_side *after,
	      struct err *err)
{
	cleanup_with(free_patch) git_patch *patch = NULL;
	git_diff_options options;
	const struct span *old = &before->content, *new = &after->content;

	if (git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION))
		return git_failure(err, "compare");
	options.flags = GIT_DIFF_FORCE_TEXT;
	options.context_lines = 3;
	/* An absent side is an empty one: the header is ours anyway. */
	if (git_patch_from_buffers(&patch, old->len ? old->p : "", old->len,
				   path, new->len ? new->p : "", new->len, path,
				   &options))
		return git_failure(err, "compare");
	if (add_header(out, path, before, after, err) < 0)
		return -1;
	if (!git_patch_num_hunks(patch))
		return 0;
	if (add_file_lines(out, path, before, after, err) < 0)
		return -1;
	return add_hunks(out, patch, err);
}
