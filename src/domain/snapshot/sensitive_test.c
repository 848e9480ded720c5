// SPDX-License-Identifier: Apache-2.0
/*
 * sensitive_test.c - paths whose change can make the host run code.
 */
#include "domain/snapshot/sensitive.h"

#include <string.h>

#include "support/check.h"

#define AUTO_EXEC SENSITIVITY_AUTO_EXEC
#define BUILD	  SENSITIVITY_BUILD
#define NONE	  SENSITIVITY_NONE

static const struct path_case {
	const char *path;
	enum sensitivity want;
	const char *reason; /* must be part of it */
} path_cases[] = {
	/* clang-format off */
	{ ".git/hooks/pre-commit", AUTO_EXEC, "git hook" },
	{ ".git/hooks/post-merge", AUTO_EXEC, "git hook" },
	{ "sub/.git/hooks/pre-commit", AUTO_EXEC, "git hook" },
	{ ".husky/pre-commit", AUTO_EXEC, "husky" },
	{ "web/.husky/_/husky.sh", AUTO_EXEC, "husky" },
	{ ".pre-commit-config.yaml", AUTO_EXEC, "pre-commit" },
	{ "lefthook.yml", AUTO_EXEC, "lefthook" },
	{ "lefthook-local.yaml", AUTO_EXEC, "lefthook" },
	{ ".githooks/pre-push", AUTO_EXEC, "git hook" },
	{ ".claude/settings.json", AUTO_EXEC, "agent" },
	{ "sub/.claude/settings.local.json", AUTO_EXEC, "agent" },
	{ ".claude/hooks/x.sh", AUTO_EXEC, "agent" },
	{ ".cursor/mcp.json", AUTO_EXEC, "agent" },
	{ ".codex/config.toml", AUTO_EXEC, "agent" },
	{ ".gemini/settings.json", AUTO_EXEC, "agent" },
	{ "sub/.mcp.json", AUTO_EXEC, "MCP" },
	{ ".git/commondir", AUTO_EXEC, "git" },
	{ ".git/config.worktree", AUTO_EXEC, "git" },
	{ ".git/worktrees/w/commondir", AUTO_EXEC, "git" },

	{ ".github/workflows/ci.yml", BUILD, "GitHub" },
	{ ".gitlab-ci.yml", BUILD, "GitLab" },
	{ ".gitlab/agents/config.yaml", BUILD, "GitLab" },
	{ ".circleci/config.yml", BUILD, "CircleCI" },
	{ "Jenkinsfile", BUILD, "Jenkins" },
	{ "sub/Jenkinsfile", BUILD, "Jenkins" },
	{ ".travis.yml", BUILD, "Travis" },
	{ "azure-pipelines.yml", BUILD, "Azure" },
	{ "bitbucket-pipelines.yml", BUILD, "Bitbucket" },
	{ ".buildkite/pipeline.yml", BUILD, "Buildkite" },
	{ "Makefile", BUILD, "build system" },
	{ "makefile", BUILD, "build system" },
	{ "sub/Makefile", BUILD, "build system" },
	{ "GNUmakefile", BUILD, "build system" },
	{ "Taskfile.yaml", BUILD, "build system" },
	{ "Taskfile.yml", BUILD, "build system" },
	{ "Justfile", BUILD, "build system" },
	{ "justfile", BUILD, "build system" },
	{ "CMakeLists.txt", BUILD, "build system" },
	{ "build.rs", BUILD, "cargo" },
	{ ".cargo/config.toml", BUILD, "cargo" },
	{ "sub/.cargo/config", BUILD, "cargo" },
	{ "tests/conftest.py", BUILD, "pytest" },
	{ "flake.nix", BUILD, "nix" },
	{ "shell.nix", BUILD, "nix" },
	{ ".gitmodules", BUILD, "submodule" },
	{ ".gitattributes", BUILD, "drivers" },
	{ "sub/dir/.gitattributes", BUILD, "drivers" },
	{ ".git/info/attributes", BUILD, "drivers" },
	{ ".git/rebase-merge/git-rebase-todo", BUILD, "rebase" },
	{ ".vscode/tasks.json", BUILD, "tasks" },
	{ "sub/.vscode/launch.json", BUILD, "launch" },
	{ ".vscode/settings.json", BUILD, "editor" },
	{ ".idea/workspace.xml", BUILD, "editor" },
	{ ".exrc", BUILD, "editor" },
	{ ".nvim.lua", BUILD, "editor" },
	{ ".claude/commands/x.md", BUILD, "agent" },
	{ ".vscode/mcp.json", BUILD, "MCP" },
	{ "sub/rules.mk", BUILD, "build system" },
	{ "Makefile.am", BUILD, "build system" },
	{ "ci.just", BUILD, "build system" },
	{ "Dockerfile.prod", BUILD, "container" },
	{ ".devcontainer/Dockerfile", BUILD, "container" },
	{ ".devcontainer.json", BUILD, "dev-container" },
	{ ".devcontainer/devcontainer.json", BUILD, "dev-container" },
	{ "Dockerfile", BUILD, "container" },
	{ "docker-compose.override.yml", BUILD, "container" },
	{ "compose.yaml", BUILD, "container" },
	{ "package.json", BUILD, "install" },
	{ "packages/foo/package.json", BUILD, "install" },
	{ "pyproject.toml", BUILD, "build hooks" },
	{ "setup.py", BUILD, "install" },
	{ ".envrc", BUILD, "direnv" },

	{ "main.go", NONE, NULL },
	{ "pkg/foo/bar.go", NONE, NULL },
	{ ".git/config", NONE, NULL },
	{ ".git/HEAD", NONE, NULL },
	{ ".github/CODEOWNERS", NONE, NULL },
	{ ".vscode/extensions.json", NONE, NULL },
	{ ".devcontainer/notes.md", NONE, NULL },
	{ "package-lock.json", NONE, NULL },
	{ "poetry.lock", NONE, NULL },
	{ "sub/.travis.yml", NONE, NULL },
	{ "sub/.github/workflows/ci.yml", NONE, NULL },
	{ ".git/hooks", NONE, NULL },
	{ "my.git/hooks/x", NONE, NULL },
	{ "x.vscode/tasks.json", NONE, NULL },
	{ "Makefile.txt", NONE, NULL },
	{ "Makefile/x", NONE, NULL },
	{ "commondir", NONE, NULL },
	{ "claude/settings.json", NONE, NULL },
	{ ".claude", NONE, NULL },
	{ "mk", NONE, NULL },
	{ "", NONE, NULL },
	{ ".", NONE, NULL },

	/* other ways to write them */
	{ ".GIT/hooks/pre-commit", AUTO_EXEC, "git hook" },
	{ ".git/HOOKS/x", AUTO_EXEC, "git hook" },
	{ ".Husky/pre-commit", AUTO_EXEC, "husky" },
	{ "MAKEFILE", BUILD, "build system" },
	{ ".Claude/Settings.JSON", AUTO_EXEC, "agent" },
	{ ".git/hoo\xe2\x84\xaas/x", AUTO_EXEC, "git hook" },
	{ ".hu\xc5\xbfky/x", AUTO_EXEC, "husky" },
	{ ".g\xe2\x80\x8cit/hooks/x", AUTO_EXEC, "git hook" },
	{ ".\xef\xbb\xbfmcp.json", AUTO_EXEC, "MCP" },
	{ "\xe2\x80", NONE, NULL },
	{ ".git//hooks///x", AUTO_EXEC, "git hook" },
	{ "./.git/./hooks/x", AUTO_EXEC, "git hook" },
	{ "a/../.git/hooks/x", AUTO_EXEC, "git hook" },
	{ ".git/hooks/../config", NONE, NULL },
	{ ".git/x/../hooks/y", AUTO_EXEC, "git hook" },
	{ "/.gitlab-ci.yml", BUILD, "GitLab" },
	{ "../../.git/hooks/x", AUTO_EXEC, "git hook" },
	/* clang-format on */
};

