/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool.h - a program that works for us: its output is a source of bytes, its
 * complaints become the error, and it is gone when we are done with it.
 */
#ifndef BBOX_INFRA_OCI_TOOL_H
#define BBOX_INFRA_OCI_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "infra/oci/source.h"
#include "infra/sys/loop.h"
#include "infra/sys/proc.h"

struct tool {
	struct source base; /* of its standard output; see tool_source() */
	struct loop *loop;  /* borrowed */
	const char *name;   /* borrowed; for messages */
	struct proc proc;
	int out_fd, err_fd;
	struct loop_source out_source, err_source, exit_source;
	bool out_ready, exited;
	struct buf line;       /* of standard error, still without its end */
	struct buf complaints; /* what the error will say */
	struct buf last_line;
	/* Called with each complete line of standard error; may be NULL. */
	void (*on_line)(struct tool *t, const char *line);
};

/**
 * tool_start() - start a program with both outputs connected to us
 * @t:		need not be initialised, except for @t->on_line; must not move
 *		until tool_stop(), which is due also after a failure
 * @argv:	argv[0] is absolute
 * @envp:	complete
 */
must_check int tool_start(struct tool *t, struct loop *loop, const char *name,
			  const char *const *argv, const char *const *envp,
			  const char *cwd, struct err *err);

/**
 * tool_finish() - wait until the tool ends well
 * @wake_ns:	monotonic, gives up with ERR_TIMEOUT then; 0 means never
 * @err:	ERR_SYSTEM with the tool's own words, ERR_CANCELLED
 */
must_check int tool_finish(struct tool *t, int64_t wake_ns, struct err *err);

/* Kills the tool if it still runs, after @grace_ms; releases everything. */
void tool_stop(struct tool *t, int grace_ms);

/* Finds a program; @remedy says how to get it (ERR_NOT_FOUND). */
must_check int tool_find(const char *name, const char *path_var,
			 const char *remedy, char **out, struct err *err);

/*
 * The part of an environment that tools get: paths, language, proxies and
 * their own configuration, but no tokens that happen to be there.
 */
void tool_environment(const char *const *envp, struct strv *out);

#endif /* BBOX_INFRA_OCI_TOOL_H */
