// SPDX-License-Identifier: Apache-2.0
/*
 * cow_script.c - scripts of small commands for the tests of cow_fs.c.
 */
#include "support/cow_script.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/check.h"

#define ARGS_MAX    3
#define ANSWERS_MAX ((size_t)64 * 1024)

struct command {
	const char *name;
	/* The answer, which the runner frees; NULL for 0. */
	char *(*run)(struct world *w, const char *const args[ARGS_MAX]);
};

static char *answer(int64_t r)
{
	static const struct {
		int sys;
		const char *name;
	} names[] = {
		{ ENOENT, "ENOENT" },	    { EEXIST, "EEXIST" },
		{ ENOTEMPTY, "ENOTEMPTY" }, { ENOTDIR, "ENOTDIR" },
		{ EISDIR, "EISDIR" },	    { EINVAL, "EINVAL" },
		{ EPERM, "EPERM" },	    { EROFS, "EROFS" },
		{ ENODATA, "ENODATA" },	    { EOPNOTSUPP, "EOPNOTSUPP" },
		{ ESTALE, "ESTALE" },
	};

	if (r >= 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].sys == -r)
			return xstrdup(names[i].name);
	return xasprintf("errno %d", (int)-r);
}

/* The node at a path, or the answer that there is none. */
static uint64_t find(struct world *w, const char *path, char **out)
{
	int64_t id = guest_find(w, path);

	if (id > 0)
		return (uint64_t)id;
	*out = answer(id ? id : -ENOENT);
	return 0;
}

static char *run_put(struct world *w, const char *const a[ARGS_MAX])
{
	return answer(guest_put(w, a[0], a[1]));
}

static char *run_add(struct world *w, const char *const a[ARGS_MAX])
{
	struct fuse_attr attr;
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);

	if (!id)
		return r;
	CHECK(guest_stat(w, id, &attr) == 0, "'%s'", a[0]);
	return answer(guest_write(w, id, attr.size, a[1]));
}

static char *run_cat(struct world *w, const char *const a[ARGS_MAX])
{
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);

	return id ? guest_read(w, id) : r;
}

static char *run_ls(struct world *w, const char *const a[ARGS_MAX])
{
	char *r = NULL, *plus;
	uint64_t id = find(w, a[0], &r);

	if (!id)
		return r;
	r = guest_list(w, id, false);
	plus = guest_list(w, id, true);
	CHECK(!strcmp(r, plus), "'%s' and, with entries, '%s'", r, plus);
	free(plus);
	return r;
}

static char *run_mkdir(struct world *w, const char *const a[ARGS_MAX])
{
	struct fuse_entry_out out;
	const char *name;
	int64_t dir = guest_dir(w, a[0], &name);

	return answer(dir < 0 ? dir
			      : w->fs->ops->mkdir(w->fs, &guest_user,
						  (uint64_t)dir, name, 0755,
						  &out));
}

static char *run_node(struct world *w, const char *const a[ARGS_MAX])
{
	uint32_t mode = (uint32_t)strtoul(a[1], NULL, 8);
	struct fuse_entry_out out;
	const char *name;
	int64_t dir = guest_dir(w, a[0], &name);

	return answer(dir < 0 ? dir
			      : w->fs->ops->mknod(w->fs, &guest_user,
						  (uint64_t)dir, name, mode, 0,
						  &out));
}

static char *run_symlink(struct world *w, const char *const a[ARGS_MAX])
{
	struct fuse_entry_out out;
	const char *name;
	int64_t dir = guest_dir(w, a[1], &name);

	return answer(dir < 0 ? dir
			      : w->fs->ops->symlink(w->fs, &guest_user,
						    (uint64_t)dir, name, a[0],
						    &out));
}

static char *run_readlink(struct world *w, const char *const a[ARGS_MAX])
{
	char text[100], *r = NULL;
	uint64_t id = find(w, a[0], &r);
	ssize_t n;

	if (!id)
		return r;
	n = w->fs->ops->readlink(w->fs, id, text, sizeof(text));
	return n < 0 ? answer(n) : xmemdup0(text, (size_t)n);
}

