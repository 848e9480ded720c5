/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_priv.h - what the parts of the overlay share; private.
 *
 * overlay_change.c records, overlay_apply.c checks and changes, and both use
 * overlay_tree.c (nodes and names), overlay_origin.c and overlay_xattr.c.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_OVERLAY_PRIV_H
#define BBOX_DOMAIN_WORKSPACE_OVERLAY_PRIV_H

#include "base/buf.h"
#include "domain/workspace/overlay.h"
#include "domain/workspace/overlay_record.h"
#include "domain/workspace/overlay_table.h"

/* Of one change: a file of many names far down pins many directories. */
#define OVERLAY_BATCH_MAX ((size_t)64 * 1024 * 1024) /* bytes */

struct overlay_entry {
	struct onode *dir;
	struct onode *node;	    /* NULL: the name is gone */
	struct overlay_entry *next; /* the node's next name */
	struct overlay_entry **at;  /* what points to this one */
	bool hides; /* the user's directory has something of this name */
	uint8_t len;
	char name[]; /* with a NUL */
};
static_assert(OVERLAY_NAME_MAX <= UINT8_MAX, "a name does not fit");

struct overlay_xattrs;

struct onode {
	struct overlay_node pub;
	char *from; /* owned; where it came from, @pub.lower may be the same
		     * text; NULL for a new object */
	struct overlay_entry *names;   /* that it has, not owned */
	struct overlay_table children; /* owned; of a directory, its names */
	struct overlay_xattrs *xattrs; /* owned; NULL: none */
	uint32_t lower_links;	       /* names on the host; 1 unless @shared */
	uint32_t lower_seen; /* of these, the ones that were bound to it */
	uint32_t live;	     /* of a directory: names of pinned nodes */
	uint16_t height;     /* of a directory: at least how deep the tree
			      * below it is; does not shrink */
	bool held;	     /* by the kernel of the guest */
	bool linkable;	     /* never had a name and may get one */
	bool shared;	     /* is in overlay.shared */
	bool staged;	     /* is in overlay.batch */
};

struct overlay {
	struct overlay_config config;
	struct onode *root;
	uint64_t next_id;
	struct overlay_table nodes;   /* owned; by id */
	struct overlay_table shared;  /* files of several names on the host,
				       * by identity */
	struct overlay_table origins; /* owned; by path */
	const struct overlay_origin **sorted; /* owned; @origins.n when
					       * @is_sorted */
	bool is_sorted;
	size_t names; /* in all directories */
	size_t text;  /* bytes, see OVERLAY_TEXT_MAX */

	/* The changes of one operation, until they are applied. */
	struct overlay_record *batch; /* owned */
	size_t batch_n, batch_capacity;
	size_t reserve;	  /* bytes that applying them adds to @text */
	struct buf bytes; /* owned */
	bool replaying;	  /* every node is pinned then */
	bool is_live;	  /* too late for a replay */
	bool has_header;  /* the records have begun */
};

static inline struct onode *onode_of(struct overlay_node *node)
{
	return container_of(node, struct onode, pub);
}

static inline const struct onode *onode_of_const(const struct overlay_node *n)
{
	return (const struct onode *)(const void *)n;
}
static_assert(offsetof(struct onode, pub) == 0, "see onode_of_const()");

static inline struct span entry_name(const struct overlay_entry *e)
{
	return (struct span){ .p = e->name, .len = e->len };
}

/* overlay_tree.c */

/* 0, or what is wrong with it as a component. */
must_check int overlay_name_check(struct span name);
/* 0 when so much more fits, else -ENOSPC. */
must_check int overlay_room_check(const struct overlay *o, size_t nodes,
				  size_t names, size_t text);
must_check struct onode *onode_find(const struct overlay *o, uint64_t id);
/* @target: empty unless a symlink */
must_check struct onode *onode_new(struct overlay *o, uint64_t id,
				   enum overlay_kind kind,
				   const struct overlay_attr *attr,
				   struct span target);
