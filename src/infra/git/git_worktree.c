// SPDX-License-Identifier: Apache-2.0
/*
 * git_worktree.c - a linked work tree's `.git`, made again within the view.
 *
 * Theory of operation
 *
 * What the work tree has of its own comes from its git directory, the rest
 * from the main repository, all of it as copies in the session: references,
 * the index, and what an unfinished merge or rebase needs. The objects are not
 * copied; the guest reads them from a share, by way of `alternates`. The
 * configuration is cleaned and says that this is no bare repository, which the
 * main one may be.
 *
 * Nothing of it is a change of the workspace. What finish has to compare with
 * at the end is written down before the guest starts.
 */
#include "infra/git/git_worktree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/git/config.h"
#include "domain/git/git_view.h"
#include "domain/git/sanitise.h"
#include "infra/git/git_read.h"
#include "infra/git/git_session.h"
#include "infra/sys/fd.h"
#include "infra/sys/walk.h"

#define DIR_MODE    0755
#define CONFIG_MODE 0644
#define NOT_BARE    "\n[core]\n\tbare = false\n"
#define FILES_MAX   ((size_t)200 * 1000)
#define STATE_MAGIC "bbox git worktree 1\n"
#define NO_INDEX    "-"
#define STATE_MAX   (GIT_PACKED_REFS_MAX + (size_t)64 * 1024)
#define CONFIG_MAX  (2 * GIT_CONFIG_SIZE_MAX + sizeof(NOT_BARE))

void git_worktree_release(struct git_worktree *w)
{
	free(w->gitdir);
	free(w->main);
	free(w->head);
	git_ref_table_release(&w->refs);
	*w = GIT_WORKTREE_INIT;
}

struct build {
	struct git_session session;
	struct overlay_node *git; /* `.git` of the view */
	size_t files;
	struct git_worktree state;
};

/* Single files, of the work tree or of the repository. */
static const struct single {
	const char *path;
	bool of_main;
} singles[] = {
	{ "index", false },
	{ "ORIG_HEAD", false },
	{ "MERGE_HEAD", false },
	{ "MERGE_MODE", false },
	{ "MERGE_MSG", false },
	{ "SQUASH_MSG", false },
	{ "AUTO_MERGE", false },
	{ "CHERRY_PICK_HEAD", false },
	{ "REVERT_HEAD", false },
	{ "REBASE_HEAD", false },
	{ "BISECT_LOG", false },
	{ "BISECT_NAMES", false },
	{ "BISECT_START", false },
	{ "BISECT_TERMS", false },
	{ "info/sparse-checkout", false },
	{ "shallow", true },
	{ "info/exclude", true },
	{ "info/attributes", true },
};

/* Whole directories; where both have a file the work tree's counts. */
static const struct single trees[] = {
	{ "refs", false },	   { "refs", true },
	{ "rebase-merge", false }, { "rebase-apply", false },
	{ "sequencer", false },
};

/* The directory of the view for @path's last component, which *@name is. */
static int enter(struct build *b, const char *path, struct overlay_node **dir,
		 char **name, struct err *err)
{
	struct span rest = SPAN_STR(path), part;
	auto_free char *last = NULL;

	*dir = b->git;
	while (span_take_until(&rest, '/', &part)) {
		if (last && git_session_add_dir(&b->session, *dir, last,
						DIR_MODE, dir, err) < 0)
			return -1;
		free(last);
		last = xmemdup0(part.p, part.len);
	}
	*name = take_ptr(last);
	return 0;
}

static int add_file(struct build *b, const char *path, int fd, struct span text,
		    const struct stat *st, mode_t mode, struct err *err)
{
	struct overlay_node *dir;
	auto_free char *name = NULL;

	if (++b->files > FILES_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu files",
			       FILES_MAX);
	if (enter(b, path, &dir, &name, err) < 0)
		return -1;
	if (git_session_find(&b->session, dir, name))
		return 0;
	return git_session_add_file(&b->session, dir, name, fd, text, st, mode,
				    err);
}

