// SPDX-License-Identifier: Apache-2.0
/*
 * fuse_attack_test.c - what only an attacker says reaches no file system.
 */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/check.h"
#include "support/fuse_bench.h"

#define TOO_FAR ((uint64_t)INT64_MAX + 1)

/* clang-format off */
/* The file system must not hear of any of these. */
static const struct call_case attack_cases[] = {
	{ "node 0", { FUSE_LOOKUP, 0, NO_ARGS, TAIL("a\0") }, "", -EINVAL, 0 },
	{ "forget node 0", { FUSE_FORGET, 0, ARGS(fuse_forget_in, .nlookup = 1),
	  NO_TAIL }, "", 0, SILENT },
	{ "lookup upwards", { FUSE_LOOKUP, 1, NO_ARGS, TAIL("..\0") }, "",
	  -EINVAL, 0 },
	{ "unlink a path", { FUSE_UNLINK, 1, NO_ARGS, TAIL("a/b\0") }, "",
	  -EINVAL, 0 },
	{ "name without NUL", { FUSE_RMDIR, 1, NO_ARGS, TAIL("abc") }, "",
	  -EINVAL, 0 },
	{ "embedded NUL", { FUSE_LOOKUP, 1, NO_ARGS, TAIL("a\0b\0") }, "",
	  -EINVAL, 0 },
	{ "create a path", { FUSE_CREATE, 1, ARGS(fuse_create_in, .flags = 0),
	  TAIL("a/b\0") }, "", -EINVAL, 0 },
	{ "rename to a path", { FUSE_RENAME, 1, ARGS(fuse_rename_in,
	  .newdir = 2),
	  TAIL("a\0../b\0") }, "", -EINVAL, 0 },
	{ "rename into node 0", { FUSE_RENAME, 1, ARGS(fuse_rename_in,
	  .newdir = 0),
	  TAIL("a\0b\0") }, "", -EINVAL, 0 },
	{ "rename with one name", { FUSE_RENAME, 1, ARGS(fuse_rename_in,
	  .newdir = 2),
	  TAIL("a\0") }, "", -EINVAL, 0 },
	{ "whiteout", { FUSE_RENAME2, 1, ARGS(fuse_rename2_in, .newdir = 2,
	  .flags = RENAME_WHITEOUT), TAIL("a\0b\0") }, "", -EINVAL, 0 },
	{ "both ways to rename", { FUSE_RENAME2, 1, ARGS(fuse_rename2_in,
	  .newdir = 2, .flags = RENAME_EXCHANGE | RENAME_NOREPLACE),
	  TAIL("a\0b\0") }, "", -EINVAL,
	  0 },
	{ "link of node 0", { FUSE_LINK, 1, ARGS(fuse_link_in, .oldnodeid = 0),
	  TAIL("h\0") }, "", -EINVAL, 0 },
	{ "copy to node 0", { FUSE_COPY_FILE_RANGE, 4,
	  ARGS(fuse_copy_file_range_in, .len = 1), NO_TAIL }, "", -EINVAL, 0 },
	{ "copy with flags", { FUSE_COPY_FILE_RANGE, 4,
	  ARGS(fuse_copy_file_range_in, .nodeid_out = 5, .len = 1, .flags = 1),
	  NO_TAIL }, "", -EINVAL, 0 },
	{ "copy from too far", { FUSE_COPY_FILE_RANGE, 4,
	  ARGS(fuse_copy_file_range_in, .nodeid_out = 5, .len = 1,
	  .off_in = UINT64_MAX), NO_TAIL }, "", -EINVAL, 0 },
	{ "copy too far", { FUSE_COPY_FILE_RANGE, 4,
	  ARGS(fuse_copy_file_range_in, .nodeid_out = 5, .len = 1,
	  .off_out = INT64_MAX), NO_TAIL }, "", -EINVAL, 0 },
	{ "make a directory as a node", { FUSE_MKNOD, 1,
	  ARGS(fuse_mknod_in, .mode = S_IFDIR | 0755), TAIL("d\0") }, "",
	  -EINVAL,
	  0 },
	{ "node without a type", { FUSE_MKNOD, 1, ARGS(fuse_mknod_in,
	  .mode = 0644),
	  TAIL("d\0") }, "", -EINVAL, 0 },
	{ "mode of nothing known", { FUSE_MKDIR, 1, ARGS(fuse_mkdir_in,
	  .mode = 0200000), TAIL("d\0") }, "", -EINVAL, 0 },
	{ "unknown attributes", { FUSE_SETATTR, 4, ARGS(fuse_setattr_in,
	  .valid = 1 << 12), NO_TAIL }, "", -EINVAL, 0 },
	{ "negative size", { FUSE_SETATTR, 4, ARGS(fuse_setattr_in,
	  .valid = FATTR_SIZE, .size = TOO_FAR), NO_TAIL }, "", -EINVAL, 0 },
	{ "owner nobody can be", { FUSE_SETATTR, 4, ARGS(fuse_setattr_in,
	  .valid = FATTR_UID, .uid = UINT32_MAX), NO_TAIL }, "", -EINVAL, 0 },
	{ "group nobody can be", { FUSE_SETATTR, 4, ARGS(fuse_setattr_in,
	  .valid = FATTR_GID, .gid = UINT32_MAX), NO_TAIL }, "", -EINVAL, 0 },
	{ "a second of nanoseconds", { FUSE_SETATTR, 4, ARGS(fuse_setattr_in,
	  .valid = FATTR_MTIME, .mtimensec = 1000000000), NO_TAIL }, "",
	  -EINVAL, 0 },
	{ "read too much", { FUSE_READ, 4, ARGS(fuse_read_in,
	  .size = 1024 * 1024 + 1), NO_TAIL }, "", -EINVAL, 0 },
	{ "read more than fits", { FUSE_READ, 4, ARGS(fuse_read_in,
	  .size = ROOM), NO_TAIL }, "", -EIO, 0 },
	{ "read too far", { FUSE_READ, 4, ARGS(fuse_read_in, .offset = TOO_FAR,
	  .size = 1), NO_TAIL }, "", -EINVAL, 0 },
	{ "write claims more", { FUSE_WRITE, 4, ARGS(fuse_write_in, .size = 5),
	  TAIL("data") }, "", -EINVAL, 0 },
	{ "write claims less", { FUSE_WRITE, 4, ARGS(fuse_write_in, .size = 3),
	  TAIL("data") }, "", -EINVAL, 0 },
	{ "write too far", { FUSE_WRITE, 4, ARGS(fuse_write_in,
	  .offset = INT64_MAX - 3, .size = 4), TAIL("data") }, "", -EFBIG,
	  0 },
	{ "xattr claims more", { FUSE_SETXATTR, 4, ARGS(fuse_setxattr_in,
	  .size = 3),
	  TAIL("user.x\0vv") }, "", -EINVAL, 0 },
	{ "xattr claims less", { FUSE_SETXATTR, 4, ARGS(fuse_setxattr_in,
	  .size = 1),
	  TAIL("user.x\0vv") }, "", -EINVAL, 0 },
	{ "xattr claims everything", { FUSE_SETXATTR, 4,
	  ARGS(fuse_setxattr_in, .size = UINT32_MAX), TAIL("user.x\0vv") }, "",
	  -EINVAL, 0 },
	{ "xattr without a name", { FUSE_SETXATTR, 4,
	  ARGS(fuse_setxattr_in, .size = 0), NO_TAIL }, "", -EINVAL, 0 },
	{ "xattr with strange flags", { FUSE_SETXATTR, 4,
	  ARGS(fuse_setxattr_in, .size = 2, .flags = 3), TAIL("user.x\0vv") },
	  "", -EINVAL,
	  0 },
	{ "xattr longer than the room", { FUSE_GETXATTR, 4,
	  ARGS(fuse_getxattr_in, .size = UINT32_MAX), TAIL("user.x\0") }, "",
	  -ERANGE, 0 },
	{ "list longer than the room", { FUSE_LISTXATTR, 4,
	  ARGS(fuse_getxattr_in, .size = ROOM), NO_TAIL }, "", -ERANGE, 0 },
	{ "list too much", { FUSE_READDIR, 1, ARGS(fuse_read_in,
	  .size = UINT32_MAX), NO_TAIL }, "", -EINVAL, 0 },
	{ "seek from the end", { FUSE_LSEEK, 4, ARGS(fuse_lseek_in,
	  .whence = SEEK_END), NO_TAIL }, "", -EINVAL, 0 },
	{ "seek too far", { FUSE_LSEEK, 4, ARGS(fuse_lseek_in,
	  .offset = TOO_FAR, .whence = SEEK_DATA), NO_TAIL }, "", -EINVAL, 0 },
	{ "allocate nothing", { FUSE_FALLOCATE, 4, ARGS(fuse_fallocate_in,
	  .fh = 0),
	  NO_TAIL }, "", -EINVAL, 0 },
	{ "allocate too far", { FUSE_FALLOCATE, 4, ARGS(fuse_fallocate_in,
	  .offset = INT64_MAX, .length = 1), NO_TAIL }, "", -EFBIG, 0 },
	{ "more to forget than there is", { FUSE_BATCH_FORGET, 0,
	  ARGS(fuse_batch_forget_in, .count = 2), TAIL("1234567812345678") },
	  "", 0,
	  SILENT },
	{ "less to forget than there is", { FUSE_BATCH_FORGET, 0,
	  ARGS(fuse_batch_forget_in, .count = 0), TAIL("1234567812345678") },
	  "", 0,
	  SILENT },
	{ "everything is to forget", { FUSE_BATCH_FORGET, 0,
	  ARGS(fuse_batch_forget_in, .count = UINT32_MAX),
	  TAIL("1234567812345678") },
	  "", 0, SILENT },
	{ "half a forget", { FUSE_FORGET, 9, NO_ARGS, TAIL("1234") }, "", 0,
	  SILENT },
	{ "half an interrupt", { FUSE_INTERRUPT, 0, NO_ARGS, TAIL("1234") },
	  "", 0, SILENT },
	{ "short arguments", { FUSE_GETATTR, 1, NO_ARGS, TAIL("12345678") },
	  "", -EINVAL, 0 },
	{ "long arguments", { FUSE_GETATTR, 1, ARGS(fuse_getattr_in,
	  .getattr_flags = 0),
	  TAIL("x") }, "", -EINVAL, 0 },
	{ "init cut short", { FUSE_INIT, 0, NO_ARGS, TAIL("\7\0\0\0\37") },
	  "", -EINVAL, 0 },
	{ "length larger than it is", { FUSE_LOOKUP, 1, NO_ARGS, TAIL("a\0"),
	  .lie = 1 }, "", -EINVAL, 0 },
	{ "length smaller than it is", { FUSE_LOOKUP, 1, NO_ARGS,
	  TAIL("a\0"), .lie = -1 }, "", -EINVAL, 0 },
	{ "length of forget", { FUSE_FORGET, 9, ARGS(fuse_forget_in,
	  .nlookup = 3),
	  NO_TAIL, .lie = 100 }, "", 0, SILENT },
};
/* clang-format on */

