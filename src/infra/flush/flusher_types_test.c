// SPDX-License-Identifier: Apache-2.0
/*
 * flusher_types_test.c - files, symlinks and directories take each other's
 * place, and files move.
 */
#include "infra/flush/flusher.h"

#include "support/flush.h"

/* What can stand at a path. */
enum thing { NOTHING, FILE_, SYMLINK, DIR_, THINGS };
static const char *const things[] = { "nothing", "file", "symlink", "dir" };

static void put(const char *root, enum thing thing, const char *text)
{
	if (thing == FILE_)
		tree_write(root, "p", text);
	else if (thing == SYMLINK)
		tree_link(root, "p", text);
	else if (thing == DIR_)
		tree_mkdir(root, "p");
	if (thing == DIR_ && *text != '-')
		tree_write(root, "p/x", text);
}

static bool holds(const char *root, enum thing thing, const char *text)
{
	auto_free char *full = tree_path(root, "p");
	char target[64] = "";
	struct stat st;

	if (!tree_stat(root, "p", &st))
		return thing == NOTHING;
	if (S_ISREG(st.st_mode))
		return thing == FILE_ && tree_is(root, "p", text);
	if (S_ISDIR(st.st_mode))
		return thing == DIR_ &&
		       (*text == '-' || tree_is(root, "p/x", text));
	return thing == SYMLINK && readlink(full, target, 63) > 0 &&
	       !strcmp(target, text);
}

static void take_away(const char *root)
{
	if (tree_has(root, "p/x") && !holds(root, SYMLINK, "base"))
		tree_delete(root, "p/x");
	if (tree_has(root, "p"))
		tree_delete(root, "p");
}

static void begin_with(struct fixture *f, enum thing thing)
{
	if (thing == FILE_) {
		view_file(&f->v, "p", "base", 0644);
	} else if (thing == SYMLINK) {
		view_link(&f->v, "p", "base");
	} else if (thing == DIR_) {
		view_dir(&f->v, "p");
		view_file(&f->v, "p/x", "base", 0644);
	}
	view_seal(&f->v);
}

static enum change_kind kind_of(enum thing before, enum thing after)
{
	return before == NOTHING  ? CHANGE_ADDED
	       : after == NOTHING ? CHANGE_DELETED
				  : CHANGE_MODIFIED;
}

static void add_change_of_thing(struct fixture *f, enum thing before,
				enum thing after)
{
	if (before != DIR_ || after != DIR_)
		add(f, kind_of(before, after), "p");
	if (before == DIR_ || after == DIR_)
		add(f,
		    before != DIR_  ? CHANGE_ADDED
		    : after != DIR_ ? CHANGE_DELETED
				    : CHANGE_MODIFIED,
		    "p/x");
}

/* Each thing becomes each other, and the user leaves it alone. */
static void test_types_change_places(void **state unused)
{
	for (int i = 0; i < THINGS * THINGS; i++) {
		enum thing before = (enum thing)(i / THINGS);
		enum thing after = (enum thing)(i % THINGS);
		struct fixture f;
		int r;

		if (before == NOTHING && after == NOTHING)
			continue;
		setup(&f);
		begin_with(&f, before);
		take_away(f.g);
		put(f.g, after, "guest");
		add_change_of_thing(&f, before, after);
		r = flush(&f);
		CHECK(!r, "%s to %s: %s", things[before], things[after],
		      f.err.msg);
		CHECK(holds(f.w, after, "guest"), "%s to %s", things[before],
		      things[after]);
		teardown(&f);
	}
}

/* As above, but the user has put something else there meanwhile. */
static void test_users_work_survives_each_type_change(void **state unused)
{
	for (int i = 0; i < THINGS * THINGS * THINGS; i++) {
		enum thing before = (enum thing)(i / THINGS / THINGS);
		enum thing after = (enum thing)(i / THINGS % THINGS);
		enum thing users = (enum thing)(i % THINGS);
		struct fixture f;

		if (before == after || (before == users && users == NOTHING))
			continue;
		setup(&f);
		begin_with(&f, before);
		take_away(f.g);
		put(f.g, after, "guest");
		take_away(f.w);
		put(f.w, users, "user's");
		add_change_of_thing(&f, before, after);
		discard(flush(&f));
		/* A directory takes nothing from who has nothing there. */
		CHECK(holds(f.w, users, "user's") ||
			      (users == NOTHING && after == DIR_),
		      "%s to %s, but the user has %s", things[before],
		      things[after], things[users]);
		CHECK(users == NOTHING || f.report.failed ||
			      (before == DIR_ && users == DIR_) ||
			      (after == DIR_ && users == DIR_),
		      "%s to %s, but the user has %s: not reported",
		      things[before], things[after], things[users]);
		teardown(&f);
	}
}

