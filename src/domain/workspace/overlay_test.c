// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/overlay.h"

#include "support/check.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "domain/workspace/overlay_priv.h"

struct view {
	struct overlay *o;
	struct buf records;
	bool sink_fails, sink_drops;
	int released;
};

static const struct overlay_attr attr = { .ino = 9, .mode = 0644 };

static int view_sink(void *ctx, struct span record)
{
	struct view *v = ctx;
	struct err err;

	if (v->sink_fails)
		return -EIO;
	if (!v->sink_drops)
		CHECK_OK(buf_add(&v->records, record.p, record.len, &err),
			 &err);
	return 0;
}

static void view_release(void *ctx, struct overlay_node *node)
{
	struct view *v = ctx;

	assert_ptr_equal(node->user, v);
	v->released++;
}

static struct overlay *new_overlay(struct view *v)
{
	const struct overlay_config config = {
		.sink = view_sink,
		.release = view_release,
		.ctx = v,
		.hash_key = { 1, 2 },
	};
	const struct file_identity identity = { .dev = 1, .ino = 1 };

	return overlay_new(&config, &attr, &identity);
}

static void view_open(struct view *v)
{
	*v = (struct view){ .records = BUF_INIT((size_t)16 * 1024 * 1024) };
	v->o = new_overlay(v);
}

static void view_close(struct view *v)
{
	overlay_free(v->o);
	buf_release(&v->records);
}

static struct file_identity identity_of(uint64_t ino)
{
	return (struct file_identity){ .dev = 1, .ino = ino, .size = 3 };
}

static struct overlay_node *remember(struct view *v, struct overlay_node *dir,
				     const char *name, enum overlay_kind kind,
				     uint64_t ino, uint64_t links)
{
	const struct file_identity identity = identity_of(ino);
	struct overlay_node *node;
	int r = overlay_remember(
		v->o, dir, SPAN_STR(name), kind, &attr, &identity,
		kind == OVERLAY_SYMLINK ? "target" : NULL, links, &node);

	CHECK(!r, "remember '%s': %d", name, r);
	return node;
}

static struct overlay_node *create(struct view *v, struct overlay_node *dir,
				   const char *name, enum overlay_kind kind)
{
	struct overlay_node *node;
	int r = overlay_create(v->o, dir, SPAN_STR(name), kind, &attr,
			       kind == OVERLAY_SYMLINK ? "target" : NULL,
			       &node);

	CHECK(!r, "create '%s': %d", name, r);
	return node;
}

static void remove_name(struct view *v, struct overlay_node *dir,
			const char *name, bool is_dir)
{
	int r = overlay_remove(v->o, dir, SPAN_STR(name), is_dir);

	CHECK(!r, "remove '%s': %d", name, r);
}

static struct overlay_node *lookup(struct view *v, struct overlay_node *dir,
				   const char *name, enum overlay_name want)
{
	struct overlay_node *node = NULL;
	enum overlay_name got =
		overlay_lookup(v->o, dir, SPAN_STR(name), &node);

	CHECK(got == want, "'%s' is %d, want %d", name, (int)got, (int)want);
	return node;
}

static void replay(struct view *v, struct view *again)
{
	struct span records = buf_span(&v->records);

	view_open(again);
	assert_int_equal(overlay_replay(again->o, &records), 0);
	assert_int_equal(records.len, 0);
}

static void test_name_is_gone_only_where_it_hid_something(void **state unused)
{
	struct overlay_node *root, *d;
	struct view v;

	view_open(&v);
	root = overlay_root(v.o);
	lookup(&v, root, "mine", OVERLAY_NAME_UNKNOWN);
	create(&v, root, "mine", OVERLAY_FILE);
	lookup(&v, root, "mine", OVERLAY_NAME_THERE);
	remove_name(&v, root, "mine", false);
	lookup(&v, root, "mine", OVERLAY_NAME_UNKNOWN);

	remember(&v, root, "theirs", OVERLAY_FILE, 10, 1);
	remove_name(&v, root, "theirs", false);
	lookup(&v, root, "theirs", OVERLAY_NAME_GONE);
	create(&v, root, "theirs", OVERLAY_FILE);
	remove_name(&v, root, "theirs", false);
	lookup(&v, root, "theirs", OVERLAY_NAME_GONE);

	d = create(&v, root, "d", OVERLAY_DIR);
	lookup(&v, d, "any", OVERLAY_NAME_GONE);
	view_close(&v);
}

