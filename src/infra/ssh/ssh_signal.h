/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_signal.h - how a remote command's end becomes an exit code.
 */
#ifndef BBOX_INFRA_SSH_SSH_SIGNAL_H
#define BBOX_INFRA_SSH_SSH_SIGNAL_H

#include <stdint.h>

#include "domain/session/session.h"

/* A status that does not fit an exit code becomes 255, never 0. */
struct session_result ssh_exit_from_status(uint32_t status);
/* RFC 4254, 6.10: 128 + its number; 1 and no name for an unknown @name. */
struct session_result ssh_exit_from_signal(const char *name);

#endif /* BBOX_INFRA_SSH_SSH_SIGNAL_H */
