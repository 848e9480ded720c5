// SPDX-License-Identifier: Apache-2.0
/*
 * baseline.c - a sorted table of what the guest started from.
 */
#include "domain/workspace/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "base/ckd.h"
#include "base/mem.h"

#define NS_PER_SEC INT64_C(1000000000)

struct baseline {
	struct baseline_entry *v; /* owned */
	size_t n, capacity;
	bool sealed;
};

static int64_t time_ns(const struct timespec *ts)
{
	int64_t ns;

	/* A hostile file system may hold any date; an absurd one is clamped. */
	if (ckd_mul(&ns, (int64_t)ts->tv_sec, NS_PER_SEC) ||
	    ckd_add(&ns, ns, (int64_t)ts->tv_nsec))
		return ts->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

struct file_identity file_identity_make(uint64_t dev, uint64_t ino,
					uint64_t size, struct timespec mtime,
					struct timespec ctime)
{
	return (struct file_identity){
		.dev = dev,
		.ino = ino,
		.size = size,
		.mtime_ns = time_ns(&mtime),
		.ctime_ns = time_ns(&ctime),
	};
}

bool file_identity_equals_moved(const struct file_identity *a,
				const struct file_identity *b)
{
	return a->ino && a->ino == b->ino && a->dev == b->dev &&
	       a->size == b->size && a->mtime_ns == b->mtime_ns;
}

bool file_identity_equals(const struct file_identity *a,
			  const struct file_identity *b)
{
	return file_identity_equals_moved(a, b) && a->ctime_ns == b->ctime_ns;
}

struct baseline *baseline_new(void)
{
	return xcalloc(1, sizeof(struct baseline));
}

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].path);
		free(b->v[i].hash);
		free(b->v[i].link);
	}
	free(b->v);
	free(b);
}

void baseline_add(struct baseline *b, const struct baseline_entry *entry)
{
	assert(!b->sealed && entry->path);
	if (b->n == b->capacity) {
		b->capacity = b->capacity ? b->capacity * 2 : 64;
		b->v = xreallocarray(b->v, b->capacity, sizeof(*b->v));
	}
	b->v[b->n++] = *entry;
}

static int compare(const void *a, const void *b)
{
	const struct baseline_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void baseline_seal(struct baseline *b, int64_t now_ns)
{
	assert(!b->sealed);
	if (b->n)
		qsort(b->v, b->n, sizeof(*b->v), compare);
	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i].view.ctime_ns >= now_ns)
			b->v[i].view = FILE_IDENTITY_UNKNOWN;
	}
	b->sealed = true;
}

/* The index of the first entry whose path is not below @path in order. */
static size_t lower_bound(const struct baseline *b, const char *path)
{
	size_t first = 0, last = b->n;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (strcmp(b->v[middle].path, path) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

const struct baseline_entry *baseline_find(const struct baseline *b,
					   const char *path)
{
	size_t i;

	if (!b)
		return NULL;
	assert(b->sealed);
	i = lower_bound(b, path);
	return i < b->n && !strcmp(b->v[i].path, path) ? &b->v[i] : NULL;
}

void baseline_update(struct baseline *b, const char *path, const char *hash)
{
	const struct baseline_entry *found = baseline_find(b, path);
	struct baseline_entry *entry;

	if (!found)
		return;
	entry = &b->v[baseline_index(b, found)];
	free(entry->hash);
	entry->hash = xstrdup(hash);
	/* Its content decides. */
	entry->view = FILE_IDENTITY_UNKNOWN;
}

size_t baseline_count(const struct baseline *b)
{
	return b ? b->n : 0;
}

const struct baseline_entry *baseline_at(const struct baseline *b, size_t i)
{
	assert(b->sealed && i < b->n);
	return &b->v[i];
}

size_t baseline_index(const struct baseline *b,
		      const struct baseline_entry *entry)
{
	assert(entry >= b->v && entry < b->v + b->n);
	return (size_t)(entry - b->v);
}

size_t baseline_beneath(const struct baseline *b, const char *path, size_t *n)
{
	auto_free char *prefix = xasprintf("%s/", path);
	size_t len = strlen(prefix), first = 0, i = 0;

	if (b)
		i = first = lower_bound(b, prefix);
	while (b && i < b->n && !strncmp(b->v[i].path, prefix, len))
		i++;
	*n = i - first;
	return first;
}
