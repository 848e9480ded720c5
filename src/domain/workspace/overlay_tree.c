// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_tree.c - nodes, the names they have, and how long they live.
 *
 * Theory of operation
 *
 * A name is an entry of its directory's table and of its node's list. A node
 * is freed when nobody needs it: the guest's kernel does not hold it, no name
 * of it is recorded, and no child of it is remembered. A directory whose last
 * remembered child goes may go with it, and so on upwards.
 *
 * A file that has more names on the host than were seen here keeps its changes
 * without a name: the others show them when they are looked up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/overlay_priv.h"

static uint64_t hash_id(const struct overlay *o, uint64_t id)
{
	return overlay_hash(o->config.hash_key,
			    (struct span){ .p = &id, .len = sizeof(id) });
}

static bool match_id(const void *item, const void *key)
{
	const struct onode *node = item;
	const uint64_t *id = key;

	return node->pub.id == *id;
}

/* Not of its padding, should it ever have some. */
static uint64_t hash_identity(const struct overlay *o,
			      const struct file_identity *i)
{
	const uint64_t words[] = { i->dev, i->ino, i->size,
				   (uint64_t)i->mtime_ns,
				   (uint64_t)i->ctime_ns };

	return overlay_hash(o->config.hash_key,
			    (struct span){ .p = words, .len = sizeof(words) });
}

/* A file that waits for more names of its own. */
static bool match_shared(const void *item, const void *key)
{
	const struct onode *node = item;

	return file_identity_equals(&node->pub.identity, key);
}

static uint64_t hash_name(const struct overlay *o, struct span name)
{
	return overlay_hash(o->config.hash_key, name);
}

static bool match_name(const void *item, const void *key)
{
	const struct overlay_entry *e = item;
	const struct span *name = key;

	return e->len == name->len && !memcmp(e->name, name->p, name->len);
}

int overlay_name_check(struct span name)
{
	if (!name.len || memchr(name.p, '\0', name.len) ||
	    memchr(name.p, '/', name.len) || span_equals(name, ".") ||
	    span_equals(name, ".."))
		return -EINVAL;
	return name.len > OVERLAY_NAME_MAX ? -ENAMETOOLONG : 0;
}

int overlay_room_check(const struct overlay *o, size_t nodes, size_t names,
		       size_t text)
{
	if (nodes > OVERLAY_NODES_MAX - o->nodes.n ||
	    names > OVERLAY_NODES_MAX - o->names ||
	    o->text + o->reserve + text > OVERLAY_TEXT_MAX)
		return -ENOSPC;
	return 0;
}

struct onode *onode_find(const struct overlay *o, uint64_t id)
{
	return overlay_table_find(&o->nodes, hash_id(o, id), match_id, &id);
}

struct onode *onode_new(struct overlay *o, uint64_t id, enum overlay_kind kind,
			const struct overlay_attr *attr, struct span target)
{
	struct onode *node = xcalloc(1, sizeof(*node));

	node->pub.id = id;
	node->pub.kind = kind;
	node->pub.attr = *attr;
	if (target.len)
		node->pub.target = xmemdup0(target.p, target.len);
	o->text += target.len;
	overlay_table_add(&o->nodes, hash_id(o, id), node);
	if (id >= o->next_id)
		o->next_id = id + 1;
	return node;
}

size_t onode_lower_path_len(const struct onode *dir, struct span name)
{
	size_t len = strlen(dir->pub.lower);

	return len ? len + 1 + name.len : name.len;
}

char *onode_lower_path(const struct onode *dir, struct span name)
{
	return xasprintf("%s%s%.*s", dir->pub.lower, *dir->pub.lower ? "/" : "",
			 (int)name.len, (const char *)name.p);
}

size_t onode_depth(const struct onode *dir)
{
	size_t depth = 0;

	for (const struct overlay_node *n = dir->pub.parent; n; n = n->parent)
		depth++;
	return depth;
}

bool onode_is_inside(const struct onode *inner, const struct onode *outer)
{
	const struct overlay_node *n = &inner->pub;

	while (n && n != &outer->pub)
		n = n->parent;
	return n != NULL;
}

