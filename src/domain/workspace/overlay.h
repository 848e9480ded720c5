/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay.h - the guest's view of a workspace: what differs from the user's
 * directory, which is never written. Pure.
 *
 * Theory of operation
 *
 * The view is a tree of nodes. A node that differs from the user's directory,
 * or that leads to one that does, is pinned; the others are only remembered
 * while the guest's kernel holds them. A directory node may show a directory of
 * the user (its @lower) under the names that it holds itself: a name that it
 * does not hold is the user's file of that name, if there is one.
 *
 * Names live here only. The content of a changed file is an object named by
 * the node's id; a rename, of a whole directory too, moves no object, and no
 * name of the guest ever becomes a name on the host.
 *
 * Every change is records, handed to the sink in one piece before they are
 * applied. All records in their order are the whole state: overlay_replay()
 * makes the same tree of them. Live changes and replayed ones go through the
 * same code.
 *
 * When a path of the user's directory is first touched, what was there is
 * recorded as its origin, under its path in the user's directory. Origins are
 * never removed. They are the baseline of the three-way decision. The workspace
 * itself has none: it is never replaced nor written back.
 */
#ifndef BBOX_DOMAIN_WORKSPACE_OVERLAY_H
#define BBOX_DOMAIN_WORKSPACE_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/span.h"
#include "domain/workspace/baseline.h"

#define OVERLAY_ROOT_ID		UINT64_C(1)    /* as FUSE_ROOT_ID */
#define OVERLAY_NAME_MAX	((size_t)255)  /* bytes, as NAME_MAX */
#define OVERLAY_TARGET_MAX	((size_t)4095) /* bytes of a symlink's text */
#define OVERLAY_PATH_MAX	((size_t)4095) /* bytes of a lower path */
#define OVERLAY_DEPTH_MAX	((size_t)1024) /* directories */
#define OVERLAY_NODES_MAX	((size_t)4 * 1000 * 1000)
#define OVERLAY_LINKS_MAX	((uint32_t)65000)
#define OVERLAY_XATTR_NAME_MAX	((size_t)255)
#define OVERLAY_XATTR_VALUE_MAX ((size_t)64 * 1024)  /* bytes */
#define OVERLAY_XATTRS_MAX	((size_t)256 * 1024) /* bytes of one node */
#define OVERLAY_XATTR_COST	((size_t)64)	     /* counted for each one */
#define OVERLAY_TEXT_MAX	((size_t)1024 * 1024 * 1024) /* bytes, all */
#define OVERLAY_HASH_SIZE	32			     /* SHA-256 */

enum overlay_kind {
	OVERLAY_FILE,
	OVERLAY_DIR,
	OVERLAY_SYMLINK,
	OVERLAY_FIFO,
	OVERLAY_SOCKET,

	OVERLAY_KIND_COUNT
};

/* Of a file, @size and the times are kept by its content once it has any. */
struct overlay_attr {
	uint64_t ino;	   /* what stat(2) in the guest says; stable */
	uint64_t size;	   /* bytes */
	uint32_t mode;	   /* permission bits, set-id and sticky included */
	uint32_t uid, gid; /* of the guest */
	int64_t atime_ns, mtime_ns, ctime_ns;
};

/* What was in the user's directory when the guest first touched the path. */
struct overlay_origin {
	char *path; /* owned; relative to the user's directory */
	enum overlay_kind kind;
	uint32_t mode; /* permission bits */
	struct file_identity identity;
	bool has_hash;
	uint8_t hash[OVERLAY_HASH_SIZE]; /* of a file's content */
	char *target; /* owned; a symlink's text, else NULL */
};

struct overlay_entry; /* one name in one directory */

struct overlay_node {
	uint64_t id;
	enum overlay_kind kind;
	bool pinned;
	bool own; /* content and attributes are the overlay's: for a file,
		   * object @id holds the content; for a directory without
		   * @lower, nothing of the user's shows through */
	struct overlay_attr attr;
	struct file_identity identity; /* of the user's object, while shown */
	char *lower;	/* owned; path of the user's object that is shown, ""
			 * for the workspace itself; NULL: none */
	char *target;	/* owned; symlink text, else NULL */
	uint32_t links; /* names in the view; a directory has 1, or 0 when it
			 * was removed but is still held */
	struct overlay_node *parent; /* of a directory; NULL for the root and
				      * for a removed one */
	void *user; /* the server's; see overlay_config.release */
};

