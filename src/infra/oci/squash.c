// SPDX-License-Identifier: Apache-2.0
/*
 * squash.c - write a squashfs image with libsquashfs.
 *
 * Theory of operation
 *
 * Contents go through the library's block processor, which cuts, compresses
 * (on worker threads), deduplicates and writes them in order, so the image
 * does not depend on how threads were scheduled. It keeps a pointer to each
 * file's inode until squash_finish() waits for it: files live in a list of
 * our own until the end.
 *
 * The tree is written bottom-up, because a directory's entries say where the
 * inodes lie that they name. Inode numbers of directories are given on the
 * way down, since a child records its parent's.
 *
 * Compression is lz4 because the guest pays for reading, possibly under
 * emulation. Measured with a Debian root of 490 MiB on 2 cores: lz4 240 MiB,
 * made in 0.8 s, 297 MB read in an emulated guest in 2.9 s; zstd (level 3)
 * 173 MiB, 1.2 s, 4.2 s; gzip 167 MiB, 6.8 s, 7.1 s; lz4 at its highest level
 * 197 MiB, but 20 s to make.
 */
#include "infra/oci/squash.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqfs/block_processor.h>
#include <sqfs/block_writer.h>
#include <sqfs/compressor.h>
#include <sqfs/dir_writer.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <sqfs/xattr_writer.h>

#include "base/mem.h"

#define COMPRESSION SQFS_COMP_LZ4
#define BLOCK_SIZE  SQFS_DEFAULT_BLOCK_SIZE
#define WORKERS	    2
#define BACKLOG	    20	 /* blocks in flight */
#define IMAGE_ALIGN 4096 /* bytes; what loop devices want */
#define NO_XATTR    UINT32_MAX

struct squash_file {
	struct squash_file *next;
	sqfs_inode_generic_t *inode; /* owned; made by the block processor */
};

/* The library's idea of a file, on a descriptor of ours. */
struct image_file {
	sqfs_file_t base;
	int fd; /* borrowed */
	sqfs_u64 size;
	int sys; /* errno of the first failure */
};

struct squash {
	struct image_file file;
	sqfs_super_t super;
	sqfs_compressor_t *compressor, *decompressor;
	sqfs_block_writer_t *blocks;
	sqfs_frag_table_t *fragments;
	sqfs_block_processor_t *processor;
	sqfs_id_table_t *ids;
	sqfs_xattr_writer_t *xattrs;
	sqfs_meta_writer_t *inode_writer, *entry_writer;
	sqfs_dir_writer_t *dir_writer;
	struct squash_file *files; /* owned */
	sqfs_u32 opaque_xattr;
	sqfs_u32 inode_count;
	bool file_open, finished;
};

static const char *const sqfs_messages[] = {
	[-SQFS_ERROR_ALLOC] = "out of memory",
	[-SQFS_ERROR_IO] = "input or output error",
	[-SQFS_ERROR_COMPRESSOR] = "compressor error",
	[-SQFS_ERROR_INTERNAL] = "internal error",
	[-SQFS_ERROR_CORRUPTED] = "data is corrupted",
	[-SQFS_ERROR_UNSUPPORTED] = "not supported",
	[-SQFS_ERROR_OVERFLOW] = "a number does not fit",
	[-SQFS_ERROR_OUT_OF_BOUNDS] = "out of bounds",
};

/* A library failure, with the errno behind it where there is one. */
static int fail(const struct squash *sq, int code, const char *what,
		struct err *err)
{
	const char *text = "unexpected failure";

	if (code == SQFS_ERROR_IO && sq->file.sys)
		return err_sys(err, sq->file.sys, "write image: %s", what);
	if (code < 0 && (size_t)-code < ARRAY_SIZE(sqfs_messages))
		text = sqfs_messages[-code];
	return err_set(err,
		       code == SQFS_ERROR_OVERFLOW ? ERR_LIMIT : ERR_INVALID,
		       "write image: %s: %s", what, text);
}

