// SPDX-License-Identifier: Apache-2.0
/*
 * layer_test.c - publishing a layer: completely or not at all, and once.
 */
#include "infra/oci/layer.h"

#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "infra/oci/oci_test_support.h"
#include "infra/sys/fs.h"
#include "support/check.h"

/* Of no bytes at all. */
#define SOME_ID                                   \
	"sha256:e3b0c44298fc1c149afbf4c8996fb924" \
	"27ae41e4649b934ca495991b7852b855"

static struct log no_log = LOG_DISCARD;

static struct layer *begin(const char *dir)
{
	struct layer *l = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(layer_begin(dir, &layer_limits_default, &no_log, &l, &err),
		 &err);
	return l;
}

static void add_file(struct layer *l, const char *text)
{
	const struct layer_entry entry = {
		.kind = LAYER_FILE,
		.path = "f",
		.size = strlen(text),
	};
	bool is_open = false;
	struct err err = ERR_INIT;

	CHECK_OK(layer_add(l, &entry, &is_open, &err), &err);
	assert_true(is_open);
	CHECK_OK(layer_write(l, text, strlen(text), &err), &err);
	CHECK_OK(layer_end_file(l, &err), &err);
}

static void test_abandoned_layer_leaves_nothing(void **state unused)
{
	char *dir = test_dir_new();
	struct layer *l = begin(dir);

	add_file(l, "contents");
	assert_int_equal(test_dir_count(dir), 1);
	layer_free(l);
	assert_int_equal(test_dir_count(dir), 0);
	test_dir_remove(dir);
}

static void
test_file_abandoned_in_the_middle_leaves_nothing(void **state unused)
{
	const struct layer_entry entry = {
		.kind = LAYER_FILE,
		.path = "f",
		.size = 1000000,
	};
	auto_free char *part = xcalloc(500000, 1);
	char *dir = test_dir_new();
	struct layer *l = begin(dir);
	bool is_open = false;
	struct err err = ERR_INIT;

	memset(part, 'x', 500000);
	CHECK_OK(layer_add(l, &entry, &is_open, &err), &err);
	CHECK_OK(layer_write(l, part, 500000, &err), &err);
	layer_free(l);
	assert_int_equal(test_dir_count(dir), 0);
	test_dir_remove(dir);
}

static void test_wrong_diff_id_is_not_published(void **state unused)
{
	char *dir = test_dir_new();
	struct layer *l = begin(dir);
	char id[IMAGE_DIGEST_SIZE];
	struct err err = ERR_INIT;

	CHECK_OK(layer_hash(l, "x", 1, &err), &err);
	CHECK_FAILS(layer_publish(l, SOME_ID, id, &err), &err, ERR_INTEGRITY,
		    "expected 'sha256:e3b0");
	layer_free(l);
	assert_int_equal(test_dir_count(dir), 0);
	test_dir_remove(dir);
}

static void test_second_copy_is_discarded(void **state unused)
{
	char *dir = test_dir_new();
	auto_free char *path = layer_file_path(dir, SOME_ID);
	char id[IMAGE_DIGEST_SIZE];
	struct stat first, second;
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		struct layer *l = begin(dir);

		add_file(l, "contents");
		CHECK_OK(layer_publish(l, SOME_ID, id, &err), &err);
		layer_free(l);
		assert_string_equal(id, SOME_ID);
		assert_int_equal(test_dir_count(dir), 1);
		assert_int_equal(stat(path, i ? &second : &first), 0);
	}
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(first.st_mode & 0777, 0600);
	test_dir_remove(dir);
}

static void test_same_entries_give_the_same_bytes(void **state unused)
{
	struct buf images[2] = { BUF_INIT((size_t)1024 * 1024),
				 BUF_INIT((size_t)1024 * 1024) };
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		char *dir = test_dir_new();
		auto_free char *path = layer_file_path(dir, SOME_ID);
		struct layer *l = begin(dir);
		char id[IMAGE_DIGEST_SIZE];

		add_file(l, "contents");
		CHECK_OK(layer_publish(l, NULL, id, &err), &err);
		layer_free(l);
		CHECK_OK(fs_read_file(path, &images[i], &err), &err);
		test_dir_remove(dir);
	}
	assert_int_equal(images[0].len, images[1].len);
	assert_memory_equal(images[0].data, images[1].data, images[0].len);
	buf_release(&images[0]);
	buf_release(&images[1]);
}

static void test_file_must_have_the_size_it_said(void **state unused)
{
	const struct layer_entry entry = {
		.kind = LAYER_FILE,
		.path = "f",
		.size = 3,
	};
	char *dir = test_dir_new();
	struct layer *l = begin(dir);
	bool is_open = false;
	struct err err = ERR_INIT;

	CHECK_OK(layer_add(l, &entry, &is_open, &err), &err);
	CHECK_FAILS(layer_write(l, "four", 4, &err), &err, ERR_INVALID,
		    "larger");
	CHECK_OK(layer_write(l, "tw", 2, &err), &err);
	CHECK_FAILS(layer_end_file(l, &err), &err, ERR_INVALID, "smaller");
	layer_free(l);
	test_dir_remove(dir);
}

static void test_missing_store_is_an_error(void **state unused)
{
	struct layer *l = NULL;
	struct err err;

	CHECK_FAILS(layer_begin("/nonexistent", &layer_limits_default, &no_log,
				&l, &err),
		    &err, ERR_NOT_FOUND, "create '/nonexistent/tmp-layer-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abandoned_layer_leaves_nothing),
		cmocka_unit_test(
			test_file_abandoned_in_the_middle_leaves_nothing),
		cmocka_unit_test(test_wrong_diff_id_is_not_published),
		cmocka_unit_test(test_second_copy_is_discarded),
		cmocka_unit_test(test_same_entries_give_the_same_bytes),
		cmocka_unit_test(test_file_must_have_the_size_it_said),
		cmocka_unit_test(test_missing_store_is_an_error),
	};

	return RUN_TESTS(tests);
}
