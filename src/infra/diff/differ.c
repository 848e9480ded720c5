// SPDX-License-Identifier: Apache-2.0
/*
 * differ.c - find what the guest changed.
 *
 * Theory of operation
 *
 * The view is walked once; every path that was there when the guest started
 * and is met again, in whatever shape, is ticked off in @seen. A file with
 * the identity of the baseline was not touched. Any other is hashed and
 * compared with what the guest started from: by the baseline's own hash, or
 * by the user's file as long as that one has the identity of the baseline. If
 * the user changed it meanwhile, what the guest started from is not known any
 * more; the change is reported with an empty base_hash and the flush will
 * treat it as a conflict. What is not ticked off at the end was deleted.
 *
 * Nothing is ever taken for deleted because it could not be looked at.
 */
#include "infra/diff/differ.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/paths.h"
#include "infra/diff/text.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"
#include "infra/sys/walk.h"

/* Non-blocking: nobody promises that it still is a file. */
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
/* Set-id bits are shown to the reviewer; a flush never writes them. */
#define PERMISSION_BITS ((mode_t)07777)

static_assert(SHA256_HEX_SIZE == CHANGE_HASH_SIZE, "hash sizes differ");

struct differ {
	struct workspace_differ base;
	struct differ_config config;
};

/* One workspace_differ_compute(). */
struct job {
	struct walk walk;
	const struct baseline *baseline;
	const struct exclude *exclude;
	struct change_list *changes;
	struct notices notices;
	int original;
	int view;
	bool *seen; /* by index in the baseline */
};

static bool is_excluded(const struct job *j, const char *path, bool is_dir)
{
	return j->exclude && exclude_matches(j->exclude, path, is_dir);
}

/* Excluded itself, or in a directory that the walk does not enter. */
static bool is_excluded_deep(const struct job *j, const char *path)
{
	auto_free char *copy = xstrdup(path);

	for (char *p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (is_excluded(j, copy, /* is_dir */ true))
			return true;
		*p = '/';
	}
	return is_excluded(j, path, /* is_dir */ false);
}

static void see(struct job *j, const struct baseline_entry *entry)
{
	if (entry)
		j->seen[baseline_index(j->baseline, entry)] = true;
}

/* Leaves the path and what was below it alone. */
static void see_all(struct job *j, const char *path)
{
	size_t n, first = baseline_beneath(j->baseline, path, &n);

	see(j, baseline_find(j->baseline, path));
	if (n)
		memset(j->seen + first, true, n * sizeof(*j->seen));
}

static bool is_executable(mode_t mode)
{
	return mode & S_IXUSR;
}

