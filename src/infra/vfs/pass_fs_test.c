// SPDX-License-Identifier: Apache-2.0
/*
 * pass_fs_test.c - the guest works on the user's directory itself, and the
 * user does, too.
 */
#include "infra/vfs/pass_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "support/check.h"
#include "support/cow_script.h"

#define PLENTY UINT64_C(1000) /* lookups */

/* Over what populate() makes. */
static const struct {
	const char *name, *script, *want;
} scripts[] = {
	{ "read", "ls .; cat a; cat d/s/z; ls d; stat a",
	  ".env a d e fifo h l; alpha; zed; s x y; 100644 1 1000 5" },
	{ "nothing is hidden",
	  "cat .env; readlink l/out; readlink l/abs; ls l; stat fifo",
	  "secret; ../../outside; /etc/passwd; abs in out up; "
	  "10644 1 1000 0" },
	{ "links lead nowhere here",
	  "cat l/out; cat l/out/x; put l/abs/x 1; ls l/abs; cat fifo",
	  "errno 22; ENOTDIR; ENOTDIR; errno 20; errno 22" },
	{ "kinds",
	  "cat d; ls a; readlink a; rm d; rmdir a; truncate d 0; put d/x/q 1",
	  "errno 21; errno 20; EINVAL; EISDIR; ENOTDIR; EISDIR; ENOTDIR" },
	{ "write",
	  "put a new; cat a; add a er; cat a; truncate a 2; cat a;"
	  "truncate d/y 1; add d/y H; cat d/y",
	  "new; newer; ne; wH" },
	{ "create",
	  "put n 1; put d/n 2; ls d; cat d/n; mkdir m; mkdir m/m;"
	  "put m/m/f 3; cat m/m/f; mkdir a; mkdir m; stat n",
	  "n s x y; 2; 3; EEXIST; EEXIST; 100644 1 1000 1" },
	{ "remove",
	  "rm a; cat a; rm a; put a 2; cat a; rmdir d; rmdir e; ls e; rm d/x;"
	  "rm d/y; rm d/s/z; rmdir d/s; ls d; rmdir d",
	  "ENOENT; ENOENT; 2; ENOTEMPTY; ENOENT; " },
	{ "rename",
	  "mv a b; cat b; cat a; mv b d/b; cat d/b; mv d/b d/x; cat d/x;"
	  "ls d; mv zz a; mv d dd; cat dd/s/z; ls dd",
	  "alpha; ENOENT; alpha; alpha; s x y; ENOENT; zed; s x y" },
	{ "rename over", "mv e d; mv d e; ls e; mv a e; mv e a; mv e/s e/s/t",
	  "ENOTEMPTY; s x y; EISDIR; ENOTDIR; EINVAL" },
	{ "rename flags",
	  "mvnew a d/x; mvnew a q; cat q; swap q d; ls q; cat d;"
	  "whiteout q w; swap q none",
	  "EEXIST; alpha; s x y; alpha; EINVAL; ENOENT" },
	{ "hard links",
	  "stat h/1; add h/1 er; cat h/2; rm h/1; cat h/2; ln a d/l; stat a;"
	  "put d/l both; cat a; rm a; cat d/l; ln d h/d; ln d/l d/x",
	  "100644 2 1000 4; harder; harder; 100644 2 1000 5; both; both; "
	  "EPERM; EEXIST" },
	{ "modes",
	  "chmod a 4755; stat a; chmod a 600; stat a; add a +; cat a;"
	  "chmod d/x 0; stat d/x; cat d/x;"
	  "chmod d/x 644; cat d/x; chmod d 000; chmod d 755; ls d",
	  "100755 1 1000 5; 100600 1 1000 5; alpha+; "
	  "100000 1 1000 2; ex; ex; s x y" },
	{ "special files",
	  "node p 010644; stat p; node s 0140600; stat s; node b 060600;"
	  "node c 020600; node r 0100600; stat r; node t 0106777; stat t;"
	  "cat p; rm p; rm s",
	  "10644 1 1000 0; 140600 1 1000 0; EPERM; EPERM; 100600 1 1000 0; "
	  "100777 1 1000 0; errno 22" },
	{ "symlinks",
	  "symlink /etc/shadow s; readlink s; symlink ../../.. d/up;"
	  "readlink d/up; ln s t; readlink t; rm s; readlink s; readlink t;"
	  "mv l/in in; readlink in; chmod in 600",
	  "/etc/shadow; ../../..; /etc/shadow; ENOENT; /etc/shadow; ../a; "
	  "EOPNOTSUPP" },
	{ "extended attributes",
	  "getx a user.one; lsx a; setx a user.two 2; rmx a user.one;"
	  "lsx a; rmx a user.one; setx a security.x 1; getx a trusted.y;"
	  "setx a user. 1; setx l/in user.x 1; getx d user.q;"
	  "setx d user.d 1; lsx d",
	  "1; user.one,; user.two,; ENODATA; EOPNOTSUPP; ENODATA; "
	  "EINVAL; EPERM; ENODATA; user.d," },
};

