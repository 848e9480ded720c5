// SPDX-License-Identifier: Apache-2.0
/*
 * tar_test.c - tar streams, friendly and hostile, become images or errors.
 */
#include "infra/oci/tar.h"

#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"
#include "infra/oci/oci_test_support.h"
#include "infra/sys/hash.h"
#include "support/check.h"

#define TAR_MAX	    ((size_t)4 * 1024 * 1024)
#define MEMBERS_MAX 8

/* Converts and publishes; @text is the image as text, the caller frees. */
static int convert(struct span tar, const struct layer_limits *limits,
		   size_t step, char **text, char id[IMAGE_DIGEST_SIZE],
		   struct err *err)
{
	char *dir = test_dir_new();
	struct log log = LOG_DISCARD;
	struct source_memory source;
	struct layer *l = NULL;
	int r;

	source_memory_init(&source, tar, step);
	r = layer_begin(dir, limits, &log, &l, err);
	if (!r)
		r = tar_read_layer(l, &source.base, NULL, err);
	if (!r)
		r = layer_publish(l, NULL, id, err);
	layer_free(l);
	/* A failure leaves nothing, a success one file. */
	assert_int_equal(test_dir_count(dir), r ? 0 : 1);
	if (!r && text) {
		char *path = layer_file_path(dir, id);

		*text = image_text(path);
		free(path);
	}
	test_dir_remove(dir);
	return r;
}

#define ROOT "d 0755 0:0 "

