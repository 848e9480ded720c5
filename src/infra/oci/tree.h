/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the directory tree of a layer in the making: names and metadata,
 * no contents.
 *
 * Paths are clean (layer_path.h). What may replace what follows the table of
 * an extraction into an empty directory that never follows a symlink.
 */
#ifndef BBOX_INFRA_OCI_TREE_H
#define BBOX_INFRA_OCI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct squash_file;

enum tree_kind { TREE_DIR, TREE_FILE, TREE_SYMLINK, TREE_WHITEOUT };

struct tree_meta {
	uint32_t uid, gid;
	uint32_t mtime; /* seconds since 1970 */
	uint16_t mode;	/* permission bits with setuid, setgid and sticky */
};

/* What hard links share. */
struct tree_inode {
	struct tree_inode *next; /* owned by the tree */
	struct tree_meta meta;
	char *target;		  /* owned; of a symlink, else NULL */
	struct squash_file *file; /* borrowed; of a file with its data */
	uint32_t nlink;
	uint32_t number; /* in the image; 0 while it is not written */
	uint64_t ref;	 /* where it lies in the image */
};

struct tree_node {
	char *name; /* owned; "" for the root */
	struct tree_inode *inode;
	void *children; /* of a directory: search tree ordered by name */
	size_t child_count;
	enum tree_kind kind;
	bool opaque; /* a directory that hides those of the layers below */
};

struct tree;

/* @nodes_max: names, given and implied. */
must_check struct tree *tree_new(size_t nodes_max);
void tree_free(struct tree *t);

static inline void tree_free_ptr(struct tree **t)
{
	tree_free(*t);
}
#define auto_tree cleanup_with(tree_free_ptr)

/*
 * Missing parents are created 0755 root:root. All fail with ERR_INVALID where
 * the path crosses a symlink or a file, or must not replace what is there,
 * and with ERR_LIMIT.
 */
must_check int tree_add_dir(struct tree *t, const char *path,
			    const struct tree_meta *meta, struct err *err);
/* @out: borrowed; the caller sets its file. */
must_check int tree_add_file(struct tree *t, const char *path,
			     const struct tree_meta *meta,
			     struct tree_inode **out, struct err *err);
must_check int tree_add_symlink(struct tree *t, const char *path,
				const char *target,
				const struct tree_meta *meta, struct err *err);
must_check int tree_add_link(struct tree *t, const char *path,
			     const char *source, struct err *err);
/* Hides @path of the layers below; what this layer has there stays. */
must_check int tree_add_whiteout(struct tree *t, const char *path,
				 struct err *err);
/* Hides all of the layers below in directory @path ("" is the root). */
must_check int tree_set_opaque(struct tree *t, const char *path,
			       struct err *err);

struct tree_node *tree_root(struct tree *t);

/* The children sorted by name, @child_count of them; the caller frees. */
must_check struct tree_node **tree_children(const struct tree_node *dir);

#endif /* BBOX_INFRA_OCI_TREE_H */
