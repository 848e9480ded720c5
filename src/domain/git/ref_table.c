// SPDX-License-Identifier: Apache-2.0
/*
 * ref_table.c - the references of a repository at one moment.
 */
#include "domain/git/ref_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void git_ref_table_release(struct git_ref_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].name);
	free(t->v);
	*t = GIT_REF_TABLE_INIT;
}

int git_ref_table_add(struct git_ref_table *t, struct span name,
		      struct span oid, struct err *err)
{
	struct git_ref *ref;

	assert(git_oid_is_valid(oid));
	if (t->n == GIT_REF_TABLE_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu references",
			       GIT_REF_TABLE_MAX);
	if (t->n == t->capacity) {
		t->capacity = t->capacity ? 2 * t->capacity : 64;
		t->v = xreallocarray(t->v, t->capacity, sizeof(*t->v));
	}
	ref = &t->v[t->n];
	*ref = (struct git_ref){
		.name = xmemdup0(name.p, name.len),
		.order = t->n++,
	};
	memcpy(ref->oid, oid.p, oid.len);
	t->unsorted = true;
	return 0;
}

struct span git_loose_oid(struct span text)
{
	struct span line = { .len = 0 };

	/* As git does: what follows the id does not count. */
	discard(span_take_until(&text, '\n', &line));
	while (line.len &&
	       strchr(" \t\r", ((const char *)line.p)[line.len - 1]))
		line.len--;
	if (git_oid_is_valid(line))
		return line;
	return (struct span){ .p = "" };
}

int git_ref_table_add_loose(struct git_ref_table *t, struct span name,
			    struct span text, struct err *err)
{
	struct span oid = git_loose_oid(text);

	if (!oid.len || !git_ref_name_is_valid(name))
		return 0;
	return git_ref_table_add(t, name, oid, err);
}

int git_ref_table_add_packed(struct git_ref_table *t, struct span text,
			     struct err *err)
{
	struct git_packed_ref ref;
	int r;

	while ((r = git_packed_refs_next(&text, &ref, err)) > 0) {
		if (git_ref_table_add(t, ref.name, ref.oid, err) < 0)
			return -1;
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct git_ref *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->order < y->order ? -1 : 1;
}

/* The first of each name stays. */
static void drop_doubles(struct git_ref_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (n && !strcmp(t->v[n - 1].name, t->v[i].name))
			free(t->v[i].name);
		else
			t->v[n++] = t->v[i];
	}
	t->n = n;
	/* Whoever comes now comes last. */
	for (size_t i = 0; i < n; i++)
		t->v[i].order = i;
}

static void sort(struct git_ref_table *t)
{
	if (!t->unsorted)
		return;
	qsort(t->v, t->n, sizeof(*t->v), compare);
	drop_doubles(t);
	t->unsorted = false;
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct git_ref *)item)->name);
}

struct span git_ref_table_find(struct git_ref_table *t, const char *name)
{
	const struct git_ref *ref = NULL;

	sort(t);
	if (t->n)
		ref = bsearch(name, t->v, t->n, sizeof(*t->v), compare_name);
	return ref ? SPAN_STR(ref->oid) : (struct span){ .p = "" };
}

size_t git_ref_table_count(struct git_ref_table *t)
{
	sort(t);
	return t->n;
}

const struct git_ref *git_ref_table_at(struct git_ref_table *t, size_t i)
{
	sort(t);
	assert(i < t->n);
	return &t->v[i];
}

int git_ref_table_save(struct git_ref_table *t, struct buf *out,
		       struct err *err)
{
	for (size_t i = 0; i < git_ref_table_count(t); i++) {
		if (buf_addf(out, err, "%s %s\n", t->v[i].oid, t->v[i].name) <
		    0)
			return -1;
	}
	return 0;
}
