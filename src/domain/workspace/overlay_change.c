// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_change.c - what the guest sees and does: nodes for what is in the
 * user's directory, and changes that are recorded before they are made.
 *
 * Theory of operation
 *
 * A change is staged: the records that pin what it touches, each directory
 * before what is in it, and then its own, which is checked. The sink gets all
 * of them at once, and when it has them they are applied one by one. Cut
 * between two of them by a crash, they have pinned something, which nobody can
 * see.
 *
 * A node without a name, and without one to come, is nobody's after a crash:
 * what changes of it is applied and not recorded. So are the changes of a node
 * in a directory that the user has replaced meanwhile: it has no place in the
 * view any more, it only serves those who hold it. A new file without a name
 * is recorded when it gets one.
 *
 * Invariants: a pinned node that has a name stands, up to the root, in pinned
 * directories. All names of a pinned node are recorded. A name that is gone
 * stands in a pinned directory. Ids are never used twice.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/overlay_priv.h"

static struct span span_of(const char *text)
{
	return text ? SPAN_STR(text) : (struct span){ .p = "" };
}

static struct overlay_record *stage(struct overlay *o)
{
	if (o->batch_n == o->batch_capacity) {
		o->batch_capacity =
			o->batch_capacity ? o->batch_capacity * 2 : 8;
		o->batch = xreallocarray(o->batch, o->batch_capacity,
					 sizeof(*o->batch));
	}
	o->batch[o->batch_n] = (struct overlay_record){ .id = 0 };
	return &o->batch[o->batch_n++];
}

/* The record that says what @dir/@name is in the user's directory. */
static struct overlay_record pin_of(const struct onode *node,
				    const struct onode *dir, struct span name)
{
	return (struct overlay_record){
		.type = OVERLAY_RECORD_PIN,
		.id = node->pub.id,
		.dir = dir->pub.id,
		.name = name,
		.kind = node->pub.kind,
		.links = node->shared ? node->lower_links : 1,
		.attr = node->pub.attr,
		.identity = node->pub.identity,
		.target = span_of(node->pub.target),
	};
}

static void stage_pin(struct overlay *o, const struct overlay_entry *e)
{
	struct overlay_record *rec = stage(o);

	*rec = pin_of(e->node, e->dir, entry_name(e));
	e->node->staged = true;
	o->reserve += overlay_origin_cost(
		onode_lower_path_len(e->dir, entry_name(e)), rec->target.len);
}

static void reverse(struct overlay_record *v, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct overlay_record rec = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = rec;
	}
}

/* Does the way up lead to the root? */
static bool is_attached(const struct onode *dir)
{
	const struct overlay_node *n = &dir->pub;

	while (n && !n->pinned)
		n = n->parent;
	return n && n->links;
}

static int stage_dir(struct overlay *o, struct onode *dir)
{
	size_t first = o->batch_n;

	if (dir->pub.kind != OVERLAY_DIR)
		return -ENOTDIR;
	if (!is_attached(dir))
		return -ENOENT;
	while (!dir->pub.pinned && !dir->staged) {
		stage_pin(o, dir->names);
		dir = dir->names->dir;
	}
	/* A directory comes before what is in it. */
	if (o->batch_n > first)
		reverse(&o->batch[first], o->batch_n - first);
	return 0;
}

/* Takes away the names in directories that are not in the view any more. */
static void drop_lost_names(struct overlay *o, struct onode *node)
{
	struct overlay_entry *e = node->names;

	while (e) {
		struct overlay_entry *next = e->next;
		struct onode *dir = e->dir;

		if (!is_attached(dir)) {
			entry_drop(o, e);
			onode_settle(o, dir);
		}
		e = next;
	}
}

static int stage_node(struct overlay *o, struct onode *node)
{
	int r;

	if (node->pub.pinned || node->staged)
		return 0;
	drop_lost_names(o, node);
	if (!node->names)
		return 0;
	if (node->pub.kind == OVERLAY_DIR)
		return stage_dir(o, node);
	/* A replay takes the first path that it reads. */
	if (node->shared)
		onode_set_from(o, node, node->names->dir,
			       entry_name(node->names));
	for (const struct overlay_entry *e = node->names; e; e = e->next) {
		r = stage_dir(o, e->dir);
		if (r)
			return r;
		stage_pin(o, e);
	}
	return 0;
}

