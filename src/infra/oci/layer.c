// SPDX-License-Identifier: Apache-2.0
/*
 * layer.c - one layer of an image: entries in, a squashfs file out.
 *
 * Theory of operation
 *
 * A layer is converted on its own and shared by all images that name its diff
 * id, so nothing in here knows the layers below. Whiteouts therefore become
 * what overlayfs understands: a device 0:0, or an opaque directory. A
 * directory that a layer uses without describing it is 0755 root:root in that
 * layer, also where a lower layer has it with another mode; builders describe
 * the directories they use.
 */
#include "infra/oci/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/oci/layer_path.h"
#include "infra/oci/squash.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"

#define DIGEST_PREFIX "sha256:"

const struct layer_limits layer_limits_default = {
	.entries = 1000000,
	.bytes = UINT64_C(30) * 1024 * 1024 * 1024,
};

struct layer {
	const char *dir; /* borrowed */
	struct log *log; /* borrowed */
	struct layer_limits limits;
	char *temp_path; /* owned; NULL once there is no such file */
	int fd;
	struct squash *squash;
	struct tree *tree;
	struct hash *hash;
	uint64_t hashed;    /* bytes */
	size_t entry_count; /* skipped ones included */
	uint64_t file_left; /* bytes that the open file still lacks */
	bool file_open;
};

static int open_temp(struct layer *l, struct err *err)
{
	auto_free char *path =
		xasprintf("%s/" LAYER_TEMP_PREFIX "XXXXXX", l->dir);

	l->fd = mkostemp(path, O_CLOEXEC);
	if (l->fd < 0)
		return err_sys(err, errno, "create '%s'", path);
	l->temp_path = take_ptr(path);
	return 0;
}

int layer_begin(const char *dir, const struct layer_limits *limits,
		struct log *log, struct layer **out, struct err *err)
{
	auto_layer struct layer *l = xcalloc(1, sizeof(*l));

	l->dir = dir;
	l->log = log;
	l->limits = *limits;
	l->fd = -1;
	l->hash = hash_new(HASH_SHA256);
	/* As many parents may be implied as entries are given. */
	l->tree = tree_new(2 * limits->entries);
	if (open_temp(l, err) < 0 || squash_new(l->fd, &l->squash, err) < 0)
		return -1;
	*out = take_ptr(l);
	return 0;
}

void layer_free(struct layer *l)
{
	if (!l)
		return;
	squash_free(l->squash);
	tree_free(l->tree);
	hash_free(l->hash);
	fd_close(&l->fd);
	/* If it stays, the next build removes it. */
	if (l->temp_path)
		unlink(l->temp_path);
	free(l->temp_path);
	free(l);
}

int layer_hash(struct layer *l, const void *p, size_t len, struct err *err)
{
	if (len > l->limits.bytes - l->hashed)
		return err_set(err, ERR_LIMIT,
			       "layer exceeds maximum of %llu bytes",
			       (unsigned long long)l->limits.bytes);
	hash_add(l->hash, p, len);
	l->hashed += len;
	return 0;
}

uint64_t layer_hashed(const struct layer *l)
{
	return l->hashed;
}

/* Replaces the last component of @path by @name. */
static void set_leaf(struct layer_path *path, const char *name)
{
	char *leaf = path->text + (layer_path_leaf(path->text) - path->text);

	/* @name is the tail of the component it replaces: it fits. */
	memmove(leaf, name, strlen(name) + 1);
}

static void drop_leaf(struct layer_path *path)
{
	char *slash = strrchr(path->text, '/');

	*(slash ? slash : path->text) = '\0';
}

static int add_whiteout(struct layer *l, enum layer_whiteout kind,
			struct layer_path *path, const char *name,
			struct err *err)
{
	if (kind == LAYER_OPAQUE) {
		drop_leaf(path);
		return tree_set_opaque(l->tree, path->text, err);
	}
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, ERR_INVALID, "whiteout '%s' names nothing",
			       path->text);
	set_leaf(path, name);
	return tree_add_whiteout(l->tree, path->text, err);
}

static int add_file(struct layer *l, const struct layer_entry *e,
		    const struct layer_path *path, struct err *err)
{
	struct tree_inode *inode;

	if (tree_add_file(l->tree, path->text, &e->meta, &inode, err) < 0 ||
	    squash_file_begin(l->squash, &inode->file, err) < 0)
		return -1;
	l->file_left = e->size;
	l->file_open = true;
	return 0;
}

static int add_hardlink(struct layer *l, const struct layer_entry *e,
			const struct layer_path *path, struct err *err)
{
	struct layer_path source;

	if (layer_path_clean(e->target, &source, err) < 0)
		return -1;
	if (source.escapes || !source.depth)
		return err_set(err, ERR_INVALID,
			       "hard link '%s' leads outside the root "
			       "('%.128s')",
			       path->text, e->target);
	return tree_add_link(l->tree, path->text, source.text, err);
}

