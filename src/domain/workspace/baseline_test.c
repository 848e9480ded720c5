// SPDX-License-Identifier: Apache-2.0
#include "domain/workspace/baseline.h"

#include "support/check.h"

#include <string.h>

#include "base/mem.h"

static struct baseline *make(const char *const *paths, size_t n)
{
	struct baseline *b = baseline_new();

	for (size_t i = 0; i < n; i++) {
		const struct baseline_entry entry = {
			.path = xstrdup(paths[i]),
			.kind = BASELINE_FILE,
			.view = { .ino = i + 1, .ctime_ns = (int64_t)i },
		};

		baseline_add(b, &entry);
	}
	return b;
}

static void test_paths_are_found_in_any_order(void **state unused)
{
	static const char *const paths[] = { "b", "a/x", "a", "a-b", "a/x/y" };
	struct baseline *b = make(paths, ARRAY_SIZE(paths));

	baseline_seal(b, 100);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct baseline_entry *e = baseline_find(b, paths[i]);

		CHECK(e && !strcmp(e->path, paths[i]), "'%s'", paths[i]);
		assert_ptr_equal(baseline_at(b, baseline_index(b, e)), e);
	}
	assert_null(baseline_find(b, "c"));
	assert_null(baseline_find(b, ""));
	assert_null(baseline_find(NULL, "a"));
	baseline_free(b);
}

/* clang-format off */
static const struct beneath_case {
	const char *path;
	size_t want;
} beneath_cases[] = {
	{ "a",   2 }, /* not "a-b", which sorts in between */
	{ "a/x", 1 },
	{ "b",   0 },
	{ "",    0 },
};
/* clang-format on */

static void test_beneath_means_whole_components(void **state unused)
{
	static const char *const paths[] = { "b", "a/x", "a", "a-b", "a/x/y" };
	struct baseline *b = make(paths, ARRAY_SIZE(paths));

	baseline_seal(b, 100);
	for (size_t i = 0; i < ARRAY_SIZE(beneath_cases); i++) {
		const struct beneath_case *c = &beneath_cases[i];
		size_t n, first = baseline_beneath(b, c->path, &n);

		CHECK(n == c->want, "'%s': %zu", c->path, n);
		for (size_t k = first; k < first + n; k++)
			CHECK(!strncmp(baseline_at(b, k)->path, c->path,
				       strlen(c->path)),
			      "'%s'", c->path);
	}
	baseline_free(b);
}

static void test_fresh_files_lose_their_identity(void **state unused)
{
	static const char *const paths[] = { "old", "same-tick", "later" };
	struct baseline *b = make(paths, ARRAY_SIZE(paths));

	baseline_seal(b, 1);
	assert_int_equal(baseline_find(b, "old")->view.ino, 1);
	assert_int_equal(baseline_find(b, "same-tick")->view.ino, 0);
	assert_int_equal(baseline_find(b, "later")->view.ino, 0);
	baseline_free(b);
}

static void test_identity_differs_in_each_part(void **state unused)
{
	const struct file_identity id = {
		.dev = 1,
		.ino = 2,
		.size = 3,
		.mtime_ns = 4,
		.ctime_ns = 5,
	};
	struct file_identity others[] = { id, id, id, id, id };
	const struct file_identity none = FILE_IDENTITY_UNKNOWN;

	others[0].dev++;
	others[1].ino++;
	others[2].size++;
	others[3].mtime_ns++;
	others[4].ctime_ns++;
	assert_true(file_identity_equals(&id, &id));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		CHECK(!file_identity_equals(&id, &others[i]), "part %zu", i);
	assert_true(file_identity_equals_moved(&id, &others[4]));
	assert_false(file_identity_equals(&none, &none));
}

static void test_updated_entry_counts_by_content(void **state unused)
{
	static const char hash[] = "0123";
	struct baseline *b = baseline_new();
	const struct baseline_entry *entry;

	baseline_add(b, &(struct baseline_entry){ .path = xstrdup("a"),
						  .hash = xstrdup("old"),
						  .view = { .ino = 1 } });
	baseline_seal(b, 1);
	baseline_update(b, "a", hash);
	baseline_update(b, "b", hash);
	entry = baseline_find(b, "a");
	assert_string_equal(entry->hash, hash);
	assert_int_equal(entry->view.ino, 0);
	assert_null(baseline_find(b, "b"));
	baseline_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_found_in_any_order),
		cmocka_unit_test(test_beneath_means_whole_components),
		cmocka_unit_test(test_fresh_files_lose_their_identity),
		cmocka_unit_test(test_updated_entry_counts_by_content),
		cmocka_unit_test(test_identity_differs_in_each_part),
	};

	return RUN_TESTS(tests);
}
