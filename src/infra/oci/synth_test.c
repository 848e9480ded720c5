// SPDX-License-Identifier: Apache-2.0
/*
 * synth_test.c - a layer from single entries is the layer of its tar.
 */
#include "infra/oci/synth.h"

#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"
#include "infra/oci/oci_test_support.h"
#include "infra/sys/hash.h"
#include "support/check.h"

#define TAR_MAX ((size_t)64 * 1024)

static struct log no_log = LOG_DISCARD;

/* clang-format off */
static const struct layer_entry entries[] = {
	{ .kind = LAYER_DIR, .path = "home/me",
	  .meta = { .uid = 1000, .gid = 1000, .mode = 0700 } },
	{ .kind = LAYER_SYMLINK, .path = "home/me/link", .target = "/bin/x",
	  .meta = { .uid = 1000, .gid = 1000, .mode = 0777 } },
	{ .kind = LAYER_FILE, .path = "bin/x", .size = 5,
	  .meta = { .mode = 04755, .mtime = 7 } },
};
/* clang-format on */

static void add_all(struct synth *s)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		CHECK_OK(synth_add(s, &entries[i], &err), &err);
		if (entries[i].kind != LAYER_FILE)
			continue;
		CHECK_OK(synth_write(s, "he", 2, &err), &err);
		CHECK_OK(synth_write(s, "llo", 3, &err), &err);
		CHECK_OK(synth_end_file(s, &err), &err);
	}
	CHECK_OK(synth_finish(s, &err), &err);
}

/* The tar of the entries by libarchive alone. */
static size_t make_tar(char *out)
{
	struct archive *a = archive_write_new();
	size_t used = 0;

	archive_write_set_format_ustar(a);
	archive_write_open_memory(a, out, TAR_MAX, &used);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		const struct layer_entry *e = &entries[i];
		struct archive_entry *ae = archive_entry_new();
		const unsigned int type = e->kind == LAYER_DIR	  ? AE_IFDIR
					  : e->kind == LAYER_FILE ? AE_IFREG
								  : AE_IFLNK;

		archive_entry_set_pathname(ae, e->path);
		archive_entry_set_filetype(ae, type);
		archive_entry_set_perm(ae, e->meta.mode);
		archive_entry_set_uid(ae, e->meta.uid);
		archive_entry_set_gid(ae, e->meta.gid);
		archive_entry_set_mtime(ae, e->meta.mtime, 0);
		archive_entry_set_size(ae, (la_int64_t)e->size);
		if (e->target)
			archive_entry_set_symlink(ae, e->target);
		assert_int_equal(archive_write_header(a, ae), ARCHIVE_OK);
		if (e->size)
			archive_write_data(a, "hello", 5);
		archive_entry_free(ae);
	}
	archive_write_close(a);
	archive_write_free(a);
	return used;
}

static void test_diff_id_is_that_of_the_tar(void **state unused)
{
	char *dir = test_dir_new();
	struct layer *l = NULL;
	struct synth *s = NULL;
	char id[IMAGE_DIGEST_SIZE], hex[SHA256_HEX_SIZE];
	auto_free char *tar = xcalloc(1, TAR_MAX);
	auto_free char *path = NULL;
	auto_free char *text = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(layer_begin(dir, &layer_limits_default, &no_log, &l, &err),
		 &err);
	CHECK_OK(synth_new(l, &s, &err), &err);
	add_all(s);
	synth_free(s);
	CHECK_OK(layer_publish(l, NULL, id, &err), &err);
	layer_free(l);
	hash_sha256(tar, make_tar(tar), hex);
	assert_string_equal(id + strlen("sha256:"), hex);
	path = layer_file_path(dir, id);
	text = image_text(path);
	assert_string_equal(text,
			    "d 0755 0:0 4 0 /\n"
			    "d 0755 0:0 2 0 /bin\n"
			    "f 4755 0:0 1 7 /bin/x=hello\n"
			    "d 0755 0:0 3 0 /home\n"
			    "d 0700 1000:1000 2 0 /home/me\n"
			    "s 0777 1000:1000 1 0 /home/me/link -> /bin/x\n");
	test_dir_remove(dir);
}

static void test_rules_of_layers_hold(void **state unused)
{
	const struct layer_entry evil = { .kind = LAYER_SYMLINK,
					  .path = "l",
					  .target = "../../etc" };
	const struct layer_limits small = { .entries = 10, .bytes = 600 };
	char *dir = test_dir_new();
	struct layer *l = NULL;
	struct synth *s = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(layer_begin(dir, &small, &no_log, &l, &err), &err);
	CHECK_OK(synth_new(l, &s, &err), &err);
	CHECK_FAILS(synth_add(s, &evil, &err), &err, ERR_INVALID,
		    "points outside");
	/* The writer keeps a block of 10 KiB; its end is what is too large. */
	CHECK_OK(synth_add(s, &entries[0], &err), &err);
	CHECK_FAILS(synth_finish(s, &err), &err, ERR_LIMIT, "exceeds maximum");
	synth_free(s);
	layer_free(l);
	assert_int_equal(test_dir_count(dir), 0);
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff_id_is_that_of_the_tar),
		cmocka_unit_test(test_rules_of_layers_hold),
	};

	return RUN_TESTS(tests);
}
