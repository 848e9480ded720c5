// SPDX-License-Identifier: Apache-2.0
/*
 * cloner.c - copy a workspace and remember what was copied.
 *
 * Theory of operation
 *
 * One walk by directory descriptors; @dst holds the descriptor of the copy of
 * each open level. Nothing of the workspace is written or followed.
 *
 * For every copied path the baseline gets the identity of the user's file and
 * of the copy. Identities cost nothing and tell all that the way back needs:
 * a copy with its old identity was not touched by the guest, a file of the
 * user with its old identity still holds the content the guest started from.
 * They fail in one case: a file that was written just before it was copied
 * may be written again without its time stamps moving, or while it is being
 * copied. Such files, few or none in practice, are hashed instead.
 */
#include "infra/workspace/cloner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"
#include "infra/sys/walk.h"
#include "infra/workspace/bounds.h"
#include "infra/workspace/snapshot_dir.h"

#define NS_PER_SEC INT64_C(1000000000)
/* FAT and ext3 count in seconds; a server's clock may differ a little. */
#define SETTLE_NS  (2 * NS_PER_SEC)
#define COPY_TRIES 3
/* Longer than the tick of any kernel's clock, 10 ms. */
#define TICK_PAUSE_NS	1000000L
#define TICK_TRIES	12
#define PERMISSION_BITS ((mode_t)0777) /* never set-id or sticky */

struct cloner {
	struct workspace_cloner base;
	struct cloner_config config;
};

