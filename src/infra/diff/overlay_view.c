// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_view.c - go through what a copy-on-write view holds.
 *
 * Theory of operation
 *
 * The overlay holds the names that the guest touched; everything else is the
 * user's and no change. There is one exception: a directory of the user that
 * the guest renamed. What the overlay does not hold of it shows through under
 * the new name, and is gone under the old one. Only such directories are
 * walked. (A directory that the guest removed was empty in its view, so all
 * that had been in it was touched. A file that the user made there since is
 * unknown to the overlay, and is none of the guest's business.)
 */
#include "infra/diff/overlay_view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "domain/workspace/overlay_store.h"
#include "infra/diff/compare.h"
#include "infra/diff/overlay_differ.h"
#include "infra/sys/fd.h"
#include "infra/sys/walk.h"

#define MODE_BITS 07777u

/* A walk through a directory of the user that shows elsewhere. */
struct shown {
	struct walk walk;
	struct overlay_view *view;
	struct overlay_node *dir;
	const char *path; /* of @dir in the view */
};

static char *join(const char *dir, struct span name)
{
	return xasprintf("%s%s%.*s", dir, *dir ? "/" : "", (int)name.len,
			 (const char *)name.p);
}

static bool is_excluded(const struct overlay_view *v, const char *path,
			enum change_type type)
{
	bool is_dir = type == CHANGE_DIR;

	if (!v->exclude)
		return false;
	/* A link in the place of a directory redirects what is in it. */
	return exclude_matches(v->exclude, path, is_dir) ||
	       (type == CHANGE_SYMLINK &&
		exclude_is_security(v->exclude, path, /* is_dir */ true));
}

char *overlay_view_excluded(const struct overlay_view *v, const char *path,
			    enum change_type type)
{
	auto_free char *copy = xstrdup(path);

	for (char *p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (is_excluded(v, copy, CHANGE_DIR))
			return take_ptr(copy);
		*p = '/';
	}
	return is_excluded(v, path, type) ? take_ptr(copy) : NULL;
}

/* What cannot be brought back must not be lost where it was before. */
static void stays(struct overlay_view *v, const char *path, const char *from,
		  const char *why)
{
	notices_add(v->notices, path, "%s, not brought back", why);
	if (from && *from && strcmp(from, path))
		strv_add(&v->kept, from);
}

static int add_found(struct overlay_view *v, struct change *change,
		     struct err *err)
{
	if (v->found.n >= DIFF_CHANGES_MAX) {
		change_release(change);
		return err_set(err, ERR_LIMIT, "more than %zu changes",
			       DIFF_CHANGES_MAX);
	}
	change_list_add(&v->found, change);
	return 0;
}

static char *came_from(const char *from, const char *path)
{
	return from && *from && strcmp(from, path) ? xstrdup(from) : NULL;
}

static bool is_too_large(struct overlay_view *v, const struct stat *st,
			 const char *path, const char *from)
{
	if ((uint64_t)st->st_size <= DIFF_FILE_MAX)
		return false;
	stays(v, path, from, "is larger than 16 GiB");
	return true;
}
static_assert(DIFF_FILE_MAX == UINT64_C(16) << 30, "the message says 16 GiB");

/* Fills content and hash from @source; false when there is none to be had. */
static bool fill_content(struct overlay_view *v, const char *path,
			 const char *from, const char *source,
			 enum change_root root, struct change *change)
{
	int dirfd = root == CHANGE_FROM_SESSION ? v->session : v->original;
	auto_sight struct sight sight = { .state = SIGHT_UNKNOWN };
	struct err why = ERR_INIT;
	struct stat st;

	sight_look(dirfd, source, &sight);
	if (sight.state == SIGHT_THERE &&
	    is_too_large(v, &sight.st, path, from))
		return false;
	if (compare_hash(dirfd, source, change->hash, &st, &why) < 0) {
		auto_free char *text =
			xasprintf("cannot be read (%s)", why.msg);

		stays(v, path, from, text);
		return false;
	}
	change->type = CHANGE_FILE;
	change->path = xstrdup(path);
	change->size = (uint64_t)st.st_size;
	change->source = xstrdup(source);
	change->source_root = root;
	return true;
}

/* Has the guest only touched the user's file, without changing it? */
static bool is_as_it_was(const struct overlay_view *v,
			 const struct overlay_node *node, const char *path)
{
	auto_sight struct sight now = { .state = SIGHT_UNKNOWN };
	const struct overlay_origin *origin = overlay_origin(v->overlay, path);

	if (node->own || !node->lower || strcmp(node->lower, path))
		return false;
	if (origin)
		return compare_is_executable(origin->mode) ==
		       compare_is_executable(node->attr.mode);
	sight_look(v->original, path, &now);
	return now.state != SIGHT_THERE ||
	       compare_is_executable(now.st.st_mode) ==
		       compare_is_executable(node->attr.mode);
}

static int scan_file(struct overlay_view *v, const struct overlay_node *node,
		     const char *path, struct err *err)
{
	auto_free char *object = NULL;
	const char *from = overlay_came_from(node);
	bool own = node->own || !node->lower;
	struct change change = { .mode = node->attr.mode & MODE_BITS };

	if (is_as_it_was(v, node, path))
		return 0;
	object = overlay_content_path(node->id);
	if (!fill_content(v, path, from, own ? object : node->lower,
			  own ? CHANGE_FROM_SESSION : CHANGE_FROM_ORIGINAL,
			  &change))
		return 0;
	change.renamed_from = came_from(from, path);
	return add_found(v, &change, err);
}

/* Of the guest's or of the user's making. */
static int add_symlink(struct overlay_view *v, const char *path,
		       const char *target, const char *from, struct err *err)
{
	struct change change = { .type = CHANGE_SYMLINK };

	if (!change_link_stays_inside(path, target)) {
		stays(v, path, from,
		      "is a symlink that leads out of the workspace or may "
		      "do so");
		return 0;
	}
	change.path = xstrdup(path);
	change.target = xstrdup(target);
	change.renamed_from = came_from(from, path);
	return add_found(v, &change, err);
}

static int scan_symlink(struct overlay_view *v, const struct overlay_node *node,
			const char *path, struct err *err)
{
	/* The user's own, as it was, wherever it leads. */
	if (!node->own && node->lower && !strcmp(node->lower, path))
		return 0;
	return add_symlink(v, path, node->target, overlay_came_from(node), err);
}

static int add_dir(struct overlay_view *v, const char *path, uint32_t mode,
		   struct err *err)
{
	struct change change = {
		.path = xstrdup(path),
		.type = CHANGE_DIR,
		.mode = mode & MODE_BITS,
	};

	return add_found(v, &change, err);
}

/* The user's object at @from is seen elsewhere by the guest. */
static void add_moved(struct overlay_view *v, const char *from,
		      const struct sight *sight, const char *hash)
{
	struct change change = {
		.path = xstrdup(from),
		.kind = CHANGE_DELETED,
		.type = sight->type,
	};

	compare_base_now(sight, &change);
	if (hash)
		memcpy(change.base_hash, hash, CHANGE_HASH_SIZE);
	change_list_add(&v->moved, &change);
}

static int on_shown_file(struct overlay_view *v, const char *path,
			 const char *from, const struct sight *sight,
			 struct err *err)
{
	struct change change = { .mode = sight->st.st_mode & MODE_BITS };

	if (!fill_content(v, path, from, from, CHANGE_FROM_ORIGINAL, &change))
		return 0;
	change.renamed_from = xstrdup(from);
	add_moved(v, from, sight, change.hash);
	return add_found(v, &change, err);
}

static int on_shown_link(struct overlay_view *v, const char *path,
			 const char *from, const struct sight *sight,
			 struct err *err)
{
	size_t n = v->found.n;

	if (add_symlink(v, path, sight->target, from, err) < 0)
		return -1;
	if (v->found.n > n)
		add_moved(v, from, sight, /* hash */ NULL);
	return 0;
}

static int on_shown(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct shown *s = container_of(w, struct shown, walk);
	struct overlay_view *v = s->view;
	auto_sight struct sight sight = { .state = SIGHT_UNKNOWN };
	auto_free char *path = join(s->path, SPAN_STR(e->path));
	auto_free char *from = join(s->dir->lower, SPAN_STR(e->path));
	struct overlay_node *node;

	/* What the overlay holds is scanned with the overlay. */
	if (e->depth == 1 &&
	    overlay_lookup(v->overlay, s->dir, SPAN_STR(e->name), &node) !=
		    OVERLAY_NAME_UNKNOWN)
		return WALK_PASS;
	sight_look(e->dirfd, e->name, &sight);
	/* The guest never saw the one, and the other is left alone. */
	if (sight.state != SIGHT_THERE || is_excluded(v, from, sight.type) ||
	    is_excluded(v, path, sight.type))
		return WALK_PASS;
	strv_add(&v->seen, path);
	switch (sight.type) {
	case CHANGE_FILE:
		return on_shown_file(v, path, from, &sight, err);
	case CHANGE_SYMLINK:
		return on_shown_link(v, path, from, &sight, err);
	case CHANGE_DIR:
		add_moved(v, from, &sight, /* hash */ NULL);
		if (add_dir(v, path, sight.st.st_mode, err) < 0)
			return -1;
		return WALK_ENTER;
	case CHANGE_TYPE_COUNT:
		break;
	}
	assert(false);
	return WALK_PASS;
}

static int on_unreadable(struct walk *w, const struct walk_entry *e,
			 const struct err *why, struct err *err unused)
{
	struct shown *s = container_of(w, struct shown, walk);
	auto_free char *path = join(s->path, SPAN_STR(e->path));
	auto_free char *from = join(s->dir->lower, SPAN_STR(e->path));
	auto_free char *text = xasprintf("cannot be read (%s)", why->msg);

	stays(s->view, path, from, text);
	return 0;
}

static const struct walk_ops shown_ops = {
	.visit = on_shown,
	.unreadable = on_unreadable,
};

/* What the user has in a directory that the guest moved to @path. */
static int show_through(struct overlay_view *v, struct overlay_node *dir,
			const char *path, struct err *err)
{
	const char *lower = *dir->lower ? dir->lower : ".";
	struct err why = ERR_INIT;
	auto_close int fd = fd_open_no_symlinks(
		v->original, lower, O_RDONLY | O_DIRECTORY, 0, &why);
	/* Large, and this is called from a recursion. */
	auto_free struct shown *s = xcalloc(1, sizeof(*s));

	if (fd < 0) {
		/* The user took it away: there is nothing to move. */
		if (why.kind != ERR_NOT_FOUND)
			stays(v, path, dir->lower, "cannot be read");
		return 0;
	}
	s->walk = WALK_INIT(&shown_ops);
	s->view = v;
	s->dir = dir;
	s->path = path;
	return walk_tree(&s->walk, fd, err);
}

/* Is the content that was put there for the guest still the same? */
static bool is_as_shown(const struct overlay_view *v,
			const struct overlay_node *node, const char *path)
{
	const struct overlay_origin *origin = overlay_origin(v->overlay, path);
	const char *from = overlay_came_from(node);
	auto_free char *object = overlay_content_path(node->id);
	char hash[SHA256_HEX_SIZE];
	struct stat st;

	if (node->kind != OVERLAY_FILE || !node->own || !from ||
	    strcmp(from, path) != 0 || !origin || !origin->has_hash ||
	    compare_hash(v->session, object, hash, &st, ERR_IGNORE) < 0)
		return false;
	return overlay_hash_is(origin->hash, hash);
}

/* Did the guest make it, or change it, or anything in it? */
static bool is_made(const struct overlay_view *v,
		    const struct overlay_node *node, const char *path)
{
	bool users = node->lower && !strcmp(node->lower, path);
	struct overlay_child child;
	size_t at = 0;

	if (node->kind != OVERLAY_DIR || !users)
		return (node->own || !users) && !is_as_shown(v, node, path);
	while (overlay_next_child(node, &at, &child)) {
		auto_free char *name = join(path, child.name);

		if (!child.node || is_made(v, child.node, name))
			return true;
	}
	return false;
}

static const enum change_type types[OVERLAY_KIND_COUNT] = {
	[OVERLAY_FILE] = CHANGE_FILE,	    [OVERLAY_DIR] = CHANGE_DIR,
	[OVERLAY_SYMLINK] = CHANGE_SYMLINK, [OVERLAY_FIFO] = CHANGE_FILE,
	[OVERLAY_SOCKET] = CHANGE_FILE,
};

static int scan_dir(struct overlay_view *v, struct overlay_node *dir,
		    const char *path, struct err *err);

static int scan_node(struct overlay_view *v, struct overlay_node *node,
		     const char *path, struct err *err)
{
	bool users = node->lower && !strcmp(node->lower, path);

	strv_add(&v->seen, path);
	if (v->git_is_ours && !strcmp(path, ".git"))
		return 0;
	if (is_excluded(v, path, types[node->kind])) {
		if (is_made(v, node, path)) {
			const char *from = overlay_came_from(node);

			strv_add(&v->excluded, path);
			if (from && *from && strcmp(from, path))
				strv_add(&v->kept, from);
		}
		return 0;
	}
	switch (node->kind) {
	case OVERLAY_FILE:
		return scan_file(v, node, path, err);
	case OVERLAY_SYMLINK:
		return scan_symlink(v, node, path, err);
	case OVERLAY_DIR:
		if (!users && add_dir(v, path, node->attr.mode, err) < 0)
			return -1;
		return scan_dir(v, node, path, err);
	case OVERLAY_FIFO:
	case OVERLAY_SOCKET:
		stays(v, path, overlay_came_from(node),
		      "is neither a file nor a symlink");
		return 0;
	case OVERLAY_KIND_COUNT:
		break;
	}
	assert(false);
	return 0;
}

static int scan_dir(struct overlay_view *v, struct overlay_node *dir,
		    const char *path, struct err *err)
{
	struct overlay_child child;
	size_t at = 0;

	while (overlay_next_child(dir, &at, &child)) {
		auto_free char *name = NULL;

		if (!child.node)
			continue;
		name = join(path, child.name);
		if (scan_node(v, child.node, name, err) < 0)
			return -1;
	}
	if (dir->lower && strcmp(dir->lower, path))
		return show_through(v, dir, path, err);
	return 0;
}

int overlay_view_scan(struct overlay_view *v, struct err *err)
{
	if (scan_dir(v, overlay_root(v->overlay), "", err) < 0)
		return -1;
	change_list_sort(&v->found);
	change_list_sort(&v->moved);
	strv_sort(&v->seen);
	strv_sort(&v->kept);
	strv_sort(&v->excluded);
	return 0;
}

void overlay_view_release(struct overlay_view *v)
{
	change_list_release(&v->found);
	change_list_release(&v->moved);
	strv_release(&v->seen);
	strv_release(&v->kept);
	strv_release(&v->excluded);
}

bool overlay_view_has(const struct overlay_view *v, const char *path)
{
	struct overlay_node *node = overlay_root(v->overlay), *child;
	struct span rest = SPAN_STR(path), name;
	size_t len = 0; /* of the path of @node */

	while (span_take_until(&rest, '/', &name)) {
		if (node->kind != OVERLAY_DIR)
			return false;
		switch (overlay_lookup(v->overlay, node, name, &child)) {
		case OVERLAY_NAME_GONE:
			return false;
		case OVERLAY_NAME_UNKNOWN:
			return strlen(node->lower) == len &&
			       !memcmp(node->lower, path, len);
		case OVERLAY_NAME_THERE:
			break;
		}
		node = child;
		len = (size_t)((const char *)name.p - path) + name.len;
	}
	return true;
}
