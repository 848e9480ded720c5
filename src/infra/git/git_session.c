// SPDX-License-Identifier: Apache-2.0
/*
 * git_session.c - write and read the state of a lazy view.
 */
#include "infra/git/git_session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "domain/workspace/overlay_store.h"
#include "infra/git/git_read.h"
#include "infra/sys/fd.h"
#include "infra/sys/fs.h"

#define GUEST_ID     1000
#define STATE_MODE   0600
#define OBJECTS_MODE 0700
#define MODE_BITS    0777u
#define NS_PER_S     INT64_C(1000000000)

void git_session_close(struct git_session *s)
{
	overlay_free(s->overlay);
	fd_close(&s->root_fd);
	fd_close(&s->state_fd);
	fd_close(&s->objects_fd);
	fd_close(&s->records_fd);
	*s = GIT_SESSION_INIT;
}

static int write_record(void *ctx, struct span record)
{
	struct git_session *s = ctx;
	struct err err = ERR_INIT;

	if (fd_write_all(s->records_fd, record.p, record.len, &err) < 0)
		return err.sys ? -err.sys : -EIO;
	return 0;
}

static int64_t ns_of(struct timespec ts)
{
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static struct overlay_attr attr_of(const struct stat *st)
{
	return (struct overlay_attr){
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mode = st->st_mode & MODE_BITS,
		.uid = GUEST_ID,
		.gid = GUEST_ID,
		.atime_ns = ns_of(st->st_atim),
		.mtime_ns = ns_of(st->st_mtim),
		.ctime_ns = ns_of(st->st_ctim),
	};
}

static int open_state(struct git_session *s,
		      const struct workspace_snapshot *snapshot,
		      struct err *err)
{
	s->root_fd = fd_open_dir(snapshot->original, err);
	if (s->root_fd < 0)
		return -1;
	s->state_fd = fd_open_dir(snapshot->path, err);
	return s->state_fd < 0 ? -1 : 0;
}

static int make_overlay(struct git_session *s, bool is_new, struct err *err)
{
	const struct overlay_config config = {
		.sink = is_new ? write_record : NULL,
		.ctx = s,
	};
	struct file_identity identity;
	struct overlay_attr root;
	struct stat st;

	if (fstat(s->root_fd, &st) < 0)
		return err_sys(err, errno, "look at the workspace");
	identity = (struct file_identity){ .dev = st.st_dev, .ino = st.st_ino };
	root = attr_of(&st);
	s->overlay = overlay_new(&config, &root, &identity);
	return 0;
}

static int make_state(struct git_session *s, struct err *err)
{
	if (mkdirat(s->state_fd, OVERLAY_OBJECTS_DIR, OBJECTS_MODE) < 0)
		return err_sys(err, errno, "create directory '%s'",
			       OVERLAY_OBJECTS_DIR);
	s->objects_fd = fd_open_no_symlinks(s->state_fd, OVERLAY_OBJECTS_DIR,
					    O_RDONLY | O_DIRECTORY, 0, err);
	if (s->objects_fd < 0)
		return -1;
	s->records_fd = fd_open_no_symlinks(
		s->state_fd, OVERLAY_RECORDS_FILE,
		O_WRONLY | O_APPEND | O_CREAT | O_EXCL, STATE_MODE, err);
	return s->records_fd < 0 ? -1 : 0;
}

int git_session_make(const struct workspace_snapshot *snapshot,
		     struct git_session *out, struct err *err)
{
	*out = GIT_SESSION_INIT;
	if (open_state(out, snapshot, err) < 0 || make_state(out, err) < 0 ||
	    make_overlay(out, /* is_new */ true, err) < 0) {
		git_session_close(out);
		return -1;
	}
	return 0;
}

static int replay(struct git_session *s, struct err *err)
{
	struct span records;
	struct stat st;
	void *p;
	int r;

	if (fstat(s->records_fd, &st) < 0)
		return err_sys(err, errno, "look at the records");
	if (!st.st_size)
		return 0;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		 s->records_fd, 0);
	if (p == MAP_FAILED)
		return err_sys(err, errno, "map records");
	records = (struct span){ .p = p, .len = (size_t)st.st_size };
	r = overlay_replay(s->overlay, &records);
	munmap(p, (size_t)st.st_size);
	if (r < 0)
		return err_set(err, ERR_INTEGRITY,
			       "the records of the session are damaged");
	return 0;
}