static char *run_rm(struct world *w, const char *const a[ARGS_MAX])
{
	const char *name;
	int64_t dir = guest_dir(w, a[0], &name);

	return answer(dir < 0 ? dir
			      : w->fs->ops->unlink(w->fs, (uint64_t)dir, name));
}

static char *run_rmdir(struct world *w, const char *const a[ARGS_MAX])
{
	const char *name;
	int64_t dir = guest_dir(w, a[0], &name);

	return answer(dir < 0 ? dir
			      : w->fs->ops->rmdir(w->fs, (uint64_t)dir, name));
}

static char *rename_with(struct world *w, const char *const a[ARGS_MAX],
			 uint32_t flags)
{
	const char *name, *to_name;
	int64_t dir = guest_dir(w, a[0], &name);
	int64_t to = guest_dir(w, a[1], &to_name);

	if (dir < 0 || to < 0)
		return answer(dir < 0 ? dir : to);
	return answer(w->fs->ops->rename(w->fs, (uint64_t)dir, name,
					 (uint64_t)to, to_name, flags));
}

static char *run_mv(struct world *w, const char *const a[ARGS_MAX])
{
	return rename_with(w, a, 0);
}

static char *run_mvnew(struct world *w, const char *const a[ARGS_MAX])
{
	return rename_with(w, a, RENAME_NOREPLACE);
}

static char *run_swap(struct world *w, const char *const a[ARGS_MAX])
{
	return rename_with(w, a, RENAME_EXCHANGE);
}

static char *run_whiteout(struct world *w, const char *const a[ARGS_MAX])
{
	return rename_with(w, a, RENAME_WHITEOUT);
}

static char *run_ln(struct world *w, const char *const a[ARGS_MAX])
{
	struct fuse_entry_out out;
	const char *name;
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);
	int64_t dir = guest_dir(w, a[1], &name);

	if (!id)
		return r;
	return answer(dir < 0 ? dir
			      : w->fs->ops->link(w->fs, id, (uint64_t)dir, name,
						 &out));
}

static char *run_chmod(struct world *w, const char *const a[ARGS_MAX])
{
	struct fuse_setattr_in in = {
		.valid = FATTR_MODE,
		.mode = (uint32_t)strtoul(a[1], NULL, 8),
	};
	struct fuse_attr_out out;
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);

	return id ? answer(w->fs->ops->setattr(w->fs, &guest_user, id, &in,
					       &out))
		  : r;
}

static char *run_truncate(struct world *w, const char *const a[ARGS_MAX])
{
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);

	return id ? answer(guest_truncate(w, id, strtoul(a[1], NULL, 10))) : r;
}

/* "mode links uid size" */
static char *run_stat(struct world *w, const char *const a[ARGS_MAX])
{
	struct fuse_attr attr;
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);
	int failed;

	if (!id)
		return r;
	failed = guest_stat(w, id, &attr);
	return failed ? answer(failed)
		      : xasprintf("%o %u %u %" PRIu64, attr.mode, attr.nlink,
				  attr.uid, attr.size);
}

static char *run_setx(struct world *w, const char *const a[ARGS_MAX])
{
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);

	return id ? answer(w->fs->ops->setxattr(w->fs, id, a[1], SPAN_STR(a[2]),
						0))
		  : r;
}

static char *run_getx(struct world *w, const char *const a[ARGS_MAX])
{
	char value[100], *r = NULL;
	uint64_t id = find(w, a[0], &r);
	ssize_t n;

	if (!id)
		return r;
	n = w->fs->ops->getxattr(w->fs, id, a[1], value, sizeof(value));
	return n < 0 ? answer(n) : xmemdup0(value, (size_t)n);
}

static char *run_rmx(struct world *w, const char *const a[ARGS_MAX])
{
	char *r = NULL;
	uint64_t id = find(w, a[0], &r);

	return id ? answer(w->fs->ops->removexattr(w->fs, id, a[1])) : r;
}

