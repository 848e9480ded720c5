/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cow_world.h - for tests: a workspace, a session directory, and a file system
 * over them, driven as the guest's kernel would.
 */
#ifndef BBOX_TESTS_SUPPORT_COW_WORLD_H
#define BBOX_TESTS_SUPPORT_COW_WORLD_H

#include <sys/stat.h>

#include "base/buf.h"
#include "infra/vfs/cow.h"
#include "infra/vfs/pass.h"

struct world {
	char *dir; /* owned; holds user/, state/ and outside/ */
	int user_fd, state_fd, outside_fd;
	struct exclude *exclude;
	struct log log;
	struct cow_fs *cow; /* one of both */
	struct pass_fs *pass;
	int proc_fd; /* of @pass */
	struct fs *fs;
};

/* An empty workspace. */
void world_init(struct world *w);
/* Opens the file system; @fds_max as in cow_fs_config. */
void world_start(struct world *w, bool read_only, size_t fds_max);
/* The same without copy-on-write. */
void world_start_direct(struct world *w, size_t fds_max);
void world_release(struct world *w);

/* In the user's directory, as the user. */
void user_write(struct world *w, const char *path, const char *text);
void user_mkdir(struct world *w, const char *path);
/* Names, modes, sizes, times, targets and content of everything. */
char *user_state(struct world *w);

/* All of these: a node id, 0 for none, or a negative errno. */
int64_t guest_find(struct world *w, const char *path);
/* The directory of @path; *@name is set to its last component. */
int64_t guest_dir(struct world *w, const char *path, const char **name);
int64_t guest_create(struct world *w, const char *path, uint32_t flags);

/* 0 or a negative errno. */
int guest_write(struct world *w, uint64_t id, uint64_t at, const char *text);
int guest_put(struct world *w, const char *path, const char *text);
int guest_truncate(struct world *w, uint64_t id, uint64_t size);
int guest_stat(struct world *w, uint64_t id, struct fuse_attr *out);
/* What the file holds, or "errno N"; the caller frees. */
char *guest_read(struct world *w, uint64_t id);
/* Names without "." and "..", sorted, with a blank between; likewise. */
char *guest_list(struct world *w, uint64_t id, bool plus);

/* The same tree comes out of the records. */
void world_check_replay(struct world *w);
/* Is the content of a changed file kept anywhere? */
bool world_has_content(struct world *w, uint64_t id);

extern const struct fs_caller guest_user;

#endif /* BBOX_TESTS_SUPPORT_COW_WORLD_H */
