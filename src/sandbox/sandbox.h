/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - one session, from the image to the last flushed file.
 *
 * The orchestrator knows the order of the steps and what follows when one
 * fails. Everything it does to the world goes through the ports it is given.
 */
#ifndef BBOX_SANDBOX_SANDBOX_H
#define BBOX_SANDBOX_SANDBOX_H

#include <stdbool.h>

#include "domain/git/git_view.h"
#include "domain/image/image.h"
#include "domain/kernel/kernel.h"
#include "domain/log/log.h"
#include "domain/progress/progress.h"
#include "domain/session/session.h"
#include "domain/vm/vm.h"
#include "domain/workspace/workspace.h"

/* Everything a session needs from outside. All borrowed, none NULL but @git:
 * nobody cares for git then. */
struct sandbox_deps {
	struct image_store *images;
	struct kernel_source *kernels;
	struct initramfs_builder *initramfs;
	struct vm_runner *runner;
	struct session_runner *sessions;
	struct workspace_cloner *cloner;
	struct workspace_differ *differ;
	struct workspace_reviewer *reviewer;
	struct workspace_flusher *flusher;
	struct git_view *git;
	struct progress *progress;
	struct log *log;
};

/* What is asked for. All pointers are borrowed for the call. */
struct sandbox_request {
	const char *vm_name;
	const char *data_dir; /* exists; console.log and vm.log go there */
	const char *image;
	const char *workspace; /* directory of the user */
	const char *command;   /* shell command line, see session_command() */
	const char *env;       /* see env_map_render() */
	const char *hostname;  /* of the guest */
	const char *name;      /* of the agent or image */
	int64_t started_s;     /* since the epoch */
	struct exclude *snapshot_exclude;
	struct exclude *diff_exclude;
	bool direct; /* the guest changes @workspace itself: no view of it, no
		      * diff, no review, and nothing is hidden */
	uint32_t cpus, mem_mib, tmp_mib;
	enum vm_accel accel;
	bool debug;
};

struct sandbox_result {
	bool ended; /* the command came to an end of its own */
	struct session_result session; /* meaningful when @ended */
	char *kept; /* owned; a view that holds unwritten changes, or NULL */
	bool recoverable; /* of @kept: 'bbox recover' knows it */
};

#define SANDBOX_RESULT_INIT ((struct sandbox_result){ .kept = NULL })

void sandbox_result_release(struct sandbox_result *r);

/**
 * sandbox_run() - run one session to its end
 * @out:	set in any case; release with sandbox_result_release()
 * @err:	what went wrong first: before the command, in the session
 *		(ERR_CANCELLED, ERR_PROTOCOL), or while bringing changes back
 *
 * Return: 0 when the command ended and every accepted change is in the
 * workspace. -1 otherwise; @out->ended tells whether the command's own exit
 * code exists all the same. In both cases the VM is gone, and changes were
 * brought back if there was a session at all.
 */
must_check int sandbox_run(const struct sandbox_deps *deps,
			   const struct sandbox_request *req,
			   struct sandbox_result *out, struct err *err);

#endif /* BBOX_SANDBOX_SANDBOX_H */
