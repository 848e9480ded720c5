// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_scratch.c - a sparse, nameless file with an empty ext4 file system.
 *
 * mke2fs needs about 5 ms for 64 GiB, so there is no template to cache: on a
 * regular file it knows that what it punches out reads as zeros, and writes
 * less than 1 MiB. The guest has no inode tables to clear either.
 */
#include "infra/vm/qemu_scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/proc.h"

/* A guest that cannot write to its root is of no use, bytes. */
#define SPACE_MIN (UINT64_C(64) * 1024 * 1024)

#define ALIGNMENT (UINT64_C(1) << 20)

/*
 * Plain extents and no more: no journal and no checksums for what is thrown
 * away, no room to grow; flex_bg for few and large groups.
 */
static const char features[] =
	"none,extent,filetype,dir_index,dir_nlink,ext_attr,extra_isize,"
	"large_file,sparse_super,flex_bg,uninit_bg";

uint64_t qemu_scratch_size(uint64_t available)
{
	if (available > SCRATCH_SIZE_MAX)
		return SCRATCH_SIZE_MAX;
	if (available < SCRATCH_SIZE_MIN)
		return SCRATCH_SIZE_MIN;
	return available & ~(ALIGNMENT - 1);
}

static int open_nameless(const char *dir, struct err *err)
{
	auto_free char *path = NULL;
	int fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Not every file system has O_TMPFILE. */
	path = xasprintf("%s/scratch.XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "create file in '%s'", dir);
	if (unlink(path) < 0) {
		err_sys(err, errno, "remove '%s'", path);
		fd_close(&fd);
	}
	return fd;
}

static int make_ext4(int fd, const char *program, struct err *err)
{
	auto_free char *path = xasprintf("/proc/self/fd/%d", fd);
	/* clang-format off */
	const char *const argv[] = {
		program, "-F", "-q", "-t", "ext4", "-b", "4096", "-m", "0",
		"-I", "256", "-i", "16384", "-G", "512", "-O", features,
		path, NULL,
	};
	/* clang-format on */
	/* The system's defaults must not change what the guest gets. */
	static const char *const env[] = { "MKE2FS_CONFIG=/dev/null", NULL };

	return proc_run(
		&(struct proc_spec){
			.path = program,
			.argv = argv,
			.envp = env,
			.stdio = { -1, -1, -1 },
			.keep_fds = (int[]){ fd, -1 },
			.no_new_privs = true,
		},
		NULL, err);
}

int qemu_scratch_open(const char *dir, const char *path_var, struct err *err)
{
	auto_free char *program = NULL;
	auto_close int fd = -1;
	uint64_t available;

	if (proc_find("mke2fs", path_var, &program, ERR_IGNORE) < 0)
		return err_set(err, ERR_NOT_FOUND,
			       "mke2fs is not installed: "
			       "apt install e2fsprogs");
	if (fs_available(dir, &available, err) < 0)
		return -1;
	if (available < SPACE_MIN)
		return err_set(err, ERR_LIMIT,
			       "no space left in '%s': make room for at least "
			       "%d MiB",
			       dir, (int)(SPACE_MIN / (1024 * 1024)));
	fd = open_nameless(dir, err);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)qemu_scratch_size(available)) < 0)
		return err_sys(err, errno, "grow file in '%s'", dir);
	if (make_ext4(fd, program, err) < 0)
		return -1;
	return fd_take(&fd);
}
