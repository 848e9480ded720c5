// SPDX-License-Identifier: Apache-2.0
/*
 * git_rules.c - decide about changes below a `.git` directory as git would.
 *
 * Theory of operation
 *
 * A reference is a file of its own, or a line of packed-refs, and git moves it
 * from the one to the other when it likes. So each one that a change touches
 * is resolved on both sides, and decided by the three-way rule for references
 * (domain/git/refs.h) instead of that for files. What both moved stays as the
 * user has it, and the guest's is parked: the change goes, the object arrives
 * with the other files, and a name of our own leads to it afterwards.
 *
 * How a packed reference was at first is known for the repository of the
 * workspace, whose packed-refs was kept. For nested ones it is taken to be as
 * the user has it now.
 *
 * Where a whole packed-refs cannot be taken, what it replaced must stay, and
 * all that is new in it is parked.
 *
 * Of the files that belong to one work tree at one moment (the index, logs,
 * ORIG_HEAD) the user's stay without a word. Locks that the guest left behind
 * would stop the user's git.
 */
#include "infra/git/git_rules.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/git/git_view.h"
#include "domain/git/ref_table.h"
#include "domain/workspace/notices.h"
#include "infra/git/git_read.h"
#include "infra/sys/fd.h"

#define GIT_DIR "/.git/" /* of a path with a '/' in front */
#define PACKED	"packed-refs"

void git_parked_list_release(struct git_parked_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].repository);
		free(list->v[i].ref);
	}
	free(list->v);
	*list = (struct git_parked_list){ .v = NULL };
}

struct job {
	const struct git_view_config *config;
	struct change_list *changes;
	struct git_parked_list *parked;
	struct notices notices;
	int original, session;
	bool knows_start; /* nobody but us can write into the session */
	bool *drop;	  /* by index of the change */
	size_t next;
};

/* One repository of the workspace; its changes are in one run. */
struct repo {
	const char *dir; /* its `.git` */
	bool knows_before;
	struct git_ref_table before, ours, theirs; /* packed ones */
	bool lost_packed; /* the guest's packed-refs is not taken */
};

/* What lies below the repository, NULL for a path that is in none. */
static const char *rest_of(const char *path, size_t *dir_len)
{
	auto_free char *anchored = xasprintf("/%s", path);
	const char *at = strstr(anchored, GIT_DIR);
	size_t skip;

	if (!at)
		return NULL;
	skip = (size_t)(at - anchored) + strlen(GIT_DIR) - 1;
	*dir_len = skip - 1;
	return path + skip;
}

static const char *rest_in(const struct repo *repo, const char *path)
{
	size_t len = strlen(repo->dir);

	if (strncmp(path, repo->dir, len) != 0 || path[len] != '/')
		return NULL;
	return path + len + 1;
}

static struct change *change_of(const struct job *j, const struct repo *repo,
				const char *rest)
{
	auto_free char *path = xasprintf("%s/%s", repo->dir, rest);

	return change_list_find(j->changes, path);
}

static void drop(struct job *j, const struct change *change)
{
	j->drop[change - j->changes->v] = true;
	log_info(j->config->log, "git: '%s' is left to the user's git",
		 change->path);
}

static bool is_dropped(const struct job *j, const struct change *change)
{
	return j->drop[change - j->changes->v];
}

static void park(struct job *j, const struct repo *repo, const char *ref,
		 struct span oid)
{
	struct git_parked_list *list = j->parked;

	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n] = (struct git_parked){
		.repository = xstrdup(repo->dir),
		.ref = xstrdup(ref),
	};
	memcpy(list->v[list->n].oid, oid.p, oid.len);
	list->n++;
}

/* The guest's content; empty when there is none to be had. */
static void read_theirs(const struct job *j, const struct change *change,
			struct buf *out)
{
	int dirfd = change->source_root == CHANGE_FROM_SESSION ? j->session
							       : j->original;

	buf_reset(out);
	if (change->kind == CHANGE_DELETED || change->type != CHANGE_FILE ||
	    git_read_file(dirfd, change->source, out, ERR_IGNORE) < 0)
		buf_reset(out);
}

static void read_ours(const struct job *j, const char *path, struct buf *out)
{
	buf_reset(out);
	if (git_read_file(j->original, path, out, ERR_IGNORE) < 0)
		buf_reset(out);
}

/* The user's, loose or packed. Borrowed from @text or the table. */
static struct span find_ours(const struct job *j, struct repo *repo,
			     const char *ref, struct buf *text)
{
	auto_free char *path = xasprintf("%s/%s", repo->dir, ref);
	struct span oid;

	read_ours(j, path, text);
	oid = git_loose_oid(buf_span(text));
	return oid.len ? oid : git_ref_table_find(&repo->ours, ref);
}