/* clang-format off */
static const struct image_case {
	const char *name;
	struct tar_member members[MEMBERS_MAX];
	const char *want;
} image_cases[] = {
	{ "empty", { { 0 } }, ROOT "2 0 /\n" },
	{ "kinds, owners, modes, times",
	  { { '5', "usr", NULL, NULL, 0750, 1, 2, 10 },
	    { '0', "usr/su", NULL, "elf", 04755, 0, 42, 20 },
	    { '5', "tmp/", NULL, NULL, 01777, 0, 0, 30 },
	    { '2', "usr/sh", "su", NULL, 0777, 7, 7, 40 },
	    { '0', "big uid", NULL, "", 0600, 100000, 65534, 50 } },
	  ROOT "4 0 /\n"
	  "f 0600 100000:65534 1 50 /big uid=\n"
	  "d 1777 0:0 2 30 /tmp\n"
	  "d 0750 1:2 2 10 /usr\n"
	  "s 0777 7:7 1 40 /usr/sh -> su\n"
	  "f 4755 0:42 1 20 /usr/su=elf\n" },
	{ "root keeps its mode and owner",
	  { { '5', "./", NULL, NULL, 0700, 1000, 1000, 99 } },
	  ROOT "2 99 /\n" },
	{ "missing parents, absolute names",
	  { { '0', "/a/b/f", NULL, "x", 0644, 1, 1, 1 } },
	  ROOT "3 0 /\n" ROOT "3 0 /a\n" ROOT "2 0 /a/b\n"
	  "f 0644 1:1 1 1 /a/b/f=x\n" },
	{ "a parent described later",
	  { { '0', "a/f", NULL, "x", 0644, 0, 0, 0 },
	    { '5', "a", NULL, NULL, 0700, 5, 5, 5 } },
	  ROOT "3 0 /\n" "d 0700 5:5 2 5 /a\n" "f 0644 0:0 1 0 /a/f=x\n" },
	{ "escaping names are skipped",
	  { { '0', "../../etc/passwd", NULL, "evil", 0644, 0, 0, 0 },
	    { '0', "a/../../x", NULL, "evil", 0644, 0, 0, 0 },
	    { '0', "ok", NULL, "ok", 0644, 0, 0, 0 } },
	  ROOT "2 0 /\n" "f 0644 0:0 1 0 /ok=ok\n" },
	{ "devices, FIFOs and unknown types are skipped",
	  { { '3', "null", NULL, NULL, 0666, 0, 0, 0 },
	    { '4', "sda", NULL, NULL, 0666, 0, 0, 0 },
	    { '6', "fifo", NULL, NULL, 0666, 0, 0, 0 },
	    { '0', "file", NULL, "x", 0644, 0, 0, 0 } },
	  ROOT "2 0 /\n" "f 0644 0:0 1 0 /file=x\n" },
	{ "hard links share an inode",
	  { { '0', "a", NULL, "one", 0644, 3, 3, 3 },
	    { '1', "b", "a", NULL, 0644, 9, 9, 9 },
	    { '1', "d/c", "./a", NULL, 0, 0, 0, 0 } },
	  ROOT "3 0 /\n" "f 0644 3:3 3 3 /a=one\n" "f 0644 3:3 3 3 /b=one\n"
	  ROOT "2 0 /d\n" "f 0644 3:3 3 3 /d/c=one\n" },
	{ "a file replaces a file, not its other names",
	  { { '0', "a", NULL, "old", 0644, 0, 0, 0 },
	    { '1', "b", "a", NULL, 0644, 0, 0, 0 },
	    { '0', "a", NULL, "new", 0600, 0, 0, 0 } },
	  ROOT "2 0 /\n" "f 0600 0:0 1 0 /a=new\n" "f 0644 0:0 1 0 /b=old\n" },
	{ "a hard link replaces a file",
	  { { '0', "a", NULL, "A", 0644, 0, 0, 0 },
	    { '0', "b", NULL, "B", 0644, 0, 0, 0 },
	    { '1', "b", "a", NULL, 0644, 0, 0, 0 } },
	  ROOT "2 0 /\n" "f 0644 0:0 2 0 /a=A\n" "f 0644 0:0 2 0 /b=A\n" },
	{ "a hard link to itself changes nothing",
	  { { '0', "a", NULL, "A", 0644, 0, 0, 0 },
	    { '1', "a", "a", NULL, 0644, 0, 0, 0 } },
	  ROOT "2 0 /\n" "f 0644 0:0 1 0 /a=A\n" },
	{ "a symlink replaces a file and a symlink",
	  { { '0', "o", NULL, "A", 0644, 0, 0, 0 },
	    { '2', "o", "one", NULL, 0777, 0, 0, 0 },
	    { '2', "o", "/etc/two", NULL, 0777, 0, 0, 0 } },
	  ROOT "2 0 /\n" "s 0777 0:0 1 0 /o -> /etc/two\n" },
	{ "whiteouts",
	  { { '0', ".wh.gone", NULL, "", 0644, 0, 0, 0 },
	    { '5', "d", NULL, NULL, 0755, 0, 0, 0 },
	    { '0', "d/.wh..wh..opq", NULL, "", 0644, 0, 0, 0 },
	    { '0', "d/new", NULL, "n", 0644, 0, 0, 0 },
	    { '0', ".whnot", NULL, "w", 0644, 0, 0, 0 } },
	  ROOT "3 0 /\n" "f 0644 0:0 1 0 /.whnot=w\n" ROOT "2 0 /d opaque\n"
	  "f 0644 0:0 1 0 /d/new=n\n" "c 0000 0:0 1 0 /gone 0\n" },
	{ "whiteouts do not touch their own layer",
	  { { '0', "f", NULL, "f", 0644, 0, 0, 0 },
	    { '0', ".wh.f", NULL, "", 0644, 0, 0, 0 },
	    { '0', ".wh.g", NULL, "", 0644, 0, 0, 0 },
	    { '0', "g", NULL, "g", 0644, 0, 0, 0 },
	    { '5', "!d", NULL, NULL, 0755, 0, 0, 0 },
	    { '0', ".wh.!d", NULL, "", 0644, 0, 0, 0 },
	    { '0', ".wh.e", NULL, "", 0644, 0, 0, 0 },
	    { '0', "e/x", NULL, "x", 0644, 0, 0, 0 } },
	  ROOT "4 0 /\n" ROOT "2 0 /!d opaque\n" ROOT "2 0 /e opaque\n"
	  "f 0644 0:0 1 0 /e/x=x\n" "f 0644 0:0 1 0 /f=f\n"
	  "f 0644 0:0 1 0 /g=g\n" },
	{ "an opaque root",
	  { { '0', ".wh..wh..opq", NULL, "", 0644, 0, 0, 0 } },
	  ROOT "2 0 / opaque\n" },
};

