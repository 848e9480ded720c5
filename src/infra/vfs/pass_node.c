// SPDX-License-Identifier: Apache-2.0
/*
 * pass_node.c - find nodes by id, by identity and by name, and count who the
 * guest holds.
 *
 * An object has one node, however many names lead to it and whoever moves it.
 * Ids are not used twice.
 */
#include "infra/vfs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/sys/loop.h"
#include "infra/vfs/fs_open.h"

/* How long the guest may believe what it was told, seconds. */
#define VALID_S 1

#define NODES_MAX   ((size_t)8 * 1024 * 1024)
#define BUCKETS_MIN ((size_t)1024)
#define HASH_MIX    UINT64_C(0x9e3779b97f4a7c15)

/* Of the descriptors, those that may be pinned: one in so many. */
#define PINS_SHARE 4

static struct pass_node **bucket_of(const struct pass_fs *fs, uint64_t dev,
				    uint64_t ino)
{
	uint64_t hash = (ino ^ dev * HASH_MIX) * HASH_MIX;

	return &fs->buckets[(hash >> 32) & (fs->bucket_n - 1)];
}

static struct pass_identity identity_of(const struct statx *st)
{
	return (struct pass_identity){
		.dev = pass_dev(st),
		.ino = st->stx_ino,
		.type = st->stx_mode & S_IFMT,
		.born_s = st->stx_btime.tv_sec,
		.born_ns = st->stx_btime.tv_nsec,
	};
}

bool pass_is_same(const struct pass_node *node, const struct statx *st)
{
	const struct pass_identity a = node->is, b = identity_of(st);

	return a.dev == b.dev && a.ino == b.ino && a.type == b.type &&
	       a.born_s == b.born_s && a.born_ns == b.born_ns;
}

struct pass_node *pass_known(const struct pass_fs *fs, const struct statx *st)
{
	struct pass_node *node = *bucket_of(fs, pass_dev(st), st->stx_ino);

	while (node && !pass_is_same(node, st))
		node = node->next;
	return node;
}

static void link_bucket(struct pass_fs *fs, struct pass_node *node)
{
	struct pass_node **at = bucket_of(fs, node->is.dev, node->is.ino);

	node->next = *at;
	*at = node;
}

static void unlink_bucket(struct pass_fs *fs, struct pass_node *node)
{
	struct pass_node **at = bucket_of(fs, node->is.dev, node->is.ino);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
}

static void grow_buckets(struct pass_fs *fs)
{
	size_t n = fs->bucket_n ? 2 * fs->bucket_n : BUCKETS_MIN;

	free((void *)fs->buckets);
	fs->buckets = (struct pass_node **)xcalloc(n, sizeof(*fs->buckets));
	fs->bucket_n = n;
	for (size_t i = 0; i < fs->node_n; i++)
		if (fs->nodes[i])
			link_bucket(fs, fs->nodes[i]);
}

/* Places are reused, which the upper half of the id tells. */
static uint32_t take_place(struct pass_fs *fs)
{
	if (fs->free_n)
		return fs->free[--fs->free_n];
	if (fs->node_n == fs->node_capacity) {
		size_t n =
			fs->node_capacity ? 2 * fs->node_capacity : BUCKETS_MIN;

		fs->nodes = (struct pass_node **)xreallocarray(
			(void *)fs->nodes, n, sizeof(*fs->nodes));
		fs->free = xreallocarray(fs->free, n, sizeof(*fs->free));
		fs->node_capacity = n;
	}
	return (uint32_t)fs->node_n++;
}

static struct pass_node *new_node(struct pass_fs *fs, const struct statx *st)
{
	struct pass_node *node = xcalloc(1, sizeof(*node));
	uint32_t place = take_place(fs);

	node->id = (uint64_t)fs->epoch++ << 32 | (place + UINT64_C(1));
	node->is = identity_of(st);
	node->fd = COW_FD_INIT;
	fs->nodes[place] = node;
	if (fs->node_n > fs->bucket_n)
		grow_buckets(fs);
	else
		link_bucket(fs, node);
	return node;
}

static void free_node(struct pass_fs *fs, struct pass_node *node)
{
	uint32_t place = (uint32_t)node->id - 1;

	unlink_bucket(fs, node);
	pass_unpin(fs, node);
	cow_fds_drop(&fs->fds, &node->fd);
	for (size_t i = 0; i < node->link_n; i++)
		free(node->links[i].name);
	free(node);
	fs->nodes[place] = NULL;
	fs->free[fs->free_n++] = place;
}

void pass_nodes_init(struct pass_fs *fs, const struct statx *root)
{
	grow_buckets(fs);
	fs->root = new_node(fs, root);
	fs->root->lookups = 1;
	assert(fs->root->id == FUSE_ROOT_ID);
}

void pass_nodes_reset(struct pass_fs *fs)
{
	for (size_t i = 0; i < fs->node_n; i++)
		if (fs->nodes[i] && fs->nodes[i] != fs->root)
			free_node(fs, fs->nodes[i]);
}

void pass_nodes_release(struct pass_fs *fs)
{
	if (fs->root) {
		pass_nodes_reset(fs);
		free_node(fs, fs->root);
	}
	free((void *)fs->nodes);
	free(fs->free);
	free((void *)fs->buckets);
}

int pass_find(const struct pass_fs *fs, uint64_t id, struct pass_node **out)
{
	/* 0 wraps around to what is too large. */
	uint32_t place = (uint32_t)id - 1;

	if (place >= fs->node_n || !fs->nodes[place] ||
	    fs->nodes[place]->id != id || !fs->nodes[place]->lookups)
		return -ESTALE;
	*out = fs->nodes[place];
	return 0;
}

