// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_server_test.c - what a guest's kernel says becomes a call of the file
 * system and an answer.
 */
#include "infra/vfs/fuse_server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/xattr.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "infra/vfs/fuse_call.h"
#include "support/check.h"
#include "support/fuse_bench.h"

#define STATX_OP 52U /* FUSE_STATX, FUSE 7.39 */

/* clang-format off */
static const struct call_case call_cases[] = {
	{ "lookup", { FUSE_LOOKUP, 1, NO_ARGS, TAIL("a\0") },
	  "lookup 1 a;", 0, ENTRY },
	{ "forget", { FUSE_FORGET, 9, ARGS(fuse_forget_in, .nlookup = 3),
	  NO_TAIL },
	  "forget 9 3;", 0, SILENT },
	{ "batch forget", { FUSE_BATCH_FORGET, 0,
	  ARGS(fuse_batch_forget_in, .count = 2),
	  TAIL("\5\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
	       "\6\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0") },
	  "forget 5 1;forget 6 2;", 0, SILENT },
	{ "getattr", { FUSE_GETATTR, 1, ARGS(fuse_getattr_in,
	  .getattr_flags = 0), NO_TAIL },
	  "getattr 1;", 0, ATTR },
	{ "setattr", { FUSE_SETATTR, 4, ARGS(fuse_setattr_in,
	  .valid = FATTR_SIZE | FATTR_KILL_SUIDGID, .size = 99), NO_TAIL },
	  "setattr 1000:100 4 0x808 99;", 0, ATTR },
	{ "readlink", { FUSE_READLINK, 4, NO_ARGS, NO_TAIL },
	  "readlink 4 4095;", 0, 6 },
	{ "symlink", { FUSE_SYMLINK, 1, NO_ARGS, TAIL("l\0../t\0") },
	  "symlink 1 l ../t;", 0, ENTRY },
	{ "mknod", { FUSE_MKNOD, 1, ARGS(fuse_mknod_in, .mode = S_IFIFO | 0640,
	  .rdev = 7),
	  TAIL("p\0") }, "mknod 1 p 010640 7;", 0, ENTRY },
	{ "mkdir", { FUSE_MKDIR, 1, ARGS(fuse_mkdir_in, .mode = 01755),
	  TAIL("d\0") }, "mkdir 1000:100:77 1 d 01755;", 0, ENTRY },
	{ "unlink", { FUSE_UNLINK, 1, NO_ARGS, TAIL("f\0") },
	  "unlink 1 f;", 0, 0 },
	{ "rmdir", { FUSE_RMDIR, 1, NO_ARGS, TAIL("d\0") },
	  "rmdir 1 d;", 0, 0 },
	{ "rename", { FUSE_RENAME, 1, ARGS(fuse_rename_in, .newdir = 2),
	  TAIL("a\0b\0") }, "rename 1 a 2 b 0;", 0, 0 },
	{ "exchange", { FUSE_RENAME2, 1, ARGS(fuse_rename2_in, .newdir = 2,
	  .flags = RENAME_EXCHANGE), TAIL("a\0b\0") }, "rename 1 a 2 b 2;", 0,
	  0 },
	{ "link", { FUSE_LINK, 1, ARGS(fuse_link_in, .oldnodeid = 8),
	  TAIL("h\0") },
	  "link 8 1 h;", 0, ENTRY },
	{ "open is not needed", { FUSE_OPEN, 4, ARGS(fuse_open_in, .flags = 0),
	  NO_TAIL }, "", -ENOSYS, 0 },
	{ "create", { FUSE_CREATE, 1, ARGS(fuse_create_in, .flags = O_EXCL,
	  .mode = S_IFREG | 0644), TAIL("f\0") }, "create 1 f 0644 0x80;", 0,
	  ENTRY + 16 },
	{ "tmpfile", { FUSE_TMPFILE, 1, ARGS(fuse_create_in,
	  .mode = S_IFREG | 0600), TAIL("/\0") }, "tmpfile 1 0600;", 0,
	  ENTRY + 16 },
	{ "release", { FUSE_RELEASE, 4, ARGS(fuse_release_in, .fh = 0),
	  NO_TAIL },
	  "", 0, 0 },
	{ "read", { FUSE_READ, 4, ARGS(fuse_read_in, .offset = 3, .size = 10),
	  NO_TAIL }, "read 4 10 3;", 0, 9 },
	{ "read nothing", { FUSE_READ, 4, ARGS(fuse_read_in, .fh = 0),
	  NO_TAIL },
	  "read 4 0 0;", 0, 0 },
	{ "read at the very end", { FUSE_READ, 4, ARGS(fuse_read_in,
	  .offset = INT64_MAX - 4, .size = 10), NO_TAIL },
	  "read 4 4 9223372036854775803;", 0, 3 },
	{ "write", { FUSE_WRITE, 4, ARGS(fuse_write_in, .offset = 2, .size = 4),
	  TAIL("data") }, "write 4 2 0 'data';", 0, 8 },
	{ "write of another user", { FUSE_WRITE, 4, ARGS(fuse_write_in,
	  .size = 4, .write_flags = FUSE_WRITE_KILL_SUIDGID), TAIL("data") },
	  "write 4 0 1 'data';", 0, 8 },
	{ "statfs", { FUSE_STATFS, 1, NO_ARGS, NO_TAIL }, "statfs;", 0, 80 },
	{ "fsync", { FUSE_FSYNC, 4, ARGS(fuse_fsync_in, .fh = 0), NO_TAIL },
	  "fsync 4 0;", 0, 0 },
	{ "fdatasync", { FUSE_FSYNC, 4, ARGS(fuse_fsync_in,
	  .fsync_flags = FUSE_FSYNC_FDATASYNC), NO_TAIL }, "fsync 4 1;", 0, 0 },
	{ "fsync of a directory", { FUSE_FSYNCDIR, 1, ARGS(fuse_fsync_in,
	  .fh = 5),
	  NO_TAIL }, "fsync 1 0;", 0, 0 },
	{ "setxattr", { FUSE_SETXATTR, 4, ARGS(fuse_setxattr_in, .size = 2,
	  .flags = XATTR_CREATE), TAIL("user.x\0vv") },
	  "setxattr 4 user.x 'vv' 1;", 0, 0 },
	{ "setxattr to nothing", { FUSE_SETXATTR, 4,
	  ARGS(fuse_setxattr_in, .size = 0), TAIL("user.x\0") },
	  "setxattr 4 user.x '' 0;", 0, 0 },
	{ "getxattr", { FUSE_GETXATTR, 4, ARGS(fuse_getxattr_in, .size = 64),
	  TAIL("user.x\0") }, "getxattr 4 user.x 64;", 0, 5 },
	{ "getxattr's length", { FUSE_GETXATTR, 4, ARGS(fuse_getxattr_in,
	  .size = 0),
	  TAIL("user.x\0") }, "getxattr 4 user.x 0;", 0, 8 },
	{ "getxattr of a longer one", { FUSE_GETXATTR, 4,
	  ARGS(fuse_getxattr_in, .size = 4), TAIL("user.x\0") },
	  "getxattr 4 user.x 4;", -ERANGE, 0 },
	{ "listxattr", { FUSE_LISTXATTR, 4, ARGS(fuse_getxattr_in, .size = 64),
	  NO_TAIL }, "listxattr 4 64;", 0, 5 },
	{ "listxattr's length", { FUSE_LISTXATTR, 4,
	  ARGS(fuse_getxattr_in, .size = 0), NO_TAIL }, "listxattr 4 0;", 0,
	  8 },
	{ "removexattr", { FUSE_REMOVEXATTR, 4, NO_ARGS, TAIL("user.x\0") },
	  "removexattr 4 user.x;", 0, 0 },
	{ "flush is not needed", { FUSE_FLUSH, 4, ARGS(fuse_flush_in, .fh = 0),
	  NO_TAIL }, "", -ENOSYS, 0 },
	{ "opendir", { FUSE_OPENDIR, 1, ARGS(fuse_open_in, .flags = 0),
	  NO_TAIL },
	  "opendir 1;", 0, 16 },
	{ "readdir", { FUSE_READDIR, 1, ARGS(fuse_read_in, .fh = 5,
	  .size = 4096), NO_TAIL }, "readdir 1 5 0..3;", 0, 96 },
	{ "readdir has room for two", { FUSE_READDIR, 1, ARGS(fuse_read_in,
	  .fh = 5, .size = 95), NO_TAIL }, "readdir 1 5 0..2;", 0, 64 },
	{ "readdir goes on", { FUSE_READDIR, 1, ARGS(fuse_read_in, .fh = 5,
	  .offset = 2, .size = 4096), NO_TAIL }, "readdir 1 5 2..3;", 0, 32 },
	{ "readdir at the end", { FUSE_READDIR, 1, ARGS(fuse_read_in, .fh = 5,
	  .offset = 3, .size = 4096), NO_TAIL },
	  "readdir 1 5 3..3;", 0, 0 },
	{ "readdir without room", { FUSE_READDIR, 1, ARGS(fuse_read_in, .fh = 5,
	  .size = 31), NO_TAIL }, "readdir 1 5 0..0;", -EINVAL, 0 },
	{ "readdirplus", { FUSE_READDIRPLUS, 1, ARGS(fuse_read_in, .fh = 5,
	  .size = 4096), NO_TAIL }, "readdirplus 1 5 0..3;", 0, 480 },
	{ "readdirplus has room for one", { FUSE_READDIRPLUS, 1,
	  ARGS(fuse_read_in, .fh = 5, .size = 319), NO_TAIL },
	  "readdirplus 1 5 0..1;", 0, 160 },
	{ "releasedir", { FUSE_RELEASEDIR, 1, ARGS(fuse_release_in, .fh = 5),
	  NO_TAIL }, "releasedir 1 5;", 0, 0 },
	{ "access is the guest's", { FUSE_ACCESS, 1, ARGS(fuse_access_in,
	  .mask = 7),
	  NO_TAIL }, "", -ENOSYS, 0 },
	{ "interrupt", { FUSE_INTERRUPT, 0, ARGS(fuse_interrupt_in,
	  .unique = 1),
	  NO_TAIL }, "", 0, SILENT },
	{ "bmap", { FUSE_BMAP, 4, ARGS(fuse_bmap_in, .block = 1), NO_TAIL }, "",
	  -ENOSYS, 0 },
	{ "fallocate", { FUSE_FALLOCATE, 4, ARGS(fuse_fallocate_in, .offset = 1,
	  .length = 2, .mode = 3), NO_TAIL }, "fallocate 4 3 1 2;", 0, 0 },
	{ "lseek", { FUSE_LSEEK, 4, ARGS(fuse_lseek_in, .offset = 8,
	  .whence = SEEK_DATA),
	  NO_TAIL }, "lseek 4 8 3;", 0, 8 },
	{ "copy", { FUSE_COPY_FILE_RANGE, 4, ARGS(fuse_copy_file_range_in,
	  .off_in = 1, .nodeid_out = 5, .off_out = 2, .len = 3), NO_TAIL },
	  "copy 4 1 5 2 3;", 0, 8 },
	{ "copy of everything", { FUSE_COPY_FILE_RANGE, 4,
	  ARGS(fuse_copy_file_range_in, .nodeid_out = 5, .len = UINT64_MAX),
	  NO_TAIL },
	  "copy 4 0 5 0 2147479552;", 0, 8 },
	{ "syncfs", { FUSE_SYNCFS, 1, ARGS(fuse_syncfs_in, .padding = 0),
	  NO_TAIL },
	  "syncfs;", 0, 0 },
	{ "destroy", { FUSE_DESTROY, 0, NO_ARGS, NO_TAIL }, "reset;", 0, 0 },
	{ "init of a new mount", { FUSE_INIT, 0, ARGS(fuse_init_in, .major = 7,
	  .minor = 38),
	  NO_TAIL }, "reset;", 0, 64 },
	{ "short init", { FUSE_INIT, 0, NO_ARGS,
	  TAIL("\7\0\0\0\37\0\0\0\0\0\0\0\0\0\0\0") }, "reset;", 0, 64 },
	{ "init of later kernels", { FUSE_INIT, 0,
	  ARGS(fuse_init_in, .major = 7, .minor = 99), TAIL("more") }, "reset;",
	  0, 64 },
	{ "init of old kernels", { FUSE_INIT, 0, ARGS(fuse_init_in, .major = 7,
	  .minor = 30),
	  NO_TAIL }, "reset;", -EPROTO, 0 },
	{ "statx", { STATX_OP, 1, NO_ARGS, TAIL("xxxxxxxx") }, "", -ENOSYS,
	  0 },
	{ "locks", { FUSE_SETLK, 4, ARGS(fuse_lk_in, .fh = 0), NO_TAIL }, "",
	  -ENOSYS, 0 },
	{ "ioctl", { FUSE_IOCTL, 4, ARGS(fuse_ioctl_in, .fh = 0), NO_TAIL }, "",
	  -ENOSYS, 0 },
	{ "poll", { FUSE_POLL, 4, ARGS(fuse_poll_in, .fh = 0), NO_TAIL }, "",
	  -ENOSYS, 0 },
	{ "dax", { FUSE_SETUPMAPPING, 4, ARGS(fuse_setupmapping_in, .fh = 0),
	  NO_TAIL }, "", -ENOSYS, 0 },
	{ "end of dax", { FUSE_REMOVEMAPPING, 4, ARGS(fuse_removemapping_in,
	  .count = 0), NO_TAIL }, "", -ENOSYS, 0 },
	{ "no operation", { 0, 1, NO_ARGS, NO_TAIL }, "", -ENOSYS, 0 },
	{ "a hole in the table", { 7, 1, NO_ARGS, NO_TAIL }, "", -ENOSYS, 0 },
	{ "of other devices", { CUSE_INIT, 1, NO_ARGS, NO_TAIL }, "",
	  -ENOSYS, 0 },
	{ "largest operation", { UINT32_MAX, 1, NO_ARGS, NO_TAIL }, "",
	  -ENOSYS, 0 },
};