struct overlay;

struct overlay_config {
	/*
	 * Makes a record last; the change is applied only on 0. Else a
	 * negative errno, which the caller of the operation gets, and nothing
	 * of the bytes may stay. NULL while replaying only.
	 */
	int (*sink)(void *ctx, struct span record);
	/* Called once for each node that is freed and has a @user. */
	void (*release)(void *ctx, struct overlay_node *node);
	void *ctx;
	/* Random, so that no guest can choose names that collide. */
	uint64_t hash_key[2];
};

/* The root shows the user's directory itself. */
must_check struct overlay *overlay_new(const struct overlay_config *config,
				       const struct overlay_attr *root,
				       const struct file_identity *identity);
void overlay_free(struct overlay *o);

struct overlay_node *overlay_root(struct overlay *o);
/* NULL when there is none of this id. */
struct overlay_node *overlay_find(struct overlay *o, uint64_t id);

enum overlay_name {
	OVERLAY_NAME_UNKNOWN, /* the user's directory decides */
	OVERLAY_NAME_GONE,    /* removed, or hidden: there is nothing */
	OVERLAY_NAME_THERE,
};

/**
 * overlay_lookup() - what is a name of a directory?
 * @name:	one component: not empty, no '/', no NUL, not "." or ".."
 * @out:	set when OVERLAY_NAME_THERE; it may be a node that is only
 *		remembered, see overlay_node.pinned
 *
 * Never OVERLAY_NAME_UNKNOWN in a directory without a @lower.
 */
enum overlay_name overlay_lookup(struct overlay *o, struct overlay_node *dir,
				 struct span name, struct overlay_node **out);

/**
 * overlay_remember() - a node for an untouched object of the user
 * @dir:	must have a @lower
 * @identity:	what it is now
 * @links:	names that it has on the host
 *
 * When the name was remembered with another identity, that node loses the name.
 * A file with several @links whose node is known already (same device and
 * inode) gets its name added to that node; when that one is pinned, the name
 * is, too.
 *
 * A new node counts as held, as do those of overlay_create() and
 * overlay_create_unnamed().
 *
 * Return: 0 or a negative errno (-ENOSPC for a limit, -ENAMETOOLONG, -ENOENT
 * when @dir itself was removed).
 */
must_check int overlay_remember(struct overlay *o, struct overlay_node *dir,
				struct span name, enum overlay_kind kind,
				const struct overlay_attr *attr,
				const struct file_identity *identity,
				const char *target, uint64_t links,
				struct overlay_node **out);

/*
 * The user's directory has the name no more: a node that was only remembered
 * loses it. Of a name that is pinned, gone or unknown nothing changes.
 */
void overlay_vanish(struct overlay *o, struct overlay_node *dir,
		    struct span name);

/*
 * The guest's kernel does not hold the node any more. Frees it unless it is
 * pinned with a name left, is the root, or has remembered children; those go
 * when their turn comes.
 */
void overlay_forget(struct overlay *o, struct overlay_node *node);
/* The kernel holds it (again): it stays until overlay_forget(). */
void overlay_hold(struct overlay *o, struct overlay_node *node);
/* The kernel holds nothing any more: overlay_forget() of all nodes. */
void overlay_forget_all(struct overlay *o);
/* The user's object that it was at first, also after a rename or copy-up:
 * its path, "" for the root, NULL for a new object. Borrowed. */
const char *overlay_came_from(const struct overlay_node *node);
/* Names in the view: @links, and those that the user's directory has of the
 * same file and that were not looked up yet. */
uint32_t overlay_link_count(const struct overlay_node *node);