int pass_find_dir(const struct pass_fs *fs, uint64_t id, struct pass_node **out)
{
	int r = pass_find(fs, id, out);

	if (r < 0)
		return r;
	return S_ISDIR((*out)->is.type) ? 0 : -ENOTDIR;
}

int pass_find_file(const struct pass_fs *fs, uint64_t id,
		   struct pass_node **out)
{
	int r = pass_find(fs, id, out);

	if (r < 0)
		return r;
	if (S_ISDIR((*out)->is.type))
		return -EISDIR;
	return S_ISREG((*out)->is.type) ? 0 : -EINVAL;
}

int pass_remember(struct pass_fs *fs, const struct statx *st, int fd,
		  unsigned int access, struct pass_node **out)
{
	struct pass_node *node = pass_known(fs, st);
	auto_close int taken = fd;

	if (!node) {
		if (fs->node_n - fs->free_n >= NODES_MAX)
			return -ENFILE;
		node = new_node(fs, st);
	}
	if (node->fd.fd < 0 || (!node->pinned && access > node->access)) {
		cow_fds_put(&fs->fds, &node->fd, fd_take(&taken));
		node->access = access;
	}
	/* It has just been seen in the share. */
	node->fd.opened_ns = clock_now_ns();
	*out = node;
	return 0;
}

static struct pass_link *find_link(struct pass_node *node, uint64_t dir,
				   const char *name)
{
	for (size_t i = 0; i < node->link_n; i++)
		if (node->links[i].dir == dir &&
		    !strcmp(node->links[i].name, name))
			return &node->links[i];
	return NULL;
}

static void remove_link(struct pass_node *node, struct pass_link *link)
{
	size_t rest = (size_t)(node->links + node->link_n - (link + 1));

	free(link->name);
	memmove(link, link + 1, rest * sizeof(*link));
	node->link_n--;
}

void pass_link_drop(struct pass_node *node, uint64_t dir, const char *name)
{
	struct pass_link *link = find_link(node, dir, name);

	if (link)
		remove_link(node, link);
}

void pass_link_add(struct pass_node *node, uint64_t dir, const char *name)
{
	/* A directory has one name. */
	size_t max = S_ISDIR(node->is.type) ? 1 : PASS_LINKS_MAX;

	if (find_link(node, dir, name))
		return;
	if (node->link_n == max)
		remove_link(node, &node->links[0]);
	node->links[node->link_n++] = (struct pass_link){
		.dir = dir,
		.name = xstrdup(name),
	};
}

void pass_entry(const struct pass_fs *fs, struct pass_node *node,
		const struct statx *st, struct fuse_entry_out *out)
{
	*out = (struct fuse_entry_out){
		.nodeid = node->id,
		.entry_valid = VALID_S,
		.attr_valid = VALID_S,
	};
	pass_fuse_attr(fs, st, &out->attr);
	node->lookups++;
}

void pass_settle(struct pass_fs *fs, struct pass_node *node)
{
	if (!node->lookups && !node->locked)
		free_node(fs, node);
}

void pass_pin(struct pass_fs *fs, struct pass_node *node)
{
	if (node->pinned || node->fd.fd < 0 ||
	    fs->pins >= fs->fds.max / PINS_SHARE)
		return;
	node->pinned = true;
	node->fd.busy = true;
	fs->pins++;
}

void pass_unpin(struct pass_fs *fs, struct pass_node *node)
{
	if (!node->pinned)
		return;
	node->pinned = false;
	node->fd.busy = false;
	fs->pins--;
}

void pass_lock(struct pass_fs *fs, struct pass_node *node, bool locked)
{
	if (locked) {
		pass_pin(fs, node);
		node->locked = node->pinned;
	} else if (node->locked) {
		node->locked = false;
		pass_unpin(fs, node);
	}
}

int pass_look(struct pass_fs *fs, struct pass_node *dir, const char *name,
	      struct fuse_entry_out *out)
{
	int dirfd = pass_fd(fs, dir), r;
	auto_close int fd = -1;
	struct pass_node *node;
	struct statx st;

	if (dirfd < 0)
		return dirfd;
	fd = fs_open_beneath(&fs->fds, dirfd, name, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return fs_open_is_absent(fd) ? -ENOENT : fd;
	r = pass_stat(fd, &st);
	if (r < 0)
		return r;
	if (S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode))
		return -ENOENT;
	r = pass_remember(fs, &st, fd_take(&fd), PASS_PATH, &node);
	if (r < 0)
		return r;
	if (node != fs->root)
		pass_link_add(node, dir->id, name);
	pass_entry(fs, node, &st, out);
	return 0;
}

int pass_lookup(struct fs *base, uint64_t id, const char *name,
		struct fuse_entry_out *out)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *dir;
	int r = pass_find_dir(fs, id, &dir);

	if (!r)
		r = pass_look(fs, dir, name, out);
	if (r != -ENOENT)
		return r;
	/* The user may make it at any time: not to be remembered. */
	*out = (struct fuse_entry_out){ .nodeid = 0 };
	return 0;
}

void pass_forget(struct fs *base, uint64_t id, uint64_t lookups)
{
	struct pass_fs *fs = pass_fs_of(base);
	struct pass_node *node;

	if (pass_find(fs, id, &node) < 0 || node == fs->root)
		return;
	node->lookups -= lookups < node->lookups ? lookups : node->lookups;
	pass_settle(fs, node);
}
