// SPDX-License-Identifier: Apache-2.0
/*
 * exclude_test.c - which paths the guest never sees, which never come back.
 */
#include "domain/snapshot/exclude.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

struct path_case {
	const char *path;
	bool is_dir;
	bool want;
};

static void check_paths(const char *name, const struct exclude *x,
			const struct path_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK(exclude_matches(x, cases[i].path, cases[i].is_dir) ==
			      cases[i].want,
		      "%s: '%s'%s is %sexcluded", name, cases[i].path,
		      cases[i].is_dir ? " (directory)" : "",
		      cases[i].want ? "not " : "");
}

static const struct path_case snapshot_cases[] = {
	/* clang-format off */
	{ ".env", false, true },	{ ".env.local", false, true },
	{ ".environment", false, true }, { "deep/down/.env", false, true },
	{ ".env/inside", false, true },	{ "server.pem", false, true },
	{ "a/b.key", false, true },	{ "x.tfstate.backup", false, true },
	{ "id_rsa.pub", false, true },	{ ".ssh/config", false, true },
	{ ".ssh", true, true },		{ ".ssh", false, false },
	{ "home/.docker/config.json", false, true },
	{ ".docker/config.json", false, true },
	{ ".docker/other.json", false, false },
	{ ".config/gcloud/x", false, true },
	{ "a/.config/gh/hosts.yml", false, true },
	{ ".config/gh/config.yml", false, false },
	{ ".broodbox.yaml", false, true }, { "age-key.txt", false, true },
	{ "node_modules/foo.js", false, true },
	{ "sub/node_modules/a/b", false, true },
	{ "node_modules", true, true },	{ "node_modules", false, false },
	{ "target/debug/x", false, true }, { ".venv/bin/python", false, true },
	{ "main.go", false, false },	{ "src/app/main.go", false, false },
	{ ".git", true, false },	{ ".git/config", false, false },
	{ ".git/hooks/pre-commit", false, false },
	{ "keyboard.c", false, false },	{ "environment", false, false },
	{ "mynode_modules/x", false, false },
	/* in the other case, too */
	{ ".ENV", false, true },	{ "SERVER.PEM", false, true },
	{ ".Ssh/id", false, true },	{ "Node_Modules/x", false, false },
	/* clang-format on */
};

static void test_snapshot_leaves_out_secrets_and_bulk(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);

	check_paths("snapshot", x, snapshot_cases, ARRAY_SIZE(snapshot_cases));
	exclude_free(x);
}

static const struct path_case diff_cases[] = {
	/* clang-format off */
	{ ".env", false, true },
	{ ".git/config", false, true },	{ ".GIT/CONFIG", false, true },
	{ ".git/hooks/pre-commit", false, true },
	{ ".git/hooks/post-checkout", false, true },
	{ ".git/hooks", true, true },
	{ ".git/modules/sub/config", false, true },
	{ "sub/.git/hooks/x", false, true },
	{ "sub/.git/config", false, true },
	{ ".git/config.worktree", false, true },
	{ ".git/commondir", false, true },
	{ ".git/worktrees/w/config.worktree", false, true },
	{ ".git/worktrees/w/commondir", false, true },
	{ ".git/worktrees/w/HEAD", false, false },
	{ ".git", false, true },	{ "sub/.git", false, true },
	{ "sub/.Git", false, true },	{ ".git", true, false },
	{ "sub/.git", true, false },	{ ".git/", false, false },
	{ ".git/HEAD", false, false },
	{ ".git/refs/heads/main", false, false },
	{ ".git/objects/pack/pack-123.idx", false, false },
	{ ".git/info/exclude", false, false },
	{ ".github/workflows/ci.yml", false, false },
	{ ".gitignore", false, false },	{ "main.go", false, false },
	/* clang-format on */
};

static void test_diff_leaves_out_what_git_would_run(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_DIFF);

	check_paths("diff", x, diff_cases, ARRAY_SIZE(diff_cases));
	exclude_free(x);
}