static void test_symlinks_lead_nowhere_outside(void **state unused)
{
	static const char *const texts[] = {
		"/etc/passwd", "../x", "a/../../x", "a/..", "../w/x",
	};
	struct fixture f;

	setup(&f);
	view_seal(&f.v);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		tree_link(f.g, "l", texts[i]);
		add(&f, CHANGE_ADDED, "l");
		CHECK_FAILS(flush(&f), &f.err, ERR_INVALID,
			    "leads out of the workspace");
		assert_false(tree_has(f.w, "l"));
		change_list_release(&f.changes);
		tree_delete(f.g, "l");
	}
	tree_write(f.g, "d/x", "guest");
	tree_link(f.g, "d/l", "../d/./x");
	add(&f, CHANGE_ADDED, "d/l");
	add(&f, CHANGE_ADDED, "d/x");
	CHECK_OK(flush(&f), &f.err);
	assert_true(tree_is(f.w, "d/l", "guest"));
	teardown(&f);
}

static void test_mode_alone_does_not_touch_content(void **state unused)
{
	struct fixture f;
	struct change *c;
	struct stat before, after;

	setup(&f);
	view_file(&f.v, "f", "1", 0644);
	view_seal(&f.v);
	tree_chmod(f.g, "f", 0755);
	c = add(&f, CHANGE_MODIFIED, "f");
	memcpy(c->base_hash, c->hash, sizeof(c->base_hash));
	/* Nobody needs it. */
	tree_delete(f.g, "f");
	assert_true(tree_stat(f.w, "f", &before));
	CHECK_OK(flush(&f), &f.err);
	assert_true(tree_stat(f.w, "f", &after));
	assert_int_equal(after.st_mode & 07777, 0755);
	assert_int_equal(before.st_ino, after.st_ino);
	teardown(&f);
}

/* The guest moved the user's own file, of which there is no copy. */
static void test_moved_file_stays_until_it_arrived(void **state unused)
{
	for (int i = 0; i < 3; i++) {
		struct fixture f;
		struct change *to;

		setup(&f);
		view_file(&f.v, "from", "1", 0644);
		view_seal(&f.v);
		tree_rename(f.g, "from", "to");
		add(&f, CHANGE_DELETED, "from");
		to = add(&f, CHANGE_ADDED, "to");
		to->source_root = CHANGE_FROM_ORIGINAL;
		free(to->source);
		to->source = xstrdup("from");
		if (i == 1)
			to->decision = CHANGE_REJECTED;
		if (i == 2)
			tree_write(f.w, "to", "user's");
		assert_int_equal(flush(&f), i ? -1 : 0);
		if (!i) {
			assert_true(tree_is(f.w, "to", "1"));
			assert_false(tree_has(f.w, "from"));
		} else {
			assert_true(tree_is(f.w, "from", "1"));
			assert_true(tree_progress_says(&f.v.progress,
						       "'from' is kept"));
		}
		teardown(&f);
	}
}

/* What is to be moved is swapped for a way out. */
static void test_moved_source_follows_no_symlink(void **state unused)
{
	struct fixture f;
	struct change *to;

	setup(&f);
	view_file(&f.v, "from", "1", 0644);
	view_seal(&f.v);
	tree_rename(f.g, "from", "to");
	to = add(&f, CHANGE_ADDED, "to");
	to->source_root = CHANGE_FROM_ORIGINAL;
	free(to->source);
	to->source = xstrdup("from");
	tree_write(f.v.dir, "secret", "1");
	tree_delete(f.w, "from");
	tree_link(f.w, "from", "../secret");
	CHECK_FAILS(flush(&f), &f.err, ERR_INVALID, "path traversal rejected");
	assert_false(tree_has(f.w, "to"));
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moved_file_stays_until_it_arrived),
		cmocka_unit_test(test_types_change_places),
		cmocka_unit_test(test_users_work_survives_each_type_change),
		cmocka_unit_test(test_symlinks_lead_nowhere_outside),
		cmocka_unit_test(test_mode_alone_does_not_touch_content),
		cmocka_unit_test(test_moved_source_follows_no_symlink),
	};

	return RUN_TESTS(tests);
}
