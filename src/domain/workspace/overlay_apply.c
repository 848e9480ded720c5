// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_apply.c - the one place where recorded changes are made.
 *
 * Theory of operation
 *
 * A type of record has a function that says why it must be refused and one
 * that does it. The first is asked before a record is written and again before
 * it is applied, so that bytes which were damaged can do no more than the
 * guest could.
 *
 * Live, the records that pin a node are written with the change they are for,
 * and what they pin is there already; a replay makes it of them.
 */
#include <errno.h>
#include <string.h>

#include "domain/workspace/overlay_priv.h"

/* More ids than anybody can use; the next one never wraps. */
#define ID_MAX (UINT64_C(1) << 62)

/* A directory of the view in which names may change. */
static int find_dir(const struct overlay *o, uint64_t id, struct onode **out)
{
	struct onode *dir = onode_find(o, id);

	if (!dir)
		return -ENOENT;
	if (dir->pub.kind != OVERLAY_DIR)
		return -ENOTDIR;
	if (!dir->pub.links)
		return -ENOENT;
	*out = dir;
	return 0;
}

/* The directory of a record, and its entry; @e NULL when there is none. */
static int find_entry(const struct overlay *o, uint64_t dir_id,
		      struct span name, struct onode **dir,
		      struct overlay_entry **e)
{
	int r = find_dir(o, dir_id, dir);

	if (!r)
		r = overlay_name_check(name);
	if (!r)
		*e = entry_find(o, *dir, name);
	return r;
}

static int check_new_id(uint64_t id)
{
	return id <= OVERLAY_ROOT_ID || id >= ID_MAX ? -EINVAL : 0;
}

/* A name of the user's directory is recorded, with what it stands for. */
static int check_pin(const struct overlay *o, const struct overlay_record *rec)
{
	struct onode *dir, *node = onode_find(o, rec->id);
	struct overlay_entry *e;
	size_t path, origin;
	int r = find_entry(o, rec->dir, rec->name, &dir, &e);

	if (r)
		return r;
	if (!dir->pub.lower)
		return -EINVAL;
	/* Live, it is remembered; in the records a path comes once. */
	if (e && (o->replaying || e->node != node))
		return -EEXIST;
	path = onode_lower_path_len(dir, rec->name);
	if (path > OVERLAY_PATH_MAX)
		return -ENAMETOOLONG;
	origin = overlay_origin_cost(path, rec->target.len);
	if (node) {
		if (!e &&
		    onode_find_shared(o, rec->kind, &rec->identity) != node)
			return -EINVAL;
		return overlay_room_check(o, 0, e ? 0 : 1,
					  origin + (e ? 0 : rec->name.len));
	}
	r = check_new_id(rec->id);
	if (!r && rec->links > 1 && onode_is_shared(o, &rec->identity))
		r = -EEXIST;
	if (!r)
		r = onode_check_lower(o, dir, rec);
	if (!r)
		r = overlay_room_check(o, 1, 1,
				       origin + path + rec->target.len +
					       rec->name.len);
	return r;
}

static void apply_pin(struct overlay *o, const struct overlay_record *rec)
{
	struct onode *dir = onode_find(o, rec->dir);
	struct onode *node = onode_find(o, rec->id);

	if (!node)
		node = onode_new_lower(o, dir, rec);
	if (!node->pub.pinned) {
		node->pub.pinned = true;
		for (struct overlay_entry *e = node->names; e; e = e->next)
			e->dir->live++;
	}
	if (!entry_find(o, dir, rec->name)) {
		entry_bind(o, dir, rec->name, node, true);
		node->lower_seen++;
	}
	overlay_origin_add(o, dir, rec->name, node);
}

static int check_create(const struct overlay *o,
			const struct overlay_record *rec)
{
	const struct onode *node = onode_find(o, rec->id);
	struct overlay_entry *e;
	struct onode *dir;
	int r = find_entry(o, rec->dir, rec->name, &dir, &e);

	if (!r)
		r = check_new_id(rec->id);
	if (r)
		return r;
	/* A file without a name exists already, but only live. */
	if ((e && e->node) || (node && !node->linkable))
		return -EEXIST;
	if ((rec->kind == OVERLAY_SYMLINK) != (rec->target.len > 0) ||
	    rec->kind >= OVERLAY_KIND_COUNT || rec->attr.mode > 07777 ||
	    (rec->target.len && memchr(rec->target.p, '\0', rec->target.len)))
		return -EINVAL;
	if (rec->target.len > OVERLAY_TARGET_MAX)
		return -ENAMETOOLONG;
	if (rec->kind == OVERLAY_DIR && onode_depth(dir) >= OVERLAY_DEPTH_MAX)
		return -ENOSPC;
	return overlay_room_check(o, 1, 1, rec->name.len + rec->target.len);
}