static const struct pattern_case {
	const char *name;
	const char *text; /* an ignore file */
	struct path_case paths[9];
} pattern_cases[] = {
	/* clang-format off */
	{ "comments and blanks", "# *.c\n\n  \n \t# x\n\r\n",
	  { { "a.c", false, false }, { "# *.c", false, false } } },
	{ "blanks and CR are trimmed", "  *.tmp \r\n\tlogs/\t\r\n",
	  { { "a.tmp", false, true }, { "logs/x", false, true } } },
	{ "no newline at the end", "*.tmp",
	  { { "a.tmp", false, true } } },
	{ "escaped blank", "a\\ \nb\\\\ \n",
	  { { "a ", false, true }, { "a", false, false },
	    { "b\\", false, true } } },
	{ "escaped specials", "\\#x\n\\!y\n",
	  { { "#x", false, true }, { "!y", false, true },
	    { "x", false, false }, { "y", false, false } } },
	{ "any depth", "*.log",
	  { { "app.log", false, true }, { "deep/nested/app.log", false, true },
	    { "app.log/x", false, true }, { "app.logs", false, false } } },
	{ "directories only", "logs/",
	  { { "logs", true, true }, { "logs", false, false },
	    { "logs/", false, true }, { "logs/x", false, true },
	    { "a/logs/x", false, true }, { "a/logs", false, false } } },
	{ "anchored", "/a",
	  { { "a", false, true }, { "a/b", false, true },
	    { "b/a", false, false } } },
	{ "inner slash is anchored", "a/b",
	  { { "a/b", false, true }, { "a/b/c", false, true },
	    { "x/a/b", false, false }, { "a/x/b", false, false },
	    { "a", true, false } } },
	{ "star stays in its component", "a/*/c",
	  { { "a/b/c", false, true }, { "a/b/b/c", false, false },
	    { "a/c", false, false } } },
	{ "question mark is no slash", "a?b",
	  { { "a/b", false, false }, { "axb", false, true } } },
	{ "brackets", "[a-c].o\n[!x]y",
	  { { "b.o", false, true }, { "d.o", false, false },
	    { "zy", false, true }, { "xy", false, false } } },
	{ "leading double star", "**/x",
	  { { "x", false, true }, { "a/x", false, true },
	    { "a/b/x", false, true }, { "ax", false, false } } },
	{ "trailing double star", "x/**",
	  { { "x", true, false }, { "x/a", false, true },
	    { "x/a/b", false, true }, { "y/x/a", false, false } } },
	{ "inner double star", "a/**/b",
	  { { "a/b", false, true }, { "a/x/b", false, true },
	    { "a/x/y/b", false, true }, { "b", false, false },
	    { "x/a/b", false, false } } },
	{ "two double stars", "a/**/b/**/c",
	  { { "a/b/c", false, true }, { "a/b/b/c", false, true },
	    { "a/x/b/y/c/z", false, true }, { "a/c", false, false } } },
	{ "double star alone", "**",
	  { { "a", false, true }, { "a/b", false, true } } },
	{ "double star in a name", "a**b",
	  { { "axxb", false, true }, { "a/b", false, false } } },
	{ "double star with a directory", "**/x/",
	  { { "a/x", false, false }, { "a/x", true, true },
	    { "a/x/y", false, true } } },
	{ "last one wins", "*.o\n!keep.o\n",
	  { { "a.o", false, true }, { "keep.o", false, false },
	    { "d/keep.o", false, false } } },
	{ "excluded again", "*.o\n!keep.o\nkeep.o\n",
	  { { "keep.o", false, true } } },
	{ "built-in tier is negated", "!node_modules/",
	  { { "node_modules/package.json", false, false },
	    { "node_modules", true, false }, { "vendor/x", false, true } } },
	{ "not below an excluded directory", "out/\n!out/keep\n",
	  { { "out/keep", false, true }, { "out", true, true } } },
	{ "re-included parent", "a/*\n!a/b\n",
	  { { "a/x", false, true }, { "a/b", true, false },
	    { "a/b/c", false, false }, { "a/x/y", false, true } } },
	{ "negation of a parent covers what is inside", "*.log\n!a/\n",
	  { { "a/x.log", false, false }, { "x.log", false, true } } },
	{ "security wins", "!.env\n!*.pem\n!.env.example\n",
	  { { ".env", false, true }, { "a.pem", false, true },
	    { ".env.example", false, true } } },
	{ "not valid", "[abc\na\\\n/\n!\n//\na//b\n",
	  { { "a", false, false }, { "[abc", false, false },
	    { "a/b", false, false }, { "a\\", false, false } } },
	{ "dots are names", "./a\n../b\n",
	  { { "a", false, false }, { "b", false, false } } },
	{ "case counts", "Makefile",
	  { { "makefile", false, false }, { "Makefile", false, true } } },
	{ "bytes", "\xff*",
	  { { "\xff\xfe", false, true }, { "\xfe", false, false } } },
	/* clang-format on */
};

