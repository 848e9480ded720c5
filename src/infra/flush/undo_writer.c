// SPDX-License-Identifier: Apache-2.0
/*
 * undo_writer.c - keep what a flush is about to replace.
 *
 * Theory of operation
 *
 * The old content of a path is copied (or shares its blocks) and synced, then
 * its entry is appended to the manifest and synced, and only then may the path
 * be replaced. A crash leaves an entry whose path has its old content at worst,
 * and to put that back is nothing to do.
 *
 * One lock for all of them lets no two flushes of a user run at once, so that
 * whoever holds it may remove what is too old, and what a crash left half made.
 */
#include "infra/flush/undo_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/paths.h"
#include "infra/flush/undo_dir.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"

#define FILE_FLAGS	(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define NEW_FLAGS	(O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define PERMISSION_BITS ((mode_t)07777)
#define ID_DIGITS	16
#define ID_TRIES	1000
#define MIB		((uint64_t)1024 * 1024)

/* The id of the session, so that both are called the same; else a new one. */
static int make_stem(const struct workspace_snapshot *s,
		     char out[ID_DIGITS + 1], struct err *err)
{
	const char *name = path_name(s->path);
	uint64_t random;

	for (; *name; name++) {
		if (strspn(name, "0123456789abcdef") >= ID_DIGITS) {
			memcpy(out, name, ID_DIGITS);
			out[ID_DIGITS] = '\0';
			return 0;
		}
	}
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, errno, "get random bytes");
	(void)snprintf(out, ID_DIGITS + 1, "%016" PRIx64, random);
	return 0;
}

static int make_dir(struct undo_writer *w, struct err *err)
{
	char stem[ID_DIGITS + 1];

	if (make_stem(w->snapshot, stem, err) < 0)
		return -1;
	for (int i = 1; i <= ID_TRIES; i++) {
		if (i == 1)
			(void)snprintf(w->id, sizeof(w->id), "%s", stem);
		else
			(void)snprintf(w->id, sizeof(w->id), "%s-%d", stem, i);
		if (!mkdirat(w->base_fd, w->id, 0700))
			return 0;
		if (errno != EEXIST)
			break;
	}
	return err_sys(err, errno, "create '%s/%s'", w->base, w->id);
}

static int append(struct undo_writer *w, const struct buf *text,
		  struct err *err)
{
	if (fd_write_all(w->manifest, text->data, text->len, err) < 0)
		return -1;
	if (fdatasync(w->manifest) < 0)
		return err_sys(err, errno, "sync");
	return 0;
}

static int start_manifest(struct undo_writer *w, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	struct undo_head head = { .workspace = w->snapshot->original,
				  .is_undo = w->snapshot->restores };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	head.time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (undo_add_head(&text, &head, err) < 0)
		return -1;
	return append(w, &text, err);
}

static int start(struct undo_writer *w, struct err *err)
{
	if (w->manifest >= 0)
		return 0;
	if (make_dir(w, err) < 0)
		return -1;
	w->dir = openat(w->base_fd, w->id,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w->dir < 0)
		return err_sys(err, errno, "open '%s/%s'", w->base, w->id);
	if (mkdirat(w->dir, UNDO_OBJECTS, 0700) < 0)
		return err_sys(err, errno,
			       "create directory '" UNDO_OBJECTS "'");
	w->manifest = openat(w->dir, UNDO_MANIFEST, NEW_FLAGS | O_APPEND, 0600);
	if (w->manifest < 0)
		return err_sys(err, errno, "create '" UNDO_MANIFEST "'");
	return start_manifest(w, err);
}

static bool is_looked_at(const struct target *t, int fd, struct stat *st)
{
	struct file_identity then = file_identity_of(&t->st), now;

	if (fstat(fd, st) < 0)
		return false;
	now = file_identity_of(st);
	return file_identity_equals(&then, &now);
}

/* Copies it, or shares its blocks when it is too big for a copy. */
static int copy_content(struct undo_writer *w, int src, int dst, uint64_t size,
			bool *kept, struct err *err)
{
	bool fits = size <= UNDO_FILE_MAX && size <= UNDO_FLUSH_MAX - w->kept;
	bool shared = false;

	*kept = true;
	if (!fits) {
		*kept = !ioctl(dst, FICLONE, src);
		shared = *kept;
	} else if (fs_copy_fd(src, dst, &shared, err) < 0) {
		return -1;
	}
	if (*kept && fsync(dst) < 0)
		return err_sys(err, errno, "sync");
	if (*kept && !shared)
		w->kept += size;
	return 0;
}

static int keep_content(struct undo_writer *w, const struct target *t, int src,
			struct undo_entry *entry, struct err *err)
{
	uint64_t size = (uint64_t)t->st.st_size;
	auto_free char *path = undo_object_path(w->objects + 1);
	auto_free char *shown = NULL;
	auto_close int dst = openat(w->dir, path, NEW_FLAGS, 0600);
	bool kept;

	if (dst < 0)
		return err_sys(err, errno, "create '%s'", path);
	if (copy_content(w, src, dst, size, &kept, err) < 0) {
		unlinkat(w->dir, path, 0);
		return -1;
	}
	entry->size = size;
	if (kept) {
		entry->object = ++w->objects;
		return 0;
	}
	unlinkat(w->dir, path, 0);
	shown = text_visible(t->path);
	progress_warn(w->progress,
		      "'%s' (%" PRIu64 " MiB) is too big to be kept: 'bbox "
		      "undo' will not bring its old version back",
		      shown, size / MIB);
	return 0;
}

