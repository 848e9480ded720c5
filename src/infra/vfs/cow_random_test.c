// SPDX-License-Identifier: Apache-2.0
/*
 * cow_random_test.c - thousands of random operations on the view and on a real
 * directory, which must come out alike; the same of the user's directory
 * itself.
 *
 * The directory starts as a copy of the user's. Each operation succeeds on both
 * sides or fails on both.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "infra/sys/fd.h"
#include "support/check.h"
#include "support/cow_world.h"

#define STEPS	   1500
#define COMPARE_AT 50 /* steps */
#define DEPTH_MAX  3
#define PATH_SIZE  64
#define SIZE_MAX_  100000 /* bytes of a file */
/* Few enough to be closed all the time; a quarter may be kept. */
#define PASS_FDS 8

struct pair {
	struct world w;
	int real_fd;
	uint64_t random;
	uint64_t seed;
	int step;
};

static uint32_t draw(struct pair *p, uint32_t n)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return (uint32_t)(p->random >> 32) % n;
}

static void draw_path(struct pair *p, char out[PATH_SIZE])
{
	uint32_t depth = 1 + draw(p, DEPTH_MAX);
	size_t at = 0;

	for (uint32_t i = 0; i < depth; i++)
		at += (size_t)snprintf(out + at, PATH_SIZE - at, "%s%c",
				       i ? "/" : "", "abcde"[draw(p, 5)]);
}

/* A directory of the real tree and the name in it, as the guest's lookup. */
static int real_dir(const struct pair *p, const char *path, const char **name)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	const char *slash = strrchr(path, '/');
	auto_free char *dir =
		slash ? xmemdup0(path, (size_t)(slash - path)) : xstrdup(".");

	*name = slash ? slash + 1 : path;
	return (int)syscall(SYS_openat2, p->real_fd, dir, &how, sizeof(how));
}

static int real_open(const struct pair *p, const char *path, int flags)
{
	const char *name;
	auto_close int dir = real_dir(p, path, &name);

	return dir < 0 ? -1
		       : openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC,
				0644);
}

/* Both must say the same; what is what is seen when they are compared. */
static void agree(const struct pair *p, int64_t guest, int real,
		  const char *what, const char *path)
{
	int saved = errno;

	CHECK((guest < 0) == (real < 0),
	      "seed %" PRIu64 " step %d: %s '%s': guest %" PRId64 ", real %d",
	      p->seed, p->step, what, path, guest, real < 0 ? -saved : real);
}

static uint64_t find_file(struct pair *p, const char *path)
{
	int64_t id = guest_find(&p->w, path);
	struct fuse_attr attr = { .mode = 0 };

	if (id <= 0 || guest_stat(&p->w, (uint64_t)id, &attr) < 0)
		return 0;
	return S_ISREG(attr.mode) ? (uint64_t)id : 0;
}

static void do_create(struct pair *p, const char *path)
{
	auto_close int fd = real_open(p, path, O_WRONLY | O_CREAT | O_EXCL);

	agree(p, guest_create(&p->w, path, O_CREAT | O_EXCL), fd, "create",
	      path);
}

static void do_write(struct pair *p, const char *path)
{
	auto_close int fd = real_open(p, path, O_WRONLY);
	uint64_t id = find_file(p, path);
	uint32_t at = draw(p, SIZE_MAX_);
	char text[32];
	int len = snprintf(text, sizeof(text), "%s at %u;", path, at);

	agree(p, id ? 0 : -1, fd, "open", path);
	if (fd < 0)
		return;
	assert_int_equal(guest_write(&p->w, id, at, text), 0);
	assert_int_equal(pwrite(fd, text, (size_t)len, at), len);
}

