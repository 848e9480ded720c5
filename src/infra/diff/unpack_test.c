// SPDX-License-Identifier: Apache-2.0
/*
 * unpack_test.c - all contents of a view come into one directory.
 */
#include "infra/diff/unpack.h"

#include "infra/sys/fs.h"
#include "support/guest.h"

struct fixture {
	struct view v;
	struct guest g;
	int session;
};

static void setup(struct fixture *f)
{
	struct err err = ERR_INIT;

	view_new(&f->v);
	guest_new(&f->g, &f->v);
	f->session = fd_open_dir(f->g.s, &err);
	CHECK_OK(f->session, &err);
}

static void teardown(struct fixture *f)
{
	fd_close(&f->session);
	guest_free(&f->g);
	view_free(&f->v);
}

static void unpack(struct fixture *f)
{
	struct err err = ERR_INIT;

	CHECK_OK(unpack_all(f->session, f->g.overlay, &err), &err);
}

static bool unpacked_is(struct fixture *f, const char *path, const char *want)
{
	auto_free char *content =
		overlay_content_path(guest_get(&f->g, path)->id);

	return want ? tree_is(f->g.s, content, want)
		    : !tree_has(f->g.s, content);
}

static void test_unpacks_slots_and_objects(void **state unused)
{
	struct fixture f;
	struct overlay_node *node;

	setup(&f);
	guest_mkdir(&f.g, "d");
	guest_write(&f.g, "empty", "");
	node = guest_create(&f.g, "d/slot", OVERLAY_FILE, 0644, NULL);
	guest_put_slot(&f.g, node, "small");
	node = guest_create(&f.g, "d/object", OVERLAY_FILE, 0644, NULL);
	guest_put_object(&f.g, node, "large");
	/* An object is what counts when there are both. */
	guest_put_slot(&f.g, node, "old");
	unpack(&f);
	assert_true(unpacked_is(&f, "empty", ""));
	assert_true(unpacked_is(&f, "d/slot", "small"));
	assert_true(unpacked_is(&f, "d/object", "large"));
	teardown(&f);
}

static void test_unpacks_again(void **state unused)
{
	struct fixture f;

	setup(&f);
	guest_write(&f.g, "a", "1");
	unpack(&f);
	guest_write(&f.g, "a", "2");
	guest_write(&f.g, "b", "3");
	tree_write(f.g.s, "contents/stray", "");
	unpack(&f);
	assert_true(unpacked_is(&f, "a", "2"));
	assert_true(unpacked_is(&f, "b", "3"));
	assert_false(tree_has(f.g.s, "contents/stray"));
	teardown(&f);
}

static void test_second_name_is_no_second_content(void **state unused)
{
	struct fixture f;
	struct overlay_node *root;

	setup(&f);
	root = overlay_root(f.g.overlay);
	for (int i = 0; i < 2; i++) {
		auto_free char *first = xasprintf("a%d", i);
		auto_free char *second = xasprintf("b%d", i);

		guest_write(&f.g, first, "both");
		assert_int_equal(overlay_link(f.g.overlay,
					      guest_get(&f.g, first), root,
					      SPAN_STR(second)),
				 0);
	}
	unpack(&f);
	assert_true(unpacked_is(&f, "b0", "both"));
	assert_true(unpacked_is(&f, "b1", "both"));
	teardown(&f);
}

static void test_lost_content_is_left_out(void **state unused)
{
	struct fixture f;

	setup(&f);
	guest_write(&f.g, "a", "1");
	guest_write(&f.g, "b", "2");
	guest_lose(&f.g, guest_get(&f.g, "a"));
	guest_put_object(&f.g, guest_get(&f.g, "b"), "2");
	unpack(&f);
	assert_true(unpacked_is(&f, "a", NULL));
	assert_true(unpacked_is(&f, "b", "2"));
	teardown(&f);
}

/* Whoever can write to the session directory may try these. */
static void test_links_lead_nowhere(void **state unused)
{
	static const char *const names[] = { "slots", "contents", "objects" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fixture f;
		struct err err = ERR_INIT;
		int r;

		setup(&f);
		guest_write(&f.g, "a", "1");
		tree_write(f.v.snapshot.original, "out/file", "mine");
		if (tree_has(f.g.s, names[i]))
			CHECK_OK(fs_remove_tree_at(f.session, names[i], &err),
				 &err);
		tree_link(f.g.s, names[i], f.v.snapshot.original);
		r = unpack_all(f.session, f.g.overlay, &err);
		CHECK(r < 0 || !strcmp(names[i], "contents"), "%s", names[i]);
		assert_true(tree_is(f.v.snapshot.original, "out/file", "mine"));
		assert_false(
			tree_has(f.v.snapshot.original, "0000000000000002"));
		teardown(&f);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpacks_slots_and_objects),
		cmocka_unit_test(test_unpacks_again),
		cmocka_unit_test(test_second_name_is_no_second_content),
		cmocka_unit_test(test_lost_content_is_left_out),
		cmocka_unit_test(test_links_lead_nowhere),
	};

	return RUN_TESTS(tests);
}
