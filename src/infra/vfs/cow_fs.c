// SPDX-License-Identifier: Apache-2.0
/*
 * cow_fs.c - the copy-on-write file system as a whole.
 *
 * Theory of operation
 *
 * The overlay (domain/workspace/overlay.h) knows who is where in the guest's
 * view. This adapter gives it eyes and a memory: it looks into the user's
 * directory for names that the overlay does not decide about (cow_lower.c), it
 * keeps the content of changed files (cow_content.c), and it writes the
 * overlay's records to a file.
 *
 * There are no open files: the content of a node is wherever it is now, in the
 * user's file or in a place of its own, so that who has it open sees every
 * write, whether it was opened before the first one or after. Descriptors are a
 * cache of bounded size (cow_fds.h).
 *
 * The user may change his directory at any time, and the guest may ask for
 * anything at any time, so nothing that was true at the last call is believed
 * without looking. Only nodes that the guest holds can be used by it.
 */
#include "infra/vfs/cow_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/vfs/cow.h"

#define STATE_MODE   0600
#define OBJECTS_MODE 0700

/* The overlay's sink: a whole record, or nothing of it. */
static int write_record(void *ctx, struct span record)
{
	struct cow_fs *fs = ctx;
	ssize_t n;
	int saved;

	if (fs->cfg.read_only)
		return -EROFS;
	do
		n = write(fs->records_fd, record.p, record.len);
	while (n < 0 &&
	       (errno == EINTR || (errno == ENOSPC && cow_trash_empty(fs))));
	if (n == (ssize_t)record.len) {
		fs->records_len += record.len;
		return 0;
	}
	saved = n < 0 ? errno : ENOSPC;
	if (n > 0 && ftruncate(fs->records_fd, (off_t)fs->records_len) < 0)
		log_error(fs->cfg.log, "vfs: take a half record back: errno %d",
			  errno);
	return -saved;
}

static int cow_statfs(struct fs *base, struct fuse_kstatfs *out)
{
	struct cow_fs *fs = cow_fs_of(base);
	struct statvfs st;

	if (fstatvfs(fs->cfg.read_only ? fs->cfg.lower_fd : fs->cfg.state_fd,
		     &st) < 0)
		return -errno;
	*out = (struct fuse_kstatfs){
		.blocks = st.f_blocks,
		.bfree = st.f_bfree,
		.bavail = st.f_bavail,
		.files = st.f_files,
		.ffree = st.f_ffree,
		.bsize = (uint32_t)st.f_bsize,
		.frsize = (uint32_t)st.f_frsize,
		.namelen = (uint32_t)OVERLAY_NAME_MAX,
	};
	return 0;
}

static int cow_syncfs(struct fs *base)
{
	struct cow_fs *fs = cow_fs_of(base);

	if (fs->cfg.read_only)
		return 0;
	if (syncfs(fs->objects_fd) < 0)
		return -errno;
	fs->sync_count++;
	return 0;
}

static void cow_reset(struct fs *base)
{
	struct cow_fs *fs = cow_fs_of(base);

	fs_listings_release(&fs->open);
	cow_forget_all(fs);
}

static const struct fs_ops cow_ops = {
	.lookup = cow_lookup,
	.forget = cow_forget,
	.getattr = cow_getattr,
	.setattr = cow_setattr,
	.readlink = cow_readlink,
	.symlink = cow_symlink,
	.mknod = cow_mknod,
	.mkdir = cow_mkdir,
	.create = cow_create,
	.tmpfile = cow_tmpfile,
	.unlink = cow_unlink,
	.rmdir = cow_rmdir,
	.rename = cow_rename,
	.link = cow_link,
	.read = cow_read,
	.write = cow_write,
	.fsync = cow_fsync,
	.fallocate = cow_fallocate,
	.lseek = cow_lseek,
	.copy_file_range = cow_copy_file_range,
	.opendir = cow_opendir,
	.readdir = cow_readdir,
	.releasedir = cow_releasedir,
	.statfs = cow_statfs,
	.setxattr = cow_setxattr,
	.getxattr = cow_getxattr,
	.listxattr = cow_listxattr,
	.removexattr = cow_removexattr,
	.syncfs = cow_syncfs,
	.reset = cow_reset,
};