static void do_truncate(struct pair *p, const char *path)
{
	auto_close int fd = real_open(p, path, O_WRONLY);
	uint64_t id = find_file(p, path);
	uint32_t size = draw(p, 3) ? draw(p, SIZE_MAX_) : 0;

	agree(p, id ? 0 : -1, fd, "open", path);
	if (fd < 0)
		return;
	assert_int_equal(guest_truncate(&p->w, id, size), 0);
	assert_int_equal(ftruncate(fd, size), 0);
}

static void do_punch(struct pair *p, const char *path)
{
	auto_close int fd = real_open(p, path, O_WRONLY);
	uint64_t id = find_file(p, path);
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	uint32_t at = draw(p, SIZE_MAX_), len = 1 + draw(p, SIZE_MAX_);

	if (fd < 0)
		return;
	assert_int_equal(fallocate(fd, mode, at, len), 0);
	assert_int_equal(
		p->w.fs->ops->fallocate(p->w.fs, id, (uint32_t)mode, at, len),
		0);
}

static void do_remove(struct pair *p, const char *path, bool is_dir)
{
	const char *name;
	auto_close int dir = real_dir(p, path, &name);
	int64_t id = guest_dir(&p->w, path, &name);
	const struct fs_ops *ops = p->w.fs->ops;

	if (id > 0)
		id = is_dir ? ops->rmdir(p->w.fs, (uint64_t)id, name)
			    : ops->unlink(p->w.fs, (uint64_t)id, name);
	agree(p, id,
	      dir < 0 ? -1 : unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0),
	      "remove", path);
}

static void do_unlink(struct pair *p, const char *path)
{
	do_remove(p, path, false);
}

static void do_rmdir(struct pair *p, const char *path)
{
	do_remove(p, path, true);
}

static void do_mkdir(struct pair *p, const char *path)
{
	struct fuse_entry_out out;
	const char *name;
	auto_close int dir = real_dir(p, path, &name);
	int64_t id = guest_dir(&p->w, path, &name);
	uint32_t mode = 0700 + draw(p, 64);

	if (dir < 0)
		return;
	agree(p,
	      p->w.fs->ops->mkdir(p->w.fs, &guest_user, (uint64_t)id, name,
				  mode, &out),
	      mkdirat(dir, name, mode), "mkdir", path);
}

static void do_symlink(struct pair *p, const char *path)
{
	struct fuse_entry_out out;
	const char *name;
	auto_close int dir = real_dir(p, path, &name);
	int64_t id = guest_dir(&p->w, path, &name);

	if (dir < 0)
		return;
	agree(p,
	      p->w.fs->ops->symlink(p->w.fs, &guest_user, (uint64_t)id, name,
				    "../b", &out),
	      symlinkat("../b", dir, name), "symlink", path);
}

static void do_rename(struct pair *p, const char *path)
{
	static const uint32_t flags[] = { 0, 0, 0, RENAME_NOREPLACE,
					  RENAME_EXCHANGE };
	const char *name, *to_name;
	char to_path[PATH_SIZE];
	uint32_t flag = flags[draw(p, ARRAY_SIZE(flags))];
	auto_close int dir = -1, to_dir = -1;
	int64_t id, to_id;

	draw_path(p, to_path);
	dir = real_dir(p, path, &name);
	to_dir = real_dir(p, to_path, &to_name);
	id = guest_dir(&p->w, path, &name);
	to_id = guest_dir(&p->w, to_path, &to_name);
	if (dir < 0 || to_dir < 0)
		return;
	agree(p,
	      p->w.fs->ops->rename(p->w.fs, (uint64_t)id, name, (uint64_t)to_id,
				   to_name, flag),
	      renameat2(dir, name, to_dir, to_name, flag), "rename to",
	      to_path);
}