static void test_patterns_are_gitignore(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(pattern_cases); i++) {
		const struct pattern_case *c = &pattern_cases[i];
		struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
		struct err err = ERR_INIT;
		size_t n = 0;

		CHECK_OK(exclude_add_file(x, SPAN_STR(c->text), &err), &err);
		while (n < ARRAY_SIZE(c->paths) && c->paths[n].path)
			n++;
		check_paths(c->name, x, c->paths, n);
		exclude_free(x);
	}
}

static void test_nul_bytes_match_nothing(void **state unused)
{
	static const char text[] = "a\0b\nc";
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct err err = ERR_INIT;

	CHECK_OK(exclude_add_file(
			 x, (struct span){ .p = text, .len = sizeof(text) - 1 },
			 &err),
		 &err);
	CHECK(!exclude_matches(x, "a", false), "matched a cut pattern");
	CHECK(exclude_matches(x, "c", false), "the rest was lost");
	exclude_free(x);
}

static void test_negated_security_lines_are_dropped(void **state unused)
{
	static const char text[] = "!.env*\n!*.pem\nkeep\n!node_modules/\n"
				   " !.ssh/ \n!.env\n";
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	const char *const *dropped;
	struct err err = ERR_INIT;

	CHECK_OK(exclude_add_file(x, SPAN_STR(text), &err), &err);
	dropped = exclude_dropped(x);
	CHECK(dropped[0] && !strcmp(dropped[0], "!.env*") && dropped[1] &&
		      !strcmp(dropped[1], "!*.pem") && dropped[2] &&
		      !dropped[3],
	      "got '%s'", dropped[0]);
	CHECK(exclude_matches(x, "keep", false), "'keep' was dropped");
	CHECK(!exclude_matches(x, "node_modules/x", false),
	      "'!node_modules/' was dropped");
	exclude_free(x);
}

static void test_snapshot_excludes_hold_for_the_diff(void **state unused)
{
	struct exclude *snapshot = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct exclude *diff = exclude_new(EXCLUDE_FOR_DIFF);
	struct err err = ERR_INIT;

	CHECK_OK(exclude_add_pattern(snapshot, "big/", &err), &err);
	CHECK_OK(exclude_add_pattern(diff, "big/", &err), &err);
	CHECK_OK(exclude_add_file(diff, SPAN_STR("*.o\n!big/\n"), &err), &err);
	CHECK(!exclude_matches(diff, "big/x", false), "test is blunt");
	exclude_also(diff, snapshot);
	CHECK(exclude_matches(diff, "big/x", false),
	      "what was never copied looks deleted");
	CHECK(exclude_matches(diff, "a.o", false), "'*.o' is lost");
	CHECK(!exclude_matches(snapshot, "a.o", false),
	      ".gitignore reached the snapshot");
	exclude_free(diff);
	exclude_free(snapshot);
}