static void test_paths_are_judged(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(path_cases); i++) {
		const struct path_case *c = &path_cases[i];
		const char *reason = "untouched";
		enum sensitivity got = sensitivity_of(c->path, &reason);

		CHECK(got == c->want, "'%s' is %s", c->path,
		      sensitivity_name(got));
		CHECK(sensitivity_of(c->path, NULL) == c->want,
		      "'%s' without a reason", c->path);
		if (c->reason)
			CHECK(reason && strstr(reason, c->reason), "'%s': '%s'",
			      c->path, reason);
		else
			CHECK(!reason, "'%s': '%s'", c->path, reason);
	}
}

static const struct change_case {
	const char *name;
	struct change change;
	enum sensitivity want;
	const char *reason;
} change_cases[] = {
	/* clang-format off */
	{ "as its path",
	  { .path = (char[]){ "Makefile" }, .kind = CHANGE_DELETED },
	  BUILD, "build system" },
	{ "link for a hooks directory",
	  { .path = (char[]){ ".git/hooks" }, .type = CHANGE_SYMLINK },
	  AUTO_EXEC, "git hook" },
	{ "link for a directory of settings",
	  { .path = (char[]){ "a/.claude" }, .type = CHANGE_SYMLINK },
	  AUTO_EXEC, "agent" },
	{ "link for a directory of tasks",
	  { .path = (char[]){ ".vscode" }, .type = CHANGE_SYMLINK },
	  BUILD, "editor" },
	{ "link that goes",
	  { .path = (char[]){ ".husky" }, .type = CHANGE_SYMLINK,
	    .kind = CHANGE_DELETED },
	  NONE, NULL },
	{ "directory",
	  { .path = (char[]){ ".husky" }, .type = CHANGE_DIR }, NONE, NULL },
	{ "link of no matter",
	  { .path = (char[]){ "a/b" }, .type = CHANGE_SYMLINK }, NONE, NULL },
	{ "new program",
	  { .path = (char[]){ "a" }, .mode = 0755 }, BUILD, "executable" },
	{ "new program of the group's",
	  { .path = (char[]){ "a" }, .mode = 0674 }, NONE, NULL },
	{ "was executable",
	  { .path = (char[]){ "a" }, .mode = 0755, .kind = CHANGE_MODIFIED,
	    .base_known = true, .base_mode = 0700 },
	  NONE, NULL },
	{ "becomes executable",
	  { .path = (char[]){ "a" }, .mode = 0755, .kind = CHANGE_MODIFIED,
	    .base_known = true, .base_mode = 0644 },
	  BUILD, "executable" },
	{ "hook by configuration",
	  { .path = (char[]){ "dev/h/pre-push" }, .is_hook = true },
	  AUTO_EXEC, "core.hooksPath" },
	/* clang-format on */
};

static void test_changes_are_judged(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(change_cases); i++) {
		const struct change_case *c = &change_cases[i];
		const char *reason = "untouched";
		enum sensitivity got =
			sensitivity_of_change(&c->change, &reason);

		CHECK(got == c->want, "%s: %s", c->name, sensitivity_name(got));
		if (c->reason)
			CHECK(reason && strstr(reason, c->reason), "%s: '%s'",
			      c->name, reason);
		else
			CHECK(!reason, "%s: '%s'", c->name, reason);
	}
}

static void test_tiers_have_labels(void **state unused)
{
	CHECK(!strcmp(sensitivity_name(NONE), "none"), "none");
	CHECK(!strcmp(sensitivity_name(BUILD), "build/ci"), "build/ci");
	CHECK(!strcmp(sensitivity_name(AUTO_EXEC), "auto-exec"), "auto-exec");
	CHECK(!strcmp(sensitivity_name(SENSITIVITY_COUNT), "unknown"),
	      "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_judged),
		cmocka_unit_test(test_changes_are_judged),
		cmocka_unit_test(test_tiers_have_labels),
	};

	return RUN_TESTS(tests);
}
