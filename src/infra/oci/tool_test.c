// SPDX-License-Identifier: Apache-2.0
/*
 * tool_test.c - tools: their output, their complaints, their end.
 */
#include "infra/oci/tool.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/check.h"

#define OUTPUT_MAX ((size_t)4 * 1024 * 1024)

static const char *const no_env[] = { "PATH=/usr/bin:/bin", NULL };

static int start(struct tool *t, struct loop *loop, const char *script,
		 struct err *err)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	return tool_start(t, loop, "sh", argv, no_env, "/", err);
}

static int read_output(struct tool *t, struct buf *out, struct err *err)
{
	char chunk[1000];
	size_t len;

	do {
		if (source_read(&t->base, chunk, sizeof(chunk), &len, err) < 0)
			return -1;
		if (buf_add(out, chunk, len, err) < 0)
			return -1;
	} while (len);
	return 0;
}

/* clang-format off */
static const struct run_case {
	const char *script, *output;
	const char *text; /* of the error; NULL: success */
} run_cases[] = {
	{ "echo out; echo err >&2", "out\n", NULL },
	{ "exit 3", "", "'sh' ended with exit code 3" },
	{ "echo why >&2; echo; exit 1", "\n", "failed (exit code 1): why" },
	{ "echo 'E: first' >&2; echo noise >&2; echo 'E: second' >&2; exit 9",
	  "", "(exit code 9): E: first; E: second" },
	{ "printf 'no end' >&2; exit 1", "", "(exit code 1): no end" },
	{ "kill -9 $$", "", "exit code 137" },
};
/* clang-format on */

static void test_tools_are_judged_by_their_exit(void **state unused)
{
	struct loop *loop = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(loop_new(&loop, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(run_cases); i++) {
		const struct run_case *c = &run_cases[i];
		auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
		struct tool t = { .on_line = NULL };
		int r;

		err = ERR_INIT;
		CHECK_OK(start(&t, loop, c->script, &err), &err);
		CHECK_OK(read_output(&t, &out, &err), &err);
		assert_string_equal(out.data, c->output);
		r = tool_finish(&t, 0, &err);
		tool_stop(&t, 0);
		CHECK((r == 0) == !c->text, "%s: %s", c->script, err.msg);
		CHECK(!c->text || strstr(err.msg, c->text), "%s: got '%s'",
		      c->script, err.msg);
	}
	loop_free(loop);
}

static void
test_flood_of_messages_does_not_block_the_output(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	struct tool t = { .on_line = NULL };
	struct loop *loop = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(loop_new(&loop, &err), &err);
	CHECK_OK(start(&t, loop,
		       "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo;"
		       "head -c 300000 /dev/zero",
		       &err),
		 &err);
	CHECK_OK(read_output(&t, &out, &err), &err);
	assert_int_equal(out.len, 300001);
	CHECK_OK(tool_finish(&t, 0, &err), &err);
	tool_stop(&t, 0);
	loop_free(loop);
}

static void test_waiting_ends_at_the_time_given(void **state unused)
{
	struct tool t = { .on_line = NULL };
	struct loop *loop = NULL;
	struct err err = ERR_INIT;
	pid_t pid;

	CHECK_OK(loop_new(&loop, &err), &err);
	CHECK_OK(start(&t, loop, "exec sleep 1000", &err), &err);
	pid = t.proc.pid;
	CHECK_FAILS(tool_finish(&t, clock_now_ns() + 1000000, &err), &err,
		    ERR_TIMEOUT, "");
	tool_stop(&t, 0);
	assert_int_equal(kill(pid, 0), -1);
	loop_free(loop);
}

static void test_missing_tools_come_with_a_remedy(void **state unused)
{
	auto_free char *path = NULL;
	struct err err = ERR_INIT;

	CHECK_FAILS(tool_find("no-such-tool", "/usr/bin:/bin", "apt install it",
			      &path, &err),
		    &err, ERR_NOT_FOUND,
		    "no-such-tool is not installed: apt install it");
	CHECK_OK(tool_find("sh", "/usr/bin:/bin", "", &path, &err), &err);
}

static void test_tools_get_no_secrets(void **state unused)
{
	static const char *const env[] = {
		"PATH=/bin",	    "HOME=/h",	     "API_TOKEN=secret",
		"https_proxy=p:1",  "HOMEPAGE=x",    "npm_config_registry=r",
		"SSH_AUTH_SOCK=/s", "LD_PRELOAD=/x", NULL,
	};
	auto_strv struct strv out = STRV_INIT;

	tool_environment(env, &out);
	assert_int_equal(out.n, 4);
	assert_true(strv_contains(&out, "PATH=/bin"));
	assert_true(strv_contains(&out, "HOME=/h"));
	assert_true(strv_contains(&out, "https_proxy=p:1"));
	assert_true(strv_contains(&out, "npm_config_registry=r"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tools_are_judged_by_their_exit),
		cmocka_unit_test(
			test_flood_of_messages_does_not_block_the_output),
		cmocka_unit_test(test_waiting_ends_at_the_time_given),
		cmocka_unit_test(test_missing_tools_come_with_a_remedy),
		cmocka_unit_test(test_tools_get_no_secrets),
	};

	return RUN_TESTS(tests);
}
