// SPDX-License-Identifier: Apache-2.0
/*
 * session_dir.c - make, own and sweep the directories of sessions.
 */
#include "infra/process/session_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"

#define DATA_NAME     "data"
#define WORKSPACE_HEX 8 /* digits of the path's hash in a VM name */

int session_id_make(char out[SESSION_ID_SIZE], struct err *err)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, errno, "get random bytes");
	snprintf(out, SESSION_ID_SIZE, "%08x", random);
	return 0;
}

char *session_vm_name(const char *agent, const char *workspace, const char *id)
{
	char hex[SHA256_HEX_SIZE];

	hash_sha256(workspace, strlen(workspace), hex);
	return xasprintf("sandbox-%s-%.*s-%s", agent, WORKSPACE_HEX, hex, id);
}

/* Opens and locks the sentinel in @dirfd; -1 when it is held or missing. */
static int lock_sentinel(int dirfd, int flags)
{
	int fd = openat(dirfd, SESSION_SENTINEL,
			flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		fd_close(&fd);
	return fd;
}

/* For people who look: who owns this, by which program. */
static void write_owner(int fd)
{
	char exe[4096], text[4200];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int len;

	if (n < 0)
		n = 0;
	exe[n] = '\0';
	len = snprintf(text, sizeof(text), "%d\n%s\n", (int)getpid(), exe);
	/* The lock decides; a sentinel without text serves as well. */
	discard(fd_write_all(fd, text, (size_t)len, ERR_IGNORE));
}

int session_dir_create(const char *parent, const char *vm_name,
		       struct session_dir *out, struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", parent, vm_name);
	auto_free char *data = xasprintf("%s/" DATA_NAME, path);
	auto_close int dirfd = -1;
	auto_close int lock = -1;

	if (fs_mkdir_all(data, 0700, err) < 0)
		return -1;
	dirfd = fd_open_dir(path, err);
	if (dirfd < 0)
		return -1;
	lock = lock_sentinel(dirfd, O_CREAT);
	if (lock < 0)
		return err_sys(err, errno, "lock '%s/" SESSION_SENTINEL "'",
			       path);
	write_owner(lock);
	out->path = take_ptr(path);
	out->data_dir = take_ptr(data);
	out->lock_fd = fd_take(&lock);
	return 0;
}

void session_dir_release(struct session_dir *d, bool keep_data)
{
	/* What cannot be removed now, a later sweep removes. */
	if (d->data_dir && !keep_data)
		discard(fs_remove_tree(d->data_dir, ERR_IGNORE));
	fd_close(&d->lock_fd);
	free(d->path);
	free(d->data_dir);
	*d = SESSION_DIR_INIT;
}

/* A finished session, for the choice of which logs stay. */
struct finished {
	char *name; /* owned */
	int64_t mtime_ns;
};

static int newest_first(const void *a, const void *b)
{
	const struct finished *x = a, *y = b;

	return (x->mtime_ns < y->mtime_ns) - (x->mtime_ns > y->mtime_ns);
}

/* Removes the data of @name if its session is over; tells whether it is. */
static bool sweep_one(int parent_fd, const char *name, int64_t *mtime_ns)
{
	auto_close int dirfd = -1;
	auto_close int lock = -1;
	struct stat st;

	dirfd = openat(parent_fd, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dirfd < 0)
		return false;
	lock = lock_sentinel(dirfd, 0);
	if (lock < 0 || fstat(lock, &st) < 0)
		return false;
	discard(fs_remove_tree_at(dirfd, DATA_NAME, ERR_IGNORE));
	*mtime_ns =
		(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return true;
}

void session_dir_sweep(const char *parent)
{
	struct finished *list = NULL;
	struct dirent *entry;
	int64_t mtime_ns;
	size_t n = 0;
	DIR *dir = opendir(parent);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    !sweep_one(dirfd(dir), entry->d_name, &mtime_ns))
			continue;
		list = xreallocarray(list, n + 1, sizeof(*list));
		list[n++] = (struct finished){ .name = xstrdup(entry->d_name),
					       .mtime_ns = mtime_ns };
	}
	if (n)
		qsort(list, n, sizeof(*list), newest_first);
	for (size_t i = 0; i < n; i++) {
		if (i >= SESSION_DIRS_KEPT)
			discard(fs_remove_tree_at(dirfd(dir), list[i].name,
						  ERR_IGNORE));
		free(list[i].name);
	}
	free(list);
	closedir(dir);
}
