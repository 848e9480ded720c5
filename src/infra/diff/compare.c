// SPDX-License-Identifier: Apache-2.0
/*
 * compare.c - compare one path of the guest with the user's.
 */
#include "infra/diff/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"

/* Non-blocking: nobody promises that it still is a file. */
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static_assert(SHA256_HEX_SIZE == CHANGE_HASH_SIZE, "hash sizes differ");

static bool is_missing(const struct err *why)
{
	/* ELOOP, EXDEV: a symlink stands where a directory was. */
	return why->sys == ENOENT || why->sys == ENOTDIR || why->sys == ELOOP ||
	       why->sys == EXDEV;
}

static void read_target(int fd, struct sight *out)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(fd, "", text, sizeof(text));

	if (len < 0 || (size_t)len >= sizeof(text)) {
		out->state = SIGHT_UNKNOWN;
		return;
	}
	out->type = CHANGE_SYMLINK;
	out->target = xmemdup0(text, (size_t)len);
}

void sight_look(int dirfd, const char *path, struct sight *out)
{
	struct err why = ERR_INIT;
	auto_close int fd =
		fd_open_no_symlinks(dirfd, path, O_PATH | O_NOFOLLOW, 0, &why);

	*out = (struct sight){ .state = SIGHT_UNKNOWN };
	if (fd < 0) {
		if (is_missing(&why))
			out->state = SIGHT_ABSENT;
		return;
	}
	if (fstat(fd, &out->st) < 0)
		return;
	out->state = SIGHT_THERE;
	if (S_ISREG(out->st.st_mode))
		out->type = CHANGE_FILE;
	else if (S_ISDIR(out->st.st_mode))
		out->type = CHANGE_DIR;
	else if (S_ISLNK(out->st.st_mode))
		read_target(fd, out);
	else
		out->state = SIGHT_SPECIAL;
}

void sight_release(struct sight *s)
{
	free(s->target);
	*s = (struct sight){ .state = SIGHT_UNKNOWN };
}

int compare_hash(int dirfd, const char *path, char out[SHA256_HEX_SIZE],
		 struct stat *st, struct err *err)
{
	auto_close int fd =
		fd_open_no_symlinks(dirfd, path, FILE_FLAGS, 0, err);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_INVALID, "'%s' is no regular file",
			       path);
	if (hash_sha256_fd(fd, out, err) < 0)
		return err_wrap(err, "hash '%s'", path);
	/* Written while we read: the later state tells. */
	if (fstat(fd, st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	return 0;
}

bool compare_is_executable(mode_t mode)
{
	return mode & S_IXUSR;
}

/* The user's file as it is now. */
struct original {
	bool readable;
	mode_t mode;
	char hash[SHA256_HEX_SIZE];
};

static void read_original(int original, struct change *change,
			  struct original *out)
{
	struct file_identity now;
	struct stat st;

	*out = (struct original){ .readable = false };
	/* Absent, replaced, unreadable: it tells nothing about the start. */
	if (compare_hash(original, change->path, out->hash, &st, ERR_IGNORE) <
	    0)
		return;
	out->readable = true;
	out->mode = st.st_mode;
	now = file_identity_of(&st);
	if (change->base_known && change->base_type == CHANGE_FILE &&
	    !change->base_hash[0] &&
	    file_identity_equals(&now, &change->base_identity))
		memcpy(change->base_hash, out->hash, CHANGE_HASH_SIZE);
}

void compare_find_base_hash(int original, struct change *change)
{
	struct original ignored;

	if (change->base_type == CHANGE_FILE && !change->base_hash[0])
		read_original(original, change, &ignored);
}

static bool judge_file(int original, struct change *change)
{
	bool executable = compare_is_executable(change->mode);
	struct original now;

	read_original(original, change, &now);
	if (now.readable && !strcmp(now.hash, change->hash) &&
	    compare_is_executable(now.mode) == executable)
		return false;
	return !change->base_known || change->base_type != CHANGE_FILE ||
	       !change->base_hash[0] ||
	       strcmp(change->base_hash, change->hash) ||
	       compare_is_executable(change->base_mode) != executable;
}

static bool judge_link(int original, const struct change *change)
{
	auto_sight struct sight now = { .state = SIGHT_UNKNOWN };

	sight_look(original, change->path, &now);
	if (now.state == SIGHT_THERE && now.type == CHANGE_SYMLINK &&
	    !strcmp(now.target, change->target))
		return false;
	return !change->base_known || change->base_type != CHANGE_SYMLINK ||
	       !change->base_target ||
	       strcmp(change->base_target, change->target);
}

static bool judge_dir(int original, const struct change *change)
{
	auto_sight struct sight now = { .state = SIGHT_UNKNOWN };

	if (change->base_known && change->base_type == CHANGE_DIR)
		return false;
	sight_look(original, change->path, &now);
	return now.state != SIGHT_THERE || now.type != CHANGE_DIR;
}

bool compare_judge(int original, struct change *change)
{
	bool differs = false;

	change->kind = change->base_known ? CHANGE_MODIFIED : CHANGE_ADDED;
	/* A type change needs the content that it replaces. */
	if (change->base_known && change->type != change->base_type)
		compare_find_base_hash(original, change);
	switch (change->type) {
	case CHANGE_FILE:
		differs = judge_file(original, change);
		break;
	case CHANGE_SYMLINK:
		differs = judge_link(original, change);
		break;
	case CHANGE_DIR:
		differs = judge_dir(original, change);
		break;
	case CHANGE_TYPE_COUNT:
		assert(false);
	}
	return differs;
}

void compare_base_now(const struct sight *sight, struct change *change)
{
	change->base_known = true;
	change->base_type = sight->type;
	change->base_mode = sight->st.st_mode & COMPARE_MODE_BITS;
	change->base_identity = file_identity_of(&sight->st);
	if (sight->type == CHANGE_SYMLINK)
		change->base_target = xstrdup(sight->target);
}
