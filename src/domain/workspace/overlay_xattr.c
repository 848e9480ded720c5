// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_xattr.c - the extended attributes of one node: few, so a list.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/overlay_priv.h"

struct xattr {
	char *value; /* owned */
	size_t len;  /* bytes */
};

struct overlay_xattrs {
	char *names; /* owned; each with its NUL */
	size_t names_len;
	struct xattr *v; /* owned; in the order of @names */
	size_t n;
	size_t cost; /* bytes, see OVERLAY_XATTRS_MAX */
};
static_assert(OVERLAY_XATTRS_MAX / OVERLAY_XATTR_COST <= 4096,
	      "too many for a list");

static size_t cost(struct span name, size_t value_len)
{
	return OVERLAY_XATTR_COST + name.len + value_len;
}

/* NULL when there is none, else @at is where its name stands. */
static struct xattr *find(const struct onode *node, struct span name,
			  size_t *at)
{
	struct overlay_xattrs *x = node->xattrs;
	size_t i = 0;

	for (*at = 0; x && *at < x->names_len; i++) {
		size_t len = strlen(x->names + *at);

		if (len == name.len && !memcmp(x->names + *at, name.p, len))
			return &x->v[i];
		*at += len + 1;
	}
	return NULL;
}

int overlay_xattr_check(const struct overlay *o, const struct onode *node,
			struct span name, struct span value)
{
	size_t at, more = cost(name, value.len), less = 0, have = 0;
	const struct xattr *old;

	if (!name.len || name.len > OVERLAY_XATTR_NAME_MAX ||
	    memchr(name.p, '\0', name.len))
		return -ERANGE;
	if (value.len > OVERLAY_XATTR_VALUE_MAX)
		return -E2BIG;
	if (node->xattrs)
		have = node->xattrs->cost;
	old = find(node, name, &at);
	if (old)
		less = cost(name, old->len);
	if (more > OVERLAY_XATTRS_MAX - (have - less))
		return -ENOSPC;
	return overlay_room_check(o, 0, 0, more > less ? more - less : 0);
}

static struct xattr *append(struct onode *node, struct span name)
{
	struct overlay_xattrs *x = node->xattrs;

	if (!x)
		x = node->xattrs = xcalloc(1, sizeof(*x));
	x->names = xreallocarray(x->names, x->names_len + name.len + 1, 1);
	memcpy(x->names + x->names_len, name.p, name.len);
	x->names_len += name.len;
	x->names[x->names_len++] = '\0';
	x->v = xreallocarray(x->v, x->n + 1, sizeof(*x->v));
	x->v[x->n] = (struct xattr){ .value = NULL };
	return &x->v[x->n++];
}

void overlay_xattr_set(struct overlay *o, struct onode *node, struct span name,
		       struct span value)
{
	char *copy = xmemdup0(value.p, value.len);
	size_t at, before = 0, after = cost(name, value.len);
	struct xattr *xattr = find(node, name, &at);

	if (xattr)
		before = cost(name, xattr->len);
	else
		xattr = append(node, name);
	free(xattr->value);
	*xattr = (struct xattr){ .value = copy, .len = value.len };
	node->xattrs->cost = node->xattrs->cost - before + after;
	o->text = o->text - before + after;
}

bool overlay_xattr_has(const struct onode *node, struct span name)
{
	size_t at;

	return find(node, name, &at) != NULL;
}

void overlay_xattr_remove(struct overlay *o, struct onode *node,
			  struct span name)
{
	struct overlay_xattrs *x = node->xattrs;
	size_t at, i, less;
	struct xattr *xattr = find(node, name, &at);

	assert(xattr);
	less = cost(name, xattr->len);
	x->cost -= less;
	o->text -= less;
	free(xattr->value);
	i = (size_t)(xattr - x->v);
	memmove(xattr, xattr + 1, (x->n - i - 1) * sizeof(*xattr));
	x->n--;
	memmove(x->names + at, x->names + at + name.len + 1,
		x->names_len - at - name.len - 1);
	x->names_len -= name.len + 1;
	if (!x->n)
		overlay_xattrs_free(o, node);
}

void overlay_xattrs_free(struct overlay *o, struct onode *node)
{
	struct overlay_xattrs *x = node->xattrs;

	if (!x)
		return;
	o->text -= x->cost;
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i].value);
	free(x->v);
	free(x->names);
	free(x);
	node->xattrs = NULL;
}

bool overlay_xattr_at(const struct onode *node, size_t i, struct span *name,
		      struct span *value)
{
	const struct overlay_xattrs *x = node->xattrs;
	const char *at;

	if (!x || i >= x->n)
		return false;
	at = x->names;
	*value = (struct span){ .p = x->v[i].value, .len = x->v[i].len };
	while (i--)
		at += strlen(at) + 1;
	*name = SPAN_STR(at);
	return true;
}

int overlay_get_xattr(const struct overlay_node *node, const char *name,
		      struct span *out)
{
	size_t at;
	const struct xattr *x = find(onode_of_const(node), SPAN_STR(name), &at);

	if (!x)
		return -ENODATA;
	*out = (struct span){ .p = x->value, .len = x->len };
	return 0;
}

struct span overlay_list_xattrs(const struct overlay_node *node)
{
	const struct overlay_xattrs *x = onode_of_const(node)->xattrs;

	if (!x)
		return (struct span){ .p = "" };
	return (struct span){ .p = x->names, .len = x->names_len };
}
