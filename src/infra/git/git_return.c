// SPDX-License-Identifier: Apache-2.0
/*
 * git_return.c - bring the commits of a linked work tree's session into the
 * repository that it belongs to.
 *
 * Theory of operation
 *
 * A reference that the guest moved and the user did not moves along. One that
 * both moved, or that is checked out in another work tree, which would then
 * differ from its branch, stays; the guest's is parked. Nothing is deleted.
 *
 * When the branch that is checked out here moves, the index that belongs to
 * its new commit comes along, unless the user has touched his.
 */
#include "infra/git/git_return.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "domain/workspace/overlay_store.h"
#include "infra/git/git_objects.h"
#include "infra/git/git_read.h"
#include "infra/git/git_session.h"
#include "infra/git/git_store.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define DEPTH_MAX 64 /* directories below refs */
#define INDEX_MAX ((size_t)512 * 1024 * 1024)
#define SHORT_OID 7

struct job {
	const struct git_view_config *config;
	const struct workspace_snapshot *snapshot;
	struct git_worktree *before;
	struct git_link link;
	struct git_session session;
	struct overlay_node *git; /* `.git` of the view */
	struct git_ref_table theirs;
	char *head; /* owned; the guest's, as in struct git_worktree */
	struct git_store store;
	struct git_objects objects;
	struct strv elsewhere; /* branches of other work trees */
};

static bool is_own_file(const struct overlay_node *node)
{
	return node && node->kind == OVERLAY_FILE && node->own;
}

static int read_refs(struct job *j, struct overlay_node *dir, const char *path,
		     int depth, struct err *err)
{
	struct overlay_child child;
	size_t at = 0;

	if (depth > DEPTH_MAX)
		return 0;
	while (overlay_next_child(dir, &at, &child)) {
		auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
		auto_free char *name =
			xasprintf("%s/%.*s", path, (int)child.name.len,
				  (const char *)child.name.p);

		if (child.node && child.node->kind == OVERLAY_DIR &&
		    read_refs(j, child.node, name, depth + 1, err) < 0)
			return -1;
		/* What is too large for a reference is none. */
		if (!is_own_file(child.node) ||
		    git_session_read_file(&j->session, child.node, &text,
					  ERR_IGNORE) < 0)
			continue;
		if (git_ref_table_add_loose(&j->theirs, SPAN_STR(name),
					    buf_span(&text), err) < 0)
			return -1;
	}
	return 0;
}

static int read_packed(struct job *j, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_PACKED_REFS_MAX);
	struct overlay_node *node =
		git_session_find(&j->session, j->git, "packed-refs");

	if (!is_own_file(node))
		return 0;
	if (git_session_read_file(&j->session, node, &text, err) < 0)
		return -1;
	return git_ref_table_add_packed(&j->theirs, buf_span(&text), err);
}

static int read_head(struct job *j, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
	struct overlay_node *node =
		git_session_find(&j->session, j->git, "HEAD");
	struct git_head head;

	j->head = xstrdup("");
	if (!is_own_file(node))
		return 0;
	if (git_session_read_file(&j->session, node, &text, err) < 0)
		return -1;
	/* A guest may write anything there; then nobody is on anything. */
	if (git_head_parse(buf_span(&text), &head, ERR_IGNORE) < 0)
		return 0;
	free(j->head);
	j->head = xasprintf("%s%.*s", head.is_detached ? "" : "ref: ",
			    (int)head.target.len, (const char *)head.target.p);
	return 0;
}

static int read_theirs(struct job *j, struct err *err)
{
	struct overlay_node *refs =
		git_session_find(&j->session, j->git, "refs");

	if (refs && refs->kind == OVERLAY_DIR &&
	    read_refs(j, refs, "refs", 0, err) < 0)
		return -1;
	if (read_packed(j, err) < 0 || read_head(j, err) < 0)
		return err_wrap(err, "the agent's '.git'");
	return 0;
}

