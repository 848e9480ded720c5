/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.h - load the drivers that came in the initramfs, while PID 1 does
 * something else.
 */
#ifndef BBOX_GUEST_MODULES_H
#define BBOX_GUEST_MODULES_H

#include <sys/types.h>

#include "base/err.h"

/* A child of ours that loads modules. */
struct modules {
	pid_t loader;	 /* 0 when there is none */
	int progress_fd; /* readable after each module and at the end */
	char reason[ERR_MSG_MAX]; /* why it failed, as far as read */
};

#define MODULES_INIT ((struct modules){ .progress_fd = -1 })

/**
 * modules_start() - load every file of @dir in the order of the names
 *
 * Each is removed when it is loaded, which frees its memory. A missing
 * directory is fine: the kernel has it all.
 */
must_check int modules_start(struct modules *m, const char *dir,
			     struct err *err);

/* Reads what the loader says; -1 when it has failed. Does not block. */
must_check int modules_progress(struct modules *m, struct err *err);

/* Waits until all modules are loaded. */
must_check int modules_finish(struct modules *m, struct err *err);

/* A uevents_check: 1 when the file system type @name (text) is known. */
must_check int modules_have_filesystem(void *name, struct err *err);

#endif /* BBOX_GUEST_MODULES_H */