static int add_text(struct build *b, const char *path, const char *text,
		    struct err *err)
{
	return add_file(b, path, -1, SPAN_STR(text), /* st */ NULL, CONFIG_MODE,
			err);
}

/* What is no regular file is passed over, like what is not there. */
static bool may_skip(const struct err *why)
{
	return why->kind == ERR_NOT_FOUND || why->kind == ERR_INVALID;
}

static int copy_file(struct build *b, int dirfd, const char *name,
		     const char *path, struct err *err)
{
	struct err why = ERR_INIT;
	struct stat st;
	auto_close int fd = git_open_file(dirfd, name, &st, &why);

	if (fd < 0 && may_skip(&why))
		return 0;
	if (fd < 0) {
		*err = why;
		return -1;
	}
	return add_file(b, path, fd, (struct span){ .p = "" }, &st,
			st.st_mode & 0777, err);
}

static int copy_singles(struct build *b, const struct git_link *l,
			struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(singles); i++) {
		const struct single *s = &singles[i];

		if (copy_file(b, s->of_main ? l->main_fd : l->gitdir_fd,
			      s->path, s->path, err) < 0)
			return -1;
	}
	return 0;
}

struct tree_walk {
	struct walk walk;
	struct build *build;
	const char *prefix;
};

static int note_ref(struct build *b, int dirfd, const char *name,
		    const char *path, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);

	/* What cannot be read as one is none. */
	if (git_read_file(dirfd, name, &text, ERR_IGNORE) < 0)
		return 0;
	return git_ref_table_add_loose(&b->state.refs, SPAN_STR(path),
				       buf_span(&text), err);
}

static int on_entry(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct tree_walk *t = container_of(w, struct tree_walk, walk);
	auto_free char *path = xasprintf("%s/%s", t->prefix, e->path);
	struct overlay_node *dir;
	auto_free char *name = NULL;

	if (e->st && S_ISDIR(e->st->st_mode)) {
		if (enter(t->build, path, &dir, &name, err) < 0 ||
		    git_session_add_dir(&t->build->session, dir, name, DIR_MODE,
					&dir, err) < 0)
			return -1;
		return WALK_ENTER;
	}
	if (!e->st || !S_ISREG(e->st->st_mode))
		return WALK_PASS;
	if (text_starts_with(path, "refs/") &&
	    note_ref(t->build, e->dirfd, e->name, path, err) < 0)
		return -1;
	return copy_file(t->build, e->dirfd, e->name, path, err) < 0
		       ? -1
		       : WALK_PASS;
}

static int on_unreadable(struct walk *w unused,
			 const struct walk_entry *e unused,
			 const struct err *why, struct err *err)
{
	*err = *why;
	return -1;
}

static int copy_tree(struct build *b, int dirfd, const char *name,
		     struct err *err)
{
	static const struct walk_ops ops = { .visit = on_entry,
					     .unreadable = on_unreadable };
	auto_free struct tree_walk *t = xcalloc(1, sizeof(*t));
	struct err why = ERR_INIT;
	auto_close int fd = fd_open_no_symlinks(
		dirfd, name, O_RDONLY | O_DIRECTORY, 0, &why);

	/* Not there, or no directory. */
	if (fd < 0)
		return 0;
	t->walk = WALK_INIT(&ops);
	t->build = b;
	t->prefix = name;
	return walk_tree(&t->walk, fd, err);
}

static int copy_packed(struct build *b, const struct git_link *l,
		       struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_PACKED_REFS_MAX);
	struct err why = ERR_INIT;

	if (git_read_file(l->main_fd, "packed-refs", &text, &why) < 0) {
		if (may_skip(&why))
			return 0;
		*err = why;
		return -1;
	}
	if (git_ref_table_add_packed(&b->state.refs, buf_span(&text), err) < 0)
		return -1;
	return copy_file(b, l->main_fd, "packed-refs", "packed-refs", err);
}

