/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halt.h - the end of the guest.
 */
#ifndef BBOX_GUEST_HALT_H
#define BBOX_GUEST_HALT_H

#include "base/err.h"

/*
 * Ends every process but PID 1: SIGTERM, at most two seconds, SIGKILL.
 * @signal_fd must report SIGCHLD.
 */
void halt_end_processes(int signal_fd);

/**
 * halt_sync_workspace() - bring everything written to the host
 *
 * Call it when no process is left. On success nothing of the workspace is in
 * the guest's memory only.
 */
must_check int halt_sync_workspace(struct err *err);

/* Switches the machine off; does not return. */
_Noreturn void halt_power_off(void);

#endif /* BBOX_GUEST_HALT_H */
