// SPDX-License-Identifier: Apache-2.0
/*
 * pass_fs.c - the pass-through file system as a whole.
 *
 * Theory of operation
 *
 * Everything is a call on the object that the guest means, made with the
 * rights of the user who runs bbox, and answered by the host's kernel. What is
 * kept here are nodes, which give objects the numbers that the guest uses
 * (pass_node.c), and a bounded number of descriptors (pass_open.c).
 *
 * The user works in the same directory. What he does shows after a second at
 * the latest, and nothing that was true at the last call is believed for
 * longer. A node stays with its object when that is renamed; a name leads to
 * whatever the user has put there. Two things end a node: the object leaves
 * the share, or its descriptor was closed and its names are gone; then the
 * answer is -ESTALE.
 *
 * Names of the guest are single components below a descriptor. A symlink is
 * read for the guest and followed by nobody here. Devices do not show. What is
 * made has no mode bits beyond 0777, and only its mode can be changed by who
 * is not privileged.
 *
 * The mode of what its owner may not open (nor may he read it, nor write it)
 * can be changed only by the descriptor with which the guest made it so, which
 * is kept: the one call that could, fchmodat(2), reaches any file of the host.
 * For the same reason modes of FIFOs and sockets stay.
 */
#include "infra/vfs/pass_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "infra/sys/fd.h"
#include "infra/vfs/cow_fs.h"
#include "infra/vfs/pass.h"

#define NAME_LEN_MAX 255

static int pass_statfs(struct fs *base, struct fuse_kstatfs *out)
{
	struct statvfs st;

	if (fstatvfs(pass_fs_of(base)->cfg.share_fd, &st) < 0)
		return -errno;
	*out = (struct fuse_kstatfs){
		.blocks = st.f_blocks,
		.bfree = st.f_bfree,
		.bavail = st.f_bavail,
		.files = st.f_files,
		.ffree = st.f_ffree,
		.bsize = (uint32_t)st.f_bsize,
		.frsize = (uint32_t)st.f_frsize,
		.namelen = NAME_LEN_MAX,
	};
	return 0;
}

static int pass_syncfs(struct fs *base)
{
	struct pass_fs *fs = pass_fs_of(base);
	int fd = pass_open_any(fs, fs->root);

	if (fd < 0)
		return fd;
	return syncfs(fd) < 0 ? -errno : 0;
}

static void pass_reset(struct fs *base)
{
	struct pass_fs *fs = pass_fs_of(base);

	fs_listings_release(&fs->open);
	pass_nodes_reset(fs);
}

static const struct fs_ops pass_ops = {
	.lookup = pass_lookup,
	.forget = pass_forget,
	.getattr = pass_getattr,
	.setattr = pass_setattr,
	.readlink = pass_readlink,
	.symlink = pass_symlink,
	.mknod = pass_mknod,
	.mkdir = pass_mkdir,
	.create = pass_create,
	.tmpfile = pass_tmpfile,
	.unlink = pass_unlink,
	.rmdir = pass_rmdir,
	.rename = pass_rename,
	.link = pass_link,
	.read = pass_read,
	.write = pass_write,
	.fsync = pass_fsync,
	.fallocate = pass_fallocate,
	.lseek = pass_lseek,
	.copy_file_range = pass_copy_file_range,
	.opendir = pass_opendir,
	.readdir = pass_readdir,
	.releasedir = pass_releasedir,
	.statfs = pass_statfs,
	.setxattr = pass_setxattr,
	.getxattr = pass_getxattr,
	.listxattr = pass_listxattr,
	.removexattr = pass_removexattr,
	.syncfs = pass_syncfs,
	.reset = pass_reset,
};

int pass_fs_new(const struct pass_fs_config *cfg, struct pass_fs **out,
		struct err *err)
{
	size_t max = cfg->fds_max ? cfg->fds_max : COW_FDS_DEFAULT;
	struct pass_fs *fs;
	struct statx st;
	int r = pass_stat(cfg->share_fd, &st);

	if (r < 0)
		return err_sys(err, -r, "examine the shared directory");
	if (!S_ISDIR(st.stx_mode))
		return err_set(err, ERR_INVALID,
			       "what is shared is not a directory");
	fs = xcalloc(1, sizeof(*fs));
	fs->base.ops = &pass_ops;
	fs->cfg = *cfg;
	fs->fds = COW_FDS_INIT(max < COW_FDS_MIN ? COW_FDS_MIN : max);
	fs->dev = pass_dev(&st);
	pass_nodes_init(fs, &st);
	*out = fs;
	return 0;
}

void pass_fs_free(struct pass_fs *fs)
{
	if (!fs)
		return;
	fs_listings_release(&fs->open);
	pass_nodes_release(fs);
	free(fs);
}

struct fs *pass_fs_base(struct pass_fs *fs)
{
	return &fs->base;
}
