// SPDX-License-Identifier: Apache-2.0
/*
 * fs_ops_compare.c - are the two directories of fs-ops the same?
 */
#include "fs_ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DATA_MAX  ((size_t)1024 * 1024) /* bytes of a file, or of names */
#define NAMES_MAX 4096

/* What one side has at a path. */
struct view {
	struct facts facts;
	int error; /* of reading the content */
	size_t len, attributes_len;
	char *data; /* content, text, or names with their NULs */
	char attributes[4096];
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_file(const char *path, struct view *v)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 1;

	if (fd < 0) {
		v->error = errno;
		return;
	}
	while (n > 0 && v->len < DATA_MAX) {
		n = read(fd, v->data + v->len, DATA_MAX - v->len);
		v->len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		v->error = errno;
	close(fd);
}

static void read_directory(const char *path, struct view *v)
{
	static char *names[NAMES_MAX];
	DIR *d = opendir(path);
	const struct dirent *e;
	size_t n = 0;

	if (!d) {
		v->error = errno;
		return;
	}
	while ((e = readdir(d)) && n < NAMES_MAX)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			names[n++] = strdup(e->d_name);
	closedir(d);
	qsort(names, n, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]) + 1;

		if (len <= DATA_MAX - v->len) {
			memcpy(v->data + v->len, names[i], len);
			v->len += len;
		}
		free(names[i]);
	}
}

static void read_attributes(const char *path, struct view *v)
{
	static const char *const names[] = { "user.a", "user.b", "user.c" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char value[256];
		ssize_t n = lgetxattr(path, names[i], value, sizeof(value));
		int r = snprintf(v->attributes + v->attributes_len, 32,
				 "%s=%zd:", names[i], n);

		v->attributes_len += (size_t)r;
		if (n > 0) {
			memcpy(v->attributes + v->attributes_len, value,
			       (size_t)n);
			v->attributes_len += (size_t)n;
		}
	}
}

static void view(const struct side *side, const char *path, struct view *v)
{
	ssize_t n;

	v->len = v->attributes_len = 0;
	v->error = 0;
	if (fchdir(side->root) < 0) {
		v->error = errno;
		return;
	}
	facts_of_path(path, &v->facts);
	if (S_ISREG(v->facts.mode)) {
		read_file(path, v);
	} else if (S_ISDIR(v->facts.mode)) {
		read_directory(path, v);
	} else if (S_ISLNK(v->facts.mode)) {
		n = readlink(path, v->data, DATA_MAX);
		v->len = n > 0 ? (size_t)n : 0;
	}
	read_attributes(path, v);
}

bool facts_equal(const struct facts *a, const struct facts *b)
{
	return a->mode == b->mode && a->links == b->links &&
	       a->size == b->size && a->mtime_sec == b->mtime_sec &&
	       a->mtime_nsec == b->mtime_nsec;
}

void facts_print(const char *name, const struct facts *f)
{
	printf("  %s: errno %d, mode %o, %llu links, %llu bytes, time set "
	       "%lld.%09lld\n",
	       name, f->error, f->mode, (unsigned long long)f->links,
	       (unsigned long long)f->size, (long long)f->mtime_sec,
	       (long long)f->mtime_nsec);
}

static bool views_equal(const struct side *a, const struct side *b,
			const char *path, const struct view *va,
			const struct view *vb)
{
	const char *what = NULL;
	size_t at = 0;

	if (!facts_equal(&va->facts, &vb->facts))
		what = "facts";
	else if (va->error != vb->error)
		what = "errors";
	else if (va->len != vb->len || memcmp(va->data, vb->data, va->len))
		what = "content";
	else if (va->attributes_len != vb->attributes_len ||
		 memcmp(va->attributes, vb->attributes, va->attributes_len))
		what = "attributes";
	if (!what)
		return true;
	while (at < va->len && at < vb->len && va->data[at] == vb->data[at])
		at++;
	printf("'%s': %s differ\n", path, what);
	facts_print(a->path, &va->facts);
	facts_print(b->path, &vb->facts);
	printf("  errors %d and %d; %zu and %zu bytes of content, equal up to %zu\n",
	       va->error, vb->error, va->len, vb->len, at);
	return false;
}

static bool paths_equal(const struct side *a, const struct side *b,
			const char *path, size_t *objects)
{
	/* One for each side; a directory copies its names before it goes on. */
	static struct view va, vb;
	char *names, below[PATH_MAX];
	bool equal = true;
	size_t len;

	if (!va.data)
		va.data = malloc(DATA_MAX);
	if (!vb.data)
		vb.data = malloc(DATA_MAX);
	if (!va.data || !vb.data)
		return false;
	view(a, path, &va);
	view(b, path, &vb);
	++*objects;
	if (!views_equal(a, b, path, &va, &vb))
		return false;
	if (!S_ISDIR(va.facts.mode) || !va.len)
		return true;
	len = va.len;
	names = malloc(len);
	if (!names)
		return false;
	memcpy(names, va.data, len);
	for (size_t at = 0; equal && at < len; at += strlen(names + at) + 1) {
		int n = snprintf(below, sizeof(below), "%s/%s", path,
				 names + at);

		equal = n < (int)sizeof(below) &&
			paths_equal(a, b, below, objects);
	}
	free(names);
	return equal;
}

bool trees_equal(const struct side *a, const struct side *b, size_t *objects)
{
	*objects = 0;
	return paths_equal(a, b, ".", objects);
}

static int clear(const char *path)
{
	DIR *d = opendir(path);
	char below[PATH_MAX];
	const struct dirent *e;
	int r = 0;

	if (!d)
		return -1;
	while (r == 0 && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (unlink(below) == 0)
			continue;
		r = clear(below) < 0 ? -1 : rmdir(below);
	}
	closedir(d);
	return r;
}

int side_clear(const struct side *side)
{
	return fchdir(side->root) < 0 ? -1 : clear(".");
}