static int stage_change(struct overlay *o, const struct overlay_record *rec)
{
	int r = overlay_check(o, rec);

	if (!r)
		*stage(o) = *rec;
	return r;
}

static int encode_batch(struct overlay *o)
{
	const struct overlay_record header = { .type = OVERLAY_RECORD_HEADER,
					       .id = OVERLAY_RECORD_MAGIC };
	struct err err = ERR_INIT;

	buf_reset(&o->bytes);
	if (!o->has_header &&
	    overlay_record_encode(&header, &o->bytes, &err) < 0)
		return -ENOSPC;
	for (size_t i = 0; i < o->batch_n; i++) {
		if (overlay_record_encode(&o->batch[i], &o->bytes, &err) < 0)
			return -ENOSPC;
	}
	return 0;
}

static int write_batch(struct overlay *o)
{
	int r = overlay_room_check(o, 0, 0, 0);

	if (!r)
		r = encode_batch(o);
	assert(o->config.sink);
	if (!r)
		r = o->config.sink(o->config.ctx, buf_span(&o->bytes));
	if (!r)
		o->has_header = true;
	return r;
}

static void apply_batch(struct overlay *o)
{
	/* It becomes part of what is in use. */
	o->reserve = 0;
	for (size_t i = 0; i < o->batch_n; i++) {
		int r = overlay_apply(o, &o->batch[i]);

		/* It was checked, and what is in front of it only pins. */
		assert(!r);
	}
}

static void clear_batch(struct overlay *o)
{
	for (size_t i = 0; i < o->batch_n; i++) {
		struct onode *node = NULL;

		if (o->batch[i].type == OVERLAY_RECORD_PIN)
			node = onode_find(o, o->batch[i].id);
		if (node)
			node->staged = false;
	}
	o->batch_n = 0;
	o->reserve = 0;
	/* One huge value must not cost its size for ever. */
	if (o->bytes.capacity > OVERLAY_XATTR_VALUE_MAX)
		buf_release(&o->bytes);
}

/* Makes what was staged last and happen, unless staging it failed with @r. */
static int commit(struct overlay *o, int r)
{
	o->is_live = true;
	if (!r && o->batch_n)
		r = write_batch(o);
	if (!r)
		apply_batch(o);
	clear_batch(o);
	return r;
}

/* A change of one node, which is recorded if anybody could miss it. */
static int change_node(struct overlay *o, struct onode *node,
		       const struct overlay_record *rec)
{
	int r = stage_node(o, node);

	if (!r && !onode_lasts(node))
		return overlay_apply(o, rec);
	if (!r)
		r = stage_change(o, rec);
	return commit(o, r);
}

static bool is_same(const struct overlay_node *node,
		    const struct overlay_record *rec)
{
	if (node->kind != rec->kind)
		return false;
	/* Its times change with each file in it. */
	if (node->kind == OVERLAY_DIR)
		return node->identity.ino &&
		       node->identity.ino == rec->identity.ino &&
		       node->identity.dev == rec->identity.dev;
	return file_identity_equals(&node->identity, &rec->identity);
}

/* Is it what the name stands for? If not, an untouched node loses it. */
static bool remember_again(struct overlay *o, struct overlay_entry *e,
			   const struct overlay_record *rec)
{
	struct onode *node = e->node;
	uint64_t ino;

	if (node->pub.pinned)
		return true;
	if (!is_same(&node->pub, rec)) {
		entry_drop(o, e);
		onode_settle(o, node);
		return false;
	}
	ino = node->pub.attr.ino;
	node->pub.attr = rec->attr;
	node->pub.attr.ino = ino;
	if (!node->shared)
		node->pub.identity = rec->identity;
	return true;
}

/* One more name of a file that is known already. */
static int remember_name(struct overlay *o, struct onode *dir,
			 struct onode *node, const struct overlay_record *rec)
{
	struct overlay_record pin = pin_of(node, dir, rec->name);
	int r = overlay_room_check(o, 0, 1, rec->name.len);

	if (node->pub.pinned) {
		r = stage_dir(o, dir);
		if (!r)
			r = stage_change(o, &pin);
		return commit(o, r);
	}
	if (!r) {
		entry_bind(o, dir, rec->name, node, true);
		node->lower_seen++;
	}
	return r;
}