static const struct refusal_case {
	const char *name;
	struct tar_member members[MEMBERS_MAX];
	const char *text;
} refusal_cases[] = {
	{ "parent is a symlink",
	  { { '2', "a", "/etc", NULL, 0777, 0, 0, 0 },
	    { '0', "a/b/passwd", NULL, "x", 0644, 0, 0, 0 } },
	  "refusing to traverse symlink" },
	{ "parent is a file",
	  { { '0', "a", NULL, "", 0644, 0, 0, 0 },
	    { '0', "a/b", NULL, "x", 0644, 0, 0, 0 } },
	  "not a directory" },
	{ "file over symlink",
	  { { '2', "a", "b", NULL, 0777, 0, 0, 0 },
	    { '0', "a", NULL, "x", 0644, 0, 0, 0 } },
	  "refusing to write through symlink" },
	{ "file over directory",
	  { { '5', "a", NULL, NULL, 0755, 0, 0, 0 },
	    { '0', "a", NULL, "x", 0644, 0, 0, 0 } },
	  "refusing to replace directory" },
	{ "directory over symlink",
	  { { '2', "a", "b", NULL, 0777, 0, 0, 0 },
	    { '5', "a", NULL, NULL, 0755, 0, 0, 0 } },
	  "refusing to replace symlink" },
	{ "directory over file",
	  { { '0', "a", NULL, "x", 0644, 0, 0, 0 },
	    { '5', "a", NULL, NULL, 0755, 0, 0, 0 } },
	  "refusing to replace file" },
	{ "symlink over directory",
	  { { '5', "mydir/", NULL, NULL, 0755, 0, 0, 0 },
	    { '2', "mydir", "x", NULL, 0777, 0, 0, 0 } },
	  "refusing to replace directory" },
	{ "relative symlink out of the root",
	  { { '2', "usr/l", "../../../etc/passwd", NULL, 0777, 0, 0, 0 } },
	  "points outside" },
	{ "absolute symlink out of the root",
	  { { '2', "l", "/../../../etc/passwd", NULL, 0777, 0, 0, 0 } },
	  "points outside" },
	{ "hard link from outside",
	  { { '1', "l", "../../etc/passwd", NULL, 0644, 0, 0, 0 } },
	  "outside the root" },
	{ "hard link from nowhere",
	  { { '1', "l", "etc/passwd", NULL, 0644, 0, 0, 0 } },
	  "does not exist" },
	{ "hard link from a symlink",
	  { { '2', "s", "x", NULL, 0777, 0, 0, 0 },
	    { '1', "l", "s", NULL, 0644, 0, 0, 0 } },
	  "refusing hardlink" },
	{ "hard link from a directory",
	  { { '5', "d", NULL, NULL, 0755, 0, 0, 0 },
	    { '1', "l", "d", NULL, 0644, 0, 0, 0 } },
	  "refusing hardlink" },
	{ "hard link from a whiteout",
	  { { '0', ".wh.w", NULL, "", 0644, 0, 0, 0 },
	    { '1', "l", "w", NULL, 0644, 0, 0, 0 } },
	  "does not exist" },
	{ "hard link through a symlink",
	  { { '2', "s", "d", NULL, 0777, 0, 0, 0 },
	    { '1', "l", "s/x", NULL, 0644, 0, 0, 0 } },
	  "refusing to traverse symlink" },
	{ "hard link over a symlink",
	  { { '0', "f", NULL, "x", 0644, 0, 0, 0 },
	    { '2', "s", "x", NULL, 0777, 0, 0, 0 },
	    { '1', "s", "f", NULL, 0644, 0, 0, 0 } },
	  "refusing to write through symlink" },
	{ "hard link over a directory",
	  { { '0', "f", NULL, "x", 0644, 0, 0, 0 },
	    { '5', "d", NULL, NULL, 0755, 0, 0, 0 },
	    { '1', "d", "f", NULL, 0644, 0, 0, 0 } },
	  "refusing to replace directory" },
	{ "file as the root",
	  { { '0', ".", NULL, "x", 0644, 0, 0, 0 } },
	  "replace the root" },
	{ "symlink as the root",
	  { { '2', "a/..", "x", NULL, 0777, 0, 0, 0 } },
	  "replace the root" },
	{ "whiteout that escapes",
	  { { '0', "../../etc/.wh.passwd", NULL, "", 0644, 0, 0, 0 } },
	  "path traversal" },
	{ "opaque marker that escapes",
	  { { '0', "../../etc/.wh..wh..opq", NULL, "", 0644, 0, 0, 0 } },
	  "path traversal" },
	{ "whiteout of nothing",
	  { { '0', "a/.wh.", NULL, "", 0644, 0, 0, 0 } },
	  "names nothing" },
	{ "whiteout of the parent",
	  { { '0', "a/.wh...", NULL, "", 0644, 0, 0, 0 } },
	  "names nothing" },
	{ "whiteout through a symlink",
	  { { '2', "etc", "/host", NULL, 0777, 0, 0, 0 },
	    { '0', "etc/.wh.passwd", NULL, "", 0644, 0, 0, 0 } },
	  "refusing to traverse symlink" },
	{ "opaque marker in a symlink",
	  { { '2', "etc", "/host", NULL, 0777, 0, 0, 0 },
	    { '0', "etc/.wh..wh..opq", NULL, "", 0644, 0, 0, 0 } },
	  "not a directory" },
};
/* clang-format on */

