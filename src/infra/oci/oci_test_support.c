// SPDX-License-Identifier: Apache-2.0
/*
 * oci_test_support.c - for tests: tar archives by hand, images as text.
 */
#include "infra/oci/oci_test_support.h"

/* cmocka.h wants these four in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <string.h>

#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir_reader.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/super.h>
#include <sqfs/xattr.h>
#include <sqfs/xattr_reader.h>

#include "base/mem.h"
#include "infra/sys/fs.h"

#define TEXT_MAX ((size_t)1024 * 1024)

static int memory_read(struct source *base, void *buffer, size_t size,
		       size_t *len, struct err *err unused)
{
	struct source_memory *s =
		container_of(base, struct source_memory, base);

	*len = s->rest.len < s->step ? s->rest.len : s->step;
	if (*len > size)
		*len = size;
	if (*len && !span_take(&s->rest, buffer, *len))
		fail();
	return 0;
}

void source_memory_init(struct source_memory *s, struct span bytes, size_t step)
{
	static const struct source_ops ops = { .read = memory_read };

	*s = (struct source_memory){
		.base = { .ops = &ops },
		.rest = bytes,
		.step = step,
	};
}

static void add(struct buf *b, const void *p, size_t len)
{
	struct err err = ERR_INIT;

	assert_int_equal(buf_add(b, p, len, &err), 0);
}

/* @width octal digits, without an end. */
static void put_octal(char *p, size_t width, size_t value)
{
	while (width--) {
		p[width] = (char)('0' + value % 8);
		value /= 8;
	}
}

/* Offsets of POSIX.1-1988 ustar. */
void tar_add(struct buf *tar, const struct tar_member *m)
{
	static const char zeros[512];
	char h[512] = { 0 };
	size_t len = m->text ? strlen(m->text) : 0;
	unsigned int sum = 0;

	assert_true(strlen(m->name) <= 100);
	memcpy(h, m->name, strlen(m->name));
	put_octal(h + 100, 7, m->mode);
	put_octal(h + 108, 7, m->uid);
	put_octal(h + 116, 7, m->gid);
	put_octal(h + 124, 11, len);
	put_octal(h + 136, 11, m->mtime);
	memset(h + 148, ' ', 8);
	h[156] = m->type;
	if (m->link)
		memcpy(h + 157, m->link, strlen(m->link));
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	put_octal(h + 148, 6, sum);
	h[154] = '\0';
	add(tar, h, sizeof(h));
	add(tar, m->text ? m->text : "", len);
	add(tar, zeros, (512 - len % 512) % 512);
}

void tar_end(struct buf *tar)
{
	static const char zeros[1024];

	add(tar, zeros, sizeof(zeros));
}

struct reader {
	sqfs_file_t *file;
	sqfs_super_t super;
	sqfs_compressor_t *compressor;
	sqfs_id_table_t *ids;
	sqfs_dir_reader_t *dirs;
	sqfs_data_reader_t *data;
	sqfs_xattr_reader_t *xattrs;
};

static void reader_open(struct reader *r, const char *path)
{
	sqfs_compressor_config_t config;

	r->file = sqfs_open_file(path, SQFS_FILE_OPEN_READ_ONLY);
	assert_non_null(r->file);
	assert_int_equal(sqfs_super_read(&r->super, r->file), 0);
	sqfs_compressor_config_init(&config, r->super.compression_id,
				    r->super.block_size,
				    SQFS_COMP_FLAG_UNCOMPRESS);
	assert_int_equal(sqfs_compressor_create(&config, &r->compressor), 0);
	r->ids = sqfs_id_table_create(0);
	assert_int_equal(
		sqfs_id_table_read(r->ids, r->file, &r->super, r->compressor),
		0);
	r->dirs = sqfs_dir_reader_create(&r->super, r->compressor, r->file, 0);
	r->data = sqfs_data_reader_create(r->file, r->super.block_size,
					  r->compressor, 0);
	assert_int_equal(
		sqfs_data_reader_load_fragment_table(r->data, &r->super), 0);
	r->xattrs = sqfs_xattr_reader_create(0);
	assert_int_equal(sqfs_xattr_reader_load(r->xattrs, &r->super, r->file,
						r->compressor),
			 0);
}

static void reader_close(struct reader *r)
{
	sqfs_destroy(r->xattrs);
	sqfs_destroy(r->data);
	sqfs_destroy(r->dirs);
	sqfs_destroy(r->ids);
	sqfs_destroy(r->compressor);
	sqfs_destroy(r->file);
}