static void test_temporary_files_leave_nothing(void **state unused)
{
	size_t names, text, nodes;
	struct view v;

	view_open(&v);
	v.sink_drops = true;
	create(&v, overlay_root(v.o), "first", OVERLAY_FILE);
	names = v.o->names;
	text = v.o->text;
	nodes = v.o->nodes.n;
	for (int i = 0; i < 100000; i++) {
		struct overlay_node *f =
			create(&v, overlay_root(v.o), "t", OVERLAY_FILE);

		remove_name(&v, overlay_root(v.o), "t", false);
		overlay_forget(v.o, f);
	}
	assert_int_equal(v.o->names, names);
	assert_int_equal(v.o->text, text);
	assert_int_equal(v.o->nodes.n, nodes);
	assert_true(onode_of(overlay_root(v.o))->children.capacity <= 8);
	view_close(&v);
}

static void test_failing_sink_changes_nothing(void **state unused)
{
	struct overlay_node *root, *f, *node;
	struct view v;

	view_open(&v);
	root = overlay_root(v.o);
	f = remember(&v, root, "f", OVERLAY_FILE, 10, 1);
	v.sink_fails = true;
	assert_int_equal(overlay_create(v.o, root, SPAN_STR("n"), OVERLAY_FILE,
					&attr, NULL, &node),
			 -EIO);
	lookup(&v, root, "n", OVERLAY_NAME_UNKNOWN);
	assert_int_equal(overlay_set_own(v.o, f, NULL), -EIO);
	assert_int_equal(overlay_remove(v.o, root, SPAN_STR("f"), false), -EIO);
	assert_int_equal(overlay_rename(v.o, root, SPAN_STR("f"), root,
					SPAN_STR("g"), false),
			 -EIO);
	assert_true(!f->own && !f->pinned && f->lower);
	assert_ptr_equal(lookup(&v, root, "f", OVERLAY_NAME_THERE), f);
	assert_int_equal(overlay_origin_count(v.o), 0);
	view_close(&v);
}

static void test_removed_file_lives_while_held(void **state unused)
{
	struct overlay_node *root, *f;
	uint64_t id;
	size_t len;
	struct view v;

	view_open(&v);
	root = overlay_root(v.o);
	f = create(&v, root, "f", OVERLAY_FILE);
	f->user = &v;
	id = f->id;
	remove_name(&v, root, "f", false);
	assert_ptr_equal(overlay_find(v.o, id), f);
	assert_int_equal(f->links, 0);
	/* Nobody can miss it after a crash. */
	len = v.records.len;
	assert_int_equal(overlay_set_attr(v.o, f, &attr), 0);
	assert_int_equal(overlay_set_xattr(v.o, f, "user.x", SPAN_STR("y")), 0);
	assert_int_equal(v.records.len, len);
	assert_int_equal(overlay_link(v.o, f, root, SPAN_STR("g")), -ENOENT);
	assert_int_equal(v.released, 0);
	overlay_forget(v.o, f);
	assert_int_equal(v.released, 1);
	assert_null(overlay_find(v.o, id));
	/* Ids are not used again. */
	assert_true(create(&v, root, "f", OVERLAY_FILE)->id > id);
	view_close(&v);
}

