// SPDX-License-Identifier: Apache-2.0
/*
 * rootfile.c - files of the guest's root, which an image made.
 */
#include "guest/rootfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

int rootfile_dir(int root, const char *path, struct err *err)
{
	if (fs_mkdir_all_at(root, path, 0755, err) < 0)
		return -1;
	return fd_open_no_symlinks(root, path, O_PATH | O_DIRECTORY, 0, err);
}

int rootfile_read(int root, const char *path, struct buf *out, struct err *err)
{
	const struct open_how how = {
		/* Non-blocking: the image may have put a FIFO here. */
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	auto_close int fd =
		(int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return err_sys(err, errno, "open '/%s'", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat '/%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "'/%s' is not a file", path);
	if (fd_read_all(fd, out, err) < 0)
		return err_wrap(err, "read '/%s'", path);
	return 0;
}

/* Opens the parent of @path and says where the last component starts. */
static int open_parent(int root, const char *path, const char **name,
		       struct err *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = NULL;

	if (!slash) {
		*name = path;
		return fd_open_no_symlinks(root, ".", O_PATH | O_DIRECTORY, 0,
					   err);
	}
	*name = slash + 1;
	parent = xmemdup0(path, (size_t)(slash - path));
	return rootfile_dir(root, parent, err);
}

int rootfile_replace(int root, const char *path, struct span text,
		     const struct rootfile_meta *meta, struct err *err)
{
	const char *name;
	auto_close int parent = open_parent(root, path, &name, err);
	auto_close int fd = -1;

	if (parent < 0)
		return -1;
	if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '/%s'", path);
	fd = openat(parent, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "create '/%s'", path);
	if (fd_write_all(fd, text.p, text.len, err) < 0)
		return err_wrap(err, "write '/%s'", path);
	if (fchown(fd, meta->uid, meta->gid) < 0)
		return err_sys(err, errno, "change the owner of '/%s'", path);
	if (fchmod(fd, meta->mode) < 0)
		return err_sys(err, errno, "change the mode of '/%s'", path);
	return 0;
}
