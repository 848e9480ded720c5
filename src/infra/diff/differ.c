// SPDX-License-Identifier: Apache-2.0
/*
 * differ.c - find what the guest changed.
 *
 * Theory of operation
 *
 * The view is walked once; every path that was there when the guest started
 * and is met again, in whatever shape, is ticked off in @seen. A file with
 * the identity of the baseline was not touched. Any other is hashed and
 * compared with what the guest started from: by the baseline's own hash, or
 * by the user's file as long as that one has the identity of the baseline. If
 * the user changed it meanwhile, what the guest started from is not known any
 * more; the change is reported with an empty base_hash and the flush will
 * treat it as a conflict. What is not ticked off at the end was deleted.
 *
 * Nothing is ever taken for deleted because it could not be looked at.
 */
#include "infra/diff/differ.h"

#include <git2.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/notices.h"
#include "infra/diff/compare.h"
#include "infra/diff/conflict.h"
#include "infra/diff/finish.h"
#include "infra/diff/stage.h"
#include "infra/diff/text.h"
#include "infra/sys/fd.h"
#include "infra/sys/walk.h"

struct differ {
	struct workspace_differ base;
	struct differ_config config;
};

/* One workspace_differ_compute(). */
struct job {
	struct walk walk;
	const struct baseline *baseline;
	const struct exclude *exclude;
	struct change_list *changes;
	struct notices notices;
	int original;
	int view;
	bool *seen; /* by index in the baseline */
};

static bool is_excluded(const struct job *j, const char *path, bool is_dir)
{
	return j->exclude && exclude_matches(j->exclude, path, is_dir);
}

/* Excluded itself, or in a directory that the walk does not enter. */
static bool is_excluded_deep(const struct job *j, const char *path, bool is_dir)
{
	auto_free char *copy = xstrdup(path);

	for (char *p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (is_excluded(j, copy, /* is_dir */ true))
			return true;
		*p = '/';
	}
	return is_excluded(j, path, is_dir);
}

static void see(struct job *j, const struct baseline_entry *entry)
{
	if (entry)
		j->seen[baseline_index(j->baseline, entry)] = true;
}

/* Leaves the path and what was below it alone. */
static void see_all(struct job *j, const char *path)
{
	size_t n, first = baseline_beneath(j->baseline, path, &n);

	see(j, baseline_find(j->baseline, path));
	if (n)
		memset(j->seen + first, true, n * sizeof(*j->seen));
}

static int check_count(const struct job *j, struct err *err)
{
	if (j->changes->n < DIFF_CHANGES_MAX)
		return 0;
	return err_set(err, ERR_LIMIT, "more than %zu changes",
		       DIFF_CHANGES_MAX);
}

static const enum change_type types[] = {
	[BASELINE_FILE] = CHANGE_FILE,
	[BASELINE_DIR] = CHANGE_DIR,
	[BASELINE_SYMLINK] = CHANGE_SYMLINK,
};

/* @entry is NULL for a path that the guest did not start with. */
static void fill_base(const struct baseline_entry *entry, struct change *change)
{
	if (!entry)
		return;
	change->base_known = true;
	change->base_type = types[entry->kind];
	change->base_mode = entry->mode;
	change->base_identity = entry->original;
	if (entry->hash)
		memcpy(change->base_hash, entry->hash, CHANGE_HASH_SIZE);
	if (entry->link)
		change->base_target = xstrdup(entry->link);
}

/* Takes over @change, whose guest's side is filled. */
static int judge(struct job *j, struct change *change,
		 const struct baseline_entry *entry, struct err *err)
{
	fill_base(entry, change);
	if (!compare_judge(j->original, change)) {
		change_release(change);
		return WALK_PASS;
	}
	if (check_count(j, err) < 0) {
		change_release(change);
		return -1;
	}
	change_list_add(j->changes, change);
	return WALK_PASS;
}

