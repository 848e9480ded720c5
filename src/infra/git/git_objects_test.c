// SPDX-License-Identifier: Apache-2.0
/*
 * git_objects_test.c - objects that are missing, or are not what they claim to
 * be, do not arrive.
 */
#include "infra/git/git_objects.h"

#include "support/git_world.h"

static void test_missing_object_keeps_session(void **state unused)
{
	auto_free char *before = NULL;
	struct err err = ERR_INIT;
	struct world w;

	world_init(&w, false);
	before = git(&w, "main", "rev-parse", "feature");
	guest_begin(&w);
	guest_say(&w, ".git/refs/heads/feature",
		  "0123456789012345678901234567890123456789");
	CHECK_FAILS(finish(&w, &err), &err, ERR_NOT_FOUND, "is missing");
	check_ref(&w, "refs/heads/feature", before);
	world_release(&w);
}

static void test_object_under_wrong_name_is_refused(void **state unused)
{
	auto_free char *oid = NULL, *other = NULL, *from = NULL, *to = NULL;
	struct err err = ERR_INIT;
	auto_buf struct buf data = BUF_INIT(OUTPUT_MAX);
	struct world w;
	int fd;

	world_init(&w, false);
	guest_begin(&w);
	oid = commit(&w, "scratch", "second");
	other = commit(&w, "scratch", "third");
	guest_take_objects(&w);
	from = xasprintf("scratch/.git/objects/%.2s/%s", other, other + 2);
	to = xasprintf(".git/objects/%.2s/%s", oid, oid + 2);
	fd = open(w.dir, O_PATH | O_CLOEXEC);
	CHECK_OK(git_read_file(fd, from, &data, &err), &err);
	close(fd);
	guest_put(&w, to, data.data, data.len);
	guest_say(&w, ".git/refs/heads/feature", oid);
	CHECK_FAILS(finish(&w, &err), &err, ERR_INVALID, oid);
	check_sound(&w);
	world_release(&w);
}

/* A tree with one file, @name, as libgit2 would not make it. */
static void make_evil_tree(const struct world *w, const char *name,
			   char out[GIT_OID_HEXSZ + 1])
{
	auto_free char *path = tree_path(w->dir, "scratch");
	auto_free char *blob = git(w, "scratch", "rev-parse", "HEAD:first");
	auto_free char *head = xasprintf("100644 %s", name);
	auto_buf struct buf raw = BUF_INIT(1024);
	struct err err = ERR_INIT;
	git_repository *repo;
	git_odb *odb;
	git_oid id;

	assert_int_equal(git_repository_open(&repo, path), 0);
	assert_int_equal(git_repository_odb(&odb, repo), 0);
	assert_int_equal(git_oid_fromstr(&id, blob), 0);
	CHECK_OK(buf_add(&raw, head, strlen(head) + 1, &err), &err);
	CHECK_OK(buf_add(&raw, id.id, GIT_OID_RAWSZ, &err), &err);
	assert_int_equal(
		git_odb_write(&id, odb, raw.data, raw.len, GIT_OBJECT_TREE), 0);
	git_odb_free(odb);
	git_repository_free(repo);
	git_oid_tostr(out, GIT_OID_HEXSZ + 1, &id);
}

static void test_tree_with_evil_name_is_refused(void **state unused)
{
	static const char *const names[] = { ".git", ".GIT", "..", "a/b" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char tree[GIT_OID_HEXSZ + 1];
		auto_free char *oid = NULL;
		struct err err = ERR_INIT;
		struct world w;

		world_init(&w, false);
		guest_begin(&w);
		make_evil_tree(&w, names[i], tree);
		oid = git(&w, "scratch", "commit-tree", "-m", "evil", tree);
		guest_take_objects(&w);
		guest_say(&w, ".git/refs/heads/feature", oid);
		CHECK_FAILS(finish(&w, &err), &err, ERR_INVALID, "holds the");
		check_ref(&w, PARKED, "");
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_object_keeps_session),
		cmocka_unit_test(test_object_under_wrong_name_is_refused),
		cmocka_unit_test(test_tree_with_evil_name_is_refused),
	};

	if (access(GIT, X_OK) < 0)
		return 77; /* skipped */
	return RUN_TESTS(tests);
}