static void start(struct world *w, size_t fds_max)
{
	world_init(w);
	populate(w);
	world_start_direct(w, fds_max);
}

static void test_guest_works_on_the_directory(void **state unused)
{
	/* Descriptors are a cache: without them it is only slower. */
	static const size_t limits[] = { 0, COW_FDS_MIN };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(scripts); i++) {
		auto_free char *got = NULL;
		const char *want = scripts[i / 2].want;
		struct world w;

		start(&w, limits[i % 2]);
		got = script_run(&w, scripts[i / 2].script);
		CHECK(!strcmp(got, want), "%s: got\n'%s', want\n'%s'",
		      scripts[i / 2].name, got, want);
		world_release(&w);
	}
}

static char *user_read(struct world *w, const char *path)
{
	auto_close int fd = openat(w->user_fd, path, O_RDONLY | O_CLOEXEC);
	char text[100];
	ssize_t n = read(fd, text, sizeof(text));

	return n < 0 ? xstrdup("cannot be read") : xmemdup0(text, (size_t)n);
}

static void check_user_has(struct world *w, const char *path, const char *want)
{
	auto_free char *got = user_read(w, path);

	CHECK(!strcmp(got, want), "'%s' has '%s', not '%s'", path, got, want);
}

static void test_both_see_changes_at_once(void **state unused)
{
	struct stat st;
	struct world w;

	start(&w, 0);
	expect(&w, "put a new; mkdir m; put m/f 1; rm d/x", "");
	check_user_has(&w, "a", "new");
	check_user_has(&w, "m/f", "1");
	check_user_has(&w, "d/x", "cannot be read");
	assert_int_equal(fstatat(w.user_fd, "m/f", &st, 0), 0);
	assert_int_equal(st.st_uid, getuid());
	user_write(&w, "a", "his");
	user_write(&w, "d/x", "made");
	expect(&w, "cat a; cat d/x; ls d", "his; made; s x y");
	/* Replaced, as editors do. */
	user_write(&w, "tmp", "replaced");
	assert_int_equal(renameat(w.user_fd, "tmp", w.user_fd, "a"), 0);
	expect(&w, "cat a; cat tmp", "replaced; ENOENT");
	world_release(&w);
}

static void test_nothing_negative_is_cached(void **state unused)
{
	struct fuse_entry_out out;
	struct world w;

	start(&w, 0);
	assert_int_equal(w.fs->ops->lookup(w.fs, FUSE_ROOT_ID, "none", &out),
			 0);
	assert_int_equal(out.nodeid, 0);
	assert_int_equal(out.entry_valid, 0);
	assert_int_equal(w.fs->ops->lookup(w.fs, FUSE_ROOT_ID, "a", &out), 0);
	assert_true(out.entry_valid <= 1 && out.attr_valid <= 1);
	world_release(&w);
}

