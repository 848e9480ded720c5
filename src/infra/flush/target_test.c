// SPDX-License-Identifier: Apache-2.0
#include "infra/flush/target.h"

#include "support/view.h"

#include "domain/workspace/paths.h"
#include "infra/sys/fd.h"
#include "infra/sys/hash.h"

struct fixture {
	struct view v;
	const char *w; /* borrowed */
	int root;
	struct target target;
	char *path; /* owned; @target borrows it */
	struct err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .target = TARGET_INIT, .err = ERR_INIT };
	view_new(&f->v);
	f->w = f->v.snapshot.original;
	f->root = fd_open_dir(f->w, &f->err);
	assert_true(f->root >= 0);
}

static void teardown(struct fixture *f)
{
	target_release(&f->target);
	free(f->path);
	fd_close(&f->root);
	view_free(&f->v);
}

static int look(struct fixture *f, const char *path, enum change_kind kind)
{
	auto_change struct change change = {
		.path = xstrdup(path),
		.kind = kind,
	};

	target_release(&f->target);
	free(f->path);
	f->path = xstrdup(path);
	hash_sha256("guest", 5, change.hash);
	view_base(&f->v, &change);
	if (target_look(f->root, &change, &f->target, &f->err) < 0)
		return -1;
	f->target.path = f->path;
	f->target.name = path_name(f->path);
	return 0;
}

static void test_looking_tells_users_work_from_the_rest(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "untouched", "1", 0644);
	view_file(&f.v, "edited", "1", 0644);
	view_file(&f.v, "same", "1", 0644);
	view_file(&f.v, "gone", "1", 0644);
	view_seal(&f.v);
	tree_write(f.w, "edited", "user's");
	tree_write(f.w, "same", "guest");
	tree_delete(f.w, "gone");
	CHECK_OK(look(&f, "untouched", CHANGE_MODIFIED), &f.err);
	assert_int_equal(f.target.state, THREEWAY_UNTOUCHED);
	CHECK_OK(look(&f, "edited", CHANGE_MODIFIED), &f.err);
	assert_int_equal(f.target.state, THREEWAY_EDITED);
	CHECK_OK(look(&f, "same", CHANGE_MODIFIED), &f.err);
	assert_int_equal(f.target.state, THREEWAY_SAME_AS_GUEST);
	CHECK_OK(look(&f, "gone", CHANGE_MODIFIED), &f.err);
	assert_int_equal(f.target.state, THREEWAY_ABSENT);
	CHECK_OK(look(&f, "no/dir", CHANGE_ADDED), &f.err);
	assert_int_equal(f.target.state, THREEWAY_ABSENT);
	teardown(&f);
}

/* clang-format off */
static const struct refused_case {
	const char *path, *want;
} refused_cases[] = {
	{ "../../../etc/passwd", "path traversal rejected" },
	{ "/etc/passwd",         "path traversal rejected" },
	{ "a/../b",              "path traversal rejected" },
	{ "",                    "path traversal rejected" },
	{ "hooks/pre-commit",    "path traversal rejected" },
	{ "out/passwd",          "path traversal rejected" },
	{ "link",                "symlink to 'file'" },
	{ "link",                ".broodboxignore" },
	{ "dangling",            "symlink to 'nowhere'" },
};
/* clang-format on */

static void test_paths_that_lead_elsewhere_are_refused(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	tree_write(f.w, "file", "user");
	tree_mkdir(f.w, ".git/hooks");
	tree_link(f.w, "hooks", ".git/hooks");
	tree_link(f.w, "out", "/etc");
	tree_link(f.w, "link", "file");
	tree_link(f.w, "dangling", "nowhere");
	for (size_t i = 0; i < ARRAY_SIZE(refused_cases); i++) {
		const struct refused_case *c = &refused_cases[i];

		CHECK_FAILS(look(&f, c->path, CHANGE_ADDED), &f.err,
			    ERR_INVALID, c->want);
	}
	teardown(&f);
}

