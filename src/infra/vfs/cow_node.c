// SPDX-License-Identifier: Apache-2.0
/*
 * cow_node.c - find nodes by id and by name, and count who the guest holds.
 *
 * A name that the overlay has pinned is what the overlay says; for every other
 * one the user's directory is asked again at each lookup, so that the user's
 * edits show. An edited file becomes another node; only a pinned file whose
 * content is still the user's keeps its id, and gets a new generation.
 */
#include "infra/vfs/cow.h"

#include <errno.h>

#include "base/mem.h"

/* How long the guest may believe what it was told, seconds. */
#define VALID_FIXED_S 86400 /* only the guest can change it */
#define VALID_USER_S  1	    /* the user may */

struct cow_node *cow_node_of(struct overlay_node *node)
{
	struct cow_node *cn = node->user;

	if (cn)
		return cn;
	cn = xcalloc(1, sizeof(*cn));
	cn->fd = COW_FD_INIT;
	cn->seen = node->identity;
	cn->node = node;
	node->user = cn;
	return cn;
}

static void unlink_held(struct cow_fs *fs, struct cow_node *cn)
{
	if (cn->prev)
		cn->prev->next = cn->next;
	else
		fs->held = cn->next;
	if (cn->next)
		cn->next->prev = cn->prev;
	cn->prev = NULL;
	cn->next = NULL;
}

void cow_node_release(void *ctx, struct overlay_node *node)
{
	struct cow_fs *fs = ctx;
	struct cow_node *cn = node->user;

	if (cn->lookups)
		unlink_held(fs, cn);
	cow_fds_drop(&fs->fds, &cn->fd);
	if (node->kind == OVERLAY_FILE && node->own && !node->links &&
	    !fs->closing)
		cow_trash_add(fs, node->id, cn->place, cow_slot_room(cn));
	node->user = NULL;
	free(cn);
}

int cow_find(struct cow_fs *fs, uint64_t id, struct overlay_node **out)
{
	struct overlay_node *node = overlay_find(fs->overlay, id);

	/* One that the guest does not hold could go while we use it. */
	if (!node ||
	    (node != overlay_root(fs->overlay) && !cow_node_of(node)->lookups))
		return -ESTALE;
	*out = node;
	return 0;
}

int cow_find_dir(struct cow_fs *fs, uint64_t id, struct overlay_node **out)
{
	int r = cow_find(fs, id, out);

	if (r < 0)
		return r;
	return (*out)->kind == OVERLAY_DIR ? 0 : -ENOTDIR;
}

int cow_find_file(struct cow_fs *fs, uint64_t id, struct overlay_node **out)
{
	int r = cow_find(fs, id, out);

	if (r < 0)
		return r;
	if ((*out)->kind == OVERLAY_DIR)
		return -EISDIR;
	return (*out)->kind == OVERLAY_FILE ? 0 : -EINVAL;
}

bool cow_is_removed(struct cow_fs *fs, const struct overlay_node *node)
{
	return node != overlay_root(fs->overlay) && !node->links;
}

void cow_hold(struct cow_fs *fs, struct overlay_node *node)
{
	struct cow_node *cn = cow_node_of(node);

	if (cn->lookups++)
		return;
	cn->next = fs->held;
	if (fs->held)
		fs->held->prev = cn;
	fs->held = cn;
	overlay_hold(fs->overlay, node);
}

void cow_settle(struct cow_fs *fs, uint64_t id)
{
	struct overlay_node *node = overlay_find(fs->overlay, id);

	if (node && !cow_node_of(node)->lookups)
		overlay_forget(fs->overlay, node);
}

/* The user's file behind the node is this one now. */
static void see_content(struct cow_fs *fs, struct overlay_node *node,
			const struct file_identity *now)
{
	struct cow_node *cn = cow_node_of(node);

	if (file_identity_equals(now, &cn->seen))
		return;
	cow_fds_drop(&fs->fds, &cn->fd);
	cn->seen = *now;
	/* Makes the guest drop the pages that it has of the old content. */
	cn->generation++;
}

