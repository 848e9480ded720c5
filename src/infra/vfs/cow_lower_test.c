// SPDX-License-Identifier: Apache-2.0
/*
 * cow_lower_test.c - the user changes his files while the guest uses them.
 */
#include "infra/vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/check.h"
#include "support/cow_script.h"

static void test_user_edits_show(void **state unused)
{
	struct world w;
	int64_t old, id;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	old = guest_find(&w, "a");
	user_write(&w, "a", "edited");
	id = guest_find(&w, "a");
	assert_int_not_equal(id, old);
	expect(&w, "cat a", "edited");

	/* Replaced, as editors do: the old node is not the new file. */
	user_write(&w, "tmp", "replaced");
	expect(&w, "cat tmp", "replaced");
	assert_int_equal(renameat(w.user_fd, "tmp", w.user_fd, "a"), 0);
	assert_int_not_equal(guest_find(&w, "a"), id);
	expect(&w, "cat a; cat tmp; ls .", "replaced; ENOENT; a d e h l");

	/* Removed by the user, then made by the guest. */
	assert_int_equal(unlinkat(w.user_fd, "d/x", 0), 0);
	expect(&w, "cat d/x; put d/x mine; cat d/x", "ENOENT; mine");
	user_write(&w, "d/x", "his");
	expect(&w, "cat d/x; ls d", "mine; s x y");
	world_check_replay(&w);
	world_release(&w);
}

static uint64_t generation_of(struct world *w, const char *name)
{
	struct fuse_entry_out out;

	assert_int_equal(w->fs->ops->lookup(w->fs, FUSE_ROOT_ID, name, &out),
			 0);
	return out.generation;
}

static void test_pinned_file_follows_user(void **state unused)
{
	struct world w;
	uint64_t before;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "chmod a 755; cat a", "alpha");
	before = generation_of(&w, "a");
	assert_int_equal(generation_of(&w, "a"), before);
	user_write(&w, "tmp", "replaced");
	assert_int_equal(renameat(w.user_fd, "tmp", w.user_fd, "a"), 0);
	assert_int_not_equal(generation_of(&w, "a"), before);
	expect(&w, "cat a; stat a", "replaced; 100755 1 1000 8");
	/* Once the content is the guest's, it stays. */
	expect(&w, "add a !", "");
	user_write(&w, "a", "again");
	expect(&w, "cat a", "replaced!");
	world_release(&w);
}

static void test_stale_file_is_not_read(void **state unused)
{
	auto_free char *got = NULL;
	struct world w;
	int64_t id;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	id = guest_find(&w, "a");
	user_write(&w, "tmp", "other");
	assert_int_equal(renameat(w.user_fd, "tmp", w.user_fd, "a"), 0);
	got = guest_read(&w, (uint64_t)id);
	CHECK(!strcmp(got, "errno 116"), "'%s'", got);
	assert_int_equal(guest_write(&w, (uint64_t)id, 0, "x"), -ESTALE);
	world_release(&w);
}

static void write_outside(struct world *w)
{
	int fd = openat(w->outside_fd, "x", O_WRONLY | O_CREAT | O_CLOEXEC,
			0644);

	assert_int_equal(write(fd, "outside", 7), 7);
	close(fd);
}

static void test_swapped_directory_leads_nowhere(void **state unused)
{
	struct world w;
	int64_t dir, file;
	struct fuse_entry_out out;

	world_init(&w);
	populate(&w);
	write_outside(&w);
	world_start(&w, /* read_only */ false, 0);
	dir = guest_find(&w, "d");
	file = guest_find(&w, "d/x");
	expect(&w, "put d/own 1", "");
	assert_int_equal(renameat(w.user_fd, "d", w.user_fd, "moved"), 0);
	assert_int_equal(symlinkat("../outside", w.user_fd, "d"), 0);
	/* As long as a directory is trusted, and a little more. */
	nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 100000000 },
		  NULL);
	for (int i = 0; i < 2; i++) {
		auto_free char *list = guest_list(&w, (uint64_t)dir, true);
		auto_free char *text = guest_read(&w, (uint64_t)file);

		CHECK(!strcmp(list, "own"), "'%s'", list);
		CHECK(!strcmp(text, "errno 116"), "'%s'", text);
		assert_int_equal(
			w.fs->ops->lookup(w.fs, (uint64_t)dir, "x", &out), 0);
		assert_int_equal(out.nodeid, 0);
	}
	expect(&w, "cat d/own; cat d/x; add d/x !", "1; ENOENT; ENOENT");
	world_release(&w);
}

/* Whoever opens it is noticed by the writer, who then succeeds. */
static void test_fifo_is_never_opened(void **state unused)
{
	struct world w;
	int64_t id;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	id = guest_find(&w, "a");
	assert_int_equal(unlinkat(w.user_fd, "a", 0), 0);
	assert_int_equal(mkfifoat(w.user_fd, "a", 0644), 0);
	expect(&w, "cat a; cat fifo; ls .", "ENOENT; ENOENT; d e h l");
	assert_int_equal(guest_write(&w, (uint64_t)id, 0, "x"), -ESTALE);
	assert_int_equal(
		openat(w.user_fd, "a", O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
	assert_int_equal(errno, ENXIO);
	world_release(&w);
}

static void test_own_patterns_exclude_lower_paths(void **state unused)
{
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w);
	populate(&w);
	CHECK_OK(exclude_add_pattern(w.exclude, "d/s/", &err), &err);
	CHECK_OK(exclude_add_pattern(w.exclude, "*.log", &err), &err);
	user_write(&w, "d/t.log", "log");
	world_start(&w, /* read_only */ false, 0);
	/* By the user's path, wherever the guest has moved it. */
	expect(&w,
	       "ls d; cat d/s/z; mv d q; ls q; cat q/t.log; mkdir d;"
	       "mkdir d/s; ls d; put d/t.log 1; cat d/t.log",
	       "x y; ENOENT; x y; ENOENT; s; 1");
	/* Nothing that shows is left: it may go. */
	expect(&w, "rm q/x; rm q/y; rmdir q; ls .", "a d e h l");
	world_check_replay(&w);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_edits_show),
		cmocka_unit_test(test_pinned_file_follows_user),
		cmocka_unit_test(test_stale_file_is_not_read),
		cmocka_unit_test(test_swapped_directory_leads_nowhere),
		cmocka_unit_test(test_fifo_is_never_opened),
		cmocka_unit_test(test_own_patterns_exclude_lower_paths),
	};

	return RUN_TESTS(tests);
}
