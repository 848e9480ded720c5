// SPDX-License-Identifier: Apache-2.0
/*
 * cow_git.c - show the configurations of git without secrets and commands.
 *
 * Theory of operation
 *
 * A file of the user that git would read as a configuration becomes the
 * overlay's own before the guest is told anything of it, as if the guest had
 * written the cleaned text (domain/git/sanitise.h) itself. That happens when
 * the name is first looked up, so nobody walks through the workspace, and
 * nested repositories, submodules and bare ones are treated alike. What git
 * could not read is shown empty. The baseline of the file is the cleaned
 * text, so that it is a change only if the guest changes it.
 *
 * A directory is a git directory by what the user has in it, whatever the
 * guest made of it in its view. A configuration that is a symlink, or in a
 * share without a place for our text, does not exist for the guest.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "domain/git/config.h"
#include "domain/git/sanitise.h"
#include "domain/git/secrets.h"
#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"

#define CONFIG_MODE 0644u

static bool has(int dirfd, const char *name)
{
	struct stat st;

	/* What cannot be looked at may be there. */
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

static bool is_git_dir(const char *lower, int dirfd)
{
	if (*lower && !strcasecmp(path_name(lower), ".git"))
		return true;
	return has(dirfd, "HEAD") &&
	       (has(dirfd, "commondir") ||
		(has(dirfd, "objects") && has(dirfd, "refs")));
}

bool cow_git_is_config(struct cow_fs *fs, struct overlay_node *dir,
		       const char *name)
{
	int dirfd;

	/* A file system that folds case finds "config" as "CONFIG", too. */
	if (!dir->lower || (strcasecmp(name, "config") != 0 &&
			    strcasecmp(name, "config.worktree") != 0))
		return false;
	dirfd = cow_lower_dir(fs, dir);
	return dirfd < 0 || is_git_dir(dir->lower, dirfd);
}

static int errno_of(const struct err *err)
{
	return err->sys ? -err->sys : -EIO;
}

static void say_once(struct cow_fs *fs, struct span text,
		     const struct overlay_node *node)
{
	if (fs->told_secrets || !git_config_has_secrets(text))
		return;
	fs->told_secrets = true;
	log_warn(fs->cfg.log,
		 "git: '%s' holds secrets, which the guest does not see",
		 node->lower);
}

/* The cleaned text of the user's file; nothing when it cannot be cleaned. */
static int clean_text(struct cow_fs *fs, struct overlay_node *node,
		      struct buf *out)
{
	auto_buf struct buf text = BUF_INIT(GIT_CONFIG_SIZE_MAX);
	struct err err = ERR_INIT;
	int fd = cow_content(fs, node);

	if (fd < 0)
		return fd;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	if (fd_read_all(fd, &text, &err) < 0 && err.kind != ERR_LIMIT)
		return errno_of(&err);
	if (err.kind == ERR_NONE &&
	    git_config_sanitise(buf_span(&text), out, &err) == 0) {
		say_once(fs, buf_span(&text), node);
		return 0;
	}
	log_warn(fs->cfg.log,
		 "git: '%s' cannot be cleaned and is empty for the guest: %s",
		 node->lower, err.msg);
	return 0;
}

int cow_git_clean(struct cow_fs *fs, struct overlay_node *node)
{
	auto_buf struct buf text = BUF_INIT(COW_HASH_MAX);
	struct overlay_attr attr = node->attr;
	const struct timespec times[2] = { cow_timespec(attr.atime_ns),
					   cow_timespec(attr.mtime_ns) };
	uint8_t hash[OVERLAY_HASH_SIZE];
	int r = clean_text(fs, node, &text);

	if (r < 0)
		return r;
	attr.mode = CONFIG_MODE;
	r = overlay_set_attr(fs->overlay, node, &attr);
	if (!r)
		r = cow_content_make(fs, node, buf_span(&text), times);
	if (r < 0)
		return r;
	cow_hash(buf_span(&text), hash);
	r = overlay_set_own(fs->overlay, node, hash);
	if (r < 0)
		cow_content_drop(fs, node);
	return r;
}