int onode_check_lower(const struct overlay *o, const struct onode *dir,
		      const struct overlay_record *rec)
{
	size_t path = onode_lower_path_len(dir, rec->name);

	if ((rec->kind == OVERLAY_SYMLINK) != (rec->target.len > 0) ||
	    (rec->target.len && memchr(rec->target.p, '\0', rec->target.len)) ||
	    !rec->links || rec->attr.mode > 07777)
		return -EINVAL;
	if (path > OVERLAY_PATH_MAX || rec->target.len > OVERLAY_TARGET_MAX)
		return -ENAMETOOLONG;
	if (rec->kind == OVERLAY_DIR && onode_depth(dir) >= OVERLAY_DEPTH_MAX)
		return -ENOSPC;
	return overlay_room_check(o, 1, 1,
				  path + rec->target.len + rec->name.len);
}

bool onode_is_shared(const struct overlay *o,
		     const struct file_identity *identity)
{
	return overlay_table_find(&o->shared, hash_identity(o, identity),
				  match_shared, identity) != NULL;
}

void onode_set_from(struct overlay *o, struct onode *node,
		    const struct onode *dir, struct span name)
{
	if (node->from)
		o->text -= strlen(node->from);
	free(node->from);
	node->from = onode_lower_path(dir, name);
	node->pub.lower = node->from;
	o->text += strlen(node->from);
}

struct onode *onode_new_lower(struct overlay *o, const struct onode *dir,
			      const struct overlay_record *rec)
{
	struct onode *node =
		onode_new(o, rec->id, rec->kind, &rec->attr, rec->target);

	onode_set_from(o, node, dir, rec->name);
	node->pub.identity = rec->identity;
	node->lower_links = 1;
	if (rec->kind != OVERLAY_DIR && rec->links > 1 &&
	    !onode_is_shared(o, &rec->identity)) {
		node->lower_links = rec->links;
		overlay_table_add(&o->shared, hash_identity(o, &rec->identity),
				  node);
		node->shared = true;
	}
	return node;
}

static bool awaits_names(const struct onode *node)
{
	return node->lower_seen < node->lower_links;
}

bool onode_lasts(const struct onode *node)
{
	return node->pub.links > 0 ||
	       (node->pub.pinned && node->shared && awaits_names(node));
}

struct onode *onode_find_shared(const struct overlay *o, enum overlay_kind kind,
				const struct file_identity *identity)
{
	struct onode *node = overlay_table_find(
		&o->shared, hash_identity(o, identity), match_shared, identity);

	if (!node || node->pub.kind != kind || !awaits_names(node) ||
	    !onode_lasts(node) || node->pub.links >= OVERLAY_LINKS_MAX)
		return NULL;
	return node;
}

static void unshare(struct overlay *o, struct onode *node)
{
	if (!node->shared)
		return;
	overlay_table_remove(&o->shared, hash_identity(o, &node->pub.identity),
			     node);
	node->shared = false;
}

void onode_free(struct overlay *o, struct onode *node)
{
	if (node->pub.user && o->config.release)
		o->config.release(o->config.ctx, &node->pub);
	unshare(o, node);
	overlay_xattrs_free(o, node);
	overlay_table_remove(&o->nodes, hash_id(o, node->pub.id), node);
	overlay_table_release(&node->children);
	if (node->pub.target) {
		o->text -= strlen(node->pub.target);
		free(node->pub.target);
	}
	if (node->from) {
		o->text -= strlen(node->from);
		free(node->from);
	}
	free(node);
}

static bool is_needed(const struct overlay *o, const struct onode *node)
{
	return node == o->root || node->held || node->children.n ||
	       (node->pub.pinned && onode_lasts(node));
}

static void free_dirs_up(struct overlay *o, struct onode *dir)
{
	while (!is_needed(o, dir)) {
		struct overlay_entry *e = dir->names;
		struct onode *above = e ? e->dir : NULL;

		if (e)
			entry_drop(o, e);
		onode_free(o, dir);
		if (!above)
			return;
		dir = above;
	}
}

