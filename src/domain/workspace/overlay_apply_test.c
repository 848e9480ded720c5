// SPDX-License-Identifier: Apache-2.0
/*
 * overlay_apply_test.c - records that somebody has made up, and limits.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "domain/workspace/overlay_priv.h"
#include "support/check.h"

#define NAME(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}

static const struct overlay_attr attr = { .ino = 9, .mode = 0644 };

static int drop(void *ctx unused, struct span record unused)
{
	return 0;
}

static struct overlay *new_overlay(void)
{
	const struct overlay_config config = { .sink = drop,
					       .hash_key = { 1, 2 } };
	const struct file_identity identity = { .dev = 1, .ino = 1 };

	return overlay_new(&config, &attr, &identity);
}

/* What stands in front of each made up record: u/ and h of the user, d/, f. */
static const struct overlay_record before[] = {
	{ .type = OVERLAY_RECORD_HEADER, .id = OVERLAY_RECORD_MAGIC },
	{ .type = OVERLAY_RECORD_PIN,
	  .id = 10,
	  .dir = 1,
	  .name = NAME("u"),
	  .kind = OVERLAY_DIR,
	  .links = 1,
	  .identity = { .ino = 10 } },
	{ .type = OVERLAY_RECORD_PIN,
	  .id = 11,
	  .dir = 1,
	  .name = NAME("h"),
	  .kind = OVERLAY_FILE,
	  .links = 2,
	  .identity = { .ino = 11 } },
	{ .type = OVERLAY_RECORD_CREATE,
	  .id = 12,
	  .dir = 1,
	  .name = NAME("d"),
	  .kind = OVERLAY_DIR },
	{ .type = OVERLAY_RECORD_CREATE,
	  .id = 13,
	  .dir = 12,
	  .name = NAME("f"),
	  .kind = OVERLAY_FILE },
	{ .type = OVERLAY_RECORD_CREATE,
	  .id = 14,
	  .dir = 12,
	  .name = NAME("e"),
	  .kind = OVERLAY_DIR },
};

#define PIN(id_, dir_, name_, kind_, links_, ino_)                       \
	{                                                                \
		.type = OVERLAY_RECORD_PIN, .id = (id_), .dir = (dir_),  \
		.name = NAME(name_), .kind = (kind_), .links = (links_), \
		.identity = {                                            \
			.ino = (ino_)                                    \
		}                                                        \
	}
#define MAKE(id_, dir_, name_, kind_)                                      \
	{                                                                  \
		.type = OVERLAY_RECORD_CREATE, .id = (id_), .dir = (dir_), \
		.name = NAME(name_), .kind = (kind_)                       \
	}
#define MOVE(dir_, name_, to_dir_, to_name_, flags_)                     \
	{                                                                \
		.type = OVERLAY_RECORD_RENAME, .flags = (flags_),        \
		.dir = (dir_), .name = NAME(name_), .to_dir = (to_dir_), \
		.to_name = NAME(to_name_)                                \
	}

