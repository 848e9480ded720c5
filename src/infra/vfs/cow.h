/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cow.h - what the parts of the copy-on-write file system share; private.
 *
 * Everything here returns 0 (or a descriptor, or a count) or a negative errno,
 * as fs_ops.h does. Nodes are borrowed from the overlay; one that the guest
 * does not hold is gone after cow_settle(), and its parents may be.
 */
#ifndef BBOX_INFRA_VFS_COW_H
#define BBOX_INFRA_VFS_COW_H

#include <sys/stat.h>
#include <time.h>

#include "domain/workspace/overlay.h"
#include "domain/workspace/overlay_store.h"
#include "infra/vfs/cow_fds.h"
#include "infra/vfs/cow_fs.h"
#include "infra/vfs/fs_listing.h"

/* Where the content of a file that is the overlay's own lies. */
enum cow_place {
	COW_PLACE_UNKNOWN,
	COW_PLACE_SLOT,
	COW_PLACE_OBJECT,
};

/* What waits in cow_trash.c; COW_PLACE_UNKNOWN is thrown away everywhere. */
#define COW_TRASH_MAX ((size_t)16 * 1024)

struct cow_waste {
	uint64_t id;
	enum cow_place place;
};

struct cow_trash {
	struct cow_waste v[COW_TRASH_MAX];
	size_t n;
	uint64_t bytes; /* of room on the disk, roughly */
};

struct cow_fs {
	struct fs base;
	struct cow_fs_config cfg;
	struct overlay *overlay; /* owned */
	struct cow_fds fds;	 /* open files and directories */
	int objects_fd;		 /* owned; -1 when read-only */
	int slots_fd;		 /* owned; -1 when read-only */
	int records_fd;		 /* owned; -1 when read-only */
	uint64_t records_len;	 /* bytes */
	dev_t dev;		 /* of the user's directory */
	uint64_t slot_ids;	 /* nodes from this id on have no slot */
	struct cow_trash trash;
	uint64_t sync_count;	 /* how often everything was synced */
	struct cow_node *held;	 /* all with lookups */
	struct fs_listings open; /* owned */
	bool closing;
	bool told_secrets; /* that a configuration of git holds some */
};

/* How a directory of the user looked when it was last listed. */
struct cow_listed {
	struct file_identity identity;
	bool settled; /* a later change must show in the identity */
};

/* Of a content in its slot. */
struct cow_slot {
	uint32_t size; /* bytes */
	int64_t atime_ns, mtime_ns;
	bool synced;	     /* the guest was told that it lasts */
	uint64_t sync_count; /* cow_fs.sync_count when it was made */
};

/* Ours of a node: overlay_node.user. */
struct cow_node {
	uint64_t lookups;    /* by the guest */
	uint64_t generation; /* of the content behind the node id */
	struct cow_fd fd;    /* content, or the user's directory */
	enum cow_place place;
	struct cow_slot slot; /* when @place says so */
	/* The user's file as it was when the guest last looked it up. */
	struct file_identity seen;
	bool has_xattrs; /* the overlay's are the whole truth */
	struct cow_listed listed;
	struct overlay_node *node;
	struct cow_node *prev, *next; /* in cow_fs.held */
};

struct cow_stat {
	struct overlay_attr attr;
	uint64_t blocks; /* of 512 bytes */
	uint32_t links;
};

static inline struct cow_fs *cow_fs_of(struct fs *base)
{
	return container_of(base, struct cow_fs, base);
}

/* cow_node.c: nodes, and finding them by name. */

/* The node's own part; made when it has none. */
struct cow_node *cow_node_of(struct overlay_node *node);
/* What the overlay calls when it frees a node. */
void cow_node_release(void *ctx, struct overlay_node *node);
/* -ESTALE for a node that the guest does not hold. */
must_check int cow_find(struct cow_fs *fs, uint64_t id,
			struct overlay_node **out);
must_check int cow_find_dir(struct cow_fs *fs, uint64_t id,
			    struct overlay_node **out);
must_check int cow_find_file(struct cow_fs *fs, uint64_t id,
			     struct overlay_node **out);
