// SPDX-License-Identifier: Apache-2.0
/*
 * attack_test.c - whatever a guest and its front end say, the file server goes
 * on, and nothing outside of what it serves is read or written.
 */
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "vfs/attack_client.h"

/* --- names --- */

static const struct {
	uint32_t opcode;
	const void *args;
	size_t args_len;
	bool two; /* takes two names */
} takers[] = {
	{ FUSE_LOOKUP, NO_ARGS, false },
	{ FUSE_UNLINK, NO_ARGS, false },
	{ FUSE_RMDIR, NO_ARGS, false },
	{ FUSE_SYMLINK, NO_ARGS, true },
	{ FUSE_MKNOD, ARGS(fuse_mknod_in, .mode = S_IFREG | 0644), false },
	{ FUSE_MKDIR, ARGS(fuse_mkdir_in, .mode = 0755), false },
	{ FUSE_CREATE, ARGS(fuse_create_in, .mode = S_IFREG | 0644), false },
	{ FUSE_LINK, ARGS(fuse_link_in, .oldnodeid = ATTACK_FILE), false },
	{ FUSE_RENAME, ARGS(fuse_rename_in, .newdir = 1), true },
	{ FUSE_RENAME2, ARGS(fuse_rename2_in, .newdir = 1), true },
};

static void refuse_name(struct attack *a, size_t taker, const char *tail,
			size_t len)
{
	const struct message m = { takers[taker].opcode, ATTACK_DIR,
				   takers[taker].args, takers[taker].args_len,
				   BYTES(tail, len) };

	CHECK(attack_do(a, "name", &m, ATTACK_ROOM) < 0,
	      "opcode %u took '%.20s'", m.opcode, tail);
}

static void test_names_that_are_none_are_refused(void **state unused)
{
	char tail[5000];
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	for (size_t t = 0; t < ARRAY_SIZE(takers); t++)
		for (size_t i = 0; i < attack_name_count; i++) {
			size_t len = attack_names[i].len;

			memcpy(tail, attack_names[i].name, len);
			/* The second name is a good one, then the first. */
			memcpy(tail + len, "t", 2);
			refuse_name(&a, t, tail, takers[t].two ? len + 2 : len);
			if (!takers[t].two || takers[t].opcode == FUSE_SYMLINK)
				continue;
			memcpy(tail, "x", 2);
			memcpy(tail + 2, attack_names[i].name, len);
			refuse_name(&a, t, tail, len + 2);
		}
	for (size_t t = 0; t < ARRAY_SIZE(takers); t++)
		for (size_t len = 256; len < sizeof(tail); len += 1100) {
			memset(tail, 'n', len);
			tail[len] = '\0';
			memcpy(tail + len + 1 - 2 * takers[t].two,
			       takers[t].two ? "\0t" : "", 2 * takers[t].two);
			refuse_name(&a, t, tail, len + 1);
		}
	attack_release(&a);
}

/* --- ways out --- */

static int ask(struct attack *a, uint32_t opcode, uint64_t node,
	       const char *name)
{
	const struct message m = { opcode, node, NO_ARGS,
				   BYTES(name, strlen(name) + 1) };

	return attack_do(a, name, &m, ATTACK_ROOM);
}

static uint64_t entry_node(const struct attack *a)
{
	struct fuse_entry_out entry;

	memcpy(&entry, a->body, sizeof(entry));
	return entry.nodeid;
}

static int read_node(struct attack *a, uint64_t node)
{
	const struct message m = { FUSE_READ, node,
				   ARGS(fuse_read_in, .size = 4096), NO_TAIL };

	return attack_do(a, "read", &m, ATTACK_ROOM);
}

static void test_symlinks_lead_nowhere(void **state unused)
{
	const struct message make = { FUSE_SYMLINK, 1, NO_ARGS,
				      TAIL("way\0../outside\0") };
	uint64_t node;
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	/* The user's, which lead out, are not there. */
	CHECK(!ask(&a, FUSE_LOOKUP, 1, "leak") && !entry_node(&a), "leak");
	CHECK(!ask(&a, FUSE_LOOKUP, 1, ".env") && !entry_node(&a), ".env");
	CHECK(!ask(&a, FUSE_LOOKUP, 1, "fifo") && !entry_node(&a), "fifo");
	/* His own, the guest may make: they are text. */
	CHECK(!attack_do(&a, "symlink", &make, ATTACK_ROOM), "symlink");
	node = entry_node(&a);
	CHECK(ask(&a, FUSE_LOOKUP, node, "canary") == -ENOTDIR, "through it");
	CHECK(read_node(&a, node) < 0, "read a symlink");
	CHECK(ask(&a, FUSE_RMDIR, 1, "way") == -ENOTDIR, "rmdir of a symlink");
	CHECK(read_node(&a, a.known[0]) == 0 && a.len == ANSWER + 5, "read");
	attack_release(&a);
}

