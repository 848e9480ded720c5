// SPDX-License-Identifier: Apache-2.0
/*
 * cow_fs_test.c - the guest changes its view: names, listings, lifetimes.
 */
#include "infra/vfs/cow_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/check.h"
#include "support/cow_script.h"

#define PLENTY UINT64_C(1000) /* lookups */

static const struct {
	const char *name, *script, *want;
} views[] = {
	{ "read", "ls .; cat a; cat d/s/z; ls d; stat a; stat d",
	  "a d e h l; alpha; zed; s x y; 100644 1 1000 5; "
	  "40755 1 1000 4096" },
	{ "what is not shown",
	  "cat .env; cat fifo; ls l; readlink l/in; readlink l/out; "
	  "readlink l/abs",
	  "ENOENT; ENOENT; in; ../a; ENOENT; ENOENT" },
	{ "kinds",
	  "cat d; ls a; readlink a; rm d; rmdir a; truncate d 0; "
	  "cat l/in; put d/x/q 1",
	  "errno 21; errno 20; EINVAL; EISDIR; ENOTDIR; EISDIR; "
	  "errno 22; ENOTDIR" },
	{ "write",
	  "put a new; cat a; add a er; cat a; add d/x X;"
	  "cat d/x; stat d/x",
	  "new; newer; exX; 100644 1 1000 3" },
	{ "truncate",
	  "truncate a 2; cat a; truncate a 0; cat a;"
	  "truncate d/y 1; add d/y H; cat d/y",
	  "al; ; wH" },
	{ "create",
	  "put n 1; put d/n 2; ls .; ls d; cat d/n; mkdir m;"
	  "mkdir m/m; put m/m/f 3; cat m/m/f; mkdir a; mkdir m",
	  "a d e h l n; n s x y; 2; 3; EEXIST; EEXIST" },
	{ "create what is hidden",
	  "put .env mine; cat .env; ls .; put fifo f; cat fifo;"
	  "rm .env; cat .env",
	  "mine; .env a d e h l; f; ENOENT" },
	{ "whiteout",
	  "rm a; cat a; ls .; rm a; put a 2; cat a; rm a;"
	  "ls .",
	  "ENOENT; d e h l; ENOENT; 2; d e h l" },
	{ "rmdir",
	  "rmdir d; rmdir e; ls .; mkdir e; ls e; rm d/x;"
	  "rm d/y; rm d/s/z; rmdir d/s; ls d; rmdir d; ls .",
	  "ENOTEMPTY; a d h l; ; ; a e h l" },
	{ "opaque",
	  "rm h/1; rm h/2; rmdir h; mkdir h; ls h; put h/3 3;"
	  "ls h",
	  "; 3" },
	{ "rename",
	  "mv a b; ls .; cat b; cat a; mv b d/b; cat d/b;"
	  "mv d/b d/x; cat d/x; ls d; mv zz a",
	  "b d e h l; alpha; ENOENT; alpha; alpha; s x y; ENOENT" },
	{ "rename directory",
	  "mv d dd; ls .; ls dd; cat dd/s/z; add dd/s/z !;"
	  "cat dd/s/z; mkdir d; ls d; mv dd/s d/s; cat d/s/z; ls dd;"
	  "rm dd/x; rm dd/y; rmdir dd; ls .",
	  "a dd e h l; s x y; zed; zed!; ; zed!; x y; a d e h l" },
	{ "rename over",
	  "mv e d; mv d e; ls e; mv a e; mv e a; ls .; mv e/s e/s/t",
	  "ENOTEMPTY; s x y; EISDIR; ENOTDIR; a e h l; EINVAL" },
	{ "rename flags",
	  "mvnew a d/x; mvnew a q; cat q; swap q d; ls q; cat d;"
	  "whiteout q w; swap q none; ls .",
	  "EEXIST; alpha; s x y; alpha; EINVAL; ENOENT; d e h l q" },
	{ "hard links of the user",
	  "stat h/1; cat h/2; add h/1 er; cat h/2; stat h/2; rm h/1;"
	  "cat h/2; ls h",
	  "100644 2 1000 4; hard; harder; 100644 2 1000 6; harder; 2" },
	{ "hard links of the user, not all of them looked up",
	  "chmod h/1 600; stat h/1; add h/1 er; stat h/1; ln h/1 h/3;"
	  "stat h/1; rm h/1; stat h/3; rm h/3; stat h/2; rm h/2; ls h",
	  "100600 2 1000 4; 100600 2 1000 6; 100600 3 1000 6; "
	  "100600 2 1000 6; 100600 1 1000 6; " },
	{ "hard links",
	  "ln a d/l; stat a; put d/l both; cat a; rm a; cat d/l;"
	  "stat d/l; ln d h/d; ln d/l d/x",
	  "100644 2 1000 5; both; both; 100644 1 1000 4; EPERM;"
	  " EEXIST" },
	{ "attributes",
	  "chmod a 4711; stat a; cat a; add a +; stat a; chmod d 700;"
	  "stat d; ls d; chmod d/x 0; stat d/x; cat d/x",
	  "104711 1 1000 5; alpha; 104711 1 1000 6; "
	  "40700 1 1000 4096; s x y; 100000 1 1000 2; ex" },
	{ "special files",
	  "node p 010644; stat p; node s 0140600; stat s;"
	  "node b 060600; node c 020600; node r 0100600; stat r; cat p",
	  "10644 1 1000 0; 140600 1 1000 0; EPERM; EPERM; "
	  "100600 1 1000 0; errno 22" },
	{ "symlinks",
	  "symlink /etc/shadow s; readlink s; stat s;"
	  "symlink ../../.. d/up; readlink d/up; rm s; readlink s;"
	  "mv l/in in; readlink in",
	  "/etc/shadow; 120777 1 1000 11; ../../..; ENOENT; ../a" },
	{ "extended attributes",
	  "getx a user.one; lsx a; setx a user.two 2; lsx a;"
	  "rmx a user.one; rmx a user.one; rmx a user.two; lsx a;"
	  "getx a user.one; setx a security.x 1; getx a trusted.y;"
	  "setx a user. 1; getx a user.; rmx a user.; rmx a system.x;"
	  "setx l/in user.x 1; getx d user.q; lsx d",
	  "1; user.one,; user.one,user.two,; ENODATA; ; ENODATA; "
	  "EOPNOTSUPP; ENODATA; EINVAL; EINVAL; EINVAL; ENODATA; EPERM; "
	  "ENODATA; " },
	{ "extended attributes and content",
	  "add a x; getx a user.one; rmx a user.one; lsx a", "1; " },
};