/* clang-format on */

static void test_requests_become_calls(void **state unused)
{
	check_cases(call_cases, ARRAY_SIZE(call_cases));
}

static void test_nothing_but_init_comes_first(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(call_cases); i++) {
		const struct call_case *c = &call_cases[i];
		auto_bench struct bench b;
		int want = c->m.opcode == FUSE_INIT	 ? c->error
			   : c->m.opcode == FUSE_DESTROY ? 0
							 : -EIO;

		bench_init(&b);
		bench_send(&b, &c->m, ROOM, 0);
		CHECK(!b.fake.calls.len, "%s: called '%s'", c->name,
		      b.fake.calls.data);
		if (c->len == SILENT)
			CHECK(!b.answer_len, "%s: answered", c->name);
		else
			CHECK(b.header.error == want, "%s: %d", c->name,
			      b.header.error);
	}
}

static void check_rooms(const struct call_case *c)
{
	auto_bench struct bench b;

	bench_init_ready(&b);
	for (size_t room = 0; room < ANSWER + c->len; room++) {
		bench_send(&b, &c->m, room, 0);
		if (room < ANSWER) {
			CHECK(!b.answer_len && !b.fake.calls.len,
			      "%s: '%s' with room %zu", c->name,
			      b.fake.calls.data, room);
			continue;
		}
		CHECK(b.answer_len >= ANSWER, "%s: silent", c->name);
		/* What would be lost: a lookup that was counted. */
		if (c->len >= ENTRY && c->len <= ENTRY + 16)
			CHECK(b.header.error == -EIO && !b.fake.calls.len,
			      "%s: %d, '%s' with room %zu", c->name,
			      b.header.error, b.fake.calls.data, room);
	}
}