/* The user, or who has his directory, puts a symlink where a directory was. */
static void test_replaced_directory_leads_nowhere(void **state unused)
{
	static const char *const rows[] = { "canary", "x", "s" };
	uint64_t dir, x, s;
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	dir = a.known[ATTACK_DIR - ATTACK_FILE];
	CHECK(!ask(&a, FUSE_LOOKUP, dir, "x"), "x");
	x = entry_node(&a);
	CHECK(!ask(&a, FUSE_LOOKUP, dir, "s"), "s");
	s = entry_node(&a);
	CHECK(!renameat(a.world.user_fd, "d", a.world.user_fd, "moved") &&
		      !symlinkat("../outside", a.world.user_fd, "d") &&
		      !linkat(a.world.outside_fd, "canary", a.world.outside_fd,
			      "x", 0),
	      "replace");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			CHECK(ask(&a, FUSE_LOOKUP, dir, rows[i]) < 0 ||
				      a.len == ANSWER + sizeof(struct
							       fuse_entry_out),
			      "%s", rows[i]);
		discard(read_node(&a, x));
		discard(ask(&a, FUSE_LOOKUP, s, "z"));
		/* Descriptors of directories are trusted for a second. */
		nanosleep(
			&(struct timespec){ .tv_sec = 1, .tv_nsec = 100000000 },
			NULL);
	}
	CHECK(ask(&a, FUSE_LOOKUP, dir, "canary") < 0 || !entry_node(&a),
	      "found the canary");
	CHECK(!unlinkat(a.world.outside_fd, "x", 0) &&
		      !unlinkat(a.world.user_fd, "d", 0) &&
		      !renameat(a.world.user_fd, "moved", a.world.user_fd, "d"),
	      "put back");
	/* The link has changed these of the canary. */
	CHECK(!fstatat(a.world.outside_fd, "canary", &a.canary, 0), "canary");
	free(a.before);
	a.before = user_state(&a.world);
	attack_release(&a);
}

/* --- nodes and handles --- */

/* What does not care which node it is about. */
static bool ignores_node(uint32_t opcode)
{
	return opcode == FUSE_BATCH_FORGET || opcode == FUSE_INTERRUPT ||
	       opcode == FUSE_FORGET || opcode == FUSE_STATFS ||
	       opcode == FUSE_SYNCFS || opcode == FUSE_RELEASE ||
	       opcode == FUSE_RELEASEDIR || opcode == FUSE_OPEN;
}

static void test_nodes_of_nobody_are_refused(void **state unused)
{
	const uint64_t nodes[] = { 0,	       77777,	  UINT32_MAX,
				   UINT64_MAX, INT64_MAX, 0 /* forgotten */ };
	const size_t forgotten = ARRAY_SIZE(nodes) - 1;
	struct attack a;
	uint64_t gone;

	attack_init(&a, ATTACK_VIEW);
	CHECK(!ask(&a, FUSE_LOOKUP, a.known[ATTACK_DIR - ATTACK_FILE], "x"),
	      "x");
	gone = entry_node(&a);
	CHECK(!attack_do(&a, "forget",
			 &(struct message){
				 FUSE_FORGET, gone,
				 ARGS(fuse_forget_in, .nlookup = UINT64_MAX),
				 NO_TAIL },
			 ATTACK_ROOM),
	      "forget");
	for (size_t i = 0; i < attack_request_count; i++) {
		struct message m = attack_requests[i].m;

		if (attack_is_about_session(m.opcode) || ignores_node(m.opcode))
			continue;
		for (size_t n = 0; n < ARRAY_SIZE(nodes); n++) {
			m.node = n == forgotten ? gone : nodes[n];
			CHECK(attack_do(&a, attack_requests[i].name, &m,
					ATTACK_ROOM) < 0,
			      "%s: took node %" PRIu64, attack_requests[i].name,
			      m.node);
		}
	}
	attack_release(&a);
}

