/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_world.h - for tests: repositories made by the git program, one of them
 * with a linked work tree, and a guest who works in a lazy view of that.
 * Whatever fails here fails the test.
 */
#ifndef BBOX_TESTS_SUPPORT_GIT_WORLD_H
#define BBOX_TESTS_SUPPORT_GIT_WORLD_H

#include "support/tree.h"

#include <inttypes.h>

#include "base/strv.h"
#include "domain/workspace/overlay_store.h"
#include "infra/git/git_read.h"
#include "infra/git/git_session.h"
#include "infra/git/git_view.h"
#include "infra/sys/fd.h"
#include "infra/sys/proc.h"
#include "infra/sys/walk.h"

#define GIT	   "/usr/bin/git"
#define OUTPUT_MAX ((size_t)1024 * 1024)
#define SESSION	   ".sandbox-snapshot-0123456789abcdef"
#define PARKED	   "refs/bbox/0123456789abcdef/"
#define SECRET	   "hunter2"

/* main/ with a work tree at ws/, and scratch/, where the guest's git works. */
struct world {
	char *dir; /* owned */
	struct workspace_snapshot snapshot;
	struct tree_progress progress;
	struct log log;
	struct git_view *git;
	struct overlay *overlay; /* the guest's */
	int state_fd, records_fd;
};

static inline char *run_git(const struct world *w, const char *dir,
			    const char *const *args)
{
	static const char *const env[] = {
		"PATH=/usr/bin:/bin",	   "HOME=/nonexistent",
		"GIT_CONFIG_NOSYSTEM=1",   "GIT_AUTHOR_NAME=a",
		"GIT_AUTHOR_EMAIL=a@x",	   "GIT_COMMITTER_NAME=a",
		"GIT_COMMITTER_EMAIL=a@x", NULL,
	};
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	auto_free char *cwd = tree_path(w->dir, dir);
	auto_strv struct strv argv = STRV_INIT;
	struct err err = ERR_INIT;

	strv_add(&argv, "git");
	strv_add(&argv, "-C");
	strv_add(&argv, cwd);
	for (; *args; args++)
		strv_add(&argv, *args);
	CHECK_OK(proc_run(&(struct proc_spec){ .path = GIT,
					       .argv = strv_list(&argv),
					       .envp = env,
					       .stdio = { -1, -1, -1 } },
			  &out, &err),
		 &err);
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	return buf_take(&out, NULL);
}

#define git(w, dir, ...) \
	run_git((w), (dir), (const char *const[]){ __VA_ARGS__, NULL })
#define git_do(w, dir, ...) free(git(w, dir, __VA_ARGS__))

static inline char *commit(const struct world *w, const char *dir,
			   const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	tree_write(w->dir, path, name);
	git_do(w, dir, "add", name);
	git_do(w, dir, "commit", "-q", "-m", name);
	return git(w, dir, "rev-parse", "HEAD");
}

static inline void world_init(struct world *w, bool review)
{
	auto_free char *made = tree_new();
	const struct git_view_config config = {
		.log = &w->log,
		.progress = &w->progress.base,
		.review = review,
	};
	struct err err = ERR_INIT;

	*w = (struct world){
		.progress = { .base = { &tree_progress_ops } },
		.log = LOG_DISCARD,
		.state_fd = -1,
		.records_fd = -1,
	};
	CHECK_OK(fs_real_path(made, &w->dir, &err), &err);
	tree_mkdir(w->dir, "main");
	tree_mkdir(w->dir, SESSION);
	git_do(w, "main", "init", "-q", "-b", "main");
	free(commit(w, "main", "first"));
	git_do(w, "main", "worktree", "add", "-q", "-b", "feature", "../ws");
	git_do(w, "main", "config", "credential.helper", SECRET);
	git_do(w, ".", "clone", "-q", "main", "scratch");
	git_do(w, "scratch", "checkout", "-q", "-b", "feature");
	w->snapshot.view = WORKSPACE_VIEW_LAZY;
	w->snapshot.original = tree_path(w->dir, "ws");
	w->snapshot.path = tree_path(w->dir, SESSION);
	CHECK_OK(git_view_new(&config, &w->git, &err), &err);
}

static inline void world_release(struct world *w)
{
	overlay_free(w->overlay);
	fd_close(&w->records_fd);
	fd_close(&w->state_fd);
	git_view_free(w->git);
	tree_progress_reset(&w->progress);
	tree_remove(w->dir);
	free(w->snapshot.original);
	free(w->snapshot.path);
	free(w->dir);
}

static inline int sink(void *ctx, struct span record)
{
	const struct world *w = ctx;

	return fd_write_all(w->records_fd, record.p, record.len, ERR_IGNORE);
}

