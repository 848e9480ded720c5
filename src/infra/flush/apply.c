// SPDX-License-Identifier: Apache-2.0
/*
 * apply.c - write one change into the user's workspace.
 *
 * Theory of operation
 *
 * The guest's content is copied into a temporary file beside its destination
 * and hashed on the way through the same descriptor, so that what is written
 * is what was reviewed; it is synced and moved into place in one step.
 *
 * The journal (domain/workspace/journal.h) lists every temporary file before
 * it is made. It need not be synced: it is for a killed process, whose writes
 * the kernel still has.
 */
#include "infra/flush/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/workspace/journal.h"
#include "domain/workspace/paths.h"
#include "infra/flush/target.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"

#define FILE_FLAGS	(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define PERMISSION_BITS ((mode_t)0777)	     /* never set-id or sticky */
#define RESTORED_BITS	((mode_t)07777)	     /* what the user had himself */
#define COPY_CHUNK	((size_t)128 * 1024) /* bytes */

static_assert(SHA256_HEX_SIZE == CHANGE_HASH_SIZE, "hash sizes differ");

static int journal_write(struct apply *a, const struct buf *text,
			 struct err *err)
{
	if (fd_write_all(a->journal, text->data, text->len, err) < 0)
		return err_wrap(err, "write journal");
	return 0;
}

static int journal_open(struct apply *a, struct err *err)
{
	auto_free char *name =
		xasprintf("%s" JOURNAL_SUFFIX, a->snapshot->path);
	auto_buf struct buf text = BUF_INIT(JOURNAL_STEP_MAX);

	if (a->journal >= 0)
		return 0;
	a->journal = open(name,
			  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			  0600);
	if (a->journal < 0)
		return err_sys(err, errno, "create '%s'", name);
	if (journal_add_start(&text, a->snapshot->original, err) < 0)
		return -1;
	return journal_write(a, &text, err);
}

static void journal_close(struct apply *a)
{
	auto_free char *name = NULL;

	if (a->journal < 0)
		return;
	assert(a->snapshot);
	name = xasprintf("%s" JOURNAL_SUFFIX, a->snapshot->path);
	fd_close(&a->journal);
	/* Left behind it is harmless: its files are gone. */
	unlink(name);
}

/* Says what is to be done with @temp next. */
static int journal_step(struct apply *a, const struct target *t,
			enum journal_op op, const char *temp, struct err *err)
{
	auto_free char *dir = path_dir(t->path);
	auto_free char *path =
		*dir ? xasprintf("%s/%s", dir, temp) : xstrdup(temp);
	auto_buf struct buf text = BUF_INIT(JOURNAL_STEP_MAX);
	struct journal_step step = { .op = op, .temp = path, .name = t->name };
	struct stat st;

	if (op == JOURNAL_SWAP || op == JOURNAL_CLEAR) {
		if (fstatat(t->dirfd, temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, errno, "look at '%s'", path);
		step.ino = st.st_ino;
	}
	if (t->type != TARGET_ABSENT)
		step.old = file_identity_of(&t->st);
	if (journal_open(a, err) < 0 || journal_add_step(&text, &step, err) < 0)
		return -1;
	return journal_write(a, &text, err);
}

static int make_temp_name(char out[JOURNAL_TEMP_SIZE], struct err *err)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, errno, "get random bytes");
	journal_temp_name(random, out);
	return 0;
}

/* A name for a new object beside the target, in the journal already. */
static int begin_temp(struct apply *a, struct target *t,
		      char out[JOURNAL_TEMP_SIZE], struct err *err)
{
	if (target_make_parents(a->root, t, err) < 0 ||
	    make_temp_name(out, err) < 0)
		return -1;
	return journal_step(a, t, JOURNAL_COPY, out, err);
}

/* Moves what is finished at @temp to the path. */
static int place(struct apply *a, const struct target *t, const char *temp,
		 struct err *err)
{
	enum journal_op op =
		t->type == TARGET_DIR ? JOURNAL_CLEAR : JOURNAL_SWAP;