static void test_guest_changes_view_and_nothing_else(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		auto_free char *before = NULL, *after = NULL, *got = NULL;
		struct world w;

		world_init(&w);
		populate(&w);
		before = user_state(&w);
		world_start(&w, /* read_only */ false, 0);
		got = script_run(&w, views[i].script);
		CHECK(!strcmp(got, views[i].want), "%s: got\n'%s', want\n'%s'",
		      views[i].name, got, views[i].want);
		after = user_state(&w);
		CHECK(!strcmp(before, after), "%s: the user's files changed",
		      views[i].name);
		world_check_replay(&w);
		world_release(&w);
	}
}

static void test_read_only_refuses_every_change(void **state unused)
{
	struct fuse_entry_out out;
	struct fuse_kstatfs st;
	struct world w;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ true, 0);
	expect(&w,
	       "cat a; ls .; put a 1; put n 1; mkdir n; rm a; rmdir e; mv a b;"
	       "ln a b; symlink a b; node b 010600; chmod a 600; truncate a 1;"
	       "setx a user.x 1; rmx a user.one; getx a user.one; cat a",
	       "alpha; a d e h l; EROFS; EROFS; EROFS; EROFS; EROFS; EROFS; "
	       "EROFS; EROFS; EROFS; EROFS; EROFS; EROFS; EROFS; 1; alpha");
	assert_int_equal(guest_write(&w, (uint64_t)guest_find(&w, "a"), 0, "x"),
			 -EROFS);
	assert_int_equal(
		w.fs->ops->tmpfile(w.fs, &guest_user, FUSE_ROOT_ID, 0600, &out),
		-EROFS);
	assert_int_equal(w.fs->ops->statfs(w.fs, &st), 0);
	assert_int_equal(w.fs->ops->syncfs(w.fs), 0);
	world_release(&w);
}

