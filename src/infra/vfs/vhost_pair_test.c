// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_pair_test.c - the private socket, and servers that misbehave.
 */
#include "infra/vfs/vhost_pair.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

#define SHORT_MS 50

static char *new_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;
	char *dir = NULL;

	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "vhost-", &dir, &err),
		 &err);
	return dir;
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* "." and ".." */
}

static void test_nothing_is_left_and_ends_are_connected(void **state unused)
{
	auto_vhost_pair struct vhost_pair pair = VHOST_PAIR_INIT;
	auto_free char *dir = new_dir();
	struct err err = ERR_INIT;
	auto_close int server = -1;
	char c = 0;

	CHECK_OK(vhost_pair_open(dir, &pair, &err), &err);
	CHECK(count_entries(dir) == 0, "'%s' is not empty", dir);
	server = accept4(pair.listen_fd, NULL, NULL, SOCK_CLOEXEC);
	CHECK(server >= 0, "accept");
	CHECK(write(pair.connect_fd, "x", 1) == 1, "write");
	CHECK(read(server, &c, 1) == 1 && c == 'x', "read '%c'", c);
	CHECK_OK(fs_remove_tree(dir, &err), &err);
}

static void test_missing_directory_is_named(void **state unused)
{
	struct vhost_pair pair = VHOST_PAIR_INIT;
	struct err err = ERR_INIT;

	CHECK_FAILS(vhost_pair_open("/nonexistent/dir", &pair, &err), &err,
		    ERR_NOT_FOUND, "/nonexistent/dir");
	CHECK(pair.listen_fd == -1 && pair.connect_fd == -1, "set on failure");
}

/* clang-format off */
static const struct answer_case {
	const char *name;
	unsigned char bytes[24];
	size_t len;
	bool hang_up, accepted;
	enum err_kind kind;
	const char *text;
} answer_cases[] = {
	{ "an answer", { 1, 0, 0, 0, 5, 0, 0, 0, 8 }, 20, false, true, 0, "" },
	{ "silence", { 0 }, 0, false, false, ERR_TIMEOUT, "does not answer" },
	{ "hang-up", { 0 }, 0, true, false, ERR_PROTOCOL, "hung up" },
	{ "another request", { 2, 0, 0, 0, 5, 0, 0, 0, 8 }, 20, false, false,
	  ERR_PROTOCOL, "vhost-user" },
	{ "no reply flag", { 1, 0, 0, 0, 1, 0, 0, 0, 8 }, 20, false, false,
	  ERR_PROTOCOL, "vhost-user" },
	{ "another size", { 1, 0, 0, 0, 5, 0, 0, 0, 9 }, 20, false, false,
	  ERR_PROTOCOL, "vhost-user" },
	{ "cut short", { 1, 0, 0, 0, 5, 0, 0, 0, 8 }, 19, true, false,
	  ERR_PROTOCOL, "hung up" },
	{ "stuck half-way", { 1, 0, 0, 0, 5, 0, 0, 0, 8 }, 12, false, false,
	  ERR_TIMEOUT, "does not answer" },
};
/* clang-format on */

static void test_server_must_speak_vhost_user(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(answer_cases); i++) {
		const struct answer_case *c = &answer_cases[i];
		auto_close int ours = -1, theirs = -1;
		struct err err = ERR_INIT;
		int ends[2], r;

		CHECK_OK(fd_socketpair(ends, &err), &err);
		ours = ends[0];
		theirs = ends[1];
		CHECK(write(theirs, c->bytes, c->len) == (ssize_t)c->len,
		      "write");
		if (c->hang_up)
			assert_int_equal(shutdown(theirs, SHUT_WR), 0);
		r = vhost_ask_features(ours, SHORT_MS, &err);
		CHECK((r == 0) == c->accepted, "%s: %d '%s'", c->name, r,
		      err.msg);
		CHECK(c->accepted ||
			      (err.kind == c->kind && strstr(err.msg, c->text)),
		      "%s: %s '%s'", c->name, err_kind_name(err.kind), err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_left_and_ends_are_connected),
		cmocka_unit_test(test_missing_directory_is_named),
		cmocka_unit_test(test_server_must_speak_vhost_user),
	};

	return RUN_TESTS(tests);
}
