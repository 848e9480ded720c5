// SPDX-License-Identifier: Apache-2.0
/*
 * settle.c - end what a killed flush had begun in a workspace.
 *
 * Theory of operation
 *
 * The last step that the journal tells of a temporary file is the one that was
 * cut short, if any was. What is at the temporary name now shows how far it
 * got: our own copy is known by its inode, which the journal has.
 *
 *  - our own: the step was not taken. It is removed; but a directory of ours,
 *    or a file that an empty directory has already given way to, is moved to a
 *    destination that is free by now, which ends the step.
 *  - the version that the step was to replace or remove: the step was taken,
 *    all that is left is to remove it (what can be kept of it, is kept for
 *    'bbox undo'). Where the destination of a replacement is free, it goes
 *    back.
 *  - anything else is the user's: an edit that came between. It goes back.
 */
#include "infra/flush/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/journal.h"
#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

struct scene {
	const struct journal_step *step;
	int dirfd;
	const char *temp; /* last component */
	struct stat st;	  /* of it */
	bool has_dest;
	struct stat dest;
	struct progress *progress;
	struct log *log;
};

static void report_kept(const struct scene *s)
{
	auto_free char *temp = text_visible(s->step->temp);
	auto_free char *name = text_visible(s->step->name);

	progress_warn(s->progress,
		      "A version of '%s' that you wrote while changes were "
		      "brought back is kept as '%s'",
		      name, temp);
	log_warn(s->log, "sweep: kept '%s' of '%s'", temp, name);
}

static void remove_temp(const struct scene *s)
{
	if (unlinkat(s->dirfd, s->temp, 0) < 0)
		unlinkat(s->dirfd, s->temp, AT_REMOVEDIR);
}

static bool move_to_dest(const struct scene *s)
{
	if (s->has_dest)
		return false;
	if (!renameat2(s->dirfd, s->temp, s->dirfd, s->step->name,
		       RENAME_NOREPLACE))
		return true;
	/* File systems without that flag have links instead. */
	if (errno != EINVAL ||
	    linkat(s->dirfd, s->temp, s->dirfd, s->step->name, 0) < 0)
		return false;
	unlinkat(s->dirfd, s->temp, 0);
	return true;
}

static bool is_ours(const struct scene *s, const struct stat *st)
{
	return s->step->ino && s->step->ino == st->st_ino;
}

/* Is it the version that the step was to replace or to remove? */
static bool is_old(const struct scene *s)
{
	struct file_identity old = s->step->old;
	struct file_identity now = file_identity_of(&s->st);

	old.dev = now.dev;
	return file_identity_equals_moved(&old, &now);
}

static void give_back(const struct scene *s)
{
	if (move_to_dest(s))
		return;
	/* What the step had put there gives way to the user's edit. */
	if (s->has_dest && is_ours(s, &s->dest) &&
	    !renameat2(s->dirfd, s->temp, s->dirfd, s->step->name,
		       RENAME_EXCHANGE)) {
		remove_temp(s);
		return;
	}
	report_kept(s);
}

static void settle_scene(const struct scene *s)
{
	bool ours = is_ours(s, &s->st);

	switch (s->step->op) {
	case JOURNAL_COPY:
		remove_temp(s);
		return;
	case JOURNAL_SWAP:
		if (!ours && !is_old(s)) {
			give_back(s);
			return;
		}
		/* The user may have removed what a file was to replace. */
		if ((ours && !S_ISDIR(s->st.st_mode)) || !move_to_dest(s))
			remove_temp(s);
		return;
	case JOURNAL_CLEAR:
		if (ours && !move_to_dest(s))
			remove_temp(s);
		else if (!ours)
			give_back(s);
		return;
	case JOURNAL_REMOVE:
		if (is_old(s))
			remove_temp(s);
		else
			give_back(s);
		return;
	case JOURNAL_OP_COUNT:
		break;
	}
	assert(false);
}

static void settle_step(int root, const struct journal_step *step,
			struct progress *progress, struct log *log)
{
	auto_free char *dir = path_dir(step->temp);
	auto_close int fd = fd_open_no_symlinks(
		root, *dir ? dir : ".", O_RDONLY | O_DIRECTORY, 0, ERR_IGNORE);
	struct scene s = {
		.step = step,
		.dirfd = fd,
		.temp = path_name(step->temp),
		.progress = progress,
		.log = log,
	};

	/* Most are gone: they were renamed into place. */
	if (fd < 0 || fstatat(fd, s.temp, &s.st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	s.has_dest = !fstatat(fd, step->name, &s.dest, AT_SYMLINK_NOFOLLOW);
	/* Not knowing what is there, nothing is done to it. */
	if (!s.has_dest && errno != ENOENT)
		return;
	settle_scene(&s);
}

static void settle_all(struct span steps, int root, struct progress *progress,
		       struct log *log)
{
	struct journal_step step, next = { .temp = NULL };
	bool more = journal_next(&steps, &step);

	while (more) {
		more = journal_next(&steps, &next);
		/* The steps of one temporary file follow each other. */
		if (!more || strcmp(step.temp, next.temp) != 0)
			settle_step(root, &step, progress, log);
		step = next;
	}
}

void settle_journal(const char *path, struct progress *progress,
		    struct log *log)
{
	auto_buf struct buf text = BUF_INIT(JOURNAL_SIZE_MAX);
	struct err err = ERR_INIT;
	auto_close int root = -1;
	const char *workspace;
	struct span rest;

	/* Most sessions die before they flush, and have none. */
	if (fs_read_file(path, &text, &err) < 0) {
		if (err.kind != ERR_NOT_FOUND)
			log_warn(log, "sweep: %s", err.msg);
		return;
	}
	rest = buf_span(&text);
	if (journal_start(&rest, &workspace)) {
		root = fd_open_dir(workspace, &err);
		if (root < 0) {
			/* An absent disk may come back. */
			log_warn(log, "sweep: %s", err.msg);
			return;
		}
		settle_all(rest, root, progress, log);
	}
	if (unlink(path) < 0)
		log_warn(log, "sweep: remove '%s': %s", path, strerror(errno));
}