static int remember_new(struct overlay *o, struct onode *dir,
			struct overlay_record *rec, struct onode **out)
{
	struct onode *node = NULL;
	int r;

	if (rec->kind != OVERLAY_DIR && rec->links > 1)
		node = onode_find_shared(o, rec->kind, &rec->identity);
	if (node) {
		r = remember_name(o, dir, node, rec);
	} else {
		rec->id = o->next_id;
		r = onode_check_lower(o, dir, rec);
		if (r)
			return r;
		node = onode_new_lower(o, dir, rec);
		entry_bind(o, dir, rec->name, node, true);
		node->lower_seen++;
	}
	*out = node;
	return r;
}

int overlay_remember(struct overlay *o, struct overlay_node *dir,
		     struct span name, enum overlay_kind kind,
		     const struct overlay_attr *attr,
		     const struct file_identity *identity, const char *target,
		     uint64_t links, struct overlay_node **out)
{
	struct overlay_record rec = {
		.type = OVERLAY_RECORD_PIN,
		.dir = dir->id,
		.name = name,
		.kind = kind,
		.links = links > UINT32_MAX ? UINT32_MAX : (uint32_t)links,
		.attr = *attr,
		.identity = *identity,
		.target = span_of(target),
	};
	struct overlay_entry *e;
	struct onode *node;
	int r = overlay_name_check(name);
	bool held;

	o->is_live = true;
	if (!r && dir->kind != OVERLAY_DIR)
		r = -ENOTDIR;
	if (!r && (!dir->lower || !dir->links))
		r = -ENOENT;
	if (r)
		return r;
	e = entry_find(o, onode_of(dir), name);
	if (e && !e->node)
		return -ENOENT;
	/* What loses a name here must not take the directory with it. */
	held = onode_of(dir)->held;
	onode_of(dir)->held = true;
	if (e && remember_again(o, e, &rec))
		node = e->node;
	else
		r = remember_new(o, onode_of(dir), &rec, &node);
	onode_of(dir)->held = held;
	if (r)
		return r;
	node->held = true;
	*out = &node->pub;
	return 0;
}

void overlay_vanish(struct overlay *o, struct overlay_node *dir,
		    struct span name)
{
	struct overlay_entry *e = entry_find(o, onode_of(dir), name);
	struct onode *node = e ? e->node : NULL;
	bool held = onode_of(dir)->held;

	if (!node || node->pub.pinned)
		return;
	onode_of(dir)->held = true;
	entry_drop(o, e);
	onode_settle(o, node);
	onode_of(dir)->held = held;
}

int overlay_pin(struct overlay *o, struct overlay_node *node)
{
	return commit(o, stage_node(o, onode_of(node)));
}

int overlay_create(struct overlay *o, struct overlay_node *dir,
		   struct span name, enum overlay_kind kind,
		   const struct overlay_attr *attr, const char *target,
		   struct overlay_node **out)
{
	const struct overlay_record rec = {
		.type = OVERLAY_RECORD_CREATE,
		.id = o->next_id,
		.dir = dir->id,
		.name = name,
		.kind = kind,
		.attr = *attr,
		.target = span_of(target),
	};
	struct onode *node;
	int r = stage_dir(o, onode_of(dir));

	if (!r)
		r = stage_change(o, &rec);
	r = commit(o, r);
	if (r)
		return r;
	node = onode_find(o, rec.id);
	node->held = true;
	*out = &node->pub;
	return 0;
}

int overlay_create_unnamed(struct overlay *o, const struct overlay_attr *attr,
			   struct overlay_node **out)
{
	struct onode *node;
	int r = overlay_room_check(o, 1, 0, 0);

	if (!r && attr->mode > 07777)
		r = -EINVAL;
	if (r)
		return r;
	o->is_live = true;
	node = onode_new(o, o->next_id, OVERLAY_FILE, attr, span_of(NULL));
	node->pub.own = true;
	node->linkable = true;
	node->held = true;
	*out = &node->pub;
	return 0;
}

int overlay_set_own(struct overlay *o, struct overlay_node *node,
		    const uint8_t hash[OVERLAY_HASH_SIZE])
{
	struct overlay_record rec = { .type = OVERLAY_RECORD_OWN,
				      .id = node->id };

	if (node->own && node->kind == OVERLAY_FILE)
		return 0;
	if (hash) {
		rec.flags = OVERLAY_RECORD_HASHED;
		memcpy(rec.hash, hash, sizeof(rec.hash));
	}
	return change_node(o, onode_of(node), &rec);
}