static void test_node_stays_with_its_object(void **state unused)
{
	auto_free char *a = NULL, *x = NULL;
	int64_t file, dir, in_dir;
	struct world w;

	start(&w, 0);
	file = guest_find(&w, "a");
	in_dir = guest_find(&w, "d/x");
	dir = guest_find(&w, "d");
	assert_int_equal(renameat(w.user_fd, "a", w.user_fd, "e/moved"), 0);
	assert_int_equal(renameat(w.user_fd, "d", w.user_fd, "e/d"), 0);
	user_write(&w, "a", "another");
	a = guest_read(&w, (uint64_t)file);
	x = guest_read(&w, (uint64_t)in_dir);
	assert_string_equal(a, "alpha");
	assert_string_equal(x, "ex");
	assert_int_equal(guest_write(&w, (uint64_t)file, 0, "A"), 0);
	check_user_has(&w, "e/moved", "Alpha");
	check_user_has(&w, "a", "another");
	assert_int_equal(guest_find(&w, "e/moved"), file);
	assert_int_equal(guest_find(&w, "e/d"), dir);
	assert_int_not_equal(guest_find(&w, "a"), file);
	world_release(&w);
}

/* As long as a descriptor is trusted, and a little more. */
static void wait_for_distrust(void)
{
	nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 100000000 },
		  NULL);
}

static void test_what_left_the_share_is_lost(void **state unused)
{
	struct fuse_entry_out out;
	struct fuse_attr attr;
	int64_t file, dir, kept;
	struct world w;

	start(&w, 0);
	expect(&w, "cat a; ls d; cat h/1", "alpha; s x y; hard");
	file = guest_find(&w, "a");
	dir = guest_find(&w, "d");
	kept = guest_find(&w, "h/1");
	assert_int_equal(renameat(w.user_fd, "a", w.outside_fd, "a"), 0);
	assert_int_equal(renameat(w.user_fd, "d", w.outside_fd, "d"), 0);
	/* Moved within it. */
	assert_int_equal(renameat(w.user_fd, "h", w.user_fd, "e/h"), 0);
	wait_for_distrust();
	assert_int_equal(guest_write(&w, (uint64_t)file, 0, "x"), -ESTALE);
	assert_int_equal(guest_stat(&w, (uint64_t)file, &attr), -ESTALE);
	assert_int_equal(w.fs->ops->lookup(w.fs, (uint64_t)dir, "x", &out),
			 -ESTALE);
	assert_int_equal(w.fs->ops->create(w.fs, &guest_user, (uint64_t)dir,
					   "new", 0644, O_CREAT, &out),
			 -ESTALE);
	assert_int_equal(w.fs->ops->unlink(w.fs, (uint64_t)dir, "x"), -ESTALE);
	assert_int_equal(w.fs->ops->rename(w.fs, (uint64_t)dir, "x",
					   FUSE_ROOT_ID, "x", 0),
			 -ESTALE);
	assert_int_equal(w.fs->ops->link(w.fs, (uint64_t)file, FUSE_ROOT_ID,
					 "again", &out),
			 -ESTALE);
	assert_int_equal(guest_write(&w, (uint64_t)kept, 0, "H"), 0);
	check_user_has(&w, "e/h/2", "Hard");
	/* The whole share may go elsewhere. */
	{
		auto_free char *from = xasprintf("%s/user", w.dir);
		auto_free char *to = xasprintf("%s/moved", w.dir);

		assert_int_equal(rename(from, to), 0);
		wait_for_distrust();
		assert_int_equal(guest_write(&w, (uint64_t)kept, 0, "h"), 0);
	}
	world_release(&w);
}