static void do_link(struct pair *p, const char *path)
{
	struct fuse_entry_out out;
	const char *name, *to_name;
	char to_path[PATH_SIZE];
	auto_close int dir = -1, to_dir = -1;
	int64_t id, to_id;

	draw_path(p, to_path);
	dir = real_dir(p, path, &name);
	to_dir = real_dir(p, to_path, &to_name);
	id = guest_find(&p->w, path);
	to_id = guest_dir(&p->w, to_path, &to_name);
	if (dir < 0 || to_dir < 0 || id <= 0)
		return;
	agree(p,
	      p->w.fs->ops->link(p->w.fs, (uint64_t)id, (uint64_t)to_id,
				 to_name, &out),
	      linkat(dir, name, to_dir, to_name, 0), "link", to_path);
}

static void do_chmod(struct pair *p, const char *path)
{
	struct fuse_setattr_in in = {
		.valid = FATTR_MODE,
		.mode = 0700 + draw(p, 64),
	};
	struct fuse_attr_out out;
	struct stat st;
	const char *name;
	auto_close int dir = real_dir(p, path, &name);
	int64_t id = guest_find(&p->w, path);

	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISLNK(st.st_mode))
		return;
	agree(p,
	      p->w.fs->ops->setattr(p->w.fs, &guest_user, (uint64_t)id, &in,
				    &out),
	      fchmodat(dir, name, in.mode, 0), "chmod", path);
}

/* The guest drops what it has cached; nothing may change by that. */
static void do_reset(struct pair *p, const char *path unused)
{
	p->w.fs->ops->reset(p->w.fs);
}

/* A file is written after its last name went. */
static void do_unlinked_write(struct pair *p, const char *path)
{
	auto_close int fd = real_open(p, path, O_RDONLY);
	uint64_t id = find_file(p, path);
	auto_free char *text = NULL;
	struct stat st;

	if (fd < 0 || !id)
		return;
	do_unlink(p, path);
	assert_int_equal(fstat(fd, &st), 0);
	/* Other names would show the write. */
	if (st.st_nlink)
		return;
	assert_int_equal(guest_truncate(&p->w, id, 0), 0);
	assert_int_equal(guest_write(&p->w, id, 0, "gone"), 0);
	text = guest_read(&p->w, id);
	assert_string_equal(text, "gone");
}

typedef void action_fn(struct pair *p, const char *path);

/* By how likely they are. */
static action_fn *const actions[] = {
	do_create,	   do_create, do_create,   do_write,   do_write,
	do_write,	   do_write,  do_truncate, do_punch,   do_unlink,
	do_rmdir,	   do_mkdir,  do_mkdir,	   do_symlink, do_rename,
	do_rename,	   do_rename, do_link,	   do_chmod,   do_reset,
	do_unlinked_write,
};

static void compare(struct pair *p, int dirfd, const char *path);

static void compare_file(struct pair *p, int dirfd, const char *name,
			 const struct stat *st, uint64_t id, const char *path)
{
	auto_close int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	auto_free char *mine = guest_read(&p->w, id);
	auto_free char *real = xmalloc((size_t)st->st_size + 1);

	assert_int_equal(read(fd, real, (size_t)st->st_size), st->st_size);
	CHECK(!memcmp(mine, real, (size_t)st->st_size),
	      "seed %" PRIu64 " step %d: content of '%s'", p->seed, p->step,
	      path);
}

