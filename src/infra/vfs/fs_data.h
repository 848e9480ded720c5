/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_data.h - move content between the guest's memory and a file that is open.
 *
 * Everything returns 0 (or a count of bytes) or a negative errno.
 */
#ifndef BBOX_INFRA_VFS_FS_DATA_H
#define BBOX_INFRA_VFS_FS_DATA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/macros.h"

/* Does the whole of it have offsets that a file can have? */
bool fs_data_fits(const struct iovec *iov, int n, uint64_t offset);
must_check ssize_t fs_data_read(int fd, const struct iovec *iov, int n,
				uint64_t offset);
must_check ssize_t fs_data_write(int fd, const struct iovec *iov, int n,
				 uint64_t offset);

/* Looks at the arguments only, for fs_data_fallocate(). */
must_check int fs_data_check_fallocate(uint32_t mode, uint64_t offset,
				       uint64_t length);
must_check int fs_data_fallocate(int fd, uint32_t mode, uint64_t offset,
				 uint64_t length);
/* SEEK_DATA and SEEK_HOLE only. */
must_check int fs_data_seek(int fd, uint64_t offset, uint32_t whence,
			    uint64_t *out);

/*
 * What is copied at a time: one copy holds up everybody else, and the guest
 * asks again for the rest. -EINVAL for offsets that no file has.
 */
must_check int fs_data_check_copy(uint64_t from_offset, uint64_t to_offset,
				  uint64_t *length);
must_check ssize_t fs_data_copy(int from, uint64_t from_offset, int to,
				uint64_t to_offset, uint64_t length);

#endif /* BBOX_INFRA_VFS_FS_DATA_H */