/* Of a directory that the guest uses, in every way it can. */
static void test_swapped_directory_leads_nowhere(void **state unused)
{
	static const size_t limits[] = { 0, COW_FDS_MIN };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		auto_close int fd = -1;
		int64_t dir, file;
		struct world w;

		start(&w, limits[i]);
		fd = openat(w.outside_fd, "x", O_WRONLY | O_CREAT | O_CLOEXEC,
			    0644);
		assert_int_equal(write(fd, "outside", 7), 7);
		dir = guest_find(&w, "d");
		file = guest_find(&w, "d/x");
		assert_int_equal(renameat(w.user_fd, "d", w.user_fd, "moved"),
				 0);
		assert_int_equal(symlinkat("../outside", w.user_fd, "d"), 0);
		/* So that descriptors are closed where there are few. */
		expect(&w, "cat a; cat h/1; cat h/2; cat .env; ls e; ls l",
		       "alpha; hard; hard; secret; ; abs in out up");
		wait_for_distrust();
		expect(&w, "cat d/x; put d/x 1; put d/new 1; ls d; rm d/x",
		       "ENOTDIR; ENOTDIR; ENOTDIR; errno 20; ENOTDIR");
		/* By its id it is what it was, or nothing. */
		if (guest_write(&w, (uint64_t)file, 0, "E") == 0)
			check_user_has(&w, "moved/x", "Ex");
		{
			auto_free char *list =
				guest_list(&w, (uint64_t)dir, true);

			CHECK(!strcmp(list, "s x y") ||
				      !strcmp(list, "errno 116"),
			      "'%s'", list);
		}
		{
			auto_free char *text = xasprintf("%s/outside/x", w.dir);
			struct err err = ERR_INIT;
			struct buf b = BUF_INIT(100);

			CHECK_OK(fs_read_file(text, &b, &err), &err);
			assert_string_equal(b.data, "outside");
			buf_release(&b);
		}
		world_release(&w);
	}
}