/* One workspace_cloner_create(). */
struct job {
	struct walk walk;
	const struct cloner_config *config;
	const struct exclude *exclude;
	struct snapshot_dir *snapshot;
	struct notices notices;
	int dst[WALK_DEPTH_MAX + 1]; /* by depth; -1 means not open */
	uint64_t files;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	/* Cannot fail for this clock and a valid pointer. */
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* Gives the signals a chance to be seen. */
static int check_cancelled(struct loop *loop, struct err *err)
{
	struct err why = ERR_INIT;
	unsigned int before;

	if (!loop)
		return 0;
	before = loop_cancel_count(loop);
	/* A deadline in the past: dispatch what is there, do not wait. */
	if (loop_run(loop, NULL, /* deadline_ns */ 1, &why) < 0 &&
	    why.kind != ERR_TIMEOUT && why.kind != ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	if (why.kind == ERR_CANCELLED || loop_cancel_count(loop) != before)
		return err_set(err, ERR_CANCELLED, "interrupted");
	return 0;
}

static void add_entry(struct job *j, const char *path,
		      const struct baseline_entry *entry)
{
	struct baseline_entry copy = *entry;

	copy.path = xstrdup(path);
	baseline_add(j->snapshot->base.baseline, &copy);
}

static int make_dir(struct job *j, const struct walk_entry *e, struct err *err)
{
	const struct baseline_entry entry = {
		.kind = BASELINE_DIR,
		.mode = e->st->st_mode & PERMISSION_BITS,
	};
	int parent = j->dst[e->depth - 1];
	int fd;

	/* Too deep for the walker, which reports it and goes no deeper. */
	if (e->depth >= WALK_DEPTH_MAX)
		return WALK_ENTER;
	/* Writable until it is filled. */
	if (mkdirat(parent, e->name, 0700) < 0)
		return err_sys(err, errno, "create '%s'", e->path);
	fd = openat(parent, e->name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", e->path);
	j->dst[e->depth] = fd;
	add_entry(j, e->path, &entry);
	return WALK_ENTER;
}

static int on_leave(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct job *j = container_of(w, struct job, walk);
	const struct timespec times[] = { e->st->st_atim, e->st->st_mtim };
	int *fd;

	if (e->depth >= WALK_DEPTH_MAX)
		return 0;
	fd = &j->dst[e->depth];
	if (futimens(*fd, times) < 0 ||
	    fchmod(*fd, e->st->st_mode & PERMISSION_BITS) < 0)
		return err_sys(err, errno, "set mode of '%s'", e->path);
	fd_close(fd);
	return 0;
}

static int rewind_both(int src, int dst, struct err *err)
{
	if (lseek(src, 0, SEEK_SET) < 0 || lseek(dst, 0, SEEK_SET) < 0 ||
	    ftruncate(dst, 0) < 0)
		return err_sys(err, errno, "rewind");
	return 0;
}

static int copy_once(const struct job *j, int src, int dst,
		     const struct stat *st, struct err *err)
{
	bool reflinked;

	if (fs_copy_fd(src, dst, &reflinked, err) < 0)
		return -1;
	if (!reflinked && st->st_size && j->config->reflink_only)
		return err_set(err, ERR_UNSUPPORTED,
			       "the file system cannot share its blocks, use "
			       "--workspace-snapshot lazy");
	return 0;
}

/*
 * Copies until the source holds still. @out: its identity, unknown when it
 * never did.
 */
static int copy_content(const struct job *j, int src, int dst,
			struct file_identity *out, struct err *err)
{
	struct file_identity before, after;
	struct stat st;

	*out = FILE_IDENTITY_UNKNOWN;
	for (int i = 0; i < COPY_TRIES; i++) {
		if (i && rewind_both(src, dst, err) < 0)
			return -1;
		if (fstat(src, &st) < 0)
			return err_sys(err, errno, "look at it");
		before = file_identity_of(&st);
		if (copy_once(j, src, dst, &st, err) < 0)
			return -1;
		if (fstat(src, &st) < 0)
			return err_sys(err, errno, "look at it");
		after = file_identity_of(&st);
		if (file_identity_equals(&before, &after)) {
			*out = after;
			break;
		}
	}
	return 0;
}

static int hash_copy(int dst, char **out, struct err *err)
{
	char hex[SHA256_HEX_SIZE];

	if (lseek(dst, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewind");
	if (hash_sha256_fd(dst, hex, err) < 0)
		return -1;
	*out = xstrdup(hex);
	return 0;
}

/* Fills the copy @dst and describes both in @entry. */
static int fill_copy(struct job *j, int src, int dst, const struct stat *st,
		     struct baseline_entry *entry, struct err *err)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	int64_t settle =
		j->config->settle_ns ? j->config->settle_ns : SETTLE_NS;
	int64_t start = now_ns();
	struct stat copy_st;

	if (copy_content(j, src, dst, &entry->original, err) < 0)
		return -1;
	if (entry->original.ctime_ns >= start - settle)
		entry->original = FILE_IDENTITY_UNKNOWN;
	if (!entry->original.ino && hash_copy(dst, &entry->hash, err) < 0)
		return -1;
	if (futimens(dst, times) < 0 || fchmod(dst, entry->mode) < 0 ||
	    fstat(dst, &copy_st) < 0)
		return err_sys(err, errno, "set mode of the copy");
	entry->view = file_identity_of(&copy_st);
	return 0;
}

static int copy_to(struct job *j, const struct walk_entry *e, int src,
		   const struct stat *st, struct err *err)
{
	struct baseline_entry entry = {
		.kind = BASELINE_FILE,
		.mode = st->st_mode & PERMISSION_BITS,
	};
	auto_close int dst = openat(
		j->dst[e->depth - 1], e->name,
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int fd;

	if (dst < 0)
		return err_sys(err, errno, "create copy of '%s'", e->path);
	if (fill_copy(j, src, dst, st, &entry, err) < 0) {
		free(entry.hash);
		return err_wrap(err, "copy '%s'", e->path);
	}
	fd = fd_take(&dst);
	/* A delayed write may fail as late as here. */
	if (close(fd) < 0) {
		free(entry.hash);
		return err_sys(err, errno, "write copy of '%s'", e->path);
	}
	add_entry(j, e->path, &entry);
	progress_advance(j->config->progress, ++j->files, 0, "files");
	return 0;
}

static int copy_file(struct job *j, const struct walk_entry *e, struct err *err)
{
	/* Non-blocking: it may have become a FIFO since we looked. */
	auto_close int src = openat(e->dirfd, e->name,
				    O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
					    O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (src < 0 || fstat(src, &st) < 0) {
		notices_add(&j->notices, e->path,
			    "cannot be read (%s), the agent will not see it",
			    strerror(errno));
		return WALK_PASS;
	}
	if (!S_ISREG(st.st_mode)) {
		notices_add(&j->notices, e->path,
			    "was replaced, the agent will not see it");
		return WALK_PASS;
	}
	return copy_to(j, e, src, &st, err);
}

/*
 * The text for the copy of a link; NULL when the link leads out of the
 * workspace. An absolute text would lead nowhere in the guest, and on the
 * host to the original.
 */
static char *link_text(const struct job *j, const struct walk_entry *e,
		       const char *text)
{
	const char *root = j->snapshot->base.original;
	auto_free char *dir = path_dir(e->path);
	bool is_absolute = text[0] == '/';
	auto_free char *target =
		is_absolute ? xstrdup(text)
			    : xasprintf("%s/%s/%s", root, dir, text);
	auto_free char *clean = path_clean(target);
	auto_free char *resolved = NULL;
	const char *rest;

	if (bounds_check(root, clean, &resolved, ERR_IGNORE) < 0)
		return NULL;
	if (!is_absolute)
		return xstrdup(text);
	rest = path_below(root, clean);
	return path_relative(dir, rest ? rest : resolved);
}

static int copy_link(struct job *j, const struct walk_entry *e, struct err *err)
{
	const struct timespec times[] = { e->st->st_atim, e->st->st_mtim };
	int parent = j->dst[e->depth - 1];
	struct baseline_entry entry = { .kind = BASELINE_SYMLINK };
	char text[PATH_MAX];
	ssize_t len = readlinkat(e->dirfd, e->name, text, sizeof(text) - 1);

	if (len < 0) {
		notices_add(&j->notices, e->path,
			    "is a symlink that cannot be read, skipped");
		return WALK_PASS;
	}
	text[len] = '\0';
	entry.link = link_text(j, e, text);
	if (!entry.link) {
		notices_add(&j->notices, e->path,
			    "is a symlink out of the workspace (to '%s'), "
			    "the agent will not see it",
			    text);
		return WALK_PASS;
	}
	if (symlinkat(entry.link, parent, e->name) < 0) {
		free(entry.link);
		return err_sys(err, errno, "create copy of '%s'", e->path);
	}
	/* Not every file system keeps times for links. */
	discard(utimensat(parent, e->name, times, AT_SYMLINK_NOFOLLOW));
	add_entry(j, e->path, &entry);
	return WALK_PASS;
}

static bool is_base_dir(const struct job *j, const struct stat *st)
{
	return st->st_dev == j->snapshot->base_dev &&
	       st->st_ino == j->snapshot->base_ino;
}

static bool is_excluded(const struct job *j, const char *path, bool is_dir)
{
	return j->exclude && exclude_matches(j->exclude, path, is_dir);
}

static int on_visit(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct job *j = container_of(w, struct job, walk);
	bool is_dir = S_ISDIR(e->st->st_mode);

	if (check_cancelled(j->config->loop, err) < 0)
		return -1;
	if ((is_dir && is_base_dir(j, e->st)) ||
	    is_excluded(j, e->path, is_dir))
		return WALK_PASS;
	if (is_dir)
		return make_dir(j, e, err);
	if (S_ISLNK(e->st->st_mode))
		return copy_link(j, e, err);
	if (S_ISREG(e->st->st_mode))
		return copy_file(j, e, err);
	notices_add(&j->notices, e->path,
		    "is no regular file, the agent will not see it");
	return WALK_PASS;
}

static int on_unreadable(struct walk *w, const struct walk_entry *e,
			 const struct err *why, struct err *err)
{
	struct job *j = container_of(w, struct job, walk);

	if (!e->depth) {
		*err = *why;
		return -1;
	}
	notices_add(&j->notices, e->path,
		    "cannot be read, the agent will not see all of it: %s",
		    why->msg);
	return 0;
}

static const struct walk_ops walk_ops = {
	.visit = on_visit,
	.leave = on_leave,
	.unreadable = on_unreadable,
};

static int view_now_ns(int fd, int64_t *out, struct err *err)
{
	struct stat st;

	if (futimens(fd, NULL) < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at the snapshot");
	*out = file_identity_of(&st).ctime_ns;
	return 0;
}

/*
 * The time of the view's file system, after its next tick: what is written
 * from now on gets a later time than what was copied. Where ticks are long
 * the files that were copied last stay in doubt, see baseline_seal().
 */
static int view_next_tick_ns(int fd, int64_t *out, struct err *err)
{
	const struct timespec pause = { .tv_nsec = TICK_PAUSE_NS };
	int64_t start = 0, now;

	if (view_now_ns(fd, &start, err) < 0)
		return -1;
	now = start;
	/* There is no event for the tick of a file system's clock. */
	for (int i = 0; i < TICK_TRIES && now == start; i++) {
		nanosleep(&pause, NULL);
		if (view_now_ns(fd, &now, err) < 0)
			return -1;
	}
	*out = now;
	return 0;
}

static int copy_tree(struct job *j, struct err *err)
{
	const struct workspace_snapshot *s = &j->snapshot->base;
	auto_close int src = fd_open_dir(s->original, err);
	int64_t now = 0;

	if (src < 0)
		return -1;
	j->dst[0] = fd_open_dir(s->path, err);
	if (j->dst[0] < 0 || walk_tree(&j->walk, src, err) < 0)
		return -1;
	/* A signal that came with the last file counts, too. */
	if (check_cancelled(j->config->loop, err) < 0)
		return -1;
	if (view_next_tick_ns(j->dst[0], &now, err) < 0)
		return -1;
	baseline_seal(s->baseline, now);
	return 0;
}

static void job_release(struct job *j)
{
	for (size_t i = 0; i < ARRAY_SIZE(j->dst); i++)
		fd_close(&j->dst[i]);
}

static int populate(struct cloner *c, struct snapshot_dir *s,
		    const struct exclude *exclude, struct err *err)
{
	struct job j = {
		.walk = WALK_INIT(&walk_ops),
		.config = &c->config,
		.exclude = exclude,
		.snapshot = s,
		.notices = {
			.progress = c->config.progress,
			.log = c->config.log,
			.area = "snapshot",
		},
	};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(j.dst); i++)
		j.dst[i] = -1;
	r = copy_tree(&j, err);
	job_release(&j);
	notices_end(&j.notices);
	log_debug(c->config.log, "snapshot: %zu entries",
		  baseline_count(s->base.baseline));
	return r;
}

static int create(struct cloner *c, const char *workspace,
		  const struct exclude *exclude,
		  struct workspace_snapshot **out, struct err *err)
{
	struct err again = ERR_INIT;
	struct snapshot_dir *s;

	if (check_cancelled(c->config.loop, err) < 0 ||
	    snapshot_dir_new(c->config.cache_dir, workspace,
			     WORKSPACE_VIEW_COPY, &s, err) < 0)
		return -1;
	s->base.baseline = baseline_new();
	if (populate(c, s, exclude, err) < 0) {
		/* A second failure must not hide the first one. */
		if (snapshot_dir_discard(s, &again) < 0)
			log_warn(c->config.log, "snapshot: %s", again.msg);
		return -1;
	}
	*out = &s->base;
	return 0;
}

static int cloner_create(struct workspace_cloner *base, const char *workspace,
			 const struct exclude *exclude,
			 struct workspace_snapshot **out, struct err *err)
{
	struct cloner *c = container_of(base, struct cloner, base);

	if (create(c, workspace, exclude, out, err) < 0)
		return err_make_visible(err);
	return 0;
}

static int cloner_discard(struct workspace_cloner *c unused,
			  struct workspace_snapshot *s, struct err *err)
{
	if (snapshot_dir_discard(container_of(s, struct snapshot_dir, base),
				 err) < 0)
		return err_make_visible(err);
	return 0;
}

static void cloner_keep(struct workspace_cloner *base,
			struct workspace_snapshot *s)
{
	const struct cloner *c = container_of(base, struct cloner, base);

	snapshot_dir_keep(container_of(s, struct snapshot_dir, base),
			  c->config.log);
}

static const struct workspace_cloner_ops cloner_ops = {
	.create = cloner_create,
	.discard = cloner_discard,
	.keep = cloner_keep,
};

struct workspace_cloner *cloner_new(const struct cloner_config *config)
{
	struct cloner *c = xcalloc(1, sizeof(*c));

	c->base.ops = &cloner_ops;
	c->config = *config;
	return &c->base;
}

void cloner_free(struct workspace_cloner *base)
{
	if (base)
		free(container_of(base, struct cloner, base));
}
