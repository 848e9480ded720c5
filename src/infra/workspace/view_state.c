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
#include "infra/sys/hash.h"
#include "infra/sys/walk.h"

/* Longer ones count as changes: a start does not wait for a replay. */
#define RECORDS_LOOKED_AT_MAX ((size_t)1024 * 1024) /* bytes */
/* The same for contents; what was larger at first has no hash anyway. */
#define CONTENT_LOOKED_AT_MAX ((off_t)1024 * 1024) /* bytes */
#define BLOCK		      UINT64_C(512)	   /* of st_blocks, bytes */

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

struct state {
	struct overlay *overlay;
	int dirfd; /* the session directory */
};

static void free_overlay(struct overlay **o)
{
	overlay_free(*o);
}

/* Of a small content; false when it cannot be had. */
static bool hash_slot(int dirfd, uint64_t id, char out[SHA256_HEX_SIZE])
{
	auto_close int fd =
		fd_open_no_symlinks(dirfd, OVERLAY_SLOTS_FILE,
				    O_RDONLY | O_NONBLOCK, 0, ERR_IGNORE);
	uint8_t header[OVERLAY_SLOT_HEADER], content[OVERLAY_SLOT_MAX];
	struct overlay_slot slot;
	off_t at;

	if (fd < 0 || id > OVERLAY_SLOT_ID_MAX)
		return false;
	at = (off_t)overlay_slot_offset(id);
	if (pread(fd, header, sizeof(header), at) != (ssize_t)sizeof(header) ||
	    !overlay_slot_decode(header, id, &slot) ||
	    pread(fd, content, slot.size, at + OVERLAY_SLOT_HEADER) !=
		    (ssize_t)slot.size)
		return false;
	hash_sha256(content, slot.size, out);
	return true;
}

static bool hash_content(int dirfd, uint64_t id, char out[SHA256_HEX_SIZE])
{
	char name[OVERLAY_OBJECT_NAME_SIZE];
	auto_free char *path = NULL;
	auto_close int fd = -1;
	struct err err = ERR_INIT;
	struct stat st;

	overlay_object_name(id, name);
	path = xasprintf(OVERLAY_OBJECTS_DIR "/%s", name);
	fd = fd_open_no_symlinks(dirfd, path, O_RDONLY | O_NONBLOCK, 0, &err);
	if (fd < 0)
		return err.kind == ERR_NOT_FOUND && hash_slot(dirfd, id, out);
	return fstat(fd, &st) == 0 && st.st_size <= CONTENT_LOOKED_AT_MAX &&
	       hash_sha256_fd(fd, out, ERR_IGNORE) == 0;
}

/* Did the guest put back what there was, or never change it? A configuration
 * of git is the guest's own as soon as it was looked at. */
static bool is_as_it_was(const struct state *s, const struct overlay_node *node,
			 const struct overlay_origin *origin, const char *path)
{
	const char *from = overlay_came_from(node);
	char hex[SHA256_HEX_SIZE];

	return node->kind == OVERLAY_FILE && node->own && from &&
	       !strcmp(from, path) && origin && origin->has_hash &&
	       !((origin->mode ^ node->attr.mode) & S_IXUSR) &&
	       hash_content(s->dirfd, node->id, hex) &&
	       overlay_hash_is(origin->hash, hex);
}

static bool dir_differs(const struct state *s, const struct overlay_node *dir,
			const char *path);

static bool name_differs(const struct state *s,
			 const struct overlay_child *child, const char *path)
{
	const struct overlay_node *node = child->node;
	const struct overlay_origin *origin = overlay_origin(s->overlay, path);
	const char *from;

	/* What came and went was never the user's. */
	if (!node)
		return origin != NULL;
	if (!node->pinned)
		return false;
	if (is_as_it_was(s, node, origin, path))
		return false;
	from = overlay_came_from(node);
	if (node->kind != OVERLAY_DIR || !node->lower || !from ||
	    strcmp(from, path) != 0)
		return true;
	if (origin && origin->mode != node->attr.mode)
		return true;
	return dir_differs(s, node, path);
}

/* The overlay bounds the depth, and with it this recursion. */
static bool dir_differs(const struct state *s, const struct overlay_node *dir,
			const char *path)
{
	struct overlay_child child;
	size_t at = 0;

	while (overlay_next_child(dir, &at, &child)) {
		auto_free char *name = xmemdup0(child.name.p, child.name.len);
		auto_free char *below =
			*path ? xasprintf("%s/%s", path, name) : xstrdup(name);

		if (name_differs(s, &child, below))
			return true;
	}
	return false;
}

static bool records_differ(int dirfd, struct span records)
{
	const struct overlay_config config = { .sink = NULL };
	const struct overlay_attr attr = { .mode = 0755 };
	const struct file_identity identity = FILE_IDENTITY_UNKNOWN;
	cleanup_with(free_overlay) struct overlay *o =
		overlay_new(&config, &attr, &identity);

	/* Damaged: there was something. */
	if (overlay_replay(o, &records) < 0)
		return true;
	return dir_differs(&(struct state){ .overlay = o, .dirfd = dirfd },
			   overlay_root(o), "");
}

bool view_state_has_changes(const char *path)
{
	auto_free char *name = xasprintf("%s/" OVERLAY_RECORDS_FILE, path);
	auto_buf struct buf text = BUF_INIT(RECORDS_LOOKED_AT_MAX);
	auto_close int dirfd = -1;
	struct err err = ERR_INIT;

	if (fs_read_file(name, &text, &err) < 0)
		return err.kind != ERR_NOT_FOUND;
	if (!text.len)
		return false;
	dirfd = fd_open_dir(path, ERR_IGNORE);
	return dirfd < 0 || records_differ(dirfd, buf_span(&text));
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
	/* An object has two names here once the changes were looked at. */
	sum->bytes += (uint64_t)e->st->st_blocks * BLOCK /
		      (S_ISDIR(e->st->st_mode) ? 1 : e->st->st_nlink);
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