static int judge_file(struct job *j, const struct walk_entry *e,
		      const struct baseline_entry *entry, struct err *err)
{
	struct change change = {
		.type = CHANGE_FILE,
		.mode = e->st->st_mode & COMPARE_MODE_BITS,
	};
	struct err why = ERR_INIT;
	struct stat st;
	int r;

	if ((uint64_t)e->st->st_size > DIFF_FILE_MAX) {
		notices_add(&j->notices, e->path,
			    "is larger than %llu GiB, not brought back",
			    (unsigned long long)(DIFF_FILE_MAX >> 30));
		return WALK_PASS;
	}
	r = compare_hash(e->dirfd, e->name, change.hash, &st, &why);
	/* The guest took the right to read away; @change has its mode. */
	if (r < 0 && why.kind == ERR_PERMISSION &&
	    !walk_allow(e->dirfd, e->name, S_IRUSR, ERR_IGNORE))
		r = compare_hash(e->dirfd, e->name, change.hash, &st, &why);
	if (r < 0) {
		notices_add(&j->notices, e->path,
			    "cannot be read, not brought back: %s", why.msg);
		return WALK_PASS;
	}
	change.size = (uint64_t)st.st_size;
	change.path = xstrdup(e->path);
	change.source = xstrdup(e->path);
	return judge(j, &change, entry, err);
}

static int on_file(struct job *j, const struct walk_entry *e,
		   const struct baseline_entry *entry, struct err *err)
{
	struct file_identity now = file_identity_of(e->st);

	see(j, entry);
	if (entry && entry->kind == BASELINE_FILE &&
	    file_identity_equals(&now, &entry->view))
		return WALK_PASS;
	return judge_file(j, e, entry, err);
}

static int on_symlink(struct job *j, const struct walk_entry *e,
		      const struct baseline_entry *entry, struct err *err)
{
	auto_sight struct sight sight = { .state = SIGHT_UNKNOWN };
	struct change change = { .type = CHANGE_SYMLINK };

	see(j, entry);
	sight_look(e->dirfd, e->name, &sight);
	if (entry && entry->kind == BASELINE_SYMLINK && sight.target &&
	    !strcmp(sight.target, entry->link))
		return WALK_PASS;
	if (!sight.target || !change_link_stays_inside(e->path, sight.target)) {
		/* What it took the place of stays, too. */
		see_all(j, e->path);
		notices_add(&j->notices, e->path,
			    "is a symlink that leads out of the workspace or "
			    "may do so, not brought back");
		return WALK_PASS;
	}
	change.path = xstrdup(e->path);
	change.target = take_ptr(sight.target);
	return judge(j, &change, entry, err);
}

static int on_dir(struct job *j, const struct walk_entry *e,
		  const struct baseline_entry *entry, struct err *err)
{
	struct change change = {
		.path = xstrdup(e->path),
		.type = CHANGE_DIR,
		.mode = e->st->st_mode & COMPARE_MODE_BITS,
	};

	see(j, entry);
	return judge(j, &change, entry, err) < 0 ? -1 : WALK_ENTER;
}

static int on_visit(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct job *j = container_of(w, struct job, walk);
	const struct baseline_entry *entry;
	bool is_dir = S_ISDIR(e->st->st_mode);

	if (is_excluded(j, e->path, is_dir))
		return WALK_PASS;
	/* Of an earlier review. */
	if (text_starts_with(e->path, STAGE_PREFIX)) {
		see_all(j, e->path);
		return WALK_PASS;
	}
	/* A link in the place of a directory redirects what is in it. */
	if (S_ISLNK(e->st->st_mode) && j->exclude &&
	    exclude_is_security(j->exclude, e->path, /* is_dir */ true)) {
		see_all(j, e->path);
		return WALK_PASS;
	}
	entry = baseline_find(j->baseline, e->path);
	if (is_dir)
		return on_dir(j, e, entry, err);
	if (S_ISREG(e->st->st_mode))
		return on_file(j, e, entry, err);
	if (S_ISLNK(e->st->st_mode))
		return on_symlink(j, e, entry, err);
	see_all(j, e->path);
	notices_add(&j->notices, e->path,
		    "is no regular file, not brought back");
	return WALK_PASS;
}

static int on_unreadable(struct walk *w, const struct walk_entry *e,
			 const struct err *why, struct err *err)
{
	struct job *j = container_of(w, struct job, walk);

	if (!e->depth) {
		*err = *why;
		return -1;
	}
	/* Beyond the walker's limits the guest was not given anything. */
	if (why->kind != ERR_LIMIT)
		see_all(j, e->path);
	notices_add(&j->notices, e->path,
		    "cannot be read, not brought back: %s", why->msg);
	return 0;
}

static const struct walk_ops walk_ops = {
	.visit = on_visit,
	.unreadable = on_unreadable,
};