static int list(struct attack *a, uint32_t opcode, uint64_t node, uint64_t fh,
		uint64_t offset, uint32_t size)
{
	const struct message m = { opcode, node,
				   ARGS(fuse_read_in, .fh = fh,
					.offset = offset, .size = size),
				   NO_TAIL };

	return attack_do(a, "list", &m, ATTACK_ROOM);
}

static void test_handles_of_nobody_are_refused(void **state unused)
{
	static const uint32_t lists[] = { FUSE_READDIR, FUSE_READDIRPLUS };
	uint64_t dir, own, handle;
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	dir = a.known[ATTACK_DIR - ATTACK_FILE];
	own = a.known[ATTACK_OWN_DIR - ATTACK_FILE];
	handle = a.known[ATTACK_HANDLE - ATTACK_FILE];
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		CHECK(!list(&a, lists[i], dir, handle, 0, 4096), "list");
		CHECK(list(&a, lists[i], own, handle, 0, 4096) == -EBADF,
		      "of another directory");
		CHECK(list(&a, lists[i], a.known[0], handle, 0, 4096) < 0,
		      "of a file");
		for (size_t n = 0; n < attack_number_count; n++) {
			/* Far behind the end is the end. */
			CHECK(!list(&a, lists[i], dir, handle,
				    attack_numbers[n], 4096),
			      "offset %" PRIu64, attack_numbers[n]);
			CHECK(attack_numbers[n] == handle ||
				      list(&a, lists[i], dir, attack_numbers[n],
					   0, 4096) == -EBADF,
			      "handle %" PRIu64, attack_numbers[n]);
			discard(list(&a, lists[i], dir, handle, 0,
				     (uint32_t)attack_numbers[n]));
		}
	}
	for (int i = 0; i < 3; i++)
		CHECK(!attack_do(&a, "releasedir",
				 &(struct message){
					 FUSE_RELEASEDIR, dir,
					 ARGS(fuse_release_in, .fh = handle),
					 NO_TAIL },
				 ATTACK_ROOM),
		      "releasedir");
	CHECK(list(&a, FUSE_READDIR, dir, handle, 0, 4096) == -EBADF,
	      "after its release");
	/* More than may be open at one time. */
	for (int i = 0; i < 5000; i++)
		discard(attack_do(
			&a, "opendir",
			&(struct message){ FUSE_OPENDIR, dir,
					   ARGS(fuse_open_in, .flags = 0),
					   NO_TAIL },
			ATTACK_ROOM));
	CHECK(a.header.error == -ENFILE, "opendir: %d", a.header.error);
	attack_release(&a);
}

/* --- sizes --- */

static void send_cut(struct attack *a, size_t i, const struct buf *bytes,
		     size_t len, size_t room, bool honest)
{
	auto_free char *copy = xmemdup0(bytes->data, bytes->len);
	const uint32_t claimed = (uint32_t)len;

	if (honest && len >= sizeof(claimed))
		memcpy(copy, &claimed, sizeof(claimed));
	CHECK(attack_say(a, copy, len, room), "%s: cut to %zu: no answer",
	      attack_requests[i].name, len);
	attack_check_answer(a, attack_requests[i].name, room);
	if (a->header.error == -EIO)
		attack_learn(a);
}

static void test_requests_of_every_length(void **state unused)
{
	auto_buf struct buf bytes = BUF_INIT(ATTACK_IN_SIZE);
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	for (size_t i = 0; i < attack_request_count; i++) {
		attack_build(&a, &attack_requests[i].m, &bytes);
		discard(buf_add(&bytes, "\0\0\0\0\0\0\0\0", 8, ERR_IGNORE));
		for (size_t len = 1; len <= bytes.len; len++) {
			send_cut(&a, i, &bytes, len, ATTACK_ROOM, true);
			send_cut(&a, i, &bytes, len, ATTACK_ROOM, false);
		}
	}
	attack_release(&a);
}

static void test_answers_of_every_room(void **state unused)
{
	auto_buf struct buf bytes = BUF_INIT(ATTACK_IN_SIZE);
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	for (size_t i = 0; i < attack_request_count; i++)
		for (size_t room = 0; room < 200; room++) {
			attack_build(&a, &attack_requests[i].m, &bytes);
			send_cut(&a, i, &bytes, bytes.len, room, true);
		}
	attack_release(&a);
}