/*
 * All below: 0 or a negative errno; on failure nothing has changed. They pin
 * what they touch, and the directories above it, recording origins. Errors
 * are those that the system call of that name has: -EEXIST, -ENOENT, -ENOTDIR,
 * -EISDIR, -ENOTEMPTY, -EINVAL, -EMLINK, -ELOOP never; -ENOSPC for a limit.
 * "What the user's directory has" is the caller's to know: he looks a name up
 * and remembers what he finds before he asks for a change of that name, and
 * calls overlay_remove() or overlay_rename() over a directory only when it
 * shows as empty. Names that are only remembered there are then forgotten.
 *
 * A node without a name is changed without a record. The exception is a file
 * that has more names in the user's directory: they will show its changes.
 * What loses its last name and is not held is gone when the call returns.
 */

/* Pins it unchanged, so that its origin is recorded. */
must_check int overlay_pin(struct overlay *o, struct overlay_node *node);

/* A new object. @target for a symlink, else NULL. */
must_check int overlay_create(struct overlay *o, struct overlay_node *dir,
			      struct span name, enum overlay_kind kind,
			      const struct overlay_attr *attr,
			      const char *target, struct overlay_node **out);
/* A new file without a name (O_TMPFILE); overlay_link() may give it one. */
must_check int overlay_create_unnamed(struct overlay *o,
				      const struct overlay_attr *attr,
				      struct overlay_node **out);

/*
 * The object of the file holds its content from now on ("copy-up"): @own.
 * @hash is that of the user's content, NULL when it was not read.
 */
must_check int overlay_set_own(struct overlay *o, struct overlay_node *node,
			       const uint8_t hash[OVERLAY_HASH_SIZE]);

must_check int overlay_link(struct overlay *o, struct overlay_node *node,
			    struct overlay_node *dir, struct span name);
/* unlink(2) or, with @is_dir, rmdir(2). */
must_check int overlay_remove(struct overlay *o, struct overlay_node *dir,
			      struct span name, bool is_dir);
/* rename(2); with @exchange as RENAME_EXCHANGE. Same object: nothing. */
must_check int overlay_rename(struct overlay *o, struct overlay_node *from_dir,
			      struct span from, struct overlay_node *to_dir,
			      struct span to, bool exchange);

/* mode, uid, gid and the times; @ino and @size of @attr are not taken. */
must_check int overlay_set_attr(struct overlay *o, struct overlay_node *node,
				const struct overlay_attr *attr);
/*
 * What needs no record because the content keeps it, or because nobody misses
 * it after a crash: size and times.
 */
void overlay_touch(struct overlay_node *node, const struct overlay_attr *attr);

/* Extended attributes; names as the guest says them ("user.x"). */
must_check int overlay_set_xattr(struct overlay *o, struct overlay_node *node,
				 const char *name, struct span value);
must_check int overlay_remove_xattr(struct overlay *o,
				    struct overlay_node *node,
				    const char *name);
/* -ENODATA when there is none. @out is borrowed until the next change. */
must_check int overlay_get_xattr(const struct overlay_node *node,
				 const char *name, struct span *out);
/* Names, each with its NUL, one after the other. Borrowed. */
struct span overlay_list_xattrs(const struct overlay_node *node);

/* The names that a directory holds itself. */
struct overlay_child {
	struct span name;	   /* borrowed */
	struct overlay_node *node; /* NULL: the name is gone */
};

/* Goes through them in an order that lasts until the next change; false at
 * the end. *@at starts as 0. */
bool overlay_next_child(const struct overlay_node *dir, size_t *at,
			struct overlay_child *out);

/* All origins, ordered bytewise by path. */
size_t overlay_origin_count(const struct overlay *o);
const struct overlay_origin *overlay_origin_at(struct overlay *o, size_t i);
/* NULL when the path was never touched. */
const struct overlay_origin *overlay_origin(struct overlay *o,
					    const char *path);

/**
 * overlay_replay() - apply the records of an earlier session
 * @records:	moves past what was applied
 *
 * A record cut short at the end (by a crash) is left in @records, which is no
 * error.
 *
 * Return: 0, or -EBADMSG for a record that is not one or does not fit the
 * state; what came before it is applied.
 */
must_check int overlay_replay(struct overlay *o, struct span *records);

#endif /* BBOX_DOMAIN_WORKSPACE_OVERLAY_H */