static void test_no_room_no_call(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(call_cases); i++)
		if (call_cases[i].len != SILENT && !call_cases[i].error)
			check_rooms(&call_cases[i]);
}

static void test_requests_cut_anywhere_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(call_cases); i++) {
		const struct call_case *c = &call_cases[i];
		auto_buf struct buf bytes = BUF_INIT((size_t)4096);
		auto_bench struct bench b;

		bench_init_ready(&b);
		message_add(&c->m, &bytes);
		for (size_t len = 0; len < bytes.len; len++) {
			bench_send_bytes(&b, bytes.data, len, ROOM, 0);
			CHECK(!b.fake.calls.len, "%s: '%s' after %zu bytes",
			      c->name, b.fake.calls.data, len);
			if (len < HEADER || c->len != SILENT)
				CHECK(b.header.error == -EINVAL,
				      "%s: %d after %zu bytes", c->name,
				      b.header.error, len);
		}
	}
}

static void check_failure(const struct call_case *c, int result, int want)
{
	bool lists =
		c->m.opcode == FUSE_READDIR || c->m.opcode == FUSE_READDIRPLUS;
	auto_bench struct bench b;

	bench_init_ready(&b);
	b.fake.result = result;
	bench_send(&b, &c->m, ROOM, 0);
	/* Entries that were handed out are not lost. */
	if (lists && c->len)
		CHECK(!b.header.error && b.answer_len == ANSWER + c->len,
		      "%s: entries got lost", c->name);
	else
		CHECK(b.header.error == want && b.answer_len == ANSWER,
		      "%s: %d, want %d", c->name, b.header.error, want);
}

