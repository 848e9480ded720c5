// SPDX-License-Identifier: Apache-2.0
/*
 * tree.c - the directory tree of a layer in the making.
 *
 * Theory of operation
 *
 * A node is a name in a directory, an inode what the name stands for; hard
 * links are nodes that share an inode. Directories are never replaced by
 * anything else, so nodes are only ever added, or change their kind in place.
 * Inodes are kept until the end even when no node uses them any more: the
 * image writer may still hold their data.
 *
 * A whiteout speaks about the layers below, wherever in the stream it stands.
 * So a name that exists in this layer swallows its own whiteout, except that
 * a directory must not be merged with the one below: it becomes opaque.
 */
#include "infra/oci/tree.h"

#include <search.h>
#include <string.h>

#include "base/mem.h"
#include "infra/oci/layer_path.h"

#define TREE_TEXT_MAX ((size_t)256 * 1024 * 1024) /* names and targets */

struct tree {
	struct tree_node *root;
	struct tree_inode *inodes;
	size_t node_count, nodes_max;
	size_t text_len; /* bytes */
};

static const struct tree_meta implied_dir = { .mode = 0755 };

static int compare_names(const void *a, const void *b)
{
	const struct tree_node *x = a;
	const struct tree_node *y = b;

	return strcmp(x->name, y->name);
}

static struct tree_inode *new_inode(struct tree *t,
				    const struct tree_meta *meta)
{
	struct tree_inode *inode = xcalloc(1, sizeof(*inode));

	inode->meta = *meta;
	inode->nlink = 1;
	inode->next = t->inodes;
	t->inodes = inode;
	return inode;
}

struct tree *tree_new(size_t nodes_max)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->nodes_max = nodes_max;
	t->root = xcalloc(1, sizeof(*t->root));
	t->root->name = xstrdup("");
	t->root->kind = TREE_DIR;
	t->root->inode = new_inode(t, &implied_dir);
	return t;
}

static void node_free(void *p)
{
	struct tree_node *node = p;

	tdestroy(node->children, node_free);
	free(node->name);
	free(node);
}

void tree_free(struct tree *t)
{
	struct tree_inode *next;

	if (!t)
		return;
	node_free(t->root);
	for (struct tree_inode *i = t->inodes; i; i = next) {
		next = i->next;
		free(i->target);
		free(i);
	}
	free(t);
}

struct tree_node *tree_root(struct tree *t)
{
	return t->root;
}

static int reserve_text(struct tree *t, size_t len, struct err *err)
{
	if (len > TREE_TEXT_MAX - t->text_len)
		return err_set(err, ERR_LIMIT,
			       "names of the layer exceed %zu MiB",
			       TREE_TEXT_MAX >> 20);
	t->text_len += len;
	return 0;
}

static struct tree_node *find_child(const struct tree_node *dir, char *name)
{
	const struct tree_node key = { .name = name };
	void *const *found = tfind(&key, &dir->children, compare_names);

	return found ? *found : NULL;
}

/* Takes @name over; the new node has no inode yet. */
static int add_child(struct tree *t, struct tree_node *dir, char *name,
		     enum tree_kind kind, struct tree_node **out,
		     struct err *err)
{
	auto_free char *owned = name;
	struct tree_node *node;

	if (t->node_count >= t->nodes_max)
		return err_set(err, ERR_LIMIT,
			       "layer exceeds the maximum of %zu names",
			       t->nodes_max);
	if (reserve_text(t, strlen(name), err) < 0)
		return -1;
	node = xcalloc(1, sizeof(*node));
	node->name = take_ptr(owned);
	node->kind = kind;
	if (!tsearch(node, &dir->children, compare_names))
		abort(); /* out of memory, as in mem.h */
	dir->child_count++;
	t->node_count++;
	*out = node;
	return 0;
}

