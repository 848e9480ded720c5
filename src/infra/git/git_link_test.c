// SPDX-License-Identifier: Apache-2.0
/*
 * git_link_test.c - which `.git` files are followed, and which are not.
 */
#include "infra/git/git_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/git/pointer.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define GITDIR "main/.git/worktrees/w"

/* A work tree at ws/ of main/, as git makes it. */
struct world {
	char *top; /* owned */
	char *workspace;
	int fd;
};

static void put(const struct world *w, const char *path, const char *text)
{
	auto_free char *full = xasprintf("%s/%s", w->top, path);
	struct err err = ERR_INIT;

	CHECK_OK(fs_replace_file(full, text, strlen(text), 0644, &err), &err);
}

static void make_dir(const struct world *w, const char *path)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_mkdir_all_at(w->fd, path, 0755, &err), &err);
}

static void put_path(const struct world *w, const char *path,
		     const char *before, const char *target)
{
	auto_free char *text = xasprintf("%s%s/%s\n", before, w->top, target);

	put(w, path, text);
}

static void world_init(struct world *w)
{
	const char *tmp = getenv("TMPDIR");
	auto_free char *made = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "git-", &made, &err),
		 &err);
	CHECK_OK(fs_real_path(made, &w->top, &err), &err);
	w->workspace = xasprintf("%s/ws", w->top);
	w->fd = fd_open_dir(w->top, &err);
	CHECK_OK(w->fd, &err);
	make_dir(w, "ws");
	make_dir(w, GITDIR);
	make_dir(w, "main/.git/objects");
	put_path(w, "ws/.git", "gitdir: ", GITDIR);
	put_path(w, GITDIR "/gitdir", "", "ws/.git");
	put(w, GITDIR "/commondir", "../..\n");
	put(w, GITDIR "/HEAD", "ref: refs/heads/w\n");
	put(w, "main/.git/HEAD", "ref: refs/heads/main\n");
}

static void world_release(struct world *w)
{
	struct err err = ERR_INIT;

	fd_close(&w->fd);
	CHECK_OK(fs_remove_tree(w->top, &err), &err);
	free(w->top);
	free(w->workspace);
}

static void drop(const struct world *w, const char *path)
{
	auto_free char *full = xasprintf("%s/%s", w->top, path);
	struct err err = ERR_INIT;

	CHECK_OK(fs_remove_tree(full, &err), &err);
}

static void link_to(const struct world *w, const char *path, const char *target)
{
	drop(w, path);
	CHECK(symlinkat(target, w->fd, path) == 0, "%s", strerror(errno));
}

static void break_nothing(const struct world *w unused)
{
}

static void relative(const struct world *w)
{
	put(w, "ws/.git", "gitdir: ../" GITDIR);
}

static void through_symlink(const struct world *w)
{
	link_to(w, "alias", "ws");
	put_path(w, GITDIR "/gitdir", "", "alias/.git");
}

static void no_git(const struct world *w)
{
	drop(w, "ws/.git");
}

static void directory(const struct world *w)
{
	drop(w, "ws/.git");
	make_dir(w, "ws/.git");
}

static void symlink_to_file(const struct world *w)
{
	put_path(w, "pointer", "gitdir: ", GITDIR);
	link_to(w, "ws/.git", "../pointer");
}

static void fifo(const struct world *w)
{
	drop(w, "ws/.git");
	CHECK(mkfifoat(w->fd, "ws/.git", 0644) == 0, "%s", strerror(errno));
}

static void inside(const struct world *w)
{
	make_dir(w, "ws/.git-main/worktrees/w");
	put(w, "ws/.git", "gitdir: .git-main/worktrees/w\n");
}

static void garbage(const struct world *w)
{
	put(w, "ws/.git", "where is it?\n");
}

static void huge(const struct world *w)
{
	auto_free char *text = xcalloc(1, GIT_POINTER_SIZE_MAX + 10);

	memset(text, 'x', GIT_POINTER_SIZE_MAX + 9);
	put(w, "ws/.git", text);
}

static void nowhere(const struct world *w)
{
	drop(w, GITDIR);
}