static bool can_fail(const struct call_case *c)
{
	return c->len != SILENT && !c->error && *c->calls &&
	       c->m.opcode != FUSE_INIT && c->m.opcode != FUSE_DESTROY &&
	       c->m.opcode != FUSE_RELEASEDIR;
}

static void test_failures_are_told(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(call_cases); i++) {
		const struct call_case *c = &call_cases[i];

		if (!can_fail(c))
			continue;
		check_failure(c, -ENOENT, -ENOENT);
		/* Linux would take these for something else. */
		check_failure(c, -512, -EIO);
		check_failure(c, INT32_MIN, -EIO);
	}
}

static void test_what_the_file_system_lacks(void **state unused)
{
	static const struct fs_ops nothing;

	for (size_t i = 0; i < ARRAY_SIZE(call_cases); i++) {
		const struct call_case *c = &call_cases[i];
		auto_bench struct bench b;
		bool ours = c->m.opcode == FUSE_INIT ||
			    c->m.opcode == FUSE_DESTROY ||
			    c->m.opcode == FUSE_RELEASE;

		bench_init_ready(&b);
		b.fake.base.ops = &nothing;
		bench_send(&b, &c->m, ROOM, 0);
		if (c->len != SILENT && !ours)
			CHECK(b.header.error == -ENOSYS, "%s: %d", c->name,
			      b.header.error);
	}
}