static void test_security_is_told_apart(void **state unused)
{
	struct exclude *snapshot = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct exclude *diff = exclude_new(EXCLUDE_FOR_DIFF);
	struct err err = ERR_INIT;

	CHECK_OK(exclude_add_pattern(snapshot, "big/", &err), &err);
	exclude_also(diff, snapshot);
	CHECK(exclude_is_security(diff, "a/.env", false), ".env");
	CHECK(exclude_is_security(diff, ".git/hooks/x", false), "hook");
	CHECK(!exclude_is_security(snapshot, ".git/hooks/x", false),
	      "hook in the snapshot");
	CHECK(!exclude_is_security(diff, "big/x", false), "pattern");
	CHECK(!exclude_is_security(diff, "vendor/x", false), "vendor");
	exclude_free(diff);
	exclude_free(snapshot);
}

static void test_limits_are_enforced(void **state unused)
{
	auto_free char *text = xcalloc(1, EXCLUDE_FILE_MAX + 2);
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	struct err err = ERR_INIT;

	memset(text, 'a', EXCLUDE_FILE_MAX + 1);
	CHECK_FAILS(exclude_add_file(x, SPAN_STR(text), &err), &err, ERR_LIMIT,
		    "exceeds 65536 bytes");
	text[EXCLUDE_PATTERN_MAX + 1] = '\0';
	CHECK_FAILS(exclude_add_pattern(x, text, &err), &err, ERR_LIMIT,
		    "exceeds 1024 bytes");
	text[EXCLUDE_PATTERN_MAX] = '\0';
	CHECK_OK(exclude_add_pattern(x, text, &err), &err);
	for (size_t i = 0; i < EXCLUDE_FILE_MAX; i++)
		text[i] = i % 2 ? '\n' : 'b';
	text[EXCLUDE_FILE_MAX] = '\0';
	CHECK_FAILS(exclude_add_file(x, SPAN_STR(text), &err), &err, ERR_LIMIT,
		    "more than 4096 exclude patterns");
	exclude_free(x);
}

static void test_deep_patterns_and_paths_take_linear_time(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	auto_free char *pattern = xcalloc(1, EXCLUDE_PATTERN_MAX + 1);
	auto_free char *path = xcalloc(1, 4097);
	struct err err = ERR_INIT;

	for (size_t i = 0; i + 4 < EXCLUDE_PATTERN_MAX; i += 5)
		memcpy(pattern + i, "**/a/", 5);
	for (size_t i = 0; i < 4096; i += 2)
		memcpy(path + i, "a/", 2);
	memcpy(pattern + strlen(pattern), "b", 2);
	path[4095] = '\0';
	for (int i = 0; i < 20; i++)
		CHECK_OK(exclude_add_pattern(x, pattern, &err), &err);
	CHECK(!exclude_matches(x, path, false), "matched");
	/* The longest pattern there can be: a step for each second byte. */
	for (size_t i = 0; i < EXCLUDE_PATTERN_MAX; i++)
		pattern[i] = i % 2 ? '/' : '*';
	CHECK_OK(exclude_add_pattern(x, pattern, &err), &err);
	CHECK(exclude_matches(x, path, false), "512 stars do not match");
	exclude_free(x);
}

static void save(const struct exclude *x, struct buf *out)
{
	struct err err = ERR_INIT;

	*out = BUF_INIT(EXCLUDE_SAVED_MAX);
	CHECK_OK(exclude_save(x, out, &err), &err);
}

/* Lines with all that makes a pattern: each must come back as it was. */
static const char *const saved_lines[] = {
	"plain",     "/anchored", "dir/",	"/both/",
	"a/b",	     "a/b/",	  "/a/b",	"!node_modules/",
	"!/keep",    "!a/b/",	  "**/deep/**", "a/**/b",
	"/**",	     "**",	  "x[!a-z]?*",	"\\#hash",
	"/#hash",    "!#hash",	  "!!twice",	"\\!bang",
	"/ blank",   "! blank",	  "end\\ ",	"end /",
	"new\nline", "!/**/x/",
};