	if (t->type != TARGET_ABSENT && journal_step(a, t, op, temp, err) < 0) {
		target_drop_temp(t, temp);
		return -1;
	}
	return target_place(t, temp, err);
}

static int open_source(const struct apply *a, const struct change *change,
		       struct err *err)
{
	bool moved = change->source_root == CHANGE_FROM_ORIGINAL;
	struct err why = ERR_INIT;
	struct stat st;
	auto_close int fd = -1;

	if (!change->source)
		return err_set(err, ERR_INVALID, "'%s' has no content",
			       change->path);
	fd = fd_open_no_symlinks(moved ? a->root : a->session, change->source,
				 FILE_FLAGS, 0, &why);
	if (fd < 0 && (why.sys == ELOOP || why.sys == EXDEV))
		return err_set(err, ERR_INVALID,
			       "path traversal rejected: the agent's '%s' "
			       "leads through a symlink",
			       change->path);
	if (fd < 0) {
		*err = why;
		return err_wrap(err, "content of '%s'", change->path);
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
static mode_t mode_for(const struct apply *a, const struct target *t,
		       const struct change *change)
{
	mode_t mode = t->st.st_mode & PERMISSION_BITS;
	bool want = is_executable(change->mode);
	bool had = change->base_known && change->base_type == CHANGE_FILE &&
		   is_executable(change->base_mode);

	if (a->snapshot->restores)
		return change->mode & RESTORED_BITS;
	if (t->type != TARGET_FILE)
		return change->mode & PERMISSION_BITS & ~a->umask;
	if (want == had)
		return mode;
	return want ? mode | (mode & 0444) >> 2 : mode & ~(mode_t)0111;
}

/* A replaced file keeps its owner and group, where we may give it away. */
static void keep_owner(const struct target *t, int fd)
{
	if (t->type != TARGET_FILE)
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

static int write_file(struct apply *a, struct target *t,
		      const struct change *change, mode_t mode, struct err *err)
{
	auto_close int src = open_source(a, change, err);
	auto_close int dst = -1;
	char temp[JOURNAL_TEMP_SIZE];

	if (src < 0 || begin_temp(a, t, temp, err) < 0)
		return -1;
	dst = openat(t->dirfd, temp,
		     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	if (dst < 0)
		return err_sys(err, errno, "create a file beside '%s'",
			       change->path);
	if (fill_temp(t, change, src, dst, mode, err) < 0) {
		target_drop_temp(t, temp);
		return -1;
	}
	return place(a, t, temp, err);
}

/* A link of the user's may lead anywhere. */
static bool may_write_link(const struct apply *a, const struct change *change)
{
	if (!change->target)
		return false;
	return a->snapshot->restores ||
	       change_link_stays_inside(change->path, change->target);
}

static int write_symlink(struct apply *a, struct target *t,
			 const struct change *change, struct err *err)
{
	char temp[JOURNAL_TEMP_SIZE];

	if (!may_write_link(a, change))
		return err_set(err, ERR_INVALID,
			       "path traversal rejected: the agent's symlink "
			       "'%s' leads out of the workspace",
			       change->path);
	if (begin_temp(a, t, temp, err) < 0)
		return -1;
	if (symlinkat(change->target, t->dirfd, temp) < 0)
		return err_sys(err, errno, "create a symlink beside '%s'",
			       change->path);
	return place(a, t, temp, err);
}

static int write_dir(struct apply *a, struct target *t,
		     const struct change *change, struct err *err)
{
	/* The user must be able to write what follows, and to remove it. */
	mode_t mode = (change->mode & PERMISSION_BITS) | S_IRWXU;
	char temp[JOURNAL_TEMP_SIZE];

	if (!a->snapshot->restores)
		mode &= ~a->umask;
	if (t->type == TARGET_ABSENT) {
		if (target_make_parents(a->root, t, err) < 0)
			return -1;
		return target_make_dir(t, mode, err);
	}
	if (begin_temp(a, t, temp, err) < 0)
		return -1;
	if (mkdirat(t->dirfd, temp, mode) < 0)
		return err_sys(err, errno, "create a directory beside '%s'",
			       change->path);
	return place(a, t, temp, err);
}

static int remove_it(struct apply *a, const struct target *t, struct err *err)
{
	char temp[JOURNAL_TEMP_SIZE];

	if (t->type == TARGET_DIR)
		return target_remove_dir(t, err);
	if (make_temp_name(temp, err) < 0 ||
	    journal_step(a, t, JOURNAL_REMOVE, temp, err) < 0)
		return -1;
	return target_remove(t, temp, err);
}

static int write_it(struct apply *a, struct target *t,
		    const struct change *change, mode_t mode, struct err *err)
{
	switch (change->type) {
	case CHANGE_FILE:
		/* The content is the user's own. */
		if (change_is_mode_only(change))
			return target_chmod(t, mode, err);
		return write_file(a, t, change, mode, err);
	case CHANGE_SYMLINK:
		return write_symlink(a, t, change, err);
	case CHANGE_DIR:
		return write_dir(a, t, change, err);
	case CHANGE_TYPE_COUNT:
		break;
	}
	assert(false);
	return -1;
}

/* The directories above the path that are not there yet, outermost first. */
static int save_new_dirs(struct apply *a, const struct target *t,
			 struct err *err)
{
	auto_free char *path = xstrdup(t->path);
	struct stat st;

	for (char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		/* Nothing is followed when it is made; this is only a record.
		 */
		if (fstatat(a->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT &&
		    undo_writer_save_new_dir(&a->undo, path, err) < 0)
			return -1;
		*s = '/';
	}
	return 0;
}

/* Keeps what is there, then replaces it. */
static int change_it(struct apply *a, struct target *t,
		     const struct change *change, mode_t mode, bool mode_only,
		     struct err *err)
{
	bool deletes = change->kind == CHANGE_DELETED;
	int r;

	if (!deletes && t->dirfd < 0 && save_new_dirs(a, t, err) < 0)
		return -1;
	if (undo_writer_save(&a->undo, t, change, mode, err) < 0)
		return -1;
	if (deletes)
		r = remove_it(a, t, err);
	else if (mode_only)
		r = target_chmod(t, mode, err);
	else
		r = write_it(a, t, change, mode, err);
	if (r < 0)
		undo_writer_void(&a->undo);
	return r;
}

int apply_change(struct apply *a, const struct change *change, struct err *err)
{
	auto_target struct target t = TARGET_INIT;
	mode_t mode, bits = PERMISSION_BITS;

	if (target_look(a->root, change, &t, err) < 0)
		return -1;
	mode = mode_for(a, &t, change);
	switch (threeway_judge(change->kind, change->type, t.state)) {
	case THREEWAY_CONFLICT:
		return target_conflict(&t, err);
	case THREEWAY_APPLY:
		return change_it(a, &t, change, mode, /* mode_only */ false,
				 err);
	case THREEWAY_NOTHING:
		break;
	}
	/* The content is there; whether it may be executed is left. */
	if (a->snapshot->restores)
		bits = RESTORED_BITS;
	if (change->kind != CHANGE_DELETED && change->type == CHANGE_FILE &&
	    t.type == TARGET_FILE && mode != (t.st.st_mode & bits))
		return change_it(a, &t, change, mode, /* mode_only */ true,
				 err);
	return 0;
}

int apply_open(struct apply *a, const struct workspace_snapshot *s,
	       struct err *err)
{
	/* What is put back gets its modes as they were. */
	a->umask = umask(0);
	if (!s->restores)
		umask(a->umask);
	a->snapshot = s;
	a->undo.snapshot = s;
	a->root = fd_open_dir(s->original, err);
	if (a->root < 0)
		return -1;
	a->session = fd_open_dir(s->path, err);
	if (a->session < 0)
		return -1;
	return undo_writer_open(&a->undo, err);
}

void apply_close(struct apply *a)
{
	if (a->snapshot && a->snapshot->restores)
		umask(a->umask);
	journal_close(a);
	undo_writer_close(&a->undo);
	fd_close(&a->session);
	fd_close(&a->root);
}
