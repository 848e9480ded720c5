// SPDX-License-Identifier: Apache-2.0
/*
 * flusher.c - bring accepted changes into the workspace.
 *
 * Theory of operation
 *
 * Each change stands alone: the guest's file is copied into a temporary file
 * beside its destination and hashed on the way through the same descriptor,
 * so that what is written is what was reviewed; it is synced and moved into
 * place in one step. A failure is reported and the rest goes on.
 *
 * Additions and modifications come first and deletions after, so that being
 * killed between the halves of a rename leaves the file twice and not not at
 * all. Only where a file takes the place of a directory or the other way round
 * must the addition wait for the deletion.
 *
 * The journal (domain/workspace/journal.h) lists every temporary file before
 * it is made. It need not be synced: it is for a killed process, whose writes
 * the kernel still has.
 */
#include "infra/flush/flusher.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/workspace/journal.h"
#include "domain/workspace/notices.h"
#include "domain/workspace/paths.h"
#include "infra/flush/target.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"

#define FILE_FLAGS	(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define PERMISSION_BITS ((mode_t)0777)	     /* never set-id or sticky */
#define COPY_CHUNK	((size_t)128 * 1024) /* bytes */

static_assert(SHA256_HEX_SIZE == CHANGE_HASH_SIZE, "hash sizes differ");

struct flusher {
	struct workspace_flusher base;
	struct flusher_config config;
};

/* One workspace_flusher_flush(). */
struct job {
	const struct flusher_config *config;
	const struct workspace_snapshot *snapshot;
	const struct change_list *changes;
	int root;    /* of the user's workspace */
	int view;    /* of the guest's */
	int journal; /* -1 until there is a temporary file */
	mode_t umask;
	struct flush_report report;
	struct err first; /* failure */
};

static int journal_write(struct job *j, const char *text, struct err *err)
{
	if (fd_write_all(j->journal, text, strlen(text) + 1, err) < 0)
		return err_wrap(err, "write journal");
	return 0;
}

static int journal_open(struct job *j, struct err *err)
{
	auto_free char *name =
		xasprintf("%s" JOURNAL_SUFFIX, j->snapshot->path);

	if (j->journal >= 0)
		return 0;
	j->journal = open(name,
			  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			  0600);
	if (j->journal < 0)
		return err_sys(err, errno, "create '%s'", name);
	return journal_write(j, j->snapshot->original, err);
}

static void journal_close(struct job *j)
{
	auto_free char *name =
		xasprintf("%s" JOURNAL_SUFFIX, j->snapshot->path);

	if (j->journal < 0)
		return;
	fd_close(&j->journal);
	/* Left behind it is harmless: its files are gone. */
	unlink(name);
}

/* A new name beside the target, in the journal already. */
static int make_temp_name(struct job *j, const struct target *t,
			  char out[JOURNAL_TEMP_SIZE], struct err *err)
{
	auto_free char *dir = path_dir(t->path);
	auto_free char *path = NULL;
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, errno, "get random bytes");
	journal_temp_name(random, out);
	path = *dir ? xasprintf("%s/%s", dir, out) : xstrdup(out);
	if (journal_open(j, err) < 0)
		return -1;
	return journal_write(j, path, err);
}

static int open_source(const struct job *j, const struct change *change,
		       struct err *err)
{
	struct err why = ERR_INIT;
	struct stat st;
	auto_close int fd =
		fd_open_no_symlinks(j->view, change->path, FILE_FLAGS, 0, &why);

	if (fd < 0 && (why.sys == ELOOP || why.sys == EXDEV))
		return err_set(err, ERR_INVALID,
			       "path traversal rejected: the agent's '%s' "
			       "leads through a symlink",
			       change->path);
	if (fd < 0) {
		*err = why;
		return -1;
	}
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at '%s'", change->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID,
			       "the agent's '%s' is no regular file",
			       change->path);
	return fd_take(&fd);
}

