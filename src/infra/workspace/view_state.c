// SPDX-License-Identifier: Apache-2.0
/*
 * view_state.c - look into the directory of a lazy view.
 */
#include "infra/workspace/view_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/workspace/overlay.h"
#include "domain/workspace/overlay_store.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"
#include "infra/sys/walk.h"

/* Longer ones count as changes: a start does not wait for a replay. */
#define RECORDS_LOOKED_AT_MAX ((size_t)1024 * 1024) /* bytes */
#define BLOCK		      UINT64_C(512)	    /* of st_blocks, bytes */

int view_state_note(const char *path, const struct session_note *n,
		    struct err *err)
{
	auto_free char *name = xasprintf("%s/" SESSION_NOTE_FILE, path);
	auto_buf struct buf text = BUF_INIT(SESSION_NOTE_MAX);

	if (session_note_write(n, &text, err) < 0)
		return err_wrap(err, "describe the session");
	return fs_replace_file(name, text.data, text.len, 0600, err);
}

int view_state_read_note(const char *path, struct session_note *out,
			 struct err *err)
{
	auto_free char *name = xasprintf("%s/" SESSION_NOTE_FILE, path);
	auto_buf struct buf text = BUF_INIT(SESSION_NOTE_MAX);

	if (fs_read_file(name, &text, err) < 0)
		return -1;
	return session_note_parse(buf_span(&text), out, err);
}

bool view_state_is_noted(const char *path)
{
	auto_free char *name = xasprintf("%s/" SESSION_NOTE_FILE, path);
	struct stat st;

	return !lstat(name, &st);
}

static void free_overlay(struct overlay **o)
{
	overlay_free(*o);
}

static bool dir_differs(struct overlay *o, const struct overlay_node *dir,
			const char *path);

static bool name_differs(struct overlay *o, const struct overlay_child *child,
			 const char *path)
{
	const struct overlay_node *node = child->node;
	const struct overlay_origin *origin = overlay_origin(o, path);
	const char *from;

	/* What came and went was never the user's. */
	if (!node)
		return origin != NULL;
	if (!node->pinned)
		return false;
	from = overlay_came_from(node);
	if (node->kind != OVERLAY_DIR || !node->lower || !from ||
	    strcmp(from, path) != 0)
		return true;
	if (origin && origin->mode != node->attr.mode)
		return true;
	return dir_differs(o, node, path);
}

/* The overlay bounds the depth, and with it this recursion. */
static bool dir_differs(struct overlay *o, const struct overlay_node *dir,
			const char *path)
{
	struct overlay_child child;
	size_t at = 0;

	while (overlay_next_child(dir, &at, &child)) {
		auto_free char *name = xmemdup0(child.name.p, child.name.len);
		auto_free char *below =
			*path ? xasprintf("%s/%s", path, name) : xstrdup(name);

		if (name_differs(o, &child, below))
			return true;
	}
	return false;
}

static bool records_differ(struct span records)
{
	const struct overlay_config config = { .sink = NULL };
	const struct overlay_attr attr = { .mode = 0755 };
	const struct file_identity identity = FILE_IDENTITY_UNKNOWN;
	cleanup_with(free_overlay) struct overlay *o =
		overlay_new(&config, &attr, &identity);

	/* Damaged: there was something. */
	if (overlay_replay(o, &records) < 0)
		return true;
	return dir_differs(o, overlay_root(o), "");
}

bool view_state_has_changes(const char *path)
{
	auto_free char *name = xasprintf("%s/" OVERLAY_RECORDS_FILE, path);
	auto_buf struct buf text = BUF_INIT(RECORDS_LOOKED_AT_MAX);
	struct err err = ERR_INIT;

	if (fs_read_file(name, &text, &err) < 0)
		return err.kind != ERR_NOT_FOUND;
	return text.len && records_differ(buf_span(&text));
}

struct sum {
	struct walk walk;
	uint64_t bytes;
};

static int sum_visit(struct walk *w, const struct walk_entry *e,
		     struct err *err unused)
{
	struct sum *sum = container_of(w, struct sum, walk);

	if (!e->st)
		return WALK_PASS;
	sum->bytes += (uint64_t)e->st->st_blocks * BLOCK;
	return S_ISDIR(e->st->st_mode) ? WALK_ENTER : WALK_PASS;
}

static int sum_unreadable(struct walk *w unused,
			  const struct walk_entry *e unused,
			  const struct err *why unused, struct err *err unused)
{
	return 0;
}

uint64_t view_state_size(const char *path)
{
	static const struct walk_ops ops = {
		.visit = sum_visit,
		.unreadable = sum_unreadable,
	};
	struct sum sum = { .walk = WALK_INIT(&ops) };
	auto_close int fd = fd_open_dir(path, ERR_IGNORE);

	/* As far as it can be read. */
	if (fd >= 0)
		discard(walk_tree(&sum.walk, fd, ERR_IGNORE));
	return sum.bytes;
}