static void test_file_that_the_user_replaced_is_a_new_node(void **state unused)
{
	struct overlay_node *root, *old, *new, *d;
	struct view v;

	view_open(&v);
	root = overlay_root(v.o);
	old = remember(&v, root, "f", OVERLAY_FILE, 10, 1);
	assert_ptr_equal(remember(&v, root, "f", OVERLAY_FILE, 10, 1), old);
	new = remember(&v, root, "f", OVERLAY_FILE, 11, 1);
	assert_ptr_not_equal(old, new);
	assert_int_equal(old->links, 0);
	/* Who holds the old one may even write to it. */
	assert_int_equal(overlay_set_own(v.o, old, NULL), 0);
	assert_int_equal(v.records.len, 0);
	assert_true(old->own && !new->own);

	d = remember(&v, root, "d", OVERLAY_DIR, 12, 1);
	d->identity.mtime_ns = 77;
	assert_ptr_equal(remember(&v, root, "d", OVERLAY_DIR, 12, 1), d);
	old = remember(&v, d, "x", OVERLAY_FILE, 14, 1);
	remember(&v, root, "d", OVERLAY_DIR, 13, 1);
	assert_int_equal(overlay_create(v.o, d, SPAN_STR("n"), OVERLAY_FILE,
					&attr, NULL, &new),
			 -ENOENT);
	/* The file below has lost its place with it. */
	assert_int_equal(overlay_pin(v.o, old), 0);
	assert_int_equal(overlay_origin_count(v.o), 0);

	overlay_vanish(v.o, root, SPAN_STR("f"));
	lookup(&v, root, "f", OVERLAY_NAME_UNKNOWN);
	view_close(&v);
}

static void test_names_of_one_file_share_a_node(void **state unused)
{
	static const uint8_t hash[OVERLAY_HASH_SIZE] = { 42 };
	struct overlay_node *root, *d, *a;
	struct view v, again;

	view_open(&v);
	root = overlay_root(v.o);
	d = remember(&v, root, "d", OVERLAY_DIR, 10, 1);
	a = remember(&v, root, "a", OVERLAY_FILE, 11, 3);
	assert_ptr_equal(remember(&v, d, "b", OVERLAY_FILE, 11, 3), a);
	assert_int_equal(a->links, 2);
	assert_int_equal(overlay_link_count(a), 3);
	assert_int_equal(overlay_set_own(v.o, a, hash), 0);
	assert_int_equal(overlay_link_count(a), 3);
	assert_non_null(overlay_origin(v.o, "a"));
	assert_non_null(overlay_origin(v.o, "d"));
	/* Removed, changed, and found again under its third name. */
	remove_name(&v, root, "a", false);
	remove_name(&v, d, "b", false);
	assert_int_equal(a->links, 0);
	assert_int_equal(overlay_link_count(a), 1);
	overlay_forget_all(v.o);
	a = remember(&v, root, "c", OVERLAY_FILE, 11, 3);
	assert_int_equal(overlay_link_count(a), 1);
	assert_true(a->own && a->pinned && a->links == 1);
	assert_true(overlay_origin(v.o, "c")->has_hash);
	assert_memory_equal(overlay_origin(v.o, "c")->hash, hash, sizeof(hash));
	/* There is no fourth. */
	assert_ptr_not_equal(remember(&v, root, "e", OVERLAY_FILE, 11, 3), a);

	replay(&v, &again);
	assert_true(
		lookup(&again, overlay_root(again.o), "c", OVERLAY_NAME_THERE)
			->own);
	lookup(&again, overlay_root(again.o), "a", OVERLAY_NAME_GONE);
	assert_int_equal(overlay_origin_count(again.o), 4);
	view_close(&again);
	view_close(&v);
}

static void test_directory_waits_for_its_children(void **state unused)
{
	struct overlay_node *d, *f;
	uint64_t id;
	struct view v;

	view_open(&v);
	d = remember(&v, overlay_root(v.o), "d", OVERLAY_DIR, 10, 1);
	id = d->id;
	f = remember(&v, d, "f", OVERLAY_FILE, 11, 1);
	overlay_forget(v.o, d);
	assert_ptr_equal(overlay_find(v.o, id), d);
	overlay_forget(v.o, f);
	assert_null(overlay_find(v.o, id));
	lookup(&v, overlay_root(v.o), "d", OVERLAY_NAME_UNKNOWN);
	assert_int_equal(v.o->names, 0);
	view_close(&v);
}