void onode_settle(struct overlay *o, struct onode *node)
{
	/* What is changed without a name is nobody else's. */
	if (!onode_lasts(node))
		unshare(o, node);
	if (node->pub.kind == OVERLAY_DIR) {
		free_dirs_up(o, node);
		return;
	}
	if (is_needed(o, node))
		return;
	for (struct overlay_entry *e = node->names, *next; e; e = next) {
		struct onode *dir = e->dir;

		next = e->next;
		entry_drop(o, e);
		free_dirs_up(o, dir);
	}
	onode_free(o, node);
}

struct overlay_entry *entry_find(const struct overlay *o,
				 const struct onode *dir, struct span name)
{
	return overlay_table_find(&dir->children, hash_name(o, name),
				  match_name, &name);
}

static struct overlay_entry *entry_new(struct overlay *o, struct onode *dir,
				       struct span name)
{
	struct overlay_entry *e = xcalloc(1, sizeof(*e) + name.len + 1);

	e->dir = dir;
	e->len = (uint8_t)name.len;
	memcpy(e->name, name.p, name.len);
	overlay_table_add(&dir->children, hash_name(o, name), e);
	o->names++;
	o->text += name.len;
	return e;
}

static void entry_free(struct overlay *o, struct overlay_entry *e)
{
	overlay_table_remove(&e->dir->children, hash_name(o, entry_name(e)), e);
	o->names--;
	o->text -= e->len;
	free(e);
}

/* A tree of this height has come below @dir. */
static void raise_height(struct overlay_node *dir, size_t height)
{
	for (; dir && onode_of(dir)->height < height; dir = dir->parent) {
		onode_of(dir)->height = (uint16_t)height;
		height++;
	}
}
static_assert(OVERLAY_DEPTH_MAX < UINT16_MAX, "a height does not fit");

void entry_bind(struct overlay *o, struct onode *dir, struct span name,
		struct onode *node, bool hides)
{
	struct overlay_entry *e = entry_find(o, dir, name);

	if (!e)
		e = entry_new(o, dir, name);
	assert(!e->node);
	e->hides |= hides;
	e->node = node;
	e->next = node->names;
	if (e->next)
		e->next->at = &e->next;
	e->at = &node->names;
	node->names = e;
	node->pub.links++;
	if (node->pub.pinned)
		dir->live++;
	if (node->pub.kind == OVERLAY_DIR) {
		node->pub.parent = &dir->pub;
		raise_height(&dir->pub, (size_t)node->height + 1);
	}
}

void entry_unbind(struct overlay_entry *e)
{
	struct onode *node = e->node;

	*e->at = e->next;
	if (e->next)
		e->next->at = e->at;
	e->node = NULL;
	e->next = NULL;
	e->at = NULL;
	if (node->pub.pinned)
		e->dir->live--;
	if (!--node->pub.links)
		node->pub.parent = NULL;
}

void entry_clear(struct overlay *o, struct overlay_entry *e)
{
	entry_unbind(e);
	if (!e->hides)
		entry_free(o, e);
}

void entry_drop(struct overlay *o, struct overlay_entry *e)
{
	if (e->node) {
		if (e->hides && e->node->lower_seen)
			e->node->lower_seen--;
		entry_unbind(e);
	}
	entry_free(o, e);
}

/*
 * An entry that goes makes others move into its slot or behind it, never in
 * front of @at, where all slots are free; only a smaller table starts anew.
 */
void onode_drop_children(struct overlay *o, struct onode *dir)
{
	size_t at = 0, capacity = dir->children.capacity;

	while (dir->children.n) {
		struct overlay_entry *e;
		struct onode *node;

		if (dir->children.capacity != capacity) {
			capacity = dir->children.capacity;
			at = 0;
		}
		e = overlay_table_next(&dir->children, &at);
		assert(e);
		at--;
		node = e->node;
		entry_drop(o, e);
		if (node)
			onode_settle(o, node);
	}
}
