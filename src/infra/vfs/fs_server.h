/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_server.h - the file server port, provided by bbox's own server: a caged
 * process for each share, see fs_helper.h.
 */
#ifndef BBOX_INFRA_VFS_FS_SERVER_H
#define BBOX_INFRA_VFS_FS_SERVER_H

#include "domain/log/log.h"
#include "domain/vm/vm.h"
#include "infra/sys/loop.h"

/* Everything is borrowed and must outlive the server. */
struct fs_server_config {
	/* Called as FS_HELPER_NAME; NULL means this very program. */
	const char *binary;
	/* Brings what the processes say to the log as they say it; NULL: when
	 * the share is stopped. */
	struct loop *loop;
	struct log *log;
};

/**
 * fs_server_new() - a file server for shares of all modes
 * @out:	free with fs_server_free()
 *
 * Errors of file_server_serve(): ERR_NOT_FOUND or ERR_SYSTEM for a directory,
 * ERR_TIMEOUT, ERR_PROTOCOL with the last words of a process that did not come
 * up. Where the state directory lies in the share, the guest does not see the
 * directory around it.
 */
void fs_server_new(const struct fs_server_config *config,
		   struct file_server **out);
/* Accepts NULL. All shares must have been stopped. */
void fs_server_free(struct file_server *server);

#endif /* BBOX_INFRA_VFS_FS_SERVER_H */
