// SPDX-License-Identifier: Apache-2.0
/*
 * target.c - look at, replace and remove one path of the workspace.
 *
 * Theory of operation
 *
 * Between looking at a path and writing it the user may save it again. So an
 * existing file is not overwritten but exchanged with the new one, in one
 * step; then what came out is compared with what was looked at, and put back
 * if it is something else. A deletion moves the file aside, compares, and
 * only then unlinks. A new file never replaces anything. A directory is only
 * ever removed when it is empty, which the kernel checks in the same step.
 *
 * Every access goes through the descriptor of the directory, which was opened
 * beneath the workspace without following symlinks.
 */
#include "infra/flush/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/snapshot/exclude.h"
#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"

#define DIR_FLAGS  (O_RDONLY | O_DIRECTORY)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

void target_release(struct target *t)
{
	fd_close(&t->dirfd);
	*t = TARGET_INIT;
}

int target_conflict(const struct target *t, struct err *err)
{
	return err_set(err, ERR_CONFLICT,
		       "'%s' was changed in the workspace meanwhile, that "
		       "version is kept",
		       t->path);
}

/* The directory of @path in @out, -1 when there is none. */
static int open_dir(int root, const char *path, enum change_kind kind, int *out,
		    struct err *err)
{
	auto_free char *dir = path_dir(path);
	struct err why = ERR_INIT;
	int fd =
		fd_open_no_symlinks(root, *dir ? dir : ".", DIR_FLAGS, 0, &why);

	/* What the user replaced by a file has nothing in it any more. */
	if (fd >= 0 || why.sys == ENOENT ||
	    (why.sys == ENOTDIR && kind == CHANGE_DELETED)) {
		*out = fd;
		return 0;
	}
	if (why.sys == ELOOP || why.sys == EXDEV)
		return err_set(err, ERR_INVALID,
			       "path traversal rejected: '%s' leads through a "
			       "symlink",
			       path);
	if (why.sys == ENOTDIR)
		return err_set(err, ERR_CONFLICT,
			       "'%s' needs a directory where the workspace has "
			       "a file",
			       path);
	*err = why;
	return -1;
}

/* The content's hash, and @t->st as it was afterwards. */
static int hash_target(struct target *t, char out[SHA256_HEX_SIZE],
		       struct err *err)
{
	auto_close int fd = openat(t->dirfd, t->name, FILE_FLAGS);

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", t->path);
	if (hash_sha256_fd(fd, out, err) < 0)
		return -1;
	if (fstat(fd, &t->st) < 0 || !S_ISREG(t->st.st_mode))
		return err_set(err, ERR_CONFLICT, "'%s' was replaced", t->path);
	return 0;
}

static enum threeway_original judge_file(struct target *t,
					 const struct change *change)
{
	bool had = change->base_known && change->base_type == CHANGE_FILE;
	bool wants =
		change->kind != CHANGE_DELETED && change->type == CHANGE_FILE;
	struct file_identity now = file_identity_of(&t->st);
	char hash[SHA256_HEX_SIZE];

	if (had && file_identity_equals(&now, &change->base_identity))
		return THREEWAY_UNTOUCHED;
	/* What cannot be read counts as the user's work. */
	if (hash_target(t, hash, ERR_IGNORE) < 0)
		return THREEWAY_EDITED;
	if (had && change->base_hash[0] && !strcmp(change->base_hash, hash))
		return THREEWAY_UNTOUCHED;
	if (wants && !strcmp(change->hash, hash))
		return THREEWAY_SAME_AS_GUEST;
	return THREEWAY_EDITED;
}

static bool read_link(const struct target *t, char out[PATH_MAX])
{
	ssize_t len = readlinkat(t->dirfd, t->name, out, PATH_MAX - 1);

	out[len > 0 ? len : 0] = '\0';
	return len > 0;
}

static enum threeway_original judge_link(const struct target *t,
					 const struct change *change)
{
	bool had = change->base_known && change->base_type == CHANGE_SYMLINK;
	bool wants = change->kind != CHANGE_DELETED &&
		     change->type == CHANGE_SYMLINK;
	char text[PATH_MAX];

	if (!read_link(t, text))
		return THREEWAY_EDITED;
	if (had && change->base_target && !strcmp(change->base_target, text))
		return THREEWAY_UNTOUCHED;
	if (wants && !strcmp(change->target, text))
		return THREEWAY_SAME_AS_GUEST;
	return THREEWAY_EDITED;
}

static enum threeway_original judge_dir(const struct change *change)
{
	bool had = change->base_known && change->base_type == CHANGE_DIR;
	bool wants =
		change->kind != CHANGE_DELETED && change->type == CHANGE_DIR;

