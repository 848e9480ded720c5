/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h - a guest of a lazy view: does to an overlay what the file server
 * does for system calls, so that a state directory with records and objects
 * comes about.
 */
#ifndef BBOX_TESTS_SUPPORT_GUEST_H
#define BBOX_TESTS_SUPPORT_GUEST_H

#include "support/view.h"

#include <inttypes.h>

#include "domain/workspace/overlay.h"
#include "domain/workspace/overlay_store.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"

struct guest {
	const char *w, *s; /* borrowed; the user's and the state directory */
	struct overlay *overlay;
	FILE *records;
};

static inline int guest_sink(void *ctx, struct span record)
{
	struct guest *g = ctx;

	CHECK(fwrite(record.p, 1, record.len, g->records) == record.len,
	      "write a record");
	CHECK(!fflush(g->records), "write a record");
	return 0;
}

static inline void guest_new(struct guest *g, const struct view *v)
{
	const struct overlay_config config = { .sink = guest_sink, .ctx = g };
	const struct overlay_attr attr = { .mode = 0755 };
	auto_free char *records = tree_path(v->snapshot.path, "records");
	struct file_identity identity;
	struct stat st;

	*g = (struct guest){
		.w = v->snapshot.original,
		.s = v->snapshot.path,
		.records = fopen(records, "we"),
	};
	CHECK(g->records, "create '%s'", records);
	tree_mkdir(g->s, "objects");
	CHECK(tree_stat(g->w, ".", &st), "'%s'", g->w);
	identity = file_identity_of(&st);
	g->overlay = overlay_new(&config, &attr, &identity);
}

static inline void guest_free(struct guest *g)
{
	overlay_free(g->overlay);
	fclose(g->records);
}

static inline enum overlay_kind guest_kind(const struct stat *st)
{
	return S_ISDIR(st->st_mode)   ? OVERLAY_DIR
	       : S_ISLNK(st->st_mode) ? OVERLAY_SYMLINK
				      : OVERLAY_FILE;
}

/* Remembers what the user has; NULL when there is nothing. */
static inline struct overlay_node *
guest_remember(struct guest *g, struct overlay_node *dir, struct span name)
{
	auto_free char *path =
		xasprintf("%s%s%.*s", dir->lower, *dir->lower ? "/" : "",
			  (int)name.len, (const char *)name.p);
	auto_free char *full = tree_path(g->w, path);
	struct overlay_node *node = NULL;
	struct file_identity identity;
	struct overlay_attr attr;
	char target[4096] = "";
	struct stat st;

	if (!tree_stat(g->w, path, &st))
		return NULL;
	if (S_ISLNK(st.st_mode))
		CHECK(readlink(full, target, sizeof(target) - 1) > 0, "%s",
		      path);
	identity = file_identity_of(&st);
	attr = (struct overlay_attr){
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mode = st.st_mode & 07777,
	};
	CHECK(!overlay_remember(g->overlay, dir, name, guest_kind(&st), &attr,
				&identity, *target ? target : NULL,
				S_ISDIR(st.st_mode) ? 1 : st.st_nlink, &node),
	      "remember '%s'", path);
	return node;
}

/* NULL when there is none; @parent and @last may be NULL. */
static inline struct overlay_node *guest_look(struct guest *g, const char *path,
					      struct overlay_node **parent,
					      struct span *last)
{
	struct overlay_node *node = overlay_root(g->overlay);
	struct span rest = SPAN_STR(path), name;

	while (node && span_take_until(&rest, '/', &name)) {
		struct overlay_node *dir = node;

		if (parent)
			*parent = dir;
		if (last)
			*last = name;
		switch (overlay_lookup(g->overlay, dir, name, &node)) {
		case OVERLAY_NAME_THERE:
			break;
		case OVERLAY_NAME_GONE:
			node = NULL;
			break;
		case OVERLAY_NAME_UNKNOWN:
			node = guest_remember(g, dir, name);
			break;
		}
		CHECK(node || !rest.len, "'%s' has no parent", path);
	}
	return node;
}

static inline struct overlay_node *guest_get(struct guest *g, const char *path)
{
	struct overlay_node *node = guest_look(g, path, NULL, NULL);

	CHECK(node, "guest has no '%s'", path);
	return node;
}

static inline struct overlay_node *
guest_create(struct guest *g, const char *path, enum overlay_kind kind,
	     uint32_t mode, const char *target)
{
	const struct overlay_attr attr = { .mode = mode };
	struct overlay_node *dir = NULL, *node = NULL;
	struct span name = SPAN_STR("");

	CHECK(!guest_look(g, path, &dir, &name), "guest has '%s'", path);
	CHECK(!overlay_create(g->overlay, dir, name, kind, &attr, target,
			      &node),
	      "create '%s'", path);
	return node;
}

static inline void guest_mkdir(struct guest *g, const char *path)
{
	discard(guest_create(g, path, OVERLAY_DIR, 0755, NULL));
}

static inline void guest_symlink(struct guest *g, const char *path,
				 const char *text)
{
	discard(guest_create(g, path, OVERLAY_SYMLINK, 0777, text));
}