static char *run_lsx(struct world *w, const char *const a[ARGS_MAX])
{
	char names[100], *r = NULL;
	uint64_t id = find(w, a[0], &r);
	ssize_t n;

	if (!id)
		return r;
	n = w->fs->ops->listxattr(w->fs, id, names, sizeof(names));
	for (ssize_t i = 0; i < n; i++)
		if (!names[i])
			names[i] = ',';
	return n < 0 ? answer(n) : xmemdup0(names, (size_t)n);
}

static const struct command commands[] = {
	{ "put", run_put },
	{ "add", run_add },
	{ "cat", run_cat },
	{ "ls", run_ls },
	{ "mkdir", run_mkdir },
	{ "node", run_node },
	{ "symlink", run_symlink },
	{ "readlink", run_readlink },
	{ "rm", run_rm },
	{ "rmdir", run_rmdir },
	{ "mv", run_mv },
	{ "mvnew", run_mvnew },
	{ "swap", run_swap },
	{ "whiteout", run_whiteout },
	{ "ln", run_ln },
	{ "chmod", run_chmod },
	{ "truncate", run_truncate },
	{ "stat", run_stat },
	{ "setx", run_setx },
	{ "getx", run_getx },
	{ "rmx", run_rmx },
	{ "lsx", run_lsx },
};

static char *run_one(struct world *w, char *line)
{
	const char *args[ARGS_MAX] = { "", "", "" };
	char *word, *name = NULL;
	size_t n = 0;

	while ((word = strsep(&line, " "))) {
		if (!*word)
			continue;
		if (!name)
			name = word;
		else if (n < ARGS_MAX)
			args[n++] = word;
	}
	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].run(w, args);
	fail_msg("no command '%s'", name ? name : "");
	return NULL;
}

char *script_run(struct world *w, const char *script)
{
	auto_free char *copy = xstrdup(script);
	struct buf out = BUF_INIT(ANSWERS_MAX);
	struct err err = ERR_INIT;
	char *rest = copy, *line;
	bool first = true;

	while ((line = strsep(&rest, ";"))) {
		auto_free char *one = run_one(w, line);

		if (!one)
			continue;
		CHECK_OK(buf_addf(&out, &err, "%s%s", first ? "" : "; ", one),
			 &err);
		first = false;
	}
	return buf_take(&out, NULL);
}

void expect(struct world *w, const char *script, const char *want)
{
	auto_free char *got = script_run(w, script);

	CHECK(!strcmp(got, want), "'%s': got '%s', want '%s'", script, got,
	      want);
}

void populate(struct world *w)
{
	int fd = -1;

	user_write(w, "a", "alpha");
	user_mkdir(w, "d");
	user_write(w, "d/x", "ex");
	user_write(w, "d/y", "why");
	user_mkdir(w, "d/s");
	user_write(w, "d/s/z", "zed");
	user_mkdir(w, "e");
	user_write(w, ".env", "secret");
	user_mkdir(w, "h");
	user_write(w, "h/1", "hard");
	CHECK(linkat(w->user_fd, "h/1", w->user_fd, "h/2", 0) == 0, "link");
	user_mkdir(w, "l");
	CHECK(symlinkat("../a", w->user_fd, "l/in") == 0, "symlink");
	CHECK(symlinkat("../../outside", w->user_fd, "l/out") == 0, "symlink");
	CHECK(symlinkat("x/../../../y", w->user_fd, "l/up") == 0, "symlink");
	CHECK(symlinkat("/etc/passwd", w->user_fd, "l/abs") == 0, "symlink");
	CHECK(mkfifoat(w->user_fd, "fifo", 0644) == 0, "fifo");
	fd = openat(w->user_fd, "a", O_RDONLY | O_CLOEXEC);
	CHECK(fsetxattr(fd, "user.one", "1", 1, 0) == 0, "%s", strerror(errno));
	close(fd);
}