static void test_renamed_directory_keeps_its_files(void **state unused)
{
	struct overlay_node *root, *d, *again_d, *f;
	struct view v, again;

	view_open(&v);
	root = overlay_root(v.o);
	d = remember(&v, root, "d", OVERLAY_DIR, 10, 1);
	assert_int_equal(overlay_rename(v.o, root, SPAN_STR("d"), root,
					SPAN_STR("e"), false),
			 0);
	assert_string_equal(d->lower, "d");
	f = remember(&v, d, "f", OVERLAY_FILE, 11, 1);
	assert_string_equal(f->lower, "d/f");
	assert_int_equal(overlay_set_own(v.o, f, NULL), 0);
	assert_null(f->lower);
	assert_string_equal(overlay_came_from(f), "d/f");
	/* What is made in its old place shows nothing of the user's. */
	assert_null(create(&v, root, "d", OVERLAY_DIR)->lower);

	replay(&v, &again);
	root = overlay_root(again.o);
	again_d = lookup(&again, root, "e", OVERLAY_NAME_THERE);
	assert_string_equal(again_d->lower, "d");
	assert_true(lookup(&again, again_d, "f", OVERLAY_NAME_THERE)->own);
	assert_null(lookup(&again, root, "d", OVERLAY_NAME_THERE)->lower);
	assert_string_equal(overlay_origin_at(again.o, 0)->path, "d");
	assert_string_equal(overlay_origin_at(again.o, 1)->path, "d/f");
	view_close(&again);
	view_close(&v);
}

static void test_unnamed_file_is_recorded_with_its_name(void **state unused)
{
	struct overlay_node *f, *root;
	struct overlay_attr other = { .mode = 0600 };
	struct span value;
	struct view v, again;

	view_open(&v);
	root = overlay_root(v.o);
	assert_int_equal(overlay_create_unnamed(v.o, &attr, &f), 0);
	assert_int_equal(overlay_set_attr(v.o, f, &other), 0);
	assert_int_equal(overlay_set_xattr(v.o, f, "user.x", SPAN_STR("1")), 0);
	assert_int_equal(v.records.len, 0);
	assert_int_equal(overlay_link(v.o, f, root, SPAN_STR("f")), 0);
	assert_int_equal(overlay_link(v.o, f, root, SPAN_STR("g")), 0);
	replay(&v, &again);
	f = lookup(&again, overlay_root(again.o), "f", OVERLAY_NAME_THERE);
	assert_true(f->attr.mode == 0600 && f->links == 2 && f->own);
	assert_int_equal(overlay_get_xattr(f, "user.x", &value), 0);
	assert_true(span_equals(value, "1"));
	view_close(&again);

	assert_int_equal(overlay_create_unnamed(v.o, &attr, &f), 0);
	f->user = &v;
	overlay_forget(v.o, f);
	assert_int_equal(v.released, 1);
	view_close(&v);
}

/*
 * The view of these cases: u/ and u/f, hidden (removed) and s of the user; d/,
 * d/f, d/e/, f and x/ of the guest.
 */
enum call {
	CREATE,
	MKDIR,
	SYMLINK_EMPTY,
	LINK,
	UNLINK,
	RMDIR,
	RENAME,
	EXCHANGE,
	OWN
};