static int read_state(struct git_session *s, struct err *err)
{
	struct err cause = ERR_INIT;

	s->records_fd = git_open_file(s->state_fd, OVERLAY_RECORDS_FILE,
				      /* st */ NULL, &cause);
	if (s->records_fd < 0 && cause.kind == ERR_NOT_FOUND) {
		s->is_empty = true;
		return 0;
	}
	if (s->records_fd < 0) {
		*err = cause;
		return -1;
	}
	s->objects_fd = fd_open_no_symlinks(s->state_fd, OVERLAY_CONTENTS_DIR,
					    O_RDONLY | O_DIRECTORY, 0, err);
	return s->objects_fd < 0 ? -1 : replay(s, err);
}

int git_session_read(const struct workspace_snapshot *snapshot,
		     struct git_session *out, struct err *err)
{
	*out = GIT_SESSION_INIT;
	if (open_state(out, snapshot, err) < 0 ||
	    make_overlay(out, /* is_new */ false, err) < 0 ||
	    read_state(out, err) < 0) {
		git_session_close(out);
		return -1;
	}
	return 0;
}

int git_session_remove(struct git_session *s, const char *name,
		       const struct stat *st, struct err *err)
{
	struct overlay_node *root = overlay_root(s->overlay), *node;
	const struct file_identity identity = file_identity_of(st);
	const struct overlay_attr attr = attr_of(st);
	int r = overlay_remember(s->overlay, root, SPAN_STR(name), OVERLAY_FILE,
				 &attr, &identity, /* target */ NULL,
				 /* links */ 1, &node);

	if (!r)
		r = overlay_remove(s->overlay, root, SPAN_STR(name),
				   /* is_dir */ false);
	return r < 0 ? err_sys(err, -r, "hide '%s'", name) : 0;
}

struct overlay_node *git_session_find(struct git_session *s,
				      struct overlay_node *dir,
				      const char *name)
{
	struct overlay_node *node = NULL;

	if (dir->kind != OVERLAY_DIR ||
	    overlay_lookup(s->overlay, dir, SPAN_STR(name), &node) !=
		    OVERLAY_NAME_THERE)
		return NULL;
	return node;
}

int git_session_add_dir(struct git_session *s, struct overlay_node *parent,
			const char *name, mode_t mode,
			struct overlay_node **out, struct err *err)
{
	struct overlay_node *node = git_session_find(s, parent, name);
	struct overlay_attr attr = { .mode = mode & MODE_BITS,
				     .uid = GUEST_ID,
				     .gid = GUEST_ID };
	struct timespec now;
	int r;

	if (node && node->kind == OVERLAY_DIR) {
		*out = node;
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	attr.atime_ns = attr.mtime_ns = attr.ctime_ns = ns_of(now);
	r = overlay_create(s->overlay, parent, SPAN_STR(name), OVERLAY_DIR,
			   &attr, /* target */ NULL, out);
	return r < 0 ? err_sys(err, -r, "make '%s'", name) : 0;
}

/* The object of a new node. */
static int fill(struct git_session *s, const struct overlay_node *node, int fd,
		struct span text, const struct stat *st, struct err *err)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];
	auto_close int dst = -1;

	overlay_object_name(node->id, name);
	dst = fd_open_no_symlinks(s->objects_fd, name,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
				  STATE_MODE, err);
	if (dst < 0)
		return -1;
	if (fd >= 0 && fs_copy_fd(fd, dst, /* reflinked */ NULL, err) < 0)
		return -1;
	if (fd < 0 && fd_write_all(dst, text.p, text.len, err) < 0)
		return -1;
	if (st &&
	    futimens(dst, (struct timespec[]){ st->st_atim, st->st_mtim }) < 0)
		return err_sys(err, errno, "set times");
	return 0;
}

int git_session_add_file(struct git_session *s, struct overlay_node *parent,
			 const char *name, int fd, struct span text,
			 const struct stat *st, mode_t mode, struct err *err)
{
	struct overlay_attr attr =
		st ? attr_of(st)
		   : (struct overlay_attr){ .uid = GUEST_ID, .gid = GUEST_ID };
	struct overlay_node *node;
	int r;

	/* It is another file than the user's. */
	attr.ino = 0;
	attr.mode = mode & MODE_BITS;
	r = overlay_create(s->overlay, parent, SPAN_STR(name), OVERLAY_FILE,
			   &attr, /* target */ NULL, &node);
	if (r < 0)
		return err_sys(err, -r, "make '%s'", name);
	if (fill(s, node, fd, text, st, err) < 0)
		return err_wrap(err, "fill '%s'", name);
	return 0;
}

int git_session_read_file(struct git_session *s,
			  const struct overlay_node *node, struct buf *out,
			  struct err *err)
{
	char name[OVERLAY_OBJECT_NAME_SIZE];

	if (node->kind != OVERLAY_FILE || !node->own)
		return err_set(err, ERR_NOT_FOUND,
			       "it has no content of its own");
	overlay_object_name(node->id, name);
	return git_read_file(s->objects_fd, name, out, err);
}
