// SPDX-License-Identifier: Apache-2.0
#include "infra/sys/walk.h"

#include "support/tree.h"

#include "infra/sys/fd.h"

struct recorder {
	struct walk walk;
	char text[65536]; /* what happened, in order */
	size_t visits, refused;
	enum err_kind kind; /* of the last refusal */
};

static void record(struct recorder *r, const char *what, const char *path)
{
	size_t len = strlen(r->text);

	snprintf(r->text + len, sizeof(r->text) - len, "%s:%s ", what, path);
}

static int on_visit(struct walk *w, const struct walk_entry *e, struct err *err)
{
	struct recorder *r = container_of(w, struct recorder, walk);

	r->visits++;
	if (strlen(e->path) < 100)
		record(r, "visit", e->path);
	if (!strcmp(e->name, "stop"))
		return err_set(err, ERR_CONFLICT, "stopped");
	return S_ISDIR(e->st->st_mode) && strcmp(e->name, "pruned") ? WALK_ENTER
								    : WALK_PASS;
}

static int on_leave(struct walk *w, const struct walk_entry *e,
		    struct err *err unused)
{
	struct recorder *r = container_of(w, struct recorder, walk);

	if (strlen(e->path) < 100)
		record(r, "leave", e->path);
	return 0;
}

static int on_unreadable(struct walk *w, const struct walk_entry *e unused,
			 const struct err *why, struct err *err unused)
{
	struct recorder *r = container_of(w, struct recorder, walk);

	r->refused++;
	r->kind = why->kind;
	return 0;
}

static const struct walk_ops ops = {
	.visit = on_visit,
	.leave = on_leave,
	.unreadable = on_unreadable,
};

static int walk(struct recorder *r, const char *dir, struct err *err)
{
	int fd = fd_open_dir(dir, err), result;

	*r = (struct recorder){ .walk = WALK_INIT(&ops) };
	if (fd < 0)
		return -1;
	result = walk_tree(&r->walk, fd, err);
	fd_close(&fd);
	return result;
}

static void
test_parents_come_first_and_links_are_not_followed(void **state unused)
{
	auto_free char *dir = tree_new();
	struct err err = ERR_INIT;
	struct recorder r;

	tree_write(dir, "a/b/c", "");
	tree_write(dir, "pruned/x", "");
	tree_link(dir, "a/b/up", "../..");
	CHECK_OK(walk(&r, dir, &err), &err);
	CHECK(strstr(r.text, "visit:a visit:a/b ") &&
		      strstr(r.text, "leave:a/b leave:a "),
	      "%s", r.text);
	CHECK(strstr(r.text, "visit:a/b/up "), "%s", r.text);
	CHECK(!strstr(r.text, "pruned/x") && !strstr(r.text, "up/"), "%s",
	      r.text);
	assert_int_equal(r.visits, 5);
	tree_remove(dir);
}

static void test_callback_ends_the_walk(void **state unused)
{
	auto_free char *dir = tree_new();
	struct err err = ERR_INIT;
	struct recorder r;

	tree_write(dir, "a/b/stop", "");
	CHECK_FAILS(walk(&r, dir, &err), &err, ERR_CONFLICT, "stopped");
	tree_remove(dir);
}

static void test_endless_depth_is_cut(void **state unused)
{
	auto_free char *dir = tree_new();
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct err err = ERR_INIT;
	struct recorder r;

	for (int i = 0; i < 1000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	CHECK_OK(walk(&r, dir, &err), &err);
	assert_int_equal(r.visits, WALK_DEPTH_MAX);
	assert_int_equal(r.refused, 1);
	assert_int_equal(r.kind, ERR_LIMIT);
	tree_remove(dir);
}

static void test_path_beyond_the_limit_is_refused(void **state unused)
{
	auto_free char *dir = tree_new();
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct err err = ERR_INIT;
	struct recorder r;
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	/* 15 * 256 is 3840; the sixteenth does not fit 4095 with its '/'. */
	for (int i = 0; i < 17; i++) {
		int next;

		assert_int_equal(mkdirat(fd, name, 0700), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
	CHECK_OK(walk(&r, dir, &err), &err);
	assert_int_equal(r.visits, 16);
	assert_int_equal(r.refused, 1);
	assert_int_equal(r.kind, ERR_LIMIT);
	tree_remove(dir);
}

static void test_allow_changes_files_and_never_links(void **state unused)
{
	auto_free char *dir = tree_new();
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct err err = ERR_INIT;

	tree_write(dir, "f", "");
	tree_chmod(dir, "f", 0);
	tree_link(dir, "l", "f");
	CHECK_FAILS(walk_allow(fd, "l", 0400, &err), &err, ERR_INVALID, "'l'");
	assert_int_equal(tree_mode(dir, "f"), 0);
	CHECK_OK(walk_allow(fd, "f", 0400, &err), &err);
	assert_int_equal(tree_mode(dir, "f"), 0400);
	close(fd);
	tree_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_parents_come_first_and_links_are_not_followed),
		cmocka_unit_test(test_callback_ends_the_walk),
		cmocka_unit_test(test_endless_depth_is_cut),
		cmocka_unit_test(test_path_beyond_the_limit_is_refused),
		cmocka_unit_test(test_allow_changes_files_and_never_links),
	};

	return RUN_TESTS(tests);
}