static void build_tar(struct buf *tar, const struct tar_member *members)
{
	for (size_t i = 0; i < MEMBERS_MAX && members[i].name; i++)
		tar_add(tar, &members[i]);
	tar_end(tar);
}

static void test_streams_become_images(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(image_cases); i++) {
		const struct image_case *c = &image_cases[i];
		auto_buf struct buf tar = BUF_INIT(TAR_MAX);
		auto_free char *text = NULL;
		char id[IMAGE_DIGEST_SIZE];
		struct err err = ERR_INIT;

		build_tar(&tar, c->members);
		CHECK(convert(buf_span(&tar), &layer_limits_default, 4096,
			      &text, id, &err) == 0,
		      "%s: %s", c->name, err.msg);
		CHECK(text && !strcmp(text, c->want), "%s: got\n%swant\n%s",
		      c->name, text, c->want);
	}
}

static void test_hostile_streams_are_refused(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		auto_buf struct buf tar = BUF_INIT(TAR_MAX);
		char id[IMAGE_DIGEST_SIZE];
		struct err err = ERR_INIT;

		build_tar(&tar, c->members);
		CHECK(convert(buf_span(&tar), &layer_limits_default, 4096, NULL,
			      id, &err) < 0,
		      "%s: accepted", c->name);
		CHECK(err.kind == ERR_INVALID || err.kind == ERR_NOT_FOUND,
		      "%s: kind %s", c->name, err_kind_name(err.kind));
		CHECK(strstr(err.msg, c->text), "%s: got '%s'", c->name,
		      err.msg);
	}
}

static const struct tar_member some_file = { '0',  "file", NULL, "contents",
					     0644, 1,	   2,	 3 };

static void test_diff_id_covers_trailing_bytes(void **state unused)
{
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	char id[IMAGE_DIGEST_SIZE], hex[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;

	tar_add(&tar, &some_file);
	tar_end(&tar);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(convert(buf_span(&tar), &layer_limits_default, 700,
				 NULL, id, &err),
			 &err);
		hash_sha256(tar.data, tar.len, hex);
		assert_string_equal(id + strlen("sha256:"), hex);
		for (int n = 0; n < 40000; n++)
			CHECK_OK(buf_addc(&tar, 'g', &err), &err);
	}
}

/* Compresses with libarchive's writer. */
static void compress(const struct buf *tar, int filter, struct buf *out)
{
	struct archive *a = archive_write_new();
	struct archive_entry *ae = archive_entry_new();
	char *p = xmalloc(TAR_MAX);
	size_t used = 0;
	struct err err = ERR_INIT;

	archive_write_set_format_raw(a);
	archive_write_add_filter(a, filter);
	archive_write_open_memory(a, p, TAR_MAX, &used);
	archive_entry_set_filetype(ae, AE_IFREG);
	assert_int_equal(archive_write_header(a, ae), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, tar->data, tar->len),
			 (int)tar->len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	archive_entry_free(ae);
	CHECK_OK(buf_add(out, p, used, &err), &err);
	free(p);
}

static void test_compression_does_not_change_the_diff_id(void **state unused)
{
	static const int filters[] = { ARCHIVE_FILTER_GZIP,
				       ARCHIVE_FILTER_ZSTD };
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	char plain[IMAGE_DIGEST_SIZE], id[IMAGE_DIGEST_SIZE];
	struct err err = ERR_INIT;

	tar_add(&tar, &some_file);
	tar_end(&tar);
	CHECK_OK(convert(buf_span(&tar), &layer_limits_default, 512, NULL,
			 plain, &err),
		 &err);
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		auto_buf struct buf packed = BUF_INIT(TAR_MAX);
		auto_free char *text = NULL;

		compress(&tar, filters[i], &packed);
		assert_true(packed.len < tar.len);
		CHECK_OK(convert(buf_span(&packed), &layer_limits_default, 7,
				 &text, id, &err),
			 &err);
		assert_string_equal(id, plain);
		assert_true(text && strstr(text, "/file=contents\n"));
		/* Half of it is not taken for all of it. */
		packed.len /= 2;
		assert_int_equal(convert(buf_span(&packed),
					 &layer_limits_default, 7, NULL, id,
					 &err),
				 -1);
	}
}

