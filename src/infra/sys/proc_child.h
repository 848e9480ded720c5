/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_child.h - the child's half of proc_spawn(): private to infra/sys.
 *
 * Everything here runs between fork and exec and only makes system calls;
 * whatever needs formatting or memory is prepared by the parent.
 */
#ifndef BBOX_INFRA_SYS_PROC_CHILD_H
#define BBOX_INFRA_SYS_PROC_CHILD_H

#include "infra/sys/proc.h"

#define PROC_KEEP_FDS_MAX 64
#define PROC_ID_MAP_SIZE  64 /* "4294967295 4294967295 1" and the NUL */

enum proc_step {
	PROC_STEP_SESSION,
	PROC_STEP_SIGNALS,
	PROC_STEP_DESCRIPTORS,
	PROC_STEP_NAMESPACE,
	PROC_STEP_ID_MAPS,
	PROC_STEP_CAPABILITIES,
	PROC_STEP_NO_NEW_PRIVS,
	PROC_STEP_CAGE,
	PROC_STEP_DIRECTORY,
	PROC_STEP_PARENT,
	PROC_STEP_MASK,
	PROC_STEP_SECCOMP,
	PROC_STEP_EXEC,

	PROC_STEP_COUNT
};

/* What the child writes to the report pipe when it cannot go on. */
struct proc_failure {
	enum proc_step step;
	int sys; /* errno value */
};

struct proc_plan {
	const struct proc_spec *spec; /* borrowed */
	pid_t parent;
	int report_fd;
	char uid_map[PROC_ID_MAP_SIZE], gid_map[PROC_ID_MAP_SIZE];
};

/* Ends in the new program, or reports why not and exits. */
_Noreturn void proc_child_run(const struct proc_plan *plan);

/* Landlock; 0, or -1 with errno. Success where the kernel has none. */
must_check int proc_cage_enter(const struct proc_cage_rule *rules);

#endif /* BBOX_INFRA_SYS_PROC_CHILD_H */
