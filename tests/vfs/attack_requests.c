// SPDX-License-Identifier: Apache-2.0
/*
 * attack_requests.c - what a guest may say, to begin with.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs/attack_client.h"

#define FIFO	  (S_IFIFO | 0644U)
#define ALL_TIMES (FATTR_ATIME | FATTR_MTIME)

/* clang-format off */
const struct attack_request attack_requests[] = {
	{ "lookup", { FUSE_LOOKUP, ATTACK_DIR, NO_ARGS, TAIL("x\0") } },
	{ "lookup link", { FUSE_LOOKUP, 1, NO_ARGS, TAIL("leak\0") } },
	{ "forget", { FUSE_FORGET, ATTACK_OWN,
	  ARGS(fuse_forget_in, .nlookup = 1), NO_TAIL } },
	{ "forget two", { FUSE_BATCH_FORGET, 0,
	  ARGS(fuse_batch_forget_in, .count = 2),
	  TAIL("\5\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
	       "\6\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0") } },
	{ "getattr", { FUSE_GETATTR, ATTACK_FILE,
	  ARGS(fuse_getattr_in, .fh = 0), NO_TAIL } },
	{ "chmod", { FUSE_SETATTR, ATTACK_FILE, ARGS(fuse_setattr_in,
	  .valid = FATTR_MODE, .mode = S_IFREG | 0640), NO_TAIL } },
	{ "chown", { FUSE_SETATTR, ATTACK_OWN, ARGS(fuse_setattr_in,
	  .valid = FATTR_UID | FATTR_GID, .uid = 1000, .gid = 1000),
	  NO_TAIL } },
	{ "truncate", { FUSE_SETATTR, ATTACK_FILE, ARGS(fuse_setattr_in,
	  .valid = FATTR_SIZE, .size = 3), NO_TAIL } },
	{ "set times", { FUSE_SETATTR, ATTACK_DIR, ARGS(fuse_setattr_in,
	  .valid = ALL_TIMES, .atime = 1, .mtime = 2), NO_TAIL } },
	{ "readlink", { FUSE_READLINK, ATTACK_LINK, NO_ARGS, NO_TAIL } },
	{ "symlink", { FUSE_SYMLINK, ATTACK_OWN_DIR, NO_ARGS,
	  TAIL("s\0../outside/canary\0") } },
	{ "mknod", { FUSE_MKNOD, ATTACK_OWN_DIR, ARGS(fuse_mknod_in,
	  .mode = FIFO), TAIL("p\0") } },
	{ "mkdir", { FUSE_MKDIR, ATTACK_DIR, ARGS(fuse_mkdir_in,
	  .mode = 0755), TAIL("m\0") } },
	{ "create", { FUSE_CREATE, ATTACK_DIR, ARGS(fuse_create_in,
	  .flags = O_CREAT | O_RDWR, .mode = S_IFREG | 0644),
	  TAIL("c\0") } },
	{ "create and truncate", { FUSE_CREATE, ATTACK_DIR,
	  ARGS(fuse_create_in, .flags = O_CREAT | O_TRUNC,
	  .mode = S_IFREG | 0644), TAIL("x\0") } },
	{ "tmpfile", { FUSE_TMPFILE, ATTACK_OWN_DIR, ARGS(fuse_create_in,
	  .flags = O_RDWR, .mode = S_IFREG | 0600), TAIL("/\0") } },
	{ "unlink", { FUSE_UNLINK, ATTACK_DIR, NO_ARGS, TAIL("c\0") } },
	{ "rmdir", { FUSE_RMDIR, ATTACK_DIR, NO_ARGS, TAIL("m\0") } },
	{ "rename", { FUSE_RENAME, ATTACK_DIR, ARGS(fuse_rename_in,
	  .newdir = ATTACK_OWN_DIR), TAIL("x\0y\0") } },
	{ "rename back", { FUSE_RENAME2, ATTACK_OWN_DIR,
	  ARGS(fuse_rename2_in, .newdir = ATTACK_DIR,
	  .flags = RENAME_NOREPLACE), TAIL("y\0x\0") } },
	{ "exchange", { FUSE_RENAME2, 1, ARGS(fuse_rename2_in,
	  .newdir = ATTACK_DIR, .flags = RENAME_EXCHANGE),
	  TAIL("a\0x\0") } },
	{ "link", { FUSE_LINK, ATTACK_OWN_DIR, ARGS(fuse_link_in,
	  .oldnodeid = ATTACK_FILE), TAIL("h\0") } },
	{ "open", { FUSE_OPEN, ATTACK_FILE, ARGS(fuse_open_in,
	  .flags = O_RDWR), NO_TAIL } },
	{ "read", { FUSE_READ, ATTACK_FILE, ARGS(fuse_read_in,
	  .size = 4096), NO_TAIL } },
	{ "write", { FUSE_WRITE, ATTACK_FILE, ARGS(fuse_write_in,
	  .offset = 2, .size = 4), TAIL("data") } },
	{ "write and kill", { FUSE_WRITE, ATTACK_OWN, ARGS(fuse_write_in,
	  .size = 4, .write_flags = FUSE_WRITE_KILL_SUIDGID),
	  TAIL("data") } },
	{ "release", { FUSE_RELEASE, ATTACK_OWN, ARGS(fuse_release_in,
	  .fh = 0), NO_TAIL } },
	{ "fsync", { FUSE_FSYNC, ATTACK_OWN, ARGS(fuse_fsync_in,
	  .fsync_flags = FUSE_FSYNC_FDATASYNC), NO_TAIL } },
	{ "fsyncdir", { FUSE_FSYNCDIR, ATTACK_DIR, ARGS(fuse_fsync_in,
	  .fh = 0), NO_TAIL } },
	{ "fallocate", { FUSE_FALLOCATE, ATTACK_OWN,
	  ARGS(fuse_fallocate_in, .offset = 10, .length = 100), NO_TAIL } },
	{ "lseek", { FUSE_LSEEK, ATTACK_FILE, ARGS(fuse_lseek_in,
	  .whence = SEEK_HOLE), NO_TAIL } },
	{ "copy", { FUSE_COPY_FILE_RANGE, ATTACK_FILE,
	  ARGS(fuse_copy_file_range_in, .nodeid_out = ATTACK_OWN,
	  .len = 100), NO_TAIL } },
	{ "opendir", { FUSE_OPENDIR, ATTACK_DIR, ARGS(fuse_open_in,
	  .flags = O_RDONLY), NO_TAIL } },
	{ "readdir", { FUSE_READDIR, ATTACK_DIR, ARGS(fuse_read_in,
	  .fh = ATTACK_HANDLE, .size = 4096), NO_TAIL } },
	{ "readdirplus", { FUSE_READDIRPLUS, ATTACK_DIR,
	  ARGS(fuse_read_in, .fh = ATTACK_HANDLE, .size = 4096),
	  NO_TAIL } },
	{ "releasedir", { FUSE_RELEASEDIR, ATTACK_OWN_DIR,
	  ARGS(fuse_release_in, .fh = ATTACK_HANDLE), NO_TAIL } },
	{ "statfs", { FUSE_STATFS, 1, NO_ARGS, NO_TAIL } },
	{ "syncfs", { FUSE_SYNCFS, 1, ARGS(fuse_syncfs_in, .padding = 0),
	  NO_TAIL } },
	{ "setxattr", { FUSE_SETXATTR, ATTACK_FILE,
	  ARGS(fuse_setxattr_in, .size = 2), TAIL("user.x\0vv") } },
	{ "getxattr", { FUSE_GETXATTR, ATTACK_FILE,
	  ARGS(fuse_getxattr_in, .size = 100), TAIL("user.x\0") } },
	{ "listxattr", { FUSE_LISTXATTR, ATTACK_FILE,
	  ARGS(fuse_getxattr_in, .size = 100), NO_TAIL } },
	{ "removexattr", { FUSE_REMOVEXATTR, ATTACK_FILE, NO_ARGS,
	  TAIL("user.x\0") } },
	{ "interrupt", { FUSE_INTERRUPT, 0, ARGS(fuse_interrupt_in,
	  .unique = 1), NO_TAIL } },
	{ "init", { FUSE_INIT, 0, ARGS(fuse_init_in, .major = 7,
	  .minor = 36, .max_readahead = 131072, .flags = UINT32_MAX),
	  NO_TAIL } },
	{ "destroy", { FUSE_DESTROY, 0, NO_ARGS, NO_TAIL } },
};
/* clang-format on */

const uint32_t attack_request_count = ARRAY_SIZE(attack_requests);

bool attack_is_about_session(uint32_t opcode)
{
	return opcode == FUSE_INIT || opcode == FUSE_DESTROY;
}

const uint64_t attack_numbers[] = {
	0,
	1,
	2,
	3,
	7,
	8,
	255,
	256,
	4095,
	4096,
	65535,
	65536,
	INT32_MAX,
	UINT64_C(1) << 31,
	UINT32_MAX,
	UINT64_C(1) << 32,
	INT64_MAX - 4096,
	INT64_MAX,
	UINT64_C(1) << 63,
	UINT64_MAX - 1,
	UINT64_MAX,
};

const uint32_t attack_number_count = ARRAY_SIZE(attack_numbers);

const struct attack_name attack_names[] = {
	{ "..", 3 },  { ".", 2 },	    { "/", 2 },
	{ "", 1 },    { "../outside", 11 }, { "../outside/canary", 18 },
	{ "d/x", 4 }, { "d/", 3 },	    { "/etc/passwd", 12 },
	{ "./a", 4 }, { "a\0b", 4 },	    { "no NUL", 6 },
	{ "..", 2 },
};

const uint32_t attack_name_count = ARRAY_SIZE(attack_names);
