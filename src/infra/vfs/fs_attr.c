// SPDX-License-Identifier: Apache-2.0
/*
 * fs_attr.c - ids, numbers and modes as the guest sees them.
 */
#include "infra/vfs/fs_attr.h"

#include <sys/stat.h>

/* Of numbers on another device; no file system of the host sets it. */
#define INO_OTHER (UINT64_C(1) << 61)
#define INO_MIX	  UINT64_C(0x9e3779b97f4a7c15)

uint32_t fs_attr_id(uint32_t id, uint32_t ours)
{
	if (id == ours)
		return FS_GUEST_ID;
	return id == FS_GUEST_ID ? FS_NOBODY_ID : id;
}

uint64_t fs_attr_ino(uint64_t share, uint64_t dev, uint64_t ino)
{
	if (dev == share)
		return ino;
	return INO_OTHER | ((ino ^ dev * INO_MIX) & (INO_OTHER - 1));
}

uint32_t fs_attr_without_privileges(uint32_t mode)
{
	mode &= ~(uint32_t)S_ISUID;
	/* Without group execution, set-gid meant mandatory locking once. */
	if (mode & S_IXGRP)
		mode &= ~(uint32_t)S_ISGID;
	return mode;
}