/* Hashes a regular file; 0 and its state after, -1 when there is none. */
static int hash_file(int dirfd, const char *path, char out[SHA256_HEX_SIZE],
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

/* The user's file as it is now. */
struct original {
	bool readable;
	bool untouched; /* it is what the guest started from */
	mode_t mode;
	char hash[SHA256_HEX_SIZE];
};

/* @entry is NULL for a path that the guest did not start with. */
static void look_at_original(const struct job *j, const char *path,
			     const struct baseline_entry *entry,
			     struct original *out)
{
	struct file_identity now;
	struct stat st;

	*out = (struct original){ .readable = false };
	/* Absent, replaced, unreadable: it tells nothing about the start. */
	if (hash_file(j->original, path, out->hash, &st, ERR_IGNORE) < 0)
		return;
	now = file_identity_of(&st);
	out->readable = true;
	out->mode = st.st_mode;
	if (!entry)
		return;
	out->untouched = entry->hash
				 ? !strcmp(entry->hash, out->hash)
				 : file_identity_equals(&now, &entry->original);
}

/* What the guest started from, as far as it is known. */
static void find_base_hash(const struct job *j,
			   const struct baseline_entry *entry,
			   struct original *original,
			   char out[CHANGE_HASH_SIZE])
{
	look_at_original(j, entry->path, entry, original);
	out[0] = '\0';
	if (entry->hash)
		memcpy(out, entry->hash, CHANGE_HASH_SIZE);
	else if (original->untouched)
		memcpy(out, original->hash, CHANGE_HASH_SIZE);
}

static int add_change(struct job *j, const struct change *change,
		      const char *path, struct err *err)
{
	struct change copy = *change;

	if (j->changes->n >= DIFF_CHANGES_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu changes",
			       DIFF_CHANGES_MAX);
	copy.path = xstrdup(path);
	change_list_add(j->changes, &copy);
	return 0;
}

/* Did both make the same change, so that there is nothing to bring back? */
static bool is_there_already(const struct original *original,
			     const struct change *change)
{
	return original->readable && !strcmp(original->hash, change->hash) &&
	       is_executable(original->mode) == is_executable(change->mode);
}

/* Fills @change with what differs; false when nothing does. */
static bool compare(const struct job *j, const char *path,
		    const struct baseline_entry *entry, struct change *change)
{
	struct original original;

	if (!entry) {
		look_at_original(j, path, /* entry */ NULL, &original);
		return !is_there_already(&original, change);
	}
	change->kind = CHANGE_MODIFIED;
	find_base_hash(j, entry, &original, change->base_hash);
	if (is_there_already(&original, change))
		return false;
	return !change->base_hash[0] ||
	       strcmp(change->base_hash, change->hash) ||
	       is_executable(change->mode) != is_executable(entry->mode);
}

static int judge_file(struct job *j, const struct walk_entry *e,
		      const struct baseline_entry *entry, struct err *err)
{
	struct change change = {
		.kind = CHANGE_ADDED,
		.mode = e->st->st_mode & PERMISSION_BITS,
		.size = (uint64_t)e->st->st_size,
	};
	struct err why = ERR_INIT;
	struct stat st;
	int r;

	if (change.size > DIFF_FILE_MAX) {
		notices_add(&j->notices, e->path,
			    "is larger than %llu GiB, not brought back",
			    (unsigned long long)(DIFF_FILE_MAX >> 30));
		return WALK_PASS;
	}
	r = hash_file(e->dirfd, e->name, change.hash, &st, &why);
	/* The guest took the right to read away; @change has its mode. */
	if (r < 0 && why.kind == ERR_PERMISSION &&
	    !walk_allow(e->dirfd, e->name, S_IRUSR, ERR_IGNORE))
		r = hash_file(e->dirfd, e->name, change.hash, &st, &why);
	if (r < 0) {
		notices_add(&j->notices, e->path,
			    "cannot be read, not brought back: %s", why.msg);
		return WALK_PASS;
	}
	change.size = (uint64_t)st.st_size;
	if (!compare(j, e->path, entry, &change))
		return WALK_PASS;
	return add_change(j, &change, e->path, err) < 0 ? -1 : WALK_PASS;
}

static int on_file(struct job *j, const struct walk_entry *e,
		   const struct baseline_entry *entry, struct err *err)
{
	struct file_identity now = file_identity_of(e->st);

	see(j, entry);
	if (entry && entry->kind == BASELINE_SYMLINK) {
		notices_add(&j->notices, e->path,
			    "was a symlink and is a file now, "
			    "not brought back");
		return WALK_PASS;
	}
	if (!entry || entry->kind == BASELINE_DIR)
		return judge_file(j, e, /* entry */ NULL, err);
	if (file_identity_equals(&now, &entry->view))
		return WALK_PASS;
	return judge_file(j, e, entry, err);
}

static bool has_text(const struct walk_entry *e, const char *want)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(e->dirfd, e->name, text, sizeof(text) - 1);

	if (len < 0)
		return false;
	text[len] = '\0';
	return !strcmp(text, want);
}

static int on_symlink(struct job *j, const struct walk_entry *e,
		      const struct baseline_entry *entry)
{
	see_all(j, e->path);
	if (entry && entry->kind == BASELINE_SYMLINK &&
	    has_text(e, entry->link))
		return WALK_PASS;
	notices_add(&j->notices, e->path,
		    entry ? "was changed to another symlink, not brought back"
			  : "is a new symlink, not brought back");
	return WALK_PASS;
}

static int on_dir(struct job *j, const struct walk_entry *e,
		  const struct baseline_entry *entry)
{
	if (!entry || entry->kind != BASELINE_SYMLINK) {
		/* A file of this name is gone: it is not ticked off. */
		if (entry && entry->kind == BASELINE_DIR)
			see(j, entry);
		return WALK_ENTER;
	}
	see(j, entry);
	notices_add(&j->notices, e->path,
		    "was a symlink and is a directory now, not brought back");
	return WALK_PASS;
}