/* What the guest's packed-refs says, and what it began as. */
static int load(const struct job *j, struct repo *repo, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_PACKED_REFS_MAX);
	auto_free char *path = xasprintf("%s/" PACKED, repo->dir);
	const struct change *packed = change_of(j, repo, PACKED);

	read_ours(j, path, &text);
	if (git_ref_table_add_packed(&repo->ours, buf_span(&text), err) < 0)
		return -1;
	buf_reset(&text);
	repo->knows_before = j->knows_start && !strcmp(repo->dir, ".git") &&
			     git_read_file(j->session, GIT_VIEW_PACKED, &text,
					   ERR_IGNORE) == 0;
	if (repo->knows_before &&
	    git_ref_table_add_packed(&repo->before, buf_span(&text), err) < 0)
		return -1;
	if (!packed)
		return 0;
	read_theirs(j, packed, &text);
	return git_ref_table_add_packed(&repo->theirs, buf_span(&text), err);
}

static struct span packed_before(struct repo *repo, const char *ref)
{
	return git_ref_table_find(
		repo->knows_before ? &repo->before : &repo->ours, ref);
}

/* Does it only hold what may come from a guest, or was there before? */
static bool packed_may_arrive(struct repo *repo)
{
	for (size_t i = 0; i < git_ref_table_count(&repo->theirs); i++) {
		const struct git_ref *ref = git_ref_table_at(&repo->theirs, i);
		struct span ours = git_ref_table_find(&repo->ours, ref->name);

		if (!git_ref_may_arrive(SPAN_STR(ref->name)) &&
		    !span_equals(ours, ref->oid))
			return false;
	}
	return true;
}

/* One that the guest has packed, and no change of its own. */
static void judge_packed_ref(struct job *j, struct repo *repo,
			     const struct git_ref *ref)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
	struct span ours, before, theirs = SPAN_STR(ref->oid);

	if (!git_ref_may_arrive(SPAN_STR(ref->name)) ||
	    change_of(j, repo, ref->name))
		return;
	ours = find_ours(j, repo, ref->name, &text);
	before = packed_before(repo, ref->name);
	switch (git_ref_decide(before, ours, theirs)) {
	case GIT_REF_TAKE:
		if (repo->lost_packed)
			park(j, repo, ref->name, theirs);
		break;
	case GIT_REF_PARK:
		park(j, repo, ref->name, theirs);
		break;
	case GIT_REF_LEAVE:
		break;
	}
}

static void judge_packed(struct job *j, struct repo *repo)
{
	const struct change *packed = change_of(j, repo, PACKED);

	if (!packed)
		return;
	repo->lost_packed = packed->is_conflict || !packed_may_arrive(repo);
	if (repo->lost_packed)
		drop(j, packed);
	for (size_t i = 0; i < git_ref_table_count(&repo->theirs); i++)
		judge_packed_ref(j, repo, git_ref_table_at(&repo->theirs, i));
}

/* The value that the change began with; false when nobody knows. */
static bool find_before(struct repo *repo, const struct change *change,
			const char *ref, struct span ours, struct span *out)
{
	if (change->kind == CHANGE_ADDED) {
		*out = packed_before(repo, ref);
		return true;
	}
	*out = ours;
	return !change->is_conflict;
}

static void judge_loose(struct job *j, struct repo *repo,
			const struct change *change, const char *ref,
			struct span theirs)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
	struct span ours = find_ours(j, repo, ref, &text);
	bool is_packed = change->kind == CHANGE_DELETED && theirs.len;
	struct span before;
	enum git_ref_verdict verdict = GIT_REF_PARK;

	if (find_before(repo, change, ref, ours, &before))
		verdict = git_ref_decide(before, ours, theirs);
	else if (!theirs.len || span_equals(theirs, text.len ? text.data : ""))
		verdict = GIT_REF_LEAVE;
	/* As a file it cannot come, or went where it cannot follow. */
	if (verdict == GIT_REF_TAKE &&
	    (change->is_conflict || (is_packed && repo->lost_packed)))
		verdict = theirs.len ? GIT_REF_PARK : GIT_REF_LEAVE;
	switch (verdict) {
	case GIT_REF_TAKE:
		return;
	case GIT_REF_PARK:
		if (theirs.len != ours.len ||
		    memcmp(theirs.p, ours.p, ours.len) != 0)
			park(j, repo, ref, theirs);
		drop(j, change);
		return;
	case GIT_REF_LEAVE:
		/* Packed and the same: the loose one may go. */
		if (!is_packed || repo->lost_packed || change->is_conflict)
			drop(j, change);
		return;
	}
}