static void compare_name(struct pair *p, int dirfd, const char *name,
			 const char *path)
{
	int64_t id = guest_find(&p->w, path);
	struct fuse_attr attr = { .mode = 0 };
	struct stat st;

	assert_int_equal(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(id > 0 && guest_stat(&p->w, (uint64_t)id, &attr) == 0, "'%s'",
	      path);
	CHECK(attr.mode == st.st_mode, "seed %" PRIu64 " step %d: '%s': %o %o",
	      p->seed, p->step, path, attr.mode, st.st_mode);
	if (S_ISDIR(st.st_mode)) {
		auto_close int fd =
			openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		compare(p, fd, path);
		return;
	}
	/* Of a changed file, names that were not looked up do not count. */
	CHECK(attr.size == (uint64_t)st.st_size && attr.nlink &&
		      attr.nlink <= st.st_nlink,
	      "seed %" PRIu64 " step %d: '%s': size %" PRIu64 ", %jd, "
	      "links %u, %ju",
	      p->seed, p->step, path, attr.size, (intmax_t)st.st_size,
	      attr.nlink, (uintmax_t)st.st_nlink);
	if (S_ISREG(st.st_mode))
		compare_file(p, dirfd, name, &st, (uint64_t)id, path);
}

static char *real_list(int dirfd)
{
	static const char names[] = "abcde";
	char *out = xcalloc(1, 2 * sizeof(names));
	size_t n = 0;

	for (size_t i = 0; i < strlen(names); i++) {
		char name[] = { names[i], '\0' };

		if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (n)
			out[n++] = ' ';
		out[n++] = names[i];
	}
	return out;
}

static void compare(struct pair *p, int dirfd, const char *path)
{
	auto_free char *real = real_list(dirfd);
	int64_t id = guest_find(&p->w, path);
	auto_free char *mine = guest_list(&p->w, (uint64_t)id, p->step % 2);

	CHECK(!strcmp(real, mine),
	      "seed %" PRIu64 " step %d: '%s' has '%s', not '%s'", p->seed,
	      p->step, path, mine, real);
	for (const char *c = real; *c; c++) {
		char name[] = { *c, '\0' };
		auto_free char *child = xasprintf("%s/%s", path, name);

		if (*c != ' ')
			compare_name(p, dirfd, name, child);
	}
}

/* The same in the user's directory and in the real one. */
static void populate_both(struct pair *p)
{
	const int fds[] = { p->w.user_fd, p->real_fd };
	static const char *const files[] = { "a/a", "a/b", "a/c/a", "a/c/b",
					     "b/d", "d",   "b/e/a" };
	static const char *const dirs[] = { "a", "a/c", "b", "b/e", "c" };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(dirs); j++)
			assert_int_equal(mkdirat(fds[i], dirs[j], 0755), 0);
		for (size_t j = 0; j < ARRAY_SIZE(files); j++) {
			auto_close int fd = openat(
				fds[i], files[j],
				O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

			assert_int_equal(write(fd, files[j], strlen(files[j])),
					 strlen(files[j]));
		}
		assert_int_equal(linkat(fds[i], "a/a", fds[i], "b/a", 0), 0);
		assert_int_equal(symlinkat("../d", fds[i], "a/e"), 0);
	}
}

static void run_seed(uint64_t seed, bool direct)
{
	struct pair p = { .random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1,
			  .seed = seed };
	auto_free char *before = NULL, *after = NULL;
	char path[PATH_SIZE];

	world_init(&p.w);
	p.real_fd = p.w.outside_fd;
	populate_both(&p);
	before = user_state(&p.w);
	if (direct)
		world_start_direct(&p.w, seed % 2 ? PASS_FDS : 0);
	else
		world_start(&p.w, /* read_only */ false,
			    seed % 2 ? COW_FDS_MIN : 0);
	for (p.step = 0; p.step < STEPS; p.step++) {
		draw_path(&p, path);
		actions[draw(&p, ARRAY_SIZE(actions))](&p, path);
		if (p.step % COMPARE_AT == 0)
			compare(&p, p.real_fd, ".");
	}
	compare(&p, p.real_fd, ".");
	if (!direct) {
		world_check_replay(&p.w);
		after = user_state(&p.w);
		assert_string_equal(before, after);
	}
	world_release(&p.w);
}

static void test_view_behaves_as_directory(void **state unused)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		run_seed(seed, /* direct */ false);
}

static void test_direct_share_behaves_as_directory(void **state unused)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		run_seed(seed, /* direct */ true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view_behaves_as_directory),
		cmocka_unit_test(test_direct_share_behaves_as_directory),
	};

	umask(0);
	return RUN_TESTS(tests);
}
