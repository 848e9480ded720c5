// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_ask_test.c - servers that misbehave.
 */
#include "infra/vfs/vhost_ask.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "infra/sys/fd.h"
#include "support/check.h"

#define SHORT_MS 50

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
		cmocka_unit_test(test_server_must_speak_vhost_user),
	};

	return RUN_TESTS(tests);
}
