// SPDX-License-Identifier: Apache-2.0
#include "infra/workspace/view_state.h"

#include "domain/workspace/overlay_store.h"
#include "support/guest.h"

struct fixture {
	struct view v;
	struct guest g;
};

static void setup(struct fixture *f)
{
	view_new(&f->v);
	tree_write(f->v.snapshot.original, "f", "1");
	tree_write(f->v.snapshot.original, "d/f", "1");
	tree_write(f->v.snapshot.original, "d/e/f", "1");
	guest_new(&f->g, &f->v);
}

static void teardown(struct fixture *f)
{
	guest_free(&f->g);
	view_free(&f->v);
}

static void do_nothing(struct guest *g unused)
{
}

static void do_look(struct guest *g)
{
	discard(guest_look(g, "d/f", NULL, NULL));
}

static void do_come_and_go(struct guest *g)
{
	guest_write(g, "d/e/new", "x");
	guest_mkdir(g, "d/new");
	guest_remove(g, "d/e/new");
	guest_remove(g, "d/new");
}

static void do_add(struct guest *g)
{
	guest_write(g, "d/e/new", "x");
}

static void do_mkdir(struct guest *g)
{
	guest_mkdir(g, "d/e/new");
}

static void do_modify(struct guest *g)
{
	guest_write(g, "d/f", "2");
}

/* As a configuration of git does that was only looked at. */
static void do_own(struct guest *g)
{
	guest_write(g, "f", "1");
	guest_write(g, "d/f", "1");
	guest_write(g, "d/e/f", "1");
}

static void do_own_executable(struct guest *g)
{
	guest_write(g, "f", "1");
	guest_chmod(g, "f", 0755);
}

static void do_own_lost(struct guest *g)
{
	guest_write(g, "f", "1");
	guest_lose(g, guest_get(g, "f"));
}

static void do_remove(struct guest *g)
{
	guest_remove(g, "d/e/f");
}

static void do_rename(struct guest *g)
{
	guest_rename(g, "d/e", "moved");
}

static void do_chmod(struct guest *g)
{
	guest_chmod(g, "f", 0755);
}

static void do_chmod_dir(struct guest *g)
{
	guest_chmod(g, "d", 0700);
}

/* clang-format off */
static const struct state_case {
	const char *name;
	void (*work)(struct guest *g);
	bool want;
} cases[] = {
	{ "nothing",         do_nothing,     false },
	{ "a look",          do_look,        false },
	{ "came and went",   do_come_and_go, false },
	{ "a new file",      do_add,         true },
	{ "a new directory", do_mkdir,       true },
	{ "another content", do_modify,      true },
	{ "the same content", do_own,        false },
	{ "... and a mode",  do_own_executable, true },
	{ "a lost content",  do_own_lost,    true },
	{ "a removal",       do_remove,      true },
	{ "a rename",        do_rename,      true },
	{ "a mode",          do_chmod,       true },
	{ "mode of a dir",   do_chmod_dir,   true },
};
/* clang-format on */

static void test_changes_are_told_from_none(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;

		setup(&f);
		cases[i].work(&f.g);
		CHECK(view_state_has_changes(f.v.snapshot.path) ==
			      cases[i].want,
		      "%s", cases[i].name);
		teardown(&f);
	}
}

static void test_doubt_counts_as_changes(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *big = tree_path(dir, OVERLAY_RECORDS_FILE);

	assert_false(view_state_has_changes(dir));
	tree_write(dir, OVERLAY_RECORDS_FILE, "");
	assert_false(view_state_has_changes(dir));
	tree_write(dir, OVERLAY_RECORDS_FILE,
		   "garbage garbage garbage garbage garbage");
	assert_true(view_state_has_changes(dir));
	CHECK(!truncate(big, 64 * 1024 * 1024), "truncate");
	assert_true(view_state_has_changes(dir));
	tree_delete(dir, OVERLAY_RECORDS_FILE);
	tree_mkdir(dir, OVERLAY_RECORDS_FILE);
	assert_true(view_state_has_changes(dir));
	tree_remove(dir);
}

static void test_size_counts_what_is_there(void **state unused)
{
	auto_free char *dir = tree_new();
	auto_free char *text = xcalloc(1, 60000), *from = NULL, *to = NULL;

	memset(text, 'x', 59999);
	tree_write(dir, "objects/1", text);
	tree_link(dir, "link", "/etc");
	assert_true(view_state_size(dir) >= 59999);
	assert_true(view_state_size(dir) < 100 * 1000);
	/* A second name is no second content. */
	tree_mkdir(dir, "contents");
	from = tree_path(dir, "objects/1");
	to = tree_path(dir, "contents/1");
	assert_return_code(link(from, to), errno);
	assert_true(view_state_size(dir) < 100 * 1000);
	tree_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_are_told_from_none),
		cmocka_unit_test(test_doubt_counts_as_changes),
		cmocka_unit_test(test_size_counts_what_is_there),
	};

	return RUN_TESTS(tests);
}