/* clang-format off */
static const struct made_up {
	const char *name;
	struct overlay_record rec;
	bool fits;
} made_up[] = {
	{ "pin", PIN(20, 10, "x", OVERLAY_FILE, 1, 5), true },
	{ "second name", PIN(11, 10, "x", OVERLAY_FILE, 2, 11), true },
	{ "second name of another", PIN(11, 10, "x", OVERLAY_FILE, 2, 12), false },
	{ "second name of another kind", PIN(11, 10, "x", OVERLAY_FIFO, 2, 11), false },
	{ "second name of a directory", PIN(10, 1, "x", OVERLAY_DIR, 2, 10), false },
	{ "second node of one file", PIN(20, 10, "x", OVERLAY_FILE, 2, 11), false },
	{ "pin of the same path", PIN(20, 1, "u", OVERLAY_DIR, 1, 10), false },
	{ "the same record again", PIN(11, 1, "h", OVERLAY_FILE, 2, 11), false },
	{ "pin of a created name", PIN(20, 1, "d", OVERLAY_DIR, 1, 5), false },
	{ "pin in a created directory", PIN(20, 12, "x", OVERLAY_FILE, 1, 5), false },
	{ "pin in a file", PIN(20, 11, "x", OVERLAY_FILE, 1, 5), false },
	{ "pin in nothing", PIN(20, 99, "x", OVERLAY_FILE, 1, 5), false },
	{ "pin without links", PIN(20, 1, "x", OVERLAY_FILE, 0, 5), false },
	{ "pin of a symlink to nothing", PIN(20, 1, "x", OVERLAY_SYMLINK, 1, 5), false },
	{ "pin of ..", PIN(20, 1, "..", OVERLAY_FILE, 1, 5), false },
	{ "pin of a path", PIN(20, 1, "a/b", OVERLAY_FILE, 1, 5), false },
	{ "pin as id 0", PIN(0, 1, "x", OVERLAY_FILE, 1, 5), false },
	{ "pin as the root", PIN(1, 1, "x", OVERLAY_DIR, 1, 5), false },
	{ "pin as the last id", PIN(UINT64_MAX, 1, "x", OVERLAY_FILE, 1, 5), false },
	{ "create", MAKE(20, 10, "x", OVERLAY_FILE), true },
	{ "create over", MAKE(20, 12, "f", OVERLAY_FILE), false },
	{ "create with a used id", MAKE(13, 1, "x", OVERLAY_FILE), false },
	{ "create as id 0", MAKE(0, 1, "x", OVERLAY_FILE), false },
	{ "create as the last id", MAKE(UINT64_MAX, 1, "x", OVERLAY_FILE), false },
	{ "create no name", MAKE(20, 1, "", OVERLAY_FILE), false },
	{ "create with a NUL", MAKE(20, 1, "a\0", OVERLAY_FILE), false },
	{ "own", { .type = OVERLAY_RECORD_OWN, .id = 11 }, true },
	{ "own again", { .type = OVERLAY_RECORD_OWN, .id = 13 }, false },
	{ "own of a directory", { .type = OVERLAY_RECORD_OWN, .id = 10 }, false },
	{ "own of nothing", { .type = OVERLAY_RECORD_OWN, .id = 99 }, false },
	{ "link of nothing", { .type = OVERLAY_RECORD_LINK, .id = 99, .dir = 1, .name = NAME("x") }, false },
	{ "link of the root", { .type = OVERLAY_RECORD_LINK, .id = 1, .dir = 12, .name = NAME("x") }, false },
	{ "remove what has names", { .type = OVERLAY_RECORD_REMOVE, .flags = OVERLAY_RECORD_DIR, .dir = 1, .name = NAME("d") }, false },
	{ "remove", { .type = OVERLAY_RECORD_REMOVE, .dir = 12, .name = NAME("f") }, true },
	{ "move", MOVE(12, "e", 1, "x", 0), true },
	{ "move below itself", MOVE(1, "d", 14, "x", 0), false },
	{ "move nowhere", MOVE(1, "d", 1, "d", 0), false },
	{ "move over what has names", MOVE(1, "u", 1, "d", 0), false },
	{ "exchange", MOVE(1, "u", 12, "e", OVERLAY_RECORD_EXCHANGE), true },
	{ "exchange below itself", MOVE(12, "e", 1, "d", OVERLAY_RECORD_EXCHANGE), false },
	{ "attributes of nothing", { .type = OVERLAY_RECORD_ATTR, .id = 99 }, false },
	{ "no attribute's name", { .type = OVERLAY_RECORD_SET_XATTR, .id = 11, .name = NAME("") }, false },
	{ "attribute with a NUL", { .type = OVERLAY_RECORD_SET_XATTR, .id = 11, .name = NAME("a\0b") }, false },
	{ "no attribute to remove", { .type = OVERLAY_RECORD_REMOVE_XATTR, .id = 11, .name = NAME("a") }, false },
	{ "second header", { .type = OVERLAY_RECORD_HEADER, .id = OVERLAY_RECORD_MAGIC }, false },
};
/* clang-format on */

static void encode(const struct overlay_record *rec, struct buf *out)
{
	struct err err;

	CHECK_OK(overlay_record_encode(rec, out, &err), &err);
}

