// SPDX-License-Identifier: Apache-2.0
/*
 * place_test.c - files land where they should, and nowhere else.
 *
 * Other owners need root; without it those checks run with our own.
 */
#include "guest/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"

/* <top>/from is placed in <top>/to; <top>/outside must never change. */
struct tree {
	char *top;
	int top_fd, from, to;
};

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void put(int dir, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct err err = ERR_INIT;

	assert_true(fd >= 0);
	CHECK_OK(fd_write_all(fd, text, strlen(text), &err), &err);
	assert_int_equal(fchmod(fd, mode), 0);
	fd_close(&fd);
}

static void check_file(int dir, const char *name, const char *want, mode_t mode)
{
	auto_buf struct buf have = BUF_INIT(1024);
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct err err = ERR_INIT;
	struct stat st;

	CHECK(fd >= 0, "'%s' is missing", name);
	assert_int_equal(fstat(fd, &st), 0);
	CHECK_OK(fd_read_all(fd, &have, &err), &err);
	fd_close(&fd);
	assert_string_equal(have.data, want);
	CHECK((st.st_mode & 07777) == mode, "'%s' has mode %o, want %o", name,
	      (unsigned int)st.st_mode & 07777, (unsigned int)mode);
}

static int setup(void **state)
{
	struct tree *t = xcalloc(1, sizeof(*t));
	const char *tmp = getenv("TMPDIR");
	struct err err = ERR_INIT;

	CHECK_OK(fs_make_temp_dir(tmp ? tmp : "/tmp", "place-", &t->top, &err),
		 &err);
	t->top_fd = fd_open_dir(t->top, &err);
	assert_true(t->top_fd >= 0);
	assert_int_equal(mkdirat(t->top_fd, "from", 0755), 0);
	assert_int_equal(mkdirat(t->top_fd, "to", 0755), 0);
	assert_int_equal(mkdirat(t->top_fd, "outside", 0755), 0);
	put(t->top_fd, "outside/file", "untouched", 0644);
	t->from = open_dir(t->top_fd, "from");
	t->to = open_dir(t->top_fd, "to");
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	struct err err = ERR_INIT;

	check_file(t->top_fd, "outside/file", "untouched", 0644);
	fd_close(&t->from);
	fd_close(&t->to);
	fd_close(&t->top_fd);
	CHECK_OK(fs_remove_tree(t->top, &err), &err);
	free(t->top);
	free(t);
	return 0;
}