/* The branch of a HEAD, NULL when there is none; the caller frees. */
static char *branch_of(int dirfd, const char *path)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
	struct git_head head;

	if (git_read_file(dirfd, path, &text, ERR_IGNORE) < 0 ||
	    git_head_parse(buf_span(&text), &head, ERR_IGNORE) < 0 ||
	    head.is_detached)
		return NULL;
	return xmemdup0(head.target.p, head.target.len);
}

static void add_branch(struct job *j, int dirfd, const char *path)
{
	auto_free char *branch = branch_of(dirfd, path);

	if (branch)
		strv_add(&j->elsewhere, branch);
}

static void find_others(struct job *j)
{
	int fd = fd_open_no_symlinks(j->link.main_fd, "worktrees",
				     O_RDONLY | O_DIRECTORY, 0, ERR_IGNORE);
	const char *own = strrchr(j->link.gitdir, '/') + 1;
	const struct dirent *e;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	add_branch(j, j->link.main_fd, "HEAD");
	if (!d) {
		fd_close(&fd);
		return;
	}
	while ((e = readdir(d))) {
		auto_free char *head = xasprintf("%s/HEAD", e->d_name);

		if (e->d_name[0] != '.' && strcmp(e->d_name, own) != 0)
			add_branch(j, fd, head);
	}
	closedir(d);
}

/* Once, and only when there is something to bring. */
static int open_repository(struct job *j, struct err *err)
{
	auto_free char *objects = NULL;

	if (j->store.repo)
		return 0;
	objects = xasprintf("%s/objects", j->link.main);
	if (git_objects_open(&j->session, j->git, j->snapshot->path, objects,
			     j->config->log, &j->objects, err) < 0 ||
	    git_store_open(j->link.main, j->snapshot, j->config, &j->store,
			   err) < 0)
		return -1;
	find_others(j);
	return 0;
}

static bool index_is_untouched(const struct job *j)
{
	auto_close int fd = git_open_file(j->link.gitdir_fd, "index",
					  /* st */ NULL, ERR_IGNORE);
	char hash[SHA256_HEX_SIZE] = "";
	struct stat st;

	if (fstatat(j->link.gitdir_fd, "index.lock", &st,
		    AT_SYMLINK_NOFOLLOW) == 0)
		return false;
	if (fd >= 0 && hash_sha256_fd(fd, hash, ERR_IGNORE) < 0)
		return false;
	return !strcmp(hash, j->before->index);
}

/* Can the user's git read it? */
static bool is_index(const struct job *j, const struct overlay_node *node)
{
	auto_free char *content = overlay_content_path(node->id);
	auto_free char *path = xasprintf("%s/%s", j->snapshot->path, content);
	git_index *index;

	if (git_index_open(&index, path))
		return false;
	git_index_free(index);
	return true;
}

static int replace_index(const struct job *j, const struct buf *content,
			 struct err *err)
{
	auto_free char *path = xasprintf("%s/index", j->link.gitdir);
	struct stat st;
	mode_t mode = 0644;

	if (fstatat(j->link.gitdir_fd, "index", &st, AT_SYMLINK_NOFOLLOW) == 0)
		mode = st.st_mode & 0777;
	return fs_replace_file(path, content->data, content->len, mode, err);
}

static void bring_index(struct job *j)
{
	struct overlay_node *node =
		git_session_find(&j->session, j->git, "index");
	auto_buf struct buf content = BUF_INIT(INDEX_MAX);
	struct err err = ERR_INIT;

	if (!is_own_file(node) || !index_is_untouched(j))
		return;
	if (!is_index(j, node))
		return;
	if (git_session_read_file(&j->session, node, &content, &err) < 0 ||
	    replace_index(j, &content, &err) < 0) {
		/* 'git reset' makes it anew. */
		progress_warn(j->config->progress, "Index of git: %s", err.msg);
		log_warn(j->config->log, "git: index: %s", err.msg);
	}
}

