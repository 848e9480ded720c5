/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git_session.h - the state of a lazy view, to put files into it before there
 * is a guest, and to read what is in it when the guest is gone and the differ
 * has been there. It is what the file server keeps, see
 * domain/workspace/overlay_store.h.
 */
#ifndef BBOX_INFRA_GIT_GIT_SESSION_H
#define BBOX_INFRA_GIT_GIT_SESSION_H

#include <sys/stat.h>

#include "base/buf.h"
#include "domain/workspace/overlay.h"
#include "domain/workspace/workspace.h"

struct git_session {
	struct overlay *overlay; /* owned */
	int root_fd;		 /* the workspace */
	int state_fd, records_fd;
	int objects_fd; /* to write, or all contents, to read */
	bool is_empty;	/* no guest has ever changed anything */
};

#define GIT_SESSION_INIT                         \
	((struct git_session){ .root_fd = -1,    \
			       .state_fd = -1,   \
			       .objects_fd = -1, \
			       .records_fd = -1 })

void git_session_close(struct git_session *s);
#define auto_git_session cleanup_with(git_session_close)

/* A state that has nothing in it yet: ERR_EXISTS. */
must_check int git_session_make(const struct workspace_snapshot *snapshot,
				struct git_session *out, struct err *err);
/* ERR_INTEGRITY when the records are damaged. Changes nothing. */
must_check int git_session_read(const struct workspace_snapshot *snapshot,
				struct git_session *out, struct err *err);

/* The user's file of this name in the workspace exists no more. */
must_check int git_session_remove(struct git_session *s, const char *name,
				  const struct stat *st, struct err *err);
/* A directory, which may be there. */
must_check int git_session_add_dir(struct git_session *s,
				   struct overlay_node *parent,
				   const char *name, mode_t mode,
				   struct overlay_node **out, struct err *err);
/*
 * A file with the content of @fd, which is read from where it is to its end,
 * or with @text; the times are those of @st unless that is NULL.
 */
must_check int git_session_add_file(struct git_session *s,
				    struct overlay_node *parent,
				    const char *name, int fd, struct span text,
				    const struct stat *st, mode_t mode,
				    struct err *err);

/* What the view has there, or NULL. */
struct overlay_node *git_session_find(struct git_session *s,
				      struct overlay_node *dir,
				      const char *name);
/* Content of a file of the guest's making; ERR_NOT_FOUND for another. */
must_check int git_session_read_file(struct git_session *s,
				     const struct overlay_node *node,
				     struct buf *out, struct err *err);

#endif /* BBOX_INFRA_GIT_GIT_SESSION_H */
