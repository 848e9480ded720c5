// SPDX-License-Identifier: Apache-2.0
/*
 * sensitive.c - judge paths by what changing them can make the host do.
 *
 * Paths are cleaned first and compared without regard to ASCII case: on a
 * file system that folds case ".GIT/hooks" is ".git/hooks". A rule too many
 * costs a warning, a rule too few costs the machine.
 */
#include "domain/snapshot/sensitive.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "domain/snapshot/glob.h"
#include "domain/workspace/paths.h"

/* Where in the path the pattern's components must stand. */
enum place {
	PLACE_ROOT,   /* they are the whole path */
	PLACE_END,    /* they are the path's end */
	PLACE_TOP,    /* they are its start, and more follows */
	PLACE_INSIDE, /* they are anywhere, and more follows */
};

#define AUTO_EXEC SENSITIVITY_AUTO_EXEC
#define BUILD	  SENSITIVITY_BUILD

#define R_GIT_HOOK     "git hook, runs on git operations"
#define R_HUSKY	       "husky git hook, runs on git operations"
#define R_PRE_COMMIT   "pre-commit configuration, runs on commit"
#define R_LEFTHOOK     "lefthook configuration, runs on git operations"
#define R_GIT_DIR      "git directory redirection, its hooks and config run commands"
#define R_DRIVER       "may name filter, diff or merge drivers that git runs"
#define R_MAKE	       "build system file"
#define R_MODULES      "submodule URLs, fetched on update"
#define R_TODO	       "exec lines run when the rebase continues"
#define R_TASKS	       "editor tasks"
#define R_LAUNCH       "debugger launch commands"
#define R_EDITOR       "editor settings, can name programs to run"
#define R_DEVCONTAINER "dev-container life-cycle commands"
#define R_INSTALL      "install scripts"
#define R_HOOKS	       "build hooks"
#define R_SETUP	       "arbitrary code at install"
#define R_DIRENV       "direnv, runs after you allow it"
#define R_CARGO	       "cargo configuration, can name programs to run"
#define R_CARGO_BUILD  "cargo build script, runs on build"
#define R_PYTEST       "pytest configuration, runs with the tests"
#define R_AGENT	       "agent settings, can name commands to run"
#define R_MCP	       "MCP servers that an agent starts"
#define R_CONTAINER    "container build or start commands"
#define R_NIX	       "nix expression, runs when the shell is entered"