/* What a file without a name has got before it gets one. */
static int stage_unnamed(struct overlay *o, const struct onode *node,
			 struct overlay_record *rec)
{
	struct span name, value;
	int r;

	rec->type = OVERLAY_RECORD_CREATE;
	rec->kind = node->pub.kind;
	rec->attr = node->pub.attr;
	r = stage_change(o, rec);
	for (size_t i = 0; !r && overlay_xattr_at(node, i, &name, &value);
	     i++) {
		*stage(o) = (struct overlay_record){
			.type = OVERLAY_RECORD_SET_XATTR,
			.id = node->pub.id,
			.name = name,
			.value = value,
		};
	}
	return r;
}

int overlay_link(struct overlay *o, struct overlay_node *node,
		 struct overlay_node *dir, struct span name)
{
	struct overlay_record rec = {
		.type = OVERLAY_RECORD_LINK,
		.id = node->id,
		.dir = dir->id,
		.name = name,
	};
	int r = stage_dir(o, onode_of(dir));

	if (!r)
		r = stage_node(o, onode_of(node));
	if (!r)
		r = onode_of(node)->linkable
			    ? stage_unnamed(o, onode_of(node), &rec)
			    : stage_change(o, &rec);
	return commit(o, r);
}

/* Pins the directory and, so that its origin is known, what has the name. */
static int stage_name(struct overlay *o, struct onode *dir, struct span name,
		      struct onode **out)
{
	const struct overlay_entry *e = entry_find(o, dir, name);
	int r = stage_dir(o, dir);

	*out = e ? e->node : NULL;
	if (!r && *out)
		r = stage_node(o, *out);
	return r;
}

int overlay_remove(struct overlay *o, struct overlay_node *dir,
		   struct span name, bool is_dir)
{
	const struct overlay_record rec = {
		.type = OVERLAY_RECORD_REMOVE,
		.flags = is_dir ? OVERLAY_RECORD_DIR : 0,
		.dir = dir->id,
		.name = name,
	};
	struct onode *node;
	int r = stage_name(o, onode_of(dir), name, &node);

	if (!r)
		r = stage_change(o, &rec);
	return commit(o, r);
}

int overlay_rename(struct overlay *o, struct overlay_node *from_dir,
		   struct span from, struct overlay_node *to_dir,
		   struct span to, bool exchange)
{
	const struct overlay_record rec = {
		.type = OVERLAY_RECORD_RENAME,
		.flags = exchange ? OVERLAY_RECORD_EXCHANGE : 0,
		.dir = from_dir->id,
		.name = from,
		.to_dir = to_dir->id,
		.to_name = to,
	};
	struct onode *node = NULL, *other = NULL;
	int r = stage_dir(o, onode_of(to_dir));

	if (!r)
		r = stage_name(o, onode_of(from_dir), from, &node);
	if (!r)
		r = stage_name(o, onode_of(to_dir), to, &other);
	if (!r && node && node == other) {
		clear_batch(o);
		return 0;
	}
	if (!r)
		r = stage_change(o, &rec);
	return commit(o, r);
}

int overlay_set_attr(struct overlay *o, struct overlay_node *node,
		     const struct overlay_attr *attr)
{
	const struct overlay_record rec = { .type = OVERLAY_RECORD_ATTR,
					    .id = node->id,
					    .attr = *attr };

	return change_node(o, onode_of(node), &rec);
}

int overlay_set_xattr(struct overlay *o, struct overlay_node *node,
		      const char *name, struct span value)
{
	const struct overlay_record rec = {
		.type = OVERLAY_RECORD_SET_XATTR,
		.id = node->id,
		.name = SPAN_STR(name),
		.value = value,
	};

	return change_node(o, onode_of(node), &rec);
}

int overlay_remove_xattr(struct overlay *o, struct overlay_node *node,
			 const char *name)
{
	const struct overlay_record rec = { .type = OVERLAY_RECORD_REMOVE_XATTR,
					    .id = node->id,
					    .name = SPAN_STR(name) };

	return change_node(o, onode_of(node), &rec);
}