/* Goes on where the records end; what a crash cut short is taken back. */
static int replay(struct cow_fs *fs, struct err *err)
{
	struct span rest;
	struct stat st;
	void *p;
	int r;

	if (fstat(fs->records_fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "the records are no file");
	if (!st.st_size)
		return 0;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		 fs->records_fd, 0);
	if (p == MAP_FAILED)
		return err_sys(err, errno, "map records");
	rest = (struct span){ .p = p, .len = (size_t)st.st_size };
	r = overlay_replay(fs->overlay, &rest);
	munmap(p, (size_t)st.st_size);
	if (r < 0)
		return err_set(err, ERR_INTEGRITY,
			       "the records of the session are damaged");
	fs->records_len = (uint64_t)st.st_size - rest.len;
	if (rest.len && ftruncate(fs->records_fd, (off_t)fs->records_len) < 0)
		return err_sys(err, errno, "cut the records");
	return 0;
}

static int open_state(struct cow_fs *fs, struct err *err)
{
	if (mkdirat(fs->cfg.state_fd, OVERLAY_OBJECTS_DIR, OBJECTS_MODE) < 0 &&
	    errno != EEXIST)
		return err_sys(err, errno, "create directory '%s'",
			       OVERLAY_OBJECTS_DIR);
	fs->objects_fd =
		fd_open_no_symlinks(fs->cfg.state_fd, OVERLAY_OBJECTS_DIR,
				    O_RDONLY | O_DIRECTORY, 0, err);
	if (fs->objects_fd < 0)
		return -1;
	fs->records_fd = fd_open_no_symlinks(
		fs->cfg.state_fd, OVERLAY_RECORDS_FILE,
		O_RDWR | O_APPEND | O_CREAT, STATE_MODE, err);
	if (fs->records_fd < 0)
		return -1;
	fs->slots_fd = fd_open_no_symlinks(fs->cfg.state_fd, OVERLAY_SLOTS_FILE,
					   O_RDWR | O_CREAT, STATE_MODE, err);
	if (fs->slots_fd < 0)
		return -1;
	cow_slots_start(fs);
	return replay(fs, err);
}

static int make_overlay(struct cow_fs *fs, struct err *err)
{
	struct overlay_config config = {
		.sink = write_record,
		.release = cow_node_release,
		.ctx = fs,
	};
	struct file_identity identity;
	struct overlay_attr root;
	struct stat st;

	if (fstat(fs->cfg.lower_fd, &st) < 0)
		return err_sys(err, errno, "examine the shared directory");
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID,
			       "what is shared is not a directory");
	/* 256 bytes and less are never interrupted or short. */
	if (getrandom(config.hash_key, sizeof(config.hash_key), 0) !=
	    (ssize_t)sizeof(config.hash_key))
		return err_sys(err, errno, "get random bytes");
	fs->dev = st.st_dev;
	cow_attr_of(fs, &st, &root);
	identity = cow_identity(&st);
	fs->overlay = overlay_new(&config, &root, &identity);
	return 0;
}

int cow_fs_new(const struct cow_fs_config *cfg, struct cow_fs **out,
	       struct err *err)
{
	struct cow_fs *fs = xcalloc(1, sizeof(*fs));
	size_t max = cfg->fds_max ? cfg->fds_max : COW_FDS_DEFAULT;

	fs->base.ops = &cow_ops;
	fs->cfg = *cfg;
	fs->objects_fd = -1;
	fs->records_fd = -1;
	fs->slots_fd = -1;
	fs->slot_ids = OVERLAY_SLOT_ID_MAX + 1;
	fs->fds = COW_FDS_INIT(max < COW_FDS_MIN ? COW_FDS_MIN : max);
	if (make_overlay(fs, err) < 0 ||
	    (!cfg->read_only && open_state(fs, err) < 0)) {
		cow_fs_free(fs);
		return err_wrap(err, "open copy-on-write view");
	}
	*out = fs;
	return 0;
}

void cow_fs_free(struct cow_fs *fs)
{
	if (!fs)
		return;
	if (fs->overlay)
		cow_reset(&fs->base);
	/* What has a name left is what the session was for. */
	fs->closing = true;
	overlay_free(fs->overlay);
	fd_close(&fs->objects_fd);
	fd_close(&fs->records_fd);
	fd_close(&fs->slots_fd);
	free(fs);
}

struct fs *cow_fs_base(struct cow_fs *fs)
{
	return &fs->base;
}