static const struct rule {
	enum sensitivity sensitivity;
	enum place place;
	const char *pattern;
	const char *reason;
} rules[] = {
	/* clang-format off */
	{ AUTO_EXEC, PLACE_INSIDE, ".git/hooks", R_GIT_HOOK },
	{ AUTO_EXEC, PLACE_INSIDE, ".husky", R_HUSKY },
	{ AUTO_EXEC, PLACE_ROOT, ".pre-commit-config.yaml", R_PRE_COMMIT },
	{ AUTO_EXEC, PLACE_END, ".git/commondir", R_GIT_DIR },
	{ AUTO_EXEC, PLACE_END, ".git/config.worktree", R_GIT_DIR },
	{ AUTO_EXEC, PLACE_END, ".git/worktrees/*/commondir", R_GIT_DIR },
	{ AUTO_EXEC, PLACE_END, ".git/worktrees/*/config.worktree", R_GIT_DIR },
	{ AUTO_EXEC, PLACE_END, "lefthook.y*ml", R_LEFTHOOK },
	{ AUTO_EXEC, PLACE_END, ".lefthook.y*ml", R_LEFTHOOK },
	{ AUTO_EXEC, PLACE_END, "lefthook-local.y*ml", R_LEFTHOOK },

	{ BUILD, PLACE_END, ".gitattributes", R_DRIVER },
	{ BUILD, PLACE_TOP, ".github/workflows", "GitHub Actions workflow" },
	{ BUILD, PLACE_ROOT, ".gitlab-ci.yml", "GitLab CI" },
	{ BUILD, PLACE_TOP, ".gitlab", "GitLab CI" },
	{ BUILD, PLACE_TOP, ".circleci", "CircleCI" },
	{ BUILD, PLACE_END, "Jenkinsfile", "Jenkins pipeline" },
	{ BUILD, PLACE_ROOT, ".travis.yml", "Travis CI" },
	{ BUILD, PLACE_ROOT, "azure-pipelines.y*ml", "Azure pipeline" },
	{ BUILD, PLACE_ROOT, "bitbucket-pipelines.yml", "Bitbucket pipeline" },
	{ BUILD, PLACE_TOP, ".buildkite", "Buildkite pipeline" },
	{ BUILD, PLACE_END, "Makefile", R_MAKE },
	{ BUILD, PLACE_END, "GNUmakefile", R_MAKE },
	{ BUILD, PLACE_END, "Taskfile.y*ml", R_MAKE },
	{ BUILD, PLACE_END, "Justfile", R_MAKE },
	{ BUILD, PLACE_END, ".justfile", R_MAKE },
	{ BUILD, PLACE_END, "CMakeLists.txt", R_MAKE },
	{ BUILD, PLACE_END, "build.rs", R_CARGO_BUILD },
	{ BUILD, PLACE_END, ".cargo/config", R_CARGO },
	{ BUILD, PLACE_END, ".cargo/config.toml", R_CARGO },
	{ BUILD, PLACE_END, "conftest.py", R_PYTEST },
	{ BUILD, PLACE_END, "flake.nix", R_NIX },
	{ BUILD, PLACE_END, "shell.nix", R_NIX },
	{ BUILD, PLACE_END, ".gitmodules", R_MODULES },
	{ BUILD, PLACE_ROOT, ".git/info/attributes", R_DRIVER },
	{ BUILD, PLACE_ROOT, ".git/rebase-merge/git-rebase-todo", R_TODO },
	{ BUILD, PLACE_END, ".vscode/tasks.json", R_TASKS },
	{ BUILD, PLACE_END, ".vscode/launch.json", R_LAUNCH },
	{ BUILD, PLACE_END, ".vscode/settings.json", R_EDITOR },
	{ BUILD, PLACE_INSIDE, ".idea", R_EDITOR },
	{ BUILD, PLACE_INSIDE, ".cursor", R_EDITOR },
	{ BUILD, PLACE_END, ".exrc", R_EDITOR },
	{ BUILD, PLACE_END, ".nvim.lua", R_EDITOR },
	{ BUILD, PLACE_END, ".claude/settings*.json", R_AGENT },
	{ BUILD, PLACE_END, ".mcp.json", R_MCP },
	{ BUILD, PLACE_ROOT, ".devcontainer.json", R_DEVCONTAINER },
	{ BUILD, PLACE_ROOT, ".devcontainer/devcontainer.json", R_DEVCONTAINER },
	{ BUILD, PLACE_END, "Dockerfile", R_CONTAINER },
	{ BUILD, PLACE_END, "Containerfile", R_CONTAINER },
	{ BUILD, PLACE_END, "compose*.y*ml", R_CONTAINER },
	{ BUILD, PLACE_END, "docker-compose*.y*ml", R_CONTAINER },
	{ BUILD, PLACE_END, "package.json", R_INSTALL },
	{ BUILD, PLACE_END, "pyproject.toml", R_HOOKS },
	{ BUILD, PLACE_END, "setup.py", R_SETUP },
	{ BUILD, PLACE_END, ".envrc", R_DIRENV },
	/* clang-format on */
};

static const char *const names[] = {
	[SENSITIVITY_NONE] = "none",
	[SENSITIVITY_BUILD] = "build/ci",
	[SENSITIVITY_AUTO_EXEC] = "auto-exec",
};
static_assert(ARRAY_SIZE(names) == SENSITIVITY_COUNT,
	      "names[] and enum sensitivity differ");

const char *sensitivity_name(enum sensitivity s)
{
	return s < SENSITIVITY_COUNT ? names[s] : "unknown";
}

/* Is the front of @path @pattern, component by component? */
static bool matches_front(struct span path, const char *pattern,
			  struct span *rest)
{
	struct span want = SPAN_STR(pattern), part, name;

	while (span_take_until(&want, '/', &part)) {
		if (!span_take_until(&path, '/', &name) ||
		    !glob_match(part, name, /* fold */ true))
			return false;
	}
	*rest = path;
	return true;
}

static bool rule_matches(const struct rule *rule, struct span path)
{
	bool anywhere = rule->place == PLACE_END || rule->place == PLACE_INSIDE;
	bool more = rule->place == PLACE_TOP || rule->place == PLACE_INSIDE;
	struct span part, rest;

	do {
		if (matches_front(path, rule->pattern, &rest) &&
		    (rest.len > 0) == more)
			return true;
	} while (anywhere && span_take_until(&path, '/', &part) && path.len);
	return false;
}

enum sensitivity sensitivity_of(const char *path, const char **reason)
{
	auto_free char *clean = path_clean(path + strspn(path, "/"));

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rule_matches(&rules[i], SPAN_STR(clean)))
			continue;
		if (reason)
			*reason = rules[i].reason;
		return rules[i].sensitivity;
	}
	if (reason)
		*reason = NULL;
	return SENSITIVITY_NONE;
}
