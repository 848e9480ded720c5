// SPDX-License-Identifier: Apache-2.0
/*
 * overlay.c - the guest's view of a workspace: the tree, questions about it,
 * and making it of the records of an earlier session.
 */
#include "domain/workspace/overlay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "domain/workspace/overlay_priv.h"

struct overlay *overlay_new(const struct overlay_config *config,
			    const struct overlay_attr *root,
			    const struct file_identity *identity)
{
	struct overlay *o = xcalloc(1, sizeof(*o));

	o->config = *config;
	o->bytes = BUF_INIT(OVERLAY_BATCH_MAX);
	o->root = onode_new(o, OVERLAY_ROOT_ID, OVERLAY_DIR, root,
			    (struct span){ .p = "" });
	o->root->from = xstrdup("");
	o->root->pub.lower = o->root->from;
	o->root->pub.identity = *identity;
	o->root->pub.pinned = true;
	o->root->pub.links = 1;
	return o;
}

static void free_entries(struct onode *node)
{
	struct overlay_entry *e;
	size_t at = 0;

	while ((e = overlay_table_next(&node->children, &at)))
		free(e);
}

/* Freeing takes nodes out of the table; this list stays. */
static struct onode **all_nodes(const struct overlay *o, size_t *n)
{
	struct onode **v =
		xreallocarray(NULL, o->nodes.n, sizeof(struct onode *));
	size_t at = 0;

	*n = o->nodes.n;
	for (size_t i = 0; i < *n; i++)
		v[i] = overlay_table_next(&o->nodes, &at);
	return v;
}

void overlay_free(struct overlay *o)
{
	struct onode **v;
	size_t n;

	if (!o)
		return;
	v = all_nodes(o, &n);
	for (size_t i = 0; i < n; i++) {
		free_entries(v[i]);
		onode_free(o, v[i]);
	}
	free(v);
	overlay_origins_free(o);
	overlay_table_release(&o->shared);
	overlay_table_release(&o->nodes);
	buf_release(&o->bytes);
	free(o->batch);
	free(o);
}

struct overlay_node *overlay_root(struct overlay *o)
{
	return &o->root->pub;
}

struct overlay_node *overlay_find(struct overlay *o, uint64_t id)
{
	struct onode *node = onode_find(o, id);

	return node ? &node->pub : NULL;
}

enum overlay_name overlay_lookup(struct overlay *o, struct overlay_node *dir,
				 struct span name, struct overlay_node **out)
{
	const struct overlay_entry *e = entry_find(o, onode_of(dir), name);

	if (!e)
		return dir->lower && dir->kind == OVERLAY_DIR
			       ? OVERLAY_NAME_UNKNOWN
			       : OVERLAY_NAME_GONE;
	if (!e->node)
		return OVERLAY_NAME_GONE;
	*out = &e->node->pub;
	return OVERLAY_NAME_THERE;
}

bool overlay_next_child(const struct overlay_node *dir, size_t *at,
			struct overlay_child *out)
{
	const struct overlay_entry *e =
		overlay_table_next(&onode_of_const(dir)->children, at);

	if (!e)
		return false;
	*out = (struct overlay_child){
		.name = entry_name(e),
		.node = e->node ? &e->node->pub : NULL,
	};
	return true;
}

const char *overlay_came_from(const struct overlay_node *node)
{
	return onode_of_const(node)->from;
}

uint32_t overlay_link_count(const struct overlay_node *node)
{
	const struct onode *n = onode_of_const(node);
	uint32_t links = node->links;

	if (n->shared && n->lower_seen < n->lower_links)
		links += n->lower_links - n->lower_seen;
	return links;
}

void overlay_touch(struct overlay_node *node, const struct overlay_attr *attr)
{
	node->attr.size = attr->size;
	node->attr.atime_ns = attr->atime_ns;
	node->attr.mtime_ns = attr->mtime_ns;
	node->attr.ctime_ns = attr->ctime_ns;
}

void overlay_hold(struct overlay *o unused, struct overlay_node *node)
{
	onode_of(node)->held = true;
}

void overlay_forget(struct overlay *o, struct overlay_node *node)
{
	onode_of(node)->held = false;
	onode_settle(o, onode_of(node));
}

void overlay_forget_all(struct overlay *o)
{
	size_t n;
	struct onode **v = all_nodes(o, &n);
	uint64_t *ids = xreallocarray(NULL, n, sizeof(*ids));

	for (size_t i = 0; i < n; i++) {
		v[i]->held = false;
		ids[i] = v[i]->pub.id;
	}
	free(v);
	for (size_t i = 0; i < n; i++) {
		struct onode *node = onode_find(o, ids[i]);

		/* It may have gone with another one. */
		if (node)
			onode_settle(o, node);
	}
	free(ids);
}

static int replay_one(struct overlay *o, const struct overlay_record *rec)
{
	if (rec->type != OVERLAY_RECORD_HEADER)
		return o->has_header ? overlay_apply(o, rec) : -EBADMSG;
	if (o->has_header || rec->id != OVERLAY_RECORD_MAGIC)
		return -EBADMSG;
	o->has_header = true;
	return 0;
}

int overlay_replay(struct overlay *o, struct span *records)
{
	int r = 0;

	assert(!o->is_live);
	o->replaying = true;
	while (!r && records->len) {
		struct span rest = *records;
		struct overlay_record rec;
		enum overlay_record_result result =
			overlay_record_decode(&rest, &rec);

		if (result == OVERLAY_RECORD_CUT)
			break;
		if (result == OVERLAY_RECORD_DAMAGED || replay_one(o, &rec))
			r = -EBADMSG;
		else
			*records = rest;
	}
	o->replaying = false;
	return r;
}
