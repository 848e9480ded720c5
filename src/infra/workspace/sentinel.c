// SPDX-License-Identifier: Apache-2.0
/*
 * sentinel.c - mark snapshots and sweep the stale ones.
 *
 * Theory of operation
 *
 * The marker "<snapshot>.sentinel" holds the owner's pid and, on a second
 * line, its executable. The owner holds an flock(2) on it for as long as it
 * lives. A marker with two lines was locked from birth (it is made under
 * another name, locked, and renamed), so for it the lock alone decides, and a
 * recycled pid cannot keep it alive. Where the file system has no locks the
 * marker has one line and the pid decides.
 */
#include "infra/workspace/sentinel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/journal.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/workspace/snapshot_dir.h"
#include "infra/workspace/view_state.h"

#define SENTINEL_SIZE_MAX ((size_t)8192) /* bytes */
#define CREATE_TRIES	  16

static int write_sentinel(int fd, struct err *err)
{
	char exe[PATH_MAX];
	auto_free char *text = NULL;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	bool locked = !flock(fd, LOCK_EX | LOCK_NB);

	exe[len > 0 ? len : 0] = '\0';
	/* A second line promises a lock. */
	text = locked ? xasprintf("%ld\n%s\n", (long)getpid(), exe)
		      : xasprintf("%ld\n", (long)getpid());
	return fd_write_all(fd, text, strlen(text), err);
}

/* The marker of @path, locked; nobody ever sees it half made. */
static int make_sentinel(const char *path, int *out_fd, struct err *err)
{
	auto_free char *name = xasprintf("%s" SENTINEL_SUFFIX, path);
	auto_free char *young = xasprintf("%s.new", name);
	auto_close int fd =
		open(young, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, errno, "create '%s'", young);
	if (write_sentinel(fd, err) < 0) {
		unlink(young);
		return err_wrap(err, "write '%s'", young);
	}
	if (renameat2(AT_FDCWD, young, AT_FDCWD, name, RENAME_NOREPLACE) < 0 &&
	    (errno != EINVAL || rename(young, name) < 0)) {
		err_sys(err, errno, "create '%s'", name);
		unlink(young);
		return -1;
	}
	*out_fd = fd_take(&fd);
	return 0;
}

int sentinel_create(const char *base, char **out_path, int *out_fd,
		    struct err *err)
{
	for (int i = 0; i < CREATE_TRIES; i++) {
		auto_free char *path = NULL;
		auto_close int fd = -1;
		uint64_t random;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return err_sys(err, errno, "get random bytes");
		path = xasprintf("%s/" SNAPSHOT_PREFIX "%016" PRIx64, base,
				 random);
		if (make_sentinel(path, &fd, err) < 0) {
			if (err->kind == ERR_EXISTS)
				continue;
			return -1;
		}
		if (!mkdir(path, 0700)) {
			*out_path = take_ptr(path);
			*out_fd = fd_take(&fd);
			return 0;
		}
		err_sys(err, errno, "create '%s'", path);
		/* Only the marker is there; the next sweep would find it. */
		discard(sentinel_forget(path, ERR_IGNORE));
		if (err->kind != ERR_EXISTS)
			return -1;
	}
	return -1;
}

static bool pid_is_alive(const char *text)
{
	uint64_t pid;

	if (!text_parse_u64(text, INT_MAX, &pid) || !pid)
		return false;
	return !kill((pid_t)pid, 0) || errno == EPERM;
}

/*
 * Is the owner of the marker @fd gone? Then the lock is ours (where there
 * are locks), so that no second sweep is at work.
 */
static bool is_stale(int fd)
{
	auto_buf struct buf text = BUF_INIT(SENTINEL_SIZE_MAX);
	bool is_ours = !flock(fd, LOCK_EX | LOCK_NB);
	struct span rest, line;
	auto_free char *pid = NULL;

	if (!is_ours && errno == EWOULDBLOCK)
		return false;
	if (fd_read_all(fd, &text, ERR_IGNORE) < 0)
		return false; /* unreadable: not known to be ours */
	rest = buf_span(&text);
	if (!span_take_until(&rest, '\n', &line))
		return true;
	if (is_ours && rest.len)
		return true;
	pid = xmemdup0(line.p, line.len);
	return !pid_is_alive(pid);
}

