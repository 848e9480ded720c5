// SPDX-License-Identifier: Apache-2.0
/*
 * cow_git_test.c - the guest never sees a secret or a command of a git
 * configuration, wherever that lies and whatever it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/git/config.h"
#include "infra/sys/fd.h"
#include "support/check.h"
#include "support/cow_script.h"

#define SECRET "hunter2"
#define DIRTY                                                            \
	"[core]\n\tbare = false\n\tpager = " SECRET "\n[remote \"o\"]\n" \
	"\turl = https://me:" SECRET "@example.com/r\n"                  \
	"[credential]\n\thelper = " SECRET "\n"
#define CLEAN                                      \
	"[core]\n\tbare = false\n[remote \"o\"]\n" \
	"\turl = https://example.com/r"

/* A directory that git believes in. */
static void make_repository(struct world *w, const char *dir)
{
	auto_free char *head = xasprintf("%s/HEAD", dir);
	auto_free char *objects = xasprintf("%s/objects", dir);
	auto_free char *refs = xasprintf("%s/refs", dir);
	auto_free char *config = xasprintf("%s/config", dir);

	user_mkdir(w, dir);
	user_mkdir(w, objects);
	user_mkdir(w, refs);
	user_write(w, head, "ref: refs/heads/main\n");
	user_write(w, config, DIRTY);
}

static void begin(struct world *w)
{
	world_init(w);
	make_repository(w, ".git");
	world_start(w, /* read_only */ false, 0);
}

static void check_file(struct world *w, const char *path, const char *want)
{
	int64_t id = guest_find(w, path);
	auto_free char *got = NULL;

	CHECK(id > 0, "%s: no file", path);
	got = guest_read(w, (uint64_t)id);
	CHECK(!strcmp(got, want), "%s: '%s', not '%s'", path, got, want);
}

static void test_every_kind_of_repository_is_cleaned(void **state unused)
{
	static const char *const repositories[] = {
		".git", "bare.git", "odd", "sub/.git", ".git/modules/m",
	};
	struct world w;

	world_init(&w);
	user_mkdir(&w, "sub");
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		if (i == 4)
			user_mkdir(&w, ".git/modules");
		make_repository(&w, repositories[i]);
	}
	user_mkdir(&w, ".git/worktrees");
	user_mkdir(&w, ".git/worktrees/w");
	user_write(&w, ".git/worktrees/w/HEAD", "ref: refs/heads/w\n");
	user_write(&w, ".git/worktrees/w/commondir", "../..\n");
	user_write(&w, ".git/worktrees/w/config.worktree", DIRTY);
	user_write(&w, ".git/CONFIG", DIRTY);
	world_start(&w, /* read_only */ false, 0);
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		auto_free char *path = xasprintf("%s/config", repositories[i]);

		check_file(&w, path, CLEAN);
	}
	check_file(&w, ".git/worktrees/w/config.worktree", CLEAN);
	check_file(&w, ".git/CONFIG", CLEAN);
	world_check_replay(&w);
	world_release(&w);
}

static void test_other_files_called_config_are_as_they_are(void **state unused)
{
	struct world w;

	world_init(&w);
	make_repository(&w, ".git");
	user_mkdir(&w, ".git/refs/heads");
	user_write(&w, ".git/refs/heads/config", "0123\n");
	user_write(&w, "config", DIRTY);
	user_mkdir(&w, "d");
	user_write(&w, "d/config", DIRTY);
	user_write(&w, "d/HEAD", "x");
	world_start(&w, /* read_only */ false, 0);
	check_file(&w, ".git/refs/heads/config", "0123\n");
	check_file(&w, "config", DIRTY);
	check_file(&w, "d/config", DIRTY);
	world_release(&w);
}

static void test_first_answer_is_of_cleaned_file(void **state unused)
{
	struct fuse_entry_out out = { .nodeid = 0 };
	struct fuse_attr attr;
	auto_free char *names = NULL;
	int64_t dir;
	struct world w;

	begin(&w);
	assert_return_code(fchmodat(w.user_fd, ".git/config", 0600, 0), errno);
	dir = guest_find(&w, ".git");
	assert_int_equal(w.fs->ops->lookup(w.fs, (uint64_t)dir, "config", &out),
			 0);
	assert_int_equal(out.attr.size, strlen(CLEAN));
	assert_int_equal(out.attr.mode, S_IFREG | 0644);
	assert_int_equal(guest_stat(&w, out.nodeid, &attr), 0);
	assert_int_equal(attr.ino, out.attr.ino);
	world_release(&w);
	/* The same by a listing with attributes. */
	begin(&w);
	names = guest_list(&w, (uint64_t)guest_find(&w, ".git"), true);
	assert_string_equal(names, "HEAD config objects refs");
	check_file(&w, ".git/config", CLEAN);
	world_release(&w);
}

static void
test_cleaned_file_is_baseline_and_original_untouched(void **state unused)
{
	auto_free char *before = NULL, *after = NULL;
	const struct overlay_origin *origin;
	struct world w;

	world_init(&w);
	make_repository(&w, ".git");
	before = user_state(&w);
	world_start(&w, /* read_only */ false, 0);
	check_file(&w, ".git/config", CLEAN);
	origin = overlay_origin(w.cow->overlay, ".git/config");
	assert_non_null(origin);
	assert_true(origin->has_hash);
	expect(&w,
	       "put .git/config mine; cat .git/config; rm .git/config;"
	       "cat .git/config",
	       "mine; ENOENT");
	after = user_state(&w);
	assert_string_equal(after, before);
	world_release(&w);
}

