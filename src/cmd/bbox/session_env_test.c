// SPDX-License-Identifier: Apache-2.0
/*
 * session_env_test.c - what reaches the guest's environment, and what not.
 */
#include "cmd/bbox/session_env.h"

#include <string.h>

#include "domain/agent/env.h"
#include "support/check.h"

static const char *const host_env[] = {
	"ANTHROPIC_API_KEY=key",
	"AWS_SECRET=no",
	"EXTRA_A=1",
	"EXTRA_B=2",
	"BBOX_SESSION_ID=forged",
	NULL,
};

static void render(struct strv *user, const struct agent *agent,
		   struct buf *out)
{
	const struct session_env e = { .agent_name = "claude-code",
				       .agent = agent,
				       .session_id = "0badcafe",
				       .mem_mib = 4096,
				       .user = user,
				       .host_env = host_env };
	struct err err = ERR_INIT;

	CHECK_OK(session_env_render(&e, out, &err), &err);
}

static void test_only_named_variables_are_forwarded(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(ENV_TEXT_MAX);
	auto_strv struct strv user = STRV_INIT;

	strv_add(&user, "EXTRA_*");
	strv_add(&user, "SET=it's, so");
	strv_add(&user, "BBOX_*");
	render(&user, agent_find("claude-code"), &out);
	assert_string_equal(out.data,
			    "export ANTHROPIC_API_KEY='key'\n"
			    "export BBOX_AGENT_NAME='claude-code'\n"
			    "export BBOX_HOME='/home/sandbox'\n"
			    "export BBOX_SESSION_ID='0badcafe'\n"
			    "export BBOX_WORKSPACE='/workspace'\n"
			    "export EXTRA_A='1'\n"
			    "export EXTRA_B='2'\n"
			    "export GIT_TERMINAL_PROMPT='0'\n"
			    "export GOMEMLIMIT='2867MiB'\n"
			    "export NODE_OPTIONS='--max-old-space-size=3072'\n"
			    "export SET='it'\\''s, so'\n");
}

static void test_run_image_forwards_nothing_by_itself(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(ENV_TEXT_MAX);
	auto_strv struct strv user = STRV_INIT;

	render(&user, /* agent */ NULL, &out);
	assert_null(strstr(out.data, "ANTHROPIC"));
	assert_null(strstr(out.data, "NODE_OPTIONS"));
}

static void test_bad_name_is_refused(void **state unused)
{
	auto_buf struct buf out = BUF_INIT(ENV_TEXT_MAX);
	auto_strv struct strv user = STRV_INIT;
	const struct session_env e = { .agent_name = "a",
				       .session_id = "0",
				       .user = &user,
				       .host_env = host_env };
	struct err err = ERR_INIT;

	strv_add(&user, "1BAD=x");
	CHECK_FAILS(session_env_render(&e, &out, &err), &err, ERR_USAGE,
		    "'1BAD' is not a variable name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_named_variables_are_forwarded),
		cmocka_unit_test(test_run_image_forwards_nothing_by_itself),
		cmocka_unit_test(test_bad_name_is_refused),
	};

	return RUN_TESTS(tests);
}
