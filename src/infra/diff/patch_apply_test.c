// SPDX-License-Identifier: Apache-2.0
/*
 * patch_apply_test.c - git itself makes the new tree of the old one and our
 * patches; without git there is nothing to compare with.
 */
#include "infra/diff/patch.h"

#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define ROUNDS	    60
#define CONTENT_MAX ((size_t)64 * 1024)
#define PATCHES_MAX ((size_t)1024 * 1024)

/* One path of both trees. */
struct node {
	const char *path;
	bool exists, executable, symlink;
	char *content; /* owned */
	size_t len;
};

/* In one order, so that each can be added alone. */
static const char *const paths[] = {
	"a",
	"a b",
	"caf\xc3\xa9",
	"d/e/f.c",
	"d/tab\there",
	"ends with blank ",
	"new\nline",
	"not-utf8-\xff\xfe",
	"quote\"and\\backslash",
	"\x1b[2J",
	"\a\b\v\f\r\x7f",
};

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

static void add_lines(struct buf *b, uint32_t n)
{
	static const char *const words[] = {
		"int f(void)",
		"{",
		"\treturn 0;",
		"}",
		"",
		"-- x",
		"++ y",
		"@@ -1 +1 @@",
		"\\ No newline",
		"\xff\xfe",
		"\xe2\x80\xae\xe2\x80\xac",
	};
	struct err err = ERR_INIT;

	while (n--)
		CHECK_OK(buf_addf(b, &err, "%s%s",
				  words[below(ARRAY_SIZE(words))],
				  below(8) ? "\n" : "\r\n"),
			 &err);
	/* Sometimes without its end. */
	if (b->len && !below(3))
		b->data[--b->len] = '\0';
}

static void make_content(struct node *n)
{
	auto_buf struct buf b = BUF_INIT(CONTENT_MAX);

	if (n->symlink)
		CHECK_OK(buf_addf(&b, ERR_IGNORE, "to/%u", below(3)),
			 ERR_IGNORE);
	else
		add_lines(&b, below(4) ? below(40) : 0);
	n->content = buf_take(&b, &n->len);
}

/* Some lines are dropped, some are new. */
static void edit_content(const struct node *from, struct node *to)
{
	auto_buf struct buf b = BUF_INIT(CONTENT_MAX);
	struct span rest = { from->content, from->len }, line;
	struct err err = ERR_INIT;

	while (span_take_until(&rest, '\n', &line)) {
		if (below(12))
			CHECK_OK(buf_add(&b, line.p, line.len, &err), &err);
		if (below(12))
			CHECK_OK(buf_addc(&b, '\n', &err), &err);
		if (!below(12))
			add_lines(&b, 1 + below(3));
	}
	to->content = buf_take(&b, &to->len);
}

static void make_node(const char *path, struct node *n)
{
	*n = (struct node){
		.path = path,
		.exists = below(4) > 0,
		.symlink = !below(5),
		.executable = !below(3),
	};
	n->executable &= !n->symlink;
	make_content(n);
}

static void change_node(const struct node *before, struct node *after)
{
	if (!before->exists || !below(3)) {
		make_node(before->path, after);
		return;
	}
	*after = *before;
	if (!before->symlink && !below(4))
		after->executable = !before->executable;
	if (before->symlink)
		make_content(after);
	else
		edit_content(before, after);
}

static void write_node(const char *top, const struct node *n)
{
	auto_free char *path = xasprintf("%s/%s", top, n->path);
	auto_free char *dir = xasprintf("%s/d/e", top);
	struct err err = ERR_INIT;
	auto_close int fd = -1;

	CHECK_OK(fs_mkdir_all(dir, 0755, &err), &err);
	if (!n->exists)
		return;
	if (n->symlink) {
		assert_int_equal(symlink(n->content, path), 0);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		  n->executable ? 0755 : 0644);
	assert_true(fd >= 0);
	CHECK_OK(fd_write_all(fd, n->content, n->len, &err), &err);
}