/*
 * A node for the user's object @dir/@name; it has no name yet. What it needs
 * was checked.
 */
must_check struct onode *onode_new_lower(struct overlay *o,
					 const struct onode *dir,
					 const struct overlay_record *rec);
/* Everything that onode_new_lower() needs; a record of the type PIN. */
must_check int onode_check_lower(const struct overlay *o,
				 const struct onode *dir,
				 const struct overlay_record *rec);
/* @dir/@name in the user's directory; the caller frees. */
must_check char *onode_lower_path(const struct onode *dir, struct span name);
size_t onode_lower_path_len(const struct onode *dir, struct span name);
/* A file of several names comes from @dir/@name as well. */
void onode_set_from(struct overlay *o, struct onode *node,
		    const struct onode *dir, struct span name);
/* Directories from the root to this one. */
size_t onode_depth(const struct onode *dir);
/* Is it the same directory, or one below it? */
bool onode_is_inside(const struct onode *inner, const struct onode *outer);
/* Do its changes outlive the session? Not without a name. */
bool onode_lasts(const struct onode *node);
/* Only one file of an identity can wait for more names. */
bool onode_is_shared(const struct overlay *o,
		     const struct file_identity *identity);
/* One with this identity that waits for more names, or NULL. */
struct onode *onode_find_shared(const struct overlay *o, enum overlay_kind kind,
				const struct file_identity *identity);
/* Frees it, and what waits for it, unless something still needs it. */
void onode_settle(struct overlay *o, struct onode *node);
/* Frees it whatever needs it; for overlay_free(). */
void onode_free(struct overlay *o, struct onode *node);

struct overlay_entry *entry_find(const struct overlay *o,
				 const struct onode *dir, struct span name);
/* Gives @node a name, which is new or gone. */
void entry_bind(struct overlay *o, struct onode *dir, struct span name,
		struct onode *node, bool hides);
/* Takes the node from its name, which must get another one. */
void entry_unbind(struct overlay_entry *e);
/* Takes the name from its node; what it hides stays hidden. Settle both. */
void entry_clear(struct overlay *o, struct overlay_entry *e);
/* The same, and the user's directory decides about the name again. */
void entry_drop(struct overlay *o, struct overlay_entry *e);
/* Lets all names of a directory go. */
void onode_drop_children(struct overlay *o, struct onode *dir);

/* overlay_origin.c */

/* Bytes that overlay_origin_add() adds to overlay.text. */
size_t overlay_origin_cost(size_t path_len, size_t target_len);
/* Of a node that was not changed yet; nothing when the path has one. */
void overlay_origin_add(struct overlay *o, const struct onode *dir,
			struct span name, const struct onode *node);
/* Tells all origins of the node's object what the content was. */
void overlay_origin_set_hash(struct overlay *o, const struct onode *node,
			     const uint8_t hash[OVERLAY_HASH_SIZE]);
void overlay_origins_free(struct overlay *o);

/* overlay_xattr.c */

must_check int overlay_xattr_check(const struct overlay *o,
				   const struct onode *node, struct span name,
				   struct span value);
/* May take the value that it replaces. */
void overlay_xattr_set(struct overlay *o, struct onode *node, struct span name,
		       struct span value);
bool overlay_xattr_has(const struct onode *node, struct span name);
void overlay_xattr_remove(struct overlay *o, struct onode *node,
			  struct span name);
void overlay_xattrs_free(struct overlay *o, struct onode *node);
/* The @i-th one; false when there are not so many. */
must_check bool overlay_xattr_at(const struct onode *node, size_t i,
				 struct span *name, struct span *value);

/* overlay_apply.c */

/* 0, or the negative errno for which the change must be refused. */
must_check int overlay_check(const struct overlay *o,
			     const struct overlay_record *rec);
/* Checks and changes; nothing has changed when it fails. */
must_check int overlay_apply(struct overlay *o,
			     const struct overlay_record *rec);

#endif /* BBOX_DOMAIN_WORKSPACE_OVERLAY_PRIV_H */
