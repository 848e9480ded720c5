/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass.h - what the parts of the pass-through file system share; private.
 *
 * Everything here returns 0 (or a descriptor, or a count) or a negative errno,
 * as fs_ops.h does. Descriptors of nodes are borrowed until another node is
 * used.
 */
#ifndef BBOX_INFRA_VFS_PASS_H
#define BBOX_INFRA_VFS_PASS_H

#include <limits.h>
#include <sys/stat.h>

#include "infra/vfs/cow_fds.h"
#include "infra/vfs/fs_listing.h"
#include "infra/vfs/pass_fs.h"

#define PASS_LINKS_MAX 4 /* names of a node that are remembered */

/* What tells an object of the host from every other one. */
struct pass_identity {
	uint64_t dev, ino;
	uint32_t type; /* S_IFMT */
	/* A number is given to another object when its own is gone. */
	int64_t born_s;
	uint32_t born_ns;
};

/* A name under which the node was seen last. */
struct pass_link {
	uint64_t dir; /* node id; the node may be gone */
	char *name;   /* owned */
};

/* What can be done with a descriptor. */
enum pass_access {
	PASS_PATH = 0,
	PASS_READ = 1,
	PASS_WRITE = 2,
};

struct pass_node {
	uint64_t id;
	uint64_t lookups; /* by the guest */
	struct pass_identity is;
	struct cow_fd fd;
	unsigned int access; /* of @fd: bits of enum pass_access */
	bool pinned;	     /* @fd is not closed while the node lives */
	bool locked;	     /* nobody could open the object again: the node
			      * lives without lookups, too */
	struct pass_link links[PASS_LINKS_MAX];
	size_t link_n;
	struct pass_node *next; /* of the same bucket */
};

struct pass_fs {
	struct fs base;
	struct pass_fs_config cfg;
	struct cow_fds fds;
	uint64_t dev;		/* of the share */
	struct pass_node *root; /* owned like all nodes; the first of @nodes */
	struct pass_node **nodes; /* by the lower half of the id */
	size_t node_n, node_capacity;
	uint32_t *free; /* places in @nodes */
	size_t free_n;
	struct pass_node **buckets; /* by identity */
	size_t bucket_n;	    /* a power of two */
	uint32_t epoch;		    /* upper half of the next id */
	size_t pins;
	unsigned int depth;	 /* of pass_fd() calling itself */
	char where[PATH_MAX];	 /* of the share, when last asked */
	char path[PATH_MAX];	 /* of what is being looked at */
	struct fs_listings open; /* owned */
};

static inline struct pass_fs *pass_fs_of(struct fs *base)
{
	return container_of(base, struct pass_fs, base);
}

/* pass_node.c: nodes by id and by identity, and finding them by name. */

/* The root, held for good. */
void pass_nodes_init(struct pass_fs *fs, const struct statx *root);
/* Frees them all but the root. */
void pass_nodes_reset(struct pass_fs *fs);
void pass_nodes_release(struct pass_fs *fs);
/* -ESTALE for a node that the guest does not hold. */
must_check int pass_find(const struct pass_fs *fs, uint64_t id,
			 struct pass_node **out);
must_check int pass_find_dir(const struct pass_fs *fs, uint64_t id,
			     struct pass_node **out);
must_check int pass_find_file(const struct pass_fs *fs, uint64_t id,
			      struct pass_node **out);
/* NULL when it is not known. */
struct pass_node *pass_known(const struct pass_fs *fs, const struct statx *st);
bool pass_is_same(const struct pass_node *node, const struct statx *st);
/* The node of an object, which takes over @fd; -ENFILE. */
must_check int pass_remember(struct pass_fs *fs, const struct statx *st, int fd,
			     unsigned int access, struct pass_node **out);
void pass_link_add(struct pass_node *node, uint64_t dir, const char *name);
void pass_link_drop(struct pass_node *node, uint64_t dir, const char *name);
/* Describes the node to the guest and counts the lookup. */
void pass_entry(const struct pass_fs *fs, struct pass_node *node,
		const struct statx *st, struct fuse_entry_out *out);
/* Frees a node that the guest does not hold. */
void pass_settle(struct pass_fs *fs, struct pass_node *node);
/* Keeps the descriptor for as long as the node, if there is room. */
void pass_pin(struct pass_fs *fs, struct pass_node *node);
void pass_unpin(struct pass_fs *fs, struct pass_node *node);
/* The object cannot be opened any more, or can. */
void pass_lock(struct pass_fs *fs, struct pass_node *node, bool locked);
/* -ENOENT for nothing, and for what the guest must not see. */
must_check int pass_look(struct pass_fs *fs, struct pass_node *dir,
			 const char *name, struct fuse_entry_out *out);
