// SPDX-License-Identifier: Apache-2.0
/*
 * index_test.c - names, configurations and layers of the store.
 */
#include "infra/oci/index.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/oci/layer.h"
#include "infra/oci/oci_test_support.h"
#include "infra/sys/fs.h"
#include "infra/sys/hash.h"
#include "support/check.h"

#define LAYER_ID                                  \
	"sha256:0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef"

struct fixture {
	char *dir; /* owned */
	struct index_dirs dirs;
};

static void write_file(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	CHECK_OK(fs_replace_file(path, text, strlen(text), 0600, &err), &err);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	auto_free char *layer = NULL;
	struct err err = ERR_INIT;

	f->dir = test_dir_new();
	index_dirs_init(&f->dirs, f->dir);
	CHECK_OK(index_dirs_create(&f->dirs, &err), &err);
	layer = layer_file_path(f->dirs.layers, LAYER_ID);
	write_file(layer, "hsqs");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	index_dirs_release(&f->dirs);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void store(struct fixture *f, const char *key, const char *user)
{
	auto_image struct image image = IMAGE_INIT;
	struct err err = ERR_INIT;

	image.user = xstrdup(user);
	image.layer_count = 1;
	memcpy(image.layers[0].diff_id, LAYER_ID, sizeof(LAYER_ID));
	CHECK_OK(index_store(&f->dirs, key, &image, &err), &err);
}

static char *ref_path(const struct fixture *f, const char *key)
{
	char hex[SHA256_HEX_SIZE];

	hash_sha256(key, strlen(key), hex);
	return xasprintf("%s/%s", f->dirs.refs, hex);
}

static void test_what_is_stored_is_found(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	auto_free char *path = ref_path(f, "x:latest");
	auto_free char *want = NULL;
	auto_buf struct buf line = BUF_INIT(1024);
	struct stat st;
	struct err err = ERR_INIT;

	store(f, "x:latest", "me");
	CHECK_OK(index_load(&f->dirs, "x:latest", &image, &err), &err);
	assert_string_equal(image.user, "me");
	assert_string_equal(image.layers[0].diff_id, LAYER_ID);
	CHECK_OK(fs_read_file(path, &line, &err), &err);
	want = xasprintf("x:latest\t%s\n", image.id);
	assert_string_equal(line.data, want);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(f->dirs.root, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	CHECK_FAILS(index_load(&f->dirs, "x", &image, &err), &err,
		    ERR_NOT_FOUND, "");
}

/* clang-format off */
static const char *const damages[] = {
	"",
	"x",
	"x\t",
	"x\tsha256:../../../../../../../../etc/passwd\n",
	"\tsha256:0123456789abcdef0123456789abcdef"
	"0123456789abcdef0123456789abcdef\n",
	"other\t" LAYER_ID "\n",
};
/* clang-format on */

static void test_damaged_references_are_errors(void **state)
{
	struct fixture *f = *state;
	auto_free char *path = ref_path(f, "x");
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		auto_image struct image image = IMAGE_INIT;

		write_file(path, damages[i]);
		CHECK_FAILS(index_load(&f->dirs, "x", &image, &err), &err,
			    ERR_INVALID, "is damaged");
	}
}

static void test_incomplete_images_are_not_found(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	auto_free char *layer = layer_file_path(f->dirs.layers, LAYER_ID);
	struct err err;

	store(f, "x", "me");
	assert_int_equal(unlink(layer), 0);
	CHECK_FAILS(index_load(&f->dirs, "x", &image, &err), &err,
		    ERR_NOT_FOUND, "find layer");
	CHECK_OK(fs_remove_tree(f->dirs.configs, &err), &err);
	CHECK_FAILS(index_load(&f->dirs, "x", &image, &err), &err,
		    ERR_NOT_FOUND, "");
}

static void test_new_recipe_drops_the_old_one_only(void **state)
{
	struct fixture *f = *state;
	auto_image struct image image = IMAGE_INIT;
	struct err err;

	store(f, "a#1", "me");
	store(f, "ab#1", "me");
	store(f, "a", "me");
	store(f, "a#2", "you");
	CHECK_FAILS(index_load(&f->dirs, "a#1", &image, &err), &err,
		    ERR_NOT_FOUND, "");
	assert_int_equal(test_dir_count(f->dirs.refs), 3);
}

static void test_walk_passes_over_what_is_damaged(void **state)
{
	struct fixture *f = *state;
	auto_index_iter struct index_iter it = INDEX_ITER_INIT(&f->dirs);
	auto_free char *bad = ref_path(f, "bad");
	auto_free char *stray = xasprintf("%s/stray", f->dirs.refs);
	struct err err = ERR_INIT;

	store(f, "x", "me");
	write_file(bad, "nonsense");
	write_file(stray, "y\t" LAYER_ID "\n");
	assert_int_equal(index_next(&it, &err), 1);
	assert_string_equal(it.key, "x");
	assert_int_equal(index_next(&it, &err), 0);
}

#define INDEX_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(test_what_is_stored_is_found),
		INDEX_TEST(test_damaged_references_are_errors),
		INDEX_TEST(test_incomplete_images_are_not_found),
		INDEX_TEST(test_new_recipe_drops_the_old_one_only),
		INDEX_TEST(test_walk_passes_over_what_is_damaged),
	};

	return RUN_TESTS(tests);
}