static bool has_content(struct world *w, uint64_t id)
{
	/* What nobody needs must not be there for longer than it takes. */
	discard(cow_trash_empty(w->cow));
	return world_has_content(w, id);
}

static void test_removed_file_lives_until_forgotten(void **state unused)
{
	struct world w;
	struct fuse_attr attr;
	uint64_t id;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "put n text", "");
	id = (uint64_t)guest_find(&w, "n");
	expect(&w, "rm n; cat n", "ENOENT");
	assert_int_equal(guest_write(&w, id, 4, "+more"), 0);
	{
		auto_free char *text = guest_read(&w, id);

		assert_string_equal(text, "text+more");
	}
	assert_int_equal(guest_stat(&w, id, &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_true(has_content(&w, id));
	w.fs->ops->forget(w.fs, id, 1);
	assert_true(has_content(&w, id));
	/* More than there were. */
	w.fs->ops->forget(w.fs, id, PLENTY);
	assert_false(has_content(&w, id));
	assert_int_equal(guest_stat(&w, id, &attr), -ESTALE);
	w.fs->ops->forget(w.fs, id, PLENTY);

	/* The user's, removed and then written. */
	id = (uint64_t)guest_find(&w, "a");
	expect(&w, "rm a", "");
	assert_int_equal(guest_write(&w, id, 5, "!"), 0);
	{
		auto_free char *text = guest_read(&w, id);

		assert_string_equal(text, "alpha!");
	}
	w.fs->ops->forget(w.fs, id, PLENTY);
	assert_false(has_content(&w, id));
	expect(&w, "cat a", "ENOENT");
	world_check_replay(&w);
	world_release(&w);
}

static void test_unnamed_file_gets_name(void **state unused)
{
	struct fuse_entry_out out, linked;
	struct world w;

	world_init(&w);
	world_start(&w, /* read_only */ false, 0);
	assert_int_equal(
		w.fs->ops->tmpfile(w.fs, &guest_user, FUSE_ROOT_ID, 0600, &out),
		0);
	assert_int_equal(guest_write(&w, out.nodeid, 0, "t"), 0);
	expect(&w, "ls .", "");
	assert_int_equal(
		w.fs->ops->link(w.fs, out.nodeid, FUSE_ROOT_ID, "t", &linked),
		0);
	assert_int_equal(linked.nodeid, out.nodeid);
	expect(&w, "ls .; cat t; stat t", "t; t; 100600 1 1000 1");
	world_check_replay(&w);
	world_release(&w);
}

/* Answers with the flags of opendir(2). */
static uint32_t list_flags(struct world *w, const char *path)
{
	uint64_t id = (uint64_t)guest_find(w, path), handle;

	uint32_t flags;

	assert_int_equal(w->fs->ops->opendir(w->fs, id, &handle, &flags), 0);
	w->fs->ops->releasedir(w->fs, id, handle);
	free(guest_list(w, id, false));
	return flags;
}

static void test_listing_is_cached_while_unchanged(void **state unused)
{
	const uint32_t keep = FOPEN_KEEP_CACHE;
	struct world w;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	/* Its times are old by then. */
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	assert_false(list_flags(&w, "d") & keep);
	assert_true(list_flags(&w, "d") & keep);
	user_write(&w, "d/new", "1");
	assert_false(list_flags(&w, "d") & keep);
	expect(&w, "ls d; mkdir own", "new s x y");
	assert_true(list_flags(&w, "own") & keep);
	world_release(&w);
}

struct stop_sink {
	struct fs_dir_sink base;
	char name[256];
	uint64_t next;
	bool taken;
};

static bool take_one(struct fs_dir_sink *base, struct span name,
		     uint32_t type unused, uint64_t ino unused, uint64_t next,
		     const struct fuse_entry_out *entry unused)
{
	struct stop_sink *s = container_of(base, struct stop_sink, base);

	if (s->taken)
		return false;
	s->taken = true;
	s->next = next;
	snprintf(s->name, sizeof(s->name), "%.*s", (int)name.len,
		 (const char *)name.p);
	return true;
}

static void test_open_listing_does_not_change(void **state unused)
{
	struct stop_sink s = { .base = { .add = take_one } };
	struct world w;
	uint64_t handle;
	uint32_t flags;
	size_t n = 0;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	assert_int_equal(
		w.fs->ops->opendir(w.fs, FUSE_ROOT_ID, &handle, &flags), 0);
	for (;; n++) {
		s.taken = false;
		assert_int_equal(w.fs->ops->readdir(w.fs, FUSE_ROOT_ID, handle,
						    s.next, &s.base),
				 0);
		if (!s.taken)
			break;
		if (n == 0)
			expect(&w, "rm a; put b 1; mv d dd", "");
	}
	/* ".", "..", a, d, e, h, l */
	assert_int_equal(n, 7);
	/* reset: the guest begins anew */
	w.fs->ops->reset(w.fs);
	assert_int_equal(
		w.fs->ops->readdir(w.fs, FUSE_ROOT_ID, handle, 0, &s.base),
		-EBADF);
	expect(&w, "ls .; cat b; cat dd/x", "b dd e h l; 1; ex");
	world_release(&w);
}

struct dots_sink {
	struct fs_dir_sink base;
	uint64_t dot, dot_dot;
};

static bool take_dots(struct fs_dir_sink *base, struct span name,
		      uint32_t type unused, uint64_t ino, uint64_t next unused,
		      const struct fuse_entry_out *entry unused)
{
	struct dots_sink *s = container_of(base, struct dots_sink, base);

	if (span_equals(name, "."))
		s->dot = ino;
	else if (span_equals(name, ".."))
		s->dot_dot = ino;
	return true;
}

static void test_dots_have_the_numbers_of_directories(void **state unused)
{
	static const struct {
		const char *dir, *above;
	} rows[] = {
		{ "d/s", "d" }, { "d", "." }, { "n/m", "n" }, { ".", "." }
	};
	struct world w;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "mkdir n; mkdir n/m", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t id = (uint64_t)guest_find(&w, rows[i].dir), handle;
		struct dots_sink s = { .base = { .add = take_dots } };
		struct fuse_attr dir, above;
		uint32_t flags;

		assert_int_equal(guest_stat(&w, id, &dir), 0);
		assert_int_equal(
			guest_stat(&w, (uint64_t)guest_find(&w, rows[i].above),
				   &above),
			0);
		assert_int_equal(w.fs->ops->opendir(w.fs, id, &handle, &flags),
				 0);
		assert_int_equal(
			w.fs->ops->readdir(w.fs, id, handle, 0, &s.base), 0);
		CHECK(s.dot == dir.ino && s.dot_dot == above.ino,
		      "wrong numbers in %s", rows[i].dir);
	}
	world_release(&w);
}