static bool is_opaque(struct reader *r, const sqfs_inode_generic_t *inode)
{
	sqfs_xattr_id_t desc;
	sqfs_xattr_entry_t *key;
	sqfs_xattr_value_t *value;
	sqfs_u32 index;
	bool yes;

	sqfs_inode_get_xattr_index(inode, &index);
	if (index == UINT32_MAX)
		return false;
	assert_int_equal(sqfs_xattr_reader_get_desc(r->xattrs, index, &desc),
			 0);
	assert_int_equal(desc.count, 1);
	assert_int_equal(sqfs_xattr_reader_seek_kv(r->xattrs, &desc), 0);
	assert_int_equal(sqfs_xattr_reader_read_key(r->xattrs, &key), 0);
	assert_int_equal(sqfs_xattr_reader_read_value(r->xattrs, key, &value),
			 0);
	yes = !strcmp((const char *)key->key, "trusted.overlay.opaque") &&
	      value->size == 1 && value->value[0] == 'y';
	sqfs_free(key);
	sqfs_free(value);
	return yes;
}

static sqfs_u32 nlink_of(const sqfs_inode_generic_t *inode)
{
	switch (inode->base.type) {
	case SQFS_INODE_DIR:
		return inode->data.dir.nlink;
	case SQFS_INODE_EXT_DIR:
		return inode->data.dir_ext.nlink;
	case SQFS_INODE_EXT_FILE:
		return inode->data.file_ext.nlink;
	default:
		return 1;
	}
}

static void add_contents(struct reader *r, const sqfs_inode_generic_t *inode,
			 struct buf *out)
{
	sqfs_u64 size;
	char *text;

	sqfs_inode_get_file_size(inode, &size);
	assert_true(size < TEXT_MAX);
	text = xcalloc(1, size + 1);
	if (size)
		assert_int_equal(sqfs_data_reader_read(r->data, inode, 0, text,
						       (sqfs_u32)size),
				 (int)size);
	add(out, "=", 1);
	add(out, text, size);
	free(text);
}

static void add_node(struct reader *r, const sqfs_tree_node_t *node,
		     const char *path, struct buf *out)
{
	static const char types[] = "?dfsbcp?dfsbcp";
	const sqfs_inode_generic_t *inode = node->inode;
	const char type = types[inode->base.type];
	struct err err = ERR_INIT;

	assert_int_equal(buf_addf(out, &err, "%c %04o %u:%u %u %u %s", type,
				  inode->base.mode & 07777u, node->uid,
				  node->gid, nlink_of(inode),
				  inode->base.mod_time, path),
			 0);
	if (type == 's')
		assert_int_equal(buf_addf(out, &err, " -> %.*s",
					  (int)inode->data.slink.target_size,
					  (const char *)inode->extra),
				 0);
	if (type == 'c')
		assert_int_equal(
			buf_addf(out, &err, " %u", inode->data.dev.devno), 0);
	if (type == 'f')
		add_contents(r, inode, out);
	if (type == 'd' && is_opaque(r, inode))
		add(out, " opaque", 7);
	add(out, "\n", 1);
	for (const sqfs_tree_node_t *n = node->children; n; n = n->next) {
		char *child = xasprintf("%s%s%s", path, path[1] ? "/" : "",
					(const char *)n->name);

		add_node(r, n, child, out);
		free(child);
	}
}

char *image_text(const char *path)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	struct reader r;
	sqfs_tree_node_t *root;

	reader_open(&r, path);
	assert_int_equal(sqfs_dir_reader_get_full_hierarchy(r.dirs, r.ids, NULL,
							    0, &root),
			 0);
	add_node(&r, root, "/", &out);
	sqfs_dir_tree_destroy(root);
	reader_close(&r);
	return buf_take(&out, NULL);
}

char *test_dir_new(void)
{
	const char *parent = getenv("TMPDIR");
	struct err err = ERR_INIT;
	char *dir = NULL;

	assert_int_equal(fs_make_temp_dir(parent ? parent : "/tmp", "bbox-oci-",
					  &dir, &err),
			 0);
	return dir;
}

void test_dir_remove(char *dir)
{
	struct err err = ERR_INIT;

	assert_int_equal(fs_remove_tree(dir, &err), 0);
	free(dir);
}

size_t test_dir_count(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(d);
	return n;
}