/* Prepared by us, the session goes on with the guest. */
static inline void guest_begin(struct world *w)
{
	const struct overlay_config config = { .sink = sink, .ctx = w };
	const struct overlay_attr attr = { .mode = 0755 };
	const struct file_identity identity = FILE_IDENTITY_UNKNOWN;
	auto_buf struct buf records = BUF_INIT(OUTPUT_MAX);
	auto_free char *objects = NULL, *want = NULL;
	struct err err = ERR_INIT;
	struct span rest;

	CHECK_OK(git_view_prepare(w->git, &w->snapshot, &objects, &err), &err);
	want = tree_path(w->dir, "main/.git/objects");
	assert_string_equal(objects, want);
	w->state_fd = fd_open_dir(w->snapshot.path, &err);
	CHECK_OK(git_read_file(w->state_fd, OVERLAY_RECORDS_FILE, &records,
			       &err),
		 &err);
	w->overlay = overlay_new(&config, &attr, &identity);
	rest = buf_span(&records);
	assert_int_equal(overlay_replay(w->overlay, &rest), 0);
	/* There is no file server here, and no differ that comes after it. */
	assert_return_code(renameat(w->state_fd, OVERLAY_OBJECTS_DIR,
				    w->state_fd, OVERLAY_CONTENTS_DIR),
			   errno);
	w->records_fd = openat(w->state_fd, OVERLAY_RECORDS_FILE,
			       O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(w->records_fd >= 0);
}

static inline struct overlay_node *guest_node(struct world *w, const char *path,
					      enum overlay_kind kind)
{
	struct overlay_node *node = overlay_root(w->overlay), *dir;
	struct span rest = SPAN_STR(path), name;

	while (span_take_until(&rest, '/', &name)) {
		const struct overlay_attr attr = { .mode = 0644 };

		dir = node;
		if (overlay_lookup(w->overlay, dir, name, &node) ==
		    OVERLAY_NAME_THERE)
			continue;
		assert_int_equal(overlay_create(w->overlay, dir, name,
						rest.len ? OVERLAY_DIR : kind,
						&attr, NULL, &node),
				 0);
	}
	return node;
}

static inline void guest_put(struct world *w, const char *path, const void *p,
			     size_t len)
{
	const struct overlay_node *node = guest_node(w, path, OVERLAY_FILE);
	auto_free char *object = overlay_content_path(node->id);

	tree_write_bytes(w->snapshot.path, object, p, len);
}

static inline void guest_say(struct world *w, const char *path,
			     const char *text)
{
	auto_free char *line = xasprintf("%s\n", text);

	guest_put(w, path, line, strlen(line));
}

/* What the guest sees in a file of its own; the caller frees. */
static inline char *guest_read(struct world *w, const char *path)
{
	const struct overlay_node *node = guest_node(w, path, OVERLAY_FILE);
	auto_free char *object = overlay_content_path(node->id);

	return tree_read(w->snapshot.path, object);
}

struct copy_walk {
	struct walk walk;
	struct world *w;
};

static inline int copy_entry(struct walk *walk, const struct walk_entry *e,
			     struct err *err)
{
	struct copy_walk *c = container_of(walk, struct copy_walk, walk);
	auto_buf struct buf data = BUF_INIT(OUTPUT_MAX);
	auto_free char *path = xasprintf(".git/objects/%s", e->path);

	if (S_ISDIR(e->st->st_mode))
		return WALK_ENTER;
	if (git_read_file(e->dirfd, e->name, &data, err) < 0)
		return -1;
	/* Nobody should believe it. */
	if (strstr(path, ".idx"))
		memset(data.data, 'x', data.len);
	guest_put(c->w, path, data.data, data.len);
	return WALK_PASS;
}

static inline int no_entry(struct walk *walk unused,
			   const struct walk_entry *e unused,
			   const struct err *why, struct err *err)
{
	*err = *why;
	return -1;
}

/* All objects of scratch/ are the guest's. */
static inline void guest_take_objects(struct world *w)
{
	static const struct walk_ops ops = { .visit = copy_entry,
					     .unreadable = no_entry };
	struct copy_walk c = { .walk = WALK_INIT(&ops), .w = w };
	auto_free char *path = tree_path(w->dir, "scratch/.git/objects");
	struct err err = ERR_INIT;
	auto_close int fd = fd_open_dir(path, &err);

	CHECK_OK(walk_tree(&c.walk, fd, &err), &err);
}

static inline int finish(struct world *w, struct err *err)
{
	auto_change_list struct change_list none = CHANGE_LIST_INIT;

	CHECK_OK(git_view_judge(w->git, &w->snapshot, &none, err), err);
	return git_view_finish(w->git, &w->snapshot, err);
}

static inline void check_ref(const struct world *w, const char *ref,
			     const char *want)
{
	auto_free char *got =
		git(w, "main", "for-each-ref", "--format=%(objectname)", ref);

	CHECK(!strcmp(got, want), "%s is '%s', not '%s'", ref, got, want);
}

static inline void check_sound(const struct world *w)
{
	git_do(w, "main", "fsck", "--full", "--strict");
}

#endif /* BBOX_TESTS_SUPPORT_GIT_WORLD_H */