static const struct path_case saved_paths[] = {
	/* Only the paths count: what they give is compared, not known. */
	{ "plain", false, false },	 { "d/plain", false, false },
	{ "anchored", false, false },	 { "d/anchored", false, false },
	{ "dir", true, false },		 { "dir", false, false },
	{ "d/dir", true, false },	 { "both", true, false },
	{ "d/both", true, false },	 { "a/b", true, false },
	{ "d/a/b", false, false },	 { "node_modules", true, false },
	{ "keep", false, false },	 { "deep/x", false, false },
	{ "d/deep/x/y", false, false },	 { "a/1/2/b", false, false },
	{ "xA12", false, false },	 { "#hash", false, false },
	{ "!twice", false, false },	 { " blank", false, false },
	{ "end ", true, false },	 { "new\nline", false, false },
	{ ".env", false, false },	 { "q/.git", false, false },
	{ ".git/config", false, false }, { "z/x", true, false },
};

static void check_alike(const struct exclude *a, const struct exclude *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(saved_paths); i++) {
		const struct path_case *p = &saved_paths[i];

		CHECK(exclude_matches(a, p->path, p->is_dir) ==
			      exclude_matches(b, p->path, p->is_dir),
		      "'%s' is not what it was", p->path);
	}
}

static void check_comes_back(enum exclude_purpose purpose, const char *line)
{
	struct exclude *x = exclude_new(purpose), *y = NULL;
	auto_buf struct buf first = BUF_INIT(0), second = BUF_INIT(0);
	struct err err = ERR_INIT;

	if (line)
		CHECK_OK(exclude_add_pattern(x, line, &err), &err);
	save(x, &first);
	CHECK_OK(exclude_load(buf_span(&first), &y, &err), &err);
	save(y, &second);
	CHECK(first.len == second.len &&
		      !memcmp(first.data, second.data, first.len),
	      "'%s': saved twice, differs", line ? line : "");
	CHECK(!line || first.len > 1, "'%s' is not saved", line);
	check_alike(x, y);
	exclude_free(x);
	exclude_free(y);
}

static void test_saved_patterns_come_back(void **state unused)
{
	check_comes_back(EXCLUDE_FOR_SNAPSHOT, NULL);
	check_comes_back(EXCLUDE_FOR_DIFF, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(saved_lines); i++) {
		check_comes_back(EXCLUDE_FOR_SNAPSHOT, saved_lines[i]);
		check_comes_back(EXCLUDE_FOR_DIFF, saved_lines[i]);
	}
}

/* The order decides; so do the largest patterns and as many as there may be. */
static void test_saved_order_and_limits_hold(void **state unused)
{
	auto_free char *longest = xcalloc(1, EXCLUDE_PATTERN_MAX + 1);
	struct exclude *x = exclude_new(EXCLUDE_FOR_DIFF), *y = NULL;
	auto_buf struct buf saved = BUF_INIT(0);
	struct err err = ERR_INIT;
	size_t n = 0;

	CHECK_OK(exclude_add_pattern(x, "*.c", &err), &err);
	CHECK_OK(exclude_add_pattern(x, "!main.c", &err), &err);
	memset(longest, 'x', EXCLUDE_PATTERN_MAX);
	longest[1] = '/';
	while (exclude_add_pattern(x, longest, &err) == 0)
		n++;
	assert_true(n > EXCLUDE_PATTERNS_MAX / 2);
	save(x, &saved);
	CHECK_OK(exclude_load(buf_span(&saved), &y, &err), &err);
	assert_true(exclude_matches(y, "a.c", false));
	assert_false(exclude_matches(y, "main.c", false));
	assert_true(exclude_matches(y, longest, false));
	CHECK_FAILS(exclude_add_pattern(y, "one", &err), &err, ERR_LIMIT,
		    "more than");
	exclude_free(x);
	exclude_free(y);
}