static void apply_create(struct overlay *o, const struct overlay_record *rec)
{
	struct onode *node = onode_find(o, rec->id);

	if (!node)
		node = onode_new(o, rec->id, rec->kind, &rec->attr,
				 rec->target);
	node->linkable = false;
	node->pub.own = true;
	node->pub.pinned = true;
	entry_bind(o, onode_find(o, rec->dir), rec->name, node, false);
}

static int check_own(const struct overlay *o, const struct overlay_record *rec)
{
	const struct onode *node = onode_find(o, rec->id);

	if (!node)
		return -ENOENT;
	return node->pub.kind != OVERLAY_FILE || node->pub.own ? -EINVAL : 0;
}

static void apply_own(struct overlay *o, const struct overlay_record *rec)
{
	struct onode *node = onode_find(o, rec->id);

	node->pub.own = true;
	node->pub.lower = NULL;
	/* Nobody will ask about a file that the view has lost. */
	if ((rec->flags & OVERLAY_RECORD_HASHED) && onode_lasts(node))
		overlay_origin_set_hash(o, node, rec->hash);
}

static int check_link(const struct overlay *o, const struct overlay_record *rec)
{
	const struct onode *node = onode_find(o, rec->id);
	struct overlay_entry *e;
	struct onode *dir;
	int r = find_entry(o, rec->dir, rec->name, &dir, &e);

	if (r)
		return r;
	if (!node || !node->pub.links)
		return -ENOENT;
	if (node->pub.kind == OVERLAY_DIR)
		return -EPERM;
	if (e && e->node)
		return -EEXIST;
	if (node->pub.links >= OVERLAY_LINKS_MAX)
		return -EMLINK;
	return overlay_room_check(o, 0, 1, rec->name.len);
}

static void apply_link(struct overlay *o, const struct overlay_record *rec)
{
	entry_bind(o, onode_find(o, rec->dir), rec->name,
		   onode_find(o, rec->id), false);
}

static int check_remove(const struct overlay *o,
			const struct overlay_record *rec)
{
	bool is_dir = rec->flags & OVERLAY_RECORD_DIR;
	struct overlay_entry *e;
	struct onode *dir;
	int r = find_entry(o, rec->dir, rec->name, &dir, &e);

	if (r)
		return r;
	if (!e || !e->node)
		return -ENOENT;
	if (is_dir && e->node->pub.kind != OVERLAY_DIR)
		return -ENOTDIR;
	if (!is_dir && e->node->pub.kind == OVERLAY_DIR)
		return -EISDIR;
	return e->node->live ? -ENOTEMPTY : 0;
}

static void apply_remove(struct overlay *o, const struct overlay_record *rec)
{
	struct overlay_entry *e =
		entry_find(o, onode_find(o, rec->dir), rec->name);
	struct onode *node = e->node;

	/* While it has its name, it stays whatever becomes of its children. */
	onode_drop_children(o, node);
	entry_clear(o, e);
	onode_settle(o, node);
}

/* May @node come to stand in @dir? */
static int check_move(const struct onode *node, const struct onode *dir)
{
	if (node->pub.kind != OVERLAY_DIR)
		return 0;
	if (onode_is_inside(dir, node))
		return -EINVAL;
	return onode_depth(dir) + 1 + node->height > OVERLAY_DEPTH_MAX ? -ENOSPC
								       : 0;
}

/* May @node take the place of @old? */
static int check_replace(const struct onode *node, const struct onode *old,
			 const struct onode *from_dir)
{
	bool is_dir = node->pub.kind == OVERLAY_DIR;

	if (is_dir && old->pub.kind != OVERLAY_DIR)
		return -ENOTDIR;
	if (!is_dir && old->pub.kind == OVERLAY_DIR)
		return -EISDIR;
	return is_dir && (old->live || onode_is_inside(from_dir, old))
		       ? -ENOTEMPTY
		       : 0;
}

static int check_rename(const struct overlay *o,
			const struct overlay_record *rec)
{
	bool exchange = rec->flags & OVERLAY_RECORD_EXCHANGE;
	struct overlay_entry *from, *to;
	struct onode *from_dir, *to_dir;
	int r = find_entry(o, rec->dir, rec->name, &from_dir, &from);

	if (!r)
		r = find_entry(o, rec->to_dir, rec->to_name, &to_dir, &to);
	if (r)
		return r;
	if (!from || !from->node || (exchange && (!to || !to->node)))
		return -ENOENT;
	/* Nothing would happen, so nobody records it. */
	if (to && from->node == to->node)
		return -EINVAL;
	r = check_move(from->node, to_dir);
	if (!r && exchange)
		r = check_move(to->node, from_dir);
	else if (!r && to && to->node)
		r = check_replace(from->node, to->node, from_dir);
	return r ? r : overlay_room_check(o, 0, 1, rec->to_name.len);
}