static int copy_refs(struct build *b, const struct git_link *l, struct err *err)
{
	struct overlay_node *refs, *kinds;

	if (git_session_add_dir(&b->session, b->git, "refs", DIR_MODE, &refs,
				err) < 0 ||
	    git_session_add_dir(&b->session, refs, "heads", DIR_MODE, &kinds,
				err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		if (copy_tree(b, trees[i].of_main ? l->main_fd : l->gitdir_fd,
			      trees[i].path, err) < 0)
			return err_wrap(err, "copy '%s'", trees[i].path);
	}
	return copy_packed(b, l, err);
}

/* An index may have a part that others share. */
static int on_gitdir(struct walk *w, const struct walk_entry *e,
		     struct err *err)
{
	struct tree_walk *t = container_of(w, struct tree_walk, walk);

	if (!text_starts_with(e->name, "sharedindex."))
		return WALK_PASS;
	return copy_file(t->build, e->dirfd, e->name, e->name, err) < 0
		       ? -1
		       : WALK_PASS;
}

static int copy_shared_indexes(struct build *b, const struct git_link *l,
			       struct err *err)
{
	static const struct walk_ops ops = { .visit = on_gitdir,
					     .unreadable = on_unreadable };
	auto_free struct tree_walk *t = xcalloc(1, sizeof(*t));

	t->walk = WALK_INIT(&ops);
	t->build = b;
	return walk_tree(&t->walk, l->gitdir_fd, err);
}

/* Cleaned; nothing when it cannot be. */
static int add_clean(int dirfd, const char *name, struct buf *out,
		     struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_CONFIG_SIZE_MAX);
	struct err why = ERR_INIT;

	if (git_read_file(dirfd, name, &text, &why) < 0) {
		if (may_skip(&why) || why.kind == ERR_LIMIT)
			return 0;
		*err = why;
		return -1;
	}
	if (git_config_sanitise(buf_span(&text), out, &why) < 0)
		return 0;
	return buf_addc(out, '\n', err);
}

static int add_config(struct build *b, const struct git_link *l,
		      struct err *err)
{
	auto_buf struct buf text = BUF_INIT(2 * CONFIG_MAX);

	if (add_clean(l->main_fd, "config", &text, err) < 0 ||
	    add_clean(l->gitdir_fd, "config.worktree", &text, err) < 0 ||
	    buf_adds(&text, NOT_BARE, err) < 0)
		return -1;
	return add_text(b, "config", text.data, err);
}

static int add_head(struct build *b, const struct git_link *l, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_REF_FILE_MAX);
	struct git_head head;

	if (git_read_file(l->gitdir_fd, "HEAD", &text, err) < 0 ||
	    git_head_parse(buf_span(&text), &head, err) < 0)
		return err_wrap(err, "'%s'", l->gitdir);
	b->state.head = xasprintf(
		"%s%.*s", head.is_detached ? "" : "ref: ", (int)head.target.len,
		(const char *)head.target.p);
	return add_text(b, "HEAD", text.data, err);
}

static int hash_index(struct build *b, const struct git_link *l,
		      struct err *err)
{
	struct err why = ERR_INIT;
	auto_close int fd =
		git_open_file(l->gitdir_fd, "index", /* st */ NULL, &why);

	if (fd < 0 && may_skip(&why))
		return 0;
	if (fd < 0) {
		*err = why;
		return -1;
	}
	return hash_sha256_fd(fd, b->state.index, err);
}

static int save_state(struct build *b, const struct git_link *l,
		      struct err *err)
{
	auto_buf struct buf text = BUF_INIT(STATE_MAX);
	auto_close int fd = -1;