static void test_reset_forgets_everything(void **state unused)
{
	struct fuse_attr attr;
	struct world w;
	int64_t id, own;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	id = guest_find(&w, "d/s/z");
	own = guest_create(&w, "n", O_CREAT);
	assert_true(id > 0 && own > 0);
	expect(&w, "rm n", "");
	w.fs->ops->reset(w.fs);
	assert_int_equal(guest_stat(&w, (uint64_t)id, &attr), -ESTALE);
	assert_false(has_content(&w, (uint64_t)own));
	assert_null(w.cow->held);
	expect(&w, "cat d/s/z; ls .", "zed; a d e h l");
	world_release(&w);
}

static void test_sync_succeeds(void **state unused)
{
	struct fuse_kstatfs st;
	struct world w;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "put a 1", "");
	for (int data_only = 0; data_only < 2; data_only++) {
		uint64_t id = (uint64_t)guest_find(&w, "a");

		assert_int_equal(w.fs->ops->fsync(w.fs, id, data_only), 0);
		assert_int_equal(
			w.fs->ops->fsync(w.fs, FUSE_ROOT_ID, data_only), 0);
	}
	assert_int_equal(w.fs->ops->syncfs(w.fs), 0);
	assert_int_equal(w.fs->ops->statfs(w.fs, &st), 0);
	assert_true(st.blocks && st.bsize && st.namelen == 255);
	world_release(&w);
}