static int add_deletion(struct job *j, const struct baseline_entry *entry,
			struct err *err)
{
	auto_sight struct sight now = { .state = SIGHT_UNKNOWN };
	struct change change = {
		.kind = CHANGE_DELETED,
		.type = types[entry->kind],
	};

	if (is_excluded_deep(j, entry->path, entry->kind == BASELINE_DIR))
		return 0;
	sight_look(j->original, entry->path, &now);
	/* Both deleted it: there is nothing to bring back. */
	if (now.state == SIGHT_ABSENT)
		return 0;
	if (check_count(j, err) < 0)
		return -1;
	change.path = xstrdup(entry->path);
	fill_base(entry, &change);
	compare_find_base_hash(j->original, &change);
	change_list_add(j->changes, &change);
	return 0;
}

static int add_deletions(struct job *j, struct err *err)
{
	for (size_t i = 0; i < baseline_count(j->baseline); i++) {
		if (!j->seen[i] &&
		    add_deletion(j, baseline_at(j->baseline, i), err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct job *j, const struct workspace_snapshot *s,
	       struct err *err)
{
	auto_close int original = fd_open_dir(s->original, err);
	auto_close int view = -1;
	auto_free bool *seen = NULL;

	if (original < 0)
		return -1;
	view = fd_open_dir(s->path, err);
	if (view < 0)
		return -1;
	/* One more, for calloc() of nothing may be NULL. */
	seen = xcalloc(baseline_count(s->baseline) + 1, sizeof(*seen));
	j->original = original;
	j->view = view;
	j->seen = seen;
	if (walk_tree(&j->walk, view, err) < 0)
		return -1;
	return add_deletions(j, err);
}

static int differ_compute(struct workspace_differ *base,
			  const struct workspace_snapshot *s,
			  const struct exclude *exclude,
			  struct change_list *out, struct err *err)
{
	struct differ *d = container_of(base, struct differ, base);
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	struct job j = {
		.walk = WALK_INIT(&walk_ops),
		.baseline = s->baseline,
		.exclude = exclude,
		.changes = &changes,
		.notices = {
			.progress = d->config.progress,
			.log = d->config.log,
			.area = "diff",
		},
	};
	int r;

	/* The view is ours: the guest may not lock us out of it. */
	j.walk.force = true;
	r = run(&j, s, err);
	if (!r)
		finish_changes(&changes, s->original, &j.notices);
	notices_end(&j.notices);
	if (r < 0)
		return err_make_visible(err);
	log_debug(d->config.log, "diff: %zu changes", changes.n);
	*out = changes;
	changes = CHANGE_LIST_INIT;
	return 0;
}

static int differ_text(struct workspace_differ *d unused,
		       const struct workspace_snapshot *s,
		       const struct change *change, struct buf *out,
		       struct err *err)
{
	return diff_text(s, change, out, err);
}

static int differ_split(struct workspace_differ *d unused,
			const struct workspace_snapshot *s,
			const struct change *change, struct hunk_list *out,
			struct err *err)
{
	return diff_split(s, change, out, err);
}

static int differ_stage(struct workspace_differ *d unused,
			const struct workspace_snapshot *s,
			struct change *change, struct span content,
			struct err *err)
{
	return stage_content(s, change, content, err);
}

static int differ_take_theirs(struct workspace_differ *d unused,
			      const struct workspace_snapshot *s,
			      struct change *change, struct err *err)
{
	return conflict_take_theirs(s, change, err);
}

static int differ_merge(struct workspace_differ *d unused,
			const struct workspace_snapshot *s,
			struct change *change, bool *clean, struct err *err)
{
	return conflict_merge(s, change, clean, err);
}

static const struct workspace_differ_ops differ_ops = {
	.compute = differ_compute,
	.text = differ_text,
	.split = differ_split,
	.stage = differ_stage,
	.take_theirs = differ_take_theirs,
	.merge = differ_merge,
};

int differ_new(const struct differ_config *config,
	       struct workspace_differ **out, struct err *err)
{
	struct differ *d;

	if (git_libgit2_init() < 0)
		return err_set(err, ERR_UNSUPPORTED, "initialise libgit2");
	d = xcalloc(1, sizeof(*d));
	d->base.ops = &differ_ops;
	d->config = *config;
	*out = &d->base;
	return 0;
}

void differ_free(struct workspace_differ *base)
{
	if (!base)
		return;
	git_libgit2_shutdown();
	free(container_of(base, struct differ, base));
}
