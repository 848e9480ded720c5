// SPDX-License-Identifier: Apache-2.0
/*
 * conflict.c - find conflicts, and do with them what the user chose.
 *
 * Theory of operation
 *
 * A conflict remembers which version of the user's it is with. Once the user
 * decides for the guest's, or for both, that version becomes the base of the
 * change. If it is not there any more by then, nothing is done: nobody has
 * seen the new one. The flush looks once more.
 *
 * Both sides are merged over what the guest started from, if git still has
 * it; the hash of the base proves that. Without it lines that only one side
 * has come between markers.
 */
#include "infra/diff/conflict.h"

#include <git2.h>
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/threeway.h"
#include "infra/diff/ancestor.h"
#include "infra/diff/compare.h"
#include "infra/diff/side.h"
#include "infra/diff/stage.h"
#include "infra/sys/fd.h"

/* What the user has at a path now. */
struct mine {
	struct sight sight;
	struct file_identity identity; /* unknown unless something is there */
	char hash[SHA256_HEX_SIZE];    /* of a file that can be read, else "" */
};

static void mine_release(struct mine *m)
{
	sight_release(&m->sight);
}
#define auto_mine cleanup_with(mine_release)

static bool is_same_file(const struct change *change, const struct mine *m)
{
	return change->base_known && change->base_type == CHANGE_FILE &&
	       file_identity_equals(&change->base_identity, &m->identity);
}

static void look(int root, const struct change *change, struct mine *out)
{
	struct stat st;

	*out = (struct mine){ .identity = FILE_IDENTITY_UNKNOWN };
	sight_look(root, change->path, &out->sight);
	if (out->sight.state != SIGHT_THERE)
		return;
	out->identity = file_identity_of(&out->sight.st);
	if (out->sight.type != CHANGE_FILE || is_same_file(change, out))
		return;
	if (compare_hash(root, change->path, out->hash, &st, ERR_IGNORE) < 0)
		out->hash[0] = '\0'; /* it counts as the user's work */
	else
		out->identity = file_identity_of(&st);
}

static enum threeway_original judge_file(const struct change *change,
					 const struct mine *m)
{
	if (is_same_file(change, m))
		return THREEWAY_UNTOUCHED;
	if (!m->hash[0])
		return THREEWAY_EDITED;
	if (change->base_known && change->base_type == CHANGE_FILE &&
	    !strcmp(change->base_hash, m->hash))
		return THREEWAY_UNTOUCHED;
	if (change->kind != CHANGE_DELETED && change->type == CHANGE_FILE &&
	    !strcmp(change->hash, m->hash))
		return THREEWAY_SAME_AS_GUEST;
	return THREEWAY_EDITED;
}

static enum threeway_original judge_link(const struct change *change,
					 const struct mine *m)
{
	if (change->base_known && change->base_type == CHANGE_SYMLINK &&
	    change->base_target &&
	    !strcmp(change->base_target, m->sight.target))
		return THREEWAY_UNTOUCHED;
	if (change->kind != CHANGE_DELETED && change->type == CHANGE_SYMLINK &&
	    !strcmp(change->target, m->sight.target))
		return THREEWAY_SAME_AS_GUEST;
	return THREEWAY_EDITED;
}

static enum threeway_original judge_dir(const struct change *change)
{
	if (change->kind != CHANGE_DELETED && change->type == CHANGE_DIR)
		return THREEWAY_SAME_AS_GUEST;
	return change->base_known && change->base_type == CHANGE_DIR
		       ? THREEWAY_UNTOUCHED
		       : THREEWAY_EDITED;
}

static enum threeway_original judge(const struct change *change,
				    const struct mine *m)
{
	if (m->sight.state == SIGHT_ABSENT)
		return THREEWAY_ABSENT;
	if (m->sight.state != SIGHT_THERE)
		return THREEWAY_EDITED;
	switch (m->sight.type) {
	case CHANGE_FILE:
		return judge_file(change, m);
	case CHANGE_SYMLINK:
		return judge_link(change, m);
	case CHANGE_DIR:
		return judge_dir(change);
	case CHANGE_TYPE_COUNT:
		break;
	}
	assert(false);
	return THREEWAY_EDITED;
}

void conflict_mark(struct change_list *changes, int root)
{
	for (size_t i = 0; i < changes->n; i++) {
		struct change *change = &changes->v[i];
		auto_mine struct mine m;

		look(root, change, &m);
		change->is_conflict =
			threeway_judge(change->kind, change->type,
				       judge(change, &m)) == THREEWAY_CONFLICT;
		if (change->is_conflict)
			change->conflict_identity = m.identity;
	}
}

/* What the conflict is with, if it is still that. */
static int look_again(const struct workspace_snapshot *s,
		      const struct change *change, struct mine *out,
		      struct err *err)
{
	auto_close int root = fd_open_dir(s->original, err);
	const struct file_identity *then = &change->conflict_identity;

