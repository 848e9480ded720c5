/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_options.h - what the user asks of a session: the flags of `bbox <agent>`
 * and `bbox run-image`.
 */
#ifndef BBOX_CMD_BBOX_RUN_OPTIONS_H
#define BBOX_CMD_BBOX_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "cmd/bbox/options.h"
#include "domain/vm/vm.h"
#include "domain/workspace/workspace.h"

struct run_options {
	uint32_t cpus;	  /* 0: the agent's default */
	uint32_t mem_mib; /* 0: the agent's default */
	char *workspace;  /* owned; NULL: the current directory */
	char *image;	  /* owned; NULL: the agent's image */
	char *exec;	  /* owned; NULL: the agent's command */
	char *log_file;	  /* owned; NULL: in the session's directory */
	struct strv exclude;
	struct strv env;	 /* patterns to forward, or NAME=value */
	struct strv allow_hosts; /* checked */
	enum vm_accel accel;
	enum workspace_view view;
	bool reflink_only; /* of a copy: share blocks or fail */
	bool direct;	   /* --workspace-mode direct */
	bool yes;	   /* ... which the user knows */
	bool review;
	bool timings;
	bool debug;
	bool no_firmware_download;
};

/* Unless --workspace-snapshot says otherwise. */
#define RUN_OPTIONS_VIEW WORKSPACE_VIEW_LAZY

#define RUN_OPTIONS_INIT ((struct run_options){ .view = RUN_OPTIONS_VIEW })

void run_options_release(struct run_options *o);

/* Of `bbox <agent>`; `bbox run-image` has them all but --image and --exec. */
extern const struct option run_options_agent[];
extern const struct option run_options_image[];

#endif /* BBOX_CMD_BBOX_RUN_OPTIONS_H */