/* Whoever opens it is noticed by the writer, who then succeeds. */
static void test_fifo_is_never_opened(void **state unused)
{
	struct fuse_attr attr;
	struct world w;
	int64_t id, old;

	start(&w, COW_FDS_MIN);
	old = guest_find(&w, "a");
	assert_int_equal(unlinkat(w.user_fd, "a", 0), 0);
	assert_int_equal(mkfifoat(w.user_fd, "a", 0644), 0);
	id = guest_find(&w, "a");
	assert_int_not_equal(id, old);
	assert_int_equal(guest_stat(&w, (uint64_t)id, &attr), 0);
	assert_true(S_ISFIFO(attr.mode));
	assert_int_equal(guest_write(&w, (uint64_t)id, 0, "x"), -EINVAL);
	assert_int_equal(guest_truncate(&w, (uint64_t)id, 0), -EINVAL);
	assert_int_equal(w.fs->ops->fsync(w.fs, (uint64_t)id, false), 0);
	expect(&w, "cat a; chmod a 600; setx a user.x 1; lsx a; ls e",
	       "errno 22; EOPNOTSUPP; EPERM; ; ");
	assert_int_equal(
		openat(w.user_fd, "a", O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
	assert_int_equal(errno, ENXIO);
	world_release(&w);
}

static void test_devices_do_not_show(void **state unused)
{
	struct world w;

	start(&w, 0);
	/* Only root makes them. */
	if (mknodat(w.user_fd, "e/null", S_IFCHR | 0666, makedev(1, 3)) < 0) {
		world_release(&w);
		skip();
	}
	expect(&w, "ls e; cat e/null; put e/null 1", "; ENOENT; EEXIST");
	world_release(&w);
}

static void test_removed_file_lives_until_forgotten(void **state unused)
{
	struct fuse_attr attr;
	struct world w;
	uint64_t id;

	start(&w, 0);
	id = (uint64_t)guest_find(&w, "a");
	expect(&w, "rm a; cat a", "ENOENT");
	/* Others need descriptors more, but it has nothing else. */
	cow_fds_shed(&w.pass->fds, -1);
	assert_int_equal(guest_write(&w, id, 5, "+more"), 0);
	{
		auto_free char *text = guest_read(&w, id);

		assert_string_equal(text, "alpha+more");
	}
	assert_int_equal(guest_stat(&w, id, &attr), 0);
	assert_int_equal(attr.nlink, 0);
	/* Replaced. */
	id = (uint64_t)guest_find(&w, "d/x");
	expect(&w, "put n new; mv n d/x; cat d/x", "new");
	{
		auto_free char *text = guest_read(&w, id);

		assert_string_equal(text, "ex");
	}
	assert_int_equal(w.pass->pins, 2);
	w.fs->ops->forget(w.fs, id, PLENTY);
	assert_int_equal(guest_stat(&w, id, &attr), -ESTALE);
	assert_int_equal(w.pass->pins, 1);
	w.fs->ops->reset(w.fs);
	assert_int_equal(w.pass->pins, 0);
	assert_int_equal(w.pass->fds.n, 0);
	world_release(&w);
}

static void test_failed_removal_holds_nothing(void **state unused)
{
	struct world w;

	start(&w, 0);
	expect(&w, "rmdir d; rm d; mv e d; rmdir a",
	       "ENOTEMPTY; EISDIR; "
	       "ENOTEMPTY; ENOTDIR");
	assert_int_equal(w.pass->pins, 0);
	world_release(&w);
}

static void test_unnamed_file_gets_name(void **state unused)
{
	struct fuse_entry_out out, linked;
	struct world w;
	int r;

	start(&w, 0);
	r = w.fs->ops->tmpfile(w.fs, &guest_user, FUSE_ROOT_ID, 0600, &out);
	if (r == -EOPNOTSUPP) {
		world_release(&w);
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(guest_write(&w, out.nodeid, 0, "t"), 0);
	expect(&w, "cat t", "ENOENT");
	assert_int_equal(
		w.fs->ops->link(w.fs, out.nodeid, FUSE_ROOT_ID, "t", &linked),
		0);
	assert_int_equal(linked.nodeid, out.nodeid);
	check_user_has(&w, "t", "t");
	world_release(&w);
}

static void test_owner_stays(void **state unused)
{
	static const struct {
		uint32_t valid, id;
		int want;
	} cases[] = {
		{ FATTR_UID, 1000, 0 },
		{ FATTR_GID, 1000, 0 },
		{ FATTR_UID | FATTR_GID, 1000, 0 },
		{ FATTR_UID, 1001, -EPERM },
		{ FATTR_UID, 0, -EPERM },
		{ FATTR_GID, 0, -EPERM },
		{ FATTR_UID | FATTR_MODE, 0, -EPERM },
	};
	struct world w;

	start(&w, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fuse_setattr_in in = { .valid = cases[i].valid,
					      .uid = cases[i].id,
					      .gid = cases[i].id,
					      .mode = 0777 };
		struct fuse_attr_out out;
		int r = w.fs->ops->setattr(w.fs, &guest_user,
					   (uint64_t)guest_find(&w, "a"), &in,
					   &out);

		CHECK(r == cases[i].want, "case %zu: %d", i, r);
	}
	expect(&w, "stat a", "100644 1 1000 5");
	world_release(&w);
}

static void test_times_are_set(void **state unused)
{
	struct fuse_setattr_in in = { .valid = FATTR_MTIME,
				      .mtime = 12345,
				      .mtimensec = 678 };
	static const char *const paths[] = { "a", "d", "l/abs", "fifo" };
	struct fuse_attr_out out;
	struct world w;

	start(&w, 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		uint64_t id = (uint64_t)guest_find(&w, paths[i]);

		assert_int_equal(
			w.fs->ops->setattr(w.fs, &guest_user, id, &in, &out),
			0);
		assert_int_equal(out.attr.mtime, 12345);
		assert_int_equal(out.attr.mtimensec, 678);
		assert_true(out.attr.atime > 12345);
	}
	world_release(&w);
}

/* The user's own, which a write of the guest takes away. */
static void test_set_id_does_not_survive_a_write(void **state unused)
{
	char byte = 'x';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct world w;

	start(&w, 0);
	assert_int_equal(fchmodat(w.user_fd, "a", 06755, 0), 0);
	assert_int_equal(w.fs->ops->write(w.fs, (uint64_t)guest_find(&w, "a"),
					  &iov, 1, 0, /* kill_priv */ true),
			 1);
	expect(&w, "stat a", "100755 1 1000 5");
	world_release(&w);
}

static uint32_t mode_of(struct world *w, const char *path)
{
	struct fuse_attr attr = { .mode = 0 };

	assert_int_equal(guest_stat(w, (uint64_t)guest_find(w, path), &attr),
			 0);
	return attr.mode;
}

static void test_guest_gives_no_set_id(void **state unused)
{
	struct fuse_entry_out out;
	struct world w;

	start(&w, 0);
	expect(&w, "chmod d 7700; chmod a 7700", "");
	assert_int_equal(mode_of(&w, "d"), S_IFDIR | S_ISVTX | 0700);
	assert_int_equal(mode_of(&w, "a"), S_IFREG | 0700);
	/* What the user has given his directory, it keeps if asked to. */
	assert_int_equal(fchmodat(w.user_fd, "e", 02755, 0), 0);
	expect(&w, "chmod e 2700", "");
	assert_int_equal(mode_of(&w, "e"), S_IFDIR | S_ISGID | 0700);
	expect(&w, "chmod e 755", "");
	assert_int_equal(mode_of(&w, "e"), S_IFDIR | 0755);
	assert_int_equal(w.fs->ops->mkdir(w.fs, &guest_user, FUSE_ROOT_ID, "n",
					  07777, &out),
			 0);
	assert_int_equal(mode_of(&w, "n"), S_IFDIR | 0777);
	assert_int_equal(w.fs->ops->create(w.fs, &guest_user, FUSE_ROOT_ID, "m",
					   07777, O_CREAT, &out),
			 0);
	assert_int_equal(mode_of(&w, "m"), S_IFREG | 0777);
	world_release(&w);
}

/* What nobody could open again is not forgotten. */
static void test_locked_objects_can_be_unlocked(void **state unused)
{
	static const char *const paths[] = { "a", "d" };
	struct world w;

	start(&w, 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_free char *lock = xasprintf("chmod %s 0", paths[i]);
		auto_free char *open = xasprintf("chmod %s 700", paths[i]);
		uint64_t id = (uint64_t)guest_find(&w, paths[i]);

		expect(&w, lock, "");
		assert_int_equal(w.pass->pins, 1);
		w.fs->ops->forget(w.fs, id, PLENTY);
		cow_fds_shed(&w.pass->fds, -1);
		expect(&w, open, "");
		assert_int_equal(mode_of(&w, paths[i]) & 07777, 0700);
		assert_int_equal(w.pass->pins, 0);
	}
	/* Removed, it goes like all others. */
	expect(&w, "cat a; ls d; chmod a 0; chmod e 0; rm a; rmdir e",
	       "alpha; s x y");
	assert_int_equal(w.pass->pins, 2);
	w.fs->ops->reset(w.fs);
	assert_int_equal(w.pass->pins, 0);
	expect(&w, "put a 1; chmod a 0", "");
	w.fs->ops->forget(w.fs, (uint64_t)guest_find(&w, "a"), PLENTY);
	expect(&w, "rm a", "");
	assert_int_equal(w.pass->pins, 0);
	world_release(&w);
}

/* A number that another object has now. */
static void test_reused_number_is_another_node(void **state unused)
{
	struct statx st;
	struct world w;
	int64_t id;

	start(&w, 0);
	id = guest_find(&w, "a");
	assert_int_equal(pass_stat_at(w.user_fd, "a", &st), 0);
	assert_non_null(pass_known(w.pass, &st));
	st.stx_btime.tv_nsec ^= 1;
	assert_null(pass_known(w.pass, &st));
	st.stx_btime.tv_nsec ^= 1;
	st.stx_mode ^= S_IFREG ^ S_IFIFO;
	assert_null(pass_known(w.pass, &st));
	assert_true(id > 0);
	world_release(&w);
}

static void test_ids_are_not_used_twice(void **state unused)
{
	struct fuse_attr attr;
	struct world w;
	uint64_t old, id;

	start(&w, 0);
	old = (uint64_t)guest_find(&w, "a");
	w.fs->ops->forget(w.fs, old, PLENTY);
	id = (uint64_t)guest_find(&w, "a");
	assert_int_not_equal(id, old);
	assert_int_equal(guest_stat(&w, old, &attr), -ESTALE);
	w.fs->ops->forget(w.fs, old, PLENTY);
	assert_int_equal(guest_stat(&w, id, &attr), 0);
	for (uint64_t i = 2; i < 64; i++) {
		assert_int_equal(guest_stat(&w, UINT64_C(1) << i, &attr),
				 -ESTALE);
		assert_int_equal(guest_stat(&w, UINT64_MAX - i, &attr),
				 -ESTALE);
	}
	/* The root is there whatever is forgotten. */
	w.fs->ops->forget(w.fs, FUSE_ROOT_ID, PLENTY);
	assert_int_equal(guest_stat(&w, FUSE_ROOT_ID, &attr), 0);
	assert_int_equal(guest_stat(&w, 0, &attr), -ESTALE);
	world_release(&w);
}

static void test_sync_succeeds(void **state unused)
{
	static const char *const paths[] = { ".", "d", "a", "fifo" };
	struct fuse_kstatfs st;
	struct world w;

	start(&w, 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(
			w.fs->ops->fsync(w.fs,
					 (uint64_t)guest_find(&w, paths[i]),
					 i % 2),
			0);
	assert_int_equal(w.fs->ops->syncfs(w.fs), 0);
	assert_int_equal(w.fs->ops->statfs(w.fs, &st), 0);
	assert_true(st.blocks && st.bsize && st.namelen == 255);
	world_release(&w);
}

static void test_share_must_be_a_directory(void **state unused)
{
	auto_close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct pass_fs_config cfg = { .share_fd = fd, .proc_fd = -1 };
	struct err err = ERR_INIT;
	struct pass_fs *fs;

	CHECK_FAILS(pass_fs_new(&cfg, &fs, &err), &err, ERR_INVALID,
		    "not a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_works_on_the_directory),
		cmocka_unit_test(test_both_see_changes_at_once),
		cmocka_unit_test(test_nothing_negative_is_cached),
		cmocka_unit_test(test_node_stays_with_its_object),
		cmocka_unit_test(test_what_left_the_share_is_lost),
		cmocka_unit_test(test_swapped_directory_leads_nowhere),
		cmocka_unit_test(test_fifo_is_never_opened),
		cmocka_unit_test(test_devices_do_not_show),
		cmocka_unit_test(test_removed_file_lives_until_forgotten),
		cmocka_unit_test(test_failed_removal_holds_nothing),
		cmocka_unit_test(test_unnamed_file_gets_name),
		cmocka_unit_test(test_owner_stays),
		cmocka_unit_test(test_times_are_set),
		cmocka_unit_test(test_set_id_does_not_survive_a_write),
		cmocka_unit_test(test_guest_gives_no_set_id),
		cmocka_unit_test(test_locked_objects_can_be_unlocked),
		cmocka_unit_test(test_reused_number_is_another_node),
		cmocka_unit_test(test_ids_are_not_used_twice),
		cmocka_unit_test(test_sync_succeeds),
		cmocka_unit_test(test_share_must_be_a_directory),
	};

	umask(0);
	return RUN_TESTS(tests);
}