static void test_users_symlinks_are_told_apart(void **state unused)
{
	auto_change struct change change = {
		.path = xstrdup("l"),
		.kind = CHANGE_MODIFIED,
		.type = CHANGE_SYMLINK,
		.target = xstrdup("guest"),
		.base_known = true,
		.base_type = CHANGE_SYMLINK,
		.base_target = xstrdup("base"),
	};
	static const struct {
		const char *text;
		enum threeway_original want;
	} cases[] = {
		{ "base", THREEWAY_UNTOUCHED },
		{ "guest", THREEWAY_SAME_AS_GUEST },
		{ "bas", THREEWAY_EDITED },
		{ "/etc/passwd", THREEWAY_EDITED },
	};
	struct fixture f;

	setup(&f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_link(f.w, "l", cases[i].text);
		target_release(&f.target);
		CHECK_OK(target_look(f.root, &change, &f.target, &f.err),
			 &f.err);
		CHECK(f.target.state == cases[i].want, "%s: %d", cases[i].text,
		      f.target.state);
		tree_delete(f.w, "l");
	}
	/* A file that was a link: the user's link is only known by its text. */
	change.type = CHANGE_FILE;
	tree_link(f.w, "l", "guest");
	target_release(&f.target);
	CHECK_OK(target_look(f.root, &change, &f.target, &f.err), &f.err);
	assert_int_equal(f.target.state, THREEWAY_EDITED);
	teardown(&f);
}

static void test_directory_goes_only_when_it_is_empty(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_dir(&f.v, "d");
	view_seal(&f.v);
	tree_write(f.w, "d/mine", "user's");
	CHECK_OK(look(&f, "d", CHANGE_DELETED), &f.err);
	assert_int_equal(f.target.state, THREEWAY_UNTOUCHED);
	CHECK_OK(target_remove_dir(&f.target, &f.err), &f.err);
	assert_true(tree_is(f.w, "d/mine", "user's"));
	CHECK_OK(look(&f, "d", CHANGE_MODIFIED), &f.err);
	tree_write(f.w, "temp", "guest");
	CHECK_FAILS(target_place(&f.target, "temp", &f.err), &f.err,
		    ERR_CONFLICT, "'d' is kept");
	assert_true(tree_is(f.w, "d/mine", "user's"));
	assert_false(tree_has(f.w, "temp"));
	tree_delete(f.w, "d/mine");
	tree_write(f.w, "temp", "guest");
	CHECK_OK(target_place(&f.target, "temp", &f.err), &f.err);
	assert_true(tree_is(f.w, "d", "guest"));
	teardown(&f);
}

/* Between looking and writing the user saves again, in four ways. */
static const char *const races[] = { "rewrite", "replace", "delete", "link" };

static void race(const struct fixture *f, const char *how)
{
	if (!strcmp(how, "rewrite")) {
		tree_write(f->w, "f", "user's");
	} else if (!strcmp(how, "replace")) {
		tree_write(f->w, "f.new", "user's");
		tree_rename(f->w, "f.new", "f");
	} else if (!strcmp(how, "delete")) {
		tree_delete(f->w, "f");
	} else {
		tree_delete(f->w, "f");
		tree_link(f->w, "f", "user's");
	}
}

static void check_users(const struct fixture *f, const char *how)
{
	struct stat st;

	if (!strcmp(how, "delete"))
		CHECK(!tree_has(f->w, "f"), "%s", how);
	else if (!strcmp(how, "link"))
		CHECK(tree_stat(f->w, "f", &st) && S_ISLNK(st.st_mode), "%s",
		      how);
	else
		CHECK(tree_is(f->w, "f", "user's"), "%s", how);
	CHECK(!tree_has(f->w, "temp"), "%s: temp", how);
}

static void test_late_edit_survives_a_replacement(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(races); i++) {
		struct fixture f;

		setup(&f);
		view_file(&f.v, "f", "1", 0644);
		view_seal(&f.v);
		CHECK_OK(look(&f, "f", CHANGE_MODIFIED), &f.err);
		tree_write(f.w, "temp", "guest");
		race(&f, races[i]);
		CHECK_FAILS(target_place(&f.target, "temp", &f.err), &f.err,
			    ERR_CONFLICT, "changed in the workspace");
		check_users(&f, races[i]);
		teardown(&f);
	}
}

static void test_late_edit_survives_a_deletion(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(races); i++) {
		struct fixture f;

		setup(&f);
		view_file(&f.v, "f", "1", 0644);
		view_seal(&f.v);
		CHECK_OK(look(&f, "f", CHANGE_DELETED), &f.err);
		race(&f, races[i]);
		CHECK_FAILS(target_remove(&f.target, "temp", &f.err), &f.err,
			    ERR_CONFLICT, "changed in the workspace");
		check_users(&f, races[i]);
		teardown(&f);
	}
}