int pass_lookup(struct fs *base, uint64_t id, const char *name,
		struct fuse_entry_out *out);
void pass_forget(struct fs *base, uint64_t id, uint64_t lookups);

/* pass_open.c: descriptors of nodes. */

/* Of any access. -ESTALE when it is not in the share, or not to be found. */
must_check int pass_fd(struct pass_fs *fs, struct pass_node *node);
/* Of two nodes, which may be the same. */
must_check int pass_two_fds(struct pass_fs *fs, struct pass_node *a,
			    struct pass_node *b, int out[2]);
/* Of a regular file, with all of @want. */
must_check int pass_open(struct pass_fs *fs, struct pass_node *node,
			 unsigned int want);
/* Of a file or a directory, with any access but PASS_PATH. */
must_check int pass_open_any(struct pass_fs *fs, struct pass_node *node);
/* The same object once more, with other rights; owned by the caller. */
must_check int pass_reopen(struct pass_fs *fs, int fd, int flags);
/* The text by which proc_fd knows a descriptor. */
#define PASS_PROC_SIZE 16
void pass_proc_name(int fd, char out[PASS_PROC_SIZE]);

/* pass_attr.c */

must_check int pass_stat(int fd, struct statx *out);
must_check int pass_stat_at(int dirfd, const char *name, struct statx *out);
void pass_fuse_attr(const struct pass_fs *fs, const struct statx *st,
		    struct fuse_attr *out);
uint64_t pass_dev(const struct statx *st);
uint64_t pass_ino(const struct pass_fs *fs, const struct statx *st);
/* Takes the set-id bits away that do not survive a write. */
must_check int pass_kill_priv(int fd);
int pass_getattr(struct fs *base, uint64_t id, struct fuse_attr_out *out);
int pass_setattr(struct fs *base, const struct fs_caller *who, uint64_t id,
		 const struct fuse_setattr_in *in, struct fuse_attr_out *out);

/* pass_xattr.c */

int pass_setxattr(struct fs *base, uint64_t id, const char *name,
		  struct span value, uint32_t flags);
ssize_t pass_getxattr(struct fs *base, uint64_t id, const char *name, void *buf,
		      size_t size);
ssize_t pass_listxattr(struct fs *base, uint64_t id, void *buf, size_t size);
int pass_removexattr(struct fs *base, uint64_t id, const char *name);

/* pass_name.c */

ssize_t pass_readlink(struct fs *base, uint64_t id, char *buf, size_t size);
int pass_symlink(struct fs *base, const struct fs_caller *who, uint64_t id,
		 const char *name, const char *target,
		 struct fuse_entry_out *out);
int pass_mknod(struct fs *base, const struct fs_caller *who, uint64_t id,
	       const char *name, uint32_t mode, uint32_t rdev,
	       struct fuse_entry_out *out);
int pass_mkdir(struct fs *base, const struct fs_caller *who, uint64_t id,
	       const char *name, uint32_t mode, struct fuse_entry_out *out);
int pass_create(struct fs *base, const struct fs_caller *who, uint64_t id,
		const char *name, uint32_t mode, uint32_t flags,
		struct fuse_entry_out *out);
int pass_tmpfile(struct fs *base, const struct fs_caller *who, uint64_t id,
		 uint32_t mode, struct fuse_entry_out *out);
int pass_unlink(struct fs *base, uint64_t dir, const char *name);
int pass_rmdir(struct fs *base, uint64_t dir, const char *name);
int pass_rename(struct fs *base, uint64_t dir, const char *name,
		uint64_t to_dir, const char *to_name, uint32_t flags);
int pass_link(struct fs *base, uint64_t id, uint64_t to, const char *name,
	      struct fuse_entry_out *out);

/* pass_data.c */

ssize_t pass_read(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		  uint64_t offset);
ssize_t pass_write(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		   uint64_t offset, bool kill_priv);
int pass_fsync(struct fs *base, uint64_t id, bool data_only);
int pass_fallocate(struct fs *base, uint64_t id, uint32_t mode, uint64_t offset,
		   uint64_t length);
int pass_lseek(struct fs *base, uint64_t id, uint64_t offset, uint32_t whence,
	       uint64_t *out);
ssize_t pass_copy_file_range(struct fs *base, uint64_t from,
			     uint64_t from_offset, uint64_t to,
			     uint64_t to_offset, uint64_t length);

/* pass_dir.c */

int pass_opendir(struct fs *base, uint64_t id, uint64_t *handle,
		 uint32_t *open_flags);
int pass_readdir(struct fs *base, uint64_t id, uint64_t handle, uint64_t offset,
		 struct fs_dir_sink *sink);
void pass_releasedir(struct fs *base, uint64_t id, uint64_t handle);

#endif /* BBOX_INFRA_VFS_PASS_H */