/* Copies and hashes; more than @max bytes are not the reviewed file. */
static int copy_hashed(int src, int dst, uint64_t max,
		       char out[SHA256_HEX_SIZE], struct err *err)
{
	auto_hash struct hash *hash = hash_new(HASH_SHA256);
	auto_free char *chunk = xmalloc(COPY_CHUNK);
	auto_free char *hex = NULL;
	uint64_t total = 0;
	ssize_t n;

	for (;;) {
		n = read(src, chunk, COPY_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read");
		if (!n)
			break;
		total += (uint64_t)n;
		if (total > max)
			return err_set(err, ERR_INTEGRITY,
				       "hash mismatch: the file grew after "
				       "the diff");
		hash_add(hash, chunk, (size_t)n);
		if (fd_write_all(dst, chunk, (size_t)n, err) < 0)
			return -1;
	}
	hex = hash_hex(hash);
	memcpy(out, hex, SHA256_HEX_SIZE);
	return 0;
}

static bool is_executable(mode_t mode)
{
	return mode & S_IXUSR;
}

/*
 * The user's permissions stay as they are, except that the guest may make a
 * file executable, for those who may read it, or no longer so.
 */
static mode_t mode_for(const struct job *j, const struct target *t,
		       const struct change *change,
		       const struct baseline_entry *base)
{
	mode_t mode = t->st.st_mode & PERMISSION_BITS;
	bool want = is_executable(change->mode);
	bool had = base && base->kind == BASELINE_FILE &&
		   is_executable(base->mode);

	if (!t->is_file)
		return change->mode & PERMISSION_BITS & ~j->umask;
	if (want == had)
		return mode;
	return want ? mode | (mode & 0444) >> 2 : mode & ~(mode_t)0111;
}

/* A replaced file keeps its owner and group, where we may give it away. */
static void keep_owner(const struct target *t, int fd)
{
	if (!t->is_file)
		return;
	if (fchown(fd, t->st.st_uid, t->st.st_gid) < 0)
		discard(fchown(fd, (uid_t)-1, t->st.st_gid));
}

static int fill_temp(const struct target *t, const struct change *change,
		     int src, int dst, mode_t mode, struct err *err)
{
	char hash[SHA256_HEX_SIZE];

	if (copy_hashed(src, dst, change->size, hash, err) < 0)
		return err_wrap(err, "copy '%s'", change->path);
	if (strcmp(hash, change->hash))
		return err_set(err, ERR_INTEGRITY,
			       "hash mismatch: '%s' is not what the diff saw",
			       change->path);
	keep_owner(t, dst);
	if (fchmod(dst, mode) < 0 || fsync(dst) < 0)
		return err_sys(err, errno, "finish '%s'", change->path);
	return 0;
}

static int write_file(struct job *j, struct target *t,
		      const struct change *change, mode_t mode, struct err *err)
{
	auto_close int src = open_source(j, change, err);
	auto_close int dst = -1;
	char temp[JOURNAL_TEMP_SIZE];

	if (src < 0 || target_make_dir(j->root, t, err) < 0 ||
	    make_temp_name(j, t, temp, err) < 0)
		return -1;
	dst = openat(t->dirfd, temp,
		     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	if (dst < 0)
		return err_sys(err, errno, "create a file beside '%s'",
			       change->path);
	if (fill_temp(t, change, src, dst, mode, err) < 0) {
		unlinkat(t->dirfd, temp, 0);
		return -1;
	}
	return target_place(t, temp, err);
}

static int remove_file(struct job *j, const struct target *t, struct err *err)
{
	char temp[JOURNAL_TEMP_SIZE];

	if (make_temp_name(j, t, temp, err) < 0)
		return -1;
	return target_remove(t, temp, err);
}

static int flush_one(struct job *j, const struct change *change,
		     struct err *err)
{
	const struct baseline_entry *base =
		baseline_find(j->snapshot->baseline, change->path);
	auto_target struct target t = TARGET_INIT;
	mode_t mode;

	if (base && base->kind != BASELINE_FILE)
		base = NULL;
	if (target_look(j->root, change, base, &t, err) < 0)
		return -1;
	mode = mode_for(j, &t, change, base);
	switch (threeway_judge(change->kind, t.state)) {
	case THREEWAY_CONFLICT:
		return target_conflict(&t, err);
	case THREEWAY_APPLY:
		if (change->kind == CHANGE_DELETED)
			return remove_file(j, &t, err);
		return write_file(j, &t, change, mode, err);
	case THREEWAY_NOTHING:
		break;
	}
	/* The content is there; whether it may be executed is left. */
	if (t.is_file && mode != (t.st.st_mode & PERMISSION_BITS))
		return target_chmod(&t, mode, err);
	return 0;
}

static void flush_and_report(struct job *j, const struct change *change)
{
	struct err err = ERR_INIT;

	if (!flush_one(j, change, &err)) {
		j->report.written++;
		return;
	}
	err_make_visible(&err);
	progress_warn(j->config->progress, "Not written: %s", err.msg);
	log_warn(j->config->log, "flush: %s", err.msg);
	if (!j->report.failed++)
		j->first = err;
}

/* The index of the first change whose path is not below @path in order. */
static size_t lower_bound(const struct change_list *list, const char *path)
{
	size_t first = 0, last = list->n;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (strcmp(list->v[middle].path, path) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

static bool is_accepted_deletion(const struct change *change)
{
	return change->kind == CHANGE_DELETED &&
	       change->decision == CHANGE_ACCEPTED;
}

/* Is a file deleted at one of the directories of @path? */
static bool deletes_above(const struct change_list *list, const char *path)
{
	auto_free char *dir = xstrdup(path);
	char *slash;

	while ((slash = strrchr(dir, '/'))) {
		size_t i;

		*slash = '\0';
		i = lower_bound(list, dir);
		if (i < list->n && !strcmp(list->v[i].path, dir) &&
		    is_accepted_deletion(&list->v[i]))
			return true;
	}
	return false;
}

static bool deletes_below(const struct change_list *list, const char *path)
{
	auto_free char *prefix = xasprintf("%s/", path);
	size_t len = strlen(prefix);

	for (size_t i = lower_bound(list, prefix);
	     i < list->n && !strncmp(list->v[i].path, prefix, len); i++) {
		if (is_accepted_deletion(&list->v[i]))
			return true;
	}
	return false;
}

/* In which of the three rounds a change's turn is. */
static int round_of(const struct change_list *list, const struct change *change)
{
	if (change->kind == CHANGE_DELETED)
		return 1;
	if (change->kind == CHANGE_ADDED &&
	    (deletes_above(list, change->path) ||
	     deletes_below(list, change->path)))
		return 2;
	return 0;
}

/* Did the guest have this directory, and is it without it now? */
static bool guest_removed_dir(const struct job *j, const char *dir)
{
	const struct baseline_entry *base =
		baseline_find(j->snapshot->baseline, dir);
	struct err why = ERR_INIT;
	auto_close int fd = -1;

	if (!base || base->kind != BASELINE_DIR)
		return false;
	fd = fd_open_no_symlinks(j->view, dir, O_PATH | O_DIRECTORY, 0, &why);
	return fd < 0 && (why.sys == ENOENT || why.sys == ENOTDIR);
}

/* Removes the directories that a deletion left empty, upwards. */
static void remove_empty_dirs(const struct job *j, const char *path)
{
	auto_free char *dir = path_dir(path);

	while (*dir && guest_removed_dir(j, dir)) {
		auto_free char *parent = path_dir(dir);
		auto_close int fd = fd_open_no_symlinks(
			j->root, *parent ? parent : ".", O_RDONLY | O_DIRECTORY,
			0, ERR_IGNORE);

		/* Not empty, most likely; then those above are not, either. */
		if (fd < 0 || unlinkat(fd, path_name(dir), AT_REMOVEDIR) < 0)
			return;
		free(dir);
		dir = take_ptr(parent);
	}
}

static void flush_rounds(struct job *j)
{
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < j->changes->n; i++) {
			const struct change *change = &j->changes->v[i];

			if (change->decision != CHANGE_ACCEPTED ||
			    round_of(j->changes, change) != round)
				continue;
			flush_and_report(j, change);
			if (round == 1)
				remove_empty_dirs(j, change->path);
		}
	}
}

/* Submodules' git directories are never brought back. */
static void mention_submodules(const struct job *j)
{
	for (size_t i = 0; i < j->changes->n; i++) {
		const struct change *change = &j->changes->v[i];

		if (change->decision == CHANGE_ACCEPTED &&
		    !strcmp(path_name(change->path), ".gitmodules")) {
			progress_info(j->config->progress,
				      "Git directories of submodules are not "
				      "written back; run 'git submodule update "
				      "--init' on the host");
			return;
		}
	}
}

static int run(struct job *j, struct err *err)
{
	auto_close int root = fd_open_dir(j->snapshot->original, err);
	auto_close int view = -1;

	if (root < 0)
		return -1;
	view = fd_open_dir(j->snapshot->path, err);
	if (view < 0)
		return -1;
	j->root = root;
	j->view = view;
	j->umask = umask(0);
	umask(j->umask);
	flush_rounds(j);
	/* The snapshot may go only when the new names are on the disk. */
	if (j->report.written && syncfs(root) < 0)
		log_warn(j->config->log, "flush: sync '%s': %s",
			 j->snapshot->original, strerror(errno));
	journal_close(j);
	if (j->report.failed) {
		*err = j->first;
		return -1;
	}
	mention_submodules(j);
	return 0;
}

static int flusher_flush(struct workspace_flusher *base,
			 const struct workspace_snapshot *s,
			 const struct change_list *changes,
			 struct flush_report *out, struct err *err)
{
	struct flusher *f = container_of(base, struct flusher, base);
	struct job j = {
		.config = &f->config,
		.snapshot = s,
		.changes = changes,
		.journal = -1,
	};
	int r;

	*out = (struct flush_report){ .written = 0 };
	if (!s || !change_list_accepted(changes))
		return 0;
	r = run(&j, err);
	*out = j.report;
	/* Nothing was tried: all of it is unwritten. */
	if (r < 0 && !j.report.failed)
		out->failed = change_list_accepted(changes);
	return r < 0 ? err_make_visible(err) : 0;
}

static const struct workspace_flusher_ops flusher_ops = {
	.flush = flusher_flush,
};

struct workspace_flusher *flusher_new(const struct flusher_config *config)
{
	struct flusher *f = xcalloc(1, sizeof(*f));

	f->base.ops = &flusher_ops;
	f->config = *config;
	return &f->base;
}

void flusher_free(struct workspace_flusher *base)
{
	if (base)
		free(container_of(base, struct flusher, base));
}