static void set_inode(struct tree_node *node, struct tree_inode *inode)
{
	if (node->inode)
		node->inode->nlink--;
	node->inode = inode;
}

/* A new directory where nothing or a whiteout is. */
static void make_dir(struct tree *t, struct tree_node *node,
		     const struct tree_meta *meta)
{
	node->opaque = node->kind == TREE_WHITEOUT;
	node->kind = TREE_DIR;
	set_inode(node, new_inode(t, meta));
}

/* Steps into @name, which must be a directory; creates it if @t is given. */
static int step(struct tree *t, struct tree_node **dir, const char *name,
		size_t len, const char *path, struct err *err)
{
	auto_free char *copy = xmemdup0(name, len);
	struct tree_node *child = find_child(*dir, copy);

	if (!child && !t)
		return err_set(err, ERR_NOT_FOUND, "'%s' does not exist", path);
	if (!child) {
		if (add_child(t, *dir, take_ptr(copy), TREE_DIR, &child, err) <
		    0)
			return -1;
		make_dir(t, child, &implied_dir);
	}
	if (child->kind == TREE_SYMLINK)
		return err_set(err, ERR_INVALID,
			       "'%s': refusing to traverse symlink '%s'", path,
			       child->name);
	if (child->kind == TREE_WHITEOUT && t)
		make_dir(t, child, &implied_dir);
	if (child->kind != TREE_DIR)
		return err_set(err, ERR_INVALID,
			       "'%s': '%s' is not a directory", path,
			       child->name);
	*dir = child;
	return 0;
}

/*
 * Walks to the directory of @path's last component, creating what is missing
 * if @create is given.
 */
static int walk(struct tree *t, struct tree *create, const char *path,
		struct tree_node **dir, const char **leaf, struct err *err)
{
	struct tree_node *at = t->root;
	const char *name = path;
	const char *slash;

	while ((slash = strchr(name, '/'))) {
		if (step(create, &at, name, (size_t)(slash - name), path, err) <
		    0)
			return -1;
		name = slash + 1;
	}
	*dir = at;
	*leaf = name;
	return 0;
}

/*
 * Finds or makes the node of @path. A node without an inode is new and for
 * the caller to fill, at once.
 */
static int open_node(struct tree *t, const char *path, struct tree_node **out,
		     struct err *err)
{
	struct tree_node *dir;
	auto_free char *name = NULL;
	const char *leaf;

	if (!*path) {
		*out = t->root;
		return 0;
	}
	if (walk(t, t, path, &dir, &leaf, err) < 0)
		return -1;
	name = xstrdup(leaf);
	*out = find_child(dir, name);
	if (*out)
		return 0;
	return add_child(t, dir, take_ptr(name), TREE_FILE, out, err);
}

int tree_add_dir(struct tree *t, const char *path, const struct tree_meta *meta,
		 struct err *err)
{
	struct tree_node *node;

	if (open_node(t, path, &node, err) < 0)
		return -1;
	if (node == t->root) {
		/* The root always is 0755 root:root, whatever a layer says. */
		node->inode->meta.mtime = meta->mtime;
		return 0;
	}
	if (!node->inode || node->kind == TREE_WHITEOUT) {
		make_dir(t, node, meta);
		return 0;
	}
	if (node->kind != TREE_DIR)
		return err_set(err, ERR_INVALID,
			       "refusing to replace %s '%s' by a directory",
			       node->kind == TREE_SYMLINK ? "symlink" : "file",
			       path);
	node->inode->meta = *meta;
	return 0;
}

int tree_add_file(struct tree *t, const char *path,
		  const struct tree_meta *meta, struct tree_inode **out,
		  struct err *err)
{
	struct tree_node *node;