static void test_made_up_records_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(made_up); i++) {
		const struct made_up *c = &made_up[i];
		auto_buf struct buf b = BUF_INIT(4096);
		struct overlay *o = new_overlay();
		struct span records;
		size_t left;
		int r;

		for (size_t k = 0; k < ARRAY_SIZE(before); k++)
			encode(&before[k], &b);
		left = b.len;
		encode(&c->rec, &b);
		left = c->fits ? 0 : b.len - left;
		records = buf_span(&b);
		r = overlay_replay(o, &records);
		CHECK(r == (c->fits ? 0 : -EBADMSG), "%s: %d", c->name, r);
		CHECK(records.len == left, "%s: %zu bytes left", c->name,
		      records.len);
		CHECK(overlay_find(o, 14) != NULL, "%s", c->name);
		overlay_free(o);
	}
}

static const struct header_case {
	const char *name;
	struct overlay_record rec;
} header_cases[] = {
	{ "none", MAKE(20, 1, "x", OVERLAY_FILE) },
	{ "another version",
	  { .type = OVERLAY_RECORD_HEADER,
	    .id = OVERLAY_RECORD_MAGIC + (UINT64_C(1) << 56) } },
};

static void test_records_begin_with_a_header(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(header_cases); i++) {
		auto_buf struct buf b = BUF_INIT(4096);
		struct overlay *o = new_overlay();
		struct span records;

		encode(&header_cases[i].rec, &b);
		records = buf_span(&b);
		CHECK(overlay_replay(o, &records) == -EBADMSG, "%s",
		      header_cases[i].name);
		overlay_free(o);
	}
}

/* Whatever a directory is called on the way, the limit is the number. */
static void test_depth_is_limited(void **state unused)
{
	struct overlay *o = new_overlay();
	struct overlay_node *dir = overlay_root(o), *top = NULL, *x;

	for (size_t i = 0; i < OVERLAY_DEPTH_MAX; i++) {
		assert_int_equal(overlay_create(o, dir, SPAN_STR("d"),
						OVERLAY_DIR, &attr, NULL, &dir),
				 0);
		top = top ? top : dir;
	}
	assert_int_equal(overlay_create(o, dir, SPAN_STR("d"), OVERLAY_DIR,
					&attr, NULL, &x),
			 -ENOSPC);
	assert_int_equal(overlay_create(o, dir, SPAN_STR("f"), OVERLAY_FILE,
					&attr, NULL, &x),
			 0);
	/* Nor may a whole tree move down. */
	assert_int_equal(overlay_create(o, overlay_root(o), SPAN_STR("x"),
					OVERLAY_DIR, &attr, NULL, &x),
			 0);
	assert_int_equal(overlay_rename(o, overlay_root(o), SPAN_STR("d"), x,
					SPAN_STR("d"), false),
			 -ENOSPC);
	assert_int_equal(
		overlay_rename(o, top, SPAN_STR("d"), x, SPAN_STR("d"), false),
		0);
	overlay_free(o);
}

static void test_links_are_limited(void **state unused)
{
	struct overlay *o = new_overlay();
	struct overlay_node *f, *root = overlay_root(o);

	assert_int_equal(overlay_create(o, root, SPAN_STR("f"), OVERLAY_FILE,
					&attr, NULL, &f),
			 0);
	for (uint32_t i = 1; i < OVERLAY_LINKS_MAX; i++) {
		uint8_t bytes[3] = { (uint8_t)(1 + i % 40),
				     (uint8_t)(50 + i / 40 % 40),
				     (uint8_t)(100 + i / 1600) };

		assert_int_equal(
			overlay_link(o, f, root, (struct span){ bytes, 3 }), 0);
	}
	assert_int_equal(overlay_link(o, f, root, SPAN_STR("more")), -EMLINK);
	overlay_free(o);
}

static void test_text_is_limited(void **state unused)
{
	struct overlay *o = new_overlay();
	struct overlay_node *f, *root = overlay_root(o), *u;
	const struct file_identity identity = { .dev = 1, .ino = 5 };
	size_t text = o->text;

	assert_int_equal(overlay_remember(o, root, SPAN_STR("u"), OVERLAY_FILE,
					  &attr, &identity, NULL, 1, &u),
			 0);
	o->text = OVERLAY_TEXT_MAX - 4;
	assert_int_equal(overlay_create(o, root, SPAN_STR("12345"),
					OVERLAY_FILE, &attr, NULL, &f),
			 -ENOSPC);
	assert_int_equal(overlay_set_own(o, u, NULL), -ENOSPC);
	assert_true(!u->own && !u->pinned);
	assert_int_equal(overlay_create(o, root, SPAN_STR("1234"), OVERLAY_FILE,
					&attr, NULL, &f),
			 0);
	assert_int_equal(overlay_set_xattr(o, f, "user.x", SPAN_STR("")),
			 -ENOSPC);
	o->text = text + 6;
	assert_int_equal(overlay_set_own(o, u, NULL), 0);
	overlay_free(o);
}

