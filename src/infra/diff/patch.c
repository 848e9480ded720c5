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

#include "base/mem.h"

/* A hunk shows each byte of both texts once, and a mark for each line. */
#define HUNK_TEXT_MAX (PATCH_FILE_MAX * 5)

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

/* The letter behind the backslash for the control characters from \a on. */
static const char letters[] = "abtnvfr";

static int add_quoted(struct buf *b, unsigned char c, struct err *err)
{
	if (c == '"' || c == '\\')
		return buf_addf(b, err, "\\%c", c);
	if (c >= '\a' && c <= '\r')
		return buf_addf(b, err, "\\%c", letters[c - '\a']);
	if (c < 0x20 || c >= 0x7f)
		return buf_addf(b, err, "\\%03o", c);
	return buf_addc(b, (char)c, err);
}

/* "a/path", in quotes with escapes where git would. */
static int add_name(struct buf *b, const char *side, const char *path,
		    struct err *err)
{
	if (!needs_quotes(path))
		return buf_addf(b, err, "%s%s", side, path);
	if (buf_addf(b, err, "\"%s", side) < 0)
		return -1;
	for (; *path; path++) {
		if (add_quoted(b, (unsigned char)*path, err) < 0)
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

static int add_line(struct buf *b, const git_diff_line *line, struct err *err)
{
	if (line->origin == GIT_DIFF_LINE_CONTEXT ||
	    line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION) {
		if (buf_addc(b, line->origin, err) < 0)
			return -1;
	}
	return buf_add(b, line->content, line->content_len, err);
}

static int print_line(const git_diff_delta *delta unused,
		      const git_diff_hunk *hunk unused,
		      const git_diff_line *line, void *data)
{
	struct printer *p = data;

	if (line->origin == GIT_DIFF_LINE_FILE_HDR)
		return 0;
	return add_line(p->out, line, p->err);
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

/* The library never shows @path: the header is ours. */
static int compare(git_patch **out, const char *path, struct span old,
		   struct span new, struct err *err)
{
	git_diff_options options;

	if (git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION))
		return git_failure(err, "compare");
	options.flags = GIT_DIFF_FORCE_TEXT;
	options.context_lines = 3;
	if (git_patch_from_buffers(out, old.len ? old.p : "", old.len, path,
				   new.len ? new.p : "", new.len, path,
				   &options))
		return git_failure(err, "compare");
	return 0;
}

int patch_add(struct buf *out, const char *path,
	      const struct patch_side *before, const struct patch_side *after,
	      struct err *err)
{
	cleanup_with(free_patch) git_patch *patch = NULL;

	/* An absent side is an empty one. */
	if (compare(&patch, path, before->content, after->content, err) < 0)
		return -1;
	if (add_header(out, path, before, after, err) < 0)
		return -1;
	if (!git_patch_num_hunks(patch))
		return 0;
	if (add_file_lines(out, path, before, after, err) < 0)
		return -1;
	return add_hunks(out, patch, err);
}

/* Of an empty range git names the line before it. */
static size_t first_line(int start, int count)
{
	return (size_t)(count ? start - 1 : start);
}

static int add_hunk(struct hunk_list *list, git_patch *patch, size_t i,
		    struct err *err)
{
	auto_buf struct buf text = BUF_INIT(HUNK_TEXT_MAX);
	const git_diff_hunk *found;
	const git_diff_line *line;
	struct hunk hunk;
	size_t n;

	if (git_patch_get_hunk(&found, &n, patch, i))
		return git_failure(err, "get hunk");
	if (buf_add(&text, found->header, found->header_len, err) < 0)
		return -1;
	for (size_t k = 0; k < n; k++) {
		if (git_patch_get_line_in_hunk(&line, patch, i, k))
			return git_failure(err, "get line");
		if (add_line(&text, line, err) < 0)
			return -1;
	}
	hunk = (struct hunk){
		.old_line = first_line(found->old_start, found->old_lines),
		.old_count = (size_t)found->old_lines,
		.new_line = first_line(found->new_start, found->new_lines),
		.new_count = (size_t)found->new_lines,
	};
	hunk.text = buf_take(&text, &hunk.text_len);
	hunk_list_add(list, &hunk);
	return 0;
}

int patch_split(struct hunk_list *list, struct err *err)
{
	const struct span before = { list->before, list->before_len };
	const struct span after = { list->after, list->after_len };
	cleanup_with(free_patch) git_patch *patch = NULL;

	if (compare(&patch, "text", before, after, err) < 0)
		return -1;
	for (size_t i = 0; i < git_patch_num_hunks(patch); i++) {
		if (add_hunk(list, patch, i, err) < 0)
			return -1;
	}
	return 0;
}