/* Is it a directory that was removed, or a file without a name? */
bool cow_is_removed(struct cow_fs *fs, const struct overlay_node *node);

/* What a name of a directory is now. */
struct cow_child {
	struct overlay_node *node; /* NULL: nothing */
	bool fixed;		   /* only the guest can change that */
	bool has_st;
	struct stat st; /* of the user's object, just looked at */
};
must_check int cow_child(struct cow_fs *fs, struct overlay_node *dir,
			 const char *name, struct cow_child *out);
/* Describes the node to the guest and counts the lookup. */
must_check int cow_entry(struct cow_fs *fs, const struct cow_child *child,
			 struct fuse_entry_out *out);
/* Counts one lookup, for cow_forget() to take back. */
void cow_hold(struct cow_fs *fs, struct overlay_node *node);
/* Lets go of a node that the guest does not hold. */
void cow_settle(struct cow_fs *fs, uint64_t id);
int cow_lookup(struct fs *base, uint64_t id, const char *name,
	       struct fuse_entry_out *out);
void cow_forget(struct fs *base, uint64_t id, uint64_t lookups);
/* Forgets all lookups. */
void cow_forget_all(struct cow_fs *fs);

/* cow_lower.c: the user's directory. */

struct cow_found {
	struct stat st;
	enum overlay_kind kind;
	char *target; /* owned; a symlink's text, else NULL */
};

/* -ENOENT when nothing can be seen there. Borrowed, until the next call. */
must_check int cow_lower_dir(struct cow_fs *fs, struct overlay_node *dir);
/* What the guest may see under a name; -ENOENT when that is nothing. */
must_check int cow_lower_look(struct cow_fs *fs, struct overlay_node *dir,
			      const char *name, struct cow_found *out);
/* Whether the name may be seen, as far as that can be said without a stat. */
must_check int cow_lower_shows(struct cow_fs *fs, struct overlay_node *dir,
			       int dirfd, const char *name, mode_t type,
			       char **target);
/* The user's object that the node shows; -ESTALE when it is not there. */
must_check int cow_lower_stat(struct cow_fs *fs, struct overlay_node *node,
			      struct stat *out);
/* The content of the user's file; -ESTALE when it is another one now. */
must_check int cow_lower_open(struct cow_fs *fs, struct overlay_node *node);
/* openat2(2) that closes idle descriptors when there are too many. */
must_check int cow_open(struct cow_fs *fs, int dirfd, const char *path,
			int flags, mode_t mode);

/* cow_git.c: configurations of git. */

/* Is the user's file of this name one, or may it be? */
bool cow_git_is_config(struct cow_fs *fs, struct overlay_node *dir,
		       const char *name);
/* Makes the file, which shows the user's content, an own one without secrets
 * and commands. */
must_check int cow_git_clean(struct cow_fs *fs, struct overlay_node *node);

/* cow_object.c: content of changed files. */

must_check int cow_object_stat(struct cow_fs *fs, uint64_t id,
			       struct stat *out);
must_check int cow_object_times(struct cow_fs *fs, uint64_t id,
				const struct timespec times[2]);
must_check int cow_object_open(struct cow_fs *fs, uint64_t id);
/* A new object that has no id yet; returns its descriptor. One at a time. */
must_check int cow_object_begin(struct cow_fs *fs);
must_check int cow_object_commit(struct cow_fs *fs, uint64_t id);
void cow_object_abandon(struct cow_fs *fs);
void cow_object_delete(struct cow_fs *fs, uint64_t id);

/* cow_content.c: content, wherever it is. */

/* The file's content is its own afterwards, in its slot or in its object;
 * nothing of what it was before is kept unless @keep. */
must_check int cow_content_take(struct cow_fs *fs, struct overlay_node *node,
				bool keep);
/* Gives the node, which has none of its own yet, this content, and times. */
must_check int cow_content_make(struct cow_fs *fs, struct overlay_node *node,
				struct span content,
				const struct timespec times[2]);
/* The overlay does not want the content that was just made. */
void cow_content_drop(struct cow_fs *fs, struct overlay_node *node);
/* The user's file, for reading, or the object, for both. Borrowed. Not of a
 * file in its slot. */