static const struct xattr_case {
	const char *name;
	size_t name_len, value_len;
	int want;
} xattr_cases[] = {
	{ "plain", 6, 10, 0 },
	{ "empty value", 6, 0, 0 },
	{ "no name", 0, 1, -ERANGE },
	{ "longest name", OVERLAY_XATTR_NAME_MAX, 1, 0 },
	{ "longer name", OVERLAY_XATTR_NAME_MAX + 1, 1, -ERANGE },
	{ "largest value", 6, OVERLAY_XATTR_VALUE_MAX, 0 },
	{ "larger value", 6, OVERLAY_XATTR_VALUE_MAX + 1, -E2BIG },
};

static void test_extended_attributes_are_limited(void **state unused)
{
	auto_free char *value = xcalloc(OVERLAY_XATTR_VALUE_MAX + 1, 1);
	char name[OVERLAY_XATTR_NAME_MAX + 2];
	struct overlay *o = new_overlay();
	struct overlay_node *root = overlay_root(o);
	struct span got;
	int n = 0, r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(xattr_cases); i++) {
		const struct xattr_case *c = &xattr_cases[i];
		size_t text = o->text;

		memset(name, 'x', c->name_len);
		name[c->name_len] = '\0';
		CHECK(overlay_set_xattr(o, root, name,
					(struct span){ value, c->value_len }) ==
			      c->want,
		      "%s", c->name);
		if (c->want)
			continue;
		CHECK(overlay_get_xattr(root, name, &got) == 0 &&
			      got.len == c->value_len,
		      "%s", c->name);
		assert_int_equal(overlay_remove_xattr(o, root, name), 0);
		assert_int_equal(o->text, text);
	}
	/* Small ones cost more than their bytes. */
	for (; !r; n++) {
		snprintf(name, sizeof(name), "%d", n);
		r = overlay_set_xattr(o, root, name, SPAN_STR(""));
	}
	assert_int_equal(r, -ENOSPC);
	assert_true((size_t)n <= OVERLAY_XATTRS_MAX / OVERLAY_XATTR_COST);
	/* One that is there may still change. */
	assert_int_equal(overlay_set_xattr(o, root, "0", SPAN_STR("")), 0);
	overlay_free(o);
}

static void test_extended_attributes_are_listed(void **state unused)
{
	static const char want[] = "user.a\0user.c";
	struct overlay *o = new_overlay();
	struct overlay_node *root = overlay_root(o);
	struct span got;

	assert_int_equal(overlay_list_xattrs(root).len, 0);
	assert_int_equal(overlay_set_xattr(o, root, "user.a", SPAN_STR("1")),
			 0);
	assert_int_equal(overlay_set_xattr(o, root, "user.b", SPAN_STR("2")),
			 0);
	assert_int_equal(overlay_set_xattr(o, root, "user.c", SPAN_STR("3")),
			 0);
	assert_int_equal(overlay_set_xattr(o, root, "user.a", SPAN_STR("44")),
			 0);
	assert_int_equal(overlay_remove_xattr(o, root, "user.b"), 0);
	assert_int_equal(overlay_remove_xattr(o, root, "user.b"), -ENODATA);
	assert_int_equal(overlay_get_xattr(root, "user.b", &got), -ENODATA);
	assert_int_equal(overlay_get_xattr(root, "user.c", &got), 0);
	assert_true(span_equals(got, "3"));
	got = overlay_list_xattrs(root);
	assert_int_equal(got.len, sizeof(want));
	assert_memory_equal(got.p, want, sizeof(want));
	overlay_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_up_records_are_refused),
		cmocka_unit_test(test_records_begin_with_a_header),
		cmocka_unit_test(test_depth_is_limited),
		cmocka_unit_test(test_links_are_limited),
		cmocka_unit_test(test_text_is_limited),
		cmocka_unit_test(test_extended_attributes_are_limited),
		cmocka_unit_test(test_extended_attributes_are_listed),
	};

	return RUN_TESTS(tests);
}
