// SPDX-License-Identifier: Apache-2.0
/*
 * rootfile_test.c - nothing is written through a link of the image.
 */
#include "guest/rootfile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

/* <top>/root is the image's root, <top>/outside must never change. */
struct tree {
	char *top;
	int top_fd, root;
};

static struct rootfile_meta own_file(mode_t mode)
{
	return (struct rootfile_meta){ .uid = getuid(),
				       .gid = getgid(),
				       .mode = mode };
}

static void put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	struct err err = ERR_INIT;

	assert_true(fd >= 0);
	CHECK_OK(fd_write_all(fd, text, strlen(text), &err), &err);
	fd_close(&fd);
}

static void check_text(int dir, const char *name, const char *want)
{
	auto_buf struct buf have = BUF_INIT(256);
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct err err = ERR_INIT;

	CHECK(fd >= 0, "'%s' is missing", name);
	CHECK_OK(fd_read_all(fd, &have, &err), &err);
	fd_close(&fd);
	assert_string_equal(have.data, want);
}

static int setup(void **state)
{
	struct tree *t = xcalloc(1, sizeof(*t));
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;

	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "rootfile-", &t->top,
				  &err),
		 &err);
	t->top_fd = fd_open_dir(t->top, &err);
	assert_true(t->top_fd >= 0);
	assert_int_equal(mkdirat(t->top_fd, "root", 0755), 0);
	assert_int_equal(mkdirat(t->top_fd, "outside", 0755), 0);
	put(t->top_fd, "outside/file", "untouched");
	t->root = openat(t->top_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->root >= 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	struct err err = ERR_INIT;

	check_text(t->top_fd, "outside/file", "untouched");
	fd_close(&t->root);
	fd_close(&t->top_fd);
	CHECK_OK(fs_remove_tree(t->top, &err), &err);
	free(t->top);
	free(t);
	return 0;
}

static void test_files_get_parents_owner_and_mode(void **state)
{
	const struct tree *t = *state;
	const struct rootfile_meta meta = own_file(0640);
	struct err err = ERR_INIT;
	struct stat st;

	CHECK_OK(rootfile_replace(t->root, "a/b/c", SPAN_STR("text"), &meta,
				  &err),
		 &err);
	check_text(t->root, "a/b/c", "text");
	assert_int_equal(fstatat(t->root, "a/b/c", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, getuid());
	CHECK_OK(rootfile_replace(t->root, "a/b/c", SPAN_STR("2"), &meta, &err),
		 &err);
	check_text(t->root, "a/b/c", "2");
}

static void test_a_link_is_replaced_not_followed(void **state)
{
	static const char *const targets[] = { "../outside/file", "/nowhere",
					       "resolv.conf" };
	const struct tree *t = *state;
	const struct rootfile_meta meta = own_file(0644);

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct err err = ERR_INIT;
		struct stat st;

		unlinkat(t->root, "resolv.conf", 0);
		assert_int_equal(symlinkat(targets[i], t->root, "resolv.conf"),
				 0);
		CHECK_OK(rootfile_replace(t->root, "resolv.conf",
					  SPAN_STR("new"), &meta, &err),
			 &err);
		assert_int_equal(fstatat(t->root, "resolv.conf", &st,
					 AT_SYMLINK_NOFOLLOW),
				 0);
		CHECK(S_ISREG(st.st_mode), "'%s' is still a link", targets[i]);
	}
}

static void test_links_in_the_way_are_refused(void **state)
{
	static const char *const targets[] = { "../outside", "real", "/etc" };
	const struct tree *t = *state;
	const struct rootfile_meta meta = own_file(0644);
	struct err err;

	assert_int_equal(mkdirat(t->root, "real", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		int fd;

		assert_int_equal(symlinkat(targets[i], t->root, "etc"), 0);
		err = ERR_INIT;
		CHECK(rootfile_replace(t->root, "etc/file", SPAN_STR("evil"),
				       &meta, &err) < 0,
		      "written through '%s'", targets[i]);
		fd = rootfile_dir(t->root, "etc", &err);
		CHECK(fd < 0, "'%s' is taken for a directory", targets[i]);
		fd = rootfile_dir(t->root, "etc/new", &err);
		CHECK(fd < 0, "a directory is made in '%s'", targets[i]);
		assert_int_equal(unlinkat(t->root, "etc", 0), 0);
	}
	assert_int_equal(faccessat(t->root, "real/file", F_OK, 0), -1);
}

static void test_a_directory_is_not_replaced(void **state)
{
	const struct tree *t = *state;
	const struct rootfile_meta meta = own_file(0644);
	struct err err;

	assert_int_equal(mkdirat(t->root, "hosts", 0755), 0);
	CHECK_FAILS(
		rootfile_replace(t->root, "hosts", SPAN_STR("x"), &meta, &err),
		&err, ERR_SYSTEM, "remove '/hosts'");
}

static void test_reading_follows_links_inside_only(void **state)
{
	const struct tree *t = *state;
	struct err err = ERR_INIT;
	auto_buf struct buf text = BUF_INIT(64);
	auto_buf struct buf other = BUF_INIT(64);

	assert_int_equal(mkdirat(t->root, "etc", 0755), 0);
	assert_int_equal(mkdirat(t->root, "store", 0755), 0);
	put(t->root, "store/passwd", "inside");
	assert_int_equal(symlinkat("/store/passwd", t->root, "etc/passwd"), 0);
	CHECK_OK(rootfile_read(t->root, "etc/passwd", &text, &err), &err);
	assert_string_equal(text.data, "inside");
	/* ".." stops at the root: outside/file is not there. */
	assert_int_equal(symlinkat("../../outside/file", t->root, "etc/group"),
			 0);
	CHECK_FAILS(rootfile_read(t->root, "etc/group", &other, &err), &err,
		    ERR_NOT_FOUND, "open '/etc/group'");
}

static void test_only_files_within_the_limit_are_read(void **state)
{
	const struct tree *t = *state;
	auto_buf struct buf text = BUF_INIT(4);
	struct err err;

	assert_int_equal(mkfifoat(t->root, "fifo", 0644), 0);
	CHECK_FAILS(rootfile_read(t->root, "fifo", &text, &err), &err,
		    ERR_INVALID, "'/fifo' is not a file");
	CHECK_FAILS(rootfile_read(t->root, "missing", &text, &err), &err,
		    ERR_NOT_FOUND, "open '/missing'");
	put(t->root, "long", "12345");
	CHECK_FAILS(rootfile_read(t->root, "long", &text, &err), &err,
		    ERR_LIMIT, "read '/long'");
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_files_get_parents_owner_and_mode),
		TREE_TEST(test_a_link_is_replaced_not_followed),
		TREE_TEST(test_links_in_the_way_are_refused),
		TREE_TEST(test_a_directory_is_not_replaced),
		TREE_TEST(test_reading_follows_links_inside_only),
		TREE_TEST(test_only_files_within_the_limit_are_read),
	};

	return RUN_TESTS(tests);
}
