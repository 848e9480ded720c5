// SPDX-License-Identifier: Apache-2.0
/*
 * git_copy_test.c - a copied workspace holds no secret of git's.
 */
#include "infra/git/git_copy.h"

#include "domain/git/config.h"
#include "infra/sys/hash.h"
#include "support/view.h"

#define SECRET "hunter2"
#define DIRTY  "[core]\n\tbare = false\n\tpager = " SECRET "\n"
#define CLEAN  "[core]\n\tbare = false\n"

static void repository(struct view *v, const char *dir, const char *config)
{
	auto_free char *head = tree_path(dir, "HEAD");
	auto_free char *objects = tree_path(dir, "objects");
	auto_free char *refs = tree_path(dir, "refs");
	auto_free char *path = tree_path(dir, "config");

	view_dir(v, dir);
	view_dir(v, objects);
	view_dir(v, refs);
	view_file(v, head, "ref: refs/heads/main\n", 0644);
	view_file(v, path, config, 0600);
}

static void check_config(const struct view *v, const char *path,
			 const char *want)
{
	const struct baseline_entry *entry =
		baseline_find(v->snapshot.baseline, path);
	char hash[SHA256_HEX_SIZE];

	CHECK(tree_is(v->snapshot.path, path, want), "%s", path);
	CHECK(tree_mode(v->snapshot.path, path) == 0644, "%s: mode", path);
	CHECK(tree_is(v->snapshot.original, path, DIRTY), "%s: original", path);
	hash_sha256(want, strlen(want), hash);
	assert_non_null(entry);
	assert_string_equal(entry->hash, hash);
	assert_int_equal(entry->view.ino, 0);
}

static void test_every_configuration_is_cleaned(void **state unused)
{
	struct err err = ERR_INIT;
	struct view v;

	view_new(&v);
	repository(&v, ".git", DIRTY);
	repository(&v, "bare.git", DIRTY);
	view_dir(&v, "sub");
	repository(&v, "sub/.git", DIRTY);
	view_file(&v, "sub/config", DIRTY, 0600);
	view_seal(&v);
	CHECK_OK(git_copy_clean(&v.snapshot, &v.log, &err), &err);
	check_config(&v, ".git/config", CLEAN);
	check_config(&v, "bare.git/config", CLEAN);
	check_config(&v, "sub/.git/config", CLEAN);
	assert_true(tree_is(v.snapshot.path, "sub/config", DIRTY));
	view_free(&v);
}

static void test_what_cannot_be_cleaned_is_empty(void **state unused)
{
	auto_free char *huge = xcalloc(1, GIT_CONFIG_SIZE_MAX + 2);
	struct err err = ERR_INIT;
	struct view v;

	memset(huge, '\n', GIT_CONFIG_SIZE_MAX + 1);
	view_new(&v);
	repository(&v, ".git", "[core\n\tx = " SECRET);
	repository(&v, "big.git", huge);
	view_seal(&v);
	CHECK_OK(git_copy_clean(&v.snapshot, &v.log, &err), &err);
	assert_true(tree_is(v.snapshot.path, ".git/config", ""));
	assert_true(tree_is(v.snapshot.path, "big.git/config", ""));
	view_free(&v);
}

static void test_symlink_refuses_copy(void **state unused)
{
	struct err err = ERR_INIT;
	struct view v;

	view_new(&v);
	view_dir(&v, ".git");
	view_file(&v, "secret", DIRTY, 0600);
	view_link(&v, ".git/config", "../secret");
	view_seal(&v);
	CHECK_FAILS(git_copy_clean(&v.snapshot, &v.log, &err), &err,
		    ERR_INVALID, "'.git/config'");
	assert_true(tree_is(v.snapshot.path, "secret", DIRTY));
	view_free(&v);
}

static void test_nothing_is_made_where_nothing_is(void **state unused)
{
	struct err err = ERR_INIT;
	struct view v;

	view_new(&v);
	view_file(&v, "a", "a", 0644);
	view_seal(&v);
	CHECK_OK(git_copy_clean(&v.snapshot, &v.log, &err), &err);
	assert_false(tree_has(v.snapshot.path, ".git"));
	view_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_configuration_is_cleaned),
		cmocka_unit_test(test_what_cannot_be_cleaned_is_empty),
		cmocka_unit_test(test_symlink_refuses_copy),
		cmocka_unit_test(test_nothing_is_made_where_nothing_is),
	};

	return RUN_TESTS(tests);
}