static void not_of_work_tree(const struct world *w)
{
	make_dir(w, "main/.git/modules/m");
	put_path(w, "ws/.git", "gitdir: ", "main/.git/modules/m");
}

static void no_backlink(const struct world *w)
{
	drop(w, GITDIR "/gitdir");
}

static void backlink_elsewhere(const struct world *w)
{
	put_path(w, GITDIR "/gitdir", "", "other/.git");
}

static void backlink_fifo(const struct world *w)
{
	drop(w, GITDIR "/gitdir");
	CHECK(mkfifoat(w->fd, GITDIR "/gitdir", 0644) == 0, "%s",
	      strerror(errno));
}

static void commondir_elsewhere(const struct world *w)
{
	make_dir(w, "other/objects");
	put(w, "other/HEAD", "ref: refs/heads/main\n");
	put(w, GITDIR "/commondir", "../../../../other\n");
}

static void no_objects(const struct world *w)
{
	drop(w, "main/.git/objects");
}

static void linked_objects(const struct world *w)
{
	make_dir(w, "secret");
	link_to(w, "main/.git/objects", "../../secret");
}

static void no_head(const struct world *w)
{
	drop(w, "main/.git/HEAD");
}

static void linked_head(const struct world *w)
{
	link_to(w, "main/.git/HEAD", "config");
}

static const struct link_case {
	const char *name;
	void (*change)(const struct world *w);
	int want;
	const char *why; /* NULL: nothing is said */
} cases[] = {
	{ "work tree", break_nothing, 1, NULL },
	{ "relative pointer", relative, 1, NULL },
	{ "backlink by symlink", through_symlink, 1, NULL },
	{ "none", no_git, 0, NULL },
	{ "directory", directory, 0, NULL },
	{ "symlink", symlink_to_file, 0, NULL },
	{ "FIFO", fifo, 0, NULL },
	{ "in the workspace", inside, 0, NULL },
	{ "garbage", garbage, 0, "malformed" },
	{ "huge", huge, 0, ".git" },
	{ "to nowhere", nowhere, 0, "No such file" },
	{ "submodule", not_of_work_tree, 0, "no directory of" },
	{ "no backlink", no_backlink, 0, "point back" },
	{ "backlink elsewhere", backlink_elsewhere, 0, "point back" },
	{ "backlink is a FIFO", backlink_fifo, 0, "point back" },
	{ "commondir elsewhere", commondir_elsewhere, 0, "not above" },
	{ "no objects", no_objects, 0, "no objects" },
	{ "objects by symlink", linked_objects, 0, "no objects" },
	{ "no HEAD", no_head, 0, "no HEAD" },
	{ "HEAD is a symlink", linked_head, 0, "no HEAD" },
};

static void test_only_what_points_back_is_followed(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct link_case *c = &cases[i];
		auto_git_link struct git_link link = GIT_LINK_INIT;
		auto_free char *why = NULL, *main = NULL;
		struct err err = ERR_INIT;
		struct world w;
		int r;

		world_init(&w);
		c->change(&w);
		r = git_link_find(w.workspace, &link, &why, &err);
		CHECK(r == c->want, "%s: %d, %s%s", c->name, r, err.msg,
		      why ? why : "");
		CHECK(c->why ? why && strstr(why, c->why) : !why, "%s: '%s'",
		      c->name, why ? why : "");
		main = xasprintf("%s/main/.git", w.top);
		CHECK(r <= 0 || !strcmp(link.main, main), "%s: main is '%s'",
		      c->name, link.main);
		world_release(&w);
	}
}

static void test_unreadable_commondir_is_failure(void **state unused)
{
	auto_git_link struct git_link link = GIT_LINK_INIT;
	auto_free char *why = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w);
	drop(&w, GITDIR "/commondir");
	make_dir(&w, GITDIR "/commondir");
	CHECK_FAILS(git_link_find(w.workspace, &link, &why, &err), &err,
		    ERR_INVALID, "commondir");
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_points_back_is_followed),
		cmocka_unit_test(test_unreadable_commondir_is_failure),
	};

	return RUN_TESTS(tests);
}
