/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_cage.h - what the file server may do once it listens to a guest: serve,
 * and nothing else.
 */
#ifndef BBOX_INFRA_VFS_FS_CAGE_H
#define BBOX_INFRA_VFS_FS_CAGE_H

#include "base/err.h"
#include "domain/log/log.h"

/*
 * The system call filter kills the process. A sanitizer's run time makes calls
 * of its own at any time, and reads /proc.
 */
#if defined(__SANITIZE_ADDRESS__)
#define FS_CAGE_FITS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FS_CAGE_FITS 0
#endif
#endif
#ifndef FS_CAGE_FITS
#define FS_CAGE_FITS 1
#endif

/**
 * fs_cage_enter_files() - leave two directories of the file system
 * @read_fd:	everything beneath can be read; O_PATH is enough
 * @write_fd:	everything beneath can be read, written, made and removed,
 *		except special files; -1 for none
 * @log:	told when the kernel has no Landlock, or not all of it
 *
 * Open descriptors keep what they can do. Also forbids new privileges, for
 * good.
 */
must_check int fs_cage_enter_files(int read_fd, int write_fd, struct log *log,
				   struct err *err);

/*
 * The same with one directory, in which everything can be made but devices.
 * Left out on a kernel where files could not be moved then.
 */
must_check int fs_cage_enter_share(int share_fd, struct log *log,
				   struct err *err);

/*
 * Leaves the system calls that serving takes; any other kills the process.
 * No program can be executed and no memory made executable, no socket and no
 * process be created.
 */
must_check int fs_cage_enter_calls(struct err *err);
/* For fs_cage_enter_share(): those that make names, modes and attributes. */
must_check int fs_cage_enter_share_calls(struct err *err);

#endif /* BBOX_INFRA_VFS_FS_CAGE_H */