static void test_no_bytes_at_all_are_an_empty_layer(void **state unused)
{
	auto_free char *text = NULL;
	char id[IMAGE_DIGEST_SIZE];
	struct err err = ERR_INIT;

	CHECK_OK(convert(SPAN_STR(""), &layer_limits_default, 1, &text, id,
			 &err),
		 &err);
	assert_string_equal(text, "d 0755 0:0 2 0 /\n");
}

static void test_what_is_no_tar_is_refused(void **state unused)
{
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	char id[IMAGE_DIGEST_SIZE];
	struct err err;

	CHECK_FAILS(convert(SPAN_STR("hello, world"), &layer_limits_default, 5,
			    NULL, id, &err),
		    &err, ERR_INVALID, "read archive");
	tar_add(&tar, &some_file);
	tar.len = 512 + 3; /* in the middle of the contents */
	CHECK_FAILS(convert(buf_span(&tar), &layer_limits_default, 100, NULL,
			    id, &err),
		    &err, ERR_INVALID, "");
}

static void test_limits_are_kept(void **state unused)
{
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	const struct layer_limits three = { .entries = 3, .bytes = TAR_MAX };
	struct layer_limits bytes = layer_limits_default;
	char id[IMAGE_DIGEST_SIZE];
	struct err err;

	for (unsigned int i = 0; i < 4; i++) {
		char name[] = { (char)('a' + i), '\0' };

		tar_add(&tar,
			&(struct tar_member){ .type = '0', .name = name });
	}
	tar_end(&tar);
	CHECK_FAILS(convert(buf_span(&tar), &three, 4096, NULL, id, &err), &err,
		    ERR_LIMIT, "maximum entry count");
	bytes.bytes = tar.len;
	CHECK_OK(convert(buf_span(&tar), &bytes, 4096, NULL, id, &err), &err);
	bytes.bytes = tar.len - 1;
	CHECK_FAILS(convert(buf_span(&tar), &bytes, 4096, NULL, id, &err), &err,
		    ERR_LIMIT, "exceeds maximum");
}

static void test_implied_parents_count(void **state unused)
{
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	const struct layer_limits few = { .entries = 3, .bytes = TAR_MAX };
	char id[IMAGE_DIGEST_SIZE];
	struct err err;

	tar_add(&tar,
		&(struct tar_member){ .type = '0', .name = "a/b/c/d/e/f/g" });
	tar_end(&tar);
	CHECK_FAILS(convert(buf_span(&tar), &few, 4096, NULL, id, &err), &err,
		    ERR_LIMIT, "maximum of 6 names");
}

/* A pax header with one record, then the member it is about. */
static void add_pax(struct buf *tar, const char *key, const char *value,
		    const struct tar_member *m)
{
	/* "LEN key=value\n", where LEN counts itself; three digits here. */
	size_t len = 3 + 1 + strlen(key) + 1 + strlen(value) + 1;
	auto_free char *record = xasprintf("%03zu %s=%s\n", len, key, value);

	assert_true(len < 1000);
	tar_add(tar, &(struct tar_member){
			     .type = 'x', .name = "pax", .text = record });
	tar_add(tar, m);
}

static void
test_long_and_foreign_names_stay_the_bytes_they_are(void **state unused)
{
	/* An "e" with a combining accent, which some would normalise. */
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	auto_free char *text = NULL;
	char long_name[240];
	auto_free char *want = NULL;
	char id[IMAGE_DIGEST_SIZE];
	struct err err = ERR_INIT;

	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	add_pax(&tar, "path", "re\xcc\x81sume\xcc\x81",
		&(struct tar_member){ .type = '0', .name = "x" });
	add_pax(&tar, "path", long_name,
		&(struct tar_member){ .type = '0', .name = "x" });
	add_pax(&tar, "linkpath", "e\xcc\x81",
		&(struct tar_member){ .type = '2', .name = "l", .link = "x" });
	tar_add(&tar, &(struct tar_member){ .type = '0', .name = "\xff\xfe" });
	tar_end(&tar);
	CHECK_OK(convert(buf_span(&tar), &layer_limits_default, 4096, &text, id,
			 &err),
		 &err);
	want = xasprintf("d 0755 0:0 2 0 /\n"
			 "s 0777 0:0 1 0 /l -> e\xcc\x81\n"
			 "f 0000 0:0 1 0 /%s=\n"
			 "f 0000 0:0 1 0 /re\xcc\x81sume\xcc\x81=\n"
			 "f 0000 0:0 1 0 /\xff\xfe=\n",
			 long_name);
	assert_string_equal(text, want);
}

