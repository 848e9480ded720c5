// SPDX-License-Identifier: Apache-2.0
/*
 * virtiofsd_test.c - refusals, and the life of a real server.
 *
 * The tests of the real one are skipped where it, or a user namespace for
 * it, is missing.
 */
#include "infra/vfs/virtiofsd.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/vfs/vhost_pair.h"
#include "support/check.h"

#define ASK_MS 5000

static struct log no_log = LOG_DISCARD;

static struct file_server *new_server(const char *binary)
{
	struct file_server *server;

	virtiofsd_new(
		&(struct virtiofsd_config){ .binary = binary, .log = &no_log },
		&server);
	return server;
}

static void test_protected_shares_are_refused(void **state unused)
{
	static const enum vm_share_mode modes[] = { VM_SHARE_RO, VM_SHARE_COW };
	struct file_server *server = new_server(NULL);
	struct file_share *s = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const struct vm_share share = { .tag = "objects",
						.path = "/tmp",
						.mode = modes[i],
						.state_dir = "/tmp" };

		CHECK_FAILS(file_server_serve(server, &share, &s, &err), &err,
			    ERR_UNSUPPORTED, "serves '/tmp' with all rights");
		assert_null(s);
	}
	virtiofsd_free(server);
}

static void test_missing_directory_is_named(void **state unused)
{
	const struct vm_share share = { .tag = "workspace",
					.path = "/nonexistent",
					.mode = VM_SHARE_RW };
	struct file_server *server = new_server(NULL);
	struct file_share *s = NULL;
	struct err err = ERR_INIT;

	CHECK_FAILS(file_server_serve(server, &share, &s, &err), &err,
		    ERR_NOT_FOUND, "/nonexistent");
	virtiofsd_free(server);
}

/* A program that ends at once instead of serving. */
static void test_server_that_ends_is_an_error(void **state unused)
{
	const struct vm_share share = { .tag = "workspace",
					.path = "/tmp",
					.mode = VM_SHARE_RW };
	struct file_server *server = new_server("/bin/false");
	struct file_share *s = NULL;
	struct err err = ERR_INIT;

	/* Where no namespace can be had, that is what is reported. */
	if (file_server_serve(server, &share, &s, &err) == 0)
		fail_msg("/bin/false served");
	CHECK(strstr(err.msg, "serve '/tmp'"), "'%s'", err.msg);
	assert_null(s);
	virtiofsd_free(server);
}

static void test_share_answers_and_ends(void **state unused)
{
	const char *tmp = getenv("TMPDIR");
	struct file_server *server = new_server(NULL);
	struct vm_share share = { .tag = "workspace", .mode = VM_SHARE_RW };
	struct file_share *s = NULL;
	struct err err = ERR_INIT;
	auto_free char *dir = NULL;

	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "vfs,\\ ", &dir, &err),
		 &err);
	share.path = dir;
	if (file_server_serve(server, &share, &s, &err) < 0) {
		print_message("no virtiofsd here: %s\n", err.msg);
		virtiofsd_free(server);
		CHECK_OK(fs_remove_tree(dir, &err), &err);
		skip();
	}
	CHECK_OK(vhost_ask_features(s->vhost_fd, ASK_MS, &err), &err);
	/* Returns only when the pipe that both processes hold has ended. */
	file_share_stop(s);
	virtiofsd_free(server);
	CHECK_OK(fs_remove_tree(dir, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protected_shares_are_refused),
		cmocka_unit_test(test_missing_directory_is_named),
		cmocka_unit_test(test_server_that_ends_is_an_error),
		cmocka_unit_test(test_share_answers_and_ends),
	};

	return RUN_TESTS(tests);
}
