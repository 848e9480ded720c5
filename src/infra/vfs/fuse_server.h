/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_server.h - speak FUSE with a guest's kernel on behalf of a file system.
 */
#ifndef BBOX_INFRA_VFS_FUSE_SERVER_H
#define BBOX_INFRA_VFS_FUSE_SERVER_H

#include "domain/log/log.h"
#include "infra/vfs/fs_ops.h"
#include "infra/vfs/vhost_user.h"

struct fuse_server;

struct fuse_server_config {
	/* Others change the files, too, and the nodes stay the same. */
	bool shared;
	struct log *log; /* borrowed */
};

/* @fs is borrowed, and called by fuse_server_handle() only. */
must_check struct fuse_server *
fuse_server_new(struct fs *fs, const struct fuse_server_config *config);
void fuse_server_free(struct fuse_server *s);

/**
 * fuse_server_handle() - answer one request; a vhost_handle_fn
 * @server:	a struct fuse_server
 * @request:	of any queue; @in and @out may be the same memory
 *
 * Whatever the guest sends, @fs gets only what fs_ops.h promises, and nothing
 * is written past @request->out_len. A request whose answer would not fit is
 * refused before @fs is called.
 *
 * Return: bytes of the answer, 0 when there is none.
 */
size_t fuse_server_handle(void *server, const struct vhost_request *request);

#endif /* BBOX_INFRA_VFS_FUSE_SERVER_H */
