// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_overlay.c - whatever the records of a session hold, the tree they make
 * is one that a guest could have made.
 *
 * Bytes at random have no right checksum. An input that begins with an odd byte
 * therefore describes records: they are encoded and get one. As the first bad
 * record ends a replay, these inputs may also leave out what does not fit.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "domain/workspace/overlay.h"
#include "domain/workspace/overlay_record.h"
#include "fuzz/fuzz.h"

#define RECORDS_MAX ((size_t)1024 * 1024) /* bytes */

static const char *const names[] = { "a", "b",	"c",   "d",
				     "",  "..", "a/b", "long name" };

static uint8_t next(struct span *s)
{
	uint8_t byte = 0;

	/* After the end all is zero. */
	return span_take_u8(s, &byte) ? byte : 0;
}

static struct span next_name(struct span *s)
{
	const char *name = names[next(s) % ARRAY_SIZE(names)];

	return SPAN_STR(name);
}

/* Ids are small numbers, so that records often speak of the same node. */
static struct overlay_record next_record(struct span *s)
{
	static const uint8_t flags[OVERLAY_RECORD_COUNT] = {
		[OVERLAY_RECORD_OWN] = OVERLAY_RECORD_HASHED,
		[OVERLAY_RECORD_REMOVE] = OVERLAY_RECORD_DIR,
		[OVERLAY_RECORD_RENAME] = OVERLAY_RECORD_EXCHANGE,
	};
	struct overlay_record rec = {
		.type = (enum overlay_record_type)(
			1 + next(s) % (OVERLAY_RECORD_COUNT - 1)),
	};
	uint8_t bits = next(s);

	rec.flags = bits & 1 ? flags[rec.type] : 0;
	rec.id = rec.type == OVERLAY_RECORD_HEADER ? OVERLAY_RECORD_MAGIC
						   : next(s) % 32;
	rec.dir = next(s) % 32;
	rec.to_dir = next(s) % 32;
	rec.name = next_name(s);
	rec.to_name = next_name(s);
	rec.kind = (enum overlay_kind)(next(s) % OVERLAY_KIND_COUNT);
	if (bits == 0xfe)
		rec.kind = OVERLAY_KIND_COUNT;
	rec.links = bits >> 1 & 3;
	rec.identity.ino = bits >> 3 & 3;
	rec.attr.mode = (uint32_t)bits << 4;
	if (rec.kind == OVERLAY_SYMLINK || bits == 0xff)
		rec.target = SPAN_STR("target");
	rec.value = rec.to_name;
	return rec;
}

/* Appends the record; not when @o is there and refuses it. */
static int add_record(const struct overlay_record *rec, struct overlay *o,
		      struct buf *out)
{
	size_t before = out->len;
	struct span bytes;
	struct err err;

	if (overlay_record_encode(rec, out, &err) < 0)
		return -1;
	bytes = buf_span(out);
	INVARIANT(span_skip(&bytes, before));
	if (o && overlay_replay(o, &bytes) < 0)
		out->len = before;
	return 0;
}

static void make_records(struct span input, struct overlay *o, struct buf *out)
{
	static const struct overlay_record header = {
		.type = OVERLAY_RECORD_HEADER,
		.id = OVERLAY_RECORD_MAGIC,
	};

	if (add_record(&header, o, out) < 0)
		return;
	while (input.len) {
		struct overlay_record rec = next_record(&input);

		if (add_record(&rec, o, out) < 0)
			return;
	}
}

static void check_node(struct overlay *o, const struct overlay_node *node)
{
	struct span list = overlay_list_xattrs(node), value;

	INVARIANT(overlay_find(o, node->id) == node);
	INVARIANT(node->pinned && node->links);
	INVARIANT(!node->target == (node->kind != OVERLAY_SYMLINK));
	INVARIANT(node->own || node->lower);
	INVARIANT(!node->own || !node->lower);
	INVARIANT(node->own || overlay_origin(o, node->lower) ||
		  node->id == OVERLAY_ROOT_ID);
	while (list.len) {
		const char *name = list.p;

		INVARIANT(overlay_get_xattr(node, name, &value) == 0);
		INVARIANT(span_skip(&list, strlen(name) + 1));
	}
}

/* Returns the number of names below. */
static size_t check_dir(struct overlay *o, struct overlay_node *dir,
			size_t depth)
{
	struct overlay_child child;
	size_t at = 0, n = 0;

	INVARIANT(depth <= OVERLAY_DEPTH_MAX);
	check_node(o, dir);
	while (overlay_next_child(dir, &at, &child)) {
		struct overlay_node *node = NULL;

		n++;
		INVARIANT(child.name.len &&
			  !memchr(child.name.p, '/', child.name.len));
		INVARIANT(!span_equals(child.name, ".."));
		if (!child.node) {
			/* Only what hides something can be gone. */
			INVARIANT(dir->lower);
			continue;
		}
		INVARIANT(overlay_lookup(o, dir, child.name, &node) ==
				  OVERLAY_NAME_THERE &&
			  node == child.node);
		if (node->kind == OVERLAY_DIR) {
			INVARIANT(node->parent == dir && node->links == 1);
			n += check_dir(o, node, depth + 1);
		} else {
			check_node(o, node);
		}
	}
	return n;
}

static void check_origins(struct overlay *o)
{
	for (size_t i = 0; i < overlay_origin_count(o); i++) {
		const struct overlay_origin *origin = overlay_origin_at(o, i);

		INVARIANT(*origin->path && *origin->path != '/');
		INVARIANT(overlay_origin(o, origin->path) == origin);
		INVARIANT(!i || strcmp(overlay_origin_at(o, i - 1)->path,
				       origin->path) < 0);
	}
}

static size_t check_tree(struct overlay *o)
{
	size_t n = check_dir(o, overlay_root(o), 0);

	check_origins(o);
	return n;
}

static struct overlay *new_overlay(void)
{
	static const struct overlay_config config = { .hash_key = { 1, 2 } };
	static const struct overlay_attr attr = { .mode = 0755 };
	static const struct file_identity identity = { .ino = 1 };

	return overlay_new(&config, &attr, &identity);
}

static void check(struct span records)
{
	struct span left = records, none;
	struct overlay *o = new_overlay(), *again = new_overlay();
	int r = overlay_replay(o, &left);

	INVARIANT(r == 0 || r == -EBADMSG);
	/* What was applied is a history of its own. */
	records.len -= left.len;
	none = records;
	INVARIANT(overlay_replay(again, &none) == 0 && !none.len);
	INVARIANT(check_tree(o) == check_tree(again));
	overlay_forget_all(o);
	INVARIANT(check_tree(o) == check_tree(again));
	overlay_free(again);
	overlay_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { .p = data, .len = size };
	auto_buf struct buf records = BUF_INIT(RECORDS_MAX);
	struct overlay *o = NULL;

	if (!size)
		return 0;
	if (data[0] % 2 == 0) {
		check(input);
		return 0;
	}
	if (!span_skip(&input, 1))
		return 0;
	if (data[0] & 2)
		o = new_overlay();
	make_records(input, o, &records);
	overlay_free(o);
	check(buf_span(&records));
	return 0;
}