	if (wants)
		return THREEWAY_SAME_AS_GUEST;
	/* What is in it was changed or not on its own account. */
	return had ? THREEWAY_UNTOUCHED : THREEWAY_EDITED;
}

/* The user's symlink is in the way of something else. */
static int refuse_symlink(const struct target *t, struct err *err)
{
	char text[PATH_MAX];

	/* Without its text when it cannot be read. */
	discard(read_link(t, text));
	return err_set(err, ERR_INVALID,
		       "'%s' is a symlink to '%s' and not written through: "
		       "edit its target, or add the path to " EXCLUDE_FILE,
		       t->path, text);
}

static bool knows_symlinks(const struct change *change)
{
	return change->type == CHANGE_SYMLINK ||
	       (change->base_known && change->base_type == CHANGE_SYMLINK);
}

static int judge(struct target *t, const struct change *change, struct err *err)
{
	t->state = THREEWAY_EDITED;
	if (S_ISREG(t->st.st_mode)) {
		t->type = TARGET_FILE;
		t->state = judge_file(t, change);
	} else if (S_ISDIR(t->st.st_mode)) {
		t->type = TARGET_DIR;
		t->state = judge_dir(change);
	} else if (S_ISLNK(t->st.st_mode)) {
		t->type = TARGET_SYMLINK;
		if (!knows_symlinks(change))
			return refuse_symlink(t, err);
		t->state = judge_link(t, change);
	} else {
		t->type = TARGET_SPECIAL;
	}
	return 0;
}

int target_look(int root, const struct change *change, struct target *out,
		struct err *err)
{
	struct target *t = out;

