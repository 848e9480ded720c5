// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - say how the sides of a change differ.
 */
#include "infra/diff/text.h"

#include <string.h>

#include "base/mem.h"
#include "domain/workspace/notices.h"
#include "infra/diff/patch.h"
#include "infra/diff/side.h"
#include "infra/sys/hash.h"

/* The text of two files of the limit, each line a hunk of its own, bytes. */
#define TEXT_MAX (PATCH_FILE_MAX * 16)

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

static int make_text(const struct workspace_snapshot *s,
		     const struct change *change, struct buf *out,
		     struct err *err)
{
	auto_side struct side before = SIDE_INIT;
	auto_side struct side after = SIDE_INIT;

	if (side_load_before(s, change, &before, err) < 0 ||
	    side_load_after(s, change, &after, err) < 0)
		return -1;
	return add_text(&before, &after, change->path, out, err);
}

int diff_text(const struct workspace_snapshot *s, const struct change *change,
	      struct buf *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);

	if (change->kind == CHANGE_DELETED || change->type == CHANGE_DIR)
		return 0;
	if (make_text(s, change, &text, err) < 0)
		return err_make_visible(err);
	return buf_add(out, text.data, text.len, err);
}

/* Hunks of anything else than what the guest started from would lie. */
static bool is_base(const struct change *change, const struct side *before)
{
	char hash[SHA256_HEX_SIZE];

	hash_sha256(before->content.data, before->content.len, hash);
	return !strcmp(hash, change->base_hash);
}

static int split(const struct workspace_snapshot *s,
		 const struct change *change, struct hunk_list *out,
		 struct err *err)
{
	auto_side struct side before = SIDE_INIT;
	auto_side struct side after = SIDE_INIT;

	if (side_load_before(s, change, &before, err) < 0 ||
	    side_load_after(s, change, &after, err) < 0)
		return -1;
	if (!side_is_text(&before) || !side_is_text(&after))
		return err_set(err, ERR_UNSUPPORTED,
			       "'%s' is binary, or too large for a diff",
			       change->path);
	if (!is_base(change, &before))
		return err_set(err, ERR_CONFLICT,
			       "'%s' was changed in the workspace meanwhile",
			       change->path);
	out->before = buf_take(&before.content, &out->before_len);
	out->after = buf_take(&after.content, &out->after_len);
	if (patch_split(out, err) < 0)
		return -1;
	return hunk_list_locate(out, err);
}

int diff_split(const struct workspace_snapshot *s, const struct change *change,
	       struct hunk_list *out, struct err *err)
{
	struct hunk_list list = HUNK_LIST_INIT;

	if (change->kind != CHANGE_MODIFIED || change->is_conflict ||
	    change->type != CHANGE_FILE || change->base_type != CHANGE_FILE)
		return err_set(err, ERR_UNSUPPORTED,
			       "only a modified file has hunks");
	if (split(s, change, &list, err) < 0) {
		hunk_list_release(&list);
		return err_make_visible(err);
	}
	*out = list;
	return 0;
}