static void judge_ref(struct job *j, struct repo *repo,
		      const struct change *change, const char *ref)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
	struct span theirs;

	if (change->type != CHANGE_FILE)
		return;
	if (!git_ref_may_arrive(SPAN_STR(ref))) {
		notices_add(&j->notices, change->path,
			    "is a reference that stays with the agent");
		drop(j, change);
		return;
	}
	read_theirs(j, change, &text);
	theirs = git_loose_oid(buf_span(&text));
	if (change->kind == CHANGE_DELETED)
		theirs = git_ref_table_find(&repo->theirs, ref);
	else if (!theirs.len)
		return; /* a symbolic one: a file like any other */
	judge_loose(j, repo, change, ref, theirs);
}

/* The user is elsewhere by now; the guest's may be on no branch. */
static void judge_head(struct job *j, struct repo *repo,
		       const struct change *change)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
	struct span oid;

	if (!change->is_conflict)
		return;
	read_theirs(j, change, &text);
	oid = git_loose_oid(buf_span(&text));
	if (oid.len)
		park(j, repo, "HEAD", oid);
	drop(j, change);
}

static bool is_lock(const struct change *change, const char *rest)
{
	return change->kind == CHANGE_ADDED && change->type == CHANGE_FILE &&
	       (text_ends_with(rest, ".lock") || !strcmp(rest, "gc.pid"));
}

static void judge_change(struct job *j, struct repo *repo,
			 const struct change *change, const char *rest)
{
	if (!*rest || is_dropped(j, change))
		return;
	if (is_lock(change, rest)) {
		drop(j, change);
		return;
	}
	if (text_starts_with(rest, "refs/")) {
		judge_ref(j, repo, change, rest);
		return;
	}
	if (!strcmp(rest, "HEAD")) {
		judge_head(j, repo, change);
		return;
	}
	if (change->is_conflict && strcmp(rest, PACKED) != 0 &&
	    (!strchr(rest, '/') || text_starts_with(rest, "logs/")))
		drop(j, change);
}

static void repo_release(struct repo *repo)
{
	git_ref_table_release(&repo->before);
	git_ref_table_release(&repo->ours);
	git_ref_table_release(&repo->theirs);
}

/* All changes of the repository of the change at @first. */
static int judge_repo(struct job *j, const char *dir, size_t first,
		      struct err *err)
{
	struct repo repo = { .dir = dir };
	int r = load(j, &repo, err);

	if (r < 0) {
		repo_release(&repo);
		return err_wrap(err, "'%s'", dir);
	}
	judge_packed(j, &repo);
	for (size_t i = first; i < j->changes->n; i++) {
		const char *rest = rest_in(&repo, j->changes->v[i].path);

		if (!rest)
			break;
		judge_change(j, &repo, &j->changes->v[i], rest);
	}
	repo_release(&repo);
	return 0;
}

static int judge_all(struct job *j, struct err *err)
{
	auto_free char *last = NULL;

	for (size_t i = 0; i < j->changes->n; i++) {
		const char *path = j->changes->v[i].path;
		size_t len;

		if (!rest_of(path, &len))
			continue;
		if (last && strlen(last) == len && !strncmp(last, path, len))
			continue;
		free(last);
		last = xmemdup0(path, len);
		if (judge_repo(j, last, i, err) < 0)
			return -1;
	}
	return 0;
}

static bool must_drop(const struct change *change unused, void *ctx)
{
	struct job *j = ctx;

	return j->drop[j->next++];
}

static int run(struct job *j, const struct workspace_snapshot *s,
	       struct err *err)
{
	j->original = fd_open_dir(s->original, err);
	if (j->original < 0)
		return -1;
	j->session = fd_open_dir(s->path, err);
	if (j->session < 0 || judge_all(j, err) < 0)
		return -1;
	change_list_drop(j->changes, must_drop, j);
	return 0;
}

int git_rules_apply(const struct git_view_config *config,
		    const struct workspace_snapshot *s,
		    struct change_list *changes, struct git_parked_list *out,
		    struct err *err)
{
	struct job j = {
		.config = config,
		.changes = changes,
		.parked = out,
		.notices = { .progress = config->progress,
			     .log = config->log,
			     .area = "git" },
		.original = -1,
		.session = -1,
		.knows_start = s->view == WORKSPACE_VIEW_LAZY,
		/* One more, for calloc() of nothing may be NULL. */
		.drop = xcalloc(changes->n + 1, sizeof(bool)),
	};
	int r = run(&j, s, err);

	notices_end(&j.notices);
	fd_close(&j.original);
	fd_close(&j.session);
	free(j.drop);
	return r;
}