static struct image_file *to_image_file(const sqfs_file_t *base)
{
	return container_of((uintptr_t)base, struct image_file, base);
}

static int file_read_at(sqfs_file_t *base, sqfs_u64 offset, void *buffer,
			size_t size)
{
	struct image_file *f = to_image_file(base);
	char *p = buffer;

	while (size) {
		ssize_t n = pread(f->fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			f->sys = errno;
			return SQFS_ERROR_IO;
		}
		if (!n)
			return SQFS_ERROR_OUT_OF_BOUNDS;
		p += n;
		offset += (sqfs_u64)n;
		size -= (size_t)n;
	}
	return 0;
}

static int file_write_at(sqfs_file_t *base, sqfs_u64 offset, const void *buffer,
			 size_t size)
{
	struct image_file *f = to_image_file(base);
	const char *p = buffer;

	while (size) {
		ssize_t n = pwrite(f->fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			f->sys = errno;
			return SQFS_ERROR_IO;
		}
		p += n;
		offset += (sqfs_u64)n;
		size -= (size_t)n;
	}
	if (offset > f->size)
		f->size = offset;
	return 0;
}

static sqfs_u64 file_get_size(const sqfs_file_t *base)
{
	return to_image_file(base)->size;
}

static int file_truncate(sqfs_file_t *base, sqfs_u64 size)
{
	struct image_file *f = to_image_file(base);

	if (ftruncate(f->fd, (off_t)size) < 0) {
		f->sys = errno;
		return SQFS_ERROR_IO;
	}
	f->size = size;
	return 0;
}

/* The file is part of struct squash: there is nothing to destroy. */
static void file_destroy(sqfs_object_t *object unused)
{
}

static int make_compressor(struct squash *sq, sqfs_u16 flags,
			   sqfs_compressor_t **out, struct err *err)
{
	sqfs_compressor_config_t config;
	int r = sqfs_compressor_config_init(&config, COMPRESSION, BLOCK_SIZE,
					    flags);

	if (!r)
		r = sqfs_compressor_create(&config, out);
	return r ? fail(sq, r, "compressor", err) : 0;
}

static int write_head(struct squash *sq, struct err *err)
{
	int r = sqfs_super_init(&sq->super, BLOCK_SIZE, /* mtime */ 0,
				COMPRESSION);

	if (!r)
		r = sqfs_super_write(&sq->super, &sq->file.base);
	if (r)
		return fail(sq, r, "superblock", err);
	r = sq->compressor->write_options(sq->compressor, &sq->file.base);
	if (r < 0)
		return fail(sq, r, "compressor options", err);
	if (r > 0)
		sq->super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
	return 0;
}

static int make_processor(struct squash *sq, struct err *err)
{
	sqfs_block_processor_desc_t desc = {
		.size = sizeof(desc),
		.max_block_size = BLOCK_SIZE,
		.num_workers = WORKERS,
		.max_backlog = BACKLOG,
		.cmp = sq->compressor,
		.file = &sq->file.base,
		.uncmp = sq->decompressor,
	};
	int r;

	sq->blocks = sqfs_block_writer_create(&sq->file.base, IMAGE_ALIGN,
					      /* flags */ 0);
	sq->fragments = sqfs_frag_table_create(/* flags */ 0);
	sq->ids = sqfs_id_table_create(/* flags */ 0);
	sq->xattrs = sqfs_xattr_writer_create(/* flags */ 0);
	if (!sq->blocks || !sq->fragments || !sq->ids || !sq->xattrs)
		return fail(sq, SQFS_ERROR_ALLOC, "prepare", err);
	desc.wr = sq->blocks;
	desc.tbl = sq->fragments;
	r = sqfs_block_processor_create_ex(&desc, &sq->processor);
	return r ? fail(sq, r, "block processor", err) : 0;
}