/* An answer holds nothing of the one before. */
static void test_answers_start_as_zeros(void **state unused)
{
	static const uint8_t zeros[ENTRY];
	const struct message getattr = { FUSE_GETATTR, 1,
					 ARGS(fuse_getattr_in, .fh = 0),
					 NO_TAIL };
	const struct message lookup = { FUSE_LOOKUP, 1, NO_ARGS, TAIL("a\0") };
	auto_bench struct bench b;

	bench_init_ready(&b);
	bench_send(&b, &getattr, ROOM, 0);
	bench_send(&b, &lookup, ROOM, 0);
	CHECK(!memcmp(b.answer + ANSWER + 8, zeros, ENTRY - 8),
	      "old bytes behind the node id");
}

static void test_answers_hold_what_was_said(void **state unused)
{
	const struct message lookup = { FUSE_LOOKUP, 1, NO_ARGS, TAIL("a\0") };
	const struct message create = { FUSE_CREATE, 1,
					ARGS(fuse_create_in, .mode = S_IFREG),
					TAIL("a\0") };
	const struct message opendir = { FUSE_OPENDIR, 1,
					 ARGS(fuse_open_in, .flags = 0),
					 NO_TAIL };
	const struct message read = { FUSE_READ, 1,
				      ARGS(fuse_read_in, .size = 5), NO_TAIL };
	const struct message size = { FUSE_LISTXATTR, 1,
				      ARGS(fuse_getxattr_in, .size = 0),
				      NO_TAIL };
	struct fuse_create_out entry;
	struct fuse_open_out open;
	struct fuse_getxattr_out xattr;
	auto_bench struct bench b;

	bench_init_ready(&b);
	bench_send(&b, &lookup, ROOM, 1);
	memcpy(&entry, b.answer + ANSWER, ENTRY);
	CHECK(entry.entry.nodeid == 42 && !entry.entry.attr.size, "entry");
	bench_send(&b, &create, ROOM, 1);
	memcpy(&entry, b.answer + ANSWER, sizeof(entry));
	CHECK(entry.entry.nodeid == 42 && !entry.open.fh &&
		      entry.open.open_flags == FOPEN_KEEP_CACHE,
	      "created");
	bench_send(&b, &opendir, ROOM, 1);
	memcpy(&open, b.answer + ANSWER, sizeof(open));
	CHECK(open.fh == 5 && open.open_flags == FOPEN_CACHE_DIR, "opendir");
	bench_send(&b, &read, ROOM, 1);
	CHECK(!memcmp(b.answer + ANSWER, "rrrr", 4), "data");
	bench_send(&b, &size, ROOM, 1);
	memcpy(&xattr, b.answer + ANSWER, sizeof(xattr));
	CHECK(xattr.size == 5, "length of an attribute");
}