must_check int cow_content(struct cow_fs *fs, struct overlay_node *node);
/* The object, for writing, of any file. Borrowed. */
must_check int cow_content_object(struct cow_fs *fs, struct overlay_node *node);

/* cow_slot.c: small contents. All from cow_slot_read() on are for files there.
 */

/* Sees what the file system allows; the file of slots is open. */
void cow_slots_start(struct cow_fs *fs);
/* Can the node's slot hold as many bytes? */
bool cow_slot_fits(const struct cow_fs *fs, const struct overlay_node *node,
		   uint64_t size);
/* -EFBIG when the file of slots may not grow so far: there is none then. */
must_check int cow_slot_make(struct cow_fs *fs, struct overlay_node *node,
			     struct span content,
			     const struct timespec times[2]);
/* 1 when the content of a file of the overlay's own is in its slot, or 0. */
must_check int cow_in_slot(struct cow_fs *fs, struct overlay_node *node);
must_check ssize_t cow_slot_read(struct cow_fs *fs, struct overlay_node *node,
				 const struct iovec *iov, int n,
				 uint64_t offset);
/* What is written, and the new size, must fit. */
must_check ssize_t cow_slot_write(struct cow_fs *fs, struct overlay_node *node,
				  const struct iovec *iov, int n,
				  uint64_t offset);
must_check int cow_slot_resize(struct cow_fs *fs, struct overlay_node *node,
			       uint64_t size);
must_check int cow_slot_times(struct cow_fs *fs, struct overlay_node *node,
			      const struct timespec times[2]);
/* What the content takes of the disk, bytes; 0 when it is an object. */
uint64_t cow_slot_room(const struct cow_node *cn);
void cow_slot_stat(struct overlay_node *node, struct cow_stat *out);
must_check int cow_slot_seek(const struct overlay_node *node, uint64_t offset,
			     uint32_t whence, uint64_t *out);
must_check int cow_slot_sync(struct cow_fs *fs, struct overlay_node *node);
/* The content becomes an object. */
must_check int cow_slot_leave(struct cow_fs *fs, struct overlay_node *node);

/* cow_trash.c: contents that nothing needs any more. */

/* The node is gone for good, or has left its slot, where it took @size bytes.
 */
void cow_trash_add(struct cow_fs *fs, uint64_t id, enum cow_place place,
		   uint64_t size);
/* True when there was anything, so that the disk may have room again. */
bool cow_trash_empty(struct cow_fs *fs);

/* cow_copy.c: content from one descriptor to another. */

struct cow_copy {
	int from, to;	 /* borrowed; @to is empty, or -1 for none */
	char *into;	 /* memory of @size bytes, or NULL; no large files */
	uint64_t size;	 /* bytes */
	uint64_t copied; /* bytes; less when it was cut meanwhile */
	bool has_hash;
	uint8_t hash[OVERLAY_HASH_SIZE];
};
must_check int cow_copy_content(struct cow_copy *c);
void cow_hash(struct span content, uint8_t out[OVERLAY_HASH_SIZE]);

/* cow_attr.c */

void cow_attr_of(const struct cow_fs *fs, const struct stat *st,
		 struct overlay_attr *out);
/* The number that the guest sees for an object of the user. */
uint64_t cow_ino(const struct cow_fs *fs, dev_t dev, uint64_t ino);
/* What identifies an object of the user; times of directories do not. */
struct file_identity cow_identity(const struct stat *st);
int64_t cow_now_ns(void);
struct timespec cow_timespec(int64_t ns);
int64_t cow_time(struct timespec ts);
must_check int cow_stat(struct cow_fs *fs, struct overlay_node *node,
			struct cow_stat *out);
/* The same of an untouched node whose object has just been looked at. */
must_check int cow_stat_found(const struct cow_fs *fs,
			      const struct overlay_node *node,
			      const struct stat *st, struct cow_stat *out);
/* S_IFREG and so on. */
uint32_t cow_type(const struct overlay_node *node);
uint64_t cow_node_ino(const struct overlay_node *node);
void cow_fuse_attr(const struct overlay_node *node, const struct cow_stat *st,
		   struct fuse_attr *out);