int squash_new(int fd, struct squash **out, struct err *err)
{
	auto_squash struct squash *sq = xcalloc(1, sizeof(*sq));

	sq->opaque_xattr = NO_XATTR;
	sq->file = (struct image_file){
		.base = { .base = { .destroy = file_destroy },
			  .read_at = file_read_at,
			  .write_at = file_write_at,
			  .get_size = file_get_size,
			  .truncate = file_truncate },
		.fd = fd,
	};
	if (make_compressor(sq, 0, &sq->compressor, err) < 0 ||
	    make_compressor(sq, SQFS_COMP_FLAG_UNCOMPRESS, &sq->decompressor,
			    err) < 0 ||
	    write_head(sq, err) < 0 || make_processor(sq, err) < 0)
		return -1;
	*out = take_ptr(sq);
	return 0;
}

/* libsquashfs 1.2 does not free blocks that it has not written yet. */
static void give_up_blocks(struct squash *sq)
{
	if (!sq->processor || sq->finished)
		return;
	/* The image is thrown away: errors mean nothing any more. */
	if (sq->file_open)
		(void)sqfs_block_processor_end_file(sq->processor);
	(void)sqfs_block_processor_finish(sq->processor);
}

void squash_free(struct squash *sq)
{
	struct squash_file *next;

	if (!sq)
		return;
	give_up_blocks(sq);
	/* First: its threads use all the others. */
	sqfs_destroy(sq->processor);
	sqfs_destroy(sq->dir_writer);
	sqfs_destroy(sq->inode_writer);
	sqfs_destroy(sq->entry_writer);
	sqfs_destroy(sq->xattrs);
	sqfs_destroy(sq->ids);
	sqfs_destroy(sq->fragments);
	sqfs_destroy(sq->blocks);
	sqfs_destroy(sq->decompressor);
	sqfs_destroy(sq->compressor);
	for (struct squash_file *f = sq->files; f; f = next) {
		next = f->next;
		sqfs_free(f->inode);
		free(f);
	}
	free(sq);
}

int squash_file_begin(struct squash *sq, struct squash_file **out,
		      struct err *err)
{
	struct squash_file *f = xcalloc(1, sizeof(*f));
	int r;

	f->next = sq->files;
	sq->files = f;
	r = sqfs_block_processor_begin_file(sq->processor, &f->inode,
					    /* user */ NULL, /* flags */ 0);
	if (r)
		return fail(sq, r, "begin file", err);
	sq->file_open = true;
	*out = f;
	return 0;
}

int squash_file_write(struct squash *sq, const void *p, size_t len,
		      struct err *err)
{
	int r = sqfs_block_processor_append(sq->processor, p, len);

	return r ? fail(sq, r, "file contents", err) : 0;
}

int squash_file_end(struct squash *sq, struct err *err)
{
	int r = sqfs_block_processor_end_file(sq->processor);

	sq->file_open = false;
	return r ? fail(sq, r, "end file", err) : 0;
}

static sqfs_inode_generic_t *new_symlink(const char *target)
{
	size_t len = strlen(target);
	sqfs_inode_generic_t *inode = xcalloc(1, sizeof(*inode) + len);

	inode->base.type = SQFS_INODE_SLINK;
	inode->payload_bytes_available = (sqfs_u32)len;
	inode->payload_bytes_used = (sqfs_u32)len;
	inode->data.slink.nlink = 1;
	inode->data.slink.target_size = (sqfs_u32)len;
	memcpy(inode->extra, target, len);
	return inode;
}

/* overlayfs takes a character device 0:0 for a whiteout. */
static sqfs_inode_generic_t *new_whiteout(void)
{
	sqfs_inode_generic_t *inode = xcalloc(1, sizeof(*inode));

	inode->base.type = SQFS_INODE_CDEV;
	inode->data.dev.nlink = 1;
	return inode;
}

