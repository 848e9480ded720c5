// SPDX-License-Identifier: Apache-2.0
/*
 * sensitive.c - judge paths by what changing them can make the host do.
 *
 * Paths are cleaned first and compared without regard to case: on a file system
 * that folds case ".GIT/hooks" is ".git/hooks". Such file systems also ignore
 * some invisible characters and take two letters outside ASCII for "k" and
 * "s". A rule too many costs a warning, a rule too few costs the machine.
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
#define R_HOOKS_PATH   "git hook, in the directory that core.hooksPath names"
#define R_AGENT	       "coding agent settings, name commands that it runs"
#define R_AGENT_TEXT   "coding agent files, it may act upon them"
#define R_MCP	       "MCP servers that a coding agent starts"
#define R_EXECUTABLE   "becomes executable"
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
	{ AUTO_EXEC, PLACE_END, ".lefthook-local.y*ml", R_LEFTHOOK },
	{ AUTO_EXEC, PLACE_END, "lefthook.toml", R_LEFTHOOK },
	{ AUTO_EXEC, PLACE_END, "lefthook.json", R_LEFTHOOK },
	{ AUTO_EXEC, PLACE_INSIDE, ".lefthook", R_LEFTHOOK },
	{ AUTO_EXEC, PLACE_INSIDE, ".githooks", R_GIT_HOOK },
	{ AUTO_EXEC, PLACE_END, ".claude/settings*.json", R_AGENT },
	{ AUTO_EXEC, PLACE_INSIDE, ".claude/hooks", R_AGENT },
	{ AUTO_EXEC, PLACE_INSIDE, ".claude/plugins", R_AGENT },
	{ AUTO_EXEC, PLACE_END, ".claude.json", R_AGENT },
	{ AUTO_EXEC, PLACE_INSIDE, ".cursor", R_AGENT },
	{ AUTO_EXEC, PLACE_INSIDE, ".codex", R_AGENT },
	{ AUTO_EXEC, PLACE_INSIDE, ".gemini", R_AGENT },
	{ AUTO_EXEC, PLACE_END, ".mcp.json", R_MCP },

	{ BUILD, PLACE_END, ".gitattributes", R_DRIVER },
	{ BUILD, PLACE_TOP, ".github/workflows", "GitHub Actions workflow" },
	{ BUILD, PLACE_ROOT, ".gitlab-ci.yml", "GitLab CI" },
	{ BUILD, PLACE_TOP, ".gitlab", "GitLab CI" },
	{ BUILD, PLACE_TOP, ".circleci", "CircleCI" },
	{ BUILD, PLACE_END, "Jenkinsfile", "Jenkins pipeline" },
	{ BUILD, PLACE_ROOT, ".travis.yml", "Travis CI" },
	{ BUILD, PLACE_ROOT, "azure-pipelines.y*ml", "Azure pipeline" },
	{ BUILD, PLACE_ROOT, "bitbucket-pipelines.y*ml", "Bitbucket pipeline" },
	{ BUILD, PLACE_TOP, ".buildkite", "Buildkite pipeline" },
	{ BUILD, PLACE_END, "Makefile", R_MAKE },
	{ BUILD, PLACE_END, "GNUmakefile", R_MAKE },
	{ BUILD, PLACE_END, "Taskfile.y*ml", R_MAKE },
	{ BUILD, PLACE_END, "Justfile", R_MAKE },
	{ BUILD, PLACE_END, ".justfile", R_MAKE },
	{ BUILD, PLACE_END, "*.just", R_MAKE },
	{ BUILD, PLACE_END, "*.mk", R_MAKE },
	{ BUILD, PLACE_END, "BSDmakefile", R_MAKE },
	{ BUILD, PLACE_END, "Makefile.am", R_MAKE },
	{ BUILD, PLACE_END, "Makefile.in", R_MAKE },
	{ BUILD, PLACE_END, "CMakeLists.txt", R_MAKE },
	{ BUILD, PLACE_END, "build.rs", R_CARGO_BUILD },
	{ BUILD, PLACE_END, ".cargo/config", R_CARGO },
	{ BUILD, PLACE_END, ".cargo/config.toml", R_CARGO },
	{ BUILD, PLACE_END, "conftest.py", R_PYTEST },
	{ BUILD, PLACE_END, "flake.nix", R_NIX },
	{ BUILD, PLACE_END, "shell.nix", R_NIX },
	{ BUILD, PLACE_END, "default.nix", R_NIX },
	{ BUILD, PLACE_END, ".gitmodules", R_MODULES },
	{ BUILD, PLACE_ROOT, ".git/info/attributes", R_DRIVER },
	{ BUILD, PLACE_ROOT, ".git/rebase-merge/git-rebase-todo", R_TODO },
	{ BUILD, PLACE_END, ".vscode/tasks.json", R_TASKS },
	{ BUILD, PLACE_END, ".vscode/launch.json", R_LAUNCH },
	{ BUILD, PLACE_END, ".vscode/settings.json", R_EDITOR },
	{ BUILD, PLACE_INSIDE, ".idea", R_EDITOR },
	{ BUILD, PLACE_END, ".exrc", R_EDITOR },
	{ BUILD, PLACE_END, ".vimrc", R_EDITOR },
	{ BUILD, PLACE_END, ".nvimrc", R_EDITOR },
	{ BUILD, PLACE_END, ".nvim.lua", R_EDITOR },
	{ BUILD, PLACE_INSIDE, ".claude", R_AGENT_TEXT },
	{ BUILD, PLACE_END, ".vscode/mcp.json", R_MCP },
	{ BUILD, PLACE_ROOT, ".devcontainer.json", R_DEVCONTAINER },
	{ BUILD, PLACE_ROOT, ".devcontainer/devcontainer.json", R_DEVCONTAINER },
	{ BUILD, PLACE_END, "Dockerfile", R_CONTAINER },
	{ BUILD, PLACE_END, "Dockerfile.*", R_CONTAINER },
	{ BUILD, PLACE_END, "*.Dockerfile", R_CONTAINER },
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

/*
 * Would a symlink at @path redirect what the rule is about? The pattern starts
 * with the components of the path, and there may be more of them.
 */