static inline void guest_copy_up(struct guest *g, struct overlay_node *node)
{
	auto_free char *text = tree_read(g->w, node->lower);
	char hex[SHA256_HEX_SIZE];
	uint8_t hash[OVERLAY_HASH_SIZE];

	CHECK(text, "copy '%s'", node->lower);
	hash_sha256(text, strlen(text), hex);
	for (size_t i = 0; i < sizeof(hash); i++) {
		const char digits[] = { hex[2 * i], hex[2 * i + 1], '\0' };

		hash[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	CHECK(!overlay_set_own(g->overlay, node, hash), "copy '%s'",
	      node->lower);
}

/* A new file, or other content of an old one. */
/* Where it is, when it is not in its slot; the caller frees. */
static inline char *guest_object(const struct overlay_node *node)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	overlay_object_name(node->id, name);
	return xasprintf(OVERLAY_OBJECTS_DIR "/%s", name);
}

static inline void guest_put_object(struct guest *g,
				    const struct overlay_node *node,
				    const char *text)
{
	auto_free char *object = guest_object(node);

	tree_write(g->s, object, text);
	tree_chmod(g->s, object, 0600);
}

static inline void guest_put_slot(struct guest *g,
				  const struct overlay_node *node,
				  const char *text)
{
	const struct overlay_slot slot = { .id = node->id,
					   .size = (uint32_t)strlen(text) };
	auto_free char *slots = tree_path(g->s, OVERLAY_SLOTS_FILE);
	auto_close int fd = open(slots, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	off_t at = (off_t)overlay_slot_offset(node->id);
	uint8_t header[OVERLAY_SLOT_HEADER];

	overlay_slot_encode(&slot, header);
	CHECK(pwrite(fd, text, slot.size, at + OVERLAY_SLOT_HEADER) ==
		      (ssize_t)slot.size,
	      "write slot %" PRIu64, node->id);
	CHECK(pwrite(fd, header, sizeof(header), at) == (ssize_t)sizeof(header),
	      "write slot %" PRIu64, node->id);
}

static inline void guest_write(struct guest *g, const char *path,
			       const char *text)
{
	struct overlay_node *node = guest_look(g, path, NULL, NULL);

	if (!node)
		node = guest_create(g, path, OVERLAY_FILE, 0644, NULL);
	else if (!node->own)
		guest_copy_up(g, node);
	/* Both places get their share. */
	if (node->id & 1 && strlen(text) <= OVERLAY_SLOT_MAX)
		guest_put_slot(g, node, text);
	else
		guest_put_object(g, node, text);
}

/* The content is gone, as after a power failure. */
static inline void guest_lose(struct guest *g, const struct overlay_node *node)
{
	auto_free char *slots = tree_path(g->s, OVERLAY_SLOTS_FILE);
	auto_free char *object = guest_object(node);
	struct stat st;

	if (tree_stat(g->s, object, &st))
		tree_delete(g->s, object);
	else
		CHECK(truncate(slots, 0) == 0, "truncate '%s'", slots);
}

/* What a file that the guest has written holds; the caller frees. */
static inline char *guest_content(const struct guest *g,
				  const struct overlay_node *node)
{
	auto_free char *object = guest_object(node);
	auto_free char *slots = tree_path(g->s, OVERLAY_SLOTS_FILE);
	uint8_t header[OVERLAY_SLOT_HEADER];
	char content[OVERLAY_SLOT_MAX];
	struct overlay_slot slot;
	auto_close int fd = -1;
	struct stat st;

	if (tree_stat(g->s, object, &st))
		return tree_read(g->s, object);
	fd = open(slots, O_RDONLY | O_CLOEXEC);
	if (pread(fd, header, sizeof(header),
		  (off_t)overlay_slot_offset(node->id)) !=
		    (ssize_t)sizeof(header) ||
	    !overlay_slot_decode(header, node->id, &slot))
		return NULL;
	CHECK(pread(fd, content, slot.size,
		    (off_t)overlay_slot_offset(node->id) +
			    OVERLAY_SLOT_HEADER) == (ssize_t)slot.size,
	      "read slot %" PRIu64, node->id);
	return xmemdup0(content, slot.size);
}

static inline void guest_chmod(struct guest *g, const char *path, uint32_t mode)
{
	struct overlay_node *node = guest_get(g, path);
	struct overlay_attr attr = node->attr;

	attr.mode = mode;
	CHECK(!overlay_set_attr(g->overlay, node, &attr), "chmod '%s'", path);
}

static inline void guest_remove(struct guest *g, const char *path)
{
	struct overlay_node *dir = NULL, *node;
	struct span name = SPAN_STR("");

	node = guest_look(g, path, &dir, &name);
	CHECK(node, "guest has no '%s'", path);
	assert(node); /* for who reads one file at a time */
	CHECK(!overlay_remove(g->overlay, dir, name, node->kind == OVERLAY_DIR),
	      "remove '%s'", path);
}

static inline void guest_link(struct guest *g, const char *from, const char *to)
{
	struct overlay_node *node = guest_get(g, from), *dir = NULL;
	struct span name = SPAN_STR("");

	CHECK(!guest_look(g, to, &dir, &name), "guest has '%s'", to);
	CHECK(!overlay_link(g->overlay, node, dir, name), "link '%s'", to);
}

static inline void guest_move(struct guest *g, const char *from, const char *to,
			      bool exchange)
{
	struct overlay_node *from_dir = NULL, *to_dir = NULL;
	struct span from_name, to_name;

	CHECK(guest_look(g, from, &from_dir, &from_name), "guest has no '%s'",
	      from);
	discard(guest_look(g, to, &to_dir, &to_name));
	CHECK(!overlay_rename(g->overlay, from_dir, from_name, to_dir, to_name,
			      exchange),
	      "rename '%s' to '%s'", from, to);
}

static inline void guest_rename(struct guest *g, const char *from,
				const char *to)
{
	guest_move(g, from, to, /* exchange */ false);
}

#endif /* BBOX_TESTS_SUPPORT_GUEST_H */