	*t = TARGET_INIT;
	t->path = change->path;
	t->name = path_name(change->path);
	t->state = THREEWAY_ABSENT;
	if (!path_is_plain(change->path))
		return err_set(err, ERR_INVALID,
			       "path traversal rejected: '%s'", change->path);
	if (open_dir(root, t->path, change->kind, &t->dirfd, err) < 0)
		return -1;
	if (t->dirfd < 0)
		return 0;
	if (fstatat(t->dirfd, t->name, &t->st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(err, errno, "look at '%s'", t->path);
	}
	return judge(t, change, err);
}

int target_make_parents(int root, struct target *t, struct err *err)
{
	auto_free char *dir = path_dir(t->path);

	if (t->dirfd >= 0)
		return 0;
	if (fs_mkdir_all_at(root, dir, 0755, err) < 0 ||
	    open_dir(root, t->path, CHANGE_ADDED, &t->dirfd, err) < 0)
		return -1;
	/* Removed again at once. */
	return t->dirfd < 0 ? target_conflict(t, err) : 0;
}

/* Is what @name is now what was looked at? */
static bool is_same_file(const struct target *t, const char *name)
{
	struct file_identity then = file_identity_of(&t->st), now;
	struct stat st;

	if (fstatat(t->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	now = file_identity_of(&st);
	/* Moving changed its ctime. */
	return (st.st_mode & S_IFMT) == (t->st.st_mode & S_IFMT) &&
	       file_identity_equals_moved(&now, &then);
}

static int move(const struct target *t, const char *from, const char *to,
		unsigned int flags)
{
	return renameat2(t->dirfd, from, t->dirfd, to, flags);
}

static bool is_unsupported(int sys)
{
	return sys == EINVAL || sys == ENOSYS || sys == EOPNOTSUPP;
}

/* Moves @from to the free name @to. */
static int move_to_free(const struct target *t, const char *from,
			const char *to, struct err *err)
{
	if (!move(t, from, to, RENAME_NOREPLACE))
		return 0;
	/* File systems without that flag (NFS) have links instead. */
	if (is_unsupported(errno) && !linkat(t->dirfd, from, t->dirfd, to, 0)) {
		unlinkat(t->dirfd, from, 0);
		return 0;
	}
	if (errno == EEXIST || errno == ENOENT)
		return target_conflict(t, err);
	return err_sys(err, errno, "rename to '%s'", t->path);
}

static int replace_without_exchange(const struct target *t, const char *temp,
				    struct err *err)
{
	struct stat st;

	/* A short moment is left in which an edit would be lost. */
	if (!is_same_file(t, t->name))
		return target_conflict(t, err);
	/* Only a directory takes the place of a directory. */
	if (!fstatat(t->dirfd, temp, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISDIR(st.st_mode) && unlinkat(t->dirfd, t->name, 0) < 0)
		return err_sys(err, errno, "remove '%s'", t->path);
	if (renameat(t->dirfd, temp, t->dirfd, t->name) < 0)
		return err_sys(err, errno, "rename to '%s'", t->path);
	return 0;
}

void target_drop_temp(const struct target *t, const char *temp)
{
	if (unlinkat(t->dirfd, temp, 0) < 0)
		unlinkat(t->dirfd, temp, AT_REMOVEDIR);
}

/* What came out of the exchange was not what had been looked at. */
static int exchange_back(const struct target *t, const char *temp,
			 struct err *err)
{
	/* @temp is the user's own then, and stays. */
	if (move(t, temp, t->name, RENAME_EXCHANGE) < 0)
		return err_set(err, ERR_CONFLICT,
			       "'%s' was changed meanwhile, and that version "
			       "is now '%s' beside it",
			       t->path, temp);
	target_drop_temp(t, temp);
	return target_conflict(t, err);
}

static int replace(const struct target *t, const char *temp, struct err *err)
{
	if (!move(t, temp, t->name, RENAME_EXCHANGE))
		return 0;
	if (is_unsupported(errno))
		return replace_without_exchange(t, temp, err);
	if (errno == ENOENT)
		return target_conflict(t, err);
	return err_sys(err, errno, "rename to '%s'", t->path);
}

/* An empty directory gives way. */
static int place_for_dir(const struct target *t, const char *temp,
			 struct err *err)
{
	if (unlinkat(t->dirfd, t->name, AT_REMOVEDIR) < 0) {
		if (errno == ENOTEMPTY || errno == EEXIST)
			return err_set(err, ERR_CONFLICT,
				       "the directory '%s' is kept, because "
				       "there are files in it that the agent "
				       "did not have or remove",
				       t->path);
		return err_sys(err, errno, "remove directory '%s'", t->path);
	}
	if (move_to_free(t, temp, t->name, err) < 0) {
		/* If this fails, too, an empty directory was lost. */
		discard(mkdirat(t->dirfd, t->name, t->st.st_mode & 0777));
		return -1;
	}
	return 0;
}

static int place(const struct target *t, const char *temp, struct err *err)
{
	switch (t->type) {
	case TARGET_ABSENT:
		return move_to_free(t, temp, t->name, err);
	case TARGET_FILE:
	case TARGET_SYMLINK:
		return replace(t, temp, err);
	case TARGET_DIR:
		return place_for_dir(t, temp, err);
	case TARGET_SPECIAL:
		break;
	}
	return target_conflict(t, err);
}

int target_place(const struct target *t, const char *temp, struct err *err)
{
	bool exchanged = t->type == TARGET_FILE || t->type == TARGET_SYMLINK;

	if (place(t, temp, err) < 0) {
		target_drop_temp(t, temp);
		return -1;
	}
	if (!exchanged ||
	    faccessat(t->dirfd, temp, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!is_same_file(t, temp))
		return exchange_back(t, temp, err);
	if (unlinkat(t->dirfd, temp, 0) < 0)
		return err_sys(err, errno, "remove old version of '%s'",
			       t->path);
	return 0;
}

static int move_back(const struct target *t, const char *temp, struct err *err)
{
	struct err why = ERR_INIT;

	if (!move_to_free(t, temp, t->name, &why))
		return -1;
	return err_set(err, ERR_CONFLICT,
		       "'%s' was changed meanwhile, and that version is now "
		       "'%s' beside it",
		       t->path, temp);
}

/* Moves what is at the path to @temp, if it is what was looked at. */
static int set_aside(const struct target *t, const char *temp, struct err *err)
{
	if (move_to_free(t, t->name, temp, err) < 0)
		return -1;
	if (is_same_file(t, temp))
		return 0;
	target_conflict(t, err);
	return move_back(t, temp, err);
}

int target_remove(const struct target *t, const char *temp, struct err *err)
{
	if (set_aside(t, temp, err) < 0)
		return -1;
	if (unlinkat(t->dirfd, temp, 0) < 0)
		return err_sys(err, errno, "remove '%s'", t->path);
	return 0;
}

int target_make_dir(const struct target *t, mode_t mode, struct err *err)
{
	if (!mkdirat(t->dirfd, t->name, mode))
		return 0;
	if (errno == EEXIST)
		return target_conflict(t, err);
	return err_sys(err, errno, "create directory '%s'", t->path);
}

int target_remove_dir(const struct target *t, struct err *err)
{
	if (!unlinkat(t->dirfd, t->name, AT_REMOVEDIR) || errno == ENOENT ||
	    errno == ENOTEMPTY || errno == EEXIST)
		return 0;
	return err_sys(err, errno, "remove directory '%s'", t->path);
}

int target_chmod(const struct target *t, mode_t mode, struct err *err)
{
	auto_close int fd = openat(t->dirfd, t->name, FILE_FLAGS);
	struct file_identity then = file_identity_of(&t->st), now;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open '%s'", t->path);
	now = file_identity_of(&st);
	if (!file_identity_equals(&now, &then))
		return target_conflict(t, err);
	if (fchmod(fd, mode) < 0)
		return err_sys(err, errno, "set mode of '%s'", t->path);
	return 0;
}