static void test_names_in_pax_headers_obey_the_same_rules(void **state unused)
{
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	auto_buf struct buf ids = BUF_INIT(TAR_MAX);
	auto_free char *text = NULL;
	char id[IMAGE_DIGEST_SIZE];
	struct err err = ERR_INIT;

	add_pax(&tar, "path", "../../evil",
		&(struct tar_member){ .type = '0', .name = "good" });
	add_pax(&tar, "SCHILY.xattr.trusted.overlay.opaque", "y",
		&(struct tar_member){ .type = '5', .name = "dir" });
	tar_end(&tar);
	CHECK_OK(convert(buf_span(&tar), &layer_limits_default, 4096, &text, id,
			 &err),
		 &err);
	assert_string_equal(text, ROOT "3 0 /\n"
				       "d 0000 0:0 2 0 /dir\n");
	add_pax(&ids, "uid", "4294967295",
		&(struct tar_member){ .type = '0', .name = "f" });
	tar_end(&ids);
	CHECK_FAILS(convert(buf_span(&ids), &layer_limits_default, 4096, NULL,
			    id, &err),
		    &err, ERR_INVALID, "out of range");
}

static void test_sparse_files_are_skipped(void **state unused)
{
	auto_buf struct buf tar = BUF_INIT(TAR_MAX);
	auto_free char *text = NULL;
	char id[IMAGE_DIGEST_SIZE];
	struct err err = ERR_INIT;

	/* One byte at the end of what claims to be an exabyte. */
	add_pax(&tar, "GNU.sparse.map", "1152921504606846975,1",
		&(struct tar_member){ .type = '0', .name = "s", .text = "x" });
	tar_add(&tar, &some_file);
	tar_end(&tar);
	if (convert(buf_span(&tar), &layer_limits_default, 4096, &text, id,
		    &err) < 0)
		assert_int_equal(err.kind, ERR_INVALID);
	else
		assert_true(text && !strstr(text, "/s="));
}

static void test_large_files_and_directories_survive(void **state unused)
{
	enum { NAMES = 3000, SIZE = 400000 };
	auto_buf struct buf tar = BUF_INIT((size_t)8 * 1024 * 1024);
	auto_free char *big = xcalloc(SIZE + 1, 1);
	auto_free char *text = NULL;
	char id[IMAGE_DIGEST_SIZE];
	char *at;
	struct err err = ERR_INIT;

	/* Does not repeat, so that neither blocks nor their order can mix. */
	for (size_t i = 0; i < SIZE; i++)
		big[i] = (char)('a' + (i * i / 977 + i / 131) % 26);
	tar_add(&tar, &(struct tar_member){
			      .type = '0', .name = "big", .text = big });
	for (unsigned int i = 0; i < NAMES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d/%06u", i * 7919 % NAMES);
		tar_add(&tar, &(struct tar_member){ .type = '0',
						    .name = name,
						    .text = name });
	}
	tar_end(&tar);
	CHECK_OK(convert(buf_span(&tar), &layer_limits_default, 100000, &text,
			 id, &err),
		 &err);
	assert_true(text && strstr(text, big));
	at = text;
	for (unsigned int i = 0; i < NAMES; i++) {
		char line[64];

		snprintf(line, sizeof(line), " /d/%06u=d/%06u\n", i, i);
		at = strstr(at, line);
		CHECK(at, "'%s' is missing or out of order", line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams_become_images),
		cmocka_unit_test(test_hostile_streams_are_refused),
		cmocka_unit_test(test_diff_id_covers_trailing_bytes),
		cmocka_unit_test(test_compression_does_not_change_the_diff_id),
		cmocka_unit_test(test_no_bytes_at_all_are_an_empty_layer),
		cmocka_unit_test(test_what_is_no_tar_is_refused),
		cmocka_unit_test(test_limits_are_kept),
		cmocka_unit_test(test_implied_parents_count),
		cmocka_unit_test(
			test_long_and_foreign_names_stay_the_bytes_they_are),
		cmocka_unit_test(test_names_in_pax_headers_obey_the_same_rules),
		cmocka_unit_test(test_sparse_files_are_skipped),
		cmocka_unit_test(test_large_files_and_directories_survive),
	};

	return RUN_TESTS(tests);
}