static void test_attacks_are_refused(void **state unused)
{
	check_cases(attack_cases, ARRAY_SIZE(attack_cases));
}

static void test_largest_write_and_one_more(void **state unused)
{
	static const struct {
		uint32_t size;
		int want;
	} sizes[] = {
		{ 1024 * 1024, 0 },
		{ 1024 * 1024 + 1, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct fuse_write_in in = { .size = sizes[i].size };
		auto_free char *data = xcalloc(1, sizes[i].size);
		const struct message m = { FUSE_WRITE, 4,    &in,
					   sizeof(in), data, sizes[i].size,
					   0 };
		auto_bench struct bench b;

		bench_init_ready(&b);
		/* As a guest's pages come. */
		bench_send(&b, &m, ROOM, 4096);
		CHECK(b.header.error == sizes[i].want, "%u: %d", sizes[i].size,
		      b.header.error);
		CHECK(!b.fake.calls.len == (sizes[i].want < 0), "%u: called",
		      sizes[i].size);
	}
}

static void test_in_and_out_may_be_the_same_memory(void **state unused)
{
	const struct message m = { FUSE_READ, 4, ARGS(fuse_read_in, .size = 48),
				   NO_TAIL };
	auto_buf struct buf bytes = BUF_INIT((size_t)4096);
	auto_bench struct bench b;
	struct fuse_out_header header;
	struct iovec iov;
	struct vhost_request request = {
		.in = &iov, .in_count = 1, .out = &iov, .out_count = 1
	};

	bench_init_ready(&b);
	message_add(&m, &bytes);
	iov = (struct iovec){ bytes.data, bytes.len };
	request.in_len = bytes.len;
	request.out_len = bytes.len;
	CHECK(fuse_server_handle(b.server, &request) == ANSWER + 47, "length");
	memcpy(&header, bytes.data, sizeof(header));
	CHECK(header.unique == 0x1234567890 && !header.error, "%d",
	      header.error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attacks_are_refused),
		cmocka_unit_test(test_largest_write_and_one_more),
		cmocka_unit_test(test_in_and_out_may_be_the_same_memory),
	};

	return RUN_TESTS(tests);
}
