// SPDX-License-Identifier: Apache-2.0
/*
 * git_link.c - is a workspace a work tree of a repository that lies elsewhere?
 *
 * Theory of operation
 *
 * Whoever wrote the workspace's `.git` file may not be the user: it can come
 * out of an archive. So it opens nothing by itself: the directory that it
 * names must be one that git made for a work tree, must be the user's own, and
 * must point back to this very workspace. All paths are made real first, so
 * that what they say about "above" and "inside" is true, and the objects that
 * the guest will be shown must be a directory of the repository and no link.
 */
#include "infra/git/git_link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/git/pointer.h"
#include "domain/workspace/paths.h"
#include "infra/git/git_read.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

void git_link_release(struct git_link *l)
{
	free(l->gitdir);
	free(l->main);
	fd_close(&l->gitdir_fd);
	fd_close(&l->main_fd);
	*l = GIT_LINK_INIT;
}

static struct git_link take_link(struct git_link *l)
{
	struct git_link taken = *l;

	*l = GIT_LINK_INIT;
	return taken;
}

/* "No, and this is why"; always 0. */
#define skip(why, ...) (*(why) = xasprintf(__VA_ARGS__), 0)

/* 1 with the text of the `.git` file, 0 when there is none. */
static int read_pointer(int root, struct buf *out, char **why, struct err *err)
{
	struct err cause = ERR_INIT;
	struct stat st;

	if (fstatat(root, ".git", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_sys(err, errno, "look at '.git'");
	if (!S_ISREG(st.st_mode))
		return 0;
	if (git_read_file(root, ".git", out, &cause) == 0)
		return 1;
	if (cause.kind == ERR_LIMIT || cause.kind == ERR_INVALID)
		return skip(why, "%s", cause.msg);
	*err = cause;
	return -1;
}

/* Where the `.git` file leads; 1, 0, -1. */
static int find_gitdir(const char *workspace, int root, char **out, char **why,
		       struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_POINTER_SIZE_MAX);
	auto_free char *path = NULL, *there = NULL, *real = NULL;
	struct err cause = ERR_INIT;
	int r = read_pointer(root, &text, why, err);

	if (r <= 0)
		return r;
	if (git_pointer_parse(buf_span(&text), &path, &cause) < 0)
		return skip(why, "%s", cause.msg);
	there = git_path_resolve(workspace, path);
	/* Within the workspace the guest finds it by itself. */
	if (path_below(workspace, there))
		return 0;
	if (fs_real_path(there, &real, &cause) < 0)
		return skip(why, "%s", cause.msg);
	if (path_below(workspace, real))
		return 0;
	if (!git_gitdir_is_worktree(real) || strchr(real, '\n'))
		return skip(why, "'%s' is no directory of a work tree", real);
	*out = take_ptr(real);
	return 1;
}

/* What the file of that name says; *@out stays NULL when there is none. */
static int read_path(int dirfd, const char *name, char **out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_POINTER_SIZE_MAX);
	struct err cause = ERR_INIT;

	if (git_read_file(dirfd, name, &text, &cause) < 0) {
		if (cause.kind == ERR_NOT_FOUND)
			return 0;
		*err = cause;
		return -1;
	}
	return git_path_file_parse(buf_span(&text), name, out, err);
}

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid();
}

int git_link_open(const char *gitdir, const char *main, struct git_link *out,
		  struct err *err)
{
	auto_git_link struct git_link l = GIT_LINK_INIT;

	l.gitdir_fd = fd_open_dir(gitdir, err);
	if (l.gitdir_fd < 0)
		return -1;
	l.main_fd = fd_open_dir(main, err);
	if (l.main_fd < 0)
		return -1;
	if (!is_ours(l.gitdir_fd) || !is_ours(l.main_fd))
		return err_set(err, ERR_PERMISSION,
			       "'%s' belongs to somebody else", main);
	l.gitdir = xstrdup(gitdir);
	l.main = xstrdup(main);
	*out = take_link(&l);
	return 0;
}

/* Has git written there that this workspace is its work tree? */
static bool points_back(const struct git_link *l, const char *workspace)
{
	auto_free char *text = NULL, *path = NULL, *dir = NULL, *real = NULL;

	/* A file that cannot be read says nothing. */
	if (read_path(l->gitdir_fd, "gitdir", &text, ERR_IGNORE) < 0 || !text)
		return false;
	if (git_backlink_matches(l->gitdir, text, workspace))
		return true;
	/* The user may have come to the workspace by a symlink. */
	path = git_path_resolve(l->gitdir, text);
	dir = path_dir(path);
	return !strcmp(path_name(path), ".git") && *dir &&
	       fs_real_path(dir, &real, ERR_IGNORE) == 0 &&
	       !strcmp(real, workspace);
}

static bool has(int dirfd, const char *name, mode_t type)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & S_IFMT) == type;
}

static int check(const struct git_link *l, const char *workspace, char **why)
{
	if (!points_back(l, workspace))
		return skip(why, "'%s' does not point back to it", l->gitdir);
	if (!has(l->main_fd, "HEAD", S_IFREG))
		return skip(why, "'%s' has no HEAD", l->main);
	if (!has(l->main_fd, "objects", S_IFDIR))
		return skip(why, "'%s' has no objects", l->main);
	return 1;
}

int git_link_find(const char *workspace, struct git_link *out, char **why,
		  struct err *err)
{
	auto_free char *gitdir = NULL, *common = NULL, *main = NULL;
	auto_git_link struct git_link l = GIT_LINK_INIT;
	auto_close int root = fd_open_dir(workspace, err);
	auto_close int fd = -1;
	struct err cause = ERR_INIT;
	int r;

	if (root < 0)
		return -1;
	r = find_gitdir(workspace, root, &gitdir, why, err);
	if (r <= 0)
		return r;
	fd = fd_open_dir(gitdir, &cause);
	if (fd < 0)
		return skip(why, "%s", cause.msg);
	if (read_path(fd, "commondir", &common, err) < 0)
		return err_wrap(err, "'%s'", gitdir);
	if (git_main_dir(gitdir, common, &main, &cause) < 0 ||
	    git_link_open(gitdir, main, &l, &cause) < 0)
		return skip(why, "%s", cause.msg);
	r = check(&l, workspace, why);
	if (r <= 0)
		return r;
	*out = take_link(&l);
	return 1;
}