static int save_file(struct undo_writer *w, const struct target *t,
		     const struct change *change, struct undo_entry *entry,
		     struct err *err)
{
	auto_close int src = openat(t->dirfd, t->name, FILE_FLAGS);
	struct stat st;

	if (src < 0)
		return err_sys(err, errno, "open '%s'", t->path);
	if (!is_looked_at(t, src, &st))
		return target_conflict(t, err);
	if (hash_sha256_fd(src, entry->before.hash, err) < 0 ||
	    lseek(src, 0, SEEK_SET) < 0)
		return err_wrap(err, "read '%s'", t->path);
	/* What only gets another mode keeps its content itself. */
	if ((change->kind == CHANGE_DELETED ||
	     strcmp(change->hash, entry->before.hash) != 0) &&
	    keep_content(w, t, src, entry, err) < 0)
		return err_wrap(err, "keep the old '%s' for 'bbox undo'",
				t->path);
	return is_looked_at(t, src, &st) ? 0 : target_conflict(t, err);
}

static int save_before(struct undo_writer *w, const struct target *t,
		       const struct change *change, struct undo_entry *entry,
		       struct err *err)
{
	char text[PATH_MAX];
	ssize_t len;

	entry->before.mode = t->st.st_mode & PERMISSION_BITS;
	switch (t->type) {
	case TARGET_ABSENT:
		entry->before.mode = 0;
		return 0;
	case TARGET_FILE:
		entry->before.type = UNDO_FILE;
		return save_file(w, t, change, entry, err);
	case TARGET_SYMLINK:
		len = readlinkat(t->dirfd, t->name, text, sizeof(text) - 1);
		if (len <= 0)
			return target_conflict(t, err);
		text[len] = '\0';
		entry->before.type = UNDO_SYMLINK;
		entry->before.target = xstrdup(text);
		return 0;
	case TARGET_DIR:
		entry->before.type = UNDO_DIR;
		return 0;
	case TARGET_SPECIAL:
		break;
	}
	return target_conflict(t, err);
}

static void fill_after(const struct change *change, mode_t mode,
		       struct undo_side *after)
{
	if (change->kind == CHANGE_DELETED)
		return;
	switch (change->type) {
	case CHANGE_FILE:
		after->type = UNDO_FILE;
		after->mode = mode & PERMISSION_BITS;
		memcpy(after->hash, change->hash, CHANGE_HASH_SIZE);
		return;
	case CHANGE_SYMLINK:
		after->type = UNDO_SYMLINK;
		after->target = xstrdup(change->target);
		return;
	case CHANGE_DIR:
		after->type = UNDO_DIR;
		after->mode = change->mode & PERMISSION_BITS;
		return;
	case CHANGE_TYPE_COUNT:
		break;
	}
	assert(false);
}

static int add_entry(struct undo_writer *w, const struct undo_entry *entry,
		     struct err *err)
{
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);

	if (undo_add_entry(&text, entry, err) < 0 || append(w, &text, err) < 0)
		return err_wrap(err, "keep the old '%s' for 'bbox undo'",
				entry->path);
	w->entries++;
	return 0;
}

int undo_writer_save(struct undo_writer *w, const struct target *t,
		     const struct change *change, mode_t mode, struct err *err)
{
	auto_undo_entry struct undo_entry entry = { .path = NULL };

	if (!w->base)
		return 0;
	if (start(w, err) < 0)
		return err_wrap(err, "keep old versions for 'bbox undo'");
	entry.path = xstrdup(t->path);
	fill_after(change, mode, &entry.after);
	if (save_before(w, t, change, &entry, err) < 0)
		return -1;
	return add_entry(w, &entry, err);
}

int undo_writer_save_new_dir(struct undo_writer *w, const char *path,
			     struct err *err)
{
	auto_undo_entry struct undo_entry entry = { .path = NULL };

	if (!w->base)
		return 0;
	if (start(w, err) < 0)
		return err_wrap(err, "keep old versions for 'bbox undo'");
	entry.path = xstrdup(path);
	entry.after.type = UNDO_DIR;
	return add_entry(w, &entry, err);
}

void undo_writer_void(struct undo_writer *w)
{
	auto_buf struct buf text = BUF_INIT(UNDO_ENTRY_MAX);
	struct err err = ERR_INIT;

	if (!w->base || !w->entries)
		return;
	w->entries--;
	/* Else an undo tells that the path is not what the flush wrote. */
	if (undo_add_void(&text, &err) < 0 || append(w, &text, &err) < 0)
		log_warn(w->log, "undo: %s", err.msg);
}

int undo_writer_open(struct undo_writer *w, struct err *err)
{
	auto_free char *lock = NULL;

	if (!w->base)
		return 0;
	if (fs_mkdir_all(w->base, 0700, err) < 0)
		return err_wrap(err, "keep old versions for 'bbox undo'");
	lock = xasprintf("%s/" UNDO_LOCK_FILE, w->base);
	w->lock = fs_lock(lock, UNDO_LOCK_WAIT_MS, err);
	if (w->lock < 0)
		return err_wrap(err, "another bbox is writing changes back");
	w->base_fd = fd_open_dir(w->base, err);
	return w->base_fd < 0 ? -1 : 0;
}

void undo_writer_close(struct undo_writer *w)
{
	struct err err = ERR_INIT;

	if (w->dir >= 0 && !w->entries &&
	    fs_remove_tree_at(w->base_fd, w->id, &err) < 0)
		log_warn(w->log, "undo: %s", err.msg);
	if (w->dir >= 0)
		undo_dir_prune(w->base_fd, w->snapshot->original, w->log);
	fd_close(&w->manifest);
	fd_close(&w->dir);
	fd_close(&w->base_fd);
	fd_close(&w->lock);
}