	if (open_node(t, path, &node, err) < 0)
		return -1;
	if (node->inode && node->kind == TREE_SYMLINK)
		return err_set(err, ERR_INVALID,
			       "refusing to write through symlink '%s'", path);
	if (node->inode && node->kind == TREE_DIR)
		return err_set(err, ERR_INVALID,
			       "refusing to replace directory '%s'", path);
	node->kind = TREE_FILE;
	set_inode(node, new_inode(t, meta));
	*out = node->inode;
	return 0;
}

int tree_add_symlink(struct tree *t, const char *path, const char *target,
		     const struct tree_meta *meta, struct err *err)
{
	struct tree_node *node;

	if (reserve_text(t, strlen(target), err) < 0 ||
	    open_node(t, path, &node, err) < 0)
		return -1;
	if (node->inode && node->kind == TREE_DIR)
		return err_set(err, ERR_INVALID,
			       "refusing to replace directory '%s'", path);
	node->kind = TREE_SYMLINK;
	set_inode(node, new_inode(t, meta));
	node->inode->target = xstrdup(target);
	return 0;
}

static int find_link_source(struct tree *t, const char *source,
			    struct tree_node **out, struct err *err)
{
	auto_free char *name = NULL;
	struct tree_node *dir;
	const char *leaf;

	if (walk(t, /* create */ NULL, source, &dir, &leaf, err) < 0)
		return -1;
	name = xstrdup(leaf);
	*out = find_child(dir, name);
	if (!*out || (*out)->kind == TREE_WHITEOUT)
		return err_set(err, ERR_NOT_FOUND, "'%s' does not exist",
			       source);
	if ((*out)->kind != TREE_FILE)
		return err_set(err, ERR_INVALID,
			       "refusing hardlink to '%s', not a regular file",
			       source);
	return 0;
}

int tree_add_link(struct tree *t, const char *path, const char *source,
		  struct err *err)
{
	struct tree_node *from, *node;

	if (find_link_source(t, source, &from, err) < 0)
		return err_wrap(err, "hard link '%s'", path);
	if (open_node(t, path, &node, err) < 0)
		return -1;
	if (node->inode && node->kind == TREE_SYMLINK)
		return err_set(err, ERR_INVALID,
			       "refusing to write through symlink '%s'", path);
	if (node->inode && node->kind == TREE_DIR)
		return err_set(err, ERR_INVALID,
			       "refusing to replace directory '%s'", path);
	node->kind = TREE_FILE;
	from->inode->nlink++;
	set_inode(node, from->inode);
	return 0;
}

int tree_add_whiteout(struct tree *t, const char *path, struct err *err)
{
	static const struct tree_meta none = { .mode = 0 };
	struct tree_node *node;

	if (open_node(t, path, &node, err) < 0)
		return -1;
	if (!node->inode) {
		node->kind = TREE_WHITEOUT;
		set_inode(node, new_inode(t, &none));
	} else if (node->kind == TREE_DIR) {
		node->opaque = true;
	}
	return 0;
}

int tree_set_opaque(struct tree *t, const char *path, struct err *err)
{
	struct tree_node *node;

	if (open_node(t, path, &node, err) < 0)
		return -1;
	if (!node->inode || node->kind == TREE_WHITEOUT)
		make_dir(t, node, &implied_dir);
	if (node->kind != TREE_DIR)
		return err_set(err, ERR_INVALID,
			       "opaque marker in '%s', not a directory", path);
	node->opaque = true;
	return 0;
}

struct collector {
	struct tree_node **v;
	size_t n;
};

static void collect(const void *nodep, VISIT visit, void *closure)
{
	struct collector *c = closure;

	if (visit == postorder || visit == leaf)
		c->v[c->n++] = *(struct tree_node *const *)nodep;
}

struct tree_node **tree_children(const struct tree_node *dir)
{
	struct collector c = {
		.v = xcalloc(dir->child_count + 1, sizeof(*c.v)),
	};

	/* "postorder" is what search.h calls the visit between subtrees. */
	twalk_r(dir->children, collect, &c);
	assert(c.n == dir->child_count);
	return c.v;
}