static void test_setxattr_without_the_extension(void **state unused)
{
	/* Size and flags only. */
	const struct message short_form = { FUSE_SETXATTR, 4, NO_ARGS,
					    TAIL("\2\0\0\0\1\0\0\0"
						 "user.x\0vv") };
	auto_bench struct bench b;

	bench_init(&b);
	bench_greet(&b, 0);
	bench_send(&b, &short_form, ROOM, 1);
	CHECK(!strcmp(b.fake.calls.data, "setxattr 4 user.x 'vv' 1;"), "'%s'",
	      b.fake.calls.data);
	bench_greet(&b, FUSE_SETXATTR_EXT);
	bench_send(&b, &short_form, ROOM, 1);
	CHECK(b.header.error == -EINVAL && !b.fake.calls.len, "%d, '%s'",
	      b.header.error, b.fake.calls.data);
}

static void test_destroyed_session_needs_a_new_init(void **state unused)
{
	const struct message destroy = { FUSE_DESTROY, 0, NO_ARGS, NO_TAIL };
	auto_bench struct bench b;

	bench_init_ready(&b);
	bench_send(&b, &destroy, ROOM, 0);
	CHECK(!strcmp(b.fake.calls.data, "reset;"), "'%s'", b.fake.calls.data);
	bench_send(&b, &call_cases[0].m, ROOM, 0);
	CHECK(b.header.error == -EIO, "%d", b.header.error);
	bench_greet(&b, 0);
	CHECK(!b.fake.calls.len, "'%s'", b.fake.calls.data);
	bench_send(&b, &call_cases[0].m, ROOM, 0);
	CHECK(!b.header.error, "%d", b.header.error);
}

/* Otherwise its cache would hide what they do. */
static void test_shared_files_are_not_cached_for_ever(void **state unused)
{
	struct fake_fs fake;
	struct log log = LOG_DISCARD;

	for (int shared = 0; shared < 2; shared++) {
		struct {
			struct fuse_in_header header;
			struct fuse_init_in init;
		} in = { .header = { .len = sizeof(in), .opcode = FUSE_INIT },
			 .init = { .major = 7,
				   .minor = 36,
				   .flags = FUSE_AUTO_INVAL_DATA } };
		struct {
			struct fuse_out_header header;
			struct fuse_init_out init;
		} out = { .header = { .len = 0 } };
		struct iovec from = { &in, sizeof(in) };
		struct iovec to = { &out, sizeof(out) };
		const struct vhost_request request = {
			.in = &from,
			.in_count = 1,
			.in_len = sizeof(in),
			.out = &to,
			.out_count = 1,
			.out_len = sizeof(out),
		};
		struct fuse_server *server;

		fake_fs_init(&fake);
		server = fuse_server_new(
			&fake.base, &(struct fuse_server_config){
					    .shared = shared, .log = &log });
		CHECK(fuse_server_handle(server, &request) == sizeof(out),
		      "no answer");
		CHECK(!!(out.init.flags & FUSE_AUTO_INVAL_DATA) == shared,
		      "flags 0x%x", out.init.flags);
		fuse_server_free(server);
		fake_fs_release(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_become_calls),
		cmocka_unit_test(test_nothing_but_init_comes_first),
		cmocka_unit_test(test_no_room_no_call),
		cmocka_unit_test(test_requests_cut_anywhere_are_refused),
		cmocka_unit_test(test_failures_are_told),
		cmocka_unit_test(test_what_the_file_system_lacks),
		cmocka_unit_test(test_answers_start_as_zeros),
		cmocka_unit_test(test_answers_hold_what_was_said),
		cmocka_unit_test(test_setxattr_without_the_extension),
		cmocka_unit_test(test_destroyed_session_needs_a_new_init),
		cmocka_unit_test(test_shared_files_are_not_cached_for_ever),
	};

	return RUN_TESTS(tests);
}