int sentinel_adopt(const char *path, int *out_fd, struct err *err)
{
	auto_free char *name = xasprintf("%s" SENTINEL_SUFFIX, path);
	auto_close int fd = open(
		name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		0600);

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", name);
	if (!is_stale(fd))
		return err_set(err, ERR_CONFLICT, "it is in use");
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "write '%s'", name);
	if (write_sentinel(fd, err) < 0)
		return err_wrap(err, "write '%s'", name);
	*out_fd = fd_take(&fd);
	return 0;
}

bool sentinel_is_live(const char *path)
{
	auto_free char *name = xasprintf("%s" SENTINEL_SUFFIX, path);
	auto_close int fd =
		open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && !is_stale(fd);
}

static int remove_file(const char *path, const char *suffix, struct err *err)
{
	auto_free char *name = xasprintf("%s%s", path, suffix);

	if (unlink(name) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", name);
	return 0;
}

int sentinel_forget(const char *path, struct err *err)
{
	return remove_file(path, SENTINEL_SUFFIX, err);
}

int sentinel_remove(const char *path, struct err *err)
{
	if (fs_remove_tree(path, err) < 0 ||
	    remove_file(path, JOURNAL_SUFFIX, err) < 0)
		return -1;
	return sentinel_forget(path, err);
}

/* Says whether it was kept for its changes. */
static bool sweep_one(const struct sweep_config *c, const char *base,
		      const char *name, bool has_dir)
{
	auto_free char *path = xasprintf("%s/%s", base, name);
	auto_free char *marker = xasprintf("%s" SENTINEL_SUFFIX, path);
	auto_free char *journal = xasprintf("%s" JOURNAL_SUFFIX, path);
	auto_close int fd =
		open(marker, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct err err = ERR_INIT;

	/* One without a marker was kept by its own session. */
	if (fd < 0)
		return has_dir && errno == ENOENT && view_state_is_noted(path);
	if (!is_stale(fd))
		return false;
	if (c->settle)
		c->settle(journal, c->progress, c->log);
	if (has_dir && view_state_has_changes(path))
		return true;
	if (sentinel_remove(path, &err) < 0)
		log_warn(c->log, "sweep: %s", err.msg);
	else if (has_dir)
		log_warn(c->log, "sweep: removed stale snapshot '%s'", path);
	return false;
}

/* A marker whose snapshot is gone: a crash between making the two. */
static bool is_orphan(int basefd, char *name)
{
	size_t len = strlen(name) - strlen(SENTINEL_SUFFIX);
	struct stat st;

	name[len] = '\0';
	return fstatat(basefd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

size_t workspace_sweep(const struct sweep_config *c)
{
	auto_free char *base = xasprintf("%s/" SNAPSHOT_DIR_BASE, c->cache_dir);
	const struct dirent *d;
	struct stat st;
	DIR *dir = opendir(base);
	size_t kept = 0;

	if (!dir) {
		if (errno != ENOENT)
			log_warn(c->log, "sweep: cannot read '%s': %s", base,
				 strerror(errno));
		return 0;
	}
	while ((d = readdir(dir))) {
		auto_free char *name = xstrdup(d->d_name);

		if (!text_starts_with(name, SNAPSHOT_PREFIX) ||
		    fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			kept += sweep_one(c, base, name, /* has_dir */ true);
		else if (S_ISREG(st.st_mode) &&
			 text_ends_with(name, SENTINEL_SUFFIX) &&
			 is_orphan(dirfd(dir), name))
			sweep_one(c, base, name, /* has_dir */ false);
	}
	closedir(dir);
	return kept;
}
