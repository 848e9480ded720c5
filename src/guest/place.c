// SPDX-License-Identifier: Apache-2.0
/*
 * place.c - move the files of the session archive into the guest's root.
 *
 * Theory of operation
 *
 * Both trees are walked with directory descriptors, one component at a time,
 * and no open follows a link. So an image with "etc -> /somewhere" cannot
 * direct a write; it only makes the boot fail.
 */
#include "guest/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strv.h"
#include "infra/sys/fd.h"

#define MODE_BITS  07777U
#define COPY_CHUNK ((size_t)1024 * 1024) /* bytes */

static int place_level(int from, int to, unsigned int depth, struct err *err);

/* The names in @dir, sorted: the walk removes entries while it goes. */
static int list_names(int dir, struct strv *out, struct err *err)
{
	struct dirent *entry;
	DIR *d;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open a directory");
	d = fdopendir(fd);
	if (!d) {
		fd_close(&fd);
		return err_sys(err, errno, "read a directory");
	}
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			strv_add(out, entry->d_name);
	}
	closedir(d);
	strv_sort(out);
	return 0;
}

static int set_meta(int fd, uid_t uid, gid_t gid, mode_t mode, struct err *err)
{
	/* The owner first: changing it clears set-id bits. */
	if (fchown(fd, uid, gid) < 0)
		return err_sys(err, errno, "change the owner");
	if (fchmod(fd, mode & MODE_BITS) < 0)
		return err_sys(err, errno, "change the mode");
	return 0;
}

static int copy_bytes(int from, int to, off_t size, struct err *err)
{
	off_t left = size;

	while (left > 0) {
		ssize_t n = sendfile(to, from, NULL, COPY_CHUNK);

		if (n < 0)
			return err_sys(err, errno, "copy");
		if (n == 0)
			return err_set(err, ERR_INVALID, "shorter than it was");
		left -= n;
	}
	return 0;
}

static int place_file(int from, int to, const char *name,
		      const struct stat *want, struct err *err)
{
	auto_close int src =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int dst = -1;
	struct stat old;

	if (src < 0)
		return err_sys(err, errno, "open");
	if (!fstatat(to, name, &old, AT_SYMLINK_NOFOLLOW)) {
		if (!S_ISREG(old.st_mode))
			return err_set(err, ERR_INVALID,
				       "the image has a %s there",
				       S_ISLNK(old.st_mode)   ? "symbolic link"
				       : S_ISDIR(old.st_mode) ? "directory"
							      : "special file");
		if (unlinkat(to, name, 0) < 0)
			return err_sys(err, errno, "remove the old one");
	}
	dst = openat(to, name,
		     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	if (dst < 0)
		return err_sys(err, errno, "create");
	if (copy_bytes(src, dst, want->st_size, err) < 0)
		return -1;
	return set_meta(dst, want->st_uid, want->st_gid, want->st_mode, err);
}

/* Opens directory @name of @to, which is made when missing. */
static int open_target(int to, const char *name, const struct stat *want,
		       struct err *err)
{
	auto_close int fd = -1;
	struct stat parent;
	bool is_new = !mkdirat(to, name, 0700);
	uid_t uid = want->st_uid;
	gid_t gid = want->st_gid;

	if (!is_new && errno != EEXIST)
		return err_sys(err, errno, "create a directory");
	fd = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(err, ERR_INVALID,
			       "the image has a symbolic link or a file in "
			       "place of this directory");
	if (fd < 0)
		return err_sys(err, errno, "open a directory");
	if (fstat(to, &parent) < 0)
		return err_sys(err, errno, "stat");
	if (is_new && uid == 0) {
		uid = parent.st_uid;
		gid = parent.st_gid;
	}
	if ((is_new || uid != 0) &&
	    set_meta(fd, uid, gid, want->st_mode, err) < 0)
		return -1;
	return fd_take(&fd);
}

static int place_dir(int from, int to, const char *name,
		     const struct stat *want, unsigned int depth,
		     struct err *err)
{
	auto_close int src = openat(
		from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int dst = -1;

	if (src < 0)
		return err_sys(err, errno, "open");
	dst = open_target(to, name, want, err);
	if (dst < 0)
		return -1;
	return place_level(src, dst, depth + 1, err);
}

static int place_one(int from, int to, const char *name, unsigned int depth,
		     struct err *err)
{
	struct stat want;
	bool is_dir;
	int r;

	if (fstatat(from, name, &want, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "stat");
	is_dir = S_ISDIR(want.st_mode);
	if (is_dir)
		r = place_dir(from, to, name, &want, depth, err);
	else if (S_ISREG(want.st_mode))
		r = place_file(from, to, name, &want, err);
	else
		r = err_set(err, ERR_INVALID, "neither a file nor a directory");
	if (r < 0)
		return -1;
	/* The original is memory, and may be a secret. */
	if (unlinkat(from, name, is_dir ? AT_REMOVEDIR : 0) < 0)
		return err_sys(err, errno, "remove the original");
	return 0;
}

static int place_level(int from, int to, unsigned int depth, struct err *err)
{
	auto_strv struct strv names = STRV_INIT;

	if (depth > PLACE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "more than %u directories deep",
			       PLACE_DEPTH_MAX);
	if (list_names(from, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (place_one(from, to, names.v[i], depth, err) < 0)
			return err_wrap(err, "'%s'", names.v[i]);
	}
	return 0;
}

int place_tree(int from, int to, struct err *err)
{
	return place_level(from, to, 1, err);
}