static int take(struct job *j, const char *ref, const char *ours,
		const char *theirs, struct err *err)
{
	auto_free char *branch = branch_of(j->link.gitdir_fd, "HEAD");
	bool is_here = branch && !strcmp(branch, ref);

	if (git_store_set(&j->store, ref, ours, theirs, err) < 0)
		return -1;
	if (j->store.told++ < GIT_TOLD_MAX)
		progress_info(j->config->progress,
			      "The agent's commits are in '%s' (%.*s)", ref,
			      SHORT_OID, theirs);
	log_info(j->config->log, "git: '%s' is %s now", ref, theirs);
	if (is_here)
		bring_index(j);
	return 0;
}

static int bring(struct job *j, const char *ref, enum git_ref_verdict verdict,
		 const char *ours, const char *theirs, struct err *err)
{
	struct err why = ERR_INIT;

	if (git_objects_bring(&j->objects, theirs, err) < 0)
		return err_wrap(err, "'%s'", ref);
	if (verdict == GIT_REF_TAKE && !j->config->review &&
	    !strv_contains(&j->elsewhere, ref)) {
		if (take(j, ref, ours, theirs, &why) == 0)
			return 0;
		log_info(j->config->log, "git: %s", why.msg);
	}
	return git_store_park(&j->store, ref, theirs, err);
}

static int judge(struct job *j, const struct git_ref *ref, struct err *err)
{
	struct span before = git_ref_table_find(&j->before->refs, ref->name);
	struct span theirs = SPAN_STR(ref->oid);
	char ours[GIT_OID_HEXSZ + 1];
	enum git_ref_verdict verdict;

	/* As most are: without a look at the repository. */
	if (!git_ref_may_arrive(SPAN_STR(ref->name)) ||
	    git_ref_decide(before, before, theirs) == GIT_REF_LEAVE)
		return 0;
	if (open_repository(j, err) < 0)
		return -1;
	git_store_find(&j->store, ref->name, ours);
	verdict = git_ref_decide(before, SPAN_STR(ours), theirs);
	if (verdict == GIT_REF_LEAVE)
		return 0;
	return bring(j, ref->name, verdict, ours, ref->oid, err);
}

/* Commits that are on no branch. */
static int judge_head(struct job *j, struct err *err)
{
	if (!git_oid_is_valid(SPAN_STR(j->head)) ||
	    !strcmp(j->head, j->before->head))
		return 0;
	if (open_repository(j, err) < 0)
		return -1;
	return bring(j, "HEAD", GIT_REF_PARK, "", j->head, err);
}

static int judge_all(struct job *j, struct err *err)
{
	size_t n = git_ref_table_count(&j->theirs);

	for (size_t i = 0; i < n; i++) {
		if (judge(j, git_ref_table_at(&j->theirs, i), err) < 0)
			return -1;
	}
	return judge_head(j, err);
}

static int run(struct job *j, struct err *err)
{
	if (git_session_read(j->snapshot, &j->session, err) < 0 ||
	    git_link_open(j->before->gitdir, j->before->main, &j->link, err) <
		    0)
		return -1;
	j->git = git_session_find(&j->session, overlay_root(j->session.overlay),
				  ".git");
	/* The guest has removed it: nothing was meant to be kept. */
	if (!j->git || j->git->kind != OVERLAY_DIR)
		return 0;
	if (read_theirs(j, err) < 0)
		return -1;
	return judge_all(j, err);
}

int git_return(const struct git_view_config *config,
	       const struct workspace_snapshot *s, struct git_worktree *before,
	       struct err *err)
{
	struct job j = {
		.config = config,
		.snapshot = s,
		.before = before,
		.link = GIT_LINK_INIT,
		.session = GIT_SESSION_INIT,
		.theirs = GIT_REF_TABLE_INIT,
		.store = GIT_STORE_INIT,
		.objects = GIT_OBJECTS_INIT,
	};
	int r = run(&j, err);

	git_objects_close(&j.objects);
	git_store_close(&j.store);
	git_session_close(&j.session);
	git_link_release(&j.link);
	git_ref_table_release(&j.theirs);
	strv_release(&j.elsewhere);
	free(j.head);
	return r < 0 ? err_wrap(err, "bring the agent's commits back") : 0;
}