static int add_node(struct layer *l, const struct layer_entry *e,
		    const struct layer_path *path, struct err *err)
{
	if (!path->depth && e->kind != LAYER_DIR)
		return err_set(err, ERR_INVALID,
			       "'%.128s' would replace the root directory",
			       e->path);
	switch (e->kind) {
	case LAYER_SKIPPED:
		return 0;
	case LAYER_DIR:
		return tree_add_dir(l->tree, path->text, &e->meta, err);
	case LAYER_FILE:
		return add_file(l, e, path, err);
	case LAYER_SYMLINK:
		if (layer_path_check_target(path, e->target, err) < 0)
			return -1;
		return tree_add_symlink(l->tree, path->text, e->target,
					&e->meta, err);
	case LAYER_HARDLINK:
		return add_hardlink(l, e, path, err);
	}
	return 0;
}

static int add(struct layer *l, const struct layer_entry *e, struct err *err)
{
	struct layer_path path;
	const char *name = NULL;
	enum layer_whiteout whiteout =
		layer_path_whiteout(layer_path_leaf(e->path), &name);

	if (e->kind == LAYER_SKIPPED) {
		log_debug(l->log, "layer: '%s' skipped for its type", e->path);
		return 0;
	}
	if (layer_path_clean(e->path, &path, err) < 0)
		return -1;
	if (path.escapes && whiteout)
		return err_set(err, ERR_INVALID,
			       "whiteout '%.128s': path traversal", e->path);
	if (path.escapes) {
		log_warn(l->log, "layer: '%s' leads outside the root, skipped",
			 e->path);
		return 0;
	}
	if (whiteout)
		return add_whiteout(l, whiteout, &path, name, err);
	return add_node(l, e, &path, err);
}

int layer_add(struct layer *l, const struct layer_entry *entry, bool *is_open,
	      struct err *err)
{
	assert(!l->file_open);
	if (l->entry_count == l->limits.entries)
		return err_set(err, ERR_LIMIT,
			       "layer exceeds the maximum entry count of %zu",
			       l->limits.entries);
	l->entry_count++;
	if (add(l, entry, err) < 0)
		return -1;
	*is_open = l->file_open;
	return 0;
}

int layer_write(struct layer *l, const void *p, size_t len, struct err *err)
{
	assert(l->file_open);
	if (len > l->file_left)
		return err_set(err, ERR_INVALID,
			       "a file is larger than its entry says");
	l->file_left -= len;
	return squash_file_write(l->squash, p, len, err);
}

int layer_end_file(struct layer *l, struct err *err)
{
	assert(l->file_open);
	l->file_open = false;
	if (l->file_left)
		return err_set(err, ERR_INVALID,
			       "a file is smaller than its entry says");
	return squash_file_end(l->squash, err);
}

char *layer_file_path(const char *dir, const char *diff_id)
{
	/* The colon is not for file names: some tools split lists at it. */
	return xasprintf("%s/sha256-%s.squashfs", dir,
			 diff_id + strlen(DIGEST_PREFIX));
}

/* A rename is on disk when its directory is. */
static int sync_dir(const char *dir, struct err *err)
{
	auto_close int fd = fd_open_dir(dir, err);

	if (fd < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_sys(err, errno, "sync '%s'", dir);
	return 0;
}

static int rename_into_place(struct layer *l, const char *diff_id,
			     struct err *err)
{
	auto_free char *path = layer_file_path(l->dir, diff_id);

	if (fsync(l->fd) < 0)
		return err_sys(err, errno, "sync '%s'", l->temp_path);
	if (renameat2(AT_FDCWD, l->temp_path, AT_FDCWD, path,
		      RENAME_NOREPLACE) < 0) {
		/* The temporary one is removed with the layer. */
		if (errno == EEXIST)
			return 0;
		return err_sys(err, errno, "create '%s'", path);
	}
	free(take_ptr(l->temp_path));
	return sync_dir(l->dir, err);
}

int layer_publish(struct layer *l, const char *want_diff_id,
		  char diff_id[IMAGE_DIGEST_SIZE], struct err *err)
{
	auto_free char *hex = hash_hex(l->hash);
	char id[IMAGE_DIGEST_SIZE];

	assert(!l->file_open);
	/* "sha256:" and 64 digits fit by the definition of the size. */
	snprintf(id, sizeof(id), DIGEST_PREFIX "%s", hex);
	if (want_diff_id && strcmp(id, want_diff_id) != 0)
		return err_set(err, ERR_INTEGRITY,
			       "layer is '%s', expected '%s'", id,
			       want_diff_id);
	if (squash_finish(l->squash, l->tree, err) < 0 ||
	    rename_into_place(l, id, err) < 0)
		return err_wrap(err, "store layer");
	memcpy(diff_id, id, sizeof(id));
	return 0;
}