	if (buf_addf(&text, err, STATE_MAGIC "%s\n%s\n%s\n%s\n", l->gitdir,
		     l->main, b->state.head,
		     *b->state.index ? b->state.index : NO_INDEX) < 0 ||
	    git_ref_table_save(&b->state.refs, &text, err) < 0)
		return -1;
	fd = fd_open_no_symlinks(b->session.state_fd, GIT_VIEW_WORKTREE,
				 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600,
				 err);
	return fd < 0 ? -1 : fd_write_all(fd, text.data, text.len, err);
}

/* The `.git` file gives way to a directory. */
static int make_git_dir(struct build *b, struct err *err)
{
	struct overlay_node *root = overlay_root(b->session.overlay);
	struct stat st;

	if (fstatat(b->session.root_fd, ".git", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "look at '.git'");
	if (git_session_remove(&b->session, ".git", &st, err) < 0)
		return -1;
	return git_session_add_dir(&b->session, root, ".git", DIR_MODE, &b->git,
				   err);
}

static int build(struct build *b, const struct git_link *l, struct err *err)
{
	struct overlay_node *objects, *pack;

	if (make_git_dir(b, err) < 0 || add_head(b, l, err) < 0 ||
	    hash_index(b, l, err) < 0 || copy_refs(b, l, err) < 0 ||
	    copy_singles(b, l, err) < 0 || copy_shared_indexes(b, l, err) < 0 ||
	    add_config(b, l, err) < 0)
		return -1;
	if (git_session_add_dir(&b->session, b->git, "objects", DIR_MODE,
				&objects, err) < 0 ||
	    git_session_add_dir(&b->session, objects, "pack", DIR_MODE, &pack,
				err) < 0 ||
	    add_text(b, "objects/info/alternates", GIT_VIEW_OBJECTS_AT "\n",
		     err) < 0)
		return -1;
	return save_state(b, l, err);
}

int git_worktree_build(const struct workspace_snapshot *s,
		       const struct git_link *link, struct err *err)
{
	struct build b = { .state = GIT_WORKTREE_INIT };
	int r;

	if (git_session_make(s, &b.session, err) < 0)
		return err_wrap(err, "make '.git' of work tree");
	r = build(&b, link, err);
	git_session_close(&b.session);
	git_worktree_release(&b.state);
	return r < 0 ? err_wrap(err, "make '.git' of work tree") : 0;
}

static char *take_line(struct span *text)
{
	struct span line = { .p = "" };

	discard(span_take_until(text, '\n', &line));
	return xmemdup0(line.p, line.len);
}

static int parse_state(struct span text, struct git_worktree *out,
		       struct err *err)
{
	size_t magic = strlen(STATE_MAGIC);
	auto_free char *index = NULL;

	if (text.len < magic || memcmp(text.p, STATE_MAGIC, magic) != 0 ||
	    !span_skip(&text, magic))
		return err_set(err, ERR_INTEGRITY, "'%s' is damaged",
			       GIT_VIEW_WORKTREE);
	out->gitdir = take_line(&text);
	out->main = take_line(&text);
	out->head = take_line(&text);
	index = take_line(&text);
	if (strlen(index) == SHA256_HEX_LEN)
		memcpy(out->index, index, SHA256_HEX_SIZE);
	return git_ref_table_add_packed(&out->refs, text, err);
}

int git_worktree_load(const struct workspace_snapshot *s,
		      struct git_worktree *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(STATE_MAX);
	auto_git_worktree struct git_worktree w = GIT_WORKTREE_INIT;
	struct err why = ERR_INIT;
	auto_close int state = -1;

	/* A copy is the guest's own, who could put a file there. */
	if (s->view != WORKSPACE_VIEW_LAZY)
		return 0;
	state = fd_open_dir(s->path, err);
	if (state < 0)
		return -1;
	if (git_read_file(state, GIT_VIEW_WORKTREE, &text, &why) < 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	if (parse_state(buf_span(&text), &w, err) < 0)
		return -1;
	*out = w;
	w = GIT_WORKTREE_INIT;
	return 1;
}
