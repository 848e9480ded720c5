// SPDX-License-Identifier: Apache-2.0
/*
 * unpack.c - put all contents of a lazy view into files.
 *
 * An object gets one more name; only slots are copied.
 */
#include "infra/diff/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/workspace/overlay_store.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define DIR_MODE  0700
#define FILE_MODE 0600

struct unpack {
	int slots, objects,
		contents; /* the first two: -1 when there are none */
};

static int open_existing(int session, const char *name, int flags, int *out,
			 struct err *err)
{
	struct err cause = ERR_INIT;

	*out = fd_open_no_symlinks(session, name, flags, 0, &cause);
	if (*out < 0 && cause.kind != ERR_NOT_FOUND) {
		*err = cause;
		return -1;
	}
	return 0;
}

static int open_all(int session, struct unpack *u, struct err *err)
{
	if (open_existing(session, OVERLAY_SLOTS_FILE, O_RDONLY | O_NONBLOCK,
			  &u->slots, err) < 0 ||
	    open_existing(session, OVERLAY_OBJECTS_DIR, O_RDONLY | O_DIRECTORY,
			  &u->objects, err) < 0)
		return -1;
	if (fs_remove_tree_at(session, OVERLAY_CONTENTS_DIR, err) < 0)
		return -1;
	if (mkdirat(session, OVERLAY_CONTENTS_DIR, DIR_MODE) < 0)
		return err_sys(err, errno, "create directory '%s'",
			       OVERLAY_CONTENTS_DIR);
	u->contents = fd_open_no_symlinks(session, OVERLAY_CONTENTS_DIR,
					  O_RDONLY | O_DIRECTORY, 0, err);
	return u->contents < 0 ? -1 : 0;
}

/* False when there is no such content. */
static bool read_slot(const struct unpack *u, uint64_t id,
		      struct overlay_slot *slot, char *content)
{
	off_t at = (off_t)overlay_slot_offset(id);
	uint8_t header[OVERLAY_SLOT_HEADER];

	return pread(u->slots, header, sizeof(header), at) ==
		       (ssize_t)sizeof(header) &&
	       overlay_slot_decode(header, id, slot) &&
	       pread(u->slots, content, slot->size, at + OVERLAY_SLOT_HEADER) ==
		       (ssize_t)slot->size;
}

static int copy_slot(const struct unpack *u, uint64_t id, const char *name,
		     struct err *err)
{
	char content[OVERLAY_SLOT_MAX];
	struct overlay_slot slot;
	auto_close int fd = -1;

	if (u->slots < 0 || id > OVERLAY_SLOT_ID_MAX ||
	    !read_slot(u, id, &slot, content))
		return 0;
	fd = openat(u->contents, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    FILE_MODE);
	if (fd < 0)
		return err_sys(err, errno, "create '%s'", name);
	return fd_write_all(fd, content, slot.size, err);
}

static int unpack_file(const struct unpack *u, uint64_t id, struct err *err)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(id, name);
	if (u->objects >= 0 &&
	    linkat(u->objects, name, u->contents, name, 0) == 0)
		return 0;
	/* The file has a second name in the view. */
	if (u->objects >= 0 && errno == EEXIST)
		return 0;
	if (u->objects >= 0 && errno != ENOENT)
		return err_sys(err, errno, "link '%s'", name);
	if (faccessat(u->contents, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return copy_slot(u, id, name, err);
}

/* The overlay bounds the depth, and with it this recursion. */
static int unpack_dir(const struct unpack *u, const struct overlay_node *dir,
		      struct err *err)
{
	struct overlay_child child;
	size_t at = 0;

	while (overlay_next_child(dir, &at, &child)) {
		const struct overlay_node *node = child.node;
		int r = 0;

		if (node && node->kind == OVERLAY_DIR)
			r = unpack_dir(u, node, err);
		else if (node && node->kind == OVERLAY_FILE && node->own)
			r = unpack_file(u, node->id, err);
		if (r < 0)
			return -1;
	}
	return 0;
}

int unpack_all(int session, struct overlay *overlay, struct err *err)
{
	struct unpack u = { .slots = -1, .objects = -1, .contents = -1 };
	int r = open_all(session, &u, err);

	if (r == 0)
		r = unpack_dir(&u, overlay_root(overlay), err);
	fd_close(&u.slots);
	fd_close(&u.objects);
	fd_close(&u.contents);
	return r < 0 ? err_wrap(err, "unpack changed files") : 0;
}