static sqfs_u16 mode_of(const struct tree_node *node)
{
	static const sqfs_u16 types[] = {
		[TREE_DIR] = SQFS_INODE_MODE_DIR,
		[TREE_FILE] = SQFS_INODE_MODE_REG,
		[TREE_SYMLINK] = SQFS_INODE_MODE_LNK,
		[TREE_WHITEOUT] = SQFS_INODE_MODE_CHR,
	};
	sqfs_u16 mode =
		node->kind == TREE_SYMLINK ? 0777 : node->inode->meta.mode;

	return (sqfs_u16)(types[node->kind] | mode);
}

/* Completes @raw, writes it, and remembers where it lies. */
static int write_inode(struct squash *sq, struct tree_node *node,
		       sqfs_inode_generic_t *raw, struct err *err)
{
	struct tree_inode *inode = node->inode;
	sqfs_u64 block;
	sqfs_u32 offset;
	int r;

	raw->base.mode = mode_of(node);
	raw->base.mod_time = inode->meta.mtime;
	raw->base.inode_number = inode->number;
	r = sqfs_id_table_id_to_index(sq->ids, inode->meta.uid,
				      &raw->base.uid_idx);
	if (!r)
		r = sqfs_id_table_id_to_index(sq->ids, inode->meta.gid,
					      &raw->base.gid_idx);
	if (r)
		return fail(sq, r, "owners", err);
	sqfs_meta_writer_get_position(sq->inode_writer, &block, &offset);
	inode->ref = block << 16 | offset;
	r = sqfs_meta_writer_write_inode(sq->inode_writer, raw);
	return r ? fail(sq, r, "inode", err) : 0;
}

static int write_file(struct squash *sq, struct tree_node *node,
		      struct err *err)
{
	sqfs_inode_generic_t *raw = node->inode->file->inode;
	int r;

	if (node->inode->nlink > 1) {
		r = sqfs_inode_make_extended(raw);
		if (r)
			return fail(sq, r, "hard link", err);
		raw->data.file_ext.nlink = node->inode->nlink;
	}
	return write_inode(sq, node, raw, err);
}

/* Everything but a directory; a hard link written before is done. */
static int write_leaf(struct squash *sq, struct tree_node *node,
		      struct err *err)
{
	auto_free sqfs_inode_generic_t *raw = NULL;

	if (node->inode->number)
		return 0;
	node->inode->number = ++sq->inode_count;
	if (node->kind == TREE_FILE)
		return write_file(sq, node, err);
	raw = node->kind == TREE_SYMLINK ? new_symlink(node->inode->target)
					 : new_whiteout();
	return write_inode(sq, node, raw, err);
}

static int write_entries(struct squash *sq, struct tree_node *const *children,
			 size_t n, struct err *err)
{
	int r = sqfs_dir_writer_begin(sq->dir_writer, /* flags */ 0);

	for (size_t i = 0; !r && i < n; i++) {
		const struct tree_inode *inode = children[i]->inode;

		r = sqfs_dir_writer_add_entry(sq->dir_writer, children[i]->name,
					      inode->number, inode->ref,
					      mode_of(children[i]));
	}
	if (!r)
		r = sqfs_dir_writer_end(sq->dir_writer);
	return r ? fail(sq, r, "directory", err) : 0;
}

static int write_dir_inode(struct squash *sq, struct tree_node *dir,
			   sqfs_u32 parent, sqfs_u32 nlink, struct err *err)
{
	sqfs_inode_generic_t *raw = sqfs_dir_writer_create_inode(
		sq->dir_writer, /* hlinks */ 0,
		dir->opaque ? sq->opaque_xattr : NO_XATTR, parent);
	int r;

	if (!raw)
		return fail(sq, SQFS_ERROR_ALLOC, "directory", err);
	/* The library counts files too; find(1) relies on the real number. */
	if (raw->base.type == SQFS_INODE_EXT_DIR)
		raw->data.dir_ext.nlink = nlink;
	else
		raw->data.dir.nlink = nlink;
	r = write_inode(sq, dir, raw, err);
	sqfs_free(raw);
	return r;
}