static const struct refusal {
	const char *name;
	enum call call;
	const char *path, *to;
	int want;
} refusals[] = {
	{ "create over a file", CREATE, "f", "", -EEXIST },
	{ "create over the user's", CREATE, "u/f", "", -EEXIST },
	{ "create in a file", CREATE, "f/x", "", -ENOTDIR },
	{ "create over a gone name", CREATE, "hidden", "", 0 },
	{ "mkdir over a directory", MKDIR, "d", "", -EEXIST },
	{ "symlink to nothing", SYMLINK_EMPTY, "n", "", -EINVAL },
	{ "link of a directory", LINK, "d", "n", -EPERM },
	{ "link over a file", LINK, "f", "d/f", -EEXIST },
	{ "link in a file", LINK, "f", "d/f/n", -ENOTDIR },
	{ "link of the user's", LINK, "u/f", "n", 0 },
	{ "unlink nothing", UNLINK, "n", "", -ENOENT },
	{ "unlink a gone name", UNLINK, "hidden", "", -ENOENT },
	{ "unlink a directory", UNLINK, "d", "", -EISDIR },
	{ "unlink the user's directory", UNLINK, "u", "", -EISDIR },
	{ "rmdir a file", RMDIR, "f", "", -ENOTDIR },
	{ "rmdir a directory that has names", RMDIR, "d", "", -ENOTEMPTY },
	{ "rmdir an empty one", RMDIR, "x", "", 0 },
	{ "rename nothing", RENAME, "n", "f", -ENOENT },
	{ "rename a gone name", RENAME, "hidden", "n", -ENOENT },
	{ "rename to itself", RENAME, "d", "d", 0 },
	{ "rename below itself", RENAME, "d", "d/n", -EINVAL },
	{ "rename far below itself", RENAME, "d", "d/e/n", -EINVAL },
	{ "rename over its parent", RENAME, "d/e", "d", -ENOTEMPTY },
	{ "rename the user's over its parent", RENAME, "u/g", "u", -ENOTEMPTY },
	{ "rename a directory over a file", RENAME, "d", "f", -ENOTDIR },
	{ "rename a file over a directory", RENAME, "f", "x", -EISDIR },
	{ "rename over one with names", RENAME, "x", "d", -ENOTEMPTY },
	{ "rename over an empty one", RENAME, "d", "x", 0 },
	{ "rename over the user's file", RENAME, "f", "u/f", 0 },
	{ "exchange with nothing", EXCHANGE, "f", "n", -ENOENT },
	{ "exchange with a gone name", EXCHANGE, "f", "hidden", -ENOENT },
	{ "exchange with its parent", EXCHANGE, "d/e", "d", -EINVAL },
	{ "exchange with its child", EXCHANGE, "d", "d/e", -EINVAL },
	{ "exchange a file and a directory", EXCHANGE, "f", "d", 0 },
	{ "content of a directory", OWN, "d", "", -EINVAL },
	{ "content of a symlink", OWN, "s", "", -EINVAL },
};

static void fill(struct view *v)
{
	struct overlay_node *root = overlay_root(v->o), *dir;

	dir = remember(v, root, "u", OVERLAY_DIR, 10, 1);
	remember(v, dir, "f", OVERLAY_FILE, 11, 1);
	remember(v, dir, "g", OVERLAY_DIR, 14, 1);
	remember(v, root, "hidden", OVERLAY_FILE, 12, 1);
	remove_name(v, root, "hidden", false);
	remember(v, root, "s", OVERLAY_SYMLINK, 13, 1);
	dir = create(v, root, "d", OVERLAY_DIR);
	create(v, dir, "f", OVERLAY_FILE);
	create(v, dir, "e", OVERLAY_DIR);
	create(v, root, "f", OVERLAY_FILE);
	create(v, root, "x", OVERLAY_DIR);
}

/* The directory of a path, and its last component. */
static struct overlay_node *dir_of(struct view *v, const char *path,
				   struct span *name)
{
	struct span rest = SPAN_STR(path);
	struct overlay_node *dir = overlay_root(v->o);

	while (span_take_until(&rest, '/', name) && rest.len)
		assert_int_equal(overlay_lookup(v->o, dir, *name, &dir),
				 OVERLAY_NAME_THERE);
	return dir;
}