/* Seconds that the guest may keep the attributes. */
uint64_t cow_attr_valid(const struct overlay_node *node);
/* Says that a name in the directory or a name of the node has changed. */
void cow_touch_dir(struct overlay_node *dir);
void cow_touch_node(struct overlay_node *node);
/* Takes the set-id bits away that do not survive a write. */
must_check int cow_kill_priv(struct cow_fs *fs, struct overlay_node *node);
must_check int cow_truncate(struct cow_fs *fs, struct overlay_node *node,
			    uint64_t size);
int cow_getattr(struct fs *base, uint64_t id, struct fuse_attr_out *out);
int cow_setattr(struct fs *base, const struct fs_caller *who, uint64_t id,
		const struct fuse_setattr_in *in, struct fuse_attr_out *out);

/* cow_xattr.c */

/* Takes the user's own into the overlay, which is asked alone from then on. */
must_check int cow_import_xattrs(struct cow_fs *fs, struct overlay_node *node);
int cow_setxattr(struct fs *base, uint64_t id, const char *name,
		 struct span value, uint32_t flags);
ssize_t cow_getxattr(struct fs *base, uint64_t id, const char *name, void *buf,
		     size_t size);
ssize_t cow_listxattr(struct fs *base, uint64_t id, void *buf, size_t size);
int cow_removexattr(struct fs *base, uint64_t id, const char *name);

/* cow_name.c */

ssize_t cow_readlink(struct fs *base, uint64_t id, char *buf, size_t size);
int cow_symlink(struct fs *base, const struct fs_caller *who, uint64_t dir,
		const char *name, const char *target,
		struct fuse_entry_out *out);
int cow_mknod(struct fs *base, const struct fs_caller *who, uint64_t dir,
	      const char *name, uint32_t mode, uint32_t rdev,
	      struct fuse_entry_out *out);
int cow_mkdir(struct fs *base, const struct fs_caller *who, uint64_t dir,
	      const char *name, uint32_t mode, struct fuse_entry_out *out);
int cow_create(struct fs *base, const struct fs_caller *who, uint64_t dir,
	       const char *name, uint32_t mode, uint32_t flags,
	       struct fuse_entry_out *out);
int cow_tmpfile(struct fs *base, const struct fs_caller *who, uint64_t dir,
		uint32_t mode, struct fuse_entry_out *out);
int cow_unlink(struct fs *base, uint64_t dir, const char *name);
int cow_rmdir(struct fs *base, uint64_t dir, const char *name);
int cow_rename(struct fs *base, uint64_t dir, const char *name, uint64_t to_dir,
	       const char *to_name, uint32_t flags);
int cow_link(struct fs *base, uint64_t id, uint64_t dir, const char *name,
	     struct fuse_entry_out *out);

/* cow_data.c */

ssize_t cow_read(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		 uint64_t offset);
ssize_t cow_write(struct fs *base, uint64_t id, const struct iovec *iov, int n,
		  uint64_t offset, bool kill_priv);
int cow_fsync(struct fs *base, uint64_t id, bool data_only);
int cow_fallocate(struct fs *base, uint64_t id, uint32_t mode, uint64_t offset,
		  uint64_t length);
int cow_lseek(struct fs *base, uint64_t id, uint64_t offset, uint32_t whence,
	      uint64_t *out);
ssize_t cow_copy_file_range(struct fs *base, uint64_t from,
			    uint64_t from_offset, uint64_t to,
			    uint64_t to_offset, uint64_t length);

/* cow_dir.c */

/* 1 when the guest sees nothing in it, 0 when it does. */
must_check int cow_dir_is_empty(struct cow_fs *fs, struct overlay_node *dir);
int cow_opendir(struct fs *base, uint64_t id, uint64_t *handle,
		uint32_t *open_flags);
int cow_readdir(struct fs *base, uint64_t id, uint64_t handle, uint64_t offset,
		struct fs_dir_sink *sink);
void cow_releasedir(struct fs *base, uint64_t id, uint64_t handle);

#endif /* BBOX_INFRA_VFS_COW_H */
