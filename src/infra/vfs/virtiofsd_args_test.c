// SPDX-License-Identifier: Apache-2.0
/*
 * virtiofsd_args_test.c - the command line, and paths that try to change it.
 */
#include "infra/vfs/virtiofsd_args.h"

#include <string.h>

#include "support/check.h"

/* clang-format off */
static const struct source_case {
	const char *name, *path, *want;
} source_cases[] = {
	{ "plain", "/home/u/p", "source=/home/u/p" },
	{ "blanks stay", "/home/my project", "source=/home/my project" },
	{ "a comma", "/a,modcaps=+chown", "source=/a\\,modcaps=+chown" },
	{ "a backslash", "/a\\,b", "source=/a\\\\\\,b" },
};
/* clang-format on */

static void test_path_cannot_add_options(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(source_cases); i++) {
		const struct source_case *c = &source_cases[i];
		auto_strv struct strv argv = STRV_INIT;

		virtiofsd_args_build(
			&(struct virtiofsd_args){ .binary = "/v",
						  .source = c->path },
			&argv);
		CHECK(strv_contains(&argv, c->want), "%s: '%s' not found",
		      c->name, c->want);
	}
}

static void test_whole_command_line(void **state unused)
{
	/* clang-format off */
	static const char *const want[] = {
		"/usr/lib/qemu/virtiofsd", "-f", "--fd=7",
		"--rlimit-nofile=20000", "--thread-pool-size=0",
		"-o", "source=/project", "-o", "sandbox=namespace",
		"-o", "cache=auto", "-o", "log_level=err",
	};
	/* clang-format on */
	auto_strv struct strv argv = STRV_INIT;

	virtiofsd_args_build(
		&(struct virtiofsd_args){ .binary = "/usr/lib/qemu/virtiofsd",
					  .source = "/project",
					  .listen_fd = 7,
					  .open_files_max = 20000 },
		&argv);
	CHECK(argv.n == ARRAY_SIZE(want), "%zu arguments", argv.n);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		CHECK(!strcmp(argv.v[i], want[i]), "%zu: '%s', want '%s'", i,
		      argv.v[i], want[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_cannot_add_options),
		cmocka_unit_test(test_whole_command_line),
	};

	return RUN_TESTS(tests);
}