static bool rule_is_below(const struct rule *rule, struct span path)
{
	bool anywhere = rule->place == PLACE_END || rule->place == PLACE_INSIDE;
	struct span part;

	do {
		struct span want = SPAN_STR(rule->pattern), rest = path, name;
		bool same = true;

		while (same && span_take_until(&rest, '/', &name))
			same = span_take_until(&want, '/', &part) &&
			       glob_match(part, name, /* fold */ true);
		if (same)
			return true;
	} while (anywhere && span_take_until(&path, '/', &part) && path.len);
	return false;
}

/* Code points that some file systems leave out of names, as UTF-8. */
static bool is_ignorable(const unsigned char *p)
{
	/* U+00AD; U+200B to U+200F, U+202A to U+202E, U+2060 to U+206F */
	if (p[0] == 0xc2)
		return p[1] == 0xad;
	if (p[0] == 0xe2 && p[1] == 0x80)
		return (p[2] >= 0x8b && p[2] <= 0x8f) ||
		       (p[2] >= 0xaa && p[2] <= 0xae);
	if (p[0] == 0xe2 && p[1] == 0x81)
		return p[2] >= 0xa0 && p[2] <= 0xaf;
	/* U+FEFF */
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf;
}

/* A clean copy of @path in which letters are in ASCII that may count so. */
static char *fold_path(const char *path)
{
	char *out = path_clean(path + strspn(path, "/")), *to = out;
	const unsigned char *p = (const unsigned char *)out;

	while (*p) {
		if (is_ignorable(p)) {
			p += *p == 0xc2 ? 2 : 3;
		} else if (p[0] == 0xc5 && p[1] == 0xbf) { /* long s */
			*to++ = 's';
			p += 2;
		} else if (p[0] == 0xe2 && p[1] == 0x84 &&
			   p[2] == 0xaa) { /* kelvin sign */
			*to++ = 'k';
			p += 3;
		} else {
			*to++ = (char)*p++;
		}
	}
	*to = '\0';
	return out;
}

static enum sensitivity judge(const char *path, bool is_link,
			      const char **reason)
{
	auto_free char *folded = fold_path(path);
	struct span span = SPAN_STR(folded);

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rule_matches(&rules[i], span) &&
		    !(is_link && rule_is_below(&rules[i], span)))
			continue;
		*reason = rules[i].reason;
		return rules[i].sensitivity;
	}
	*reason = NULL;
	return SENSITIVITY_NONE;
}

enum sensitivity sensitivity_of(const char *path, const char **reason)
{
	const char *ignored;

	return judge(path, /* is_link */ false, reason ? reason : &ignored);
}

enum sensitivity sensitivity_of_change(const struct change *change,
				       const char **reason)
{
	bool is_link = change->kind != CHANGE_DELETED &&
		       change->type == CHANGE_SYMLINK;
	const char *why;
	enum sensitivity s = judge(change->path, is_link, &why);

	if (change->is_hook && s != SENSITIVITY_AUTO_EXEC) {
		s = SENSITIVITY_AUTO_EXEC;
		why = R_HOOKS_PATH;
	}
	if (s == SENSITIVITY_NONE && change_makes_executable(change)) {
		s = SENSITIVITY_BUILD;
		why = R_EXECUTABLE;
	}
	if (reason)
		*reason = why;
	return s;
}