static void test_late_edit_survives_a_directory(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(races); i++) {
		struct fixture f;

		setup(&f);
		view_file(&f.v, "f", "1", 0644);
		view_seal(&f.v);
		CHECK_OK(look(&f, "f", CHANGE_MODIFIED), &f.err);
		tree_mkdir(f.w, "temp");
		race(&f, races[i]);
		CHECK_FAILS(target_place(&f.target, "temp", &f.err), &f.err,
			    ERR_CONFLICT, "changed in the workspace");
		check_users(&f, races[i]);
		teardown(&f);
	}
}

static void test_late_file_survives_an_addition(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	CHECK_OK(look(&f, "f", CHANGE_ADDED), &f.err);
	tree_write(f.w, "f", "user's");
	tree_write(f.w, "temp", "guest");
	CHECK_FAILS(target_place(&f.target, "temp", &f.err), &f.err,
		    ERR_CONFLICT, "changed in the workspace");
	check_users(&f, "rewrite");
	teardown(&f);
}

static void test_untouched_files_are_replaced_and_removed(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "f", "1", 0644);
	view_seal(&f.v);
	CHECK_OK(look(&f, "f", CHANGE_MODIFIED), &f.err);
	tree_write(f.w, "temp", "guest");
	CHECK_OK(target_place(&f.target, "temp", &f.err), &f.err);
	assert_true(tree_is(f.w, "f", "guest"));
	assert_false(tree_has(f.w, "temp"));
	CHECK_OK(look(&f, "f", CHANGE_DELETED), &f.err);
	CHECK_OK(target_remove(&f.target, "temp", &f.err), &f.err);
	assert_false(tree_has(f.w, "f"));
	assert_false(tree_has(f.w, "temp"));
	teardown(&f);
}

/* The directory is swapped for a link after it was opened. */
static void test_swapped_parent_leads_nowhere(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_dir(&f.v, "d");
	view_seal(&f.v);
	tree_mkdir(f.v.dir, "outside");
	CHECK_OK(look(&f, "d/f", CHANGE_ADDED), &f.err);
	tree_rename(f.w, "d", "d.old");
	tree_link(f.w, "d", "../outside");
	tree_write(f.w, "d.old/temp", "guest");
	CHECK_OK(target_place(&f.target, "temp", &f.err), &f.err);
	assert_true(tree_is(f.w, "d.old/f", "guest"));
	assert_false(tree_has(f.v.dir, "outside/f"));
	teardown(&f);
}

static void test_chmod_needs_the_file_that_was_looked_at(void **state unused)
{
	struct fixture f;

	setup(&f);
	view_file(&f.v, "f", "1", 0644);
	view_seal(&f.v);
	CHECK_OK(look(&f, "f", CHANGE_MODIFIED), &f.err);
	race(&f, "replace");
	CHECK_FAILS(target_chmod(&f.target, 0755, &f.err), &f.err, ERR_CONFLICT,
		    "'f'");
	assert_int_equal(tree_mode(f.w, "f") & 0111, 0);
	CHECK_OK(look(&f, "f", CHANGE_MODIFIED), &f.err);
	CHECK_OK(target_chmod(&f.target, 0755, &f.err), &f.err);
	assert_int_equal(tree_mode(f.w, "f"), 0755);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looking_tells_users_work_from_the_rest),
		cmocka_unit_test(test_paths_that_lead_elsewhere_are_refused),
		cmocka_unit_test(test_users_symlinks_are_told_apart),
		cmocka_unit_test(test_directory_goes_only_when_it_is_empty),
		cmocka_unit_test(test_late_edit_survives_a_directory),
		cmocka_unit_test(test_late_edit_survives_a_replacement),
		cmocka_unit_test(test_late_edit_survives_a_deletion),
		cmocka_unit_test(test_late_file_survives_an_addition),
		cmocka_unit_test(test_untouched_files_are_replaced_and_removed),
		cmocka_unit_test(test_swapped_parent_leads_nowhere),
		cmocka_unit_test(test_chmod_needs_the_file_that_was_looked_at),
	};

	return RUN_TESTS(tests);
}