static int call(struct view *v, const struct refusal *c)
{
	struct overlay_node *node = NULL;
	struct span name = { 0 }, to_name = { 0 };
	struct overlay_node *dir = dir_of(v, c->path, &name);
	struct overlay_node *to = dir_of(v, c->to, &to_name);

	if (c->call == LINK || c->call == OWN)
		assert_int_equal(overlay_lookup(v->o, dir, name, &node),
				 OVERLAY_NAME_THERE);
	switch (c->call) {
	case CREATE:
		return overlay_create(v->o, dir, name, OVERLAY_FILE, &attr,
				      NULL, &node);
	case MKDIR:
		return overlay_create(v->o, dir, name, OVERLAY_DIR, &attr, NULL,
				      &node);
	case SYMLINK_EMPTY:
		return overlay_create(v->o, dir, name, OVERLAY_SYMLINK, &attr,
				      "", &node);
	case LINK:
		return overlay_link(v->o, node, to, to_name);
	case UNLINK:
		return overlay_remove(v->o, dir, name, false);
	case RMDIR:
		return overlay_remove(v->o, dir, name, true);
	case RENAME:
		return overlay_rename(v->o, dir, name, to, to_name, false);
	case EXCHANGE:
		return overlay_rename(v->o, dir, name, to, to_name, true);
	case OWN:
		return overlay_set_own(v->o, node, NULL);
	}
	return 1;
}

static void test_refusals_are_those_of_the_system_calls(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct view v, again;
		size_t len;
		int got;

		view_open(&v);
		fill(&v);
		len = v.records.len;
		got = call(&v, c);
		CHECK(got == c->want, "%s: got %d, want %d", c->name, got,
		      c->want);
		CHECK(!c->want || v.records.len == len, "%s: recorded",
		      c->name);
		replay(&v, &again);
		view_close(&again);
		view_close(&v);
	}
}

static const struct name_case {
	const char *what, *name;
	size_t len;
	int want;
} name_cases[] = {
	{ "empty", "", 0, -EINVAL },	  { "dot", ".", 1, -EINVAL },
	{ "two dots", "..", 2, -EINVAL }, { "slash", "a/b", 3, -EINVAL },
	{ "NUL", "a\0b", 3, -EINVAL },	  { "three dots", "...", 3, 0 },
	{ "not UTF-8", "\xff\n", 2, 0 },
};

static void test_names_are_components(void **state unused)
{
	char name[OVERLAY_NAME_MAX + 1];
	struct overlay_node *node, *root;
	struct view v;

	view_open(&v);
	root = overlay_root(v.o);
	for (size_t i = 0; i < ARRAY_SIZE(name_cases); i++) {
		const struct name_case *c = &name_cases[i];
		const struct file_identity identity = identity_of(10 + i);
		const struct span s = { .p = c->name, .len = c->len };

		CHECK(overlay_remember(v.o, root, s, OVERLAY_FILE, &attr,
				       &identity, NULL, 1, &node) == c->want,
		      "remember: %s", c->what);
		overlay_vanish(v.o, root, s);
		CHECK(overlay_create(v.o, root, s, OVERLAY_FILE, &attr, NULL,
				     &node) == c->want,
		      "create: %s", c->what);
	}
	memset(name, 'x', sizeof(name));
	assert_int_equal(overlay_create(v.o, root,
					(struct span){ name, sizeof(name) },
					OVERLAY_FILE, &attr, NULL, &node),
			 -ENAMETOOLONG);
	assert_int_equal(overlay_create(v.o, root,
					(struct span){ name, sizeof(name) - 1 },
					OVERLAY_FILE, &attr, NULL, &node),
			 0);
	view_close(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_is_gone_only_where_it_hid_something),
		cmocka_unit_test(test_temporary_files_leave_nothing),
		cmocka_unit_test(test_failing_sink_changes_nothing),
		cmocka_unit_test(test_removed_file_lives_while_held),
		cmocka_unit_test(
			test_file_that_the_user_replaced_is_a_new_node),
		cmocka_unit_test(test_names_of_one_file_share_a_node),
		cmocka_unit_test(test_directory_waits_for_its_children),
		cmocka_unit_test(test_renamed_directory_keeps_its_files),
		cmocka_unit_test(test_unnamed_file_is_recorded_with_its_name),
		cmocka_unit_test(test_refusals_are_those_of_the_system_calls),
		cmocka_unit_test(test_names_are_components),
	};

	return RUN_TESTS(tests);
}