static void test_moves_and_links_do_not_uncover(void **state unused)
{
	struct world w;

	begin(&w);
	expect(&w,
	       "mv .git x; cat x/config; mv x/config y; cat y; rm x/HEAD;"
	       "ls x",
	       CLEAN "; " CLEAN "; objects refs");
	world_release(&w);

	begin(&w);
	expect(&w, "ln .git/config c; cat c; add c !; cat .git/config",
	       CLEAN "; " CLEAN "!");
	world_release(&w);

	/* What makes it a git directory is out of the guest's reach. */
	begin(&w);
	expect(&w, "rm .git/HEAD; mv .git g; rmdir g/objects; cat g/config",
	       CLEAN);
	world_release(&w);
}

static void
test_other_name_of_configuration_is_cleaned_with_it(void **state unused)
{
	struct world w;

	world_init(&w);
	make_repository(&w, ".git");
	assert_return_code(
		linkat(w.user_fd, ".git/config", w.user_fd, "other", 0), errno);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "chmod other 600", "");
	check_file(&w, ".git/config", CLEAN);
	check_file(&w, "other", CLEAN);
	world_release(&w);
}

static void test_edit_by_user_does_not_uncover(void **state unused)
{
	int64_t id;
	struct world w;
	auto_free char *got = NULL;

	begin(&w);
	id = guest_find(&w, ".git/config");
	user_write(&w, ".git/config", DIRTY DIRTY);
	check_file(&w, ".git/config", CLEAN);
	got = guest_read(&w, (uint64_t)id);
	assert_string_equal(got, CLEAN);
	world_release(&w);
}

static void test_what_cannot_be_cleaned_is_empty(void **state unused)
{
	auto_free char *huge = xcalloc(1, GIT_CONFIG_SIZE_MAX + 2);
	struct world w;

	memset(huge, '\n', GIT_CONFIG_SIZE_MAX + 1);
	world_init(&w);
	make_repository(&w, ".git");
	make_repository(&w, "big.git");
	user_write(&w, ".git/config", "[core\n\tx = " SECRET "\n");
	user_write(&w, "big.git/config", huge);
	world_start(&w, /* read_only */ false, 0);
	check_file(&w, ".git/config", "");
	check_file(&w, "big.git/config", "");
	world_release(&w);
}

static void
test_configurations_that_are_no_files_do_not_exist(void **state unused)
{
	struct world w;

	world_init(&w);
	make_repository(&w, ".git");
	make_repository(&w, "fifo.git");
	make_repository(&w, "dir.git");
	user_write(&w, "secret", DIRTY);
	assert_return_code(unlinkat(w.user_fd, ".git/config", 0), errno);
	assert_return_code(symlinkat("../secret", w.user_fd, ".git/config"),
			   errno);
	assert_return_code(unlinkat(w.user_fd, "fifo.git/config", 0), errno);
	assert_return_code(mkfifoat(w.user_fd, "fifo.git/config", 0644), errno);
	assert_return_code(unlinkat(w.user_fd, "dir.git/config", 0), errno);
	user_mkdir(&w, "dir.git/config");
	world_start(&w, /* read_only */ false, 0);
	expect(&w,
	       "ls .git; readlink .git/config; cat fifo.git/config;"
	       "ls dir.git/config",
	       "HEAD objects refs; ENOENT; ENOENT; ");
	world_release(&w);
}

static void test_read_only_share_hides_configurations(void **state unused)
{
	struct world w;

	world_init(&w);
	make_repository(&w, ".git");
	world_start(&w, /* read_only */ true, 0);
	expect(&w, "ls .git; cat .git/config", "HEAD objects refs; ENOENT");
	world_release(&w);
}

/* As when the disk is full: no answer rather than the wrong one. */
static void test_failure_to_write_shows_nothing(void **state unused)
{
	int saved;
	struct world w;

	begin(&w);
	assert_true(guest_find(&w, ".git") > 0);
	saved = w.cow->records_fd;
	w.cow->records_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(guest_find(&w, ".git/config"), -ENOSPC);
	fd_close(&w.cow->records_fd);
	w.cow->records_fd = saved;
	check_file(&w, ".git/config", CLEAN);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_repository_is_cleaned),
		cmocka_unit_test(
			test_other_files_called_config_are_as_they_are),
		cmocka_unit_test(test_first_answer_is_of_cleaned_file),
		cmocka_unit_test(
			test_cleaned_file_is_baseline_and_original_untouched),
		cmocka_unit_test(test_moves_and_links_do_not_uncover),
		cmocka_unit_test(
			test_other_name_of_configuration_is_cleaned_with_it),
		cmocka_unit_test(test_edit_by_user_does_not_uncover),
		cmocka_unit_test(test_what_cannot_be_cleaned_is_empty),
		cmocka_unit_test(
			test_configurations_that_are_no_files_do_not_exist),
		cmocka_unit_test(test_read_only_share_hides_configurations),
		cmocka_unit_test(test_failure_to_write_shows_nothing),
	};

	return RUN_TESTS(tests);
}