static int on_visit(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct job *j = container_of(w, struct job, walk);
	const struct baseline_entry *entry;
	bool is_dir = S_ISDIR(e->st->st_mode);

	if (is_excluded(j, e->path, is_dir))
		return WALK_PASS;
	entry = baseline_find(j->baseline, e->path);
	if (is_dir)
		return on_dir(j, e, entry);
	if (S_ISREG(e->st->st_mode))
		return on_file(j, e, entry, err);
	if (S_ISLNK(e->st->st_mode))
		return on_symlink(j, e, entry);
	see_all(j, e->path);
	notices_add(&j->notices, e->path,
		    "is no regular file, not brought back");
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
	/* Beyond the walker's limits the guest was not given anything. */
	if (why->kind != ERR_LIMIT)
		see_all(j, e->path);
	notices_add(&j->notices, e->path,
		    "cannot be read, not brought back: %s", why->msg);
	return 0;
}

static const struct walk_ops walk_ops = {
	.visit = on_visit,
	.unreadable = on_unreadable,
};

static bool is_gone_from_original(const struct job *j, const char *path)
{
	struct err why = ERR_INIT;
	int fd = fd_open_no_symlinks(j->original, path, O_PATH | O_NOFOLLOW, 0,
				     &why);
	bool gone = fd < 0 && (why.sys == ENOENT || why.sys == ENOTDIR);

	fd_close(&fd);
	return gone;
}

static int add_deletion(struct job *j, const struct baseline_entry *entry,
			struct err *err)
{
	struct change change = { .kind = CHANGE_DELETED };
	struct original original;

	if (is_excluded_deep(j, entry->path))
		return 0;
	if (entry->kind == BASELINE_SYMLINK) {
		notices_add(&j->notices, entry->path,
			    "was a symlink and is gone, not brought back");
		return 0;
	}
	/* Both deleted it: there is nothing to bring back. */
	if (is_gone_from_original(j, entry->path))
		return 0;
	find_base_hash(j, entry, &original, change.base_hash);
	return add_change(j, &change, entry->path, err);
}

static int add_deletions(struct job *j, struct err *err)
{
	for (size_t i = 0; i < baseline_count(j->baseline); i++) {
		const struct baseline_entry *entry =
			baseline_at(j->baseline, i);

		if (j->seen[i] || entry->kind == BASELINE_DIR)
			continue;
		if (add_deletion(j, entry, err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct job *j, const struct workspace_snapshot *s,
	       struct err *err)
{
	auto_close int original = fd_open_dir(s->original, err);
	auto_close int view = -1;
	auto_free bool *seen = NULL;

	if (original < 0)
		return -1;
	view = fd_open_dir(s->path, err);
	if (view < 0)
		return -1;
	/* One more, for calloc() of nothing may be NULL. */
	seen = xcalloc(baseline_count(s->baseline) + 1, sizeof(*seen));
	j->original = original;
	j->view = view;
	j->seen = seen;
	if (walk_tree(&j->walk, view, err) < 0)
		return -1;
	return add_deletions(j, err);
}

static int differ_compute(struct workspace_differ *base,
			  const struct workspace_snapshot *s,
			  const struct exclude *exclude,
			  struct change_list *out, struct err *err)
{
	struct differ *d = container_of(base, struct differ, base);
	auto_change_list struct change_list changes = CHANGE_LIST_INIT;
	struct job j = {
		.walk = WALK_INIT(&walk_ops),
		.baseline = s->baseline,
		.exclude = exclude,
		.changes = &changes,
		.notices = {
			.progress = d->config.progress,
			.log = d->config.log,
			.area = "diff",
		},
	};
	int r;

	/* The view is ours: the guest may not lock us out of it. */
	j.walk.force = true;
	r = run(&j, s, err);
	notices_end(&j.notices);
	if (r < 0)
		return err_make_visible(err);
	change_list_sort(&changes);
	log_debug(d->config.log, "diff: %zu changes", changes.n);
	*out = changes;
	changes = CHANGE_LIST_INIT;
	return 0;
}

static int differ_text(struct workspace_differ *d unused,
		       const struct workspace_snapshot *s,
		       const struct change *change, struct buf *out,
		       struct err *err)
{
	return diff_text(s, change, out, err);
}

static const struct workspace_differ_ops differ_ops = {
	.compute = differ_compute,
	.text = differ_text,
};

int differ_new(const struct differ_config *config,
	       struct workspace_differ **out, struct err *err)
{
	struct differ *d;

	if (git_libgit2_init() < 0)
		return err_set(err, ERR_UNSUPPORTED, "initialise libgit2");
	d = xcalloc(1, sizeof(*d));
	d->base.ops = &differ_ops;
	d->config = *config;
	*out = &d->base;
	return 0;
}

void differ_free(struct workspace_differ *base)
{
	if (!base)
		return;
	git_libgit2_shutdown();
	free(container_of(base, struct differ, base));
}