/* Recursion is bounded by LAYER_DEPTH_MAX. */
static int write_dir(struct squash *sq, struct tree_node *dir, sqfs_u32 parent,
		     struct err *err)
{
	auto_free struct tree_node **children = tree_children(dir);
	sqfs_u32 nlink = 2; /* its name and "." */

	dir->inode->number = ++sq->inode_count;
	for (size_t i = 0; i < dir->child_count; i++) {
		if (children[i]->kind != TREE_DIR) {
			if (write_leaf(sq, children[i], err) < 0)
				return -1;
			continue;
		}
		nlink++;
		if (write_dir(sq, children[i], dir->inode->number, err) < 0)
			return -1;
	}
	if (write_entries(sq, children, dir->child_count, err) < 0)
		return -1;
	return write_dir_inode(sq, dir, parent, nlink, err);
}

static int make_opaque_xattr(struct squash *sq, struct err *err)
{
	int r = sqfs_xattr_writer_begin(sq->xattrs, /* flags */ 0);

	if (!r)
		r = sqfs_xattr_writer_add(sq->xattrs, "trusted.overlay.opaque",
					  "y", 1);
	if (!r)
		r = sqfs_xattr_writer_end(sq->xattrs, &sq->opaque_xattr);
	return r ? fail(sq, r, "extended attributes", err) : 0;
}

static int write_tree(struct squash *sq, struct tree *t, struct err *err)
{
	struct tree_node *root = tree_root(t);
	int r;

	sq->inode_writer =
		sqfs_meta_writer_create(&sq->file.base, sq->compressor, 0);
	sq->entry_writer =
		sqfs_meta_writer_create(&sq->file.base, sq->compressor,
					SQFS_META_WRITER_KEEP_IN_MEMORY);
	if (sq->entry_writer)
		sq->dir_writer = sqfs_dir_writer_create(sq->entry_writer, 0);
	if (!sq->inode_writer || !sq->dir_writer)
		return fail(sq, SQFS_ERROR_ALLOC, "tree", err);
	sq->super.inode_table_start = sq->file.size;
	if (write_dir(sq, root, /* parent: none */ 0, err) < 0)
		return -1;
	r = sqfs_meta_writer_flush(sq->inode_writer);
	if (!r)
		r = sqfs_meta_writer_flush(sq->entry_writer);
	sq->super.root_inode_ref = root->inode->ref;
	sq->super.directory_table_start = sq->file.size;
	if (!r)
		r = sqfs_meta_write_write_to_file(sq->entry_writer);
	return r ? fail(sq, r, "tree", err) : 0;
}

static int write_tables(struct squash *sq, struct err *err)
{
	sqfs_file_t *file = &sq->file.base;
	sqfs_u64 end;
	int r;

	r = sqfs_frag_table_write(sq->fragments, file, &sq->super,
				  sq->compressor);
	if (!r)
		r = sqfs_id_table_write(sq->ids, file, &sq->super,
					sq->compressor);
	/* Must be the last: that is how readers find its end. */
	if (!r)
		r = sqfs_xattr_writer_flush(sq->xattrs, file, &sq->super,
					    sq->compressor);
	if (r)
		return fail(sq, r, "tables", err);
	sq->super.inode_count = sq->inode_count;
	sq->super.bytes_used = sq->file.size;
	r = sqfs_super_write(&sq->super, file);
	end = (sq->file.size + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
	if (!r)
		r = file_truncate(file, end);
	return r ? fail(sq, r, "superblock", err) : 0;
}

int squash_finish(struct squash *sq, struct tree *t, struct err *err)
{
	int r = sqfs_block_processor_finish(sq->processor);

	sq->finished = true;
	if (r)
		return fail(sq, r, "file contents", err);
	if (make_opaque_xattr(sq, err) < 0 || write_tree(sq, t, err) < 0)
		return -1;
	return write_tables(sq, err);
}