/* The records cannot be written: nothing changes, and it goes on later. */
static void test_failing_record_changes_nothing(void **state unused)
{
	struct world w;
	int saved;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "put n 1", "");
	saved = w.cow->records_fd;
	w.cow->records_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	expect(&w, "put m 1; rm a; mv d dd; chmod a 600; add a !; ls .; cat a",
	       "errno 28; errno 28; errno 28; errno 28; errno 28; a d e h l n;"
	       " alpha");
	close(w.cow->records_fd);
	w.cow->records_fd = saved;
	expect(&w, "put m 1; rm a; ls .", "d e h l m n");
	world_check_replay(&w);
	world_release(&w);
}

static void test_session_goes_on_where_it_ended(void **state unused)
{
	struct world w;
	int fd;

	world_init(&w);
	populate(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "put n new; add a er; rm d/x; mkdir m; mv h m/h", "");
	cow_fs_free(w.cow);
	/* A crash has cut the last record. */
	fd = openat(w.state_fd, OVERLAY_RECORDS_FILE,
		    O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(write(fd, "\x40\0\0", 3) == 3, "%s", strerror(errno));
	close(fd);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "ls .; cat n; cat a; ls d; ls m/h; put o 1; add n +; cat n",
	       "a d e l m n; new; alphaer; s y; 1 2; new+");
	world_check_replay(&w);
	world_release(&w);
}

static void test_damaged_records_are_refused(void **state unused)
{
	struct err err = ERR_INIT;
	struct cow_fs *second = NULL;
	struct cow_fs_config cfg;
	struct world w;
	int fd;

	world_init(&w);
	world_start(&w, /* read_only */ false, 0);
	expect(&w, "put n new; put o old", "");
	cfg = w.cow->cfg;
	cow_fs_free(take_ptr(w.cow));
	fd = openat(w.state_fd, OVERLAY_RECORDS_FILE, O_WRONLY | O_CLOEXEC);
	CHECK(pwrite(fd, "x", 1, 10) == 1, "%s", strerror(errno));
	close(fd);
	CHECK_FAILS(cow_fs_new(&cfg, &second, &err), &err, ERR_INTEGRITY,
		    "damaged");
	assert_null(second);
	assert_return_code(unlinkat(w.state_fd, OVERLAY_RECORDS_FILE, 0),
			   errno);
	assert_return_code(
		symlinkat("objects/x", w.state_fd, OVERLAY_RECORDS_FILE),
		errno);
	CHECK_FAILS(cow_fs_new(&cfg, &second, &err), &err, ERR_SYSTEM,
		    "records");
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_changes_view_and_nothing_else),
		cmocka_unit_test(test_read_only_refuses_every_change),
		cmocka_unit_test(test_removed_file_lives_until_forgotten),
		cmocka_unit_test(test_unnamed_file_gets_name),
		cmocka_unit_test(test_listing_is_cached_while_unchanged),
		cmocka_unit_test(test_open_listing_does_not_change),
		cmocka_unit_test(test_dots_have_the_numbers_of_directories),
		cmocka_unit_test(test_reset_forgets_everything),
		cmocka_unit_test(test_sync_succeeds),
		cmocka_unit_test(test_failing_record_changes_nothing),
		cmocka_unit_test(test_session_goes_on_where_it_ended),
		cmocka_unit_test(test_damaged_records_are_refused),
	};

	return RUN_TESTS(tests);
}