static void check_node(const char *top, const struct node *n, uint32_t round)
{
	auto_free char *path = xasprintf("%s/%s", top, n->path);
	auto_buf struct buf got = BUF_INIT(CONTENT_MAX);
	struct err err = ERR_INIT;
	char text[PATH_MAX] = "";
	struct stat st;

	if (lstat(path, &st) < 0) {
		CHECK(!n->exists, "round %u: '%s' is missing", round, n->path);
		return;
	}
	CHECK(n->exists, "round %u: '%s' is left", round, n->path);
	CHECK(S_ISLNK(st.st_mode) == n->symlink, "round %u: type of '%s'",
	      round, n->path);
	if (n->symlink) {
		assert_true(readlink(path, text, sizeof(text) - 1) > 0);
		CHECK(!strcmp(text, n->content), "round %u: text of '%s'",
		      round, n->path);
		return;
	}
	CHECK(!(st.st_mode & S_IXUSR) == !n->executable,
	      "round %u: mode of '%s'", round, n->path);
	CHECK_OK(fs_read_file(path, &got, &err), &err);
	CHECK(got.len == n->len && !memcmp(got.data, n->content, n->len),
	      "round %u: content of '%s'", round, n->path);
}

static struct patch_side side_of(const struct node *n)
{
	return (struct patch_side){
		.content = { n->exists ? n->content : "",
			     n->exists ? n->len : 0 },
		.exists = n->exists,
		.executable = n->executable,
		.symlink = n->symlink,
	};
}

static bool is_same(const struct node *a, const struct node *b)
{
	return a->exists == b->exists &&
	       (!a->exists ||
		(a->symlink == b->symlink && a->executable == b->executable &&
		 a->len == b->len && !memcmp(a->content, b->content, a->len)));
}

static void add_patch(struct buf *out, const struct node *a,
		      const struct node *b)
{
	struct patch_side before = side_of(a), after = side_of(b),
			  none = {
				  .exists = false,
			  };
	struct err err = ERR_INIT;

	if (is_same(a, b))
		return;
	if (a->exists && b->exists && a->symlink != b->symlink) {
		CHECK_OK(patch_add(out, a->path, &before, &none, &err), &err);
		before = none;
	}
	CHECK_OK(patch_add(out, a->path, &before, &after, &err), &err);
}

/* The exit code of "git apply", 127 without git. */
static int run_git_apply(const char *top, const char *patch, const char *option)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (chdir(top) < 0 || setenv("GIT_CEILING_DIRECTORIES", "/", 1))
			_exit(126);
		execlp("git", "git", "apply", "--whitespace=nowarn", patch,
		       option, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* False without git. */
static bool check_round(const char *top, uint32_t round)
{
	struct node before[ARRAY_SIZE(paths)], after[ARRAY_SIZE(paths)];
	auto_free char *tree = xasprintf("%s/%u", top, round);
	auto_free char *patch = xasprintf("%s/%u.patch", top, round);
	auto_buf struct buf text = BUF_INIT(PATCHES_MAX);
	struct err err = ERR_INIT;
	int r = 0;

	seed = round;
	CHECK_OK(fs_mkdir_all(tree, 0755, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		make_node(paths[i], &before[i]);
		change_node(&before[i], &after[i]);
		write_node(tree, &before[i]);
		add_patch(&text, &before[i], &after[i]);
	}
	CHECK_OK(fs_replace_file(patch, text.data, text.len, 0600, &err), &err);
	if (text.len)
		r = run_git_apply(tree, patch, "--check");
	if (r != 127) {
		CHECK(!r, "round %u: refused:\n%s", round, text.data);
		r = text.len ? run_git_apply(tree, patch, NULL) : 0;
		CHECK(!r, "round %u: not applied", round);
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
			check_node(tree, &after[i], round);
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (after[i].content != before[i].content)
			free(after[i].content);
		free(before[i].content);
	}
	return r != 127;
}

static void test_git_makes_the_new_tree(void **state unused)
{
	const char *parent = getenv("TMPDIR");
	auto_free char *top = NULL;
	struct err err = ERR_INIT;
	bool has_git = true;

	CHECK_OK(fs_make_temp_dir(parent ? parent : "/tmp", "patch-", &top,
				  &err),
		 &err);
	for (uint32_t round = 1; has_git && round <= ROUNDS; round++)
		has_git = check_round(top, round);
	CHECK_OK(fs_remove_tree(top, &err), &err);
	if (!has_git)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_makes_the_new_tree),
	};
	int r;

	git_libgit2_init();
	umask(022);
	r = RUN_TESTS(tests);
	git_libgit2_shutdown();
	return r;
}
