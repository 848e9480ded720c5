/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - directories for tests: make, change, look at, remove. Whatever
 * fails here fails the test.
 */
#ifndef BBOX_TESTS_SUPPORT_TREE_H
#define BBOX_TESTS_SUPPORT_TREE_H

#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "infra/sys/fs.h"

/* Messages of a progress port, one a line, the last 64 KiB or so. */
struct tree_progress {
	struct progress base;
	char *text; /* owned */
};

static inline void tree_progress_event(struct progress *p,
				       enum progress_event event unused,
				       const char *msg)
{
	struct tree_progress *t = container_of(p, struct tree_progress, base);
	char *text = xasprintf("%s%s\n", t->text ? t->text : "", msg);

	free(t->text);
	t->text = text;
}

static inline void tree_progress_advance(struct progress *p unused,
					 uint64_t done unused,
					 uint64_t total unused,
					 const char *unit unused)
{
}

static const struct progress_ops tree_progress_ops = {
	.event = tree_progress_event,
	.advance = tree_progress_advance,
};

static inline bool tree_progress_says(const struct tree_progress *p,
				      const char *text)
{
	return p->text && strstr(p->text, text);
}

static inline void tree_progress_reset(struct tree_progress *p)
{
	free(p->text);
	p->text = NULL;
}

/* "<dir>/<path>"; the caller frees. */
static inline char *tree_path(const char *dir, const char *path)
{
	return xasprintf("%s/%s", dir, path);
}

/* A new directory; tree_remove() and free it. */
static inline char *tree_new(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = xasprintf("%s/bbox-test-XXXXXX", tmp ? tmp : "/tmp");

	if (!mkdtemp(dir))
		fail_msg("make a directory for the test: %s", strerror(errno));
	return dir;
}

static inline void tree_mkdir(const char *dir, const char *path)
{
	auto_free char *p = tree_path(dir, path);

	for (char *s = strchr(p + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		CHECK(!mkdir(p, 0755) || errno == EEXIST, "mkdir '%s'", p);
		*s = '/';
	}
	CHECK(!mkdir(p, 0755) || errno == EEXIST, "mkdir '%s': %s", p,
	      strerror(errno));
}

static inline void tree_write_bytes(const char *dir, const char *path,
				    const void *p, size_t len)
{
	auto_free char *name = tree_path(dir, path);
	auto_free char *parent = xstrdup(path);
	char *slash = strrchr(parent, '/');
	FILE *f;

	if (slash) {
		*slash = '\0';
		tree_mkdir(dir, parent);
	}
	f = fopen(name, "we");
	CHECK(f, "create '%s': %s", name, strerror(errno));
	CHECK(fwrite(p, 1, len, f) == len && !fclose(f), "write '%s'", name);
}

static inline void tree_write(const char *dir, const char *path,
			      const char *text)
{
	tree_write_bytes(dir, path, text, strlen(text));
}

static inline void tree_chmod(const char *dir, const char *path, mode_t mode)
{
	auto_free char *p = tree_path(dir, path);

	CHECK(!chmod(p, mode), "chmod '%s': %s", p, strerror(errno));
}

static inline void tree_link(const char *dir, const char *path,
			     const char *text)
{
	auto_free char *p = tree_path(dir, path);

	CHECK(!symlink(text, p), "symlink '%s': %s", p, strerror(errno));
}

/* Not a directory with something in it. */
static inline void tree_delete(const char *dir, const char *path)
{
	auto_free char *p = tree_path(dir, path);

	CHECK(!remove(p), "remove '%s': %s", p, strerror(errno));
}

static inline void tree_rename(const char *dir, const char *from,
			       const char *to)
{
	auto_free char *p = tree_path(dir, from);
	auto_free char *q = tree_path(dir, to);

	CHECK(!rename(p, q), "rename '%s': %s", p, strerror(errno));
}

static inline bool tree_stat(const char *dir, const char *path, struct stat *st)
{
	auto_free char *p = tree_path(dir, path);

	return !lstat(p, st);
}

static inline bool tree_has(const char *dir, const char *path)
{
	struct stat st;

	return tree_stat(dir, path, &st);
}

static inline mode_t tree_mode(const char *dir, const char *path)
{
	struct stat st;

	return tree_stat(dir, path, &st) ? st.st_mode & 07777 : 0;
}

/* Contents of a small file, NULL without one; the caller frees. */
static inline char *tree_read(const char *dir, const char *path)
{
	auto_free char *p = tree_path(dir, path);
	char *text = xcalloc(1, 65536);
	FILE *f = fopen(p, "re");

	if (!f) {
		free(text);
		return NULL;
	}
	CHECK(fread(text, 1, 65535, f) < 65535, "'%s' is not small", p);
	fclose(f);
	return text;
}

static inline bool tree_is(const char *dir, const char *path, const char *want)
{
	auto_free char *text = tree_read(dir, path);

	return text && !strcmp(text, want);
}

static inline void tree_remove(const char *dir)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_remove_tree(dir, &err), &err);
}

static inline int tree_count_one(const char *path, const struct stat *st unused,
				 int type unused, struct FTW *ftw unused)
{
	/* Stops with an error at what a flush must not leave behind. */
	return !!strstr(path, "/.bbox-");
}

/* Does the tree hold no temporary file of a flush? */
static inline bool tree_is_clean(const char *dir)
{
	return !nftw(dir, tree_count_one, 64, FTW_PHYS);
}

#endif /* BBOX_TESTS_SUPPORT_TREE_H */