static void exchange_nodes(struct overlay *o, struct overlay_entry *a,
			   struct overlay_entry *b)
{
	struct onode *of_a = a->node, *of_b = b->node;

	entry_unbind(a);
	entry_unbind(b);
	entry_bind(o, a->dir, entry_name(a), of_b, false);
	entry_bind(o, b->dir, entry_name(b), of_a, false);
}

static void apply_rename(struct overlay *o, const struct overlay_record *rec)
{
	struct onode *to_dir = onode_find(o, rec->to_dir), *old = NULL;
	struct overlay_entry *from =
		entry_find(o, onode_find(o, rec->dir), rec->name);
	struct overlay_entry *to = entry_find(o, to_dir, rec->to_name);

	if (rec->flags & OVERLAY_RECORD_EXCHANGE) {
		exchange_nodes(o, from, to);
		return;
	}
	if (to && to->node) {
		old = to->node;
		onode_drop_children(o, old);
		entry_unbind(to);
	}
	/* The new name first: the old one may be where @rec borrows from. */
	entry_bind(o, to_dir, rec->to_name, from->node, false);
	entry_clear(o, from);
	if (old)
		onode_settle(o, old);
}

static int check_attr(const struct overlay *o, const struct overlay_record *rec)
{
	if (!onode_find(o, rec->id))
		return -ENOENT;
	return rec->attr.mode > 07777 ? -EINVAL : 0;
}

static void apply_attr(struct overlay *o, const struct overlay_record *rec)
{
	struct overlay_attr *attr = &onode_find(o, rec->id)->pub.attr;

	attr->mode = rec->attr.mode;
	attr->uid = rec->attr.uid;
	attr->gid = rec->attr.gid;
	attr->atime_ns = rec->attr.atime_ns;
	attr->mtime_ns = rec->attr.mtime_ns;
	attr->ctime_ns = rec->attr.ctime_ns;
}

static int check_set_xattr(const struct overlay *o,
			   const struct overlay_record *rec)
{
	const struct onode *node = onode_find(o, rec->id);

	return node ? overlay_xattr_check(o, node, rec->name, rec->value)
		    : -ENOENT;
}

static void apply_set_xattr(struct overlay *o, const struct overlay_record *rec)
{
	overlay_xattr_set(o, onode_find(o, rec->id), rec->name, rec->value);
}

static int check_remove_xattr(const struct overlay *o,
			      const struct overlay_record *rec)
{
	const struct onode *node = onode_find(o, rec->id);

	if (!node)
		return -ENOENT;
	return overlay_xattr_has(node, rec->name) ? 0 : -ENODATA;
}

static void apply_remove_xattr(struct overlay *o,
			       const struct overlay_record *rec)
{
	overlay_xattr_remove(o, onode_find(o, rec->id), rec->name);
}

/* Neither a record without a type nor the header is a change. */
static int refuse(const struct overlay *o unused,
		  const struct overlay_record *rec unused)
{
	return -EINVAL;
}

/* clang-format off */
static const struct change {
	int (*check)(const struct overlay *o, const struct overlay_record *rec);
	void (*apply)(struct overlay *o, const struct overlay_record *rec);
} changes[] = {
	[OVERLAY_RECORD_NONE]	      = { refuse, NULL },
	[OVERLAY_RECORD_HEADER]	      = { refuse, NULL },
	[OVERLAY_RECORD_PIN]	      = { check_pin, apply_pin },
	[OVERLAY_RECORD_CREATE]	      = { check_create, apply_create },
	[OVERLAY_RECORD_OWN]	      = { check_own, apply_own },
	[OVERLAY_RECORD_LINK]	      = { check_link, apply_link },
	[OVERLAY_RECORD_REMOVE]	      = { check_remove, apply_remove },
	[OVERLAY_RECORD_RENAME]	      = { check_rename, apply_rename },
	[OVERLAY_RECORD_ATTR]	      = { check_attr, apply_attr },
	[OVERLAY_RECORD_SET_XATTR]    = { check_set_xattr, apply_set_xattr },
	[OVERLAY_RECORD_REMOVE_XATTR] = { check_remove_xattr,
					  apply_remove_xattr },
};
/* clang-format on */
static_assert(ARRAY_SIZE(changes) == OVERLAY_RECORD_COUNT,
	      "changes[] and enum overlay_record_type differ");

int overlay_check(const struct overlay *o, const struct overlay_record *rec)
{
	return changes[rec->type].check(o, rec);
}

int overlay_apply(struct overlay *o, const struct overlay_record *rec)
{
	int r = overlay_check(o, rec);

	if (!r)
		changes[rec->type].apply(o, rec);
	return r;
}