static void test_files_move_with_their_modes(void **state)
{
	const struct tree *t = *state;
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(mkdirat(t->from, "home", 0755), 0);
	assert_int_equal(mkdirat(t->from, "home/.ssh", 0700), 0);
	put(t->from, "home/.ssh/known_hosts", "hosts", 0600);
	put(t->from, "tool", "#!", 0755);
	put(t->from, "empty", "", 0444);
	CHECK_OK(place_tree(t->from, t->to, &err), &err);
	check_file(t->to, "home/.ssh/known_hosts", "hosts", 0600);
	check_file(t->to, "tool", "#!", 0755);
	check_file(t->to, "empty", "", 0444);
	assert_int_equal(fstatat(t->to, "home/.ssh", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* The originals are gone: some are secrets. */
	assert_int_equal(faccessat(t->from, "home", F_OK, 0), -1);
	assert_int_equal(faccessat(t->from, "tool", F_OK, 0), -1);
}

static void test_files_replace_files(void **state)
{
	const struct tree *t = *state;
	struct err err = ERR_INIT;

	put(t->to, "a", "a longer old text", 0644);
	assert_int_equal(linkat(t->to, "a", t->to, "b", 0), 0);
	put(t->from, "a", "new", 0600);
	CHECK_OK(place_tree(t->from, t->to, &err), &err);
	check_file(t->to, "a", "new", 0600);
	/* Replaced, not overwritten: the other name keeps what it had. */
	check_file(t->to, "b", "a longer old text", 0644);
}

static void test_existing_directories_stay_as_they_are(void **state)
{
	const struct tree *t = *state;
	struct err err = ERR_INIT;
	struct stat st;

	if (getuid() != 0)
		skip(); /* what is ours alone counts as meant */
	assert_int_equal(mkdirat(t->to, "etc", 0711), 0);
	assert_int_equal(mkdirat(t->from, "etc", 0755), 0);
	put(t->from, "etc/x", "1", 0644);
	CHECK_OK(place_tree(t->from, t->to, &err), &err);
	assert_int_equal(fstatat(t->to, "etc", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
}

static void test_directories_in_a_home_belong_to_its_owner(void **state)
{
	const struct tree *t = *state;
	struct err err = ERR_INIT;
	struct stat st;

	if (getuid() != 0)
		skip(); /* needs another owner */
	assert_int_equal(mkdirat(t->to, "home", 0755), 0);
	assert_int_equal(fchownat(t->to, "home", 1000, 1001, 0), 0);
	assert_int_equal(mkdirat(t->from, "home", 0755), 0);
	assert_int_equal(mkdirat(t->from, "home/.cfg", 0755), 0);
	assert_int_equal(mkdirat(t->from, "home/.ssh", 0700), 0);
	assert_int_equal(fchownat(t->from, "home/.ssh", 1000, 1000, 0), 0);
	put(t->from, "home/.cfg/root", "1", 0600);
	CHECK_OK(place_tree(t->from, t->to, &err), &err);
	assert_int_equal(fstatat(t->to, "home/.cfg", &st, 0), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_gid, 1001);
	assert_int_equal(fstatat(t->to, "home/.ssh", &st, 0), 0);
	assert_int_equal(st.st_gid, 1000);
	assert_int_equal(fstatat(t->to, "home/.cfg/root", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
}

static void test_a_given_owner_repairs_a_directory(void **state)
{
	const struct tree *t = *state;
	struct err err = ERR_INIT;
	struct stat st;

	if (getuid() != 0)
		skip(); /* needs another owner */
	assert_int_equal(mkdirat(t->to, ".ssh", 0777), 0);
	assert_int_equal(mkdirat(t->from, ".ssh", 0700), 0);
	assert_int_equal(fchownat(t->from, ".ssh", 1000, 1000, 0), 0);
	CHECK_OK(place_tree(t->from, t->to, &err), &err);
	assert_int_equal(fstatat(t->to, ".ssh", &st, 0), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static const struct attack_case {
	const char *name;
	const char *link, *target; /* in the image */
	const char *dir;	   /* of the file to place, or NULL */
	const char *file;
	const char *message;
} attack_cases[] = {
	{ "a directory is a link outside", "etc", "../outside", "etc",
	  "etc/file", "symbolic link" },
	{ "a directory is a link inside", "etc", "real", "etc", "etc/file",
	  "symbolic link" },
	{ "a directory is an absolute link", "etc", "/", "etc", "etc/file",
	  "symbolic link" },
	{ "the file is a link outside", "file", "../outside/file", NULL, "file",
	  "the image has a symbolic link there" },
	{ "the file is a dangling link", "file", "nowhere", NULL, "file",
	  "the image has a symbolic link there" },
};

static void test_links_of_the_image_are_refused(void **state)
{
	const struct tree *t = *state;

	assert_int_equal(mkdirat(t->to, "real", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(attack_cases); i++) {
		const struct attack_case *c = &attack_cases[i];
		struct err err;

		CHECK(!symlinkat(c->target, t->to, c->link), "%s: link",
		      c->name);
		if (c->dir && faccessat(t->from, c->dir, F_OK, 0) < 0)
			assert_int_equal(mkdirat(t->from, c->dir, 0755), 0);
		put(t->from, c->file, "evil", 0644);
		CHECK_FAILS(place_tree(t->from, t->to, &err), &err, ERR_INVALID,
			    c->message);
		assert_int_equal(unlinkat(t->from, c->file, 0), 0);
		if (c->dir)
			assert_int_equal(
				unlinkat(t->from, c->dir, AT_REMOVEDIR), 0);
		assert_int_equal(unlinkat(t->to, c->link, 0), 0);
	}
	/* Nothing was written through the link that stays inside, either. */
	assert_int_equal(faccessat(t->to, "real/file", F_OK, 0), -1);
}

static void test_a_directory_in_place_of_a_file_is_refused(void **state)
{
	const struct tree *t = *state;
	struct err err;

	assert_int_equal(mkdirat(t->to, "a", 0755), 0);
	put(t->from, "a", "x", 0644);
	CHECK_FAILS(place_tree(t->from, t->to, &err), &err, ERR_INVALID,
		    "'a': the image has a directory there");
}

static void test_a_file_in_place_of_a_directory_is_refused(void **state)
{
	const struct tree *t = *state;
	struct err err;

	put(t->to, "a", "x", 0644);
	assert_int_equal(mkdirat(t->from, "a", 0755), 0);
	CHECK_FAILS(place_tree(t->from, t->to, &err), &err, ERR_INVALID,
		    "in place of this directory");
}

static void test_links_of_the_archive_are_refused(void **state)
{
	const struct tree *t = *state;
	struct err err;

	assert_int_equal(symlinkat("x", t->from, "link"), 0);
	CHECK_FAILS(place_tree(t->from, t->to, &err), &err, ERR_INVALID,
		    "'link': neither a file nor a directory");
}

static void test_the_depth_is_bounded(void **state)
{
	const struct tree *t = *state;
	struct err err;
	int at = dup(t->from);

	for (unsigned int i = 0; i < PLACE_DEPTH_MAX; i++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0755), 0);
		next = open_dir(at, "d");
		fd_close(&at);
		at = next;
	}
	fd_close(&at);
	CHECK_FAILS(place_tree(t->from, t->to, &err), &err, ERR_LIMIT,
		    "more than 64 directories deep");
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_files_move_with_their_modes),
		TREE_TEST(test_files_replace_files),
		TREE_TEST(test_existing_directories_stay_as_they_are),
		TREE_TEST(test_directories_in_a_home_belong_to_its_owner),
		TREE_TEST(test_a_given_owner_repairs_a_directory),
		TREE_TEST(test_links_of_the_image_are_refused),
		TREE_TEST(test_a_directory_in_place_of_a_file_is_refused),
		TREE_TEST(test_a_file_in_place_of_a_directory_is_refused),
		TREE_TEST(test_links_of_the_archive_are_refused),
		TREE_TEST(test_the_depth_is_bounded),
	};

	return RUN_TESTS(tests);
}