	if (root < 0)
		return -1;
	look(root, change, out);
	if (out->sight.state == SIGHT_ABSENT && !then->ino)
		return 0;
	if (out->sight.state != SIGHT_THERE)
		return err_set(err, ERR_UNSUPPORTED,
			       "'%s' is something that is never replaced",
			       change->path);
	if (!file_identity_equals(&out->identity, then))
		return err_set(err, ERR_CONFLICT,
			       "'%s' was changed in the workspace again",
			       change->path);
	if (out->sight.type == CHANGE_FILE && !out->hash[0])
		return err_set(err, ERR_UNSUPPORTED, "'%s' cannot be read",
			       change->path);
	return 0;
}

/* What the user has is what the change is based on now. */
static void rebase(struct change *change, const struct mine *m)
{
	free(change->base_target);
	change->base_target = NULL;
	change->base_known = false;
	change->base_hash[0] = '\0';
	if (m->sight.state == SIGHT_THERE) {
		compare_base_now(&m->sight, change);
		change->base_identity = m->identity;
		memcpy(change->base_hash, m->hash, CHANGE_HASH_SIZE);
	}
	if (change->kind != CHANGE_DELETED)
		change->kind =
			change->base_known ? CHANGE_MODIFIED : CHANGE_ADDED;
	else if (change->base_known)
		change->type = change->base_type;
	change->is_conflict = false;
}

int conflict_take_theirs(const struct workspace_snapshot *s,
			 struct change *change, struct err *err)
{
	auto_mine struct mine m = { .hash = "" };

	if (look_again(s, change, &m, err) < 0)
		return err_make_visible(err);
	rebase(change, &m);
	return 0;
}

/* For git_merge_file(), which takes no NULL for an empty file. */
static git_merge_file_input input_of(struct span content)
{
	return (git_merge_file_input){
		.version = GIT_MERGE_FILE_INPUT_VERSION,
		.ptr = content.len ? content.p : "",
		.size = content.len,
	};
}

static int merge_texts(struct span base, struct span mine, struct span theirs,
		       git_merge_file_result *out, struct err *err)
{
	git_merge_file_input ancestor = input_of(base);
	git_merge_file_input ours = input_of(mine), agent = input_of(theirs);
	git_merge_file_options options;

	if (git_merge_file_options_init(&options,
					GIT_MERGE_FILE_OPTIONS_VERSION))
		return err_set(err, ERR_UNSUPPORTED, "merge");
	options.our_label = "mine";
	options.their_label = "agent";
	if (git_merge_file(out, &ancestor, &ours, &agent, &options))
		return err_set(err, ERR_INVALID, "the texts cannot be merged");
	return 0;
}

static int load_both(const struct workspace_snapshot *s,
		     const struct change *change, struct side *mine,
		     struct side *theirs, struct err *err)
{
	if (side_load_before(s, change, mine, err) < 0 ||
	    side_load_after(s, change, theirs, err) < 0)
		return -1;
	if (!side_is_text(mine) || !side_is_text(theirs))
		return err_set(err, ERR_UNSUPPORTED,
			       "not both sides of '%s' are text files within "
			       "the limit of diffs",
			       change->path);
	return 0;
}

static int merge(const struct workspace_snapshot *s, struct change *change,
		 bool *clean, struct err *err)
{
	auto_side struct side mine = SIDE_INIT;
	auto_side struct side theirs = SIDE_INIT;
	auto_buf struct buf base = BUF_INIT(PATCH_FILE_MAX);
	auto_mine struct mine m = { .hash = "" };
	git_merge_file_result result = { .ptr = NULL };
	char hash[SHA256_HEX_SIZE];
	int r;

	if (load_both(s, change, &mine, &theirs, err) < 0 ||
	    look_again(s, change, &m, err) < 0)
		return -1;
	/* What was loaded must be what becomes the base. */
	hash_sha256(mine.content.data, mine.content.len, hash);
	if (strcmp(hash, m.hash))
		return err_set(err, ERR_CONFLICT,
			       "'%s' was changed in the workspace again",
			       change->path);
	ancestor_find(s->original, change, &base);
	if (merge_texts(buf_span(&base), buf_span(&mine.content),
			buf_span(&theirs.content), &result, err) < 0)
		return -1;
	r = stage_content(s, change,
			  (struct span){ .p = result.ptr, .len = result.len },
			  err);
	if (!r) {
		*clean = result.automergeable;
		rebase(change, &m);
	}
	git_merge_file_result_free(&result);
	return r;
}

int conflict_merge(const struct workspace_snapshot *s, struct change *change,
		   bool *clean, struct err *err)
{
	return merge(s, change, clean, err) < 0 ? err_make_visible(err) : 0;
}