static void test_damaged_excludes_are_refused(void **state unused)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} cases[] = {
#define BYTES(s) (s), sizeof(s) - 1
		{ "nothing", BYTES("") },
		{ "no purpose", BYTES("X") },
		{ "half a length", BYTES("S\0\0\0") },
		{ "no pattern", BYTES("S\0\0\0\5") },
		{ "half a pattern", BYTES("S\0\0\0\5abcd") },
		{ "empty pattern", BYTES("S\0\0\0\0") },
		{ "half of the next", BYTES("S\0\0\0\1a\0") },
		{ "NUL inside", BYTES("S\0\0\0\3a\0b") },
		{ "not valid", BYTES("S\0\0\0\2[a") },
		{ "slash only", BYTES("S\0\0\0\1/") },
		{ "huge", BYTES("S\377\377\377\377aaaa") },
#undef BYTES
	};
	struct exclude *x = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct span s = { .p = cases[i].bytes,
					.len = cases[i].len };

		CHECK(exclude_load(s, &x, &err) < 0, "%s: loaded",
		      cases[i].name);
		CHECK(err.kind == ERR_INVALID && !x, "%s: %s", cases[i].name,
		      err.msg);
	}
}

static void test_too_much_to_load_or_save_is_refused(void **state unused)
{
	struct exclude *x = exclude_new(EXCLUDE_FOR_SNAPSHOT), *y = NULL;
	struct exclude *also = exclude_new(EXCLUDE_FOR_SNAPSHOT);
	auto_buf struct buf many = BUF_INIT(EXCLUDE_SAVED_MAX);
	auto_buf struct buf small = BUF_INIT(3);
	struct err err = ERR_INIT;

	CHECK_OK(buf_addc(&many, 'S', &err), &err);
	for (size_t i = 0; i <= EXCLUDE_PATTERNS_MAX; i++)
		CHECK_OK(buf_add(&many, "\0\0\0\1a", 5, &err), &err);
	CHECK_FAILS(exclude_load(buf_span(&many), &y, &err), &err, ERR_INVALID,
		    "damaged");
	CHECK_OK(exclude_add_pattern(x, "a", &err), &err);
	CHECK_FAILS(exclude_save(x, &small, &err), &err, ERR_LIMIT, "save");
	CHECK_OK(exclude_add_pattern(also, "lent", &err), &err);
	exclude_also(x, also);
	buf_reset(&many);
	CHECK_OK(exclude_save(x, &many, &err), &err);
	CHECK_OK(exclude_load(buf_span(&many), &y, &err), &err);
	assert_true(exclude_matches(y, "a", false));
	assert_false(exclude_matches(y, "lent", false));
	exclude_free(y);
	exclude_free(x);
	exclude_free(also);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot_leaves_out_secrets_and_bulk),
		cmocka_unit_test(test_diff_leaves_out_what_git_would_run),
		cmocka_unit_test(test_patterns_are_gitignore),
		cmocka_unit_test(test_nul_bytes_match_nothing),
		cmocka_unit_test(test_negated_security_lines_are_dropped),
		cmocka_unit_test(test_snapshot_excludes_hold_for_the_diff),
		cmocka_unit_test(test_security_is_told_apart),
		cmocka_unit_test(test_limits_are_enforced),
		cmocka_unit_test(test_deep_patterns_and_paths_take_linear_time),
		cmocka_unit_test(test_saved_patterns_come_back),
		cmocka_unit_test(test_saved_order_and_limits_hold),
		cmocka_unit_test(test_damaged_excludes_are_refused),
		cmocka_unit_test(test_too_much_to_load_or_save_is_refused),
	};

	return RUN_TESTS(tests);
}