/* A pinned file that shows the user's content follows what he does to it. */
static void follow_user(struct cow_fs *fs, struct overlay_node *node)
{
	struct file_identity now;
	struct stat st;

	/* The name may be another file's now. */
	cow_fds_drop(&fs->fds, &cow_node_of(node)->fd);
	if (cow_lower_stat(fs, node, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	now = cow_identity(&st);
	see_content(fs, node, &now);
}

static bool shows_content(const struct overlay_node *node)
{
	return node->kind == OVERLAY_FILE && !node->own && node->lower;
}

static int remember(struct cow_fs *fs, struct overlay_node *dir,
		    const char *name, const struct cow_found *found,
		    struct overlay_node **out)
{
	struct file_identity identity = cow_identity(&found->st);
	struct overlay_attr attr;
	int r;

	cow_attr_of(fs, &found->st, &attr);
	r = overlay_remember(fs->overlay, dir, SPAN_STR(name), found->kind,
			     &attr, &identity, found->target,
			     found->st.st_nlink, out);
	if (r < 0)
		return r;
	if (shows_content(*out))
		see_content(fs, *out, &identity);
	return 0;
}

/* The guest must not be told anything of a configuration as it is. */
static int clean_config(struct cow_fs *fs, struct overlay_node *dir,
			const char *name, struct cow_child *out)
{
	int r;

	if (!shows_content(out->node) || !cow_git_is_config(fs, dir, name))
		return 0;
	r = cow_git_clean(fs, out->node);
	out->fixed = true;
	out->has_st = false;
	if (r < 0)
		cow_settle(fs, take_ptr(out->node)->id);
	return r;
}

/* What the overlay has pinned. */
static int pinned_child(struct cow_fs *fs, struct overlay_node *dir,
			const char *name, struct overlay_node *node,
			struct cow_child *out)
{
	int r;

	out->node = node;
	r = clean_config(fs, dir, name, out);
	if (r < 0)
		return r;
	out->fixed = !shows_content(node);
	if (!out->fixed)
		follow_user(fs, node);
	return 0;
}

int cow_child(struct cow_fs *fs, struct overlay_node *dir, const char *name,
	      struct cow_child *out)
{
	struct overlay_node *node = NULL;
	struct cow_found found;
	int r;

	*out = (struct cow_child){ .fixed = true };
	if (cow_is_removed(fs, dir))
		return 0;
	switch (overlay_lookup(fs->overlay, dir, SPAN_STR(name), &node)) {
	case OVERLAY_NAME_GONE:
		return 0;
	case OVERLAY_NAME_THERE:
		if (!node->pinned)
			break;
		return pinned_child(fs, dir, name, node, out);
	case OVERLAY_NAME_UNKNOWN:
		break;
	}
	out->fixed = false;
	r = cow_lower_look(fs, dir, name, &found);
	if (r == -ENOENT) {
		overlay_vanish(fs->overlay, dir, SPAN_STR(name));
		return 0;
	}
	if (r < 0)
		return r;
	r = remember(fs, dir, name, &found, &out->node);
	free(found.target);
	out->st = found.st;
	out->has_st = true;
	return r < 0 ? r : clean_config(fs, dir, name, out);
}

int cow_entry(struct cow_fs *fs, const struct cow_child *child,
	      struct fuse_entry_out *out)
{
	struct overlay_node *node = child->node;
	struct cow_stat st;
	int r = child->has_st && !node->pinned
			? cow_stat_found(fs, node, &child->st, &st)
			: cow_stat(fs, node, &st);

	if (r < 0) {
		cow_settle(fs, node->id);
		return r;
	}
	*out = (struct fuse_entry_out){
		.nodeid = node->id,
		.generation = cow_node_of(node)->generation,
		.entry_valid = child->fixed ? VALID_FIXED_S : VALID_USER_S,
		.attr_valid = cow_attr_valid(node),
	};
	cow_fuse_attr(node, &st, &out->attr);
	cow_hold(fs, node);
	return 0;
}

uint64_t cow_attr_valid(const struct overlay_node *node)
{
	return node->own || (node->pinned && !node->lower) ? VALID_FIXED_S
							   : VALID_USER_S;
}

int cow_lookup(struct fs *base, uint64_t id, const char *name,
	       struct fuse_entry_out *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *dir;
	struct cow_child child;
	int r = cow_find_dir(fs, id, &dir);

	if (!r)
		r = cow_child(fs, dir, name, &child);
	if (r < 0)
		return r;
	if (child.node)
		return cow_entry(fs, &child, out);
	*out = (struct fuse_entry_out){
		.entry_valid = child.fixed ? VALID_FIXED_S : VALID_USER_S,
	};
	return 0;
}

void cow_forget(struct fs *base, uint64_t id, uint64_t lookups)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct overlay_node *node = overlay_find(fs->overlay, id);
	struct cow_node *cn = node ? node->user : NULL;

	if (!cn || !cn->lookups)
		return;
	if (lookups < cn->lookups) {
		cn->lookups -= lookups;
		return;
	}
	cn->lookups = 0;
	unlink_held(fs, cn);
	overlay_forget(fs->overlay, node);
}

void cow_forget_all(struct cow_fs *fs)
{
	while (fs->held)
		cow_forget(&fs->base, fs->held->node->id, UINT64_MAX);
}
