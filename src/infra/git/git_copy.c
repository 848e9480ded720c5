// SPDX-License-Identifier: Apache-2.0
/*
 * git_copy.c - clean the configurations of git in a copied workspace: those of
 * nested repositories, submodules and bare ones, too.
 *
 * The cleaned text becomes the baseline of the file, so that it is no change
 * unless the guest changes it.
 */
#include "infra/git/git_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/git/config.h"
#include "domain/git/sanitise.h"
#include "domain/git/secrets.h"
#include "domain/workspace/paths.h"
#include "infra/git/git_read.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"
#include "infra/sys/walk.h"

#define CONFIG_MODE 0644
#define TEMP_NAME   ".bbox-config"

struct job {
	struct walk walk;
	const struct workspace_snapshot *snapshot;
	struct log *log;
	bool told;
};

static bool has(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

/* The same rule as the file server's, who shows them without a copy. */
static bool is_config(const struct walk_entry *e)
{
	auto_free char *dir = NULL;

	if (strcasecmp(e->name, "config") != 0 &&
	    strcasecmp(e->name, "config.worktree") != 0)
		return false;
	dir = path_dir(e->path);
	if (!strcasecmp(path_name(dir), ".git"))
		return true;
	return has(e->dirfd, "HEAD") &&
	       (has(e->dirfd, "commondir") ||
		(has(e->dirfd, "objects") && has(e->dirfd, "refs")));
}

static int clean_text(struct job *j, const struct walk_entry *e,
		      struct buf *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(GIT_CONFIG_SIZE_MAX);
	struct err why = ERR_INIT;
	int r = git_read_file(e->dirfd, e->name, &text, &why);

	if (r < 0 && why.kind != ERR_LIMIT) {
		*err = why;
		return -1;
	}
	if (r == 0 && git_config_sanitise(buf_span(&text), out, &why) == 0) {
		if (!j->told && git_config_has_secrets(buf_span(&text))) {
			log_warn(j->log,
				 "git: '%s' holds secrets, which the guest "
				 "does not see",
				 e->path);
			j->told = true;
		}
		return 0;
	}
	log_warn(j->log,
		 "git: '%s' cannot be cleaned and is empty for the guest: %s",
		 e->path, why.msg);
	return 0;
}

static int replace(const struct walk_entry *e, const struct buf *text,
		   struct err *err)
{
	auto_close int fd = -1;

	if (unlinkat(e->dirfd, TEMP_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", TEMP_NAME);
	fd = fd_open_no_symlinks(e->dirfd, TEMP_NAME,
				 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
				 CONFIG_MODE, err);
	if (fd < 0 || fd_write_all(fd, text->data, text->len, err) < 0)
		return -1;
	if (fchmod(fd, CONFIG_MODE) < 0 ||
	    renameat(e->dirfd, TEMP_NAME, e->dirfd, e->name) < 0)
		return err_sys(err, errno, "replace '%s'", e->path);
	return 0;
}

static int clean(struct job *j, const struct walk_entry *e, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(2 * GIT_CONFIG_SIZE_MAX);
	char hash[SHA256_HEX_SIZE];

	/* What is behind a symlink shows by its own name as well. */
	if (S_ISLNK(e->st->st_mode))
		return err_set(err, ERR_INVALID,
			       "a configuration of git that is a symlink "
			       "cannot be shown in a copy");
	if (!S_ISREG(e->st->st_mode))
		return 0;
	if (clean_text(j, e, &text, err) < 0 || replace(e, &text, err) < 0)
		return -1;
	hash_sha256(text.data, text.len, hash);
	baseline_update(j->snapshot->baseline, e->path, hash);
	return 0;
}

static int on_entry(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct job *j = container_of(w, struct job, walk);

	if (e->st && S_ISDIR(e->st->st_mode))
		return WALK_ENTER;
	if (is_config(e) && (!e->st || clean(j, e, err) < 0))
		return err_wrap(err, "clean '%s'", e->path);
	return WALK_PASS;
}

static int on_unreadable(struct walk *w unused, const struct walk_entry *e,
			 const struct err *why, struct err *err)
{
	*err = *why;
	return err_wrap(err, "look for configurations of git in '%s'", e->path);
}

int git_copy_clean(const struct workspace_snapshot *s, struct log *log,
		   struct err *err)
{
	static const struct walk_ops ops = { .visit = on_entry,
					     .unreadable = on_unreadable };
	auto_free struct job *j = xcalloc(1, sizeof(*j));
	auto_close int fd = fd_open_dir(s->path, err);

	if (fd < 0)
		return -1;
	j->walk = WALK_INIT(&ops);
	j->walk.force = true;
	j->snapshot = s;
	j->log = log;
	return walk_tree(&j->walk, fd, err);
}