/* Each field of four and of eight bytes, with each number that is special. */
static void test_fields_of_every_value(void **state unused)
{
	auto_buf struct buf bytes = BUF_INIT(ATTACK_IN_SIZE);
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	for (size_t i = 0; i < attack_request_count; i++) {
		attack_build(&a, &attack_requests[i].m, &bytes);
		for (size_t at = HEADER; at + 4 <= bytes.len; at += 4)
			for (size_t n = 0; n < 2 * attack_number_count; n++) {
				size_t size = n % 2 ? 4 : 8;

				if (at + size > bytes.len)
					continue;
				attack_build(&a, &attack_requests[i].m, &bytes);
				memcpy(bytes.data + at, &attack_numbers[n / 2],
				       size);
				send_cut(&a, i, &bytes, bytes.len, ATTACK_ROOM,
					 true);
			}
	}
	attack_release(&a);
}

static void test_extended_attributes_are_bounded(void **state unused)
{
	const uint32_t sizes[] = { 0, 1, 4096, 65535, 65536, 65537, 100000 };
	const size_t name_len = strlen("user.x") + 1;
	auto_free char *tail = xcalloc(1, 200000);
	int error = 0, made = 0;
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	memcpy(tail, "user.x", name_len);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct message m = { FUSE_SETXATTR, ATTACK_OWN,
					   ARGS(fuse_setxattr_in,
						.size = sizes[i]),
					   BYTES(tail, name_len + sizes[i]) };

		error = attack_do(&a, "setxattr", &m, ATTACK_ROOM);
		CHECK(error == (sizes[i] > 65536 ? -E2BIG : 0), "%u bytes: %d",
		      sizes[i], error);
	}
	/* Until there is no more room. */
	for (error = 0; !error && made < 10000; made++) {
		int len = snprintf(tail, 100, "user.%d", made) + 1;
		const struct message m = { FUSE_SETXATTR, ATTACK_OWN,
					   ARGS(fuse_setxattr_in,
						.size = 30000),
					   BYTES(tail, (size_t)len + 30000) };

		error = attack_do(&a, "setxattr", &m, ATTACK_ROOM);
	}
	CHECK(error == -ENOSPC && made > 1 && made < 20, "%d after %d", error,
	      made);
	attack_release(&a);
}

static void test_forget_storms(void **state unused)
{
	const uint32_t count = 8000;
	const size_t size = sizeof(struct fuse_forget_one);
	auto_free struct fuse_forget_one *all = xcalloc(count, size);
	struct attack a;

	attack_init(&a, ATTACK_VIEW);
	for (int round = 0; round < 30; round++) {
		for (uint32_t i = 0; i < count; i++)
			all[i] = (struct fuse_forget_one){
				.nodeid = attack_random(&a, 50),
				.nlookup = attack_numbers[attack_random(
					&a, attack_number_count)],
			};
		CHECK(!attack_do(&a, "forget",
				 &(struct message){ FUSE_BATCH_FORGET, 0,
						    ARGS(fuse_batch_forget_in,
							 .count = count),
						    BYTES((const char *)all,
							  count * size) },
				 ATTACK_ROOM) &&
			      !a.len,
		      "forget");
		/* The root stays. */
		CHECK(!ask(&a, FUSE_LOOKUP, 1, "a") && entry_node(&a), "a");
		CHECK(read_node(&a, entry_node(&a)) == 0 && a.len > ANSWER,
		      "read");
	}
	attack_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_are_none_are_refused),
		cmocka_unit_test(test_symlinks_lead_nowhere),
		cmocka_unit_test(test_replaced_directory_leads_nowhere),
		cmocka_unit_test(test_nodes_of_nobody_are_refused),
		cmocka_unit_test(test_handles_of_nobody_are_refused),
		cmocka_unit_test(test_requests_of_every_length),
		cmocka_unit_test(test_answers_of_every_room),
		cmocka_unit_test(test_fields_of_every_value),
		cmocka_unit_test(test_extended_attributes_are_bounded),
		cmocka_unit_test(test_forget_storms),
	};

	return RUN_TESTS(tests);
}
