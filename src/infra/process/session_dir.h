/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_dir.h - the directory of one session below $CFGDIR/vms: its log, its
 * VM data, and the lock that says that its bbox is alive.
 *
 * The sentinel is locked for as long as the session lives; the kernel drops
 * the lock with the process, so a directory whose sentinel can be locked has
 * no owner, whatever became of its pid.
 */
#ifndef BBOX_INFRA_PROCESS_SESSION_DIR_H
#define BBOX_INFRA_PROCESS_SESSION_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SESSION_ID_SIZE	  9 /* 8 hex digits and the NUL */
#define SESSION_SENTINEL  ".bbox-sentinel"
#define SESSION_DIRS_KEPT ((size_t)10) /* finished sessions with their logs */

struct session_dir {
	char *path;	/* owned; .../vms/<vm name>, mode 0700 */
	char *data_dir; /* owned; <path>/data */
	int lock_fd;
};

#define SESSION_DIR_INIT ((struct session_dir){ .lock_fd = -1 })

/* 4 random bytes as hex. */
must_check int session_id_make(char out[SESSION_ID_SIZE], struct err *err);

/* "sandbox-<agent>-<8 hex of the workspace path>-<id>"; the caller frees. */
must_check char *session_vm_name(const char *agent, const char *workspace,
				 const char *id);

/* Creates <parent>/<vm_name> and its data directory, and takes the lock. */
must_check int session_dir_create(const char *parent, const char *vm_name,
				  struct session_dir *out, struct err *err);

/* Gives up the lock; the data directory is removed unless @keep_data. */
void session_dir_release(struct session_dir *d, bool keep_data);

/**
 * session_dir_sweep() - clean up after sessions that are over
 * @parent:	$CFGDIR/vms; may be missing
 *
 * Data directories of dead sessions are removed, and so are whole session
 * directories beyond the newest SESSION_DIRS_KEPT. Directories without a
 * sentinel are not ours and stay. Failures are not reported: the next start
 * tries again.
 */
void session_dir_sweep(const char *parent);

#endif /* BBOX_INFRA_PROCESS_SESSION_DIR_H */
